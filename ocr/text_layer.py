"""Lay the words of one page over its picture: invisible, one text line per printed line, every word on its ink.

The page is upright in PDF user space, so text runs left to right. All words of a line share size and base line (both
fitted to the word boxes), because readers split what differs; the width of a word is set by horizontal scaling.
See docs/decisions/0017.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import median

from ocr.invisible_font import InvisibleFont, shape
from ocr.pdf_file import number
from records.geometry import Box
from records.page import PageText

GAP = 0.17
"""Least space between two words of a line, in font sizes: `pdftotext -raw` glues what is nearer than 0.15."""

LEAST = 0.05
"""Least width of a word, in font sizes, where others stand in its way."""

SAME_SIZE = 1.2
"""Lines whose sizes differ by less than this factor get one size: poppler never reads two sizes as one block."""

SIZE_RANGE = 3
"""No line is larger or smaller than the page's usual size by more than this factor (specks and rules read as letters),
nor larger than its widths suggest (a column of digits read as one tall word)."""

ROW_END = 2
"""How far below its row the space stands that ends a row for pdfium, in font sizes (see `text_content`)."""

MAX_SLOPE = math.tan(math.radians(10))


@dataclass(frozen=True, slots=True)
class Placed:
    """One word in upright pixels: `text` as it will be written, ink bounds left and right, base line at its left."""

    text: str
    x0: float
    x1: float
    base: float


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """One printed line: font size in pixels and its words."""

    size: float
    words: tuple[Placed, ...]


@dataclass(frozen=True, slots=True)
class _Ink:
    """A word as read, with the extents that its letters usually have (in font sizes, above and below the base)."""

    text: str
    box: Box
    top: float
    bottom: float

    @property
    def centre(self) -> float:
        return (self.box.x0 + self.box.x1) / 2


def writable(text: str) -> str:
    """Return `text` as the layer can carry it: no control characters, no surrogates, no U+FEFF or noncharacters."""
    if text.isalnum():
        return text
    kept = "".join(
        c if c.isprintable() or ord(c) > 0xA0 else " " for c in text if c not in "\ufeff\ufffe\uffff"
    )
    return " ".join("".join(c for c in kept if not 0xD800 <= ord(c) <= 0xDFFF).split())


def place_lines(page: PageText) -> list[PlacedLine]:
    """Return where each word of `page` goes, in pixels of the upright image."""
    lines = []
    for words in page.lines:
        inks = [_ink(text, page.upright_box(w.box)) for w in words if (text := writable(w.text))]
        if inks:
            lines.append(inks)
    if not lines:
        return []
    sizes = [_size(inks) for inks in lines]
    usual = median(size for size, inks in zip(sizes, lines, strict=True) for _ in inks)
    sizes = [min(max(size, usual / SIZE_RANGE), usual * SIZE_RANGE) for size in sizes]
    sizes = _common_sizes([min(size, _widest(inks)) for size, inks in zip(sizes, lines, strict=True)])
    slope = math.tan(math.radians(page.skew))
    placed = [_place(inks, size, slope) for inks, size in zip(lines, sizes, strict=True)]
    return _keep_apart(placed, usual)


def text_content(page: PageText, font: InvisibleFont, scale: float) -> bytes:
    """Return the content stream part that writes the words of `page`; `scale` is points per pixel.

    The font must be the resource /T of the page. Empty when nothing was read.
    """
    height = page.upright_size[1]
    out: list[bytes] = []
    x = y = -math.inf
    for line in place_lines(page):
        size = max(line.size * scale, 0.5)
        start_x, start_y = line.words[0].x0 * scale, (height - line.words[0].base) * scale
        if start_x < x and abs(start_y - y) < size:
            # pdfium sorts what it takes for one row by x; a space far below the row ends the row for it
            out.append(b"1 0 0 1 %s %s Tm%sTj" % (number(x), number(y - ROW_END * size), font.encode(" ")))
        x, y = start_x, start_y
        out.append(b"/T %s Tf 1 0 0 1 %s %s Tm" % (number(size), number(x), number(y)))
        for word in line.words:
            new_x, new_y = word.x0 * scale, (height - word.base) * scale
            if (new_x, new_y) != (x, y):
                out.append(b"%s %s Td" % (number(new_x - x), number(new_y - y)))
                x, y = new_x, new_y
            stretch = 100 * (word.x1 - word.x0) * scale / (_extent(word.text)[0] * size)
            # the space after each word, the last of a line too, keeps readers from gluing what stands side by side
            out.append(b"%s Tz%sTj" % (number(max(stretch, 1)), font.encode(word.text + " ")))
    return b"BT 3 Tr\n" + b"\n".join(out) + b"\nET\n" if out else b""


def _ink(text: str, box: Box) -> _Ink:
    _, top, bottom = _extent(text)
    return _Ink(text, box, top, bottom)


@lru_cache(maxsize=16_384)
def _extent(text: str) -> tuple[float, float, float]:
    """Return natural width, top and bottom of a word in font sizes."""
    shapes = [shape(char) for char in text]
    tall = [s for s, char in zip(shapes, text, strict=True) if char != " "]
    return (
        sum(s.width for s in shapes) / 1000,
        max(s.top for s in tall) / 1000,
        min(s.bottom for s in tall) / 1000,
    )


def _size(inks: Sequence[_Ink]) -> float:
    """Return the font size in pixels that explains the heights of the words best."""
    telling = [i for i in inks if i.top - i.bottom > 0.3] or inks
    return max(median(i.box.height / max(i.top - i.bottom, 0.1) for i in telling), 1.0)


def _widest(inks: Sequence[_Ink]) -> float:
    """Return the largest font size in pixels that the widths of the words allow."""
    return max(median(i.box.width / _extent(i.text)[0] for i in inks) * SIZE_RANGE, 1.0)


def _common_sizes(sizes: Sequence[float]) -> list[float]:
    """Return `sizes` with those that lie close together made equal (their median)."""
    order = sorted(range(len(sizes)), key=lambda n: sizes[n])
    common = list(sizes)
    group: list[int] = []
    for n in [*order, -1]:
        if group and (n < 0 or sizes[n] > sizes[group[0]] * SAME_SIZE):
            middle = median(sizes[m] for m in group)
            for m in group:
                common[m] = middle
            group = []
        group.append(n)
    return common


def _place(inks: Sequence[_Ink], size: float, slope: float) -> PlacedLine:
    base, slope = _base_line(inks, size, slope)
    words: list[Placed] = []
    for ink, following in zip(inks, [*inks[1:], None], strict=True):
        x0, x1 = float(ink.box.x0), float(max(ink.box.x1, ink.box.x0 + 1))
        if words and words[-1].x0 <= x0 < words[-1].x1 + GAP * size:
            x0 = words[-1].x1 + GAP * size  # boxes read over each other: text first, ink second
        if following is not None and following.box.x0 >= ink.box.x0:
            x1 = min(x1, following.box.x0 - GAP * size)
        x1 = max(x1, x0 + LEAST * size)
        words.append(Placed(ink.text, x0, x1, base + slope * ink.centre))
    return PlacedLine(size, tuple(words))


def _keep_apart(lines: Sequence[PlacedLine], usual: float) -> list[PlacedLine]:
    """Return `lines` with words cut short that reach into a word of another line on the same row (cells of a table)."""
    rows: dict[int, list[tuple[float, int, float]]] = {}
    for place, line in enumerate(lines):
        for word in line.words:
            rows.setdefault(int(word.base // usual), []).append((word.x0, place, word.base))
    for row in rows.values():
        row.sort()

    def end(word: Placed, size: float, place: int) -> float:
        x1 = word.x1
        for at in range(int(word.base // usual) - 1, int(word.base // usual) + 2):
            row = rows.get(at, [])
            for x0, other, base in row[bisect_right(row, (word.x0, len(lines), 0.0)) :]:
                if x0 >= x1 + GAP * size:
                    break
                if other != place and abs(base - word.base) < size / 2:
                    x1 = min(x1, max(x0 - GAP * size, word.x0 + LEAST * size))
        return x1

    return [
        replace(line, words=tuple(replace(w, x1=end(w, line.size, place)) for w in line.words))
        for place, line in enumerate(lines)
    ]


def _base_line(inks: Sequence[_Ink], size: float, slope: float) -> tuple[float, float]:
    """Return the base line as (height at x = 0, slope), downwards positive: `slope` of the page unless words deny it.

    Each word guesses its base from the middle of its box, which errs half as much as either edge.
    """
    points = [(i.centre, (i.box.y0 + i.box.y1) / 2 + (i.top + i.bottom) / 2 * size) for i in inks]
    if len(points) >= 4 and points[-1][0] - points[0][0] > 8 * size:
        steep = [
            (b[1] - a[1]) / (b[0] - a[0])
            for n, a in enumerate(points)
            for b in points[n + 1 :]
            if abs(b[0] - a[0]) > 3 * size
        ]
        if steep:
            slope = max(-MAX_SLOPE, min(MAX_SLOPE, median(steep)))
    return median(y - slope * x for x, y in points), slope
