"""Keep bytes in a folder, written once: a name is given only to bytes that were read back from the disk."""

import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from storage.blobs import (
    CHUNK,
    BlobCorrupt,
    BlobKeyRefused,
    BlobMissing,
    BlobUnreadable,
    Conflict,
    Measured,
    StoreAway,
    Stored,
    TargetAway,
    Unavailable,
    check_key,
)
from storage.crashpoint import crashpoint
from storage.disk import FULL, Incoming, copy, measured, pieces, reading, settle, sync_up
from storage.listing import Listed, walk_folder

INCOMING = ".incoming"
"""Where bytes wait until they have a name; no key starts with a dot, so nothing collides."""
DAMAGED = ".damaged"
"""Where `mend` keeps what it replaced: `.damaged/<key>/<sha256 of the damaged bytes>`."""


class FolderStore:
    """A blob store in `root` (made when absent). Several processes may share it.

    Needs a file system with hard links: `link` is the one call that names a file and never overwrites.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            self._incoming = Incoming(root / INCOMING)
        except OSError as fault:
            raise StoreAway(f"{root}: {fault}") from fault

    def put_once(self, key: str, source: Path, sha256: str | None = None) -> Stored | Conflict | Unavailable:
        """See `BlobStore.put_once`."""
        target = self._path(key)
        with source.open("rb") as coming:
            try:
                if self._is_object(target):
                    return self._again(key, target, measured(coming.fileno()), sha256)
                return self._first(key, target, coming.fileno(), sha256)
            except OSError as fault:
                return Unavailable(f"{key}: {os.strerror(fault.errno or 0)}", fault.errno in FULL)

    def read(self, key: str, sha256: str) -> bytes:
        """See `BlobStore.read`."""
        with self._opened(key) as fd:
            data = b"".join(pieces(fd))
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise BlobCorrupt(key, sha256, found)
        return data

    def copy_out(self, key: str, target: Path, sha256: str) -> None:
        """See `BlobStore.copy_out`."""
        self._must_exist(key)
        half = target.with_name(f".{secrets.token_hex(8)}.part")
        try:
            with half.open("wb") as out:
                for piece in self.stream(key, sha256):
                    out.write(piece)
            half.replace(target)
        except OSError as fault:
            raise TargetAway(f"{target}: {fault}") from fault
        finally:
            half.unlink(missing_ok=True)

    def stream(self, key: str, sha256: str, chunk: int = CHUNK) -> Iterator[bytes]:
        """See `BlobStore.stream`."""
        self._must_exist(key)
        return self._stream(key, sha256, chunk)

    def stream_range(
        self, key: str, sha256: str, start: int, stop: int, chunk: int = CHUNK
    ) -> Iterator[bytes]:
        """See `BlobStore.stream_range`."""
        self._must_exist(key)
        return self._stream_range(key, sha256, (start, stop), chunk)

    def size(self, key: str) -> int | None:
        """See `BlobStore.size`."""
        try:
            found = self._path(key).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as fault:
            raise StoreAway(f"{key}: {fault}") from fault
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def keys(self, prefix: str = "") -> Iterator[str]:
        """See `BlobStore.keys`."""
        inner, slash, _ = prefix.rpartition("/")
        top = self._path(inner) if slash else self.root
        for folder, inside, names in os.walk(top, onerror=_unreadable):
            inside[:] = sorted(name for name in inside if not name.startswith("."))
            for name in sorted(names):
                key = (Path(folder) / name).relative_to(self.root).as_posix()
                if key.startswith(prefix) and not name.startswith("."):
                    yield key

    def listing(self, after: str = "") -> Iterator[Listed]:
        """See `BlobStore.listing`; ages are on this machine's clock."""
        try:
            yield from walk_folder(self.root, after)
        except OSError as fault:
            raise StoreAway(f"{self.root}: {fault}") from fault

    def measure(self, key: str) -> Measured | None:
        """See `BlobStore.measure`; the disk is asked, not memory."""
        target = self._path(key)
        try:
            with reading(target) as fd:
                if not stat.S_ISREG(os.fstat(fd).st_mode):
                    return None
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                return measured(fd)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as fault:
            self._must_answer()
            raise BlobUnreadable(key, str(fault)) from fault

    def mend(self, key: str, source: Path, sha256: str) -> Stored | Unavailable:
        """See `BlobStore.mend`; damaged bytes go to `.damaged/` first."""
        target = self._path(key)
        with source.open("rb") as coming:
            try:
                with self._incoming.temporary() as (fd, path):
                    good = copy(coming.fileno(), fd)
                    if good.sha256 != sha256:
                        raise BlobCorrupt(key, sha256, good.sha256)
                    if settle(fd) != good:
                        return Unavailable(f"{key}: the disk gave back other bytes")
                    found = self._found(key, target)
                    if found != sha256:
                        self._make_folder(key, target.parent)
                        self._set_aside(key, target, found)
                        crashpoint("folder-before-replace")
                        path.replace(target)
                        crashpoint("folder-after-replace")
                    sync_up(target.parent, self.root)
            except OSError as fault:
                return Unavailable(f"{key}: {os.strerror(fault.errno or 0)}", fault.errno in FULL)
        return Stored(key, sha256, good.size)

    def erase(self, key: str) -> bool:
        """See `BlobStore.erase`; the name goes, and with the last name the bytes."""
        target, aside = self._path(key), self.root / DAMAGED / key
        try:
            found = self._is_object(target)
            if found:
                target.unlink()
                sync_up(target.parent, self.root)
            if aside.is_dir():
                found = True
                shutil.rmtree(aside)
                sync_up(aside.parent, self.root)
        except OSError as fault:
            raise StoreAway(f"{key}: {fault}") from fault
        return found

    def probe(self) -> str:
        """See `BlobStore.probe`; writes, links and removes a small file."""
        try:
            with self._incoming.temporary() as (fd, path):
                os.write(fd, b"probe")
                os.fsync(fd)
                other = path.with_suffix(".link")
                os.link(path, other)
                other.unlink()
        except OSError as fault:
            raise StoreAway(f"{self.root}: {fault}") from fault
        return f"folder {self.root}"

    # --- writing

    def _first(
        self, key: str, target: Path, source: int, promised: str | None
    ) -> Stored | Conflict | Unavailable:
        with self._incoming.temporary() as (fd, path):
            coming = copy(source, fd)
            if promised is not None and coming.sha256 != promised:
                raise BlobCorrupt(key, promised, coming.sha256)
            if settle(fd) != coming:
                return Unavailable(f"{key}: the disk gave back other bytes")
            self._make_folder(key, target.parent)
            crashpoint("folder-before-link")
            try:
                os.link(path, target, follow_symlinks=False)
            except FileExistsError:  # somebody was faster
                return self._again(key, target, coming, promised)
            crashpoint("folder-after-link")
            sync_up(target.parent, self.root)
        return Stored(key, coming.sha256, coming.size)

    def _again(self, key: str, target: Path, coming: Measured, promised: str | None) -> Stored | Conflict:
        if promised is not None and coming.sha256 != promised:
            raise BlobCorrupt(key, promised, coming.sha256)
        with reading(target) as fd:
            found = measured(fd)
            os.fsync(fd)
        if found != coming:
            return Conflict(found.sha256)
        sync_up(target.parent, self.root)  # whoever named it first may have died before this
        return Stored(key, coming.sha256, coming.size)

    def _make_folder(self, key: str, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as fault:
            raise BlobKeyRefused(f"{key}: runs through another object") from fault

    # --- mending

    def _found(self, key: str, target: Path) -> str:
        """Return a name for what rests at `target`: its hash, or what else is to be said of it; "" when nothing."""
        try:
            found = self.measure(key)
            if found is not None:
                return found.sha256
            return "not-a-file" if os.path.lexists(target) else ""
        except BlobUnreadable:
            return f"unreadable-{target.lstat().st_ino}"

    def _set_aside(self, key: str, target: Path, found: str) -> None:
        """Give what rests at `target` a second name, so that replacing it loses no evidence."""
        if not found:
            return
        aside = self.root / DAMAGED / key
        aside.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # the same damage is kept once
            os.link(target, aside / found, follow_symlinks=False)
        sync_up(aside, self.root)

    # --- reading

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    def _is_object(self, target: Path) -> bool:
        try:
            found = target.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        if not stat.S_ISREG(found.st_mode):
            raise BlobKeyRefused(f"{target.relative_to(self.root)}: is a folder of other objects")
        return True

    def _must_exist(self, key: str) -> None:
        if self.size(key) is None:
            raise BlobMissing(key)

    def _must_answer(self) -> None:
        try:
            os.scandir(self._incoming.folder).close()
        except OSError as fault:
            raise StoreAway(f"{self.root}: {fault}") from fault

    @contextmanager
    def _opened(self, key: str) -> Iterator[int]:
        try:
            with reading(self._path(key)) as fd:
                if not stat.S_ISREG(os.fstat(fd).st_mode):
                    raise BlobMissing(key)
                yield fd
        except (FileNotFoundError, NotADirectoryError) as fault:
            raise BlobMissing(key) from fault
        except OSError as fault:
            self._must_answer()
            raise BlobUnreadable(key, str(fault)) from fault

    def _stream(self, key: str, sha256: str, chunk: int) -> Iterator[bytes]:
        digest, held = hashlib.sha256(), b""
        with self._opened(key) as fd:
            for piece in pieces(fd, chunk):
                digest.update(piece)
                if held:
                    yield held
                held = piece
        if digest.hexdigest() != sha256:
            raise BlobCorrupt(key, sha256, digest.hexdigest())
        if held:
            yield held

    def _stream_range(self, key: str, sha256: str, wanted: tuple[int, int], chunk: int) -> Iterator[bytes]:
        start, stop = wanted
        with self._opened(key) as fd:
            found = measured(fd).sha256
            if found != sha256:
                raise BlobCorrupt(key, sha256, found)
            while start < stop and (piece := os.pread(fd, min(chunk, stop - start), start)):
                start += len(piece)
                yield piece


def _unreadable(fault: OSError) -> None:
    """A folder that is not there holds no keys; one that cannot be listed must not look empty."""
    if not isinstance(fault, FileNotFoundError | NotADirectoryError):
        raise StoreAway(f"{fault.filename}: {fault.strerror}") from fault
