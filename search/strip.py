"""The strip of a page that is shown beside a hit: upright, wide enough to read around it, at most a few lines high."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from records.geometry import Box, Rotation, back, turn, turned_size

HIGHEST = 0.12
"""Highest strip, as part of the height of the upright page."""


@dataclass(frozen=True, slots=True)
class Strip:
    """A part of the page. `region`: delivered pixels, what a picture is asked for with.

    `width`, `height`: upright pixels. `boxes`: those of the hits that lie in it, upright pixels from its own corner;
    `numbers` says which of the boxes given they are. `align`: side to keep when a narrow screen cuts the strip.
    """

    region: Box
    width: int
    height: int
    boxes: tuple[Box, ...]
    numbers: tuple[int, ...]
    align: Literal["xMin", "xMid", "xMax"]


def strip_around(
    boxes: Sequence[Box],
    rotation: Rotation,
    page_width: int,
    page_height: int,
    *,
    wide: float = 0.6,
    air: float = 0.6,
) -> Strip | None:
    """Return the strip around the first of `boxes` (delivered pixels), None without boxes or when they have no area.

    `wide`: least width as part of the page, so that the words around a hit can be read. `air`: margin above and below,
    in heights of the first box.
    """
    if not boxes:
        return None
    width, height = turned_size(rotation, page_width, page_height)
    upright = [turn(box, rotation, page_width, page_height) for box in boxes]
    first, most = upright[0], int(HIGHEST * height)
    near = [
        number
        for number, b in enumerate(upright)
        if b.y0 >= first.y0 - first.height and b.y1 - first.y0 + 2 * first.height <= most
    ] or [0]
    whole = first
    for number in near:
        whole = whole.union(upright[number])
    region = _with_margins(whole, first, width, most, wide, air).clamp(width, height)
    if not region.width or not region.height:
        return None
    inside = tuple(number for number in near if upright[number].y0 < region.y1)
    middle = ((first.x0 + first.x1) / 2 - region.x0) / region.width
    return Strip(
        region=turn(region, back(rotation), width, height),
        width=region.width,
        height=region.height,
        boxes=tuple(_from(upright[number], region) for number in inside),
        numbers=inside,
        align="xMin" if middle < 0.36 else "xMax" if middle > 0.64 else "xMid",
    )


def _with_margins(whole: Box, first: Box, page_width: int, most: int, wide: float, air: float) -> Box:
    """Return the strip before it is cut at the edges of the page; it is moved sideways rather than cut."""
    margin_y = min(int(first.height * air) + 4, max(0, (most - whole.height) // 2))
    margin_x = max(first.height, int((wide * page_width - whole.width) / 2))
    left, right = whole.x0 - margin_x, whole.x1 + margin_x
    if left < 0:
        left, right = 0, right - left
    elif right > page_width:
        left, right = left - (right - page_width), page_width
    top = whole.y0 - margin_y
    return Box(left, top, right, min(whole.y1 + margin_y, top + most))


def _from(box: Box, corner: Box) -> Box:
    return Box(box.x0 - corner.x0, box.y0 - corner.y0, box.x1 - corner.x0, box.y1 - corner.y0)
