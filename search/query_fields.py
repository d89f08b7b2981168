"""The fields of a query: `năm:2025` or `cơ quan:"Tỉnh ủy"` narrow the search instead of being looked for.

Names are known with their accents or without any, so that "phòng: họp" stays text. A value is one word, or several in
quotes; a kind of paper may be written out. What is no possible value stays text, and a sentence says so.
"""

import calendar
import re
from dataclasses import dataclass, field, replace

from language.fold import fold
from language.tokens import token_texts
from language.variants import folded_key
from records.paper_types import OTHER, TYPES, PaperType
from search.filters import Filters, plain_value

NAMES = {
    "số": "number", "số hiệu": "number", "cơ quan": "issuer", "loại": "type", "năm": "year", "từ": "since",
    "từ ngày": "since", "đến": "until", "đến ngày": "until", "ngày": "day", "phông": "fonds", "độ mật": "secrecy",
}  # fmt: skip
"""What a field may be called, and what it means."""
_BY_FOLD = {fold(name): name for name in NAMES}
_FIELD = re.compile(
    rf"(?<!\w)({'|'.join(sorted(map(re.escape, _BY_FOLD), key=len, reverse=True))})\s*:\s*"
    r'(?:["“”«»„]([^"“”«»„]*)["“”«»„]|([^\s"“”«»„]+))'
)
_DAY = re.compile(r"(?:(?:(\d{1,2})[/.-])?(\d{1,2})[/.-])?(\d{4})")
_YEARS = re.compile(r"(\d{4})(?:\s*[-–]\s*(\d{4}))?")
_MOST_YEARS = 100


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A query without its fields: the `text` left, what it is narrowed to, and sentences about what was not understood.

    `issuer`: folded words that the issuing body's names must hold. `titles`: names of kinds without a code of their
    own, folded words each. `numbers`: as typed behind `số:`.
    """

    text: str
    filters: Filters = field(default_factory=Filters)
    issuer: tuple[str, ...] = ()
    titles: tuple[tuple[str, ...], ...] = ()
    numbers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def narrows(self) -> bool:
        """True when any field was understood that is not a number."""
        return not self.filters.empty or bool(self.issuer or self.titles)


def narrowed(text: str) -> Narrowed:
    """Return canonical `text` taken apart.

    >>> narrowed("chuyển sinh hoạt năm:2025 loại:QĐ").text
    'chuyển sinh hoạt'
    """
    found, kept, at = Narrowed(""), "", 0
    folded = fold(text)
    for met in _FIELD.finditer(folded):
        typed = " ".join(text[met.start(1) : met.end(1)].lower().split())
        name = _BY_FOLD[fold(typed)]
        if met.start() < at or typed not in (name, fold(name)):
            continue
        start, end = met.span(2) if met.group(2) is not None else met.span(3)
        stop = met.end()
        if name == "loại" and met.group(2) is None and (longer := _type_at(folded, start)):
            end = stop = longer
        value = text[start:end].strip().rstrip(",;")
        taken = _taken(found, NAMES[name], value) if value else None
        if taken is None:
            if value and (NAMES[name] in _STRICT or value[0].isdecimal()):
                found = replace(found, notes=(*found.notes, _not_understood(name, value)))
            continue
        found = taken
        kept, at = f"{kept}{text[at : met.start()]} ", stop
    return replace(found, text=" ".join((kept + text[at:]).split()))


_STRICT = frozenset({"type", "year"})
"""Fields about whose value a sentence is said whatever it is; "từ:", "ngày:" stand before words in running text."""


def _not_understood(name: str, value: str) -> str:
    return f"“{name}: {value}” không phải là giá trị có thể lọc, nên được tìm như chữ thường."


def _taken(found: Narrowed, meaning: str, value: str) -> Narrowed | None:
    """Return `found` narrowed by one field more, None when `value` is not possible there."""
    filters = found.filters
    if meaning == "number":
        return replace(found, numbers=(*found.numbers, value)) if any(c.isdecimal() for c in value) else None
    if meaning == "issuer":
        words = tuple(folded_key(run) for run in token_texts(value))
        return replace(found, issuer=(*found.issuer, *words)) if words else None
    if meaning == "type":
        return _of_types(found, value)
    if meaning == "year":
        years = _years(value)
        return replace(found, filters=replace(filters, year=(*filters.year, *years))) if years else None
    if meaning == "fonds":
        return replace(found, filters=replace(filters, fonds=(*filters.fonds, value)))
    if meaning == "secrecy":
        return replace(found, filters=replace(filters, secrecy=(*filters.secrecy, plain_value(value))))
    span = _span(value)
    if span is None:
        return None
    since = span[0] if meaning in ("since", "day") else filters.since
    until = span[1] if meaning in ("until", "day") else filters.until
    return replace(found, filters=replace(filters, since=since, until=until))


def _of_types(found: Narrowed, value: str) -> Narrowed | None:
    kinds = [kind for kind in TYPES if fold(value) in _called(kind)]
    if not kinds:
        return None
    codes = tuple(dict.fromkeys(kind.code for kind in kinds))
    filters = replace(found.filters, type=(*found.filters.type, *codes))
    named = tuple(
        tuple(folded_key(run) for run in token_texts(kind.name)) for kind in kinds if kind.code == OTHER
    )
    return replace(found, filters=filters, titles=named if len(kinds) == 1 else found.titles)


def _called(kind: PaperType) -> set[str]:
    """Return what a kind of paper is called, folded: its name, its code and its abbreviations."""
    code = {kind.code} if kind.code != OTHER else set()
    return {fold(name) for name in (kind.name, *kind.state, *kind.party)} | code


def _type_at(folded: str, start: int) -> int:
    """Return where the longest name of a kind that begins at `start` ends, 0 when none does."""
    ends = [
        start + len(name) for name in map(fold, (k.name for k in TYPES)) if folded.startswith(name, start)
    ]
    return max((end for end in ends if not folded[end : end + 1].isalnum()), default=0)


def _years(value: str) -> tuple[int, ...]:
    met = _YEARS.fullmatch(value)
    if not met:
        return ()
    first, last = int(met[1]), int(met[2] or met[1])
    return tuple(range(first, last + 1)) if first <= last < first + _MOST_YEARS else ()


def _span(value: str) -> tuple[int, int] | None:
    """Return the first and the last day (yyyymmdd) of a day, a month or a year; None when there is no such day."""
    met = _DAY.fullmatch(value)
    if not met:
        return None
    day, month, year = (int(part or 0) for part in met.groups())
    if year < 1 or (month and not 1 <= month <= 12):
        return None
    last = calendar.monthrange(year, month or 12)[1]
    if day > last or (met[1] and not day) or (met[2] and not month):
        return None
    whole = year * 10_000
    return whole + (month or 1) * 100 + (day or 1), whole + (month or 12) * 100 + (day or last)
