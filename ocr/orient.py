"""See from the edges of the letters which way a page is up and how much it leans, without reading a word.

Bottoms of Latin letters stand on one line far more often than their tops end on one: capitals, ascenders and the
marks of Vietnamese all reach up, few letters reach down. So of the four edges of all letter boxes the one that lines
up best is the bottom, and the angle at which it lines up best is the skew. Costs about 20 ms a page.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocr.images import Gray, components, dark, shrunk
from records.geometry import Rotation

Numbers = NDArray[np.float64]

SURVEY_DPI = 150
MAX_SKEW = 10.0
_SURE = 0.85
"""A runner-up with more than this share of the winner's evidence is doubt (0.71 was the highest on 61 pages)."""
_ABOVE_CHANCE = 2.5
"""How much sharper than strewn specks the winner must be; the least of 61 pages was 5.2 times."""
ENOUGH = 40
"""Letters that the evidence needs before it counts at all."""
_FEWEST = 8
"""Letters under which no line can be seen."""
_A4_INCHES = 8.27
_BIN = 2.0
"""Pixels of the working size within which bottoms count as one line."""
_TURNS: tuple[Rotation, ...] = (0, 90, 180, 270)


@dataclass(frozen=True, slots=True)
class Survey:
    """What the letter boxes of a page tell. Lengths are pixels of the surveyed image.

    `turn`: clockwise turn that makes it upright, `runner_up` the next likely; `sure`: whether the evidence is clear
    (else all three are a guess). `skew`: degrees left after
    that turn, positive when lines fall to the right. `letters`: boxes that look like letters. `letter_height`:
    their median longer side, 0.0 without letters.
    """

    turn: Rotation
    runner_up: Rotation
    sure: bool
    skew: float
    letters: int
    letter_height: float


def survey(image: Gray, dpi: float) -> Survey:
    """Look at the letters of a page of about `dpi` dots per inch (only used to choose a working size).

    Files tell wrong resolutions: where the paper would not be near A4, it is looked at both ways, and the way that
    shows more letters counts.
    """
    looks = [_seen(image, dpi)]
    as_a4 = min(image.shape) / _A4_INCHES
    if not 0.67 < as_a4 / dpi < 1.5:
        looks.append(_seen(image, as_a4))
    boxes, size, factor = max(looks, key=lambda look: len(look[0]))
    if len(boxes) < _FEWEST:
        return Survey(0, 180, sure=False, skew=0.0, letters=len(boxes), letter_height=0.0)
    found = {turn: _best_line(*_bottoms(boxes, turn, size)) for turn in _TURNS}
    first, second = sorted(_TURNS, key=lambda turn: -found[turn][0])[:2]
    return Survey(
        turn=first,
        runner_up=second,
        sure=(
            len(boxes) >= ENOUGH
            and found[second][0] < _SURE * found[first][0]
            and found[first][0] > _ABOVE_CHANCE * _by_chance(boxes, size)
        ),
        skew=found[first][1],
        letters=len(boxes),
        letter_height=float(np.median(np.maximum(boxes[:, 2], boxes[:, 3]))) * factor,
    )


def skew_at(image: Gray, dpi: float, turn: Rotation) -> float:
    """Return the skew when the turn is already known from elsewhere."""
    boxes, size, _ = _seen(image, dpi)
    return _best_line(*_bottoms(boxes, turn, size))[1] if len(boxes) >= _FEWEST else 0.0


def _seen(image: Gray, dpi: float) -> tuple[Numbers, tuple[int, int], float]:
    """Return the letter boxes at working size, (width, height) there, and how many times smaller that is."""
    factor = max(1.0, dpi / SURVEY_DPI)
    small = shrunk(image, factor)
    boxes = _letters(components(dark(small, window=41, margin=15)).astype(np.float64))
    return boxes, (small.shape[1], small.shape[0]), factor


def _letters(boxes: Numbers) -> Numbers:
    """Keep the boxes (x, y, width, height, area) whose size fits most of their neighbours: letters, not specks."""
    width, height, area = boxes[:, 2], boxes[:, 3], boxes[:, 4]
    boxes = boxes[
        (np.minimum(width, height) >= 3)
        & (np.maximum(width, height) >= 5)
        & (np.maximum(width, height) < 80)
        & (area > 12)
    ]
    if not len(boxes):
        return boxes
    side = np.maximum(boxes[:, 2], boxes[:, 3])
    usual = float(np.median(side))
    return boxes[(side > 0.6 * usual) & (side < 2.5 * usual)]


def _bottoms(boxes: Numbers, turn: Rotation, size: tuple[int, int]) -> tuple[Numbers, Numbers]:
    """Return (height of the bottom edge, middle along the line) of every box after turning the page clockwise."""
    x, y, width, height = boxes[:, 0], boxes[:, 1], boxes[:, 2], boxes[:, 3]
    if turn == 90:  # right edge becomes the bottom, the line runs from the old foot to the old head
        return x + width, size[1] - (y + height / 2)
    if turn == 180:
        return size[1] - y, size[0] - (x + width / 2)
    if turn == 270:
        return size[0] - x, y + height / 2
    return y + height, x + width / 2


def _best_line(bottom: Numbers, along: Numbers) -> tuple[float, float]:
    """Return (how sharply the bottoms line up, at which angle in degrees)."""
    coarse = np.arange(-MAX_SKEW, MAX_SKEW + 0.01, 0.25)
    sharp = [_sharpness(bottom, along, angle, _BIN) for angle in coarse]
    near = float(coarse[int(np.argmax(sharp))])
    fine = np.arange(near - 0.3, near + 0.31, 0.05)
    finer = [_sharpness(bottom, along, angle, _BIN / 2) for angle in fine]
    return max(sharp), round(float(fine[int(np.argmax(finer))]), 2)


def _by_chance(boxes: Numbers, size: tuple[int, int]) -> float:
    """Return the sharpness that as many boxes would have, strewn over the page."""
    return len(boxes) + len(boxes) ** 2 * _BIN / max(min(size), 1)


def _sharpness(bottom: Numbers, along: Numbers, angle: float, bin_width: float) -> float:
    level = bottom - along * np.tan(np.radians(angle))
    counts = np.bincount(((level - level.min()) / bin_width).astype(np.intp)).astype(np.float64)
    return float((counts * counts).sum())
