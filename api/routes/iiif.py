"""IIIF over HTTP: images, manifests, text lines and search inside a document, for viewers anywhere.

Every address asks the access rule as the rest of the API does; nothing here may be kept by a shared cache.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from api.deps import DeskDep, Finder, Searcher
from api.schemas.common import Identifier, PageNumber
from api.services import iiif_image, iiif_manifest, iiif_search
from api.services.iiif_addresses import Addresses

router = APIRouter(prefix="/iiif", tags=["iiif"])

PRIVATE = "private, no-cache"
_IMAGE = "/image/3/{document_id}/{number}"
_DOCUMENT = "/documents/{document_id}"
_PRESENTATION_3 = "http://iiif.io/api/presentation/3/context.json"


def addresses(request: Request, desk: DeskDep) -> Addresses:
    """Return the addresses as this viewer reaches them: those of the settings, else of the request."""
    return Addresses(desk.tools.iiif.base or str(request.base_url).rstrip("/"))


At = Annotated[Addresses, Depends(addresses)]


def asked(
    request: Request,
    q: Annotated[str, Query(max_length=4000)] = "",
    motivation: Annotated[str, Query(max_length=300)] = "",
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    least: Annotated[int, Query(alias="min", ge=1, le=1_000_000)] = 1,
) -> iiif_search.Asked:
    """Return what was asked of a search service; dates and users are told as ignored, as the specification has it."""
    ignored = tuple(name for name in ("date", "user") if request.query_params.get(name))
    return iiif_search.Asked(q, motivation, after, least, ignored)


Asked = Annotated[iiif_search.Asked, Depends(asked)]


@router.get(_IMAGE, status_code=303, response_class=RedirectResponse)
def image_base(document_id: Identifier, number: PageNumber, reader: Finder, at: At) -> RedirectResponse:
    """Lead from the address of an image service to its information."""
    return RedirectResponse(f"{at.image(document_id, number)}/info.json", 303)


@router.get(f"{_IMAGE}/info.json", response_class=JSONResponse)
def image_information(
    request: Request, document_id: Identifier, number: PageNumber, reader: Finder, desk: DeskDep, at: At
) -> Response:
    """Return the image information (IIIF Image API 3.0, level 1) of a page. 404 when absent or not yours to see."""
    told = iiif_image.info(desk, reader, at, document_id, number)
    answer = _json_ld(request, told, iiif_image.CONTEXT)
    answer.headers["Link"] = f'<{iiif_image.LEVEL}>;rel="profile"'
    return answer


@router.get(
    f"{_IMAGE}/{{region}}/{{size}}/{{rotation}}/{{rest}}",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {}}, "description": "The part of the upright page"},
        304: {"description": "Same"},
        400: {"description": "No such region, size, rotation, quality or format"},
        501: {"description": "Larger than the scan"},
    },
)
def image(
    document_id: Identifier,
    number: PageNumber,
    region: str,
    size: str,
    rotation: str,
    rest: str,
    reader: Finder,
    desk: DeskDep,
    at: At,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return a region of the upright page in a size. 404 when absent or not yours to see."""
    wanted = iiif_image.ask(desk, reader, at, document_id, number, region, size, f"{rotation}/{rest}")
    headers = {
        "ETag": f'"{wanted.etag}"',
        "Cache-Control": PRIVATE,
        "Link": f'<{wanted.canonical}>;rel="canonical", <{iiif_image.LEVEL}>;rel="profile"',
    }
    if if_none_match and f'"{wanted.etag}"' in if_none_match:
        return Response(status_code=304, headers=headers)
    view = iiif_image.make(desk, wanted)
    return Response(view.data, media_type=view.media_type, headers=headers)


@router.get(f"{_DOCUMENT}/manifest", response_class=JSONResponse)
def manifest(request: Request, document_id: Identifier, reader: Finder, desk: DeskDep, at: At) -> Response:
    """Return a document as a manifest (IIIF Presentation 3.0). 404 when absent or not yours to see."""
    return _json_ld(request, iiif_manifest.manifest(desk, reader, at, document_id), _PRESENTATION_3)


@router.get(f"{_DOCUMENT}/canvas/{{number}}/lines", response_class=JSONResponse)
def lines(
    request: Request, document_id: Identifier, number: PageNumber, reader: Finder, desk: DeskDep, at: At
) -> Response:
    """Return the text lines of a page as annotations. 404 when absent or not yours to see."""
    return _json_ld(request, iiif_manifest.lines(desk, reader, at, document_id, number), _PRESENTATION_3)


@router.get("/collection", response_class=JSONResponse)
def collection(
    request: Request,
    reader: Searcher,
    desk: DeskDep,
    at: At,
    dossier: Annotated[str, Query(min_length=1, max_length=200)],
    part: Annotated[int | None, Query(ge=1, le=100_000)] = None,
) -> Response:
    """Return the documents of a dossier that you may see, as a collection. 404 when there is none."""
    return _json_ld(request, iiif_manifest.collection(desk, reader, at, dossier, part), _PRESENTATION_3)


@router.get(f"{_DOCUMENT}/search/2", response_class=JSONResponse)
def search_2(
    request: Request, document_id: Identifier, reader: Finder, desk: DeskDep, at: At, asked: Asked
) -> Response:
    """Return where `q` stands in a document (IIIF Content Search 2.0). 404 when absent or not yours to see."""
    return _json_ld(
        request, iiif_search.search_2(desk, reader, at, document_id, asked), iiif_search.CONTEXT_2
    )


@router.get(f"{_DOCUMENT}/search/1", response_class=JSONResponse)
def search_1(document_id: Identifier, reader: Finder, desk: DeskDep, at: At, asked: Asked) -> Response:
    """Return where `q` stands in a document (IIIF Content Search 1.0). 404 when absent or not yours to see."""
    return JSONResponse(iiif_search.search_1(desk, reader, at, document_id, asked))


@router.get(f"{_DOCUMENT}/autocomplete/2", response_class=JSONResponse)
def autocomplete_2(
    request: Request, document_id: Identifier, reader: Finder, desk: DeskDep, at: At, asked: Asked
) -> Response:
    """Return terms of a document that begin with `q` (Content Search 2.0). 404 when absent or not yours to see."""
    told = iiif_search.autocomplete(desk, reader, at, document_id, asked, 2)
    return _json_ld(request, told, iiif_search.CONTEXT_2)


@router.get(f"{_DOCUMENT}/autocomplete/1", response_class=JSONResponse)
def autocomplete_1(document_id: Identifier, reader: Finder, desk: DeskDep, at: At, asked: Asked) -> Response:
    """Return terms of a document that begin with `q` (Content Search 1.0). 404 when absent or not yours to see."""
    return JSONResponse(iiif_search.autocomplete(desk, reader, at, document_id, asked, 1))


def _json_ld(request: Request, told: dict[str, Any], profile: str) -> JSONResponse:
    """Return JSON-LD with its profile, plain JSON to whoever asks for that alone."""
    accepted = request.headers.get("accept", "*/*")
    plain = "application/json" in accepted and "ld+json" not in accepted
    kind = "application/json" if plain else f'application/ld+json;profile="{profile}"'
    return JSONResponse(told, media_type=kind, headers={"Vary": "Accept"})
