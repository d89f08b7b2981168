"""The second look on drawn lines with the real engine, and its choices where two given readings meet."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr import tesseract
from ocr.engine import Found
from ocr.images import Gray
from ocr.ink import ink_of
from ocr.options import OcrOptions
from ocr.second_look import MOST_LINES, second_look
from records.page import Trace

CAPITAL = 30.0
FONT = "/usr/share/fonts/truetype/croscore/Tinos-Regular.ttf"


def copy_of(*lines: tuple[int, int, str, int]) -> Gray:
    """A white copy 1400 wide with lines (x, y, text, shade) whose capitals are about 30 pixels high."""
    image = Image.new("L", (1400, 600), 250)
    for x, y, text, shade in lines:
        ImageDraw.Draw(image).text((x, y), text, font=ImageFont.truetype(FONT, 45), fill=shade)
    return np.asarray(image)


def word(text: str, x0: int, x1: int, confidence: float, y0: int = 60, line: int = 0) -> Found:
    return Found(text, x0, y0, x1, y0 + 50, confidence, line, Trace(confidence))


class Says:
    """An engine whose second look says what the test wants; it counts how often it is asked."""

    def __init__(self, *words: Found) -> None:
        self.words, self.asked = list(words), 0

    def version(self, options: OcrOptions) -> str:
        return "says"

    def read(self, image: Gray, options: OcrOptions, dpi: int = 300) -> list[Found]:
        raise AssertionError("the second look reads lines only")

    def read_line(self, image: Gray, options: OcrOptions) -> list[Found]:
        self.asked += 1
        return self.words

    def read_number(self, image: Gray, options: OcrOptions) -> list[Found]:
        return []


def looked(first: list[Found], *second: Found) -> list[Found]:
    """Both readings of one line that stands at x 40 to 700, y 60."""
    ink = ink_of(np.full((200, 800), 250, np.uint8), CAPITAL)
    left = min(w.x0 for w in first) - round(0.3 * CAPITAL) - 10  # where the line cut out begins
    return second_look(
        ink, first, [], OcrOptions(), Says(*(replace(w, x0=w.x0 - left, x1=w.x1 - left) for w in second))
    )


def test_a_line_that_was_not_seen_is_read_and_stands_below_the_line_above() -> None:
    ink = ink_of(copy_of((60, 60, "ỦY BAN NHÂN DÂN", 20), (60, 300, "Phạm Thị Hồng Hạnh", 20)), CAPITAL)
    first = [
        word("ỦY", 60, 130, 0.95),
        word("BAN", 145, 250, 0.95),
        word("NHÂN", 262, 400, 0.95),
        word("DÂN", 410, 520, 0.95),
    ]
    read = second_look(ink, first, [], OcrOptions(), tesseract)
    assert [w.text for w in read] == ["ỦY", "BAN", "NHÂN", "DÂN", "Phạm", "Thị", "Hồng", "Hạnh"]
    assert [w.line for w in read] == [0] * 4 + [1] * 4
    assert all(w.trace and w.trace.reader == "second" and w.trace.other == "" for w in read[4:])
    assert all(290 < w.y0 < w.y1 < 380 for w in read[4:])


def test_what_shines_through_from_the_back_is_not_read() -> None:
    ink = ink_of(copy_of((60, 60, "ỦY BAN NHÂN DÂN", 20), (60, 300, "Phạm Thị Hồng Hạnh", 200)), CAPITAL)
    first = [
        word("ỦY", 60, 130, 0.95),
        word("BAN", 145, 250, 0.95),
        word("NHÂN", 262, 400, 0.95),
        word("DÂN", 410, 520, 0.95),
    ]
    assert second_look(ink, first, [], OcrOptions(), tesseract) == first


def test_a_number_beside_a_row_joins_its_line() -> None:
    ink = ink_of(copy_of((60, 60, "12", 20), (160, 60, "Phạm Thị", 20)), CAPITAL)
    read = second_look(
        ink, [word("Phạm", 160, 265, 0.95), word("Thị", 275, 350, 0.95)], [], OcrOptions(), tesseract
    )
    assert [(w.text, w.line) for w in read] == [("12", 0), ("Phạm", 0), ("Thị", 0)]


def test_the_surer_reading_wins_and_both_are_kept() -> None:
    (better,) = looked([word("đưong", 40, 160, 0.4)], word("đường", 40, 160, 0.9))
    assert better.text == "đường" and better.trace == Trace(0.9, reader="second", other="đưong")
    (same,) = looked([word("đường", 40, 160, 0.55)], word("đưong", 40, 160, 0.5))
    assert same.text == "đường" and same.trace == Trace(0.55, reader="first", other="đưong")


def test_a_syllable_counts_more_but_never_against_digits_and_capitals() -> None:
    assert [w.text for w in looked([word("ngiêng", 40, 160, 0.55)], word("nghiêng", 40, 160, 0.54))] == [
        "nghiêng"
    ]
    assert [w.text for w in looked([word("NGIÊNG", 40, 160, 0.55)], word("NGHIÊNG", 40, 160, 0.54))] == [
        "NGIÊNG"
    ]
    assert [w.text for w in looked([word("I2/2O", 40, 160, 0.55)], word("mười", 40, 160, 0.54))] == ["I2/2O"]


def test_sure_lines_are_left_alone() -> None:
    engine = Says(word("khác", 40, 160, 1.0))
    first = [word("đường", 40, 160, 0.9)]
    ink = ink_of(np.full((200, 800), 250, np.uint8), CAPITAL)
    assert second_look(ink, first, [], OcrOptions(), engine) == first and engine.asked == 0


def test_a_page_of_doubt_costs_no_more_than_the_budget() -> None:
    engine = Says()
    first = [word("ngờ", 40, 100, 0.55, y0=20 + 4 * n, line=n) for n in range(4 * MOST_LINES)]
    ink = ink_of(np.full((2000, 800), 250, np.uint8), CAPITAL)
    assert len(second_look(ink, first, [], OcrOptions(), engine)) == len(first)
    assert engine.asked == MOST_LINES


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (300, 300)])
def test_an_empty_copy_is_no_word(shape: tuple[int, int]) -> None:
    engine = Says(word("ma", 0, 10, 1.0))
    assert second_look(ink_of(np.full(shape, 255, np.uint8), CAPITAL), [], [], OcrOptions(), engine) == []
    assert engine.asked == 0
