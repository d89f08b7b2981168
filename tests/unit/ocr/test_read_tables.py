"""Words of drawn ruled tables, given in the orders in which a layout analysis gets them wrong."""

import random

import numpy as np
import pytest

from ocr.engine import Found
from ocr.images import Gray
from ocr.ink import Ink, ink_of
from ocr.tables import by_cell, tables

CAPITAL = 30.0
LEVELS, UPRIGHTS = (200, 320, 440, 560), (100, 220, 700, 900)
INNER = [
    ("STT", 120, 240),
    ("Chỉ tiêu", 260, 240),
    ("Số lượng", 720, 240),
    ("1", 140, 360),
    ("Trồng cây", 240, 335),
    ("phân tán", 240, 385),
    ("1.250", 740, 360),
    ("2", 140, 480),
    ("Sửa đường", 240, 480),
    ("34", 760, 480),
]
"""Cells in the order in which a person reads them: text, x, y."""


def word(text: str, x: int, y: int, line: int) -> Found:
    return Found(text, x, y, x + 20 * len(text), y + 40, 0.9, line)


def paper(rise: int = 0, levels: tuple[int, ...] = LEVELS, uprights: tuple[int, ...] = UPRIGHTS) -> Gray:
    """A white page with the table's lines, three pixels thick; level lines fall by `rise` pixels to the right."""
    image = np.full((800, 1000), 250, np.uint8)
    for level in levels:
        for x in range(uprights[0], uprights[-1] + 3):
            y = level + round(rise * (x - uprights[0]) / (uprights[-1] - uprights[0]))
            image[y : y + 3, x] = 20
    for upright in uprights:
        image[levels[0] : levels[-1] + 3, upright : upright + 3] = 20
    return image


def ink(image: Gray) -> Ink:
    return ink_of(image, CAPITAL)


@pytest.mark.parametrize("rise", [0, 3, -4])
def test_the_lines_of_a_table_are_found_though_they_fall_a_little(rise: int) -> None:
    (found,) = tables(ink(paper(rise)))
    assert found.levels == pytest.approx(LEVELS, abs=6)
    assert found.uprights == pytest.approx(UPRIGHTS, abs=6)


@pytest.mark.parametrize("seed", range(10))
def test_whatever_order_the_cells_come_in_they_are_read_row_by_row(seed: int) -> None:
    above, below = word("Kết quả như sau:", 100, 120, 0), word("Nơi nhận:", 100, 700, 99)
    cells = [word(text, x, y, 1 + n) for n, (text, x, y) in enumerate(INNER)]
    random.Random(seed).shuffle(cells)
    got = by_cell([above, *cells, below], ink(paper(3)))
    assert [w.text for w in got] == ["Kết quả như sau:", *(text for text, _, _ in INNER), "Nơi nhận:"]
    assert [w.line for w in got] == list(range(len(got))), "each line of a cell is a line"


def test_a_printed_line_of_a_cell_stays_one_line_and_a_row_taken_for_a_line_is_cut_at_its_cells() -> None:
    row = [
        word("2", 140, 480, 4),
        word("Sửa", 240, 481, 4),
        word("đường", 320, 479, 4),
        word("34", 760, 480, 4),
    ]
    others = [word(text, x, y, 5 + n) for n, (text, x, y) in enumerate(INNER[:7])]
    got = by_cell([*row, *others], ink(paper()))
    assert [[w.text for w in got if w.line == n] for n in range(8, 10)] == [["Sửa", "đường"], ["34"]]
    assert [w.text for w in got][-4:] == ["2", "Sửa", "đường", "34"]


def test_nothing_is_lost_or_changed_but_order_and_line() -> None:
    cells = [word(text, x, y, n % 3) for n, (text, x, y) in enumerate(reversed(INNER))]
    got = by_cell(cells, ink(paper()))
    told = {(w.text, w.x0, w.y0, w.x1, w.y1, w.confidence, w.trace) for w in cells}
    assert {(w.text, w.x0, w.y0, w.x1, w.y1, w.confidence, w.trace) for w in got} == told
    assert len(got) == len(cells)


@pytest.mark.parametrize(
    "image",
    [
        np.full((800, 1000), 250, np.uint8),
        paper(levels=(200, 560), uprights=(100, 900)),  # a frame around a text
        paper(levels=(200, 320, 440, 560), uprights=(100, 900)),  # a list ruled between its lines
        paper(levels=(200, 250), uprights=(100, 150, 200)),  # a stamp's box
    ],
    ids=["blank", "frame", "one column", "small"],
)
def test_without_rows_and_columns_words_stay_as_they_are(image: Gray) -> None:
    words = [word(text, x, y, n) for n, (text, x, y) in enumerate(reversed(INNER))]
    assert by_cell(words, ink(image)) == words


def test_a_table_in_which_one_column_alone_was_read_stays_as_it_is() -> None:
    words = [word("2", 140, 480, 0), word("1", 140, 360, 1)]
    assert by_cell(words, ink(paper())) == words
    assert by_cell([], ink(paper())) == []


def test_two_tables_of_a_page_are_each_put_in_order_where_they_stand() -> None:
    upper, lower = (100, 160, 220, 280), (500, 560, 620, 680)
    image = np.minimum(paper(levels=upper), paper(levels=lower))
    first = [word("a", 140, 110, 0), word("b", 740, 110, 0), word("c", 140, 170, 1), word("d", 740, 170, 1)]
    second = [word("e", 140, 510, 3), word("f", 740, 510, 3), word("g", 140, 570, 4), word("h", 740, 570, 4)]
    between = word("Bảng hai", 100, 400, 2)
    got = by_cell([*reversed(first), between, *reversed(second)], ink(image))
    assert [w.text for w in got] == ["a", "b", "c", "d", "Bảng hai", "e", "f", "g", "h"]
