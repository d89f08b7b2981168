"""Papers to be signed over HTTP: open a batch, hand papers in one request each, start, watch, fetch what was signed."""

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from sse_starlette import EventSourceResponse

from api.deps import DeskDep, Signer, ToolsDep, Uploader, allow
from api.once import REPLAYED, KeyHeader, OnceDep, checked_key
from api.schemas.common import Identifier, Limit, Listing, Offset
from api.schemas.signing_desk import SeenIn
from api.schemas.signings import PaperOut, SigningBatchIn, SigningBatchOut, SigningKeyOut
from api.services import signings
from api.transfer import MULTIPART, declared_digest, follow, handed_out, one_file
from records.access import Action
from storage.signing_values import PaperStage

router = APIRouter(prefix="/signing-batches", tags=["signing"])
keys_router = APIRouter(prefix="/signing-keys", tags=["signing"])

_PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {}}, "description": "The file, its hash checked on the way out"}
}


@keys_router.get("")
def list_keys(actor: Signer, tools: ToolsDep) -> list[SigningKeyOut]:
    """Return the keys you may sign with, and under which profiles."""
    return signings.list_keys(tools, actor)


@router.post("", status_code=201, response_model=SigningBatchOut)
def create_batch(body: SigningBatchIn, actor: Signer, tools: ToolsDep, once: OnceDep) -> Response:
    """Open a batch: one profile, one key. 403 when the profile or the key is not yours to use."""
    return once.in_one(lambda tx: signings.open_batch(tx, tools, actor, body), 201)


@router.get("")
def list_batches(
    actor: Signer, tools: ToolsDep, limit: Limit = 50, offset: Offset = 0
) -> Listing[SigningBatchOut]:
    """Return your batches, newest first."""
    return signings.list_batches(tools, actor, limit, offset)


@router.get("/{batch_id}")
def get_batch(batch_id: Identifier, actor: Signer, tools: ToolsDep) -> SigningBatchOut:
    """Return one batch: its state, what it waits for, how many papers are signed."""
    return signings.get_batch(tools, actor, batch_id)


@router.post("/{batch_id}/papers", status_code=201, openapi_extra=MULTIPART)
async def create_paper(
    batch_id: Identifier,
    request: Request,
    response: Response,
    caller: Uploader,
    desk: DeskDep,
    idempotency_key: KeyHeader = None,
    content_digest: Annotated[str | None, Header()] = None,
) -> PaperOut:
    """Hand one PDF in. 201 once its bytes are durable; the same key and bytes again: the same paper.

    `X-Content-SHA256` or RFC 9530 `Content-Digest` of the file may be sent along and is then checked. What is signed
    later are exactly these bytes: `sha256` of the answer is what you see and what you sign.
    """
    tools = desk.tools
    actor = await to_thread.run_sync(allow, tools, caller.actor, Action.SIGN)
    key = checked_key(idempotency_key)
    await to_thread.run_sync(signings.get_batch, tools, actor, batch_id)  # 404 before the body is read
    async with one_file(request, desk, caller, tools.limits.max_upload_bytes) as (_, part):
        declared = declared_digest(request, content_digest)
        paper, before = await desk.uploads.work(signings.take_in, tools, actor, batch_id, part, key, declared)
        if before:
            response.headers[REPLAYED] = "true"
        return paper


@router.get("/{batch_id}/papers")
def list_papers(
    batch_id: Identifier,
    actor: Signer,
    tools: ToolsDep,
    state: PaperStage | None = None,
    limit: Limit = 50,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="Only papers after this ordinal.")] = 0,
) -> list[PaperOut]:
    """Return papers of a batch in the order they came, with the result of each."""
    return signings.list_papers(tools, actor, batch_id, state, limit, after)


@router.post("/{batch_id}/start", status_code=202, response_model=SigningBatchOut)
def start_batch(
    batch_id: Identifier, actor: Signer, tools: ToolsDep, once: OnceDep, body: SeenIn | None = None
) -> Response:
    """Close the batch and let it be signed; starting again changes nothing.

    With `seen` (paper id → SHA-256 of what the person saw) it starts only when that is what would be signed, no paper
    less and none more: 409 `revision-changed` otherwise. A batch whose key is at the desk then waits for its holder.
    """
    seen = None if body is None else body.seen
    return once.in_one(lambda tx: signings.start(tx, tools, actor, batch_id, seen), 202)


@router.post("/{batch_id}/cancel", status_code=202, response_model=SigningBatchOut)
def cancel_batch(batch_id: Identifier, actor: Signer, once: OnceDep) -> Response:
    """Let nothing more be signed; what is signed stays signed, and is told as such."""
    return once.in_one(lambda tx: signings.cancel(tx, actor, batch_id), 202)


@router.get(
    "/{batch_id}/events",
    response_class=EventSourceResponse,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "`progress` events, then `finished`"}
    },
)
async def watch_batch(
    batch_id: Identifier, request: Request, actor: Signer, tools: ToolsDep
) -> EventSourceResponse:
    """Follow a batch as server-sent events: `progress` with the batch as JSON, `finished` last."""
    await to_thread.run_sync(signings.get_batch, tools, actor, batch_id)
    ends = {"finished", "cancelled"}
    return follow(request, tools, lambda: signings.get_batch(tools, actor, batch_id), ends)


@router.get("/{batch_id}/papers/{paper_id}/source", response_class=StreamingResponse, responses=_PDF)
def get_source(
    batch_id: Identifier, paper_id: Identifier, actor: Signer, tools: ToolsDep
) -> StreamingResponse:
    """Download a paper as it was handed in: what is (or was) to be signed."""
    found = signings.download(tools, actor, batch_id, paper_id, signed=False)
    return handed_out(found.pieces, found.name, "application/pdf", found.size, found.sha256)


@router.get("/{batch_id}/papers/{paper_id}/pdf", response_class=StreamingResponse, responses=_PDF)
def get_signed(
    batch_id: Identifier, paper_id: Identifier, actor: Signer, tools: ToolsDep
) -> StreamingResponse:
    """Download the signed paper. 409 `paper-not-signed` while it is not signed."""
    found = signings.download(tools, actor, batch_id, paper_id, signed=True)
    return handed_out(found.pieces, found.name, "application/pdf", found.size, found.sha256)
