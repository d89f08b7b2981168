"""A letterhead begins a document; a page number, an annex or a form inside a paper does not."""

import pytest

from ingest.first_page import opening
from records.geometry import Box
from records.page import PageText, Word

WIDTH, HEIGHT = 1654, 2339
STATE = [
    (200, 140, "ỦY BAN NHÂN DÂN"), (860, 140, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
    (230, 190, "XÃ BẮC HÒA"), (980, 190, "Độc lập - Tự do - Hạnh phúc"),
    (240, 260, "Số: 43/KH-UBND"), (960, 260, "Bắc Hòa, ngày 12 tháng 5 năm 2023"),
]  # fmt: skip
PARTY = [
    (200, 140, "ĐẢNG ỦY XÃ PHÚ MỖ"), (960, 140, "ĐẢNG CỘNG SẢN VIỆT NAM"),
    (260, 260, "Số 238-GT/ĐU"), (960, 260, "Phú Mỗ, ngày 19 tháng 10 năm 2021"),
]  # fmt: skip
BODY = [
    (200, 600 + 50 * n, "Thực hiện chương trình công tác năm, ban chấp hành đã tổ chức hội nghị")
    for n in range(20)
]


def page(lines: list[tuple[int, int, str]]) -> PageText:
    words = []
    for line, (x, y, text) in enumerate(lines):
        for word in text.split():
            words.append(Word(word, Box(x, y, x + 15 * len(word), y + 24), 0.95, line))
            x += 15 * len(word) + 12
    return PageText(1, WIDTH, HEIGHT, 200.0, 0, 0.0, "test", tuple(words))


@pytest.mark.parametrize("head", [STATE, PARTY], ids=["state", "party"])
def test_a_letterhead_begins_a_document(head: list[tuple[int, int, str]]) -> None:
    assert opening(page(head + BODY)).score == 1.0


def test_a_number_at_the_foot_takes_nothing_from_a_whole_letterhead() -> None:
    assert opening(page([*PARTY, *BODY, (820, 2250, "2")])).begins


def test_a_continued_page_begins_nothing() -> None:
    found = opening(page([(820, 110, "2"), *BODY]))
    assert (found.begins, found.printed) == (False, 2)


@pytest.mark.parametrize("text", ["- 3 -", "3", "Trang 3", "3/5"])
def test_page_numbers_as_they_are_printed(text: str) -> None:
    assert opening(page([(800, 110, text), *BODY])).printed == 3


def test_plain_text_begins_nothing() -> None:
    assert opening(page(BODY)).score == 0.0


def test_a_form_with_nothing_filled_in_begins_nothing() -> None:
    blank = [
        (860, 140, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"), (980, 190, "Độc lập - Tự do - Hạnh phúc"),
        (960, 260, "........, ngày ..... tháng ..... năm ........"), (600, 400, "ĐƠN ĐỀ NGHỊ"),
    ]  # fmt: skip
    assert not opening(page(blank + BODY)).begins


@pytest.mark.parametrize("name", ["PHỤ LỤC I", "Mẫu số 02", "(Kèm theo Quyết định số 12/QĐ-UBND)"])
def test_an_annex_with_a_letterhead_stays_where_it_is(name: str) -> None:
    assert not opening(page([(620, 60, name), *STATE, *BODY])).begins


def test_a_letterhead_low_on_the_page_is_a_form_within_it() -> None:
    low = [(x, y + 1000, text) for x, y, text in STATE]
    assert not opening(page(BODY[:8] + low)).begins


def test_nothing_on_the_page() -> None:
    assert opening(page([])).score == 0.0
