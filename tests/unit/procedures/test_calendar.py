"""Working days: against the days off that were announced, the moons themselves, and a second way of counting."""

import math
import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procedures.calendar import CALENDAR, MOST_DAYS, read_calendar
from records.errors import ArchiveFault

DAYS = read_calendar()
ANNOUNCED = {
    (date(2024, 2, 8), date(2024, 2, 14)),
    (date(2024, 4, 27), date(2024, 5, 1)),
    (date(2025, 1, 25), date(2025, 2, 2)),
    (date(2025, 4, 5), date(2025, 4, 7)),
    (date(2025, 4, 30), date(2025, 5, 4)),
    (date(2025, 8, 30), date(2025, 9, 2)),
    (date(2026, 1, 1), date(2026, 1, 4)),
    (date(2026, 2, 14), date(2026, 2, 22)),
    (date(2026, 4, 25), date(2026, 4, 27)),
    (date(2026, 8, 29), date(2026, 9, 2)),
    (date(2026, 11, 24), date(2026, 11, 24)),
    (date(2027, 2, 5), date(2027, 2, 11)),  # the general rule: nothing was decided yet
}
"""Stretches without work, first and last day, as they were announced to officials."""


@pytest.mark.parametrize(("first", "last"), sorted(ANNOUNCED))
def test_a_stretch_off_is_exactly_as_announced(first: date, last: date) -> None:
    days = [first + timedelta(n) for n in range((last - first).days + 1)]
    assert not any(map(DAYS.is_working, days))
    assert DAYS.is_working(first - timedelta(1))
    assert DAYS.is_working(last + timedelta(1))


@pytest.mark.parametrize(
    "saturday", [date(2024, 5, 4), date(2025, 4, 26), date(2026, 1, 10), date(2026, 8, 22)]
)
def test_a_swapped_saturday_is_worked(saturday: date) -> None:
    assert DAYS.is_working(saturday)
    assert DAYS.why_off(saturday) == ""


@pytest.mark.parametrize(
    ("day", "count", "due"),
    [
        (date(2025, 1, 24), 1, date(2025, 2, 3)),  # over Tết Ất Tỵ
        (date(2025, 1, 2), 30, date(2025, 2, 20)),
        (date(2025, 1, 2), 60, date(2025, 4, 3)),
        (date(2026, 2, 13), 1, date(2026, 2, 23)),  # over Tết Bính Ngọ
        (date(2026, 1, 9), 1, date(2026, 1, 10)),  # a Saturday that is worked
        (date(2026, 1, 28), 30, date(2026, 3, 18)),
        (date(2027, 2, 4), 1, date(2027, 2, 12)),  # over Tết Đinh Mùi
        (date(2027, 1, 18), 30, date(2027, 3, 8)),
        (date(2026, 4, 24), 1, date(2026, 4, 28)),  # Giỗ Tổ on a Sunday is made up for on Monday
        (date(2026, 2, 17), 0, date(2026, 2, 17)),
    ],
)
def test_days_are_added_over_tet(day: date, count: int, due: date) -> None:
    assert DAYS.add_working_days(day, count) == due
    assert DAYS.working_days_after(day, due) == count


@settings(max_examples=200, deadline=None)
@given(st.dates(date(2021, 1, 1), date(2045, 1, 1)), st.integers(0, 300))
def test_adding_and_counting_agree(day: date, count: int) -> None:
    due = DAYS.add_working_days(day, count)
    assert DAYS.working_days_after(day, due) == count
    assert not count or DAYS.is_working(due)
    assert DAYS.working_days_after(due, day) == 0


def test_calendar_days_end_on_a_working_day() -> None:
    assert DAYS.add_days(date(2026, 2, 1), 15) == date(2026, 2, 23)
    assert DAYS.add_days(date(2026, 3, 1), 1) == date(2026, 3, 2)


def test_what_is_not_decided_is_called_provisional() -> None:
    assert 2026 not in DAYS.provisional
    assert 2027 in DAYS.provisional
    assert DAYS.why_off(date(2026, 2, 17)) == "Tết Nguyên đán"
    assert "bù" in DAYS.why_off(date(2026, 4, 27))


@pytest.mark.parametrize("day", [date(2020, 12, 31), date(2051, 1, 1), date.min, date.max])
def test_beyond_the_data_it_says_so(day: date) -> None:
    with pytest.raises(ArchiveFault) as fault:
        DAYS.is_working(day)
    assert fault.value.code == "calendar-range"


@pytest.mark.parametrize("count", [-1, MOST_DAYS + 1])
def test_a_senseless_deadline_is_a_bug(count: int) -> None:
    with pytest.raises(ValueError):
        DAYS.add_working_days(date(2026, 1, 1), count)


def test_the_lunar_days_follow_the_moon() -> None:
    """Tết is a day with a new moon in Viet Nam, and Giỗ Tổ the tenth from such a day, two or three moons later."""
    moons = {_day(_new_moon(number)) for number in range(250, 640)}
    rows = tomllib.loads(CALENDAR.read_text(encoding="utf-8"))["lunar"]["days"]
    assert len(rows) == 30
    for row in rows:
        first_of_third = row["gio_to"] - timedelta(9)
        assert {row["tet"], first_of_third} <= moons, row
        assert 59 <= (first_of_third - row["tet"]).days <= 89


def _new_moon(number: int) -> float:
    """Julian day of a new moon since 2000 at UTC+7 (Meeus, Astronomical Algorithms, ch. 49, the greater terms)."""
    century = number / 1236.85
    sun = math.radians(2.5534 + 29.1053567 * number)
    moon = math.radians(201.5643 + 385.81693528 * number + 0.0107582 * century**2)
    node = math.radians(160.7108 + 390.67050284 * number)
    day = 2451550.09766 + 29.530588861 * number + 0.00015437 * century**2
    day += -0.4072 * math.sin(moon) + 0.17241 * math.sin(sun) + 0.01608 * math.sin(2 * moon)
    day += 0.01039 * math.sin(2 * node) + 0.00739 * math.sin(moon - sun) - 0.00514 * math.sin(moon + sun)
    return day - 70 / 86400 + 7 / 24  # terrestrial time is some 70 s ahead


def _day(julian: float) -> date:
    return date(2000, 1, 1) + timedelta(math.floor(julian + 0.5) - 2451545)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("first = 2021", 'first = "2021"'),
        ("last = 2050", "last = 2051"),
        ("month = 4\nday = 30", "month = 2\nday = 30"),
        ("off = 2026-01-02", "off = 2026-01-03"),
        ("work = 2026-01-10", "work = 2026-01-12"),
        ("work = 2026-01-10", "work = 2026-01-10T00:00:00"),
        ("year = 2026", "year = 2025"),
        ('grade = "M"', 'grade = "?"'),
        ("second_national_day = 1", "second_national_day = 0"),
        ("tet_before = 1", "tet_before = true"),
        ("tet = 2030-02-02", "tet = 2031-02-02"),
        ("[week]", "[week]\nmore = 1"),
        ('rest = ["saturday", "sunday"]', 'rest = ["caturday"]'),
    ],
)
def test_a_slip_in_the_data_is_told(tmp_path: Path, old: str, new: str) -> None:
    text = CALENDAR.read_text(encoding="utf-8")
    assert old in text
    spoilt = tmp_path / "calendar.toml"
    spoilt.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ArchiveFault) as fault:
        read_calendar(spoilt)
    assert fault.value.code == "calendar-data"
