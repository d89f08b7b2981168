"""Bring every way of writing a document number to one key: "1593-CV/TU", "1593 cv tu" and "1593 – CV/TU" are one.

Grammar: Party papers number "1593-CV/TU", State papers "43/KH-UBND" and "12/2024/NĐ-CP" (NĐ 30/2020, Phụ lục III).
The marks between the parts are what people forget and what scans lose, so the key leaves them out. Stricter reading
of a paper's own number is `records.numbers`; here a number may stand anywhere, in any case, slightly misread.
"""

import re
from dataclasses import dataclass

from language.fold import canonical, fold

_PART = r"[^\W_](?:[^\W_]|&){0,11}"
_DASH = r"\s{0,2}[-–—−‑/]\s{0,2}"
_SERIAL = r"(?=[A-Za-z|]{0,5}\d)[\dOoIl|SB]{1,6}[A-Za-z]?"
_EDGE = r"(?:(?<![\w/.,-])|(?<=Số)|(?<=số)|(?<=So))"  # "Số4645-QĐ/TU": scans lose the space there most of all
_WRITTEN = re.compile(rf"{_EDGE}({_SERIAL})((?:{_DASH}{_PART}){{1,5}})(?!\w)")
_SPACED = re.compile(rf"\s*(?:[Ss](?:ố|o)\s*:?\s*)?(\d{{1,6}})((?:[\s./–-]+{_PART}){{1,5}})\s*")
_GLUED = re.compile(r"\s*(\d{1,6})([A-Za-zĐđƯư]{2,12})\s*")
_PIECE = re.compile(_PART)
_NOTATION = re.compile(r"[A-Za-z0-9ĐđƯư&]+")  # an abbreviation carries no tone; Ư stands in TƯ (trung ương)
_DIGITS = re.compile(r"[0-9]+")
_SLIPS = str.maketrans("OoIl|SB", "0011158")


_TU_WITH_HORN = re.compile(r"[tT][ưƯ][´`?~.]?\s*$")
_EDGE_TAIL = re.compile(r"\s([A-ZĐƯ]{1,6})(?![\w])")  # "12-BC/U BND": a space that was never there
REPAIRED = "~"
"""Marks a key that rests on a guess, so that a match by it is called approximate."""


@dataclass(frozen=True, slots=True)
class NumberAt:
    """A number written with its marks at [start, end) of a text.

    `key`: as it stands. `repaired`: the key when letters among the digits are slips of recognition (l593), else "".
    `clean`: the notation is spelled as abbreviations are, so a person who types it means a number.
    """

    key: str
    repaired: str
    clean: bool
    start: int
    end: int


def _key(digits: str, parts: list[str]) -> str:
    """Return the key of a number from its serial and its notation; leading zeros mean nothing."""
    return fold(digits.lstrip("0") or "0") + "." + fold("".join(parts)).replace("&", "")


_SHAPES = str.maketrans("01l58", "oiisb")
_FIGURES = str.maketrans("olisb", "01158")
_CENTRAL, _LOCAL = "tw", "tu"


def shape(key: str) -> str:
    """Return what is left of a key when letters and figures that look alike are one, and r read as n is r again.

    >>> shape("1593.ctrtu") == shape("l593.ctntu"), shape("15.qdtw") == shape("15.qdtu")
    (True, False)
    """
    serial, _, notation = key.partition(".")
    notation = notation.translate(_SHAPES).replace("ttn", "ttr").replace("ctn", "ctr")
    return f"{serial.translate(_FIGURES)}.{notation}"


def other_endings(key: str, written: str) -> tuple[str, ...]:
    """Return the other key of a number written with TƯ: trung ương (TW) as well as tỉnh ủy, thành ủy (TU).

    TU and TW as such stay two numbers. `written`: the number as it stands or was typed, or its toned keys.

    >>> other_endings("204.qdtu", "204-QĐ/TƯ"), other_endings("204.qdtu", "204-QĐ/TU")
    (('204.qdtw',), ())
    """
    if key.endswith(_LOCAL) and _TU_WITH_HORN.search(written):
        return (key[: -len(_LOCAL)] + _CENTRAL,)
    return ()


_CENTRAL_BODY = re.compile(r"\b(?:trung uong|bo chinh tri|ban bi thu)\b")
_LOCAL_BODY = re.compile(r"\b(?:tinh|thanh|huyen|quan|thi) uy\b")


def issuer_ending(issuer: str) -> str:
    """Return what TƯ stands for under the name of the issuing body: "tw", "tu", or "" when the name does not tell.

    >>> issuer_ending("Ban Tổ chức Trung ương"), issuer_ending("VĂN PHÒNG TỈNH ỦY"), issuer_ending("Đảng ủy xã Mẫu")
    ('tw', 'tu', '')
    """
    name = fold(canonical(issuer))
    central, local = _CENTRAL_BODY.search(name), _LOCAL_BODY.search(name)
    if bool(central) == bool(local):
        return ""
    return _CENTRAL if central else _LOCAL


def _settled(key: str, written: str, ending: str) -> tuple[str, ...]:
    """Return the keys of a number: one for TƯ when its own body tells which (`ending`), both when it does not.

    A number of a body of the centre that stands there with TU has lost its horn on the way: it has both keys.
    """
    if not key.endswith((_LOCAL, _CENTRAL)):
        return (key,)
    said = key[: -len(_LOCAL)] + ending if ending else key
    if _TU_WITH_HORN.search(written):
        return (said,) if ending else (key, *other_endings(key, written))
    return tuple(dict.fromkeys((said, key))) if ending == _CENTRAL else (key,)


def find_numbers(text: str) -> list[NumberAt]:
    """Return every document number written with its marks in canonical `text`, in order.

    >>> [n.key for n in find_numbers("Căn cứ 1593-CV/TU và 12/2024/NĐ-CP, ngày 09/7/2025")]
    ['1593.cvtu', '12.2024ndcp']
    """
    found = []
    for m in _WRITTEN.finditer(text):
        serial, parts = m.group(1), _PIECE.findall(m.group(2))
        if all(_DIGITS.fullmatch(part) for part in parts):
            continue  # a date or a span of years
        key, repaired = _key(serial, parts), _key(serial.translate(_SLIPS), parts)
        clean = serial[0].isdecimal() and all(_NOTATION.fullmatch(part) for part in parts)
        found.append(NumberAt(key, "" if repaired == key else repaired, clean, m.start(), m.end()))
    return found


def mention_keys(text: str, own: str = "", ending: str = "") -> list[str]:
    """Return the keys of the numbers written in canonical `text`; what they look like carries `REPAIRED` before it.

    `own`: the key of the paper's own number as written, `ending` what its body tells of TƯ (`issuer_ending`); other
    papers' numbers with TƯ have both keys.

    >>> mention_keys("Số l593-CV/TU")
    ['l593.cvtu', '~1593.cvtu']
    """
    exact: list[str] = []
    alike: list[str] = []
    for number in find_numbers(text):
        written = text[number.start : number.end]
        keys = _settled(number.key, written, ending if number.key == own else "")
        exact += keys
        tail = _EDGE_TAIL.match(text, number.end)
        longer = (number.key + fold(tail.group(1)),) if tail else ()
        alike += [shape(key) for key in (*keys, *longer, *([number.repaired] if number.repaired else []))]
    known = set(exact)
    return exact + [REPAIRED + one for one in dict.fromkeys(alike) if one not in known]


def loose_key(text: str) -> str:
    """Return the key when all of canonical `text` could be a number typed without its marks, else "".

    >>> loose_key("1593 cv tu"), loose_key("so 43 kh ubnd"), loose_key("1593cvtu"), loose_key("chi bộ 3")
    ('1593.cvtu', '43.khubnd', '1593.cvtu', '')
    """
    spaced = _SPACED.fullmatch(text)
    if spaced:
        parts = _PIECE.findall(spaced.group(2))
        likely = all(_NOTATION.fullmatch(part) for part in parts) and not all(map(_DIGITS.fullmatch, parts))
        return _key(spaced.group(1), parts) if likely else ""
    glued = _GLUED.fullmatch(text)
    return _key(glued.group(1), [glued.group(2)]) if glued else ""


def document_key(number: str) -> str:
    """Return the one key under which the books hold a paper's own number as it is written; "" when it is none."""
    return next(iter(own_keys(canonical(number))), "")


def own_keys(number: str, ending: str = "") -> list[str]:
    """Return the keys under which a paper's own number is found: the whole, each beginning of it, the bare serial.

    `ending`: what the issuing body tells of TƯ at its end (`issuer_ending`).

    >>> own_keys("141-CV/VPTW/nb")
    ['141.cvvptwnb', '141.cvvptw', '141.cv', '141']
    """
    found = _WRITTEN.search(number) or _SPACED.fullmatch(number)
    if found:
        serial, parts = found.group(1), _PIECE.findall(found.group(2))
        whole = [_key(serial, parts[:count]) for count in range(len(parts), 0, -1)]
        first = _settled(whole[0], number, ending) if ending else whole[:1]
        return [*first, *whole[1:], _key(serial, []).rstrip(".")]
    bare = _DIGITS.search(number)
    return [_key(bare.group(), []).rstrip(".")] if bare else []
