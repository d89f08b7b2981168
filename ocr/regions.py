"""Mark the places of a page that are no print: seals and handwriting, so that nobody takes them for unread text.

On colour scans the ink tells: red is a seal's, blue a pen's. On gray ones only the shape is left: a ring is a seal, a
long thin stroke that no ruler drew is a pen's. Nothing in these places is read as letters of its own.
"""

from collections.abc import Sequence

import numpy as np

from ocr.images import Color, grown, labelled, shrunk
from ocr.ink import HALF, Ink, Patch, Strokes
from records.geometry import Box
from records.page import Region

_WORKING = 800
"""Pixels of the short side on which colours are looked at: about 100 dpi of A4."""

_RED, _BLUE = 45, 35
"""How far red is above the other channels in seal ink, and blue above red in pen ink, of 255."""

_LEAST, _MOST = 0.03, 0.5
"""Shares of the page's short side: smaller is a speck, larger is paper or a picture."""

_DOTS = 40
"""Coloured pixels at that size below which a place is a smear of noise."""

_STROKE_LONG, _STROKE_THIN = 5.0, 0.25
"""Capitals that a pen stroke is long at least, and the share of its box that ink may fill."""


def coloured(color: Color) -> list[Region]:
    """Return where seals (red) and pens (blue) left their ink on a colour page, boxes in its pixels."""
    factor = max(min(color.shape[:2]) / _WORKING, 1.0)
    small = shrunk(color, factor).astype(np.int16)
    red, green, blue = small[..., 0], small[..., 1], small[..., 2]
    found = []
    for kind, mask in (
        ("seal", red - np.maximum(green, blue) > _RED),
        ("handwriting", (blue - red > _BLUE) & (blue - green > _BLUE // 3)),
    ):
        side = min(mask.shape)
        _, blobs = labelled(grown(mask, 9, 9))
        short, long = blobs[:, 2:4].min(axis=1), blobs[:, 2:4].max(axis=1)
        for x, y, wide, high, _ in blobs[(short >= _LEAST * side) & (long <= _MOST * side)]:
            if mask[y : y + high, x : x + wide].sum() >= _DOTS:
                box = Box(*(round(float(v) * factor) for v in (x, y, x + wide, y + high)))
                found.append(Region(kind, box.clamp(color.shape[1], color.shape[0])))
    return found


def drawn(ink: Ink, large: Strokes, rings: Sequence[Patch]) -> list[Region]:
    """Return where seals (`rings`) and strokes of a pen stand on a gray reading copy, boxes in its pixels."""
    high, wide = ink.all.shape
    round_ones = [Box(p.x0, p.y0, p.x1, p.y1).clamp(wide, high) for p in rings]
    found = [Region("seal", ring) for ring in round_ones]
    cap = ink.capital
    for (x, y, across, down, area), number in zip(large.blobs, large.numbers, strict=True):
        small = slice(y, y + down), slice(x, x + across)
        box = Box(*(HALF * int(v) for v in (x, y, x + across, y + down)))
        long = box.width >= _STROKE_LONG * cap and 1.5 * cap <= box.height <= 12 * cap
        thick = area > _STROKE_THIN * across * down
        if not long or thick or any(_within(box, ring) for ring in round_ones):
            continue
        rows = (large.labels[small] == number).any(axis=1)
        if rows.mean() > 0.9:  # one stroke from top to bottom of its box, not a line of letters that touch
            found.append(Region("handwriting", box))
    return found


def _within(box: Box, ring: Box) -> bool:
    """Return whether most of a stroke lies in the square around a ring: a piece of the seal, broken by a ruled line."""
    across = min(box.x1, ring.x1) - max(box.x0, ring.x0)
    down = min(box.y1, ring.y1) - max(box.y0, ring.y0)
    return across > 0 and down > 0 and across * down > 0.7 * box.width * box.height
