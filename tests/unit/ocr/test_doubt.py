"""Confidence that means something: the model holds its shape, follows the evidence, and leaves people's words alone."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr.doubt import FEATURES, WEIGHTS, chance, features, judged, weights
from records.geometry import Box
from records.page import Trace, Word

LINE = "Ủy ban nhân dân xã thông báo".split()


def line(texts: list[str], engine: float = 0.95, lowest: float | None = 0.993, **trace: object) -> list[Word]:
    return [
        Word(
            text,
            Box(100 * n, 10, 100 * n + 18 * len(text), 50),
            engine,
            0,
            Trace(engine, lowest, True, **trace),
        )
        for n, text in enumerate(texts)
    ]


def right(words: list[Word], n: int) -> float:
    return judged(words)[n].confidence


def test_the_weights_are_for_these_features_and_rates_never_fall() -> None:
    model = weights()
    assert len(model.weights) == len(model.means) == len(model.scales) == len(FEATURES)
    assert all(a <= b for a, b in zip(model.knots, model.knots[1:], strict=False))
    assert [rate for _, rate in model.knots] == sorted(rate for _, rate in model.knots)
    assert json.loads(WEIGHTS.read_text())["features"] == list(FEATURES)


def test_clear_words_are_sure() -> None:
    assert all(word.confidence > 0.94 for word in judged(line(LINE)))


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda w: replace(w, text="nhdn", trace=Trace(0.6, 0.3, False)),
        lambda w: replace(w, trace=Trace(0.5, 0.1, True)),
        lambda w: replace(w, text="|", trace=Trace(0.6, 0.6, False)),
    ],
)
def test_evidence_against_a_word_lowers_it(spoilt) -> None:
    words = line(LINE)
    worse = [*words[:2], spoilt(words[2]), *words[3:]]
    assert right(worse, 2) < right(words, 2) - 0.05


def test_a_word_a_person_typed_stays_as_it_is() -> None:
    words = line(LINE)
    words[1] = replace(words[1], text="zzz", confidence=1.0, trace=None)
    assert judged(words)[1] == words[1]


def test_an_engine_that_tells_no_letters_is_judged_too() -> None:
    words = [replace(w, trace=Trace(w.confidence)) for w in line(LINE)]
    assert all(0.5 < word.confidence <= 1.0 for word in judged(words))


def test_no_words_no_judgement() -> None:
    assert judged([]) == ()
    assert features([]) == []


@given(
    st.lists(
        st.builds(
            Word,
            st.text(min_size=1, max_size=12),
            st.builds(lambda x, w, h: Box(x, x, x + w, x + h), *[st.integers(0, 70000)] * 3),
            st.floats(0, 1),
            st.integers(0, 3),
            st.none()
            | st.builds(Trace, st.floats(0, 1), st.none() | st.floats(0, 1), st.none() | st.booleans()),
        ),
        max_size=12,
    )
)
def test_anything_gets_a_chance_between_nothing_and_one(words: list[Word]) -> None:
    told = judged(words)
    assert [w.text for w in told] == [w.text for w in words]
    assert all(0.0 <= w.confidence <= 1.0 for w in told)


def test_the_same_words_the_same_chance() -> None:
    rows = features(line(LINE))
    assert [chance(row, weights()) for row in rows] == [
        chance(row, weights()) for row in features(line(LINE))
    ]
