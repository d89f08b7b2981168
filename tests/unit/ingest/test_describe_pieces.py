"""The small parts of `describe`: tolerant matching, spelling of the closed vocabulary, where a body's name begins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.describe_lines import lay_out
from ingest.describe_match import find_phrase, is_capital, letters, like, slips
from ingest.describe_organs import organ_start
from ingest.describe_words import restored
from records.geometry import Box
from records.page import PageText, Word


@pytest.mark.parametrize(
    ("lines", "start"),
    [
        (["bo noi vu"], 0),
        (["uy ban nhan dan", "tinh bac hoa"], 0),
        (["tinh bac hoa", "uy ban nhan dan", "phuong an trach"], 1),
        (["uy ban nhan dan xa binh", "dao", "phong kinh te"], 2),
        (["ban chap hanh dang bo", "tinh bac hoa", "dang uy phuong minh dien"], 2),
        (["dang bo thanh pho vinh", "giang", "dang uy phuong phu", "mo"], 2),
        (["so noi vu", "trung tam luu tru", "lich su"], 1),
        (["van phong", "tinh uy son ha"], 0),
        (["ban thuong vu", "dang uy xa phu mo"], 0),
        (["tinh uy son ha", "van phong"], 1),
        (["thanh uy dong son", "ban chi dao", "phong, chong tham nhung"], 1),
        (["uy ban mat tran to quoc viet nam", "xa phu mo", "ban thuong truc"], 2),
        (["bo cong an", "cong an tinh bac hoa", "phong ho so"], 2),
    ],
)
def test_where_the_issuing_body_begins(lines: list[str], start: int) -> None:
    assert organ_start(lines) == start


@pytest.mark.parametrize(
    ("read", "spelt"),
    [
        ("Uy bạn nhân dân xã Hòa Sài", "Ủy ban nhân dân xã Hòa Sài"),
        ("UỶ BAN NHÂN DÂN", "UỶ BAN NHÂN DÂN"),  # spelt well: the tone on the other vowel
        ("BAN TÔ CHỨC", "BAN TỔ CHỨC"),
        ("PHÓ CHÁNH VAN PHÒNG", "PHÓ CHÁNH VĂN PHÒNG"),
        ("Lê Thị Bí Thu", "Lê Thị Bí Thư"),  # cost of a closed vocabulary: two words of a phrase
        ("bàn tổ tiên", "bàn tổ tiên"),
        ("Đảng uỷ; SỐ NỘI VỤ", "Đảng uỷ; SỞ NỘI VỤ"),
    ],
)
def test_only_the_closed_vocabulary_is_respelt(read: str, spelt: str) -> None:
    assert restored(read) == spelt


def test_a_long_phrase_may_have_one_letter_lost() -> None:
    assert restored("Y BAN NHÂN DÂN TÍNH BẮC HÒA", units=True, loose=True) == "ỦY BAN NHÂN DÂN TỈNH BẮC HÒA"
    assert restored("ĐẢNG ỦY PHƯỜNGPHÚ MÔ", units=True, loose=True) == "ĐẢNG ỦY PHƯỜNG PHÚ MÔ"
    assert restored("Y BAN NHÂN DÂN") == "Y BAN NHÂN DÂN"


@given(st.text(max_size=60))
def test_respelling_twice_is_respelling_once(text: str) -> None:
    once = restored(text, units=True)
    assert restored(once, units=True) == once


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_slips_is_the_edit_distance_up_to_the_limit(one: str, other: str) -> None:
    whole = slips(one, other, 20)
    assert whole == slips(other, one, 20)
    assert (whole == 0) == (one == other)
    for limit in range(4):
        assert slips(one, other, limit) == min(whole, limit + 1)


def test_phrases_are_found_among_words() -> None:
    words = "TỈNH BẮC HÒA CỘNG HOA XA HỘI CHÚ NGHĨA VIỆT NAM".split()
    assert find_phrase(words, letters("Cộng hòa xã hội chủ nghĩa Việt Nam")) == (3, 11)
    assert find_phrase(words, letters("Đảng Cộng sản Việt Nam")) is None
    assert like("NƠI NHAN:", "noinhan")
    assert not like("MẶT", "mang")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("SỞ NỘI VỤ", True), ("sỞ NỘI VỤ", True), ("Sở Nội vụ", False), ("123", False), ("", False)],
)
def test_capitals(text: str, expected: bool) -> None:
    assert is_capital(text) is expected


def test_two_columns_that_were_read_as_one_line_are_cut() -> None:
    texts = ["SỞ", "NỘI", "VỤ", "ĐỘC", "LẬP"]
    lefts = [100, 180, 280, 900, 1000]
    words = tuple(Word(t, Box(x, 50, x + 70, 90), 0.9, 0) for t, x in zip(texts, lefts, strict=True))
    sheet = lay_out(PageText(1, 1240, 1754, 150.0, 0, 0.0, "any", words))
    assert [line.text for line in sheet.lines] == ["SỞ NỘI VỤ", "ĐỘC LẬP"]


def test_pieces_of_a_row_are_put_together_and_a_skewed_row_is_one() -> None:
    words = tuple(
        Word(t, Box(x, round(50 + 0.05 * x), x + 70, round(90 + 0.05 * x)), 0.9, line)
        for t, x, line in (("Số:", 100, 0), ("43/KH-UBND", 180, 1), ("và", 260, 2))
    )
    sheet = lay_out(PageText(1, 1240, 1754, 150.0, 0, 2.862, "any", words))
    assert [line.text for line in sheet.lines] == ["Số: 43/KH-UBND và"]
