"""Where bytes wait while they come in: hashed as they are written, forced to disk, gone again in every case."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ingest.names import clean_name
from records.clock import new_id
from records.errors import Away, Unfit
from storage.disk import FULL

_CHUNK = 1024 * 1024


@contextmanager
def quarantined(folder: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """Give a fresh quarantine file that is gone at the end; its lock tells `documents.sweep` that it is in use."""
    while True:
        held = folder / new_id("in-")
        with held.open("xb") as out:
            fcntl.flock(out, fcntl.LOCK_EX)
            if not held.exists():  # swept in the moment before it was locked
                continue
            try:
                yield held, out
            finally:
                held.unlink(missing_ok=True)
            return


def hold(chunks: Iterator[bytes], out: IO[bytes], most: int, shown: str) -> tuple[str, int]:
    """Write `chunks` durably into quarantine; return (SHA-256, size).

    Raises `Unfit` (`file-too-large`) past `most` bytes, `Away` (`spool-full`, `spool-away`): the disk takes no more.
    """
    digest, size = hashlib.sha256(), 0
    try:
        for chunk in chunks:
            size += len(chunk)
            if size > most:
                raise Unfit(
                    f"{shown}: more than {most} bytes",
                    code="file-too-large",
                    tell=f"{shown}: tệp lớn hơn giới hạn {most // 1024**2} MB. Hãy tách tệp rồi gửi lại.",
                )
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    except OSError as cause:
        raise Away(
            f"quarantine: {cause}",
            code="spool-full" if cause.errno in FULL else "spool-away",
            tell="Ổ đĩa tạm đã đầy hoặc không ghi được; tệp chưa được nhận. Hãy giải phóng chỗ rồi thử lại.",
        ) from cause
    return digest.hexdigest(), size


def pieces(source: Path) -> Iterator[bytes]:
    """Return a file of this machine piece by piece. Raises `Unfit` (`file-unreadable`)."""
    try:
        with source.open("rb") as handle:
            while chunk := handle.read(_CHUNK):
                yield chunk
    except OSError as cause:
        raise Unfit(
            f"{source}: {cause}",
            code="file-unreadable",
            tell=f"{clean_name(source.name)}: không đọc được tệp ({cause.strerror}). Kiểm tra quyền đọc hoặc ổ đĩa.",
        ) from cause
