"""Offer a PIN to a device or a service at most once when it is refused: three tries lock most of them.

Note and lock lie in a folder that all processes share. A refused PIN is not offered again, by any of them, until its
file is written anew; the note holds the time of that file, never the PIN. See docs/decisions/0071.
"""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from records.errors import ArchiveFault


@contextmanager
def pin_once(
    notes: Path, owner: str, pin_file: Path, who: str, refusals: tuple[type[Exception], ...]
) -> Iterator[str]:
    """Give the PIN of `owner` to one process at a time; note it when the work in the block raises a refusal.

    `who` names the device in the log. Raises `ArchiveFault`: `pin-unreadable`, `pin-wrong` (refused now or before).
    """
    notes.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(owner.encode()).hexdigest()[:16]
    note = notes / f"pin-refused-{name}"
    with (notes / f"pin-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        pin, written = read_secret(pin_file), str(pin_file.stat().st_mtime_ns)
        if note.exists() and note.read_text() == written:
            raise _wrong(f"{who}: this PIN was refused before and is not tried again")
        try:
            yield pin
        except refusals as fault:
            note.write_text(written)
            raise _wrong(f"{who}: {type(fault).__name__}") from fault
        note.unlink(missing_ok=True)


def read_secret(path: Path) -> str:
    """Return the secret of a file. Raises `ArchiveFault` (`pin-unreadable`), which never holds it."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as fault:
        raise ArchiveFault(
            f"{path}: {type(fault).__name__}",
            code="pin-unreadable",
            tell="Không đọc được tệp mã PIN hoặc mã truy cập của khóa ký. Hãy báo quản trị viên.",
        ) from None


def _wrong(why: str) -> ArchiveFault:
    return ArchiveFault(
        why,
        code="pin-wrong",
        tell="Thiết bị hoặc dịch vụ ký không nhận mã PIN. Chương trình không thử lại để khóa không bị chặn: hãy ghi "
        "mã đúng vào tệp PIN rồi chạy lại.",
    )
