"""`vanthu worker`: one worker process of the engine, for the queues this machine can serve.

Asked to stop (SIGTERM) it takes nothing new, finishes the pages in its hands, gives its place back and goes; the rest
is taken up by others at once. What it cannot finish in time is repeated by them.
"""

import logging
import os
import signal
import socket
import threading
from contextlib import ExitStack

from boot.childroom import open_children
from boot.house import open_house
from boot.logs import set_up_logs
from boot.settings import Settings
from boot.speak import Exit, say
from boot.telemetry import start_telemetry
from boot.version import VERSION
from boot.watching import watching
from boot.wiring import ingest_tools, running_engine
from ingest.children import Kind
from jobs.lock import EngineLock
from jobs.walk import SERVICES
from ocr.read_back import probe
from ocr.recognise import engine_version
from records.errors import Conflict

_log = logging.getLogger("vanthu.worker")

DRAIN_SECONDS = 25.0
"""How long a stopping worker goes on with what it has in hand; service managers kill after 30 s or more."""
_LOST_LEASE = 75
"""Exit code (EX_TEMPFAIL) of a worker that lost its lease; a service manager starts it again."""
_CHILDREN: dict[str, tuple[Kind, ...]] = {
    "documents": ("parse", "read"),
    "pages": ("read",),
    "sign": ("sign",),
    "index": (),
}


def work(settings: Settings, services: tuple[str, ...]) -> Exit:
    """Serve `services` (all when empty) until asked to stop.

    Raises `Conflict` (`engine-busy`) on the embedded profile when another process is the engine already.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: _asked(stop))
    set_up_logs(worker=f"{socket.gethostname()}-{os.getpid()}")
    offered = services or tuple(SERVICES)
    kinds = {kind for service in offered for kind in _CHILDREN[service]}
    with ExitStack() as stack:
        stack.callback(start_telemetry("vanthu-worker", VERSION))
        house = stack.enter_context(open_house(settings))
        if not settings.shared_engine:
            lock = stack.enter_context(EngineLock(settings.run_dir))
            if not lock.take({"kind": "worker"}):
                raise Conflict(
                    "the engine runs elsewhere",
                    code="engine-busy",
                    tell="Một tiến trình khác (serve hoặc digitize) đang xử lý việc của thư mục dữ liệu này. Hồ sơ "
                    "SQLite chỉ cho một tiến trình xử lý; muốn chạy nhiều hãy dùng PostgreSQL.",
                )
        children = stack.enter_context(open_children(settings, *sorted(kinds)))
        tools = ingest_tools(house, children)
        if "read" in kinds:  # a missing model or tool is told now, not on somebody's page
            engine_version(tools.ocr)
            probe()
        give_up = _lost if settings.shared_engine else None
        engine = stack.enter_context(running_engine(house, tools, offered, give_up))
        if "parse" in kinds:
            stack.enter_context(watching(house, tools))
        say(f"Tiến trình xử lý đang chạy: {', '.join(offered)} (Ctrl+C để dừng)")
        stop.wait()
        say("Đang dừng: không nhận việc mới, làm nốt phần đang dở…")
        queues = [queue for service in offered for queue in SERVICES[service]]
        # batches and documents only wait for others; their turn goes on elsewhere at the step they stand at
        busy = [queue for queue in queues if queue not in ("batches", "documents")]
        if not engine.drain(busy, DRAIN_SECONDS):
            _log.warning("stopped with work in hand; others repeat it")
    return Exit.WELL


def _asked(stop: threading.Event) -> None:
    if stop.is_set():  # asked twice: at once
        os._exit(1)
    stop.set()


def _lost() -> None:
    """Others have this process's work: end now, children included (the kernel ends them with their parent)."""
    logging.shutdown()
    os._exit(_LOST_LEASE)
