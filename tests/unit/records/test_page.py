"""A reading comes out of another process as it went in, to the last digit, and lightly."""

import pickle

from hypothesis import given
from hypothesis import strategies as st

from records.geometry import Box
from records.page import PageText, Word, dump_page, load_page

numbers = st.integers(min_value=-(2**40), max_value=2**40)
words = st.builds(
    Word,
    text=st.text(min_size=1, max_size=12),
    box=st.builds(Box, numbers, numbers, numbers, numbers),
    confidence=st.floats(min_value=0, max_value=1),
    line=st.integers(min_value=0, max_value=50),
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
)


@given(pages)
def test_what_travels_between_processes_is_the_same(page: PageText) -> None:
    page.text, page.lines  # noqa: B018  what was worked out on the way does not travel
    there = pickle.loads(pickle.dumps(page))
    assert there == page
    assert there.words == page.words
    assert there.text == page.text
    assert (there.state, there.notes) == (page.state, page.notes)


def test_a_full_page_is_sent_as_words_and_numbers() -> None:
    line = tuple(Word(f"từ{n}", Box(n, n + 1, n + 2, n + 3), 1 / 3 + n / 1000, n // 10) for n in range(500))
    page = PageText(1, 2480, 3508, 300.0, 0, 0.125, "engine 1", line)
    assert pickle.loads(pickle.dumps(page)) == page
    assert len(pickle.dumps(page)) < 1.2 * len(dump_page(page))
    assert load_page(dump_page(page)).text == page.text
