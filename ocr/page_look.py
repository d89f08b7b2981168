"""Look at a page before it is read: is anything on it, is it sharp, whole, well exposed, which way is it up.

Everything is seen on the page at about 150 dots per inch, which the search for bar codes has made already. Numbers
only; which of them is a fault is decided where the rules are (`ingest/page_findings.py`).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.images import Gray, components, dark, grown, paper, shrunk, turned
from ocr.orient import SURVEY_DPI, survey
from records.geometry import Rotation

_STRONG = 40
"""Shades darker than its paper from which ink counts. What shines through from the other side of a sheet has up to 30,
the weakest writing of 61 pages (faded, 1980s) 47 on the mean."""

_WEAK = 15
"""Shades from which anything counts, as in the search for letters."""

_NEXT_TO_NOTHING, _AROUND = 0.001, 15
"""Share of strong ink under which only the weak ink away from it is looked at, and pixels that count as near it."""

_BORDER = 0.04
"""Share of each side left out: shadows of the lid, edges of the sheet."""

_LETTER = 5, 80
"""Pixels: bounds of the longer side of what may be a letter at 150 dpi (0.8 to 13 mm)."""

_HOLE_MM, _HOLE_SOLID, _MARGIN = 4.0, 0.6, 0.12
"""A solid blob of this size and more near the edge is a punch hole, a staple or a folded corner, no writing."""

_TOUCH = 1
"""Pixels from the edge within which a letter touches it."""

GRID = 16, 23
"""Cells of the fingerprint across and down: 13 mm on A4, coarser than any slip of the sheet in the feeder."""


@dataclass(frozen=True, slots=True)
class PageLook:
    """What one look at a page tells.

    `letters`: blobs of strong ink that could be letters; `writing`: share of the page under strong ink, without holes;
    `weak`: share under any ink (on a page with next to no strong ink: without holes and specks); `paper`: shade of the
    paper; `depth`: how many shades the darker ink is below it, 0 without ink; `sharp`: steepness of edges as a part of
    that depth (clean prints about 1.0, what shines through from behind 0.6); `touching`: most letters that touch one
    side, `side`: which (left, right, top, bottom). `turn`: clockwise turn that makes the page upright, when
    `turn_sure`; `skew`: degrees left after it. `grid`: ink of each cell of the upright page, for finding twins.
    """

    letters: int
    writing: float
    weak: float
    paper: int
    depth: int
    sharp: float
    touching: int
    side: str
    turn: Rotation
    turn_sure: bool
    skew: float
    grid: bytes


def look_at(gray: Gray, dpi: float) -> PageLook:
    """Look at a page of `dpi` dots per inch; more than 150 are made fewer first."""
    small = shrunk(gray, dpi / SURVEY_DPI)
    mask = dark(small, window=41, margin=_WEAK)
    under = paper(small, 48)
    below: Gray = np.asarray(cv2.subtract(under, small), np.uint8)
    height, width = small.shape
    inset = int(_BORDER * min(height, width))
    inner = slice(inset, height - inset), slice(inset, width - inset)
    strong = below[inner] > _STRONG
    letters, writing = _writing(strong, dpi=min(dpi, SURVEY_DPI))
    ink = mask[inner]
    if (
        writing < _NEXT_TO_NOTHING
    ):  # the weak ink decides whether this is a blank, so holes and specks may not speak
        ink = ink & ~grown(strong, _AROUND, _AROUND)
    depth, sharp = _edges(small[inner], below[inner], ink)
    touching, side = _touching(mask)
    seen = survey(small, SURVEY_DPI)
    return PageLook(
        letters=letters,
        writing=round(writing, 6),
        weak=round(float(ink.mean()), 6),
        paper=int(np.median(under[::4, ::4])),
        depth=depth,
        sharp=round(sharp, 3),
        touching=touching,
        side=side,
        turn=seen.turn,
        turn_sure=seen.sure,
        skew=seen.skew,
        grid=_grid(turned(mask[inner].view(np.uint8), seen.turn if seen.sure else 0)),
    )


def likeness(one: bytes, other: bytes) -> float:
    """Return how alike two grids are: 1.0 the same, near 0.0 nothing in common."""
    a, b = (np.frombuffer(grid, np.uint8).astype(np.float32) for grid in (one, other))
    a, b = a - a.mean(), b - b.mean()
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / length if length else 0.0


def _writing(strong: NDArray[np.bool_], dpi: float) -> tuple[int, float]:
    """Return (blobs that could be letters, share of the page under ink that is no punch hole)."""
    boxes = components(strong)
    if not len(boxes):
        return 0, 0.0
    height, width = strong.shape
    x, y, wide, high, area = boxes.T
    side = np.maximum(wide, high)
    near = (
        (x < _MARGIN * width) | (x + wide > (1 - _MARGIN) * width)
        | (y < _MARGIN * height) | (y + high > (1 - _MARGIN) * height)
    )  # fmt: skip
    hole = near & (side > _HOLE_MM * dpi / 25.4) & (area > _HOLE_SOLID * wide * high)
    letter = (side >= _LETTER[0]) & (side < _LETTER[1]) & (np.minimum(wide, high) >= 2)
    return int((letter & ~hole).sum()), float(area[~hole].sum()) / strong.size


def _edges(image: Gray, below: Gray, mask: NDArray[np.bool_]) -> tuple[int, float]:
    """Return (depth of the ink, sharpness of its edges); pages with hardly any ink have neither."""
    ink = below[mask]
    if ink.size < 200:
        return 0, 0.0
    depth = float(np.percentile(ink, 75))
    across = cv2.absdiff(image[:, 2:], image[:, :-2])[1:-1]
    down = cv2.absdiff(image[2:], image[:-2])[:, 1:-1]
    steep = cv2.max(across, down)[mask[1:-1, 1:-1]]
    return round(depth), float(np.percentile(steep, 90)) / max(depth, 1.0) if steep.size else 0.0


def _touching(mask: NDArray[np.bool_]) -> tuple[int, str]:
    """Return how many letters touch the side that most of them touch, and which side that is."""
    band = 3 * _LETTER[0]
    counts = {}
    for name, strip in (
        ("left", mask[:, :band]),
        ("right", mask[:, ::-1][:, :band]),
        ("top", mask[:band].T),
        ("bottom", mask[::-1][:band].T),
    ):
        boxes = components(np.ascontiguousarray(strip))
        touches = (boxes[:, 0] <= _TOUCH) & (boxes[:, 3] >= _LETTER[0]) & (boxes[:, 3] < 40)
        touches &= boxes[:, 2] >= 4
        counts[name] = int(touches.sum())
    side = max(counts, key=lambda name: counts[name])
    return counts[side], side


def _grid(ink: NDArray[np.uint8]) -> bytes:
    """Return the ink of each cell of `GRID`, 0 to 255 for 0 to 40 % of it dark."""
    small = cv2.resize(ink * np.uint8(255), GRID, interpolation=cv2.INTER_AREA).astype(np.float32)
    return bytes(np.clip(small * 2.5, 0, 255).astype(np.uint8).tobytes())
