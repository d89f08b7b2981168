"""On which days public bodies work, so that a deadline in working days means the same day to everybody.

What the law and the government have decided is data with its source (`calendar.toml`); this file only reckons. A due
day is never stored: when the government moves a day, every open deadline moves with it.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from procedures.toml_words import Entry
from records.errors import ArchiveFault

CALENDAR = Path(__file__).parent / "calendar.toml"
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = timedelta(days=1)
MOST_DAYS = 2_000
"""Longest deadline, in days: about eight years of work; more is a slip in a definition."""


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The reckoned calendar: days off with the reason, and the days of rest that are worked.

    `provisional` are the years for which the government's decision is not in the data: they follow the general rule.
    """

    first: date
    last: date
    rest: frozenset[int]  # weekdays, Monday is 0
    off: Mapping[date, str]
    worked: frozenset[date]
    provisional: frozenset[int]

    def is_working(self, day: date) -> bool:
        """Return whether public bodies work on `day`. Raises `ArchiveFault` (`calendar-range`) beyond the data."""
        if not self.first <= day <= self.last:
            raise ArchiveFault(
                f"{day} is beyond the calendar {self.first}–{self.last}",
                code="calendar-range",
                tell=f"Lịch làm việc chỉ có từ năm {self.first.year} đến năm {self.last.year}, chưa tính được hạn "
                f"cho ngày {day:%d/%m/%Y}. Hãy kiểm tra lại ngày đã nhập.",
            )
        return day in self.worked or (day.weekday() not in self.rest and day not in self.off)

    def why_off(self, day: date) -> str:
        """Return in Vietnamese why `day` is off, "" for a working day or a plain day of rest."""
        return "" if day in self.worked else self.off.get(day, "")

    def add_working_days(self, day: date, count: int) -> date:
        """Return the `count`-th working day after `day`, which itself does not count (BLDS 2015 Điều 147.2).

        Zero gives `day` itself. Raises ValueError for a count below 0 or above `MOST_DAYS`, `ArchiveFault`
        (`calendar-range`).
        """
        self._sensible(count)
        at = day
        while count:
            at += _DAY
            count -= self.is_working(at)
        return at

    def add_days(self, day: date, count: int) -> date:
        """Return the day `count` calendar days after `day`, put off to the next working day (BLDS Điều 148.5).

        Raises as `add_working_days`.
        """
        self._sensible(count)
        at = day + count * _DAY
        while not self.is_working(at):
            at += _DAY
        return at

    def working_days_after(self, start: date, end: date) -> int:
        """Return how many working days lie after `start` up to and with `end`; 0 when `end` is not later.

        Raises `ArchiveFault` (`calendar-range`).
        """
        days = (end - start).days
        return sum(self.is_working(start + n * _DAY) for n in range(1, days + 1))

    def _sensible(self, count: int) -> None:
        if not 0 <= count <= MOST_DAYS:
            raise ValueError(f"a deadline of {count} days")


def read_calendar(path: Path = CALENDAR) -> WorkingDays:
    """Return the calendar of `path`. Raises `ArchiveFault` (`calendar-data`) with the row that is wrong."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise _wrong(str(fault)) from fault
    top = Entry("the calendar", content, _wrong)
    first, last = top.integer("first", 1, 9998), top.integer("last", 1, 9998)
    week = top.table("week")
    rest = frozenset(_WEEK.index(name) for name in week.choices("rest", _WEEK))
    _sourced(week)
    fixed = [_fixed(row) for row in top.tables("fixed")]
    rule = top.table("unless_decided")
    usual = _choice(rule)
    tet_days = rule.integer("tet_days", 1, 10)
    _sourced(rule)
    decided: dict[int, tuple[int, int]] = {}
    for row in top.tables("decided"):
        if (year := row.integer("year", first, last)) in decided:
            raise row.wrong(f"{year} is decided twice")
        decided[year] = _choice(row)
        _sourced(row)
    swaps: list[tuple[date, date]] = []
    for row in top.tables("swap"):
        swaps.append((row.day("off"), row.day("work")))
        _sourced(row)
    lunar = top.table("lunar")
    moons = {row.day("tet").year: (row.day("tet"), row.day("gio_to")) for row in lunar.tables("days")}
    _sourced(lunar)
    top.done()
    if sorted(moons) != list(range(first, last + 1)):
        raise lunar.wrong(f"every year from {first} to {last} must have its lunar days, once")
    off: dict[date, str] = {}
    for year in range(first, last + 1):
        before, second = decided.get(year, usual)
        tet, gio_to = moons[year]
        days = {tet + n * _DAY: "Tết Nguyên đán" for n in range(-before, tet_days - before)}
        days[gio_to] = "Giỗ Tổ Hùng Vương"
        days |= {date(year, month, day): name for name, month, day, since in fixed if since <= year}
        days[date(year, 9, 2) + second * _DAY] = "Quốc khánh"
        off |= days | dict(_made_up(days, rest))
    worked: set[date] = set()
    for day, instead in swaps:
        if day in off or day.weekday() in rest or not (instead.weekday() in rest and instead not in off):
            raise top.wrong(f"swap of {day} and {instead}: a working day for a plain day of rest")
        off[day] = f"Nghỉ hoán đổi, làm bù ngày {instead:%d/%m/%Y}"
        worked.add(instead)
    years = range(first, last + 1)
    provisional = frozenset(year for year in years if year not in decided)
    return WorkingDays(date(first, 1, 1), date(last, 12, 31), rest, off, frozenset(worked), provisional)


def _made_up(days: Mapping[date, str], rest: frozenset[int]) -> Iterator[tuple[date, str]]:
    """Yield the working days that make up for holidays on days of rest, each the next one that is free."""
    taken = set(days)
    for day in sorted(days):
        if day.weekday() in rest:
            instead = day
            while instead in taken or instead.weekday() in rest:
                instead += _DAY
            taken.add(instead)
            yield instead, f"Nghỉ bù {days[day]}"


def _fixed(row: Entry) -> tuple[str, int, int, int]:
    name, month, day = row.text("name"), row.integer("month", 1, 12), row.integer("day", 1, 31)
    since = row.integer("since", 1, 9998, 1)
    try:
        date(2023, month, day)
    except ValueError as fault:
        raise row.wrong(f"{day}/{month} is no day of every year") from fault
    _sourced(row)
    return name, month, day, since


def _choice(row: Entry) -> tuple[int, int]:
    before, second = row.integer("tet_before", 0, 9), row.integer("second_national_day", -1, 1)
    if second == 0:
        raise row.wrong("second_national_day is -1 (the day before) or 1 (the day after)")
    return before, second


def _sourced(row: Entry) -> None:
    row.text("source")
    row.one_of("grade", ("P", "S", "M"))
    row.done()


def _wrong(why: str) -> ArchiveFault:
    return ArchiveFault(
        f"{CALENDAR.name}: {why}",
        code="calendar-data",
        tell="Dữ liệu lịch làm việc bị sai nên chưa tính được hạn. Hãy báo quản trị viên.",
    )
