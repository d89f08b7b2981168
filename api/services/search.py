"""Search, and the hits inside one document: what stands where, as boxes on the page and marks in the text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import quote

from api.reads import MOST_IDS
from api.schemas.common import FieldsOut
from api.schemas.documents import title_of
from api.schemas.search import Crop, HitOut, SearchOut
from api.tools import Tools
from language.fold import canonical
from records.access import Actor
from records.document import Fields
from records.errors import Missing, Unfit
from records.geometry import Box, Rotation, back, turn, turned_size
from records.page import PageText
from search.find import Found, Hit, search
from search.highlight import highlight
from search.plan import parse
from storage.pages import Page
from storage.work import Tx

_STRIP = 0.12  # highest strip, as part of the page height (see services/page_images._STRIP)
_MOST_PAGES = 120  # pages of one document looked through for hits while somebody waits


class RowsSource:
    """Gives the search the texts of the shown pages, out of one snapshot and in the reader's name."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def page_text(self, reader: Actor, document_id: str, page: int) -> PageText | None:
        """Return the reading of a page, None when absent or not the reader's to see."""
        try:
            return self._tx.pages.reading(reader, document_id, page)
        except Missing:
            return None

    def fields(self, reader: Actor, document_id: str) -> Fields | None:
        """Return the fields of a document, None when absent or not the reader's to see."""
        try:
            return self._tx.documents.get(reader, document_id).fields
        except Missing:
            return None

    def unsettled(self, reader: Actor, limit: int) -> list[str]:
        """Return documents that the index may tell of although they are no longer the reader's (`Outbox.unsettled`)."""
        return self._tx.outbox.unsettled(reader, limit)


def find(tools: Tools, reader: Actor, typed: str, limit: int, offset: int, *, group: bool) -> SearchOut:
    """Return the pages that answer, best first; what was shown to whom is written down once a search.

    Raises `Unfit` (`query-empty`, `query-too-long`), `Away` (`search-index-missing`).
    """
    query = checked_query(tools, typed)
    with tools.work.reading() as tx:
        found = search(query, reader, tools.index, RowsSource(tx), limit, offset, group=group)
        hits = [_hit(tx, reader, hit) for hit in found.hits]
    _write_down(tools, reader, found)
    return SearchOut(
        query=query,
        total=found.total,
        total_is_exact=found.total_is_exact,
        seconds=round(found.seconds, 4),
        hits=hits,
    )


def checked_query(tools: Tools, typed: str) -> str:
    """Return the query in one form (NFC, no control characters). Raises `Unfit`."""
    query = " ".join("".join(c if c.isprintable() else " " for c in canonical(typed)).split())
    if not query:
        raise Unfit(
            "empty query", code="query-empty", tell="Hãy nhập ít nhất một từ, một số hiệu hoặc một cụm từ."
        )
    if len(query) > tools.limits.max_query_chars:
        raise Unfit(
            f"query of {len(query)} characters",
            code="query-too-long",
            tell=f"Câu tìm dài quá {tools.limits.max_query_chars} ký tự. Hãy chỉ nhập vài từ hoặc một câu ngắn.",
        )
    return query


@dataclass(frozen=True, slots=True)
class Marks:
    """Hits on one page: boxes [x, y, w, h] in the upright frame and spans (start, end) of the page's text."""

    boxes: tuple[tuple[int, int, int, int], ...] = ()
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class InDocument:
    """Hits of a query in one document: how many on each page, and the marks of the page that is shown."""

    counts: dict[int, int]
    shown: Marks

    @property
    def total(self) -> int:
        """Hits on all pages looked through."""
        return sum(self.counts.values())


def in_document(
    tools: Tools, reader: Actor, document_id: str, pages: int, number: int, typed: str
) -> InDocument:
    """Return the hits of `typed` in a document of `pages` pages of which page `number` is shown.

    Looks through the shown page and those around it when there are very many. Raises `Missing`, `Unfit`.
    """
    query = parse(checked_query(tools, typed))
    if query.empty:
        return InDocument({}, Marks())
    first = max(1, min(number - _MOST_PAGES // 2, pages - _MOST_PAGES + 1))
    counts: dict[int, int] = {}
    near: dict[
        int, int
    ] = {}  # pages where only something close stands; they count when no page has the words
    shown = nearly = Marks()
    with tools.work.reading() as tx:
        for current in range(first, min(pages, first + _MOST_PAGES - 1) + 1):
            text = tx.pages.reading(reader, document_id, current)
            if text is None:
                continue
            found = highlight(query, text)
            if found.match is None or not found.boxes:
                continue
            (near if found.match == "approximate" else counts)[current] = len(found.boxes)
            if current == number and found.match == "approximate":
                nearly = _marks(text, found.boxes)
            elif current == number:
                shown = _marks(text, found.boxes)
    return InDocument(counts, shown) if counts else InDocument(near, nearly)


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


def _hit(tx: Tx, reader: Actor, hit: Hit) -> HitOut:
    document = tx.documents.get(reader, hit.document_id)
    page = tx.pages.get(reader, hit.document_id, hit.page)
    return HitOut(
        document_id=hit.document_id,
        page=hit.page,
        title=title_of(hit.fields) or document.title or document.source,
        score=hit.score,
        match=hit.match,
        snippet=hit.snippet,
        snippet_marks=list(hit.snippet_marks),
        boxes=[box.as_xywh() for box in hit.boxes],
        fields=FieldsOut.of(hit.fields),
        crop=strip(page, hit.document_id, hit.boxes),
    )


def strip(
    page: Page, document_id: str, boxes: Sequence[Box], *, wide: float = 0.6, air: float = 0.6
) -> Crop | None:
    """Return the strip of the upright page around the first of `boxes` (delivered pixels), None without boxes.

    `wide`: least width as part of the page, so that the words around a hit can be read. `air`: margin above and below,
    in heights of the first box.
    """
    if not boxes:
        return None
    rotation = cast("Rotation", page.rotation)
    width, height = turned_size(rotation, page.width, page.height)
    upright = [turn(box, rotation, page.width, page.height) for box in boxes]
    first = upright[0]
    most = int(_STRIP * height)
    near = [
        b for b in upright if b.y0 >= first.y0 - first.height and b.y1 - first.y0 + 2 * first.height <= most
    ]
    whole = first
    for box in near:
        whole = whole.union(box)
    margin_y = min(int(first.height * air) + 4, max(0, (most - whole.height) // 2))
    margin_x = max(first.height, int((wide * width - whole.width) / 2))
    left, right = whole.x0 - margin_x, whole.x1 + margin_x
    if left < 0:
        left, right = 0, right - left
    elif right > width:
        left, right = left - (right - width), width
    region = Box(left, whole.y0 - margin_y, right, min(whole.y1 + margin_y, whole.y0 - margin_y + most))
    region = region.clamp(width, height)
    if not region.width or not region.height:
        return None
    x, y, w, h = turn(region, back(rotation), width, height).as_xywh()
    inside = [b for b in near or [first] if b.y0 < region.y1]
    middle = ((first.x0 + first.x1) / 2 - region.x0) / region.width
    return Crop(
        url=f"/api/v1/documents/{quote(document_id)}/pages/{page.number}/image?size=screen&region={x},{y},{w},{h}",
        width=region.width,
        height=region.height,
        boxes=[[b.x0 - region.x0, b.y0 - region.y0, b.width, b.height] for b in inside],
        align="xMin" if middle < 0.36 else "xMax" if middle > 0.64 else "xMid",
    )


def _write_down(tools: Tools, reader: Actor, found: Found) -> None:
    shown = " ".join(dict.fromkeys(hit.document_id for hit in found.hits))
    with tools.work.begin() as tx:
        tx.audit.append(
            reader.id,
            "searched",
            "",
            "done",
            {"hits": len(found.hits), "total": found.total, "shown": shown[:MOST_IDS]},
        )
