"""Lines of a page as a reader sees them: upright, straightened, and cut where two columns meet."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ingest.describe_match import letters
from records.geometry import Box
from records.page import PageText, Word

MAX_JOINED = 1500
"""Pieces of a page above which broken lines are not put together again (garbage pages; keeps the time bounded)."""
LONG = 60
"""Words above which a line, letters above which a word, is no print but noise (keeps the time bounded)."""
EDGE = " ,.;:-–—'\"“”‘’*_|()[]><"
"""What seal, pen and rule leave at the ends of words."""
TRUSTED = 0.3
"""Words below this confidence are ink of seals and signatures more often than text."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A word with its place on the upright, straightened page, in pixels."""

    word: Word
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class Line:
    """A run of words without a column gap. Coordinates are those of `Placed`; boxes are as delivered."""

    page: int
    words: tuple[Placed, ...]

    @cached_property
    def text(self) -> str:
        """Words joined by one space."""
        return " ".join(item.word.text for item in self.words)

    @cached_property
    def plain(self) -> str:
        """Folded letters and digits only."""
        return letters(self.text)

    @cached_property
    def x0(self) -> float:
        """Left edge."""
        return min(item.x0 for item in self.words)

    @cached_property
    def x1(self) -> float:
        """Right edge."""
        return max(item.x1 for item in self.words)

    @cached_property
    def y0(self) -> float:
        """Top edge, the median over words (one tall word does not count)."""
        return statistics.median(item.y0 for item in self.words)

    @cached_property
    def y1(self) -> float:
        """Bottom edge, the median over words."""
        return statistics.median(item.y1 for item in self.words)

    @property
    def centre(self) -> float:
        """Middle between left and right."""
        return (self.x0 + self.x1) / 2

    @property
    def middle(self) -> float:
        """Middle between top and bottom."""
        return (self.y0 + self.y1) / 2

    @property
    def confidence(self) -> float:
        """Mean word confidence."""
        return sum(item.word.confidence for item in self.words) / len(self.words)

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Boxes of the words, as delivered."""
        return tuple(item.word.box for item in self.words)

    def part(self, start: int, stop: int | None = None) -> "Line":
        """Return the line of the words [start, stop)."""
        return Line(self.page, self.words[start:stop])


@dataclass(frozen=True)
class Sheet:
    """A page laid out for describing. `unit`: the usual height of a word, the measure of all distances."""

    page: int
    width: float
    height: float
    unit: float
    lines: tuple[Line, ...]

    @cached_property
    def margins(self) -> tuple[float, float]:
        """Left and right edge of the text body, from the widest lines; a tenth of the page when there are none."""
        wide = [line for line in self.lines if line.x1 - line.x0 > 0.5 * self.width]
        if len(wide) < 3:
            return 0.14 * self.width, 0.93 * self.width
        return statistics.median(sorted(line.x0 for line in wide)[: len(wide) // 2 + 1]), statistics.median(
            line.x1 for line in wide
        )


def lay_out(page: PageText) -> Sheet:
    """Return the page as lines from top to bottom, left before right. Pages without words give no lines."""
    width, height = page.upright_size
    placed = [
        [_place(page, word) for word in line if 0 < len(word.text.strip()) <= LONG] for line in page.lines
    ]
    placed = [line for line in placed if line]
    heights = [item.y1 - item.y0 for line in placed for item in line if letters(item.word.text)]
    unit = max(statistics.median(heights), 1.0) if heights else 1.0
    gaps = [b.x0 - a.x1 for line in placed for a, b in zip(line, line[1:], strict=False) if b.x0 > a.x1]
    usual = statistics.median(gaps) if gaps else 0.0
    gap = max(1.2 * unit, min(2.4 * usual, 2.0 * unit))
    pieces = [piece for line in placed for piece in _cut(line, gap)]
    if len(pieces) <= MAX_JOINED:
        pieces = _join(pieces, gap)
    lines = sorted(
        (Line(page.page, tuple(piece)) for piece in pieces), key=lambda line: (line.middle, line.x0)
    )
    return Sheet(page.page, float(width), float(height), unit, tuple(lines))


def rows(lines: Sequence[Line], unit: float) -> list[list[Line]]:
    """Group `lines` (sorted by `middle`) into printed rows, each from left to right."""
    grouped: list[list[Line]] = []
    for line in lines:
        if grouped and abs(line.middle - grouped[-1][0].middle) < 0.6 * unit:
            grouped[-1].append(line)
        else:
            grouped.append([line])
    return [sorted(row, key=lambda line: line.x0) for row in grouped]


def boxes_of(lines: Iterable[Line]) -> tuple[Box, ...]:
    """Return the delivered boxes of all words of `lines`."""
    return tuple(box for line in lines for box in line.boxes)


def trusted(line: Line) -> Line | None:
    """Return `line` without the words that are probably no text; None when nothing is left."""
    kept = tuple(
        item
        for item in line.words
        if item.word.confidence >= TRUSTED and any(c.isalnum() for c in item.word.text)
    )
    return Line(line.page, kept) if kept else None


def _place(page: PageText, word: Word) -> Placed:
    box = page.upright_box(word.box)
    half_width, half_height = box.width / 2, box.height / 2
    width, height = page.upright_size
    angle = math.radians(page.skew) if math.isfinite(page.skew) else 0.0
    dx, dy = (box.x0 + box.x1) / 2 - width / 2, (box.y0 + box.y1) / 2 - height / 2
    x = width / 2 + dx * math.cos(angle) + dy * math.sin(angle)
    y = height / 2 - dx * math.sin(angle) + dy * math.cos(angle)
    return Placed(word, x - half_width, y - half_height, x + half_width, y + half_height)


def _cut(line: list[Placed], gap: float) -> list[list[Placed]]:
    pieces = [[line[0]]]
    for before, item in zip(line, line[1:], strict=False):
        if item.x0 - before.x1 > gap or item.x1 < before.x0 or item.y0 > before.y1 or item.y1 < before.y0:
            pieces.append([item])
        else:
            pieces[-1].append(item)
    return pieces


def _join(pieces: list[list[Placed]], gap: float) -> list[list[Placed]]:
    """Put pieces together that stand in one row closer than a column gap."""
    open_pieces: list[list[Placed]] = []
    for piece in sorted(pieces, key=lambda p: p[0].x0):
        first = piece[0]
        for other in open_pieces:
            last = other[-1]
            shared = min(first.y1, last.y1) - max(first.y0, last.y0)
            height = min(first.y1 - first.y0, last.y1 - last.y0)
            if -0.2 * gap <= first.x0 - last.x1 <= gap and height > 0 and shared > 0.5 * height:
                other.extend(piece)
                break
        else:
            open_pieces.append(piece)
    return open_pieces
