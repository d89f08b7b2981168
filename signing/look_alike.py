"""Compare what viewers show of the revisions of a PDF that were signed with what they show of the whole file.

A parser that finds "no change" is not enough: viewers repair damaged files and may show objects that no
cross-reference lists. What nobody signed may not be visible; what was signed later may be seen only in its own place,
and a stamp may add ink there but never take any away.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import zip_longest

from signing.drawing import ENGINES, DrawLimits, Engine, NotDrawn, Page, drawing, kept

__all__ = ["Difference", "DrawLimits", "NotDrawn", "Place", "Revision", "differences", "first_difference"]

_MARGIN = 2  # pixels: lines are drawn a little over their box
_PAPER = (
    48  # how much lighter a pixel may become under a stamp: the tint of old paper, not the stroke of a letter
)
_LARGEST_SHARE = 0.4  # of a page that one stamp may take
_ALL_STAMPS = (
    0.75  # of a page that stamps may take together: the second page of a letter with boxes is mostly boxes
)


@dataclass(frozen=True, slots=True)
class Place:
    """A box (left, bottom, right, top) in the space of page `page` (from 0); `stamp`: only ink may be added there."""

    page: int
    box: tuple[float, float, float, float]
    stamp: bool = True


@dataclass(frozen=True, slots=True)
class Revision:
    """The first `size` bytes of the file, and where the whole file may show more than they do."""

    size: int
    places: tuple[Place, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Difference:
    """The first page (from 1) on which an engine shows the whole file differently."""

    page: int
    engine: Engine


def first_difference(signed: bytes, whole: bytes, limits: DrawLimits | None = None) -> int:
    """Return the number (1-based) of the first page that looks or reads differently in any engine, 0 when none does.

    `signed` need not be a part of `whole`. Raises `NotDrawn` (a RuntimeError) when either side cannot be drawn.
    """
    with kept(signed) as one, kept(whole) as other:
        found = _compare([one, other], [Revision(len(signed))], limits or DrawLimits())
    return found[0].page if found[0] else 0


def differences(
    whole: bytes, revisions: Sequence[Revision], limits: DrawLimits | None = None
) -> list[Difference | None]:
    """Return for each of `revisions` the first page that differs from the whole file, None when all are the same.

    Size, rotation, words and pixels of every page count, and the number of pages. Raises `NotDrawn`.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(kept(memoryview(whole)[: r.size])) for r in revisions]
        files.append(stack.enter_context(kept(whole)))
        return _compare(files, revisions, limits or DrawLimits())


def _compare(
    files: Sequence[int], revisions: Sequence[Revision], limits: DrawLimits
) -> list[Difference | None]:
    """Compare every file with the last one."""
    found: list[Difference | None] = [None] * len(revisions)
    with ExitStack() as stack:
        rows = {e: stack.enter_context(drawing(e, files, limits)) for e in ENGINES}
        for number, (exact, second) in enumerate(zip_longest(rows["pdfium"], rows["poppler"]), start=1):
            for index, revision in enumerate(revisions):
                shown = _shown(exact, second, index)
                for engine in ENGINES:
                    if found[index] is None and not _alike(shown[engine], number, revision):
                        found[index] = Difference(number, engine)
    return found


_Row = tuple[Page | None, ...] | None
_Sides = tuple[Page | None, Page | None, Page | None]


def _shown(exact: _Row, second: _Row, index: int) -> Mapping[Engine, _Sides]:
    """Return per engine: the page of the revision, the page of the whole file, and PDFium's page with the corners."""
    exact = exact or (None,) * len(second or ())
    second = second or (None,) * len(exact)
    for one, other in ((exact[index], second[index]), (exact[-1], second[-1])):
        if (one is None) is not (other is None):
            raise NotDrawn("the engines do not find the same number of pages")
    return {
        "pdfium": (exact[index], exact[-1], exact[-1]),
        "poppler": (second[index], second[-1], exact[-1]),
    }


def _alike(sides: _Sides, number: int, revision: Revision) -> bool:
    before, after, corners = sides
    if before is None or after is None or corners is None:
        return before is after
    if (before.width, before.height, before.facts) != (after.width, after.height, after.facts):
        return False
    if before.pixels == after.pixels:
        return True
    places = [p for p in revision.places if p.page == number - 1]
    return bool(places) and _alike_outside(before, after, places, corners)


def _alike_outside(before: Page, after: Page, places: Sequence[Place], corners: Page) -> bool:
    """Return whether two pages differ only in `places`, and there only as each allows."""
    import numpy as np  # only pages with a visible later signature need it

    shape = (before.height, before.width, 3)
    one = np.frombuffer(before.pixels, np.uint8).reshape(shape)
    two = np.frombuffer(after.pixels, np.uint8).reshape(shape)
    free = np.zeros(shape[:2], bool)
    stamped = np.zeros(shape[:2], bool)
    for place in places:
        top, bottom, left, right = _pixels(place, corners, before)
        if place.stamp and (bottom - top) * (right - left) > _LARGEST_SHARE * stamped.size:
            return False
        (stamped if place.stamp else free)[top:bottom, left:right] = True
    if stamped.mean() > _ALL_STAMPS:
        return False
    changed = (one != two).any(axis=2)
    if (changed & ~stamped & ~free).any():
        return False
    # ink is what is missing from white in the darkest channel: black under a red or blue stamp keeps all of its ink
    lost = two.min(axis=2).astype(int) - one.min(axis=2).astype(int)
    return not bool(((lost > _PAPER) & stamped & ~free).any())


def _pixels(place: Place, corners: Page, page: Page) -> tuple[int, int, int, int]:
    (x0, y0), (x1, y1), (x2, y2) = corners.corners
    left, bottom, right, top = place.box
    points = [
        (
            (x0 + (x1 - x0) * x / 1000 + (x2 - x0) * y / 1000) * page.width,
            (y0 + (y1 - y0) * x / 1000 + (y2 - y0) * y / 1000) * page.height,
        )
        for x, y in ((left, bottom), (right, bottom), (left, top), (right, top))
    ]
    across, down = [p[0] for p in points], [p[1] for p in points]
    return (
        *_span(min(down), max(down), page.height),
        *_span(min(across), max(across), page.width),
    )


def _span(low: float, high: float, size: int) -> tuple[int, int]:
    begin, end = int(low) - _MARGIN, int(high) + 1 + _MARGIN
    return max(0, min(begin, size)), max(0, min(end, size))
