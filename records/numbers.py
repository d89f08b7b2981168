"""The number and notation of a paper ("số và ký hiệu"): read, normalise, compare.

Party form (36-HD/VPTW):      1593-CV/TU, 141-CV/VPTW/nb, 08-QĐi/TW, 55-TN/KH on older papers
State form (NĐ 30/2020):      43/KH-UBND, 515/TTLTLS-NC (công văn has no type code), 15/TTr
State law form:               30/2020/NĐ-CP, 33/2024/QH15, 28/2018/QĐ-TTg
Numbers restart every year (State) or every term (Party), so a number alone names no paper: `NumberKey` adds
issuer and date. "QĐ" is Quyết định or Quy định; the suffixes TU (a provincial committee) and TW/TƯ (the Central
Committee) fold to the same letters. Neither is ever decided here: `likeness` says MAYBE.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from records.paper_types import PaperType, types_abbreviated

Form = Literal["party", "state", "law"]

MAX_LENGTH = 80
"""Longest text that can be a number line; longer input is not one (TT 05/2025: số 11 + ký hiệu 30 letters)."""

_LETTERS = r"[^\W\d_]"
_DIGITS = r"(?=[A-Za-z|]{0,5}[0-9])[0-9OoIl|]{1,6}"
_PARTY = re.compile(
    rf"(?P<number>{_DIGITS})\s*-\s*(?P<type>[A-ZĐ](?:{_LETTERS}){{0,4}})\s*/\s*"
    rf"(?P<issuer>(?:{_LETTERS}){{2,12}}(?:-(?:{_LETTERS}){{1,8}})?)(?P<tail>/[a-z]{{1,4}})?(?![\w/])"
)
_LAW = re.compile(
    rf"(?P<number>{_DIGITS})\s*/\s*(?P<year>(?:19|20)\d\d)\s*/\s*"
    rf"(?P<type>[A-ZĐ](?:{_LETTERS}){{0,4}})(?:\s*-\s*(?P<issuer>(?:{_LETTERS}){{2,12}})|(?P<session>\d\d?))(?!\w)"
)
_STATE = re.compile(
    rf"(?P<number>{_DIGITS})\s*/\s*(?P<type>(?:{_LETTERS}|&){{1,12}})"
    rf"(?:\s*-\s*(?P<issuer>(?:{_LETTERS}|&){{1,12}}(?:[-.](?:{_LETTERS}|\d){{1,12}}){{0,2}}))?(?![\w/])"
)
_SLIPS = str.maketrans({"O": "0", "o": "0", "I": "1", "l": "1", "|": "1"})
_LOOKALIKES = str.maketrans(
    {"Ð": "Đ", "ð": "đ", "Ɖ": "Đ", "–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-", "⁄": "/"}
)
_DOUBLE = re.compile("ĐÐ|ÐĐ")  # recognition gives one Đ twice, once as the Icelandic letter
_LEAD = re.compile(r"^\s*s[ốo0óôồổỗộ]\s*[:.;,]*\s*", re.IGNORECASE)


class Likeness(StrEnum):
    """How two numbers stand to each other."""

    SAME = "same"
    MAYBE = "maybe"  # equal after folding (TW/TU, QĐ/QD), so a person or the issuer must decide
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class DocumentNumber:
    """A number and notation taken apart.

    `number`: the digits as printed, leading zeros kept. `year`: only in the law form. `type`: the first part of
    the notation as printed, a type abbreviation or, on a State công văn, the issuer. `issuer`: the rest. `tail`:
    "nb" of "/nb" (internal). `text` puts it together without spaces and without "Số".
    """

    form: Form
    number: str
    type: str
    issuer: str = ""
    year: str = ""
    tail: str = ""

    @property
    def notation(self) -> str:
        """The notation without the number: "CV/TU", "KH-UBND", "2020/NĐ-CP"."""
        if self.form == "party":
            return f"{self.type}/{self.issuer}" + (f"/{self.tail}" if self.tail else "")
        if self.form == "law":
            joined = f"{self.type}{self.issuer}" if self.issuer.isdigit() else f"{self.type}-{self.issuer}"
            return f"{self.year}/{joined}"
        return f"{self.type}-{self.issuer}" if self.issuer else self.type

    @property
    def text(self) -> str:
        """The whole as printed, in canonical spacing."""
        return f"{self.number}{'-' if self.form == 'party' else '/'}{self.notation}"

    @property
    def types(self) -> tuple[PaperType, ...]:
        """Every kind of paper the notation may mean: none for a letter without type code, two for Party "QĐ"."""
        return types_abbreviated(self.type, party=self.form == "party")


@dataclass(frozen=True, slots=True)
class NumberFound:
    """A number in a text and its span of code points [start, end) in `tidy(text)`."""

    number: DocumentNumber
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class NumberKey:
    """What makes a paper one paper: the same number, type and issuer come back every term, so the date belongs to it.

    12-HD/BTCTW is of 17/5/2012 and of 18/1/2022.
    """

    number: int
    type: str
    issuer: str
    date: str


def tidy(text: str) -> str:
    """Return `text` in NFC with every dash as "-" and the Icelandic Ð as Đ; what all other functions read."""
    composed = unicodedata.normalize("NFC", text)
    return _DOUBLE.sub("Đ", composed).translate(_LOOKALIKES)


def find_numbers(text: str) -> tuple[NumberFound, ...]:
    """Return every number with notation in `text`, in reading order, never overlapping."""
    clean = tidy(text)
    found: list[NumberFound] = []
    for form, pattern in (("party", _PARTY), ("law", _LAW), ("state", _STATE)):
        for match in pattern.finditer(clean):
            if match.start() and (clean[match.start() - 1].isalnum() or clean[match.start() - 1] in "/-."):
                continue
            if not match["type"][0].isupper() or any(
                match.start() < other.end and other.start < match.end() for other in found
            ):
                continue
            found.append(NumberFound(_number(form, match), match.start(), match.end()))  # type: ignore[arg-type]
    return tuple(sorted(found, key=lambda item: item.start))


def parse_number(text: str) -> DocumentNumber | None:
    """Return the number that `text` is ("Số: 43/KH-UBND", "269 – QĐ/TW"); None when it is anything else or more.

    In the digits O and o count as 0, I, l and | as 1 (slips of recognition), when a true digit stands beside them.

    >>> parse_number("Số 269 – QĐ/TW").text
    '269-QĐ/TW'
    """
    if len(text) > MAX_LENGTH:
        return None
    clean = _LEAD.sub("", tidy(text)).strip(" .,;:*")
    for form, pattern in (("party", _PARTY), ("law", _LAW), ("state", _STATE)):
        match = pattern.fullmatch(clean)
        if match and match["type"][0].isupper():
            return _number(form, match)  # type: ignore[arg-type]
    return None


def normalise_number(text: str) -> str:
    """Return the number in `text` in canonical spacing without "Số"; `tidy` and single spaces when it is none."""
    number = parse_number(text)
    return number.text if number else " ".join(_LEAD.sub("", tidy(text)).split())


def number_key(number: DocumentNumber, issuer: str, issued: str) -> NumberKey:
    """Return the identity of a paper. `issuer`: name of the issuing body ("" = the notation's); `issued`: ISO date."""
    named = " ".join(tidy(issuer or number.issuer).split()).casefold()
    return NumberKey(int(number.number), number.type.casefold(), named, issued)


def likeness(one: DocumentNumber, other: DocumentNumber) -> Likeness:
    """Compare two numbers: leading zeros and case do not count, TW equals TƯ, TU and TƯ are only MAYBE.

    >>> a, b = parse_number("338-QĐ/TW"), parse_number("338-QĐ/TU")
    >>> likeness(a, b).value
    'maybe'
    """
    if int(one.number) != int(other.number) or one.year != other.year or one.form != other.form:
        return Likeness.DIFFERENT
    if _spelt(one) == _spelt(other):
        return Likeness.SAME
    return Likeness.MAYBE if _bare(one) == _bare(other) else Likeness.DIFFERENT


def _number(form: Form, match: re.Match[str]) -> DocumentNumber:
    parts = match.groupdict()
    return DocumentNumber(
        form=form,
        number=parts["number"].translate(_SLIPS),
        type=parts["type"],
        issuer=parts.get("issuer") or parts.get("session") or "",
        year=parts.get("year") or "",
        tail=(parts.get("tail") or "").lstrip("/"),
    )


def _spelt(number: DocumentNumber) -> tuple[str, str, str]:
    # Trung ương is written TW, TƯ and T.Ư; the three are one spelling.
    issuer = re.sub(r"tư$", "tw", number.issuer.casefold())
    return number.type.casefold(), issuer, number.tail


def _bare(number: DocumentNumber) -> tuple[str, str, str]:
    kind, issuer, tail = (_without_marks(part) for part in _spelt(number))
    return kind, re.sub(r"tw$", "tu", issuer), tail


def _without_marks(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.replace("đ", "d"))
    return "".join(c for c in decomposed if not unicodedata.combining(c))
