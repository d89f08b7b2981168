"""What in a watched folder is ready to be taken in: never a file that somebody still writes, nor half a file.

A sub-folder is one delivery, the loose files that are ready together are one. A file is settled when name, size and
time of change were the same at several looks over a quiet while and nobody has it open for writing. One that is
settled and yet half a file (its writer died) waits and is told of; it holds up its own delivery and nobody else's.
Decision 0163.
"""

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ingest.propose import natural

HALF = frozenset(
    {"file-empty", "file-truncated", "file-broken", "image-broken", "file-without-pages", "pdf-page-broken"}
)
"""Refusals of a reader that half a file gets: more of it may still come. Others are told by the delivery itself."""

DONE = ".done"
_COMING = (".part", ".tmp", ".temp", ".partial", ".crdownload", ".filepart", ".download", ".swp", "~")
"""Ends of names under which programs write what they rename when it is whole."""

Why = Literal["changing", "open", "half", "unmarked", "group"]


@dataclass(frozen=True, slots=True)
class WatchRules:
    """When a file is settled: `quiet` seconds without a change, `looks` equal looks in a row, `marker`: `.done` asked.

    With `marker` a sub-folder needs `NAME/.done` or `NAME.done` beside it, a loose file `FILE.done`.
    """

    quiet: float = 10.0
    looks: int = 3
    marker: bool = False


@dataclass(frozen=True, slots=True)
class Print:
    """What tells a file on disk from a later state of it, without reading it."""

    size: int
    changed: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> "Print | None":
        """Return the print of a plain file; None when it is gone, a link, or no file."""
        with suppress(OSError):
            found = path.stat(follow_symlinks=False)
            if stat.S_ISREG(found.st_mode):
                return cls(found.st_size, found.st_mtime_ns, found.st_ino)
        return None


@dataclass(frozen=True, slots=True)
class Ready:
    """A delivery: `name` of its sub-folder ("" for loose files), its files as (path, place in it, print), markers."""

    name: str
    files: tuple[tuple[Path, str, Print], ...]
    markers: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that is not taken yet. `seconds`: how long it has been as it is; `tell`: the reader's words of `half`."""

    path: Path
    why: Why
    seconds: float
    tell: str = ""


@dataclass(frozen=True, slots=True)
class Glance:
    """One look at the folder."""

    ready: tuple[Ready, ...]
    waiting: tuple[Waiting, ...]

    @property
    def busy(self) -> bool:
        """Whether another look may find more ready without anybody doing anything."""
        return bool(self.ready) or any(one.why in ("changing", "open") for one in self.waiting)


@dataclass(slots=True)
class _Seen:
    print: Print
    since: float
    looks: int = 1
    told: tuple[str, str] | None = None


class WatchedFolder:
    """Remembers what it saw. `read` says of a settled file why it is not to be taken ("": it is); `now` in seconds."""

    def __init__(
        self,
        folder: Path,
        rules: WatchRules,
        read: Callable[[Path], str],
        now: Callable[[], float],
        delivered: Callable[[str, Print], bool] = lambda relative, print_: False,
    ) -> None:
        self._folder = folder
        self._rules = rules
        self._read = read
        self._now = now
        self._delivered = delivered
        self._seen: dict[Path, _Seen] = {}

    def glance(self) -> Glance:
        """Look once. Raises OSError when the folder itself cannot be read."""
        here = sorted(os.scandir(self._folder), key=lambda e: natural(e.name))
        loose: list[Path] = []
        ready: list[Ready] = []
        waiting: list[Waiting] = []
        found: set[Path] = set()
        for entry in here:
            path = Path(entry.path)
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            if entry.is_dir():
                files = [p for p in sorted(_below(path), key=lambda p: natural(str(p))) if self._asks(p)]
                found.update(files)
                if files:
                    self._group(path, files, ready, waiting)
            elif self._asks(path):
                found.add(path)
                loose.append(path)
        self._loose(loose, ready, waiting)
        self._seen = {path: seen for path, seen in self._seen.items() if path in found}
        return Glance(tuple(ready), tuple(waiting))

    def _asks(self, path: Path) -> bool:
        """Return whether this is a file to be taken that was not taken as it is."""
        name = path.name.lower()
        if name.startswith(".") or name.endswith((*_COMING, DONE)) or name in ("thumbs.db", "desktop.ini"):
            return False
        print_ = Print.of(path)
        return print_ is not None and not self._delivered(str(path.relative_to(self._folder)), print_)

    def _group(self, folder: Path, files: list[Path], ready: list[Ready], waiting: list[Waiting]) -> None:
        states = [(path, self._state(path)) for path in files]
        late = [Waiting(path, why, seconds, tell) for path, (why, seconds, tell) in states if why]
        markers = tuple(p for p in (folder / DONE, folder.with_name(folder.name + DONE)) if p.is_file())
        if not late and self._rules.marker and not markers:
            late = [Waiting(folder, "unmarked", min(seconds for _, (_, seconds, _) in states))]
        # a file that came or went this moment changes the folder: it is looked at whole once more
        if late or set(files) != {p for p in _below(folder) if self._asks(p)}:
            waiting += late or [Waiting(folder, "changing", 0.0)]
            return
        taken = tuple((p, str(p.relative_to(folder)), self._seen[p].print) for p in files)
        ready.append(Ready(folder.name, taken, markers))

    def _loose(self, files: list[Path], ready: list[Ready], waiting: list[Waiting]) -> None:
        good, young, markers = [], False, []
        for path in files:
            why, seconds, tell = self._state(path)
            mark = path.with_name(path.name + DONE)
            if not why and self._rules.marker and not mark.is_file():
                why = "unmarked"
            if why:
                waiting.append(Waiting(path, why, seconds, tell))
                young = young or why in ("changing", "open")
                continue
            good.append(path)
            markers += [mark] if mark.is_file() else []
        if (
            good and young
        ):  # one stack may come as many files: those that are ready wait for those still coming
            waiting += [Waiting(path, "group", self._now() - self._seen[path].since) for path in good]
        elif good:
            ready.append(Ready("", tuple((p, p.name, self._seen[p].print) for p in good), tuple(markers)))

    def _state(self, path: Path) -> tuple[Why | None, float, str]:
        """Return why a file has to wait (None: it is settled and whole), since how many seconds it is so, and words."""
        now, print_ = self._now(), Print.of(path)
        seen = self._seen.get(path)
        if print_ is None:
            return "changing", 0.0, ""
        if seen is None or seen.print != print_:
            self._seen[path] = _Seen(print_, now)
            return "changing", 0.0, ""
        seen.looks += 1
        lain = now - seen.since
        if seen.looks < self._rules.looks or lain < self._rules.quiet:
            return "changing", lain, ""
        if is_written(path):
            return "open", lain, ""
        if seen.told is None:
            seen.told = ("read", self._read(path))
            if Print.of(path) != print_:  # it changed while it was read
                del self._seen[path]
                return "changing", 0.0, ""
        return ("half" if seen.told[1] else None), lain, seen.told[1]


def is_written(path: Path) -> bool:
    """Return whether some process has the file open for writing.

    The kernel gives a read lease only where nobody writes; where it knows no leases (network file systems, files of
    others) the open files of this machine's processes are asked, as far as they are ours to see. The process must
    ignore SIGIO: a writer that comes in the very moment breaks the lease.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return True  # gone, or not ours to read yet: the next look tells
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return _open_in_proc(path)
    finally:
        os.close(fd)
    return False


def _open_in_proc(path: Path) -> bool:
    wanted = Print.of(path)
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with suppress(OSError):
            for link in (process / "fd").iterdir():
                with suppress(OSError, ValueError, IndexError):
                    flags = (process / "fdinfo" / link.name).read_text().split("flags:")[1].split()[0]
                    found = link.stat()
                    same = (
                        wanted is not None
                        and found.st_ino == wanted.inode
                        and link.resolve() == path.resolve()
                    )
                    if same and int(flags, 8) & os.O_ACCMODE != os.O_RDONLY:
                        return True
    return False


def _below(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            yield Path(place) / name
