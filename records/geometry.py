"""The one geometry: boxes in pixels of the page image as delivered, and the exact way to the upright page."""

from dataclasses import dataclass
from typing import Literal

Rotation = Literal[0, 90, 180, 270]
"""Clockwise degrees that make a delivered page image upright."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels, origin at the top left, `x1` and `y1` exclusive."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.y1 - self.y0

    def union(self, other: "Box") -> "Box":
        """Return the smallest box that holds both."""
        return Box(
            min(self.x0, other.x0), min(self.y0, other.y0), max(self.x1, other.x1), max(self.y1, other.y1)
        )

    def overlap(self, other: "Box") -> float:
        """Return intersection over union, 0.0 to 1.0."""
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        if width <= 0 or height <= 0:
            return 0.0
        both = width * height
        return both / (self.width * self.height + other.width * other.height - both)

    def clamp(self, width: int, height: int) -> "Box":
        """Return the part of the box inside a page of `width` × `height` pixels."""
        x0, y0 = min(max(self.x0, 0), width), min(max(self.y0, 0), height)
        return Box(x0, y0, min(max(self.x1, x0), width), min(max(self.y1, y0), height))

    def as_list(self) -> list[int]:
        """Return `[x0, y0, x1, y1]`, the form of the page JSON."""
        return [self.x0, self.y0, self.x1, self.y1]

    def as_xywh(self) -> list[int]:
        """Return `[x, y, width, height]`, the form of search hits and IIIF."""
        return [self.x0, self.y0, self.width, self.height]


def turn(box: Box, rotation: Rotation, width: int, height: int) -> Box:
    """Return `box` after the page image of `width` × `height` pixels is turned clockwise by `rotation`.

    >>> turn(Box(0, 0, 2, 1), 90, 10, 20)
    Box(x0=19, y0=0, x1=20, y1=2)
    """
    if rotation == 90:
        return Box(height - box.y1, box.x0, height - box.y0, box.x1)
    if rotation == 180:
        return Box(width - box.x1, height - box.y1, width - box.x0, height - box.y0)
    if rotation == 270:
        return Box(box.y0, width - box.x1, box.y1, width - box.x0)
    return box


def turned_size(rotation: Rotation, width: int, height: int) -> tuple[int, int]:
    """Return (width, height) of the page image after turning it by `rotation`."""
    return (height, width) if rotation in (90, 270) else (width, height)


def back(rotation: Rotation) -> Rotation:
    """Return the clockwise turn that undoes `rotation`."""
    undo: dict[Rotation, Rotation] = {0: 0, 90: 270, 180: 180, 270: 90}
    return undo[rotation]
