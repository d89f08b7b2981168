"""Guesses stand beside what was read, never in its place, and never beside what must not be touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.respell import guess, may_be_respelt, slips
from language.syllables import is_syllable
from ocr.suggest import suggested
from records.geometry import Box
from records.page import Trace, Word


def words(text: str, sure: float = 0.4) -> list[Word]:
    return [
        Word(part, Box(50 * n, 0, 50 * n + 40, 20), sure, 0, Trace(sure))
        for n, part in enumerate(text.split())
    ]


@pytest.mark.parametrize(
    "untouched",
    [
        "1593-CV/TU",
        "09/7/2025",
        "l2",
        "A4",
        "30/2020/NĐ-CP",
        "ban",
        "Hoà",
        "UBND",
        "NGUYỄN",
        "…",
        "",
        "xã,",
        "a" * 12,
    ],
)
def test_numbers_notations_syllables_and_house_words_are_never_guessed_about(untouched: str) -> None:
    assert not may_be_respelt(untouched, 0.1)


def test_names_in_capitals_only_when_the_engine_itself_doubts() -> None:
    assert not may_be_respelt("ĐẮKLK", 0.5)
    assert may_be_respelt("ĐẮKLK", 0.49)


def test_the_text_stays_and_typed_words_are_left_alone() -> None:
    page = words("của táe đồng 1593-CV/TU nhdân")
    typed = Word("zzq", Box(0, 0, 1, 1), 1.0, 0)
    told = suggested([*page, typed])
    assert [w.text for w in told] == [*(w.text for w in page), "zzq"]
    assert told[-1] == typed
    assert all(not w.meant for w in told if any(c.isdigit() for c in w.text))
    assert [w.confidence for w in told] == [*(w.confidence for w in page), 1.0]


@given(st.lists(st.text(min_size=1, max_size=10), max_size=6))
def test_whatever_is_guessed_is_a_syllable_in_the_case_and_signs_of_what_was_read(parts: list[str]) -> None:
    page = [Word(p, Box(0, 0, 9, 9), 0.2, 0, Trace(0.2)) for p in parts]
    for before, after in zip(page, suggested(page), strict=True):
        assert after.text == before.text
        if after.meant:
            held = "".join(c for c in after.meant if c.isalnum())
            assert is_syllable(held) and not any(c.isdigit() for c in before.text)


def test_a_slip_that_is_often_made_is_undone() -> None:
    """Whatever the most frequent slips of the table are: one of them, made in an ordinary phrase, is undone."""
    undone = 0
    common = sorted(
        (
            (chance, read, stood)
            for read, some in slips().items()
            for stood, chance in some
            if read and len(stood) == 1
        ),
        reverse=True,
    )
    for _, read, stood in common[:60]:
        for phrase in ("hồ sơ lưu trữ", "chữ ký số", "tổ chức đảng", "ủy ban nhân dân"):
            before, *rest = phrase.split()
            misread = rest[0].replace(stood, read, 1)
            if misread != rest[0] and may_be_respelt(misread, 0.3):
                found = guess(misread, before, rest[1] if len(rest) > 1 else "")
                undone += found is not None and found.text == rest[0]
    assert undone >= 3
