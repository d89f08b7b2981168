"""„Chờ tôi ký" as pages: choose papers, see every page of each, sign them with one confirmation, see each result."""

import json
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.deps import Desk, DeskDep
from api.errors import status_of
from api.once import Once, asked_of
from api.pages.cases import read_move, show_case
from api.pages.render import SignedForm, Visitor, one, page, to, visitor_may
from api.schemas.case_desks import CaseSigningOut, CaseSigningsOut, OneOrderIn, OrdersIn
from api.schemas.common import Identifier, Offset
from api.services import case_lists, case_signings, signing_views, signings
from api.services.sign_in import confirm
from records.access import Action, Actor
from records.clock import new_id
from records.errors import ArchiveFault, Missing, Unfit

router = APIRouter(prefix="/signing")
case_router = APIRouter(prefix="/cases")

_PER_PAGE = 50


@router.get("")
def signing_desk(request: Request, desk: DeskDep, caller: Visitor, offset: Offset = 0) -> Response:
    """Show what waits for the visitor's signature or seal, and batches that were begun."""
    actor = visitor_may(request, caller, Action.SIGN)
    return _desk(request, desk, caller, actor, offset=offset)


@router.post("/orders")
async def order(request: Request, desk: DeskDep, caller: Visitor, fields: SignedForm) -> Response:
    """Draw the chosen papers into one batch and show them."""

    def go() -> Response:
        actor = visitor_may(request, caller, Action.SIGN)
        try:
            orders = [_order(text, one(fields, "comment")) for text in fields.get("paper", [])]
            if not orders:
                raise Unfit(
                    "none chosen",
                    code="none-chosen",
                    tell="Chưa chọn văn bản nào. Hãy đánh dấu ít nhất một văn bản.",
                )
            wanted = OrdersIn(orders=orders, key=one(fields, "sign_key")[:100])
            made = _ordered(request, desk, actor, wanted, one(fields, "key"))
        except Missing:
            raise
        except ArchiveFault as fault:
            return _desk(request, desk, caller, actor, fault=fault)
        return to(f"/signing/{made.id}")

    return await to_thread.run_sync(go)


@case_router.post("/{case_id}/orders")
async def order_one(
    request: Request, case_id: Identifier, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Draw the paper of one move, with all that was filled in for it, into a batch of one and show it."""

    def go() -> Response:
        actor = visitor_may(request, caller, Action.SIGN)
        try:
            wanted, sent = read_move(desk, caller, case_id, fields)
            if sent.problem:
                raise Unfit("units not understood", code="unit-unclear", tell=sent.problem)
            told = wanted.model_dump(exclude={"signings"})
            orders = OrdersIn(orders=[OneOrderIn(case_id=case_id, **told)], key=one(fields, "sign_key")[:100])
            made = _ordered(request, desk, actor, orders, one(fields, "key"))
        except Missing:
            raise
        except ArchiveFault as fault:
            return show_case(request, desk, caller, case_id, fault=fault, fields=fields)
        return to(f"/signing/{made.id}")

    return await to_thread.run_sync(go)


@router.get("/{group_id}")
def batch_page(request: Request, group_id: Identifier, desk: DeskDep, caller: Visitor) -> Response:
    """Show a batch: the whole papers before the start, then how far it is, and each result."""
    actor = visitor_may(request, caller, Action.SIGN)
    return _batch(request, desk, caller, actor, group_id)


@router.post("/{group_id}/start")
async def start(
    request: Request, group_id: Identifier, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Start on what was seen, with the password as the one confirmation for all of it."""
    address = request.client.host if request.client else ""

    def go() -> Response:
        actor = visitor_may(request, caller, Action.SIGN)
        case_signings.see(desk.tools, actor, group_id)  # 404 before a password is looked at
        seen = {name[5:]: one(fields, name) for name in fields if name.startswith("seen.")}
        try:
            confirm(desk, actor.id, one(fields, "password"), address)
            with desk.tools.work.begin() as tx:
                case_signings.begin(tx, desk.tools, actor, group_id, seen)
        except ArchiveFault as fault:
            return _batch(request, desk, caller, actor, group_id, fault=fault)
        return to(f"/signing/{group_id}")

    return await to_thread.run_sync(go)


@router.post("/{group_id}/moves")
async def make_moves(
    request: Request, group_id: Identifier, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Move the cases whose papers are signed by now."""

    def go() -> None:
        actor = visitor_may(request, caller, Action.SIGN)
        case_signings.make_moves(desk.tools, actor, group_id)

    await to_thread.run_sync(go)
    return to(f"/signing/{group_id}")


@router.post("/{group_id}/cancel")
async def cancel(
    request: Request, group_id: Identifier, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Let nothing more of the batch be signed; the cases stay as they are."""

    def go() -> None:
        actor = visitor_may(request, caller, Action.SIGN)
        with desk.tools.work.begin() as tx:
            case_signings.stop(tx, desk.tools, actor, group_id)

    await to_thread.run_sync(go)
    return to("/signing")


def _ordered(request: Request, desk: Desk, actor: Actor, wanted: OrdersIn, form_key: str) -> CaseSigningsOut:
    asked = asked_of(request, wanted.model_dump_json())
    once = Once(desk.tools.work, actor.id, f"form {form_key}" if form_key else None, asked)
    answer = case_signings.order(once, desk.tools, actor, wanted)
    return CaseSigningsOut.model_validate(json.loads(bytes(answer.body)))


def _order(text: str, comment: str) -> OneOrderIn:
    """Return the order that a ticked box stands for: `case|revision|move`."""
    case_id, _, rest = text.partition("|")
    revision, _, move = rest.partition("|")
    if not (case_id and move and revision.isdecimal() and len(revision) < 10):
        raise Unfit(
            f"{text[:80]!r}", code="order-unfit", tell="Danh sách đã cũ. Hãy tải lại trang rồi chọn lại."
        )
    return OneOrderIn(
        case_id=case_id[:64],
        revision=int(revision),
        move=move[:80],
        comment=comment.replace("\r\n", "\n")[:4000],
    )


def _desk(
    request: Request,
    desk: Desk,
    caller: Any,
    actor: Actor,
    *,
    offset: int = 0,
    fault: ArchiveFault | None = None,
) -> Response:
    found = case_lists.waiting(desk.tools, actor, "sign", _PER_PAGE, offset)
    return page(
        request,
        "signing.html",
        caller,
        "signing",
        status=status_of(fault) if fault else 200,
        cases=found,
        begun=case_signings.waiting(desk.tools, actor),
        keys=signings.list_keys(desk.tools, actor),
        problem=fault.tell if fault else "",
        key=new_id(),
    )


def _batch(
    request: Request,
    desk: Desk,
    caller: Any,
    actor: Actor,
    group_id: str,
    *,
    fault: ArchiveFault | None = None,
) -> Response:
    told = case_signings.see(desk.tools, actor, group_id)
    marks = {}
    if told.state == "open":
        for item in told.items:
            if item.paper_state == "waiting":
                marks[item.paper_id] = _mark(desk, actor, item)
    at_desk = any(
        each.at_desk for each in signings.list_keys(desk.tools, actor) if each.name in told.key.split(", ")
    )
    return page(
        request,
        "signing_batch.html",
        caller,
        "signing",
        status=status_of(fault) if fault else 200,
        told=told,
        marks=marks,
        at_desk=at_desk,
        ready=[i for i in told.items if i.state == "waiting" and i.paper_state != "waiting"],
        problem=_told(fault) if fault else "",
    )


def _mark(desk: Desk, actor: Actor, item: CaseSigningOut) -> dict[str, Any]:
    """Return what is shown of a paper: its pages, and on which of them the mark goes (0: on none, `tell` says why)."""
    try:
        mark = signing_views.place_of(desk.tools, actor, item.batch_id, item.paper_id)
    except Missing:
        raise
    except (
        ArchiveFault
    ) as fault:  # a key that cannot be read now must not keep anybody from reading the paper
        count = signing_views.pages_of(desk.tools, actor, item.batch_id, item.paper_id)
        return {"pages": count, "marked": 0, "tell": fault.tell}
    return {"pages": mark.page_count, "marked": mark.place.page if mark.place else 0, "tell": mark.tell}


def _told(fault: ArchiveFault) -> str:
    if fault.code == "wrong-password":
        return "Mật khẩu không đúng. Chưa ký văn bản nào; hãy nhập lại."
    return fault.tell
