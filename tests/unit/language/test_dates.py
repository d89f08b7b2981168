"""Dates as papers write them, with and without their marks."""

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.dates import date_frame, find_dates, iso_date, parse_date
from language.fold import canonical, fold

JULY_9 = date(2025, 7, 9)


@pytest.mark.parametrize(
    "text",
    [
        "Hà Nội, ngày 09 tháng 7 năm 2025",
        "Ha Noi, ngay 09 thang 7 nam 2025",
        "HÀ NỘI, NGÀY 9 THÁNG 07 NĂM 2025",
        "ngày 09 tháng 7 nãm 2025",
        "ngày O9 tháng 7 năm 2O25",
        "ngày 9 , tháng 7 , năm 2025",
        "ngày09tháng7năm2025",
        "09/7/2025",
        "9-7-2025",
        "09.07.2025",
        "kể từ 09 / 7 / 2025.",
        "2025-07-09",
        unicodedata.normalize("NFD", "ngày 09 tháng 7 năm 2025"),
    ],
)
def test_one_day_in_many_spellings(text: str) -> None:
    assert parse_date(text) == JULY_9
    assert iso_date(text) == "2025-07-09"


def test_slips_of_recognition() -> None:
    assert iso_date("ngày l tháng ð năm 2025") == "2025-05-01"
    assert iso_date("ngày 1O tháng ll năm 2O25") == "2025-11-10"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ngày 31 tháng 02 năm 2025",
        "30/2/2024",
        "29/2/2023",
        "00/7/2025",
        "ngày tháng 7 năm 2025",
        "ngày 09 tháng 7 năm 25",
        "09/7/25",
        "09/7/1899",
        "09/7/2101",
        "109/7/2025",
        "30/2020/NĐ-CP",
        "tăng từ 9 đến 7 trong 2025",
        "12-5/2025",
    ],
)
def test_what_is_no_day(text: str) -> None:
    assert parse_date(text) is None
    assert iso_date(text) == ""


def test_several_days_come_in_reading_order_with_true_offsets() -> None:
    text = "Từ 01/3/2024 đến ngày 15 tháng 4 năm 2024, trừ 31/4/2024"
    found = find_dates(text)
    assert [item.day for item in found] == [date(2024, 3, 1), date(2024, 4, 15)]
    assert [item.in_words for item in found] == [False, True]
    assert [canonical(text)[item.start : item.end] for item in found] == [
        "01/3/2024",
        "ngày 15 tháng 4 năm 2024",
    ]


def test_the_frame_of_a_date_line_is_found_without_figures() -> None:
    for text in (
        "Sơn Hà, ngày   tháng   năm 2025",
        "Sơn Hà, ngày … tháng … năm …",
        "Son Ha, ngay 3q thang z nam 20",
    ):
        span = date_frame(text)
        assert span is not None
        assert fold(canonical(text))[span[0] :].startswith("ngay")
    assert date_frame("hằng ngày, hằng tháng") is None


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_every_day_written_is_the_day_read(day: date) -> None:
    written = f"ngày {day.day:02} tháng {day.month} năm {day.year}"
    assert parse_date(written) == parse_date(fold(written)) == day
    assert parse_date(f"{day.day}/{day.month}/{day.year}") == day


@given(st.text(max_size=300))
def test_any_text_can_be_asked(text: str) -> None:
    length = len(canonical(text))
    assert all(0 <= item.start < item.end <= length for item in find_dates(text))
    date_frame(text)
