"""`vanthu serve`: the web service; on the embedded profile also the engine, as soon as no other process holds it.

On a shared engine the workers (`vanthu worker`) do the walk, and this process only hands work over.
"""

import logging
import threading
from contextlib import ExitStack
from functools import partial

import uvicorn

from api.app import create_app
from api.listening import server_options
from api.tools import Iiif, Limits, Tools
from boot.childroom import open_children, report_in_child, verify_in_child
from boot.held import remove_held
from boot.house import House, open_house
from boot.logs import set_up_logs
from boot.papers import desk_tools, key_endings, key_facts, look_tools
from boot.procedures_desk import case_desk
from boot.settings import Settings
from boot.speak import Exit, say
from boot.telemetry import start_telemetry
from boot.version import VERSION
from boot.watching import watching
from boot.wiring import engine_address, ingest_tools, running_engine
from ingest.access_copy import access_copy
from ingest.receive import receipt_of, receive_stream
from ingest.receive_draft import take_draft
from ingest.receive_paper import receive_paper, take_paper
from ingest.rescan import deliver
from ingest.tools import IngestTools
from jobs.engine_view import EngineView
from jobs.lock import EngineLock
from signing.keys import load_keys

_log = logging.getLogger("vanthu.serve")
_LOCK_SECONDS = 1.0


class EngineKeeper:
    """A thread that takes the engine over when it is free and runs it until told to stop."""

    def __init__(self, house: House, tools: IngestTools) -> None:
        self._house = house
        self._tools = tools
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine-keeper")

    def start(self) -> None:
        """Begin waiting for the engine."""
        self._thread.start()

    def stop(self) -> None:
        """End the engine; what is half done goes on at the next start."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with EngineLock(self._house.settings.run_dir) as lock:
            while not lock.take({"kind": "serve", "port": self._house.settings.port}):
                if self._stop.wait(_LOCK_SECONDS):
                    return
            with running_engine(self._house, self._tools):
                self._stop.wait()


def serve(settings: Settings, host: str | None, port: int | None) -> Exit:
    """Serve until interrupted."""
    set_up_logs()
    host, port = host or settings.host, port or settings.port
    with ExitStack() as stack:
        stack.callback(start_telemetry("vanthu-serve", VERSION))
        house = stack.enter_context(open_house(settings))
        view = EngineView(engine_address(settings), house.work)
        stack.callback(view.close)
        children = stack.enter_context(open_children(settings))
        tools = ingest_tools(house, children)
        app = create_app(
            Tools(
                work=house.work,
                blobs=house.blobs,
                clock=house.clock,
                index=house.index,
                data_dir=settings.data_dir,
                receive=partial(receive_stream, tools),
                rescan=partial(deliver, tools),
                receipt=partial(receipt_of, tools),
                receive_paper=partial(receive_paper, tools),
                take_paper=partial(take_paper, tools),
                take_draft=partial(take_draft, tools),
                look=look_tools(house, children),
                desk=desk_tools(house, children),
                cases=case_desk(house, children),
                signing_keys=lambda: key_facts(settings.keys_dir),
                key_endings=lambda: key_endings(settings.keys_dir, house.clock),
                verify=lambda path, name: verify_in_child(children, settings.roots, path, name),
                report=lambda path, name, kind: report_in_child(children, settings.roots, path, name, kind),
                access_copy=partial(access_copy, tools),
                remove_held=partial(remove_held, settings, tools),
                limits=Limits(max_upload_bytes=settings.max_file_bytes),
                demo=not settings.tsa_url,
                version=VERSION,
                secure_cookies=settings.secure_cookies,
                organisation=settings.organisation,
                iiif=Iiif(settings.iiif_url, settings.iiif_origins),
                queues=view,
                probes={"keys": lambda: load_keys(settings.keys_dir).open_all()},
            )
        )
        if not settings.shared_engine:
            keeper = EngineKeeper(house, tools)
            keeper.start()
            stack.callback(keeper.stop)
            stack.enter_context(watching(house, tools))  # on the cluster profile a worker does
        say(f"Vanthu chạy tại http://{host}:{port} (Ctrl+C để dừng)")
        uvicorn.run(app, host=host, port=port, timeout_graceful_shutdown=10, **server_options())
    return Exit.WELL
