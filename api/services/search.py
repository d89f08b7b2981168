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
from ingest.shelf import Shelf
from language.fold import canonical
from records.access import Actor
from records.errors import Unfit
from records.geometry import Box, Rotation
from records.page import PageText
from search.find import Found, Hit, search
from search.highlight import highlight
from search.plan import parse
from search.strip import Strip, strip_around
from storage.pages import Page
from storage.work import Tx

_MOST_PAGES = 120  # pages of one document looked through for hits while somebody waits


def find(tools: Tools, reader: Actor, typed: str, limit: int, offset: int, *, group: bool) -> SearchOut:
    """Return the pages that answer, best first; what was shown to whom is written down once a search.

    Raises `Unfit` (`query-empty`, `query-too-long`), `Away` (`search-index-missing`).
    """
    query = checked_query(tools, typed)
    with tools.work.reading() as tx:
        found = search(query, reader, tools.index, Shelf(tx), limit, offset, group=group)
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
    return HitOut(
        document_id=hit.document_id,
        page=hit.page,
        title=title_of(hit.fields) or document.title or document.source,
        score=hit.score,
        match=hit.match,
        snippet=hit.snippet,
        snippet_marks=list(hit.snippet_marks),
        boxes=[box.as_xywh() for box in hit.boxes],
        kinds=list(hit.kinds),
        fields=FieldsOut.of(hit.fields),
        crop=None if hit.strip is None else _crop(hit.strip, hit.document_id, hit.page, hit.kinds),
    )


def strip(
    page: Page, document_id: str, boxes: Sequence[Box], *, wide: float = 0.6, air: float = 0.6
) -> Crop | None:
    """Return the strip of the page around the first of `boxes` (delivered pixels) with its address.

    `wide` and `air` as in `search.strip`. None without boxes.
    """
    rotation = cast("Rotation", page.rotation)
    found = strip_around(boxes, rotation, page.width, page.height, wide=wide, air=air)
    return None if found is None else _crop(found, document_id, page.number or 1, ())


def _crop(found: Strip, document_id: str, number: int, kinds: Sequence[str]) -> Crop:
    x, y, w, h = found.region.as_xywh()
    return Crop(
        url=f"/api/v1/documents/{quote(document_id)}/pages/{number}/image?size=screen&region={x},{y},{w},{h}",
        width=found.width,
        height=found.height,
        boxes=[box.as_xywh() for box in found.boxes],
        kinds=[kinds[number] for number in found.numbers] if kinds else [],
        align=found.align,
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
