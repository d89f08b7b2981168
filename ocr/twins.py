"""Tell whether two page images show the same sheet of paper, scanned twice and slightly turned.

Two forms filled in for two people are alike in nine tenths of their ink, so a likeness of the whole page says nothing.
The page is cut into small fields and each must be found on the other page, near where it should be: a name that differs
is not.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.images import Gray, dark, head, load_gray, shrunk, turned, warped
from ocr.orient import survey

_DPI = 100
_FIELD = 44
"""Pixels of a field's side: 11 mm, a word or two of two or three lines."""
_SLIP = 10
"""Pixels that a field may lie off after the pages were laid over each other: paper stretches, feeders slip."""
_INK = 0.04
"""Share of a field under ink from which it says anything."""
_FOUND, _CERTAIN = 0.5, 0.8
"""Correlation from which a field counts as found, and that every field of a certain twin has. Second scans had
0.83 and more; one other word on a form gives 0.78 and less; a single other digit up to 0.9, which no picture tells from
a slip of the paper."""
_FEWEST = 12
"""Fields that must say something, else nothing is known."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much of a page was found again on another. `fields` compared; `found`: share of them; `least` correlation."""

    fields: int
    found: float
    least: float

    @property
    def probable(self) -> bool:
        """Whether a person should look: hardly a field is missing."""
        return self.fields >= _FEWEST and self.found >= 0.97

    @property
    def certain(self) -> bool:
        """Whether the two are one sheet: every field is there, each clearly."""
        return self.fields >= _FEWEST and self.least >= _CERTAIN


def compare_sheets(one: Path, other: Path, dpis: tuple[float, float]) -> Likeness:
    """Compare two page images with so many dots per inch, each made upright and straight first.

    Raises `Unfit`. Decodes untrusted pictures: call it in a limited child process.
    """
    a, b = _upright(one, dpis[0]), _upright(other, dpis[1])
    height, width = max(a.shape[0], b.shape[0]), max(a.shape[1], b.shape[1])
    if min(a.shape) < 3 * _FIELD or min(b.shape) < 3 * _FIELD:
        return Likeness(0, 0.0, 0.0)
    a, b = _on(a, height, width), _on(b, height, width)
    (dx, dy), _ = cv2.phaseCorrelate(a.astype(np.float32), b.astype(np.float32))
    b = _moved(b, dx, dy)
    both = [_fields(a, b), _fields(b, a)]
    worst = min(both, key=lambda found: float((found >= _FOUND).mean()) if len(found) else 0.0)
    if not len(worst):
        return Likeness(0, 0.0, 0.0)
    return Likeness(len(worst), float((worst >= _FOUND).mean()), float(worst.min()))


def _upright(path: Path, dpi: float) -> Gray:
    """Return the ink of a page (255 on 0) at working size, upright and straight."""
    size = head(path)
    gray = load_gray(path, reduce=max(n for n in (1, 2, 4, 8) if n == 1 or dpi / n >= 1.5 * _DPI))
    gray = shrunk(gray, dpi * gray.shape[1] / size.width / _DPI)
    seen = survey(gray, _DPI)
    gray = turned(gray, seen.turn)
    height, width = gray.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), seen.skew, 1.0)
    straight = warped(gray, np.asarray(matrix, np.float64), (width, height))
    ink = dark(straight, 31, 15).view(np.uint8) * np.uint8(255)
    return np.asarray(cv2.GaussianBlur(ink, (0, 0), 1.0), np.uint8)


def _on(ink: Gray, height: int, width: int) -> Gray:
    out = np.zeros((height, width), np.uint8)
    out[: ink.shape[0], : ink.shape[1]] = ink
    return out


def _moved(ink: Gray, dx: float, dy: float) -> Gray:
    matrix = np.array([[1, 0, -dx], [0, 1, -dy]], np.float64)
    return np.asarray(cv2.warpAffine(ink, matrix, (ink.shape[1], ink.shape[0])), np.uint8)


def _fields(page: Gray, other: Gray) -> NDArray[np.float64]:
    """Return for each field of `page` with ink the best correlation within `_SLIP` pixels on `other`."""
    found = []
    height, width = page.shape
    for y in range(_SLIP, height - _FIELD - _SLIP, _FIELD):
        for x in range(_SLIP, width - _FIELD - _SLIP, _FIELD):
            field = page[y : y + _FIELD, x : x + _FIELD]
            if float((field > 127).mean()) < _INK:
                continue
            around = other[y - _SLIP : y + _FIELD + _SLIP, x - _SLIP : x + _FIELD + _SLIP]
            found.append(float(cv2.matchTemplate(around, field, cv2.TM_CCOEFF_NORMED).max()))
    return np.nan_to_num(np.array(found, np.float64))
