"""Misread syllables are brought back as candidates: likely ones only, never for what is a syllable."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

import language.readings
from language.readings import MOST, is_doubtful, readings_in, readings_of
from language.syllables import folded_inventory


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(language.readings).failed == 0


@pytest.mark.parametrize(
    ("read", "stood"),
    [
        ("cnuyen", ("chuyen",)),  # a letter broken
        ("d1eu", ("dieu",)),
        ("c0ng", ("cong",)),
        ("rnot", ("mot",)),
        ("nhlem", ("nhiem",)),
        ("congtac", ("cong", "tac")),  # a space lost
        ("2025ve", ("2025", "ve")),
        ("nghiemk", ("nghiem",)),  # a speck read as a letter
    ],
)
def test_one_slip_is_undone(read: str, stood: tuple[str, ...]) -> None:
    assert is_doubtful(read)
    assert stood in [reading.syllables for reading in readings_of(read)[:MOST]]


@pytest.mark.parametrize(
    "run", ["chuyen", "nghieng", "ubnd", "2025", "1593", "x", "", "abcdefghijklmnopqrst"]
)
def test_what_is_no_misreading_is_left_alone(run: str) -> None:
    assert not is_doubtful(run)


def test_a_space_that_was_never_there_is_taken_out() -> None:
    found = readings_in(["can", "bo", "chuye", "n", "sinh", "hoat"])
    assert "chuyen" in found.syllables
    assert {"bo_chuyen", "chuyen_sinh", "can_chuyen", "chuyen_hoat"} <= set(found.pairs)


def test_the_neighbours_decide_among_equals() -> None:
    assert ("khong",) not in [reading.syllables for reading in readings_of("khing")[:MOST]]
    assert "khong" in readings_in(["khing", "phai"]).syllables
    assert len(readings_in(["khing"]).syllables) == MOST


@given(st.lists(st.text("abcdeghiklmnopqrstuvxy01l", min_size=1, max_size=12), max_size=12))
def test_any_text_is_read_and_only_syllables_are_offered(runs: list[str]) -> None:
    found = readings_in(runs)
    assert set(found.syllables) <= folded_inventory() | {s for s in found.syllables if s.isdecimal()}
    assert all(pair.count("_") == 1 and "" not in pair.split("_") for pair in found.pairs)
    assert not found.pairs or found.syllables
