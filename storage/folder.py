"""Keep bytes in a folder, written once: a name is given only to bytes that were read back from the disk."""

import errno
import fcntl
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from records.errors import Away
from storage.blobs import (
    CHUNK,
    BlobCorrupt,
    BlobKeyRefused,
    BlobMissing,
    Conflict,
    Stored,
    Unavailable,
    check_key,
)

INCOMING = ".incoming"
"""Where bytes wait until they have a name; no key starts with a dot, so nothing collides."""

AWAY_TELL = (
    "Kho lưu trữ đang không ghi được (đầy đĩa, mất kết nối hoặc chỉ đọc). Chưa có gì bị mất; hãy thử lại sau."
)


class FolderStore:
    """A blob store in `root` (made when absent). Several processes may share it.

    Needs a file system with hard links: `link` is the one call that names a file and never overwrites.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._incoming = root / INCOMING
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
            self._sweep()
        except OSError as fault:
            raise Away(f"{root}: {fault}", tell=AWAY_TELL, code="store-away") from fault

    def put_once(self, key: str, source: Path, sha256: str | None = None) -> Stored | Conflict | Unavailable:
        """See `BlobStore.put_once`."""
        target = self._path(key)
        with source.open("rb") as coming:
            try:
                if self._is_object(target):
                    return self._again(key, target, _measured(coming.fileno()), sha256)
                return self._first(key, target, coming.fileno(), sha256)
            except OSError as fault:
                return Unavailable(f"{key}: {os.strerror(fault.errno or 0)}")

    def read(self, key: str, sha256: str) -> bytes:
        """See `BlobStore.read`."""
        with self._opened(key) as fd:
            data = b"".join(_pieces(fd, CHUNK))
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
            raise Away(f"{target}: {fault}", code="target-away") from fault
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
            raise Away(f"{key}: {fault}", tell=AWAY_TELL, code="store-away") from fault
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

    def probe(self) -> str:
        """See `BlobStore.probe`; writes, links and removes a small file."""
        try:
            with self._temporary() as (fd, path):
                os.write(fd, b"probe")
                os.fsync(fd)
                other = path.with_suffix(".link")
                os.link(path, other)
                other.unlink()
        except OSError as fault:
            raise Away(f"{self.root}: {fault}", tell=AWAY_TELL, code="store-away") from fault
        return f"folder {self.root}"

    # --- writing

    def _first(
        self, key: str, target: Path, source: int, promised: str | None
    ) -> Stored | Conflict | Unavailable:
        with self._temporary() as (fd, path):
            size, sha256 = _copy(source, fd)
            if promised is not None and sha256 != promised:
                raise BlobCorrupt(key, promised, sha256)
            os.fchmod(fd, 0o444)
            os.fsync(fd)
            # the next read should ask the disk, not memory
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            if _measured(fd) != (size, sha256):
                return Unavailable(f"{key}: the disk gave back other bytes")
            self._make_folder(key, target.parent)
            try:
                os.link(path, target, follow_symlinks=False)
            except FileExistsError:  # somebody was faster
                return self._again(key, target, (size, sha256), promised)
            self._sync_up(target.parent)
        return Stored(key, sha256, size)

    def _again(
        self, key: str, target: Path, coming: tuple[int, str], promised: str | None
    ) -> Stored | Conflict:
        size, sha256 = coming
        if promised is not None and sha256 != promised:
            raise BlobCorrupt(key, promised, sha256)
        with _reading(target) as fd:
            _, found = _measured(fd)
            os.fsync(fd)
        if found != sha256:
            return Conflict(found)
        self._sync_up(target.parent)  # whoever named it first may have died before this
        return Stored(key, sha256, size)

    def _make_folder(self, key: str, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as fault:
            raise BlobKeyRefused(f"{key}: runs through another object") from fault

    def _sync_up(self, folder: Path) -> None:
        """Make the names on the way to an object durable, also those another process made."""
        while True:
            _sync(folder)
            if folder == self.root:
                return
            folder = folder.parent

    @contextmanager
    def _temporary(self) -> Iterator[tuple[int, Path]]:
        """Open a fresh locked file beside the objects; it is gone afterwards, named or not.

        The lock tells the sweep of another process that somebody is alive behind the file.
        """
        while True:
            path = self._incoming / secrets.token_hex(16)
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                if os.fstat(fd).st_nlink == 0:  # swept between open and lock
                    continue
                yield fd, path
                return
            finally:
                with suppress(FileNotFoundError):
                    path.unlink()
                os.close(fd)

    def _sweep(self) -> None:
        """Remove what killed processes left behind; what cannot be removed harms nobody."""
        for path in self._incoming.iterdir():
            with suppress(OSError), _reading(path) as fd:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()

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

    @contextmanager
    def _opened(self, key: str) -> Iterator[int]:
        try:
            with _reading(self._path(key)) as fd:
                if not stat.S_ISREG(os.fstat(fd).st_mode):
                    raise BlobMissing(key)
                yield fd
        except (FileNotFoundError, NotADirectoryError) as fault:
            raise BlobMissing(key) from fault
        except OSError as fault:
            raise Away(f"{key}: {fault}", tell=AWAY_TELL, code="store-away") from fault

    def _stream(self, key: str, sha256: str, chunk: int) -> Iterator[bytes]:
        digest, held = hashlib.sha256(), b""
        with self._opened(key) as fd:
            for piece in _pieces(fd, chunk):
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
            _, found = _measured(fd)
            if found != sha256:
                raise BlobCorrupt(key, sha256, found)
            while start < stop and (piece := os.pread(fd, min(chunk, stop - start), start)):
                start += len(piece)
                yield piece


@contextmanager
def _reading(path: Path) -> Iterator[int]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as fault:
        if fault.errno == errno.ELOOP:  # a symbolic link is not an object of ours
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path)) from fault
        raise
    try:
        yield fd
    finally:
        os.close(fd)


def _unreadable(fault: OSError) -> None:
    """A folder that is not there holds no keys; one that cannot be listed must not look empty."""
    if not isinstance(fault, FileNotFoundError | NotADirectoryError):
        raise Away(f"{fault.filename}: {fault.strerror}", tell=AWAY_TELL, code="store-away") from fault


def _pieces(fd: int, chunk: int) -> Iterator[bytes]:
    while piece := os.read(fd, chunk):
        yield piece


def _copy(source: int, target: int) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    for piece in _pieces(source, CHUNK):
        digest.update(piece)
        size += len(piece)
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(target, rest) :]
    return size, digest.hexdigest()


def _measured(fd: int) -> tuple[int, str]:
    os.lseek(fd, 0, os.SEEK_SET)
    digest, size = hashlib.sha256(), 0
    for piece in _pieces(fd, CHUNK):
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
