"""Content Search inside a document, 2.0 and 1.0, and the terms that complete what is typed: one highlighter for both.

https://iiif.io/api/search/2.0/ and https://iiif.io/api/search/1.0/. Every box of a hit is an annotation whose target is
the canvas with `#xywh=`; what stands before and after it comes along as the version has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.deps import Desk
from api.services.iiif_addresses import Addresses
from api.services.iiif_manifest import SEARCH_1, text_body, xywh
from api.services.page_images import turn_of
from api.services.search import checked_query
from records.access import Actor
from records.geometry import turn
from records.page import PageText
from search.highlight import Passage
from search.inside import complete, find_inside
from search.plan import parse
from storage.pages import Page

CONTEXT_2 = "http://iiif.io/api/search/2/context.json"
PRESENTATION_2 = "http://iiif.io/api/presentation/2/context.json"
MOST = 200
"""Passages after which an answer ends with the page they stand on; the rest is the next answer."""
TERMS = 20
_HELD = {2: frozenset({"supplementing", "contextualizing"}), 1: frozenset({"painting"})}
"""What our annotations are for: a search for others (comments, tags) finds nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of a service. `ignored`: parameters of the specification that mean nothing here."""

    typed: str
    motivation: str = ""
    after: int = 0
    least: int = 1
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    """A passage on its canvas: one (name, words, target) for each of its boxes."""

    name: str
    passage: Passage
    pieces: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    """A part of the result. `here`: its address; `first`, `following`: those of its neighbours, None when it is all."""

    here: str
    places: tuple[_Place, ...]
    first: str | None
    following: str | None


def search_2(desk: Desk, reader: Actor, at: Addresses, document_id: str, asked: Asked) -> dict[str, Any]:
    """Return the annotation page of Content Search 2.0. Raises `Missing`, `Unfit` (`query-empty`, `query-too-long`)."""
    answer = _found(desk, reader, at, document_id, asked, 2)
    items = [
        {
            "id": name,
            "type": "Annotation",
            "motivation": "supplementing",
            "body": text_body(words),
            "target": target,
        }
        for place in answer.places
        for name, words, target in place.pieces
    ]
    made: dict[str, Any] = {
        "@context": CONTEXT_2,
        "id": answer.here,
        "type": "AnnotationPage",
        "items": items,
    }
    if answer.places:
        contexts = [_context(place) for place in answer.places]
        made["annotations"] = [{"id": f"{answer.here}#context", "type": "AnnotationPage", "items": contexts}]
    if asked.ignored:
        made["ignored"] = list(asked.ignored)
    if answer.first is not None:
        first = {"id": answer.first, "type": "AnnotationPage"}
        made["partOf"] = {"id": f"{answer.first}#all", "type": "AnnotationCollection", "first": first}
    if answer.following is not None:
        made["next"] = {"id": answer.following, "type": "AnnotationPage"}
    return made


def search_1(desk: Desk, reader: Actor, at: Addresses, document_id: str, asked: Asked) -> dict[str, Any]:
    """Return the annotation list of Content Search 1.0. Raises as `search_2`."""
    answer = _found(desk, reader, at, document_id, asked, 1)
    resources = [
        {
            "@id": name,
            "@type": "oa:Annotation",
            "motivation": "sc:painting",
            "resource": {"@type": "cnt:ContentAsText", "format": "text/plain", "chars": words},
            "on": target,
        }
        for place in answer.places
        for name, words, target in place.pieces
    ]
    layer: dict[str, Any] = {"@type": "sc:Layer"}
    layer |= {"total": len(resources)} if answer.first is None else {"first": answer.first}
    if asked.ignored:
        layer["ignored"] = list(asked.ignored)
    made: dict[str, Any] = {
        "@context": [PRESENTATION_2, f"{SEARCH_1}/context.json"],
        "@id": answer.here,
        "@type": "sc:AnnotationList",
        "within": layer,
        "resources": resources,
        "hits": [
            {
                "@type": "search:Hit",
                "annotations": [name for name, _, _ in place.pieces],
                "match": place.passage.text,
                "before": place.passage.before,
                "after": place.passage.after,
            }
            for place in answer.places
        ],
    }
    if answer.following is not None:
        made["next"] = answer.following
    return made


def autocomplete(
    desk: Desk, reader: Actor, at: Addresses, document_id: str, asked: Asked, version: int
) -> dict[str, Any]:
    """Return the terms of a document that begin with what was typed. Raises `Missing`, `Unfit` (`query-empty`)."""
    typed = checked_query(desk.tools, asked.typed)
    with desk.tools.work.reading() as tx:
        texts = tx.pages.texts(reader, document_id)
    desk.reads.note(reader, document_id, "words")
    terms = complete(typed, texts, most=TERMS, least=asked.least) if _meant(asked, version) else []
    ignored: Mapping[str, Any] = {"ignored": list(asked.ignored)} if asked.ignored else {}
    more = {"motivation": asked.motivation}
    here = at.autocomplete(document_id, version, q=typed, **more)
    if version == 2:
        items = [{"value": term, "total": count, "language": "vi"} for term, count in terms]
        return {"@context": CONTEXT_2, "id": here, "type": "TermPage", **ignored, "items": items}
    listed = [
        {"match": term, "url": at.search(document_id, 1, q=term, **more), "count": count}
        for term, count in terms
    ]
    context = f"{SEARCH_1}/context.json"
    return {"@context": context, "@id": here, "@type": "search:TermList", **ignored, "terms": listed}


def _found(desk: Desk, reader: Actor, at: Addresses, document_id: str, asked: Asked, version: int) -> _Answer:
    """Return what answers; looking into the document is written down as a reading of it."""
    typed = checked_query(desk.tools, asked.typed)
    query = parse(typed)
    same = {"q": typed, "motivation": asked.motivation}
    here = at.search(document_id, version, **same, after=str(asked.after or ""))
    places: list[_Place] = []
    last, more = 0, False
    with desk.tools.work.reading() as tx:
        pages = {page.number or 0: page for page in tx.pages.of_document(reader, document_id)}
        texts = tx.pages.texts(reader, document_id) if _meant(asked, version) else []

        def reading(number: int) -> PageText | None:
            return tx.pages.reading(reader, document_id, number)

        for found in find_inside(query, texts, reading, asked.after):
            if len(places) >= MOST:
                more = True
                break
            canvas, last = at.canvas(document_id, found.number), found.number
            places += [
                _place(f"{here}#{last}-{order}", canvas, pages[last], passage)
                for order, passage in enumerate(found.light.passages)
            ]
    desk.reads.note(reader, document_id, "words")
    first = at.search(document_id, version, **same) if asked.after or more else None
    following = at.search(document_id, version, **same, after=str(last)) if more else None
    return _Answer(here, tuple(places), first, following)


def _place(name: str, canvas: str, page: Page, passage: Passage) -> _Place:
    turned = [turn(box, turn_of(page), page.width, page.height) for box in passage.boxes]
    pieces = tuple(
        (f"{name}-{piece}", words, f"{canvas}#xywh={xywh(box)}")
        for piece, (box, words) in enumerate(zip(turned, passage.lines, strict=True))
    )
    return _Place(name, passage, pieces)


def _context(place: _Place) -> dict[str, Any]:
    """Return what stands around a passage: one selector a box, with what is before the first and after the last."""
    final = len(place.pieces) - 1
    targets = []
    for order, (name, words, _) in enumerate(place.pieces):
        quote = {"type": "TextQuoteSelector", "exact": words}
        if order == 0 and place.passage.before:
            quote["prefix"] = place.passage.before
        if order == final and place.passage.after:
            quote["suffix"] = place.passage.after
        targets.append({"type": "SpecificResource", "source": name, "selector": [quote]})
    return {
        "id": f"{place.name}-context",
        "type": "Annotation",
        "motivation": "contextualizing",
        "target": targets[0] if len(targets) == 1 else targets,
    }


def _meant(asked: Asked, version: int) -> bool:
    motivations = set(asked.motivation.split())
    return not motivations or bool(motivations & _HELD[version])
