"""Arranging a delivery over HTTP: see it, one command a request, confirm; pages to be scanned again."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response

from api.deps import DeskDep, Digitizer, ToolsDep, Uploader, allow
from api.once import REPLAYED, KeyHeader, OnceDep, checked_key
from api.routes.documents import PRIVATE
from api.schemas.arrangements import (
    ArrangementOut,
    ArrangingOut,
    CommandIn,
    RescanIn,
    RescanOut,
    VersionIn,
)
from api.schemas.common import Identifier, Offset
from api.services import arrangements, batches
from api.transfer import MULTIPART, declared_digest, one_file
from ocr.page_view import Size
from records.access import Action

router = APIRouter(prefix="/batches/{batch_id}", tags=["arrangements"])

Window = Annotated[int, Query(ge=1, le=1000)]


@router.get("/arrangement")
def get_arrangement(
    batch_id: Identifier, actor: Digitizer, tools: ToolsDep, limit: Window = 120, offset: Offset = 0
) -> ArrangementOut:
    """Return a window of the delivery as it is arranged. 409 `arrange-not-asked`: it goes without."""
    return arrangements.show(tools, actor, batch_id, limit, offset)


@router.post("/arrangement/commands", response_model=ArrangingOut)
def do_command(batch_id: Identifier, body: CommandIn, actor: Digitizer, once: OnceDep) -> Response:
    """Do one command on the version that was seen. 409 `arrange-changed`: somebody was first, nothing was done."""
    return once.in_one(lambda tx: arrangements.command(tx, actor, batch_id, body))


@router.post("/arrangement/confirm", status_code=202, response_model=ArrangingOut)
def confirm(batch_id: Identifier, body: VersionIn, actor: Digitizer, once: OnceDep) -> Response:
    """Say that the order is right; the walk goes on with it. 409 `arrange-rescans`: tickets are still open."""
    return once.in_one(lambda tx: arrangements.confirm(tx, actor, batch_id, body.version), 202)


@router.post("/arrangement/reopen", response_model=ArrangingOut)
def reopen(batch_id: Identifier, actor: Digitizer, once: OnceDep) -> Response:
    """Take the confirmation back while no document was made of it. 409 `arrange-closed` afterwards."""
    return once.in_one(lambda tx: arrangements.reopen(tx, actor, batch_id))


@router.get(
    "/pages/{page_id}/image",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {}}, "description": "The page"},
        304: {"description": "Same"},
    },
)
def page_image(
    batch_id: Identifier,
    page_id: Identifier,
    actor: Digitizer,
    desk: DeskDep,
    size: Size = "thumb",
    turn: int = 0,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return the picture of a delivered page, turned clockwise by `turn` degrees."""
    asked = arrangements.picture(desk, actor, batch_id, page_id, size, turn)
    headers = {"ETag": f'"{asked.etag}"', "Cache-Control": PRIVATE}
    if if_none_match and headers["ETag"] in if_none_match:
        return Response(status_code=304, headers=headers)
    view = arrangements.draw(desk, asked, turn)
    return Response(view.data, media_type=view.media_type, headers=headers)


@router.get("/rescans")
def list_rescans(batch_id: Identifier, actor: Digitizer, tools: ToolsDep) -> list[RescanOut]:
    """Return the pages of a delivery that were asked to be scanned again, the oldest first."""
    return arrangements.rescans(tools, actor, batch_id)


@router.post("/rescans", status_code=201, response_model=RescanOut)
def ask_rescan(batch_id: Identifier, body: RescanIn, actor: Digitizer, once: OnceDep) -> Response:
    """Ask for a page to be scanned again. 409 `rescan-closed`: the delivery does not wait (any more)."""
    return once.in_one(lambda tx: arrangements.ask_rescan(tx, actor, batch_id, body), 201)


@router.post("/rescans/{rescan_id}/cancel", response_model=RescanOut)
def cancel_rescan(batch_id: Identifier, rescan_id: Identifier, actor: Digitizer, once: OnceDep) -> Response:
    """Give a ticket up: the page stays as it is."""
    return once.in_one(lambda tx: arrangements.cancel_rescan(tx, actor, batch_id, rescan_id))


@router.post("/rescans/{rescan_id}/file", status_code=201, openapi_extra=MULTIPART)
async def deliver_rescan(
    batch_id: Identifier,
    rescan_id: Identifier,
    request: Request,
    response: Response,
    caller: Uploader,
    desk: DeskDep,
    idempotency_key: KeyHeader = None,
    content_digest: Annotated[str | None, Header()] = None,
) -> RescanOut:
    """Hand the newly scanned page in: it takes the place of the old one, and both are kept. The key is required."""
    tools = desk.tools
    actor = await to_thread.run_sync(allow, tools, caller.actor, Action.DIGITIZE)
    key = checked_key(idempotency_key)
    await to_thread.run_sync(batches.get_batch, tools, actor, batch_id)  # 404 before the body is read
    async with one_file(request, desk, caller, tools.limits.max_upload_bytes) as (_, part):
        declared = declared_digest(request, content_digest)
        work = arrangements.deliver_rescan
        told, before = await desk.uploads.work(work, tools, actor, batch_id, rescan_id, part, key, declared)
        if before:
            response.headers[REPLAYED] = "true"
        return told
