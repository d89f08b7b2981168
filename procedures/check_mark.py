"""The door to segno: a code on the paper that leads anybody to the public page where the paper is checked.

The code says where to look and carries a short check of id, number and day, so a mark cut out of one paper and pasted
on another does not fit what is printed beside it. It proves nothing by itself: the signatures do.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlsplit

import segno

from records.errors import ArchiveFault

PATH = "/kiem-tra/"
"""Where the public page is, below the public address: `/kiem-tra/{paper id}/{check}`."""

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U: read aloud and typed without doubt (Crockford base 32)
_CHECK_LETTERS = 10
_TYPED = str.maketrans({"I": "1", "L": "1", "O": "0"})
_PAPER_ID = re.compile(r"[a-z0-9]{8,64}(?:-[0-9]{1,4})?")
_LONGEST_BASE = 100
_LONGEST_CHECK = 40
_QUIET = 4
"""White modules around a QR code (ISO/IEC 18004, 5.3.8)."""


@dataclass(frozen=True, slots=True)
class CheckMark:
    """A mark to print: its address, its check as people type it (`ABCDE-FGH12`), and the drawing.

    `modules`: width and height of the drawing with its white rim; `path`: the dark modules as SVG path data.
    """

    url: str
    check: str
    modules: int
    path: str = field(repr=False)


def public_base(url: str) -> str:
    """Return the public address without a slash at its end; empty stays empty (papers then carry no mark).

    Raises `ArchiveFault` (`bad-settings`) when it is no plain http or https address.
    """
    base = url.strip().rstrip("/")
    if not base:
        return ""
    try:
        parts = urlsplit(base)
        port = parts.port
    except ValueError as fault:
        raise _bad_base(url) from fault
    plain = parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment)
    if not plain or parts.username is not None or port == 0 or len(base) > _LONGEST_BASE or not _clean(base):
        raise _bad_base(url)
    return base


def make_mark(base: str, paper_id: str, number: str, day: date) -> CheckMark:
    """Return the mark of a numbered paper.

    `base`: as `public_base` returns it, not empty. `paper_id`: case id, a hyphen and the ordinal of the paper. Raises
    ValueError for an id or address that cannot stand in a path: a fault of ours.
    """
    if not base or _PAPER_ID.fullmatch(paper_id) is None:
        raise ValueError(f"no mark for {paper_id!r} at {base!r}")
    check = _check(paper_id, number, day)
    url = f"{base}{PATH}{paper_id}/{check}"
    code = segno.make_qr(url, error="m", boost_error=False)
    rows = [bytes(row) for row in code.matrix]
    path = "".join(_runs(row, y) for y, row in enumerate(rows))
    return CheckMark(url, f"{check[:5]}-{check[5:]}", len(rows) + 2 * _QUIET, path)


def fits(check: str, paper_id: str, number: str, day: date) -> bool:
    """Return whether `check`, as printed or typed, is that of this paper; takes as long for a wrong one."""
    typed = "".join(check.split()).replace("-", "").upper().translate(_TYPED)
    return hmac.compare_digest(typed.encode(errors="replace"), _check(paper_id, number, day).encode())


def public_paper(paper_id: str, check: str) -> bool:
    """Return whether these two could stand in the address of a mark at all; what could not is not looked up."""
    return _PAPER_ID.fullmatch(paper_id) is not None and len(check) <= _LONGEST_CHECK


def _check(paper_id: str, number: str, day: date) -> str:
    digest = hashlib.sha256(f"vanthu paper\n{paper_id}\n{number}\n{day.isoformat()}".encode()).digest()
    value = int.from_bytes(digest[:8], "big")
    return "".join(_LETTERS[(value >> 5 * place) & 31] for place in range(_CHECK_LETTERS))


def _runs(row: bytes, y: int) -> str:
    """Return one row of dark modules as rectangles: whole runs, so that no hair of white shows between modules."""
    return "".join(
        f"M{found.start() + _QUIET} {y + _QUIET}h{len(found[0])}v1h-{len(found[0])}z"
        for found in re.finditer(rb"\x01+", row)
    )


def _clean(base: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9:/.\-_~\[\]]+", base) is not None


def _bad_base(url: str) -> ArchiveFault:
    return ArchiveFault(
        f"VANTHU_PUBLIC_URL {url[:80]!r}",
        code="bad-settings",
        tell="VANTHU_PUBLIC_URL phải là địa chỉ công khai như https://vanban.example.vn (không dấu ?, không mật khẩu, "
        f"không quá {_LONGEST_BASE} chữ). Hãy sửa cấu hình.",
    )
