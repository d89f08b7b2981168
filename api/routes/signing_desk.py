"""Before and at the desk, over HTTP: see where a paper is marked, choose a place, sign with one's own device."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Response

from api.deps import Signer, ToolsDep
from api.once import OnceDep
from api.schemas.common import Identifier
from api.schemas.signing_desk import FinishIn, MarkOut, PreparedOut, PrepareIn
from api.schemas.signings import PaperOut, PlaceIn
from api.services import signing_desk, signing_views

router = APIRouter(prefix="/signing-batches/{batch_id}", tags=["signing"])

_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {}}, "description": "The upright page"},
    304: {"description": "Same"},
}


@router.get("/papers/{paper_id}/place")
def get_place(batch_id: Identifier, paper_id: Identifier, actor: Signer, tools: ToolsDep) -> MarkOut:
    """Return where the mark of a paper goes and why, with the number of pages and their sizes."""
    return signing_views.place_of(tools, actor, batch_id, paper_id)


@router.put("/papers/{paper_id}/place", response_model=MarkOut)
def put_place(
    batch_id: Identifier, paper_id: Identifier, body: PlaceIn, actor: Signer, tools: ToolsDep, once: OnceDep
) -> Response:
    """Choose the box for this paper, before the batch starts or while it waits at the desk.

    422 when the mark would not fit or the page is not there; 409 `place-too-late` once it is being signed. What was
    prepared for a device before is void.
    """
    return signing_views.put_place(once, tools, actor, batch_id, paper_id, body)


@router.delete("/papers/{paper_id}/place", response_model=MarkOut)
def delete_place(
    batch_id: Identifier, paper_id: Identifier, actor: Signer, tools: ToolsDep, once: OnceDep
) -> Response:
    """Leave the place of this paper to the batch again."""
    return signing_views.put_place(once, tools, actor, batch_id, paper_id, None)


@router.get("/papers/{paper_id}/pages/{number}.png", response_class=Response, responses=_PICTURE)
def get_page(
    batch_id: Identifier,
    paper_id: Identifier,
    number: Annotated[int, Path(ge=1, le=100_000, description="Page number from 1.")],
    actor: Signer,
    tools: ToolsDep,
    width: Annotated[int, Query(ge=64, le=2400, description="Pixels.")] = 1000,
    with_mark: Annotated[bool, Query(description="With the mark as it would be now.")] = False,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return a page drawn from exactly the bytes of the paper, whose SHA-256 is in `Vanthu-Source-SHA256`.

    The box of the mark is not in the picture: it is told by `…/place`. With `with_mark` the appearance itself is drawn.
    """
    asked = signing_views.ask_page(tools, actor, batch_id, paper_id, number, width, with_mark=with_mark)
    headers = {"Vanthu-Source-SHA256": asked.paper.source_sha256, "Cache-Control": "private, no-store"}
    if asked.etag:
        headers |= {"ETag": f'"{asked.etag}"', "Cache-Control": "private, no-cache"}
        if if_none_match and f'"{asked.etag}"' in if_none_match:
            return Response(status_code=304, headers=headers)
    return Response(signing_views.draw_page(tools, asked), media_type="image/png", headers=headers)


@router.post("/papers/{paper_id}/prepare", status_code=201, response_model=PreparedOut)
def prepare_paper(
    batch_id: Identifier, paper_id: Identifier, body: PrepareIn, actor: Signer, tools: ToolsDep, once: OnceDep
) -> Response:
    """Return what the device at the desk shall sign, for a batch whose key is there (`at_desk`) and that is started.

    `sha256` is of the bytes that were seen: 409 `revision-changed` when they are not these. The certificate must be
    that of the key; it is admitted (chain, revocation, usage, strength) before anything is shown to be signed.
    """
    return signing_desk.prepare(once, tools, actor, batch_id, paper_id, body)


@router.post("/prepared/{prepared_id}/finish", response_model=PaperOut)
def finish_paper(
    batch_id: Identifier,
    prepared_id: Identifier,
    body: FinishIn,
    actor: Signer,
    tools: ToolsDep,
    once: OnceDep,
) -> Response:
    """Hand the signature value back: the paper is then signed, checked, kept and told, or nothing is changed.

    409 with `prepared-used`, `prepared-void`, `prepared-expired`, `prepared-tampered`, `signature-wrong`,
    `paper-signed`, `paper-at-end`, `signing-busy`; 503 (time stamp or revocation data away): send the same again.
    """
    return signing_desk.finish(once, tools, actor, batch_id, prepared_id, body)
