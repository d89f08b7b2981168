"""Documents over HTTP: list, read, look at, download."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse

from api.deps import DeskDep, Finder, Searcher
from api.schemas.common import Identifier, Limit, Listing, Offset, PageNumber
from api.schemas.documents import DocumentOut, PageOut, WordsOut
from api.schemas.renewal import DocumentSignatureOut
from api.schemas.search import InDocumentOut, SimilarOut
from api.services import access_copies, documents, in_document, page_images, renewal, similar
from api.transfer import handed_out
from records.document import DocumentState

router = APIRouter(prefix="/documents", tags=["documents"])

PRIVATE = "private, no-cache"
"""A browser may keep a picture but must ask each time, so that a right taken away takes the picture away."""


@router.get("")
def list_documents(
    reader: Searcher,
    desk: DeskDep,
    subject: Annotated[str, Query(max_length=300, description="Part of the subject, accents optional.")] = "",
    number: Annotated[str, Query(max_length=100)] = "",
    type_code: Annotated[str, Query(alias="type", max_length=8)] = "",
    year: Annotated[int | None, Query(ge=1000, le=9999)] = None,
    state: DocumentState | None = None,
    batch: Annotated[str, Query(max_length=64)] = "",
    dossier: Annotated[str, Query(max_length=200)] = "",
    limit: Limit = 50,
    offset: Offset = 0,
) -> Listing[DocumentOut]:
    """Return the documents you may see, newest first."""
    wanted = documents.Wanted(subject, number, type_code, year, state, batch, dossier)
    return documents.list_documents(desk, reader, wanted, limit, offset)


@router.get("/{document_id}")
def get_document(document_id: Identifier, reader: Finder, desk: DeskDep) -> DocumentOut:
    """Return one document. 404 when absent or not yours to see."""
    return documents.get_document(desk, reader, document_id)


@router.get(
    "/{document_id}/pdf",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"application/pdf": {}}, "description": "The file, its hash checked on the way out"}
    },
)
def get_pdf(
    document_id: Identifier,
    reader: Finder,
    desk: DeskDep,
    rendition: Literal["access", "original", "manifest"] = "access",
) -> StreamingResponse:
    """Download the sealed PDF/A, the file as handed in (`original`), or the list of what was archived (`manifest`)."""
    found = documents.download(desk, reader, document_id, rendition)
    return handed_out(found.pieces, found.name, found.media_type, found.size, found.sha256)


@router.get(
    "/{document_id}/access-copy",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/pdf": {}}, "description": "The small copy"}},
)
async def get_access_copy(document_id: Identifier, reader: Finder, desk: DeskDep) -> StreamingResponse:
    """Download a small copy for reading over a slow line: PDF/A with compressed pictures and the same searchable words.

    It is made on request, has no signature and never replaces the sealed PDF. 404 when the document is absent, not
    archived or not yours to see.
    """
    made = await desk.uploads.work(access_copies.access_copy, desk, reader, document_id)
    return handed_out(iter((made.data,)), made.name, "application/pdf", len(made.data), made.sha256)


@router.get("/{document_id}/signature")
async def get_signature(document_id: Identifier, reader: Finder, desk: DeskDep) -> DocumentSignatureOut:
    """Check the archived file now, as a stranger would, and tell until when it can be proven."""
    return await desk.uploads.work(renewal.signature, desk, reader, document_id)


@router.get("/{document_id}/pages")
def list_pages(document_id: Identifier, reader: Finder, desk: DeskDep) -> list[PageOut]:
    """Return the pages of a document, without their text."""
    return documents.list_pages(desk, reader, document_id)


@router.get("/{document_id}/pages/{number}")
def get_page(document_id: Identifier, number: PageNumber, reader: Finder, desk: DeskDep) -> PageOut:
    """Return one page with its text."""
    return documents.get_page(desk, reader, document_id, number)


@router.get("/{document_id}/search")
def find_in_document(
    document_id: Identifier,
    reader: Finder,
    desk: DeskDep,
    q: Annotated[str, Query(max_length=4000)],
    exact: Annotated[bool, Query(description="Leave out what is only close to what was typed.")] = False,
) -> InDocumentOut:
    """Return every page of a document on which `q` stands, with boxes. 404 when absent or not yours to see."""
    pages = len(documents.list_pages(desk, reader, document_id))
    return in_document.listing(desk.tools, reader, document_id, pages, q, exact=exact)


@router.get("/{document_id}/pages/{number}/similar")
def list_similar(
    document_id: Identifier, number: PageNumber, reader: Finder, desk: DeskDep, limit: Limit = 8
) -> list[SimilarOut]:
    """Return pages of other documents you may see that say much the same, the most alike first."""
    return similar.similar_pages(desk, reader, document_id, number, limit)


@router.get("/{document_id}/pages/{number}/words")
def get_words(
    document_id: Identifier,
    number: PageNumber,
    reader: Finder,
    desk: DeskDep,
    frame: Literal["delivered", "upright"] = "delivered",
) -> WordsOut:
    """Return the words of one page with boxes, in pixels of the page image as delivered or upright."""
    return documents.get_words(desk, reader, document_id, number, frame)


@router.get(
    "/{document_id}/pages/{number}/image",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {}}, "description": "The upright page"},
        304: {"description": "Same"},
    },
)
def get_image(
    document_id: Identifier,
    number: PageNumber,
    reader: Finder,
    desk: DeskDep,
    size: Literal["thumb", "screen", "full"] = "screen",
    region: Annotated[str | None, Query(max_length=60, description="x,y,w,h in delivered pixels")] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return the page image upright: 240 or 1400 pixels wide or full; with `region` that part at the same scale."""
    picture = page_images.ask(desk, reader, document_id, number, size, region)
    headers = {"ETag": f'"{picture.etag}"', "Cache-Control": PRIVATE}
    if if_none_match and f'"{picture.etag}"' in if_none_match:
        return Response(status_code=304, headers=headers)
    view = page_images.make(desk, picture)
    return Response(view.data, media_type=view.media_type, headers=headers)
