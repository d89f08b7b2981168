"""Deliveries over HTTP: open, hand files in one request each, start, watch."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Header, Request
from fastapi.responses import Response
from sse_starlette import EventSourceResponse

from api.deps import DeskDep, Digitizer, ToolsDep, Uploader, allow
from api.once import REPLAYED, KeyHeader, OnceDep, checked_key
from api.schemas.batches import BatchIn, BatchOut, FileOut, PageFlagOut, ReceiptOut
from api.schemas.common import Identifier, Limit, Listing, Offset
from api.services import batches, uploads
from api.transfer import MULTIPART, declared_digest, follow, one_file
from records.access import Action

router = APIRouter(prefix="/batches", tags=["batches"])


@router.post("", status_code=201, response_model=BatchOut)
def create_batch(body: BatchIn, actor: Digitizer, once: OnceDep) -> Response:
    """Open a delivery."""
    return once.in_one(lambda tx: batches.open_batch(tx, actor, body), 201)


@router.get("")
def list_batches(
    actor: Digitizer, tools: ToolsDep, limit: Limit = 50, offset: Offset = 0
) -> Listing[BatchOut]:
    """Return deliveries, newest first."""
    return batches.list_batches(tools, actor, limit, offset)


@router.get("/{batch_id}")
def get_batch(batch_id: Identifier, actor: Digitizer, tools: ToolsDep) -> BatchOut:
    """Return one delivery with its progress."""
    return batches.get_batch(tools, actor, batch_id)


@router.get("/{batch_id}/progress")
def get_progress(batch_id: Identifier, actor: Digitizer, tools: ToolsDep) -> BatchOut:
    """Return one delivery with its progress (the same answer under the name that watchers look for)."""
    return batches.get_batch(tools, actor, batch_id)


@router.get("/{batch_id}/files")
def list_files(batch_id: Identifier, actor: Digitizer, tools: ToolsDep) -> list[FileOut]:
    """Return the files of a delivery in the order they came."""
    return batches.list_files(tools, actor, batch_id)


@router.get("/{batch_id}/checks")
def list_checks(batch_id: Identifier, actor: Digitizer, tools: ToolsDep) -> list[PageFlagOut]:
    """Return what was found on the page images of a delivery: blank, blurred, cut off, scanned twice …"""
    return batches.list_checks(tools, actor, batch_id)


@router.post("/{batch_id}/files", status_code=201, openapi_extra=MULTIPART)
async def create_file(
    batch_id: Identifier,
    request: Request,
    response: Response,
    caller: Uploader,
    desk: DeskDep,
    idempotency_key: KeyHeader = None,
    content_digest: Annotated[str | None, Header()] = None,
) -> ReceiptOut:
    """Hand one file in. 201 and the receipt once its bytes are durable; the same key and bytes again: same receipt.

    The key is required and belongs to the batch. The same key with other bytes answers 409 `idempotency-conflict`.
    `X-Content-SHA256` or RFC 9530 `Content-Digest` of the file may be sent along and is then checked.
    """
    tools = desk.tools
    actor = await to_thread.run_sync(allow, tools, caller.actor, Action.DIGITIZE)
    key = checked_key(idempotency_key)
    await to_thread.run_sync(batches.get_batch, tools, actor, batch_id)  # 404 before the body is read
    async with one_file(request, desk, caller, tools.limits.max_upload_bytes) as (form, part):
        declared = declared_digest(request, content_digest)
        path = form.fields.get("relative_path") or part.name
        receipt, before = await desk.uploads.work(
            batches.take_in, tools, actor, batch_id, part, path, key, declared
        )
        if before:
            response.headers[REPLAYED] = "true"
        return receipt


@router.post("/{batch_id}/start", status_code=202, response_model=BatchOut)
def start_batch(batch_id: Identifier, actor: Digitizer, desk: DeskDep, once: OnceDep) -> Response:
    """Close the delivery and let the walk begin; starting again changes nothing. 409 while an upload is unfinished."""
    uploads.demand_none_unfinished(desk.tools, desk.shelf, actor, batch_id)
    return once.in_one(lambda tx: batches.start(tx, actor, batch_id), 202)


@router.get(
    "/{batch_id}/events",
    response_class=EventSourceResponse,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "`progress` events, then `finished`"}
    },
)
async def watch_batch(
    batch_id: Identifier, request: Request, actor: Digitizer, tools: ToolsDep
) -> EventSourceResponse:
    """Follow a delivery as server-sent events: `progress` with the batch as JSON, `finished` last.

    Every event tells the whole state, so that a `Last-Event-ID` needs no memory here: the newest state is next.
    """
    await to_thread.run_sync(batches.get_batch, tools, actor, batch_id)

    return follow(request, tools, lambda: batches.get_batch(tools, actor, batch_id), {"finished"})
