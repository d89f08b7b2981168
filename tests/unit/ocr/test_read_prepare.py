import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr.images import turned
from ocr.orient import Survey
from ocr.prepare import reading_copy, scale_for, without_ink
from records.geometry import Box


def page_with_a_block(width: int, height: int, box: Box) -> np.ndarray:
    image = np.full((height, width), 255, np.uint8)
    image[box.y0 : box.y1, box.x0 : box.x1] = 0
    return image


@settings(max_examples=60, deadline=None)
@given(
    rotation=st.sampled_from([0, 90, 180, 270]),
    skew=st.floats(-10, 10),
    scale=st.floats(0.3, 1.0),
    left=st.integers(20, 250),
    top=st.integers(20, 150),
    wide=st.integers(20, 120),
    high=st.integers(12, 40),
)
def test_ink_found_on_the_copy_is_found_back_on_the_page(
    rotation: int, skew: float, scale: float, left: int, top: int, wide: int, high: int
) -> None:
    """The law of the way back: the bounds of what is dark on the copy, brought back, hold the block and little more."""
    box = Box(left, top, left + wide, top + high)
    copy = reading_copy(page_with_a_block(420, 300, box), rotation, skew, scale)
    rows, columns = np.nonzero(copy.image < 128)
    back = copy.box_back(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    lean = np.sin(np.radians(abs(skew)))
    slack = 2 / scale + 2
    assert back.x0 <= box.x0 + slack and back.y0 <= box.y0 + slack
    assert back.x1 >= box.x1 - slack and back.y1 >= box.y1 - slack
    # a box turned twice grows by its other side times the sine, once there and once back
    assert back.width <= box.width + 2 * lean * (box.height + box.width) + 2 * slack
    assert back.height <= box.height + 2 * lean * (box.height + box.width) + 2 * slack


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_right_angle_turns_lose_no_pixel(rotation: int) -> None:
    image = np.arange(12 * 7, dtype=np.uint8).reshape(12, 7)
    copy = reading_copy(image, rotation, 0.0, 1.0)
    assert np.array_equal(copy.image, turned(image, rotation))
    height, width = copy.image.shape
    assert copy.box_back(0, 0, width, height) == Box(0, 0, 7, 12)


def test_boxes_never_leave_the_page() -> None:
    copy = reading_copy(np.full((200, 300), 255, np.uint8), 90, 7.0, 0.5)
    height, width = copy.image.shape
    box = copy.box_back(-5, -5, width + 5, height + 5)
    assert (box.x0, box.y0, box.x1, box.y1) == (0, 0, 300, 200)


def test_scale_brings_capitals_to_size_and_never_enlarges() -> None:
    many = Survey(0, 180, sure=True, skew=0.0, letters=500, letter_height=50.0)
    assert scale_for(many, 600, 30) == pytest.approx(0.5)
    tiny = Survey(0, 180, sure=True, skew=0.0, letters=500, letter_height=10.0)
    assert scale_for(tiny, 150, 30) == 1.0
    none = Survey(0, 180, sure=False, skew=0.0, letters=2, letter_height=3.0)
    assert scale_for(none, 600, 30) == 0.5


def colored(ink: tuple[int, int, int], seal: tuple[int, int, int] | None = None) -> np.ndarray:
    page = np.full((600, 500, 3), 250, np.uint8)
    for row in range(50, 550, 30):
        for column in range(30, 470, 14):
            page[row : row + 12, column : column + 8] = ink
    if seal:
        page[200:260, 300:360] = seal
    return page


def test_red_seal_becomes_paper_and_black_text_stays() -> None:
    gray = without_ink(colored((20, 20, 20), seal=(230, 30, 40)))
    assert gray[230, 330] > 200
    assert gray[55, 33] < 50


def test_a_page_written_in_blue_keeps_its_writing() -> None:
    gray = without_ink(colored((40, 40, 200)))
    assert gray[55, 33] < 120
