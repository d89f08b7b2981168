"""Spans of days with both ends counted, and days as people write them."""

import doctest
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import days
from records.days import Span, read_day, written_day
from records.errors import Unfit

DAYS = st.dates(date(2020, 1, 1), date(2020, 3, 1))


@st.composite
def spans(draw) -> Span:
    since = draw(DAYS)
    return Span(since, draw(st.none() | st.integers(0, 60).map(lambda n: since + timedelta(days=n))))


def test_examples_in_the_text_are_true() -> None:
    tried = doctest.testmod(days)
    assert tried.attempted
    assert not tried.failed


@given(one=spans(), other=spans())
def test_overlapping_is_sharing_a_day(one: Span, other: Span) -> None:
    shared = any(
        one.holds(day) and other.holds(day)
        for day in (date(2020, 1, 1) + timedelta(days=n) for n in range(200))
    )
    assert one.overlaps(other) == other.overlaps(one) == shared


def test_a_span_ends_after_it_begins() -> None:
    day = date(2025, 7, 1)
    assert Span(day, day).checked().holds(day)
    with pytest.raises(Unfit) as fault:
        Span(day, date(2025, 6, 30)).checked()
    assert fault.value.code == "span-order"
    assert str(Span(day)) == "01/07/2025 – nay"


@given(st.dates())
def test_what_is_written_is_read(day: date) -> None:
    assert read_day(written_day(day)) == day == read_day(f" {day.isoformat()} ")


@pytest.mark.parametrize(
    "text",
    ["", "31/02/2025", "1/13/2025", "2025-02-30", "01/02/25", "ngày 1/2/2025", "1/2/2025 1/2/2025", "٠١/٠٢/٢٠٢٥",
     "00/01/2025", "45000", "1/2/0000", "1\n/2/2025x"],
)  # fmt: skip
def test_what_is_no_day(text: str) -> None:
    assert read_day(text) is None
