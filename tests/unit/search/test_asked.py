"""A search as it is asked, kept and loosened."""

import json

import pytest

from search.asked import Asked, asked_from_json, asked_to_json
from search.filters import Facet, Filters

ASKED = Asked(
    "thi đua", Filters(issuer=("TỈNH ỦY", "HUYỆN ỦY"), year=(2024, 2025), since=20240101), exact=True
)


def test_what_is_kept_comes_back_the_same() -> None:
    kept = json.loads(json.dumps(asked_to_json(ASKED)))
    assert asked_from_json("thi đua", kept) == ASKED
    assert asked_from_json("x", asked_to_json(Asked("x"))) == Asked("x")


def test_a_filter_nobody_knows_is_an_error() -> None:
    with pytest.raises(TypeError):
        asked_from_json("x", {"filters": {"colour": ["red"]}})


def test_each_narrowing_is_named_and_can_be_taken_off() -> None:
    assert ASKED.narrowed == (
        ("issuer", "TỈNH ỦY"), ("issuer", "HUYỆN ỦY"), ("year", "2024"), ("year", "2025"), ("since", "20240101"),
    )  # fmt: skip
    loose = ASKED
    for name, value in ASKED.narrowed:
        loose = loose.without(name, value)
    assert loose.narrowed == () and loose.filters.empty
    assert ASKED.without("year").filters.year == ()
    assert ASKED.plus(Facet.YEAR, "2025").filters.year == (2024, 2025)
    assert Asked("x").plus(Facet.TYPE, "17").filters == Filters(type=("17",))
