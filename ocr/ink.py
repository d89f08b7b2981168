"""Sort the dark of a reading copy: ruled lines, strokes too large for letters, and letters that no word covers.

The layout analysis of the engine takes what stands under a seal or a signature for a picture and leaves single digits
of a ruled column out. Here the ink itself tells what was not read. Lengths are in pixels of the reading copy; the unit
is the height of a capital on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocr.engine import Found
from ocr.images import Gray, circles, dark, grown, labelled, opened, padded, shrunk

Mask = NDArray[np.bool_]
Rows = NDArray[np.int32]

_UPRIGHT, _LEVEL = 2.5, 4.0
"""Capitals: a straight run longer than this is a ruled line, not a letter or a dash (up to 1.9 and 1.5)."""

_SHORT, _MARGIN = 5.0, 10
"""Capitals: a patch narrower than this gets so many pixels of paper around it. Single numbers are then read better,
whole lines worse."""

HALF = 2
"""Letters and strokes are looked for on a mask so many times smaller: a quarter of the time, the same places."""

_RING = 4.0, 8.5
"""Capitals: radii of seals; those of offices have 16 to 20 mm, capitals of letters about 3 mm."""

_STROKE = 3.0, 25.0
"""Capitals: the longer side of what may be a ring or a stroke of a pen."""

_MOST_PATCHES = 200
"""Unread lines that are looked at, those with most letters."""

_MOST_STROKES, _MOST_DARK = 200, 0.08
"""Large blobs that are looked at, and the share of the page they may darken: more is noise or a picture."""

_LETTER_HIGH, _LETTER_LOW, _LETTER_WIDE = 1.9, 0.45, 4.0
"""Capitals: bounds of what may be a letter or a few letters that touch."""

_WORD_GAP, _LINE_GAP = 1.3, 0.17
"""Capitals: letters nearer than this, across and down, are of one printed line."""


@dataclass(frozen=True, slots=True)
class Ink:
    """A reading copy and what is dark on it: `all`, the ruled lines in it both ways, the height of its capitals."""

    image: Gray
    all: Mask
    upright_rules: Mask
    level_rules: Mask
    capital: float

    @property
    def writing(self) -> Mask:
        """The dark without ruled lines."""
        return self.all & ~(self.upright_rules | self.level_rules)

    def depth(self, x0: int, y0: int, x1: int, y1: int) -> float:
        """Return how much darker the ink in a box is than its paper, in shades of gray; 0.0 where there is none."""
        view = slice(max(y0, 0), max(y1, 0)), slice(max(x0, 0), max(x1, 0))
        part, ink = self.image[view], self.all[view]
        if not ink.any() or ink.all():
            return 0.0
        return max(float(np.median(part[~ink])) - float(np.percentile(part[ink], 25)), 0.0)


@dataclass(frozen=True, slots=True)
class Patch:
    """A place on the reading copy: box in its pixels, and how many letters seem to stand there."""

    x0: int
    y0: int
    x1: int
    y1: int
    letters: int


@dataclass(frozen=True, slots=True)
class Strokes:
    """Large blobs on the halved mask: the blob number of every pixel; of each large one its row and its number."""

    labels: Rows
    blobs: Rows
    numbers: NDArray[np.intp]


def ink_of(image: Gray, capital: float) -> Ink:
    """Return the dark of a reading copy whose capitals are `capital` pixels high."""
    mask = dark(image, window=round(capital * 1.5), margin=18)
    tall, long = max(round(capital * _UPRIGHT), 8), max(round(capital * _LEVEL), 8)
    return Ink(
        image,
        mask,
        grown(opened(mask, 1, tall), 3, 1) & mask,
        grown(opened(mask, long, 1), 1, 3) & mask,
        capital,
    )


def strokes(ink: Ink) -> Strokes:
    """Return the blobs of writing that are too large for letters and too small for a frame or a picture."""
    labels, blobs = labelled(halved(ink.writing))
    side = HALF * np.maximum(blobs[:, 2], blobs[:, 3])
    large = np.flatnonzero((side >= _STROKE[0] * ink.capital) & (side <= _STROKE[1] * ink.capital))[
        :_MOST_STROKES
    ]
    return Strokes(labels, blobs[large], large + 1)


def seals(ink: Ink, large: Strokes) -> list[Patch]:
    """Return the squares around the rings of seals on the copy, found among its large strokes."""
    lone = np.full(large.labels.shape, 255, np.uint8)
    for (x, y, wide, high, _), number in zip(large.blobs, large.numbers, strict=True):
        view = slice(y, y + high), slice(x, x + wide)
        lone[view][large.labels[view] == number] = 0
    small = shrunk(lone, ink.capital / 7 / HALF)
    factor = ink.all.shape[1] / small.shape[1]
    if not len(large.blobs) or float((small < 128).mean()) > _MOST_DARK:
        return []
    least, most = (bound * ink.capital / factor for bound in _RING)
    found = []
    for x, y, radius in circles(small, least, most):
        x0, y0, x1, y1 = (round(v * factor) for v in (x - radius, y - radius, x + radius, y + radius))
        found.append(Patch(x0, y0, x1, y1, 0))
    return found


def inside(patch: Patch, word: Found | Patch) -> bool:
    """Return whether a word stands wholly inside the ring that `patch` is the square around."""
    x, y, radius = (patch.x0 + patch.x1) / 2, (patch.y0 + patch.y1) / 2, (patch.x1 - patch.x0) / 2
    level = (word.y0 + word.y1) / 2 - y
    return all((side - x) ** 2 + level**2 < (1.05 * radius) ** 2 for side in (word.x0, word.x1))


def margin(ink: Ink, patch: Patch) -> int:
    """Return how many pixels of paper `without_rules` lays around the patch."""
    return _MARGIN if patch.x1 - patch.x0 < _SHORT * ink.capital else 0


def without_rules(ink: Ink, patch: Patch) -> Gray:
    """Return the patch of the copy with ruled lines painted in the shade of the paper, and its margin around it."""
    view = slice(patch.y0, patch.y1), slice(patch.x0, patch.x1)
    part = ink.image[view].copy()
    paper = part[~ink.all[view]]
    shade = round(float(np.median(paper))) if paper.size else 255
    part[grown(ink.upright_rules[view] | ink.level_rules[view], 3, 3)] = shade
    return padded(part, margin(ink, patch), shade)


def unread(ink: Ink, words: Sequence[Found]) -> list[Patch]:
    """Return the lines of letters that no word covers, those with most letters first; specks and strokes are none."""
    writing = ink.writing
    for word in words:
        writing[max(word.y0, 0) : max(word.y1, 0), max(word.x0, 0) : max(word.x1, 0)] = False
    labels, blobs = labelled(halved(writing))
    letter = _letters(blobs, ink.capital / HALF)
    if not letter.any():
        return []
    left = np.concatenate(([False], letter))[labels]
    blobs = blobs[letter]
    across, down = (max(round(ink.capital * part / HALF), 1) for part in (_WORD_GAP, _LINE_GAP))
    groups, _ = labelled(grown(left, across, down))
    rows, columns = np.nonzero(left)
    home = np.zeros(len(letter) + 1, dtype=np.int32)
    home[labels[rows, columns]] = groups[rows, columns]
    home = home[1:][letter]
    order = np.argsort(home, kind="stable")
    starts = np.flatnonzero(np.diff(home[order], prepend=-1))
    counts = np.diff(np.append(starts, len(order)))
    most = np.argsort(-counts, kind="stable")[:_MOST_PATCHES]
    return [_patch(HALF * blobs[order[starts[n] : starts[n] + counts[n]]], ink) for n in most]


def halved(mask: Mask) -> Mask:
    """Return the mask at half the size; a thin stroke stays whole, paper between letters stays paper."""
    return shrunk(mask.view(np.uint8) * np.uint8(255), HALF) > 80


def _letters(blobs: Rows, capital: float) -> Mask:
    wide, high, area = blobs[:, 2], blobs[:, 3], blobs[:, 4]
    return (
        (high >= _LETTER_LOW * capital)
        & (high <= _LETTER_HIGH * capital)
        & (wide <= _LETTER_WIDE * capital)
        & (area >= 0.02 * capital * capital)
    )


def _patch(blobs: Rows, ink: Ink) -> Patch:
    """Return the box of letters with room for the marks above and below them."""
    height, width = ink.all.shape
    room = ink.capital
    return Patch(
        max(int(blobs[:, 0].min() - 0.3 * room), 0),
        max(int(blobs[:, 1].min() - 0.45 * room), 0),
        min(int((blobs[:, 0] + blobs[:, 2]).max() + 0.3 * room), width),
        min(int((blobs[:, 1] + blobs[:, 3]).max() + 0.35 * room), height),
        len(blobs),
    )
