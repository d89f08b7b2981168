"""Make the copy that the engine reads: straight, upright, letters in the size the network knows; and the way back.

The page image itself is never touched. Only this copy is turned, scaled and freed of seal ink.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ocr.images import (
    Color,
    Gray,
    brightest,
    dark,
    divided,
    grown,
    labelled,
    luminance,
    paper,
    shrunk,
    turned,
    warped,
)
from ocr.ink import ink_of
from ocr.options import OcrOptions
from ocr.orient import ENOUGH, Survey
from records.geometry import Box, Rotation, back, turn, turned_size

Matrix = NDArray[np.float64]

CAPITAL_PER_LETTER = 1.2
"""Capital height over the median longer side of letter boxes, measured on 10 to 14 pt serif text."""

_STRAIGHT = 0.15
"""Degrees of skew that are not worth a resampling."""

_COARSE = 0.95
"""Below this scale the copy is shrunk by area means before it is turned: linear interpolation alone skips pixels."""

_EDGE_SCALE, _EDGE_BLACK = 8, 90
"""Black borders are looked for on a copy so many times smaller, darker than this of 255."""

_BLACK_SHARE = 0.5
"""Share of the ink that must stay when coloured ink is lifted; below it the writing itself is coloured."""


@dataclass(frozen=True, slots=True)
class ReadingCopy:
    """The gray copy, and what leads from it back to the page image as delivered.

    `to_upright` maps copy pixels to pixels of the upright page; `rotation` is the turn that made the page upright;
    `width` and `height` are those of the delivered image.
    """

    image: Gray
    to_upright: Matrix
    rotation: Rotation
    width: int
    height: int

    def box_back(self, x0: int, y0: int, x1: int, y1: int) -> Box:
        """Return the bounds, in delivered pixels, of a box of the copy."""
        corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], dtype=np.float64)
        moved = corners @ self.to_upright[:, :2].T + self.to_upright[:, 2]
        left, top = np.floor(moved.min(axis=0) + 0.25)
        right, bottom = np.ceil(moved.max(axis=0) - 0.25)
        upright = Box(int(left), int(top), max(int(right), int(left) + 1), max(int(bottom), int(top) + 1))
        size = turned_size(self.rotation, self.width, self.height)
        return turn(upright, back(self.rotation), *size).clamp(self.width, self.height)

    def enlarged(self, width: int, height: int) -> "ReadingCopy":
        """Return the same copy for a delivered image of `width` × `height` of which only a smaller one was turned."""
        small = turned_size(self.rotation, self.width, self.height)
        large = turned_size(self.rotation, width, height)
        grow = np.diag([large[0] / small[0], large[1] / small[1]])
        return replace(self, to_upright=grow @ self.to_upright, width=width, height=height)


def scale_for(found: Survey, dpi: float, capital_height: int) -> float:
    """Return the scale (at most 1) that gives capitals `capital_height` pixels.

    Enlarging 150 dpi pages was measured and does not help. Without enough letters the resolution decides.
    """
    if found.letters < ENOUGH:
        return min(1.0, 300 / dpi)
    return min(max(capital_height / (CAPITAL_PER_LETTER * found.letter_height), 0.1), 1.0)


def capital_on_copy(found: Survey, scale: float) -> float:
    """Return how many pixels high capitals are on a copy of that scale; 30 where too few letters tell."""
    return (
        min(max(CAPITAL_PER_LETTER * found.letter_height * scale, 10.0), 80.0)
        if found.letters >= ENOUGH
        else 30.0
    )


def reading_copy(image: Gray, rotation: Rotation, skew: float, scale: float) -> ReadingCopy:
    """Return the copy of a delivered page turned clockwise by `rotation`, straightened and scaled (1 or less)."""
    height, width = image.shape
    upright = turned(image, rotation)
    straight = abs(skew) < _STRAIGHT
    small = shrunk(upright, 1 / scale) if straight or scale < _COARSE else upright
    grow = np.diag([upright.shape[1] / small.shape[1], upright.shape[0] / small.shape[0], 1.0])
    if straight:
        return ReadingCopy(small, grow[:2], rotation, width, height)
    rest = 1.0 if scale < _COARSE else scale
    forward, room = _straightening(small.shape[1], small.shape[0], skew, rest)
    copy = warped(small, forward[:2], room)
    return ReadingCopy(copy, (grow @ np.linalg.inv(forward))[:2], rotation, width, height)


def cleaned(image: Gray, capital: float, options: OcrOptions) -> Gray:
    """Return a reading copy after the cleaning that `options` ask for; itself when they ask for none."""
    if options.even_paper:
        image = divided(image, np.maximum(paper(image, round(4 * capital)), 1), 245)
    if options.clear_edges:
        image = without_edges(image)
    if options.clear_rules:
        ink = ink_of(image, capital)
        image = np.where(grown(ink.upright_rules | ink.level_rules, 3, 3), np.uint8(np.median(image)), image)
    return image


def without_edges(image: Gray) -> Gray:
    """Return the image with the black that reaches in from its borders painted in the shade of the paper."""
    small = shrunk(image, _EDGE_SCALE)
    labels, blobs = labelled(small < _EDGE_BLACK)
    rim = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    large = [
        n for n in rim if n and blobs[n - 1][4] > small.shape[0] / 4
    ]  # a letter at the border is smaller
    if not large:
        return image
    black = grown(np.isin(labels, large), 3, 3)
    rows = (np.arange(image.shape[0]) * small.shape[0] // image.shape[0])[:, None]
    columns = np.arange(image.shape[1]) * small.shape[1] // image.shape[1]
    return np.where(black[rows, columns], np.uint8(np.median(image)), image)


def without_ink(color: Color) -> Gray:
    """Return colour pixels as gray in which seals and stamps are paper, unless most of the writing is coloured.

    The brightest channel of red or blue ink is near white, that of black ink is dark. A page typed or stencilled in
    blue keeps its plain gray.
    """
    small = shrunk(color, max(1.0, min(color.shape[:2]) / 1200))
    plain, bright = luminance(small), brightest(small)
    ink = dark(plain, window=41, margin=15)
    if not ink.any():
        return brightest(color)
    before = np.percentile(plain, 90) - plain[ink]
    after = np.percentile(bright, 90) - bright[ink]
    stays = float((after >= 0.5 * before).mean())
    return brightest(color) if stays >= _BLACK_SHARE else luminance(color)


def _straightening(width: int, height: int, skew: float, scale: float) -> tuple[Matrix, tuple[int, int]]:
    """Return the 3 × 3 matrix that levels lines falling by `skew` degrees, and the (width, height) that holds all."""
    sine, cosine = np.sin(np.radians(skew)) * scale, np.cos(np.radians(skew)) * scale
    room = (
        int(np.ceil(width * cosine + height * abs(sine))),
        int(np.ceil(width * abs(sine) + height * cosine)),
    )
    linear = np.array([[cosine, sine], [-sine, cosine]])
    shift = np.array(room) / 2 - linear @ np.array([width / 2, height / 2])
    return np.array([[*linear[0], shift[0]], [*linear[1], shift[1]], [0, 0, 1]], dtype=np.float64), room
