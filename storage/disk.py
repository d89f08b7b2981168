"""The few calls on files that durable bytes rest on: a nameless beginning, a hash, a copy, names that last."""

import errno
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from storage.blobs import CHUNK, Measured

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What the system says when a disk, or somebody's share of it, has no room left."""


class Incoming:
    """A folder where bytes wait until they have a name; several processes may share it.

    Raises OSError when the folder cannot be made or read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._sweep()

    @contextmanager
    def temporary(self) -> Iterator[tuple[int, Path]]:
        """Open a fresh locked file; its name here is gone afterwards, whatever else it was named.

        The lock tells the sweep of another process that somebody is alive behind the file.
        """
        while True:
            path = self.folder / secrets.token_hex(16)
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
        for path in self.folder.iterdir():
            with suppress(OSError), reading(path) as fd:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()


@contextmanager
def reading(path: Path) -> Iterator[int]:
    """Open a file for reading; a symbolic link counts as absent (FileNotFoundError)."""
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


def pieces(fd: int, chunk: int = CHUNK) -> Iterator[bytes]:
    """Return the file from where it stands to its end, at most `chunk` bytes at a time."""
    while piece := os.read(fd, chunk):
        yield piece


def copy(source: int, target: int) -> Measured:
    """Copy to the end of `source`; return what was copied. Raises OSError (disk full …)."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces(source):
        digest.update(piece)
        size += len(piece)
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(target, rest) :]
    return Measured(digest.hexdigest(), size)


def measured(fd: int) -> Measured:
    """Return hash and size of the whole open file."""
    os.lseek(fd, 0, os.SEEK_SET)
    digest, size = hashlib.sha256(), 0
    for piece in pieces(fd):
        digest.update(piece)
        size += len(piece)
    return Measured(digest.hexdigest(), size)


def settle(fd: int) -> Measured:
    """Make an open file read-only and durable, then read it back from the disk and return what is there."""
    os.fchmod(fd, 0o444)
    os.fsync(fd)
    # the next read should ask the disk, not memory
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    return measured(fd)


def sync_up(folder: Path, root: Path) -> None:
    """Make the names on the way from `root` to an object in `folder` durable, also those another process made."""
    while True:
        _sync(folder)
        if folder == root:
            return
        folder = folder.parent


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
