"""Bring the words of ruled tables into the order of their cells: row after row, and every cell read to its end.

The layout analysis takes a row of cells for one printed line, a column for a block, or leaves cells to be found later;
the ruled lines tell what belongs together. A cell of two lines is one piece of text ("toàn" / "khóa"), so each of its
lines stays a line of its own, as a person reads it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ocr.engine import Found
from ocr.images import grown, labelled
from ocr.ink import HALF, Ink, Mask, halved

_WIDE, _HIGH = 12.0, 2.5
"""Capitals: a frame of ruled lines smaller than this is a box around a word or a stamp, no table."""

_RUNS = 0.6
"""Share of the table's width that a level line must run along to part two rows."""

_STANDS = 0.6
"""Share of the table's height that an upright line must run along to part two columns."""

_LEAST_ROWS, _LEAST_COLUMNS = 2, 2

_JOINED = 0.5
"""Capitals: ruled lines whose ends come so near to each other are of one frame."""

_SAME_LINE = 0.5
"""Share of the lower word's height by which two words of a cell must overlap to stand on one line."""


@dataclass(frozen=True, slots=True)
class Table:
    """A ruled table on the reading copy: where its level and upright lines are (pixels), ascending, frame included."""

    levels: tuple[int, ...]
    uprights: tuple[int, ...]

    def cell(self, word: Found) -> tuple[int, int] | None:
        """Return (row, column) of the cell that the middle of a word lies in, None outside the table."""
        row = int(np.searchsorted(self.levels, (word.y0 + word.y1) / 2)) - 1
        column = int(np.searchsorted(self.uprights, (word.x0 + word.x1) / 2)) - 1
        if 0 <= row < len(self.levels) - 1 and 0 <= column < len(self.uprights) - 1:
            return row, column
        return None


def tables(ink: Ink) -> list[Table]:
    """Return the ruled tables of a reading copy, from the top."""
    least = (_LEAST_COLUMNS + 1) * _STANDS * _HIGH * ink.capital
    if np.count_nonzero(ink.upright_rules) < least:  # most pages: nothing stands upright but letters
        return []
    rules = halved(ink.level_rules) | halved(ink.upright_rules)
    reach = max(round(_JOINED * ink.capital / HALF), 1)
    _, frames = labelled(grown(rules, reach, reach))
    found = []
    for x, y, wide, high, _ in sorted(frames.tolist(), key=lambda frame: (frame[1], frame[0])):
        if HALF * wide < _WIDE * ink.capital or HALF * high < _HIGH * ink.capital:
            continue
        view = slice(HALF * y, HALF * (y + high)), slice(HALF * x, HALF * (x + wide))
        levels = _lines(ink.level_rules[view], 1, _RUNS, ink.capital)
        uprights = _lines(ink.upright_rules[view], 0, _STANDS, ink.capital)
        if len(levels) > _LEAST_ROWS and len(uprights) > _LEAST_COLUMNS:
            found.append(
                Table(tuple(HALF * y + at for at in levels), tuple(HALF * x + at for at in uprights))
            )
    return found


def _lines(rules: Mask, axis: int, share: float, capital: float) -> list[int]:
    """Return where ruled lines run along `share` of a frame, counted across `axis`; near ones are one.

    A line that rises by a few pixels over the page is spread over as many rows: its ink within a third of a capital
    counts together.
    """
    window = max(round(capital / 3), 3)
    spread = grown(rules, 1, window) if axis == 1 else grown(rules, window, 1)
    along = spread.mean(axis=axis) >= share
    edges = np.flatnonzero(np.diff(np.concatenate(([False], along, [False])).astype(np.int8)))
    middles = [int(start + end) // 2 for start, end in edges.reshape(-1, 2)]
    return [at for n, at in enumerate(middles) if n == 0 or at - middles[n - 1] >= capital]


def by_cell(words: Sequence[Found], ink: Ink) -> list[Found]:
    """Return the words with those of every ruled table in the order of its cells, where its first word stood."""
    out = list(words)
    for table in tables(ink):
        cells = [table.cell(word) for word in out]
        inside = [(cell, word) for cell, word in zip(cells, out, strict=True) if cell]
        if len({cell for cell, _ in inside}) < _LEAST_ROWS * _LEAST_COLUMNS:
            continue
        put = next(at for at, cell in enumerate(cells) if cell)
        before = [word for word, cell in zip(out[:put], cells[:put], strict=True) if not cell]
        after = [word for word, cell in zip(out[put:], cells[put:], strict=True) if not cell]
        out = _counted([_own_lines(before), _ordered(inside), _own_lines(after)])
    return out


def _ordered(inside: Sequence[tuple[tuple[int, int], Found]]) -> list[list[Found]]:
    """Return the lines of a table's cells: row by row, cell by cell, line by line."""
    cells: dict[tuple[int, int], list[Found]] = {}
    for cell, word in inside:
        cells.setdefault(cell, []).append(word)
    return [line for cell in sorted(cells) for line in _cell_lines(cells[cell])]


def _cell_lines(words: Sequence[Found]) -> list[list[Found]]:
    """Return the printed lines of one cell, each from the left."""
    lines: list[list[Found]] = []
    for word in sorted(words, key=lambda w: (w.y0 + w.y1, w.x0)):
        if lines and _beside(lines[-1], word):
            lines[-1].append(word)
        else:
            lines.append([word])
    return [sorted(line, key=lambda w: w.x0) for line in lines]


def _beside(line: Sequence[Found], word: Found) -> bool:
    last = line[-1]
    shared = min(last.y1, word.y1) - max(last.y0, word.y0)
    return shared > _SAME_LINE * min(last.y1 - last.y0, word.y1 - word.y0)


def _own_lines(words: Sequence[Found]) -> list[list[Found]]:
    """Return the words cut where the number of their line changes."""
    lines: list[list[Found]] = [[word] for word in words[:1]]
    for last, word in pairwise(words):
        if word.line == last.line:
            lines[-1].append(word)
        else:
            lines.append([word])
    return lines


def _counted(parts: Sequence[Sequence[Sequence[Found]]]) -> list[Found]:
    """Return all words with their lines counted from 0."""
    lines = [line for part in parts for line in part]
    return [replace(word, line=number) for number, line in enumerate(lines) for word in line]
