"""Dates as Vietnamese papers write them, read even where recognition lost the marks; ISO 8601 out.

"ngày 09 tháng 7 năm 2025" is the form of the heading (NĐ 30/2020, Phụ lục I; 36-HD/VPTW), "09/7/2025",
"09-7-2025" and "09.7.2025" stand in running text and lists. A day that does not exist is no date.
"""

import re
from dataclasses import dataclass
from datetime import date

from language.fold import canonical, fold

EARLIEST_YEAR = 1900
LATEST_YEAR = 2100

_DIGIT = "[0-9oil|ð]"  # slips of recognition, folded: 0 as O, 1 as l or I, 5 as the Icelandic letter
_SLIPS = str.maketrans({"o": "0", "i": "1", "l": "1", "|": "1", "ð": "5"})

_WRITTEN = re.compile(
    # ngày: one letter may be wrong or missing; tháng: two; năm: one
    r"(?<![a-z])(?:ng[a-z]{1,2}|n[a-z]?ay|[a-z]gay)\s*[:,.]?\s*"
    rf"(?P<day>{_DIGIT}{{1,2}})\s*,?\s*"
    r"(?:th[a-z]{1,4}|[a-z]{1,2}ang)\s*[:,.]?\s*"
    rf"(?P<month>{_DIGIT}{{1,2}})\s*,?\s*"
    r"(?:n[a-z]{1,2}|[a-z]am)\s*[:,.]?\s*"
    rf"(?P<year>(?=[oil|ð]{{0,2}}[0-9]){_DIGIT}{{4}})(?![0-9])"
)
_SHORT = re.compile(
    r"(?<![0-9/.\-])(?P<day>[0-9]{1,2})\s?(?P<sep>[/.\-–])\s?(?P<month>[0-9]{1,2})\s?(?P=sep)\s?(?P<year>[0-9]{4})"
    r"(?![0-9])"
)
_ISO = re.compile(r"(?<![0-9/.\-])(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})(?![0-9])")


_FRAME = re.compile(r"(?<![a-z])(?:ngay|ng[a-z]y?)\s.{0,9}?\s?thang\s.{0,9}?\s?n[a-z]m(?![a-z])")


@dataclass(frozen=True, slots=True)
class DateFound:
    """A date in a text: its day, the span of code points [start, end) in `canonical(text)`, whether in words."""

    day: date
    start: int
    end: int
    in_words: bool


def find_dates(text: str) -> tuple[DateFound, ...]:
    """Return every date of `text` in reading order; days that do not exist and years outside 1900–2100 are left out."""
    folded = fold(canonical(text))
    found: list[DateFound] = []
    for pattern in (_WRITTEN, _SHORT, _ISO):
        for match in pattern.finditer(folded):
            day = _day(match["year"], match["month"], match["day"])
            if day is not None:
                found.append(DateFound(day, match.start(), match.end(), pattern is _WRITTEN))
    return tuple(sorted(found, key=lambda item: item.start))


def date_frame(text: str) -> tuple[int, int] | None:
    """Return the span of the first "ngày … tháng … năm" in `canonical(text)`, whatever stands between; else None.

    A heading with the frame is a date line even where the figures are blank, handwritten or misread.
    """
    match = _FRAME.search(fold(canonical(text)))
    return (match.start(), match.end()) if match else None


def parse_date(text: str) -> date | None:
    """Return the first date of `text`, None when there is none.

    >>> parse_date("Hà Nội, ngay 09 thang 7 nam 2025"), parse_date("31/02/2025")
    (datetime.date(2025, 7, 9), None)
    """
    found = find_dates(text)
    return found[0].day if found else None


def iso_date(text: str) -> str:
    """Return the first date of `text` as YYYY-MM-DD, "" when there is none."""
    day = parse_date(text)
    return day.isoformat() if day else ""


def _day(year: str, month: str, day: str) -> date | None:
    try:
        found = date(*(int(part.translate(_SLIPS)) for part in (year, month, day)))
    except ValueError:
        return None
    return found if EARLIEST_YEAR <= found.year <= LATEST_YEAR else None
