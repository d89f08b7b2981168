"""Documents as pages: the list with filters, and the reading room: page, hits, fields, signature, download."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.deps import DeskDep, as_party, get_desk
from api.i18n import day
from api.pages.render import Visitor, page, visitor_may
from api.schemas.common import FieldsOut, Identifier, Offset
from api.schemas.documents import PageOut
from api.schemas.search import Crop
from api.services import documents, similar
from api.services.in_document import NOWHERE, InDocument, in_document, page_hits
from api.services.search import strip
from records.access import Action, Actor
from records.document import DocumentState
from records.errors import Unfit
from records.geometry import Box
from records.paper_types import TYPES
from storage.pages import Page

router = APIRouter(prefix="/documents")

_PER_PAGE = 24
_THUMBS = 60  # thumbnails on each side of the page shown
_FIELDS = (
    "number",
    "issued_date",
    "place",
    "organ_name",
    "superior_organ",
    "type_name",
    "subject",
    "signer_title",
    "signer_name",
    "recipients",
    "urgency",
    "secrecy",
)


@router.get("")
def document_list(
    request: Request,
    desk: DeskDep,
    caller: Visitor,
    subject: Annotated[str, Query(max_length=300)] = "",
    number: Annotated[str, Query(max_length=100)] = "",
    type_code: Annotated[str, Query(alias="type", max_length=8)] = "",
    year: Annotated[str, Query(max_length=8)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    batch: Annotated[str, Query(max_length=64)] = "",
    offset: Offset = 0,
) -> Response:
    """Show the documents this reader may see, newest first. A filter that makes no sense is left out."""
    reader = visitor_may(request, caller, Action.SEARCH)
    shown = DocumentState(state) if state in set(DocumentState) else None
    shown_year = int(year) if year.isascii() and year.isdigit() and len(year) == 4 else None
    wanted = documents.Wanted(subject, number, type_code, shown_year, shown, batch)
    found = documents.list_documents(desk, reader, wanted, _PER_PAGE, offset)
    asked = {
        "subject": subject,
        "number": number,
        "type": type_code,
        "year": str(shown_year or ""),
        "state": state if shown else "",
        "batch": batch,
    }
    base = "/documents?" + urlencode({k: v for k, v in asked.items() if v})
    return page(
        request,
        "documents.html",
        caller,
        "documents",
        documents=found,
        filter=asked,
        types=[(t.code, t.name) for t in TYPES],
        states=[s.value for s in DocumentState],
        pager_base=base + ("&" if base[-1] != "?" else ""),
    )


@dataclass(frozen=True, slots=True)
class ShownField:
    """A field as people read it, with the strip of the page it was read from."""

    name: str
    shown: str
    confidence: float | None
    page: int
    crop: Crop | None


@router.get("/{document_id}")
def document_page(
    request: Request,
    document_id: Identifier,
    desk: DeskDep,
    caller: Visitor,
    number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
    q: Annotated[str, Query(max_length=4000)] = "",
) -> Response:
    """Show one page of a document with what is known of the whole."""
    reader = as_party(desk.tools, caller.actor)
    doc = documents.get_document(desk, reader, document_id)
    pages = desk_pages(request, reader, document_id)
    by_number = {p.number: p for p in pages if p.number is not None}
    shown = documents.get_page(desk, reader, document_id, min(number, max(by_number))) if by_number else None
    hits = _hits(request, reader, document_id, len(by_number), shown, q)
    at = shown.number if shown else 1
    before = [n for n in hits.counts if n < at]
    after = [n for n in hits.counts if n > at]
    return page(
        request,
        "document.html",
        caller,
        "documents",
        doc=doc.model_copy(update={"pages": len(by_number)}),
        page=shown,
        q=q.strip(),
        hits=[[box] for box in hits.shown.boxes],
        text_marks=hits.shown.spans,
        hits_total=hits.total,
        hits_before=sum(hits.counts[n] for n in before),
        hit_pages=set(hits.counts),
        hits_complete=hits.complete,
        inside=[page_hits(number, light) for number, light in hits.pages.items()],
        prev_hit_page=max(before, default=None),
        next_hit_page=min(after, default=None),
        thumbs=[n for n in sorted(by_number) if abs(n - at) <= _THUMBS],
        fields=shown_fields(doc.fields, by_number, document_id),
    )


@router.get("/{document_id}/similar")
def similar_page(
    request: Request,
    document_id: Identifier,
    desk: DeskDep,
    caller: Visitor,
    number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
) -> Response:
    """Show pages like this one: as a piece of the reading room, or as a page where there is no script."""
    reader = as_party(desk.tools, caller.actor)
    told = similar.similar_pages(desk, reader, document_id, number)
    piece = request.headers.get("hx-request") == "true"
    return page(request, "similar.html" if piece else "similar_page.html", caller, "documents", similar=told)


def desk_pages(request: Request, reader: Actor, document_id: str) -> list[Page]:
    """Return the page rows of a document. Raises `Missing`."""
    with get_desk(request).tools.work.reading() as tx:
        return tx.pages.of_document(reader, document_id)


def shown_fields(fields: FieldsOut, pages: dict[int, Page], document_id: str) -> list[ShownField]:
    """Return the fields that were found, in the order of the paper, each with its strip when its place is known."""
    out = []
    for name in _FIELDS:
        value = getattr(fields, name)
        shown = (
            "; ".join(value) if isinstance(value, list) else day(value) if name == "issued_date" else value
        )
        if not shown:
            continue
        evidence = fields.evidence.get(name) or fields.evidence.get({"number": "code_number"}.get(name, ""))
        crop = None
        if evidence and evidence.boxes and evidence.page in pages:
            boxes = [Box(*box) for box in evidence.boxes]
            crop = strip(pages[evidence.page], document_id, boxes, wide=0.0, air=0.25)
        out.append(
            ShownField(
                name, shown, evidence.confidence if evidence else None, evidence.page if evidence else 1, crop
            )
        )
    return out


def _hits(
    request: Request, reader: Actor, document_id: str, pages: int, shown: PageOut | None, q: str
) -> InDocument:
    if not q.strip() or shown is None:
        return NOWHERE
    try:
        return in_document(get_desk(request).tools, reader, document_id, pages, shown.number, q)
    except Unfit:
        return NOWHERE  # a query too long to search for still opens the document
