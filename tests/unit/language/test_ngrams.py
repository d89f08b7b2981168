"""The syllable model must prefer what is Vietnamese, take anything, and be made of what its script made."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.ngrams import BORDER, COUNTS, counts, keys_of, log_chance, score
from language.syllables import inventory


@pytest.mark.parametrize(
    ("likely", "unlikely"),
    [
        ("Ủy ban nhân dân", "Ủy bạn nhăn dần"),
        ("Căn cứ Quyết định số", "Cần cử Quyết đình sò"),
        ("chữ ký số của tổ chức", "chữ kỷ số cùa tồ chức"),
        ("hồ sơ lưu trữ", "sơ trữ hồ lưu"),
        ("Đảng ủy xã", "Đàng ùy xà"),
    ],
)
def test_official_words_are_likelier_than_their_misreadings(likely: str, unlikely: str) -> None:
    assert score(likely.split()) > score(unlikely.split()) + 0.5


@given(st.lists(st.text(max_size=12), max_size=8))
def test_any_words_have_a_score(words: list[str]) -> None:
    value = score(words)
    assert math.isfinite(value)
    assert value <= 0.0


@pytest.mark.parametrize("before", [BORDER, "uy?", "#", "never-seen"])
def test_chances_after_anything_make_no_more_than_one(before: str) -> None:
    """Over all syllables and all that was counted; the rest is left for what nobody has seen."""
    keys = inventory() | set(counts().ones)
    assert 0.9 < sum(math.exp(log_chance(before, key)) for key in keys) < 1.01


def test_a_number_is_a_number_whatever_it_says() -> None:
    assert keys_of("30/2020/NĐ-CP") == keys_of("12") == ["#"]
    assert score(["ngày", "09/7/2025"]) == score(["ngày", "1"])


def test_no_words_are_no_surprise() -> None:
    assert score([]) == score(["…", "--"]) == 0.0


def test_the_table_stays_small() -> None:
    assert COUNTS.stat().st_size < 500_000
