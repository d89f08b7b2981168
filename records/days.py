"""Days and the time between two of them, as papers say it: "từ ngày … đến hết ngày …", both days counted."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from records.errors import Unfit

_SHORT = re.compile(r"([0-9]{1,2})\s?[/.-]\s?([0-9]{1,2})\s?[/.-]\s?([0-9]{4})")
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """From the first day to the last, both inclusive; `until` None: no end is known."""

    since: date
    until: date | None = None

    def holds(self, day: date) -> bool:
        """Return whether `day` is one of these days."""
        return self.since <= day and (self.until is None or day <= self.until)

    def overlaps(self, other: "Span") -> bool:
        """Return whether the two have a day in common."""
        return (self.until is None or other.since <= self.until) and (
            other.until is None or self.since <= other.until
        )

    def checked(self) -> "Span":
        """Return itself. Raises `Unfit` (`span-order`) when it ends before it begins."""
        if self.until is not None and self.until < self.since:
            raise Unfit(
                f"span {self.since}..{self.until}",
                code="span-order",
                tell=f"Ngày kết thúc ({written_day(self.until)}) trước ngày bắt đầu ({written_day(self.since)}). "
                "Hãy kiểm tra lại hai ngày.",
            )
        return self

    def __str__(self) -> str:
        end = "nay" if self.until is None else written_day(self.until)
        return f"{written_day(self.since)} – {end}"


def day_before(day: date) -> date:
    """Return the day before `day`. Raises OverflowError for the first day there is."""
    return day - _ONE_DAY


def day_after(day: date) -> date:
    """Return the day after `day`. Raises OverflowError for the last day there is."""
    return day + _ONE_DAY


def read_day(text: str) -> date | None:
    """Return the day that the whole of `text` names, None when it names none or one that does not exist.

    >>> read_day("9/7/2025"), read_day("2025-07-09"), read_day("31/02/2025")
    (datetime.date(2025, 7, 9), datetime.date(2025, 7, 9), None)
    """
    plain = text.strip()
    if short := _SHORT.fullmatch(plain):
        day, month, year = short.groups()
    elif iso := _ISO.fullmatch(plain):
        year, month, day = iso.groups()
    else:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def written_day(day: date) -> str:
    """Return `day` as lists and forms write it.

    >>> written_day(date(2025, 7, 9))
    '09/07/2025'
    """
    return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"
