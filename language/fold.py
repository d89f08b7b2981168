"""The one fold: what index, query and highlight share, so that offsets never move."""

import re
import unicodedata

_D = {"đ": "d", "Đ": "d"}
_BMP = [code for code in range(0x10000) if not 0xD800 <= code <= 0xDFFF]
_MARKS = "".join(chr(code) for code in _BMP if unicodedata.combining(chr(code)))
_STRAY = re.compile(f"[{_MARKS}\U00010000-\U0010ffff]")


def canonical(text: str) -> str:
    """Return `text` in NFC without stray combining marks and with astral characters as U+FFFD.

    After this one code point is one UTF-16 unit, so offsets mean the same in Python, the browser and the index.
    """
    if text.isascii():
        return text
    return _STRAY.sub(_replaced, unicodedata.normalize("NFC", text))


def _replaced(stray: re.Match[str]) -> str:
    return "" if unicodedata.combining(stray.group()) else "\ufffd"


def _folded(char: str) -> str:
    if char in _D:
        return _D[char]
    parts = unicodedata.normalize("NFD", char)
    base = parts[0] if len(parts) > 1 and all(unicodedata.combining(c) for c in parts[1:]) else char
    lower = base.lower()
    return lower[0] if lower else base


_TABLE = {code: folded for code in _BMP if (folded := _folded(chr(code))) != chr(code)}


def fold(text: str) -> str:
    """Return `text` without tone and vowel marks, lower-case, đ as d; same length, so offsets stay true.

    >>> fold("Chuyển sinh hoạt Đảng")
    'chuyen sinh hoat dang'
    """
    return text.translate(_TABLE)
