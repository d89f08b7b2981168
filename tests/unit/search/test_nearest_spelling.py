"""A query that found nothing gets the nearest spelling, never a number or a right syllable exchanged."""

import doctest

import pytest

import search.nearest_spelling
from search.nearest_spelling import nearest_spelling


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(search.nearest_spelling).failed == 0


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("giay gioithieu dang", "giay gioi thieu dang"),
        ("khing phai", "khong phai"),
        ('"cnuyen sinh" năm:2025', '"chuyen sinh" năm:2025'),
        ("12-QĐ/UBND", ""),
        ("", ""),
        ("\ud800 ??", ""),
    ],
)
def test_what_is_offered(typed: str, offered: str) -> None:
    assert nearest_spelling(typed) == offered
