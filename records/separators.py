"""The code on our separator sheets: what follows the sheet, of which dossier, and characters that prove it is ours.

`VT1.T.0007.01.HC.2020.K3ZD`: version, what follows (T, H, P), number of the sheet, dossier, four check characters.
Letters, digits and the signs `. / - %` only, so that a QR code stays small and Code 128 can carry the same.
"""

import re
import unicodedata
import zlib
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

from records.errors import Unfit

PREFIX = "VT1."
"""How the codes of this version begin."""

MAX_SERIAL = 9999
MAX_CODE = 48
"""Longest code. Code 128 then has 0.31 mm a bar on A4, near 2 pixels at 150 dpi, the least that is read safely."""

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base 32: read aloud and typed without doubt
_CODE = re.compile(r"VT1\.([THP])\.([0-9]{4})\.([A-Z0-9./%-]*)\.([0-9A-HJKMNP-TV-Z]{4})")
_PLAIN = re.compile(r"[A-Z0-9./-]*")


PAGE_MM = 210.0, 297.0
QR_MM, QR_TOP_MM = 80.0, 80.0
BARS_MM, BARS_TOP_MM = (180.0, 26.0), 172.0
"""Where the codes stand on a sheet, in its middle from left to right: a page is one of ours when they stand there."""


class Follows(StrEnum):
    """What the pages behind a sheet are."""

    DOCUMENT = "document"
    DOSSIER = "dossier"
    ATTACHMENT = "attachment"


_SIGNS = {Follows.DOCUMENT: "T", Follows.DOSSIER: "H", Follows.ATTACHMENT: "P"}
_MEANT = {sign: follows for follows, sign in _SIGNS.items()}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A separator sheet: what follows it, the dossier it was printed for, its number (1 to `MAX_SERIAL`)."""

    follows: Follows
    dossier: str
    serial: int


def code_of(sheet: Sheet) -> str:
    """Return the text of the sheet's codes.

    Raises `Unfit` (`separator-dossier`) when the dossier is too long for a bar code; ValueError for a number no sheet
    can have.
    """
    if not 1 <= sheet.serial <= MAX_SERIAL:
        raise ValueError(f"sheet number {sheet.serial}")
    dossier = unicodedata.normalize("NFC", sheet.dossier)
    told = f"{PREFIX}{_SIGNS[sheet.follows]}.{sheet.serial:04}.{_written(dossier)}"
    code = f"{told}.{_check(told)}"
    if len(code) > MAX_CODE:
        raise Unfit(
            f"separator code of {len(code)} characters",
            code="separator-dossier",
            tell=f"Mã hồ sơ “{sheet.dossier[:60]}” quá dài để in thành mã vạch đọc chắc chắn. Mã hồ sơ nên gồm chữ in "
            f"hoa không dấu, chữ số và dấu . / - (chữ thường và chữ có dấu tốn nhiều chỗ), nhiều nhất "
            f"{MAX_CODE - len(PREFIX) - 12} ký tự. Hãy dùng mã ngắn hơn.",
        )
    return code


def read_code(text: str) -> Sheet | None:
    """Return the sheet that a code names, None for any other code: foreign, of another version, or damaged."""
    found = _CODE.fullmatch(text)
    if found is None or _check(text[: found.start(4) - 1]) != found[4]:
        return None
    try:
        dossier = unquote(found[3], errors="strict")
    except UnicodeDecodeError:
        return None
    serial = int(found[2])
    return Sheet(_MEANT[found[1]], dossier, serial) if serial else None


def claims_to_be_ours(text: str) -> bool:
    """Return whether a code begins as ours do; when `read_code` does not know it, it is damaged or from elsewhere."""
    return text.startswith(PREFIX)


def _written(dossier: str) -> str:
    """Return the dossier in the signs of a code; everything else as percent and hexadecimal digits of its UTF-8."""
    return "".join(c if _PLAIN.fullmatch(c) else "".join(f"%{b:02X}" for b in c.encode()) for c in dossier)


def _check(told: str) -> str:
    """Return four characters of the CRC-32: a code changed by accident passes once in a million times."""
    value = zlib.crc32(told.encode()) & 0xFFFFF
    return "".join(_LETTERS[(value >> 5 * place) & 31] for place in range(4))
