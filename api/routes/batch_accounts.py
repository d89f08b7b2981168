"""What a delivery is held against: the account of its pages, its hand-over list, the differences, the minutes."""

import hashlib
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.deps import DeskDep, Digitizer, ToolsDep, Uploader, allow
from api.once import KeyHeader, Once, asked_of, checked_key
from api.schemas.batch_account import AccountOut, DifferencesOut, ListOut
from api.schemas.common import Identifier
from api.services import batch_account, batches
from api.transfer import MULTIPART, disposition, one_file
from ingest.accounting import account
from ingest.handover import MAX_BYTES
from ingest.handover_report import came_late, give_list
from ingest.names import clean_name
from records.access import Action
from storage.work import Tx

router = APIRouter(prefix="/batches", tags=["batches"])

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SHEET: dict[int | str, dict[str, Any]] = {200: {"content": {XLSX: {}}}}
_PDF: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": {}}}}


@router.get("/{batch_id}/account")
def get_account(batch_id: Identifier, actor: Digitizer, tools: ToolsDep) -> AccountOut:
    """Return where every page of a delivery is: each is in exactly one state, and the sums must agree."""
    with tools.work.reading() as tx:
        return AccountOut.of(batch_id, account(tx, actor, batch_id))


@router.post("/{batch_id}/handover", status_code=201, response_model=ListOut, openapi_extra=MULTIPART)
async def give_handover(
    batch_id: Identifier,
    request: Request,
    caller: Uploader,
    desk: DeskDep,
    idempotency_key: KeyHeader = None,
) -> Response:
    """Give the hand-over list (CSV or XLSX); a newer one takes its place. 422 says which line is wrong.

    Given before the walk begins, a level of secrecy in it holds the document.
    """
    tools = desk.tools
    actor = await to_thread.run_sync(allow, tools, caller.actor, Action.DIGITIZE)
    key = None if idempotency_key is None else checked_key(idempotency_key)
    await to_thread.run_sync(batches.get_batch, tools, actor, batch_id)  # 404 before the body is read
    async with one_file(request, desk, caller, MAX_BYTES) as (_, part):
        once = Once(tools.work, actor.id, key, asked_of(request, part.name, part.sha256))
        data, name = b"".join(part.chunks()), clean_name(part.name)

        def give(tx: Tx) -> ListOut:
            listed = give_list(tx, actor, batch_id, name, data)
            return ListOut.of(batch_id, listed, came_late(tx, actor, batch_id, listed))

        return await desk.uploads.work(once.in_one, give, 201)


@router.get("/{batch_id}/differences")
def get_differences(batch_id: Identifier, actor: Digitizer, tools: ToolsDep) -> DifferencesOut:
    """Return how a delivery differs from its hand-over list. 409 `handover-missing`: no list was given."""
    with tools.work.reading() as tx:
        return DifferencesOut.of(batch_id, batch_account.differences(tx, actor, batch_id))


@router.get("/{batch_id}/differences.xlsx", response_class=Response, responses=_SHEET)
def get_differences_sheet(batch_id: Identifier, actor: Digitizer, tools: ToolsDep) -> Response:
    """Download the difference report as a sheet; whatever a cell begins with, it is words."""
    with tools.work.reading() as tx:
        data = batch_account.differences_sheet(tx, actor, batch_id, tools.clock.now())
    return _download(data, f"doi-chieu-{batch_id[:12]}.xlsx", XLSX)


@router.get("/{batch_id}/minutes", response_class=Response, responses=_PDF)
def get_minutes(batch_id: Identifier, actor: Digitizer, tools: ToolsDep) -> Response:
    """Download the hand-over minutes as PDF/A-2b for both sides to sign; the log keeps their hash."""
    data = minutes_of(tools, actor, batch_id)
    return _download(data, f"bien-ban-ban-giao-{batch_id[:12]}.pdf", "application/pdf")


def minutes_of(tools: ToolsDep, actor: Digitizer, batch_id: str) -> bytes:
    """Return the minutes as they are handed out, written down in the log. Raises `Missing`."""
    with tools.work.reading() as tx:
        told = batch_account.minutes(tx, actor, batch_id, tools.organisation, tools.clock.now())
    data = batch_account.draw_minutes(told)
    with tools.work.begin() as tx:
        batch_account.note_minutes(tx, actor, told, hashlib.sha256(data).hexdigest())
    return data


def _download(data: bytes, name: str, media: str) -> Response:
    return Response(data, media_type=media, headers={"Content-Disposition": disposition(name)})
