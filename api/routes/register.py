"""The register of outgoing papers: which are yours to open, their lines, numbers kept and struck out, the book."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse

from api.deps import Reader, ToolsDep
from api.once import OnceDep
from api.schemas.common import Identifier, Limit, Listing, Offset
from api.schemas.register import BookOut, HoldIn, NumberOut, VoidIn
from api.services import register
from api.transfer import handed_out
from records.clock import new_id
from storage.number_values import NumberState

router = APIRouter(prefix="/registers", tags=["register"])

Begins = Annotated[date | None, Query(alias="from", description="First day, both inclusive.")]
Ends = Annotated[date | None, Query(alias="to")]
_MEDIA = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_BOOK: dict[int | str, dict[str, Any]] = {
    200: {"content": {media: {} for media in _MEDIA.values()}, "description": "The register as a file"}
}


@router.get("")
def list_registers(actor: Reader, tools: ToolsDep) -> list[BookOut]:
    """Return the registers you may open: of the bodies you are clerk of, or lead."""
    return register.books(tools, actor)


@router.get("/{unit_id}/numbers")
def list_numbers(
    unit_id: Identifier,
    actor: Reader,
    tools: ToolsDep,
    begins_on: Begins = None,
    ends_on: Ends = None,
    type_name: Annotated[str, Query(alias="type", max_length=100)] = "",
    state: NumberState | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Listing[NumberOut]:
    """Return lines of a register, the newest first; this year's when no days are named. 404 when not yours to open."""
    return register.lines(tools, actor, unit_id, begins_on, ends_on, type_name, state, limit, offset)


@router.get("/{unit_id}/book.{kind}", response_class=StreamingResponse, responses=_BOOK)
def get_book(
    unit_id: Identifier,
    kind: Annotated[Literal["pdf", "xlsx"], Path()],
    actor: Reader,
    tools: ToolsDep,
    begins_on: Begins = None,
    ends_on: Ends = None,
) -> StreamingResponse:
    """Download the register with its ten columns (NĐ 30/2020, Phụ lục IV). 422 `book-long`: ask for fewer days."""
    found = register.book(tools, actor, unit_id, kind, begins_on, ends_on)
    return handed_out(found.pieces, found.name, _MEDIA[kind], found.size, found.sha256)


@router.post("/{unit_id}/holds", status_code=201, response_model=NumberOut)
def create_hold(unit_id: Identifier, body: HoldIn, actor: Reader, tools: ToolsDep, once: OnceDep) -> Response:
    """Keep the next number of a type for a later paper of yours. 403 `register-not-yours` unless you are the clerk."""
    hold_id = new_id()
    return once.in_one(lambda tx: register.keep(tx, actor, unit_id, body, hold_id), 201)


@router.post("/{unit_id}/numbers/{number_id}/void", response_model=NumberOut)
def void_number(
    unit_id: Identifier, number_id: Identifier, body: VoidIn, actor: Reader, once: OnceDep
) -> Response:
    """Strike a number out for a reason; its line stays. 409 `number-of-case`: do it in the case, with its paper."""
    return once.in_one(lambda tx: register.strike(tx, actor, unit_id, number_id, body.reason))
