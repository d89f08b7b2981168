"""A reading comes back with all that is known of its words, from where it is kept and out of another process."""

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.geometry import Box
from records.page import PageText, Region, Trace, Word, dump_page, load_page

numbers = st.integers(min_value=-(2**40), max_value=2**40)
shares = st.floats(min_value=0, max_value=1)
boxes = st.builds(Box, numbers, numbers, numbers, numbers)
words = st.builds(
    Word,
    text=st.text(min_size=1, max_size=12),
    box=boxes,
    confidence=st.floats(min_value=0, max_value=1),
    line=st.integers(min_value=0, max_value=50),
    trace=st.none()
    | st.builds(
        Trace,
        engine=shares,
        lowest=st.none() | shares,
        known=st.none() | st.booleans(),
        reader=st.sampled_from(("first", "second")),
        other=st.none() | st.text(max_size=5),
    ),
    meant=st.text(max_size=8),
)
pages = st.builds(
    PageText,
    page=st.integers(min_value=1, max_value=10**6),
    width=numbers,
    height=numbers,
    dpi=st.floats(min_value=1, max_value=2400),
    rotation=st.sampled_from((0, 90, 180, 270)),
    skew=st.floats(min_value=-10, max_value=10),
    engine=st.text(max_size=20),
    words=st.lists(words, max_size=8).map(tuple),
    state=st.sampled_from(("read", "timed-out", "failed")),
    notes=st.lists(st.text(max_size=8), max_size=3).map(tuple),
    regions=st.lists(
        st.builds(Region, kind=st.sampled_from(("seal", "handwriting")), box=boxes), max_size=3
    ).map(tuple),
)

WORDS = (
    Word("Quyết", Box(1, 2, 30, 12), 0.9, 0, Trace(0.91, 0.83, True, "second", "Quyêt")),
    Word("định", Box(32, 2, 60, 12), 0.8, 0, Trace(0.8, other="")),
    Word("12-QĐ/TU", Box(1, 20, 60, 30), 0.7, 1),
)
PAGE = PageText(1, 100, 100, 300.0, 0, 0.0, "made", WORDS, regions=(Region("seal", Box(5, 5, 40, 40)),))


def test_a_page_comes_back_with_what_is_known_of_each_word() -> None:
    assert load_page(dump_page(PAGE)) == PAGE


def test_words_that_no_engine_read_say_nothing_of_an_engine() -> None:
    written = json.loads(dump_page(PAGE))["words"]
    assert "trace" not in written[2]
    assert written[1]["trace"] == {"engine": 0.8, "reader": "first", "other": ""}


def test_readings_kept_before_traces_still_load() -> None:
    old = json.loads(dump_page(PAGE))
    del old["regions"]
    for word in old["words"]:
        word.pop("trace", None)
    assert load_page(json.dumps(old).encode()).regions == ()
    assert [w.trace for w in load_page(json.dumps(old).encode()).words] == [None, None, None]


def test_a_foreign_trace_is_refused() -> None:
    old = json.loads(dump_page(PAGE))
    old["words"][0]["trace"]["mood"] = "good"
    with pytest.raises(TypeError):
        load_page(json.dumps(old).encode())


@given(pages)
def test_what_travels_between_processes_is_the_same(page: PageText) -> None:
    page.text, page.lines  # noqa: B018  what was worked out on the way does not travel
    there = pickle.loads(pickle.dumps(page))
    assert there == page
    assert there.words == page.words
    assert there.text == page.text
    assert (there.state, there.notes, there.regions) == (page.state, page.notes, page.regions)


def test_a_full_page_is_sent_as_words_and_numbers() -> None:
    line = tuple(Word(f"từ{n}", Box(n, n + 1, n + 2, n + 3), 1 / 3 + n / 1000, n // 10) for n in range(500))
    page = PageText(1, 2480, 3508, 300.0, 0, 0.125, "engine 1", line)
    assert pickle.loads(pickle.dumps(page)) == page
    assert len(pickle.dumps(page)) < 1.2 * len(dump_page(page))
    assert load_page(dump_page(page)).text == page.text
