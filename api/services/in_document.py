"""The hits of a query inside one document: how many on each page, where on the page that is shown, and as a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from api.schemas.search import InDocumentOut, PageHitsOut
from api.services.search import checked_query
from api.tools import Tools
from records.access import Actor
from records.geometry import Box
from records.page import PageText
from search.highlight import Highlight, highlight
from search.plan import Query, parse

MOST_PAGES = 400
"""Pages of one document looked through while somebody waits; of a longer one those around the page that is shown."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Hits on one page: boxes [x, y, w, h] in the upright frame and spans (start, end) of the page's text."""

    boxes: tuple[tuple[int, int, int, int], ...] = ()
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class InDocument:
    """Hits of a query in one document: what stands on each page, and the marks of the page that is shown.

    `complete`: every page was looked through.
    """

    pages: dict[int, Highlight]
    shown: Marks
    complete: bool = True

    @property
    def counts(self) -> dict[int, int]:
        """Boxes on each page with hits."""
        return {number: len(light.boxes) for number, light in self.pages.items()}

    @property
    def total(self) -> int:
        """Hits on all pages looked through."""
        return sum(self.counts.values())


NOWHERE = InDocument({}, Marks())


def in_document(
    tools: Tools, reader: Actor, document_id: str, pages: int, number: int, typed: str, *, exact: bool = False
) -> InDocument:
    """Return the hits of `typed` in a document of `pages` pages of which page `number` is shown.

    What is only close counts when no page has the words, and never when `exact`. Raises `Missing`, `Unfit`.
    """
    query = parse(checked_query(tools, typed))
    if query.empty:
        return NOWHERE
    first = max(1, min(number - MOST_PAGES // 2, pages - MOST_PAGES + 1))
    last = min(pages, first + MOST_PAGES - 1)
    with tools.work.reading() as tx:
        texts = tx.pages.readings_between(reader, document_id, first, last)
    standing, near = _looked(query, texts)
    found = standing or ({} if exact else near)
    shown = next((text for text in texts if text.page == number and number in found), None)
    marks = _marks(shown, found[number].boxes) if shown is not None else Marks()
    return InDocument(found, marks, complete=first == 1 and last == pages)


def listing(
    tools: Tools, reader: Actor, document_id: str, pages: int, typed: str, *, exact: bool
) -> InDocumentOut:
    """Return every page with hits, in order. Raises as `in_document`."""
    found = in_document(tools, reader, document_id, pages, 1, typed, exact=exact)
    return InDocumentOut(
        query=checked_query(tools, typed),
        total=found.total,
        complete=found.complete,
        pages=[page_hits(number, light) for number, light in found.pages.items()],
    )


def page_hits(number: int, light: Highlight) -> PageHitsOut:
    """Return what a page with hits is shown as."""
    return PageHitsOut(
        page=number,
        hits=len(light.boxes),
        match=light.match or "approximate",
        snippet=light.snippet,
        snippet_marks=list(light.marks),
        boxes=[box.as_xywh() for box in light.boxes],
        kinds=list(light.kinds),
    )


def _looked(query: Query, texts: Sequence[PageText]) -> tuple[dict[int, Highlight], dict[int, Highlight]]:
    """Return by page number what stands there, and what only comes close."""
    standing: dict[int, Highlight] = {}
    near: dict[int, Highlight] = {}
    for text in texts:
        light = highlight(query, text)
        if light.match is not None and light.boxes:
            (near if light.match == "approximate" else standing)[text.page] = light
    return standing, near


def _marks(page: PageText, boxes: Sequence[Box]) -> Marks:
    upright = [tuple(page.upright_box(box).as_xywh()) for box in boxes]
    spans: list[tuple[int, int]] = []
    at = 0
    for line in page.lines:
        for word in line:
            end = at + len(word.text)
            if any(_holds(box, word.box) for box in boxes):
                if spans and at - spans[-1][1] == 1:
                    spans[-1] = (spans[-1][0], end)
                else:
                    spans.append((at, end))
            at = end + 1
    return Marks(cast("tuple[tuple[int, int, int, int], ...]", tuple(upright)), tuple(spans))


def _holds(outer: Box, inner: Box) -> bool:
    x, y = (inner.x0 + inner.x1) / 2, (inner.y0 + inner.y1) / 2
    return outer.x0 <= x < outer.x1 and outer.y0 <= y < outer.y1
