"""Search, and the hits inside one document: what stands where, as boxes on the page and marks in the text."""

from collections.abc import Sequence
from typing import cast
from urllib.parse import quote

from api.reads import MOST_IDS
from api.schemas.common import FieldsOut
from api.schemas.documents import title_of
from api.schemas.search import Crop, FacetValueOut, HitOut, SearchOut
from api.tools import Tools
from ingest.shelf import Shelf
from language.fold import canonical
from records.access import Actor
from records.errors import Unfit
from records.geometry import Box, Rotation
from records.paper_types import TYPES
from search.asked import Asked
from search.facets import FacetCount
from search.filters import Facet
from search.find import Found, Hit, search
from search.strip import Strip, strip_around
from storage.pages import Page
from storage.work import Tx

_TYPES = {each.code: each.name for each in TYPES}


FACETS = tuple(Facet)


def find(tools: Tools, reader: Actor, asked: Asked, limit: int, offset: int, *, group: bool) -> SearchOut:
    """Return the pages that answer, best first; what was shown to whom is written down once a search.

    Raises `Unfit` (`query-empty`, `query-too-long`), `Away` (`search-index-missing`).
    """
    query = checked_query(tools, asked.query)
    with tools.work.reading() as tx:
        found = search(
            query,
            reader,
            tools.index,
            Shelf(tx),
            limit,
            offset,
            group=group,
            approximate=not asked.exact,
            filters=asked.filters,
            facets=FACETS,
        )
        hits = [_hit(tx, reader, hit) for hit in found.hits]
    write_down(tools, reader, found, "searched")
    return SearchOut(
        query=query,
        total=found.total,
        total_is_exact=found.total_is_exact,
        seconds=round(found.seconds, 4),
        hits=hits,
        facets={facet.value: [_facet(facet, one) for one in told] for facet, told in found.facets.items()},
        facets_are_exact=found.facets_are_exact,
        notes=list(found.notes),
    )


def _facet(facet: Facet, one: FacetCount) -> FacetValueOut:
    return FacetValueOut(value=one.value, label=label(facet.value, one.value), count=one.count, more=one.more)


def label(name: str, value: str) -> str:
    """Return how people call a value by which a search is narrowed: a type by its name, all else as it is."""
    return _TYPES.get(value, value) if name == Facet.TYPE.value else value


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


def write_down(tools: Tools, reader: Actor, found: Found, action: str) -> None:
    """Note who was shown what; what was typed is not noted, for it may be a secret subject."""
    shown = " ".join(dict.fromkeys(hit.document_id for hit in found.hits))
    with tools.work.begin() as tx:
        tx.audit.append(
            reader.id,
            action,
            "",
            "done",
            {"hits": len(found.hits), "total": found.total, "shown": shown[:MOST_IDS]},
        )
