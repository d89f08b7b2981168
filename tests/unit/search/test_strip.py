"""The strip beside a hit: the words and room around them, never more than a few lines, on every turned page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.geometry import Box, turn, turned_size
from search.strip import HIGHEST, strip_around

SIDE = st.integers(0, 3000)
BOXES = st.lists(
    st.builds(lambda x, y, w, h: Box(x, y, x + w + 1, y + h + 1), SIDE, SIDE, st.integers(0, 900), st.integers(0, 90)),
    min_size=1,
    max_size=6,
)  # fmt: skip
TURNS = st.sampled_from([0, 90, 180, 270])


@given(BOXES, TURNS)
def test_a_strip_lies_on_the_page_and_holds_the_first_box(boxes: list[Box], rotation) -> None:
    strip = strip_around([b.clamp(2480, 3508) for b in boxes], rotation, 2480, 3508)
    if strip is None:
        return  # the first box has no area on this page
    upright = turn(strip.region, rotation, 2480, 3508)
    assert (upright.width, upright.height) == (strip.width, strip.height)
    assert strip.region == strip.region.clamp(2480, 3508)
    assert strip.height <= max(HIGHEST * turned_size(rotation, 2480, 3508)[1], 1)
    assert len(strip.boxes) == len(strip.numbers)
    for box, number in zip(strip.boxes, strip.numbers, strict=True):
        there = turn(boxes[number].clamp(2480, 3508), rotation, 2480, 3508)
        assert (box.x0 + upright.x0, box.y0 + upright.y0) == (there.x0, there.y0)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_line_is_shown_with_the_words_around_it(rotation) -> None:
    from records.geometry import back

    wide, high = 2000, 3000
    page = turned_size(back(rotation), wide, high)
    word, far = Box(900, 1000, 1000, 1030), Box(100, 2900, 200, 2930)
    strip = strip_around([turn(b, back(rotation), wide, high) for b in (word, far)], rotation, *page)
    assert strip is not None and strip.width == 1200 and 60 <= strip.height <= 100
    assert strip.boxes == (Box(550, 22, 650, 52),) and strip.numbers == (0,) and strip.align == "xMid"


def test_without_boxes_there_is_no_strip() -> None:
    assert strip_around([], 0, 100, 100) is None
    assert strip_around([Box(500, 500, 600, 600)], 0, 100, 100) is None
