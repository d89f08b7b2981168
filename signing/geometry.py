"""Say where a stamp goes in the words of the person who looks at the page, and turn that into the PDF's own numbers.

A person sees the page upright, from its top left corner, only what the crop box shows, in millimetres. A PDF counts
from anywhere, in units of any size, before a turn. ISO 32000-1, 7.7.3.3 (page boxes, Rotate, UserUnit), 12.5.5.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pyhanko.pdf_utils.generic import ArrayObject
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.rw_common import PdfHandler

from records.errors import ArchiveFault, Unfit

Corner = Literal["top-left", "top-right", "bottom-left", "bottom-right"]
Turn = Literal[0, 90, 180, 270]

MM_PER_POINT = 25.4 / 72
_DEEPEST = 64
_LEAST_MM, _MOST_MM = 5.0, 100_000.0
_HAIR = 1e-6
"""Fractions may leave 0..1 by this much: sums of binary fractions do."""


@dataclass(frozen=True, slots=True)
class Place:
    """A box on a page as a person sees it.

    `page`: from 1, or from the end when negative (-1 is the last). `x0 … y1`: fractions of the upright, visible
    page, origin at its top left, so 0 ≤ x0 < x1 ≤ 1 and y grows downwards.
    """

    page: int
    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        """Refuse what is no box on a page: `ArchiveFault` (`place-outside`)."""
        numbers = (self.x0, self.y0, self.x1, self.y1)
        inside = all(math.isfinite(n) and -_HAIR <= n <= 1 + _HAIR for n in numbers)
        if self.page == 0 or not inside or self.x0 >= self.x1 or self.y0 >= self.y1:
            raise _outside(f"{self.page} {numbers}")

    @property
    def width(self) -> float:
        """Width as a fraction of the page."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Height as a fraction of the page."""
        return self.y1 - self.y0

    def meets(self, other: "Place", margin_x: float = 0.0, margin_y: float = 0.0) -> bool:
        """Return whether the two boxes overlap or come nearer than the margins (fractions of the page)."""
        return (
            self.x0 < other.x1 + margin_x
            and other.x0 < self.x1 + margin_x
            and self.y0 < other.y1 + margin_y
            and other.y0 < self.y1 + margin_y
        )


@dataclass(frozen=True, slots=True)
class PageView:
    """How one page shows itself.

    `number`: from 1. `left … top`: the visible rectangle in user space. `turn`: degrees clockwise. `unit`: points
    (1/72 inch) a unit of user space.
    """

    number: int
    left: float
    bottom: float
    right: float
    top: float
    turn: Turn = 0
    unit: float = 1.0

    @property
    def width_mm(self) -> float:
        """Width of the upright page."""
        return self._mm(self.top - self.bottom if self.turn in (90, 270) else self.right - self.left)

    @property
    def height_mm(self) -> float:
        """Height of the upright page."""
        return self._mm(self.right - self.left if self.turn in (90, 270) else self.top - self.bottom)

    def _mm(self, units: float) -> float:
        return units * self.unit * MM_PER_POINT

    def rectangle(self, place: Place) -> tuple[float, float, float, float]:
        """Return the rectangle of `place` in user space: left, bottom, right, top."""
        corners = [self._point(place.x0, place.y0), self._point(place.x1, place.y1)]
        (ax, ay), (bx, by) = corners
        return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)

    def _point(self, x: float, y: float) -> tuple[float, float]:
        across, up = {
            0: (x, 1 - y),
            90: (y, x),
            180: (1 - x, y),
            270: (1 - y, 1 - x),
        }[self.turn]
        return self.left + across * (self.right - self.left), self.bottom + up * (self.top - self.bottom)

    def place(self, left: float, bottom: float, right: float, top: float) -> Place:
        """Return the place of a rectangle of user space. Raises `ArchiveFault` (`place-outside`)."""
        ax, ay = self._seen(left, bottom)
        bx, by = self._seen(right, top)
        return Place(self.number, min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))

    def _seen(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self.left) / (self.right - self.left)
        up = (y - self.bottom) / (self.top - self.bottom)
        return {
            0: (across, 1 - up),
            90: (up, across),
            180: (1 - across, up),
            270: (1 - up, 1 - across),
        }[self.turn]

    def size_mm(self, place: Place) -> tuple[float, float]:
        """Return width and height of `place` as a person measures them on the upright page."""
        return place.width * self.width_mm, place.height * self.height_mm

    def at_mm(self, left: float, top: float, width: float, height: float) -> Place:
        """Return the place of a box in mm from the top left corner. Raises `ArchiveFault` (`place-outside`)."""
        across, down = self.width_mm, self.height_mm
        return Place(self.number, left / across, top / down, (left + width) / across, (top + height) / down)

    def in_corner(self, corner: Corner, width: float, height: float, aside: float, from_edge: float) -> Place:
        """Return the place of a box in a corner, all in millimetres.

        `aside`: distance to the left or right edge; `from_edge`: to the upper or lower one. Raises `ArchiveFault`
        (`place-outside`) when the page is too small for it.
        """
        left = aside if corner.endswith("left") else self.width_mm - aside - width
        top = from_edge if corner.startswith("top") else self.height_mm - from_edge - height
        return self.at_mm(left, top, width, height)

    def centred(self, place: Place, width: float, height: float) -> Place:
        """Return the box of `width` × `height` mm in the middle of `place`.

        Raises `ArchiveFault` (`place-too-small`) when it does not fit: a stamp is never squeezed.
        """
        room, rise = self.size_mm(place)
        if width > room + 0.05 or height > rise + 0.05:
            raise ArchiveFault(
                f"{width:.1f} x {height:.1f} mm into {room:.1f} x {rise:.1f} mm",
                code="place-too-small",
                tell=f"Khung đã chọn ({room:.0f} × {rise:.0f} mm) nhỏ hơn con dấu hoặc chữ ký cần đặt "
                f"({width:.0f} × {height:.0f} mm). Hãy chọn khung lớn hơn.",
            )
        left = place.x0 * self.width_mm + (room - width) / 2
        top = place.y0 * self.height_mm + (rise - height) / 2
        return self.at_mm(left, top, width, height)


def place_mm(
    view: PageView, corner: Corner, width: float, height: float, aside: float, from_edge: float
) -> Place:
    """Return the place of a box of `width` × `height` mm in a corner of the upright page; see `PageView.in_corner`."""
    return view.in_corner(corner, width, height, aside, from_edge)


def upright(turn: Turn, width: float, height: float) -> tuple[float, float, float, float, float, float]:
    """Return the matrix that draws a stamp of `width` × `height` so that it stands upright on a page with `turn`.

    The page is turned clockwise for the viewer, so the stamp is turned the other way inside its rectangle: the result
    fills (0, 0, width, height), or (0, 0, height, width) on a page turned by 90 or 270 degrees. It goes into the
    content and not into the form's Matrix, which some viewers pass over. ISO 32000-1, 8.3.4.
    """
    return {
        0: (1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
        90: (0.0, 1.0, -1.0, 0.0, height, 0.0),
        180: (-1.0, 0.0, 0.0, -1.0, width, height),
        270: (0.0, -1.0, 1.0, 0.0, 0.0, width),
    }[turn]


def page_view(pdf: PdfHandler, number: int) -> PageView:
    """Return how page `number` (from 1, or negative from the end) of `pdf` shows itself.

    `pdf`: a pyHanko reader or writer. Raises `ArchiveFault` (`page-unknown`) when there is no such page, `Unfit`
    (`page-unfit`) when its boxes, turn or unit make no sense: a stamp put somewhere by guess is worse than none.
    """
    try:
        count = int(pdf.root["/Pages"]["/Count"])
        if number == 0 or not -count <= number <= count:
            raise ArchiveFault(
                f"page {number} of {count}",
                code="page-unknown",
                tell=f"Tài liệu có {count} trang, không có trang {number}. Hãy chọn lại trang.",
            )
        index = number - 1 if number > 0 else count + number
        page = pdf.find_page_for_modification(index)[0].get_object()  # type: ignore[no-untyped-call]
        return _view(page, index + 1)
    except ArchiveFault:
        raise
    except (
        PdfError,
        ArithmeticError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        RecursionError,
    ) as fault:
        # pyHanko hands on whatever a damaged page tree makes it stumble over
        raise _unfit(f"page {number}: {type(fault).__name__}: {fault}") from fault


def _view(page: Any, number: int) -> PageView:
    media = _box(_inherited(page, "/MediaBox"))
    if media is None:
        raise _unfit(f"page {number} has no MediaBox")
    crop = _box(_inherited(page, "/CropBox")) or media
    left, bottom = max(media[0], crop[0]), max(media[1], crop[1])
    right, top = min(media[2], crop[2]), min(media[3], crop[3])
    turned = float(_inherited(page, "/Rotate") or 0)
    unit = float(page.get("/UserUnit", 1))
    if turned % 90 or not math.isfinite(unit) or unit <= 0:
        raise _unfit(f"page {number}: Rotate {turned}, UserUnit {unit}")
    turns: dict[int, Turn] = {0: 0, 90: 90, 180: 180, 270: 270}
    for side in (right - left, top - bottom):
        if not _LEAST_MM <= side * unit * MM_PER_POINT <= _MOST_MM:
            raise _unfit(f"page {number} shows {right - left} by {top - bottom} units of {unit} points")
    return PageView(number, left, bottom, right, top, turns[int(turned) % 360], unit)


def _inherited(page: Any, key: str) -> Any:
    return next((node[key] for node in _upwards(page) if key in node), None)


def _upwards(page: Any) -> Iterator[Any]:
    node = page
    for _ in range(_DEEPEST):
        yield node
        if "/Parent" not in node:
            return
        node = node["/Parent"]
    raise _unfit("page tree without an end")


def _box(found: Any) -> tuple[float, float, float, float] | None:
    if found is None:
        return None
    if not isinstance(found, ArrayObject) or len(found) != 4:
        raise _unfit(f"a page box that is no rectangle: {found!r:.80}")
    one, two, three, four = (float(found[index]) for index in range(4))
    if not all(math.isfinite(n) for n in (one, two, three, four)):
        raise _unfit("a page box that is not of numbers")
    return min(one, three), min(two, four), max(one, three), max(two, four)


def _outside(reason: str) -> ArchiveFault:
    return ArchiveFault(
        f"no box on a page: {reason}",
        code="place-outside",
        tell="Khung đặt chữ ký hoặc con dấu nằm ngoài trang. Hãy chọn lại khung nằm gọn trong trang.",
    )


def _unfit(reason: str) -> Unfit:
    return Unfit(
        reason,
        code="page-unfit",
        tell="Khổ trang của tệp PDF sai nên không xác định được chỗ đặt chữ ký. Hãy tạo lại tệp PDF.",
    )
