"""`vanthu watch FOLDER`, and the same as a thread of a worker: what settles in a folder is handed in by itself.

One watcher a folder. A delivery is written down before it is begun; a file leaves the folder, or is remembered as
taken, only when it has its row. Decision 0163.
"""

import logging
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from boot.childroom import open_children
from boot.handing_in import Counted, Left, count, hand_in
from boot.house import House, open_house
from boot.inputs import Input
from boot.logs import set_up_logs
from boot.settings import Settings
from boot.speak import Exit, emit, progress_bar, say
from boot.wiring import ingest_tools
from ingest.inspect import look
from ingest.tools import IngestTools
from ingest.watch_ledger import Delivery, WatchLedger
from ingest.watched import HALF, Glance, Print, Ready, Waiting, WatchedFolder, WatchRules
from records.access import SYSTEM
from records.errors import ArchiveFault, Away, Conflict
from records.outcome import Later, Refused
from storage.crashpoint import crashpoint

_log = logging.getLogger("vanthu.watch")

GIVEN = ".da-giao"
"""Where delivered files go, inside the watched folder: hidden, so never looked at."""
_LEASE_SECONDS = 300.0
"""How long another machine has to wait for one that died over this folder; on one machine the kernel's lock tells."""
_TOLD_AGAIN = 600.0
"""Seconds after which a file that waits is told of again."""

_WHY = {
    "half": "{tell}",
    "open": "đang có chương trình mở để ghi, hoặc chưa được phép đọc; chờ ghi xong.",
    "unmarked": "chưa có tệp đánh dấu .done; chờ người giao đánh dấu.",
}


@dataclass(frozen=True, slots=True)
class WatchWish:
    """What to watch. `every`: seconds between looks; `once`: end when nothing more settles by itself."""

    folder: Path
    rules: WatchRules = field(default_factory=WatchRules)
    after: Literal["move", "keep"] = "move"
    dossier: str = ""
    every: float = 2.0
    once: bool = False
    as_json: bool = False


class Watcher:
    """Watches one folder for one house."""

    def __init__(self, house: House, tools: IngestTools, wish: WatchWish) -> None:
        self._house = house
        self._tools = tools
        self._wish = wish
        self._folder = wish.folder.resolve()
        self._holder = socket.gethostname()
        self._lease = f"watch:{self._folder}"[:200]
        self._told: dict[tuple[Path, str], float] = {}

    def run(self, stop: threading.Event) -> Exit:
        """Watch until told to stop; what is away is waited for. Raises `Conflict` (`watch-busy`)."""
        ledger = WatchLedger.of(self._house.settings.data_dir, self._folder)
        with ledger.locked() as mine:
            if not mine:
                raise self._busy()
            return self._run(ledger, stop)

    def _run(self, ledger: WatchLedger, stop: threading.Event) -> Exit:
        self._hold()
        watched = WatchedFolder(self._folder, self._wish.rules, self._half, time.monotonic, ledger.knows)
        try:
            while True:
                glance = None
                try:
                    self._hold()
                    glance = self._step(ledger, watched)
                except (Away, OSError) as fault:
                    _log.warning("watching %s: %s", self._folder, fault)
                    say(
                        f"! Chưa nhận được từ thư mục {self._folder}: {fault}. Tệp vẫn ở nguyên chỗ; sẽ thử lại."
                    )
                if self._wish.once and glance is not None and not glance.busy:
                    return Exit.REFUSED if glance.waiting else Exit.WELL
                if stop.wait(self._wish.every):
                    return Exit.WELL
        finally:
            with self._house.work.begin() as tx:
                tx.leases.give_back(self._lease, self._holder)

    def _hold(self) -> None:
        with self._house.work.begin() as tx:
            if not tx.leases.take(self._lease, self._holder, _LEASE_SECONDS):
                raise self._busy()

    def _busy(self) -> Conflict:
        return Conflict(
            f"{self._folder} is watched by somebody else",
            code="watch-busy",
            tell=f"Thư mục {self._folder} đang được tiến trình khác (hoặc máy khác) theo dõi. Hãy dừng tiến trình kia "
            f"trước; nếu máy kia đã hỏng thì đợi {_LEASE_SECONDS / 60:.0f} phút rồi chạy lại.",
        )

    def _step(self, ledger: WatchLedger, watched: WatchedFolder) -> Glance:
        if ledger.begun is not None:  # a watcher died over this one
            self._deliver(ledger, ledger.begun)
        glance = watched.glance()
        self._report(glance.waiting)
        for ready in glance.ready:
            begun = self._begin(ready)
            if begun is not None:
                ledger.begun = begun
                ledger.write()
                crashpoint("watch-begun")
                self._deliver(ledger, begun)
        return glance

    def _begin(self, ready: Ready) -> Delivery | None:
        """Count the files; None when one of them is not any more what was seen (the next look tells)."""
        inputs = [Input(path, place) for path, place, _ in ready.files]
        with progress_bar(quiet=True) as bar:
            counted = count(inputs, self._house.settings.max_file_bytes, bar)
        hashes = {item.relative: sha256 for item, sha256 in counted.files}
        for one in counted.left:
            say(f"✗ {one.tell}")
        same = [(p, r, seen) for p, r, seen in ready.files if Print.of(p) == seen]
        if counted.left or len(same) != len(ready.files):
            return None
        files = tuple((str(p), r, hashes[r], seen) for p, r, seen in ready.files)
        return Delivery(ready.name or self._folder.name, files, tuple(map(str, ready.markers)))

    def _deliver(self, ledger: WatchLedger, delivery: Delivery) -> None:
        counted = Counted([(Input(Path(p), r), sha256) for p, r, sha256, _ in delivery.files], [])
        with progress_bar(quiet=True) as bar:
            batch = hand_in(
                self._house, self._tools, counted, delivery.title, self._wish.dossier, again=False, bar=bar
            )
        crashpoint("watch-handed-in")
        with self._house.work.reading() as tx:
            rows = {file.relative_path: file.sha256 for file in tx.batches.files(SYSTEM, batch.id)}
        received = [each for each in delivery.files if rows.get(each[1]) == each[2]]
        for path, _, _, seen in received:
            self._leave(ledger, Path(path), seen, batch.id)
            crashpoint("watch-one-left")
        for marker in map(Path, delivery.markers):
            self._leave(ledger, marker, None, batch.id)
        ledger.begun = None
        ledger.write()
        self._tell(batch.id, delivery, len(received), counted.left)

    def _leave(self, ledger: WatchLedger, path: Path, seen: Print | None, batch_id: str) -> None:
        """Take a received file out of the folder, or remember it; one that changed since stays for the next look."""
        there = Print.of(path)
        if there is None or (seen is not None and there != seen):
            return
        place = path.relative_to(self._folder)
        if self._wish.after == "move":
            target = _free(self._folder / GIVEN / batch_id / place)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, target)
        else:
            ledger.kept[str(place)] = there

    def _half(self, path: Path) -> str:
        most = self._house.settings.max_file_bytes
        if path.stat().st_size > most:
            return f"tệp lớn hơn giới hạn {most // 1024**2} MB nên chưa nhận. Hãy tách tệp."
        looked = look(self._tools, path, path.name)
        if isinstance(looked, Later):
            raise Away(looked.reason)
        if isinstance(looked, Refused) and looked.code in HALF:
            return (
                f"tệp chưa đủ nội dung và không còn ai ghi tiếp nên chưa nhận ({looked.tell}) Hãy quét hoặc chép lại; "
                "nếu đây là bản duy nhất thì giao bằng `vanthu digitize` để giữ nguyên trạng."
            )
        return ""

    def _report(self, waiting: tuple[Waiting, ...]) -> None:
        """Say once, and again from time to time, what waits for somebody to do something."""
        now = time.monotonic()
        keys = {(one.path, one.why) for one in waiting}
        self._told = {key: at for key, at in self._told.items() if key in keys}
        for one in waiting:
            key = (one.path, one.why)
            if one.why not in _WHY or now - self._told.get(key, -_TOLD_AGAIN) < _TOLD_AGAIN:
                continue
            self._told[key] = now
            tell = f"{one.path.relative_to(self._folder)}: {_WHY[one.why].format(tell=one.tell)}"
            say(f"! {tell}")
            _log.warning("%s waits: %s", one.path, one.why)
            if self._wish.as_json:
                emit({"source": str(one.path), "state": "waiting", "why": one.why, "tell": tell})

    def _tell(self, batch_id: str, delivery: Delivery, received: int, left: list[Left]) -> None:
        say(f"Đã nhận lô {batch_id} ({delivery.title}): {received}/{len(delivery.files)} tệp.")
        _log.info("batch %s of %s: %d of %d files", batch_id, self._folder, received, len(delivery.files))
        if self._wish.as_json:
            emit(
                {
                    "batch_id": batch_id,
                    "title": delivery.title,
                    "files": len(delivery.files),
                    "received": received,
                    "left": [one.source for one in left],
                }
            )


def watch(settings: Settings, wish: WatchWish) -> Exit:
    """Run the command until asked to stop (or, with `once`, until the folder is quiet); 3 when something waits then."""
    from boot.serving import EngineKeeper  # only here: a worker that watches too needs no door

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    signal.signal(signal.SIGIO, signal.SIG_IGN)  # see ingest.watched.is_written
    set_up_logs()
    with ExitStack() as stack:
        house = stack.enter_context(open_house(settings))
        children = stack.enter_context(open_children(settings))
        tools = ingest_tools(house, children)
        if not settings.shared_engine:
            keeper = EngineKeeper(house, tools)
            keeper.start()
            stack.callback(keeper.stop)
        say(f"Đang theo dõi {wish.folder} (Ctrl+C để dừng)")
        return Watcher(house, tools, wish).run(stop)


@contextmanager
def watching(house: House, tools: IngestTools) -> Iterator[None]:
    """Watch the folder of the settings, if there is one, in a thread for the length of the block."""
    settings = house.settings
    if settings.watch_folder is None:
        yield
        return
    rules = WatchRules(quiet=settings.watch_quiet, marker=settings.watch_marker)
    wish = WatchWish(settings.watch_folder, rules, settings.watch_after)
    stop = threading.Event()
    thread = threading.Thread(target=_watched, args=(house, tools, wish, stop), name="watcher")
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _watched(house: House, tools: IngestTools, wish: WatchWish, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            Watcher(house, tools, wish).run(stop)
        except (
            ArchiveFault
        ) as fault:  # another worker watches it, say: this one takes over when that one goes
            _log.info("not watching %s: %s", wish.folder, fault)
            stop.wait(_LEASE_SECONDS / 2)
        except Exception:  # noqa: BLE001  (told in the log; the worker's other work goes on)
            _log.exception("watching %s", wish.folder)
            stop.wait(_LEASE_SECONDS / 2)


def _free(target: Path) -> Path:
    """Return a path that is not taken."""
    number, free = 1, target
    while free.exists():
        number += 1
        free = target.with_name(f"{target.stem} ({number}){target.suffix}")
    return free
