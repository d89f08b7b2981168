"""The clerk's desk and the register of outgoing papers as pages: number, seal, send; keep a number, strike one out."""

from datetime import date
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from api.deps import Caller, Desk, DeskDep
from api.errors import status_of
from api.pages.render import SignedForm, Visitor, one, page, to
from api.schemas.common import Identifier, Offset
from api.schemas.register import HoldIn
from api.services import case_lists, register
from records.clock import new_id
from records.errors import ArchiveFault, Missing, Unfit
from records.paper_types import TYPES
from storage.number_values import NumberState

router = APIRouter()

_PER_PAGE = 50


@router.get("/clerk")
def clerk_desk(request: Request, desk: DeskDep, caller: Visitor, offset: Offset = 0) -> Response:
    """Show what a clerk has to do: numbers to give, papers to seal, papers to send."""
    found = case_lists.waiting(desk.tools, caller.actor, "clerk", _PER_PAGE, offset)
    books = register.books(desk.tools, caller.actor)
    return page(request, "clerk.html", caller, "clerk", cases=found, books=books, key=new_id())


@router.get("/registers")
def registers(request: Request, desk: DeskDep, caller: Visitor) -> Response:
    """Lead to the register, or show which ones there are to choose from."""
    books = register.books(desk.tools, caller.actor)
    if len(books) == 1:
        return to(f"/registers/{books[0].unit_id}")
    return page(request, "registers.html", caller, "clerk", books=books)


@router.get("/registers/{unit_id}")
def register_page(
    request: Request,
    unit_id: Identifier,
    desk: DeskDep,
    caller: Visitor,
    begins: Annotated[str, Query(alias="from", max_length=10)] = "",
    ends: Annotated[str, Query(alias="to", max_length=10)] = "",
    type_name: Annotated[str, Query(alias="type", max_length=100)] = "",
    state: Annotated[str, Query(max_length=10)] = "",
    offset: Offset = 0,
) -> Response:
    """Show the lines of a register, with filters; days that are none are told and left out."""
    return _register(request, desk, caller, unit_id, begins, ends, type_name, state, offset)


@router.post("/registers/{unit_id}/holds")
async def keep(
    request: Request, unit_id: Identifier, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Keep the next number of a type; the form's key makes sending twice harmless."""

    def go() -> Response:
        try:
            wanted = HoldIn(
                type_name=one(fields, "type"),
                purpose=one(fields, "purpose"),
                until=_must_be_day(one(fields, "until")),
                secret=bool(one(fields, "secret")),
            )
            hold_id = one(fields, "key")
            with desk.tools.work.begin() as tx:
                register.keep(tx, caller.actor, unit_id, wanted, hold_id if _is_id(hold_id) else new_id())
        except Missing:
            raise
        except (ArchiveFault, ValidationError) as fault:
            return _refused(request, desk, caller, unit_id, fault)
        return to(f"/registers/{unit_id}?state=held")

    return await to_thread.run_sync(go)


@router.post("/registers/{unit_id}/numbers/{number_id}/void")
async def strike(
    request: Request,
    unit_id: Identifier,
    number_id: Identifier,
    desk: DeskDep,
    caller: Visitor,
    fields: SignedForm,
) -> Response:
    """Strike a number out with a reason; its line stays."""

    def go() -> Response:
        try:
            with desk.tools.work.begin() as tx:
                register.strike(tx, caller.actor, unit_id, number_id, one(fields, "reason"))
        except Missing:
            raise
        except ArchiveFault as fault:
            return _refused(request, desk, caller, unit_id, fault)
        return to(f"/registers/{unit_id}?state=void")

    return await to_thread.run_sync(go)


def _refused(
    request: Request, desk: Desk, caller: Caller, unit_id: str, fault: ArchiveFault | ValidationError
) -> Response:
    if not isinstance(fault, ArchiveFault):
        fault = Unfit(
            "form", code="form-unfit", tell="Có mục chưa ghi hoặc ghi quá dài. Chưa có số nào được giữ."
        )
    return _register(request, desk, caller, unit_id, fault=fault)


def _register(
    request: Request,
    desk: Desk,
    caller: Caller,
    unit_id: str,
    begins: str = "",
    ends: str = "",
    type_name: str = "",
    state: str = "",
    offset: int = 0,
    *,
    fault: ArchiveFault | None = None,
) -> Response:
    tools, actor = desk.tools, caller.actor
    book = next((each for each in register.books(tools, actor) if each.unit_id == unit_id), None)
    if book is None:
        raise Missing(f"no register of {unit_id} for {actor.id}")
    first, last = _day(begins), _day(ends)
    chosen = NumberState(state) if state in set(NumberState) else None
    found = register.lines(tools, actor, unit_id, first, last, type_name, chosen, _PER_PAGE, offset)
    with tools.work.reading() as tx:
        first, last = register.days(tx, first, last)
    span = f"from={first.isoformat()}&to={last.isoformat()}"
    return page(
        request,
        "register.html",
        caller,
        "clerk",
        status=status_of(fault) if fault else 200,
        book=book,
        numbers=found,
        filter={"from": first.isoformat(), "to": last.isoformat(), "type": type_name, "state": state},
        odd_days=bool((begins and not _day(begins)) or (ends and not _day(ends))),
        states=list(NumberState),
        types=[each.name for each in TYPES if (each.party if book.system == "party" else each.state)],
        span=span,
        pager_base=f"/registers/{unit_id}?{span}&type={type_name}&state={state}&",
        problem=fault.tell if fault else "",
        key=new_id(),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _must_be_day(text: str) -> date:
    found = _day(text)
    if found is None:
        raise Unfit(
            f"day {text[:20]!r}",
            code="hold-until",
            tell="Ngày hết hạn giữ số phải là một ngày có thật. Chưa có số nào được giữ.",
        )
    return found


def _is_id(text: str) -> bool:
    return len(text) == len(new_id()) and text.isascii() and text.replace("-", "").isalnum()
