"""Cases over HTTP: open one, see it and what waits for you, let its paper be signed, move it, fetch its papers."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from api.deps import DeskDep, Reader, Signer, ToolsDep
from api.once import KeyHeader, OnceDep
from api.schemas.case_desks import CaseViewOut
from api.schemas.cases import (
    CaseIn,
    CaseListedOut,
    CaseOut,
    CaseSigningIn,
    MoveIn,
    UnitOut,
)
from api.schemas.common import Identifier, Limit, Listing, Offset
from api.schemas.signing_desk import SignedOneOut
from api.services import case_scans, cases
from api.transfer import handed_out

router = APIRouter(prefix="/cases", tags=["cases"])
units_router = APIRouter(prefix="/units", tags=["cases"])

_PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {}}, "description": "The file, its hash checked on the way out"}
}


@router.post("", status_code=201, response_model=CaseOut)
def create_case(
    body: CaseIn, actor: Reader, tools: ToolsDep, once: OnceDep, idempotency_key: KeyHeader = None
) -> Response:
    """Open a case by an opening move of a procedure in force, about yourself or about a member of your unit."""
    return cases.open_case(once, tools, actor, body, idempotency_key)


@router.get("")
def list_cases(
    actor: Reader,
    tools: ToolsDep,
    state: Annotated[list[str] | None, Query(max_length=20)] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Listing[CaseListedOut]:
    """Return the cases that exist for you, last moved first; `waits` names the moves that wait for you."""
    return cases.mine(tools, actor, state or [], limit, offset)


@router.get("/{case_id}")
def get_case(case_id: Identifier, actor: Reader, tools: ToolsDep, desk: DeskDep) -> CaseViewOut:
    """Return a case: what you may do now, what is due, its history and versions. 404 when absent or not yours."""
    return cases.see(tools, desk.reads, actor, case_id)


@router.post("/{case_id}/moves", response_model=CaseOut)
def move_case(
    case_id: Identifier,
    body: MoveIn,
    actor: Reader,
    tools: ToolsDep,
    once: OnceDep,
    idempotency_key: KeyHeader = None,
) -> Response:
    """Move a case that you saw at `revision`. 409 `case-moved` when somebody was faster: nothing was changed then.

    A move that signs names the papers of your signing batches that were signed for it (`signings`).
    """
    return cases.move(once, tools, actor, case_id, body, idempotency_key)


@router.post("/{case_id}/signings", status_code=201, response_model=SignedOneOut)
def create_signing(
    case_id: Identifier,
    body: CaseSigningIn,
    actor: Signer,
    tools: ToolsDep,
    once: OnceDep,
    idempotency_key: KeyHeader = None,
) -> Response:
    """Draw the paper as the move would sign it and open a signing batch with it; look at it, then start the batch.

    Its bytes are the paper's `source` in the batch. The case is not changed.
    """
    return cases.order_signature(once, tools, actor, case_id, body, idempotency_key)


@router.get("/{case_id}/papers/{ordinal}/pdf", response_class=StreamingResponse, responses=_PDF)
def get_paper(case_id: Identifier, ordinal: int, actor: Reader, tools: ToolsDep) -> StreamingResponse:
    """Download a paper of a case as it stands now: drawn, or with the signatures made so far."""
    found = cases.paper_file(tools, actor, case_id, ordinal)
    return handed_out(found.pieces, found.name, "application/pdf", found.size, found.sha256)


@router.get("/{case_id}/scans/{ordinal}/pdf", response_class=StreamingResponse, responses=_PDF)
def get_scan(case_id: Identifier, ordinal: int, actor: Reader, tools: ToolsDep) -> StreamingResponse:
    """Download the scan that a move by the paper channel names (`scans` of the case tells whether it can be opened)."""
    found = case_scans.scan_file(tools, actor, case_id, ordinal)
    return handed_out(found.pieces, found.name, found.media_type, found.size, found.sha256)


@units_router.get("")
def list_units(
    actor: Reader,
    tools: ToolsDep,
    under: Annotated[str | None, Query(max_length=64, description="Only those under this one.")] = None,
    level: Annotated[str, Query(max_length=20, description="Only those of this level.")] = "",
    name: Annotated[str, Query(max_length=200, description="Words of the name, with or without marks.")] = "",
) -> list[UnitOut]:
    """Return the bodies there are today, for choosing one in a form."""
    return cases.units(tools, under, level, name)
