"""Read what stands alone in a drawn frame: a stamp of secrecy or urgency, on paper of any colour and in any ink.

The reading of a page cannot be relied on for these: coloured ink is lifted off before it, and its layout analysis takes
a frame for a picture. Here frames are looked for on the page as it is, each is cut out, straightened and read alone,
both ways round, since nobody knows yet which way is up. Cells of tables share their walls and are left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr.engine import Engine
from ocr.engines import engine_for
from ocr.images import Gray, dark, grown, labelled, load_gray, padded, resized, shrunk, turned, warped
from ocr.options import OcrOptions
from records.geometry import Box

_LONG, _SHORT = (9.0, 75.0), (4.0, 22.0)
"""Millimetres that the sides of a frame may have. NĐ 30/2020 and 36-HD/VPTW give stamps 20 to 40 by 8; turned by hand
up to ten degrees, and with words of one's own office, they take more."""

_OBLONG = 1.3
"""A frame is at least so many times as long as high: a square one is a box to tick."""

_OPEN = 0.25
"""Share of the frame's inside that is paper at least; what is fuller is a picture."""

_WALL_MM = 0.8
"""Gaps in a frame up to this long, left by a dry stamp or a hard threshold, are closed."""

_PIECE, _PIECES = 3.0, 6
"""Millimetres that a piece of a frame's inside is high and wide at least, and pieces that one wall may have: letters
cut a stamp's inside in two or three, a table has more cells."""

_LOOK = 100
"""Dots per inch at which frames are looked for: a line of a stamp is two pixels then, and the page a tenth of a second
cheaper than at 150."""

_MOST = 8
"""Frames of a page that are read, from the top."""

_HIGH, _ROOM = 84, 12
"""Pixels that the inside of a frame gets for reading, and the paper laid around it."""

_FINE = 300
"""Dots per inch at which a frame is read, when the scan has as many."""

Mask = NDArray[np.bool_]
Rows = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Stamp:
    """A frame with what it seems to say, read both ways round; box in pixels of the image as delivered."""

    readings: tuple[str, ...]
    box: Box


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame on a survey of the page: the box of its inside in pixels of the survey, and which of them are inside."""

    x0: float
    y0: float
    x1: float
    y1: float
    inside: Mask

    def enlarged(self, factor: float) -> "Frame":
        """Return the same frame on a survey with `factor` times as many pixels across."""
        x0, y0, x1, y1 = (v * factor for v in (self.x0, self.y0, self.x1, self.y1))
        return Frame(x0, y0, x1, y1, self.inside)


def read_stamps(
    image: Path,
    survey: Gray,
    dpi: float,
    full: tuple[int, int],
    options: OcrOptions,
    engine: Engine | None = None,
) -> tuple[Stamp, ...]:
    """Return what stands in the frames of a page, from the top; () for most pages, at the cost of a look at `survey`.

    `survey`: the page in gray at `dpi` dots per inch; `full`: width and height in pixels of the image file at `image`,
    which is decoded once more only when there is a frame to read. Raises `Unfit` as `load_gray`, `ToolMissing`.
    """
    found = list(frames(survey, dpi))[:_MOST]
    if not found:
        return ()
    engine = engine or engine_for(options)
    whole = dpi * full[0] / survey.shape[1]
    fine = load_gray(image, reduce=max(n for n in (1, 2, 4, 8) if n == 1 or whole / n >= _FINE))
    grow, scale = fine.shape[1] / survey.shape[1], full[0] / survey.shape[1]
    stamps = []
    for frame in found:
        readings = tuple(_read(patch, options, engine) for patch in _patches(fine, frame, grow))
        box = Box(*(round(v * scale) for v in (frame.x0, frame.y0, frame.x1, frame.y1)))
        stamps.append(Stamp(readings, box.clamp(*full)))
    return tuple(stamps)


def frames(survey: Gray, dpi: float) -> Iterator[Frame]:
    """Yield the frames of the size of a stamp that stand by themselves, from the top.

    Letters that touch both edges may cut the inside of a frame in two or three; pieces within one wall are one inside.
    """
    small = shrunk(survey, max(dpi / _LOOK, 1.0))
    grow = survey.shape[1] / small.shape[1]
    millimetre = dpi / grow / 25.4
    thick = max(round(_WALL_MM * millimetre), 2) + 1
    walls = grown(dark(small, window=round(7 * millimetre), margin=14), thick, thick)
    labels, blobs = labelled(~walls)
    long, short = np.maximum(blobs[:, 2], blobs[:, 3]), np.minimum(blobs[:, 2], blobs[:, 3])
    pieces = (short >= _PIECE * millimetre) & (long <= _LONG[1] * millimetre)
    names, _ = labelled(walls)
    of_wall: dict[int, list[int]] = {}
    for number in np.flatnonzero(pieces):
        of_wall.setdefault(_wall(labels, names, int(number) + 1, blobs[number]), []).append(int(number))
    found = [_frame(labels, blobs, numbers) for numbers in of_wall.values() if len(numbers) <= _PIECES]
    for frame in sorted(found, key=lambda one: (one.y0, one.x0)):
        if _is_stamp(frame, millimetre):
            yield frame.enlarged(grow)


def _wall(labels: Rows, names: Rows, number: int, blob: Rows) -> int:
    """Return the number of the ink that encloses a piece of paper: what lies around it most."""
    x, y, wide, high, _ = (int(v) for v in blob)
    view = slice(max(y - 2, 0), y + high + 2), slice(max(x - 2, 0), x + wide + 2)
    inside = labels[view] == number
    around = names[view][grown(inside, 3, 3) & ~inside]
    return int(np.bincount(around[around > 0], minlength=1).argmax()) if (around > 0).any() else 0


def _frame(labels: Rows, blobs: Rows, numbers: Sequence[int]) -> Frame:
    """Return pieces of paper within one wall as one inside."""
    x0, y0 = (int(v) for v in blobs[numbers, :2].min(axis=0))
    x1, y1 = (int(v) for v in (blobs[numbers, :2] + blobs[numbers, 2:4]).max(axis=0))
    return Frame(x0, y0, x1, y1, np.isin(labels[y0:y1, x0:x1], [number + 1 for number in numbers]))


def _is_stamp(frame: Frame, millimetre: float) -> bool:
    high, wide = frame.inside.shape
    long, short = max(high, wide) / millimetre, min(high, wide) / millimetre
    sized = _LONG[0] <= long <= _LONG[1] and _SHORT[0] <= short <= _SHORT[1] and long >= _OBLONG * short
    return sized and float(frame.inside.mean()) >= _OPEN


def _patches(fine: Gray, frame: Frame, grow: float) -> Iterator[Gray]:
    """Yield the inside of a frame, level and without its lines, both ways round; one on its side is stood up first."""
    inside, (x0, y0, x1, y1) = frame.inside, (frame.x0, frame.y0, frame.x1, frame.y1)
    finer = grow * (x1 - x0) / inside.shape[1]
    room = round(0.6 * min(x1 - x0, y1 - y0))
    top, left = max(round((y0 - room) * grow), 0), max(round((x0 - room) * grow), 0)
    around = fine[top : round((y1 + room) * grow), left : round((x1 + room) * grow)]
    middle = ((x0 + x1) / 2 * grow - left, (y0 + y1) / 2 * grow - top)
    if inside.shape[0] > inside.shape[1]:
        around, inside = turned(around, 90), np.rot90(inside, -1)
        middle = (around.shape[1] - middle[1], middle[0])
    slope, high, wide = _level(inside)
    level = _turned_level(around, middle, slope, (max(round(wide * finer), 8), max(round(high * finer), 8)))
    shade = round(float(np.percentile(level, 90)))
    factor = _HIGH / level.shape[0]
    patch = padded(resized(level, max(round(level.shape[1] * factor), 8), _HIGH), _ROOM, shade)
    yield patch
    yield turned(patch, 180)


def _level(inside: Mask) -> tuple[float, float, float]:
    """Return how much the frame falls to the right (pixels down for one across), and its inner height and width.

    Asked of its upper and lower edge, column by column: letters between them do not matter, one that touches an edge
    spoils only its own columns.
    """
    high, wide = inside.shape
    columns = np.flatnonzero(inside.any(axis=0))
    columns = columns[(columns > 0.12 * wide) & (columns < 0.88 * wide)]
    if len(columns) < 8:
        return 0.0, float(high), float(wide)
    upper = inside[:, columns].argmax(axis=0)
    lower = high - 1 - inside[::-1, columns].argmax(axis=0)
    half = len(columns) // 2
    run = columns[half : 2 * half] - columns[:half]
    slopes = [(edge[half : 2 * half] - edge[:half]) / run for edge in (upper, lower)]
    slope = float(np.median(np.concatenate(slopes)))
    inner = float(np.median(lower - upper)) + 1
    return slope, min(inner, float(high)), max(float(wide) - abs(slope) * inner, 8.0)


def _turned_level(around: Gray, middle: tuple[float, float], slope: float, size: tuple[int, int]) -> Gray:
    """Return the rectangle of `size` around `middle`, turned so that what falls by `slope` is level."""
    angle = np.arctan(slope)
    cosine, sine = np.cos(angle), np.sin(angle)
    linear = np.array([[cosine, sine], [-sine, cosine]])
    shift = np.array(size) / 2 - linear @ np.array(middle)
    return warped(around, np.column_stack([linear, shift]), size)


def _read(patch: Gray, options: OcrOptions, engine: Engine) -> str:
    return " ".join(word.text for word in engine.read_line(patch, options))
