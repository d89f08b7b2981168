"""Document numbers: every way of writing them meets, and what is no number is none."""

import doctest
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import search.number_keys
from language.fold import canonical
from search.number_keys import (
    REPAIRED,
    find_numbers,
    loose_key,
    mention_keys,
    other_endings,
    own_keys,
    shape,
)

ANY = st.text(
    st.characters(min_codepoint=0, max_codepoint=sys.maxunicode, exclude_categories=()), max_size=60
)


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(search.number_keys).failed == 0


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Số 1593-CV/TU", ["1593.cvtu"]),
        ("Số: 269 – QĐ/TW ngày", ["269.qdtw"]),
        ("141-CV/VPTW/nb", ["141.cvvptwnb"]),
        ("08-QĐi/TW", ["8.qditw"]),
        ("43/KH-UBND", ["43.khubnd"]),
        ("30/2020/NĐ-CP", ["30.2020ndcp"]),
        ("33/2024/QH15", ["33.2024qh15"]),
        ("515/TTLTLS-NC", ["515.ttltlsnc"]),
        ("515/BC-KH&CN", ["515.bckhcn"]),
        ("Số4645-QĐ/UBKTTU", ["4645.qdubkttu"]),
        ("Số l593-CV/TU", ["l593.cvtu", "~1593.cvtu"]),
        ("Số 779S-CTr/ĐÚ", ["779s.ctrdu", "~7795.ctrdu"]),
        ("12-HD/BTCTW và 36-HD/VPTW", ["12.hdbtctw", "36.hdvptw"]),
        ("ngày 09/7/2025, giai đoạn 2020-2025, điện thoại 024-3845-1234", []),
        ("tờ 12/12, (1/3), 3/4 số đại biểu", []),
        ("-/-", []),
    ],
)
def test_numbers_in_text(text: str, keys: list[str]) -> None:
    found = mention_keys(canonical(text))
    assert [key for key in found if not key.startswith(REPAIRED)] == [k for k in keys if k[0] != REPAIRED]
    assert {key for key in keys if key.startswith(REPAIRED)} <= set(found)


@pytest.mark.parametrize(
    ("typed", "written", "same"),
    [
        ("204-QĐ/TW", "204-QĐ/TƯ", True),
        ("204-QĐ/TƯ", "204-QĐ/TW", True),
        ("1593-CV/TƯ", "1593-CV/TU", True),
        ("204-QĐ/TW", "204-QĐ/TU", False),
        ("204-QĐ/TU", "204-QĐ/TW", False),
    ],
)
def test_central_and_provincial_bodies_meet_only_where_it_was_written_with_a_horn(
    typed: str, written: str, same: bool
) -> None:
    (number,) = find_numbers(typed)
    asked = {number.key, *other_endings(number.key, typed)}
    assert bool(asked & set(mention_keys(written))) is same


def test_digits_and_letters_that_look_alike_have_one_shape() -> None:
    for read in ("l593-CTr/TU", "1S93-CTr/TU", "1593-CTn/TU"):
        assert REPAIRED + shape("1593.ctrtu") in mention_keys(read)
    assert shape("1593.cvtu") != shape("1598.cvtu")


@pytest.mark.parametrize(
    "text",
    [
        "12 tháng 7",
        "chi bộ 3",
        "2024 2025",
        "",
        "1593",
        "cv tu",
        "5 kế hoạch",
        "1593456 cv tu",
        "1593 " + "a" * 99,
    ],
)
def test_what_is_no_number(text: str) -> None:
    assert loose_key(text) == ""


@pytest.mark.parametrize(
    "text", ["43 kh ubnd", "số 43/KH-UBND", "SO 43 KH-UBND", "43-kh/ubnd", "043 KH UBND", "43.KH.UBND"]
)
def test_loosely_typed_numbers_meet(text: str) -> None:
    assert loose_key(text.replace("SO", "So")) == own_keys("43/KH-UBND")[0]


def test_own_keys_allow_the_beginning() -> None:
    assert own_keys("12/2024/NĐ-CP") == ["12.2024ndcp", "12.2024nd", "12.2024", "12"]
    assert own_keys("Số 7") == ["7"]
    assert own_keys("") == own_keys("không số") == []


@given(ANY)
def test_any_text_is_taken(text: str) -> None:
    clean = canonical(text)
    for number in find_numbers(clean):
        assert clean[number.start : number.end].strip()
        assert " " not in number.key
    assert " " not in loose_key(clean)
    assert all(" " not in key for key in own_keys(clean))


def test_hostile_text_takes_no_time() -> None:
    for text in ("1-" * 200_000, "1" * 400_000, "1- " * 100_000, "l" * 300_000, "1/a" * 100_000):
        mention_keys(text)
    loose_key("1 " * 500)
