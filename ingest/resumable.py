"""Files that come in pieces: what a sender may rely on when the line, his machine or this one breaks half-way.

Bytes count only up to an offset that was written down after they were forced to disk, so whoever asks where to go on is
never told too much. Nothing here is received yet: that is `ingest.receive`, once the last byte is there. The folder is
local to the machine of the door; a sender whom another machine answers begins this file anew. docs/decisions/0162.
"""

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.quarantine import pieces
from records.clock import Clock
from records.errors import Away, Conflict, Missing
from storage.crashpoint import crashpoint
from storage.disk import FULL

KEPT_DAYS = 7
"""An upload that nobody went on with for so long is thrown away; nothing of it was promised to anybody."""

_ANNOUNCED, _DATA, _OFFSET = "announced.json", "data", "offset"
_DIGITS = 20
_SWEEP_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Announced:
    """What a sender said he would send: `length` bytes, their SHA-256 in hexadecimal if he told it, "" else."""

    batch_id: str
    key: str
    name: str
    relative_path: str
    length: int
    sha256: str = ""

    @property
    def upload_id(self) -> str:
        """The name of this upload: the same file under the same key is the same upload."""
        return hashlib.sha256(f"{self.batch_id}\n{self.key}".encode()).hexdigest()[:32]


def row_key(upload_id: str) -> str:
    """Return the idempotency key of the file that a finished upload becomes: the rows remember it from then on."""
    return f"tus:{upload_id}"


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload under way: `offset` bytes of it are durable."""

    folder: Path
    told: Announced
    offset: int
    touched: datetime

    @property
    def expires(self) -> datetime:
        """When it is thrown away if nobody goes on with it."""
        return self.touched + timedelta(days=KEPT_DAYS)

    @property
    def whole(self) -> bool:
        """Whether every byte is here."""
        return self.offset == self.told.length

    def chunks(self) -> Iterator[bytes]:
        """Return the bytes piece by piece."""
        return pieces(self.folder / _DATA)


class Pen:
    """Writes behind the durable part of one upload while it holds its lock."""

    def __init__(self, data: int, offset_file: int, offset: int) -> None:
        self._data = data
        self._offset_file = offset_file
        self.offset = offset
        self._at = offset

    @property
    def written(self) -> int:
        """Bytes written since the last `keep`."""
        return self._at - self.offset

    def write(self, piece: bytes) -> None:
        """Append bytes; they count from the next `keep` on. Raises `Away` (`spool-full`, `spool-away`)."""
        rest = memoryview(piece)
        with _disk():
            while rest:
                done = os.pwrite(self._data, rest, self._at)
                self._at += done
                rest = rest[done:]

    def keep(self) -> int:
        """Force the bytes to disk, then the offset; return it. Raises as `write`."""
        with _disk():
            os.fsync(self._data)
            crashpoint("upload-before-offset")
            os.pwrite(self._offset_file, b"%020d" % self._at, 0)
            os.fsync(self._offset_file)
        crashpoint("upload-after-offset")
        self.offset = self._at
        return self.offset

    def drop(self) -> None:
        """Forget what was written since the last `keep`."""
        os.ftruncate(self._data, self.offset)
        self._at = self.offset


class UploadShelf:
    """The uploads of one data folder. Several processes may share it; one at a time writes to an upload."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._swept = 0.0

    def announce(self, told: Announced) -> Upload:
        """Return the upload under this key, begun now or long ago.

        What was begun under the key with another length or hash is thrown away: the file has changed since, and
        nothing of it was received. Raises `Away`, `Conflict` (`upload-busy`).
        """
        with suppress(Missing):
            known = self.get(told.batch_id, told.upload_id)
            if (known.told.length, known.told.sha256) == (told.length, told.sha256):
                return known
            self.forget(known)
        if time.monotonic() - self._swept > _SWEEP_SECONDS:
            self.sweep()
        batch = self._folder / told.batch_id
        coming = batch / f"{told.upload_id}.{os.urandom(8).hex()}"
        with _disk():
            coming.mkdir(parents=True)
            (coming / _DATA).touch()
            _written(coming / _OFFSET, b"0" * _DIGITS)
            _written(coming / _ANNOUNCED, json.dumps(asdict(told), ensure_ascii=False).encode())
            _sync(coming)
            try:
                coming.rename(batch / told.upload_id)
            except OSError:  # somebody else announced the same moment
                shutil.rmtree(coming, ignore_errors=True)
                return self.get(told.batch_id, told.upload_id)
            _sync(batch)
        return self.get(told.batch_id, told.upload_id)

    def get(self, batch_id: str, upload_id: str) -> Upload:
        """Return an upload. Raises `Missing`."""
        folder = self._folder / batch_id / upload_id
        try:
            told = Announced(**json.loads((folder / _ANNOUNCED).read_bytes()))
            offset = int((folder / _OFFSET).read_bytes())
            touched = (folder / _OFFSET).stat().st_mtime
        except (FileNotFoundError, NotADirectoryError) as fault:
            raise Missing(f"no upload {upload_id} of batch {batch_id}") from fault
        return Upload(folder, told, offset, datetime.fromtimestamp(touched, UTC))

    def of_batch(self, batch_id: str) -> list[Upload]:
        """Return the uploads of a batch that are not received yet, by path."""
        folder = self._folder / batch_id
        found = []
        for place in folder.iterdir() if folder.is_dir() else ():
            with suppress(Missing):  # received or thrown away this moment
                if "." not in place.name:
                    found.append(self.get(batch_id, place.name))
        return sorted(found, key=lambda upload: upload.told.relative_path)

    @contextmanager
    def writing(self, upload: Upload) -> Iterator[Pen]:
        """Hold the upload for writing, at its durable offset as it is now.

        Raises `Conflict` (`upload-busy`: another request writes to it, or one that was cut is not noticed yet),
        `Missing` (it was received or thrown away meanwhile).
        """
        with _opened(upload.folder / _DATA) as data, _opened(upload.folder / _OFFSET) as offset_file:
            try:
                fcntl.flock(data, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as fault:
                raise Conflict(
                    f"upload {upload.folder.name} is being written",
                    code="upload-busy",
                    tell="Một kết nối khác đang gửi tệp này. Hãy đợi vài giây rồi gửi tiếp từ chỗ đã nhận.",
                ) from fault
            if os.fstat(data).st_nlink == 0:
                raise Missing(f"upload {upload.folder.name} is gone")
            offset = int(os.pread(offset_file, _DIGITS, 0))
            os.ftruncate(data, offset)  # the tail of a writer that was killed
            yield Pen(data, offset_file, offset)

    def forget(self, upload: Upload) -> None:
        """Remove an upload, received or given up. Raises `Conflict` (`upload-busy`)."""
        with suppress(Missing), self.writing(upload):
            self._remove(upload.folder)

    def sweep(self) -> int:
        """Throw away what nobody went on with for `KEPT_DAYS`; return how many uploads that were."""
        gone = 0
        self._swept = time.monotonic()
        for batch in list(self._folder.iterdir()) if self._folder.is_dir() else ():
            for place in list(batch.iterdir()):
                if "." in place.name:  # a process was killed while it made or removed this one
                    if self._age(place) > timedelta(days=1):
                        shutil.rmtree(place, ignore_errors=True)
                    continue
                with suppress(Missing, Conflict):
                    upload = self.get(batch.name, place.name)
                    if self._clock.now() > upload.expires:
                        self.forget(upload)
                        gone += 1
            with suppress(OSError):
                batch.rmdir()
        return gone

    def _age(self, place: Path) -> timedelta:
        with suppress(FileNotFoundError):
            return self._clock.now() - datetime.fromtimestamp(place.stat().st_mtime, UTC)
        return timedelta()

    def _remove(self, folder: Path) -> None:
        going = folder.with_name(f"{folder.name}.{os.urandom(8).hex()}")
        with _disk():
            folder.rename(going)
        shutil.rmtree(going, ignore_errors=True)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError as fault:
        raise Missing(f"{path.parent.name}: no upload") from fault
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def _disk() -> Iterator[None]:
    """Say in the words of a door what it means when the disk takes no more."""
    try:
        yield
    except OSError as fault:
        raise Away(
            f"uploads folder: {fault}",
            code="spool-full" if fault.errno in FULL else "spool-away",
            tell="Ổ đĩa tạm của máy chủ đã đầy hoặc không ghi được nên chưa nhận tiếp. Phần đã nhận vẫn được giữ; "
            "hãy báo quản trị viên rồi gửi tiếp sau.",
        ) from fault


def _written(path: Path, data: bytes) -> None:
    with path.open("xb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
