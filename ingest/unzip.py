"""Take the files out of a ZIP that people put scans into, without trusting a byte of it.

Runs in a limited child. Nothing is written outside the target, whatever a name says; sizes are counted as they come and
not as the archive claims them. What is inside is looked at later like any other delivered file, so an archive in an
archive is refused there, by its kind. Decision 0164.
"""

import stat
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from ingest.names import clean_name, clean_path
from records.errors import Away, Unfit
from storage.disk import FULL

_CHUNK = 1024 * 1024
_UTF8 = 0x800
_ENCRYPTED = 0x1
_HEADER = 30
_BEGINS = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(frozen=True, slots=True)
class ZipLimits:
    """How much one archive may unfold to."""

    entries: int = 20_000
    bytes: int = 64 * 1024**3
    file_bytes: int = 2 * 1024**3


def is_zip(path: Path) -> bool:
    """Return whether a file is called and begins like a ZIP; office papers begin so too and are called otherwise."""
    if path.suffix.lower() != ".zip":
        return False
    with path.open("rb") as file:
        return file.read(4) in _BEGINS


def unzip(archive: Path, into: Path, shown: str, limits: ZipLimits) -> int:
    """Write every file of `archive` below `into`, at clean places; return how many.

    Raises `Unfit` (`archive-broken`, `archive-encrypted`, `archive-too-large`, `archive-hostile`): nothing of it is to
    be used then, since a delivery without some of its files is worse than none. `Away` (`spool-full`).
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            _demand_harmless(entries, archive.stat().st_size, shown, limits)
            taken: set[str] = set()
            left = limits.bytes
            for entry in entries:
                target = into / _free(clean_path(entry_name(entry)), taken)
                target.parent.mkdir(parents=True, exist_ok=True)
                left -= _written(opened, entry, target, min(left, limits.file_bytes), shown)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        UnicodeDecodeError,
        ValueError,
    ) as fault:
        raise Unfit(
            f"{shown}: {fault}",
            code="archive-broken",
            tell=f"{shown}: tệp nén bị hỏng, bị cắt hoặc nén theo cách chưa hỗ trợ nên không lấy được tệp nào. Hãy nén "
            "hoặc chép lại.",
        ) from fault
    except OSError as fault:
        if fault.errno not in FULL:
            raise
        raise Away(
            f"{shown}: {fault}",
            code="spool-full",
            tell=f"{shown}: ổ đĩa không đủ chỗ để bung tệp nén. Hãy giải phóng chỗ rồi chạy lại.",
        ) from fault
    return len(entries)


def entry_name(entry: zipfile.ZipInfo) -> str:
    """Return the name of an entry. Archives say UTF-8 by a flag; of the others Windows in Vietnam writes CP1258."""
    if entry.flag_bits & _UTF8:
        return entry.orig_filename
    raw = entry.orig_filename.encode("cp437")
    for encoding in ("utf-8", "cp1258"):
        try:
            return unicodedata.normalize("NFC", raw.decode(encoding))
        except UnicodeDecodeError:
            continue
    return entry.orig_filename


def _demand_harmless(entries: list[zipfile.ZipInfo], size: int, shown: str, limits: ZipLimits) -> None:
    """Refuse from the table of contents what is encrypted, too much, no plain file, or stored over one another."""
    if len(entries) > limits.entries or sum(entry.file_size for entry in entries) > limits.bytes:
        raise _too_large(shown, limits)
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise Unfit(
            f"{shown}: encrypted entries",
            code="archive-encrypted",
            tell=f"{shown}: tệp nén có mật khẩu nên không lấy được tệp nào. Hãy nén lại không đặt mật khẩu.",
        )
    behind = 0
    for entry in sorted(entries, key=lambda e: e.header_offset):
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise _hostile(shown, f"{entry.orig_filename!r} is no plain file")
        if entry.header_offset < behind:
            raise _hostile(shown, f"{entry.orig_filename!r} lies over another entry")
        behind = entry.header_offset + _HEADER + entry.compress_size
    if behind > size:
        raise _hostile(shown, "entries reach past the end")


def _written(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, most: int, shown: str) -> int:
    count = 0
    with opened.open(entry) as source, target.open("xb") as out:
        while piece := source.read(_CHUNK):  # the last read compares the CRC
            count += len(piece)
            if count > most:
                raise _too_large(shown, ZipLimits(file_bytes=most))
            out.write(piece)
    return count


def _free(place: str, taken: set[str]) -> str:
    """Return a place that no other entry has; letters that differ in case only count as the same, as on Windows."""
    folder, _, name = place.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    told, number = place, 1
    while told.casefold() in taken:
        number += 1
        fresh = f"{stem or name} ({number}){dot + suffix if stem else ''}"
        told = f"{folder}/{fresh}" if folder else fresh
    taken.add(told.casefold())
    return told


def _too_large(shown: str, limits: ZipLimits) -> Unfit:
    return Unfit(
        f"{shown}: more than {limits}",
        code="archive-too-large",
        tell=f"{clean_name(shown)}: tệp nén bung ra quá nhiều tệp hoặc quá lớn nên không được nhận. Hãy chia "
        "thành nhiều tệp nén nhỏ hơn.",
    )


def _hostile(shown: str, why: str) -> Unfit:
    return Unfit(
        f"{shown}: {why}",
        code="archive-hostile",
        tell=f"{clean_name(shown)}: tệp nén có cấu trúc bất thường (liên kết, hoặc các tệp chồng lên nhau) nên "
        "không được nhận. Hãy nén lại từ thư mục gốc.",
    )
