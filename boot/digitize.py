"""`vanthu digitize`: hand files in, wait for the walk to its end, and tell what became of every page.

The engine runs here when nobody else runs it on this data folder; else the work is handed over as rows and this
command only watches, ready to take the engine over if its holder goes away.
"""

import logging
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress as Bar

from boot.arranging import tell_waiting, waits
from boot.childroom import open_children
from boot.fetching import local_inputs, named
from boot.handing_in import count, hand_in
from boot.house import House, open_house
from boot.inputs import gather
from boot.report import compare_with_list, report
from boot.settings import Settings
from boot.speak import Exit, console, progress_bar, say
from boot.wiring import ingest_tools, running_engine
from ingest.arrange import ARRANGE
from ingest.documents import AGAIN
from ingest.handover import read_handover
from ingest.tools import IngestTools
from jobs.crew import WORKER
from jobs.lock import EngineLock
from ocr.read_back import probe
from ocr.recognise import engine_version
from records.access import LOCAL
from records.document import BatchState

_LOOK_SECONDS = 0.4
_WATCH_SECONDS = 1.5  # while other processes work: many may watch, and each look is five questions


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person asked for."""

    inputs: tuple[Path | str, ...]
    """Files and folders, ZIP files of scans, and addresses of buckets (`boot/fetching.py`)."""
    dossier: str
    manifest: Path | None
    out: Path | None
    again: bool
    as_json: bool
    arrange: bool = False


def digitize(settings: Settings, wish: Wish) -> Exit:
    """Run the command; returns its exit code (3 when some input was refused or waits for a person)."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    listed = read_handover(wish.manifest) if wish.manifest else None
    with ExitStack() as stack:
        house = stack.enter_context(open_house(settings))
        lock = None if settings.shared_engine else stack.enter_context(EngineLock(settings.run_dir))
        children = stack.enter_context(
            open_children(settings, reads=tuple(one for one in wish.inputs if isinstance(one, Path)))
        )
        inputs, aside = gather(stack.enter_context(local_inputs(settings, children, wish.inputs)))
        for path in aside:
            say(f"Bỏ qua {path.name}: không phải ảnh quét hay PDF.")
        if not inputs:
            say(
                "Không có tệp ảnh hay PDF nào để số hóa. Hãy chỉ ra tệp JPEG, PNG, TIFF, PDF hoặc thư mục chứa chúng."
            )
            return Exit.REFUSED
        tools = ingest_tools(house, children)
        engine_version(tools.ocr)  # a missing model or tool is told now, not after an hour of work
        probe()
        bar = stack.enter_context(progress_bar(quiet=not console.is_terminal))
        counted = count(inputs, settings.max_file_bytes, bar)
        title = named(wish.inputs[0]) or str(wish.inputs[0])
        options = {name: "1" for name, asked in ((AGAIN, wish.again), (ARRANGE, wish.arrange)) if asked}
        batch = hand_in(house, tools, counted, title, wish.dossier, options, bar, wish.manifest)
        if not _at_rest(house, batch.id):
            _wait(house, tools, lock, stack, batch.id, bar)
        bar.stop()
        if waits(house, batch.id):
            return tell_waiting(house, batch.id)
        told = report(house, batch.id, counted.left, wish.out, as_json=wish.as_json)
        if listed is None:
            return told
        return max(told, compare_with_list(house, batch.id, listed, as_json=wish.as_json))


def _wait(
    house: House, tools: IngestTools, lock: EngineLock | None, stack: ExitStack, batch_id: str, bar: Bar
) -> None:
    """Watch the batch to its end; on the embedded profile become the engine as soon as nobody else is."""
    task = bar.add_task("Số hóa trang", total=None, rate="")
    began, first = time.monotonic(), None
    running = False
    told_other = False
    while True:
        if lock is not None and not running and lock.take({"kind": "digitize", "batch": batch_id}):
            stack.enter_context(running_engine(house, tools))
            running = True
        elif not running and not told_other:
            say(_who_works(house, lock))
            told_other = True
        with house.work.reading() as tx:
            now = tx.batches.progress(LOCAL, batch_id)
        read = now.pages_read + now.pages_failed
        first = read if first is None else first
        rate = (read - first) / max(time.monotonic() - began, 0.001)
        bar.update(
            task,
            total=max(now.pages - now.separators - now.pages_aside, 1) if now.pages else None,
            completed=read,
            rate=f"{rate:.2f} trang/s",
        )
        if now.state is BatchState.ARRANGING or (
            now.state is BatchState.FINISHED and not now.documents_waiting
        ):
            return
        time.sleep(_LOOK_SECONDS if running else _WATCH_SECONDS)


def _at_rest(house: House, batch_id: str) -> bool:
    """Return whether the walk is over, also of what an officer has released since."""
    with house.work.reading() as tx:
        now = tx.batches.progress(LOCAL, batch_id)
    return now.state is BatchState.FINISHED and not now.documents_waiting


def _who_works(house: House, lock: EngineLock | None) -> str:
    """Return the sentence that tells who does the work while this command watches."""
    if lock is not None:
        holder = lock.holder()
        kind, pid = holder.get("kind", "?"), holder.get("pid", "?")
        return f"Đã giao lô cho tiến trình đang chạy ({kind}, pid {pid}); đang chờ…"
    with house.work.reading() as tx:
        alive = [lease for lease in tx.leases.all(WORKER) if lease.left > 0]
    if alive:
        return f"Đã giao lô cho {len(alive)} tiến trình xử lý; đang chờ…"
    return (
        "Đã giao lô, nhưng chưa có tiến trình xử lý nào đang chạy. Hãy chạy `vanthu worker` trên máy xử lý; "
        "lệnh này sẽ chờ (Ctrl+C để thôi chờ, lô vẫn được giữ)."
    )
