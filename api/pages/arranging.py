"""Arranging a delivery as a page: a plain grid of the pages by document; every button is a form and needs no script."""

from collections.abc import Callable

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.deps import Caller, Desk, DeskDep, check_csrf
from api.errors import CsrfFailed, status_of
from api.pages.render import SignedForm, Visitor, one, page, to, visitor_may
from api.schemas.arrangements import CommandIn, RescanIn
from api.schemas.common import Identifier, Offset
from api.services import arrangements, batches
from api.sessions import from_elsewhere
from records.access import Action, Actor
from records.arrangement import Mark, Where
from records.clock import new_id
from records.errors import ArchiveFault, Missing, NotAllowed, Unfit
from storage.work import Tx

router = APIRouter(prefix="/batches/{batch_id}")

SHOWN = 60
"""Pages of one screen: each is a field of the form, and a form has at most a hundred."""


@router.get("/arrange")
def arrange_page(
    request: Request, batch_id: Identifier, desk: DeskDep, caller: Visitor, offset: Offset = 0
) -> Response:
    """Show a screen of the arrangement."""
    return _shown(request, desk, caller, batch_id, offset)


@router.post("/arrange")
async def arrange(
    request: Request, batch_id: Identifier, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Do what the button says, with the pages that are ticked or the one it stands at."""

    def do(tx: Tx, actor: Actor) -> str:
        return _do(tx, actor, batch_id, fields)

    return await _decided(request, desk, caller, batch_id, fields, do)


@router.post("/arrange/confirm")
async def confirm(
    request: Request, batch_id: Identifier, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Say that the order is right and go back to the delivery."""

    def do(tx: Tx, actor: Actor) -> str:
        arrangements.confirm(tx, actor, batch_id, _number(one(fields, "version")))
        return f"/batches/{batch_id}"

    return await _decided(request, desk, caller, batch_id, fields, do)


@router.post("/arrange/reopen")
async def reopen(
    request: Request, batch_id: Identifier, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Take the confirmation back."""

    def do(tx: Tx, actor: Actor) -> str:
        arrangements.reopen(tx, actor, batch_id)
        return _address(batch_id)

    return await _decided(request, desk, caller, batch_id, fields, do)


@router.post("/rescans/{rescan_id}/cancel")
async def cancel_rescan(
    request: Request,
    batch_id: Identifier,
    rescan_id: Identifier,
    desk: DeskDep,
    caller: Visitor,
    fields: SignedForm,
) -> Response:
    """Give a ticket up."""

    def do(tx: Tx, actor: Actor) -> str:
        arrangements.cancel_rescan(tx, actor, batch_id, rescan_id)
        return f"{_address(batch_id)}#rescans"

    return await _decided(request, desk, caller, batch_id, fields, do)


@router.post("/rescans/{rescan_id}/file")
async def deliver_rescan(
    request: Request, batch_id: Identifier, rescan_id: Identifier, desk: DeskDep, caller: Visitor
) -> Response:
    """Take the newly scanned page of a plain form in."""
    if from_elsewhere(request):
        raise CsrfFailed("form from another site")
    tools = desk.tools

    def allowed() -> Actor:
        actor = visitor_may(request, caller, Action.DIGITIZE)
        batches.get_batch(tools, actor, batch_id)
        return actor

    actor = await to_thread.run_sync(allowed)
    async with desk.uploads.form(request, tools.limits.max_upload_bytes, 1) as form:
        check_csrf(caller, form.fields.get("csrf"))
        fault: ArchiveFault = Unfit(
            "no file chosen", code="file-empty", tell="Chưa chọn tệp. Hãy chọn ảnh của trang vừa quét lại."
        )
        part = next((part for part in form.files if part.name or part.size), None)
        if part is not None:
            try:
                work = arrangements.deliver_rescan
                await desk.uploads.work(work, tools, actor, batch_id, rescan_id, part, new_id("form-"))
                return to(_address(batch_id))
            except (Missing, NotAllowed):
                raise
            except ArchiveFault as refused:
                fault = refused
    return await to_thread.run_sync(_shown, request, desk, caller, batch_id, 0, fault)


def _do(tx: Tx, actor: Actor, batch_id: str, fields: dict[str, list[str]]) -> str:
    """Do what a button of the grid says (`split`, `turn:<page>` …); return where to go on."""
    word, _, page_id = one(fields, "do").partition(":")
    chosen = [page_id] if page_id else fields.get("page", [])
    back = _address(batch_id, _number(one(fields, "offset")), chosen[0] if chosen else "")
    if word == "rescan":
        if not chosen:
            raise Unfit("no page is chosen", code="arrange-pages", tell="Hãy chọn trang cần quét lại.")
        for each in chosen:
            arrangements.ask_rescan(
                tx, actor, batch_id, RescanIn(page=each, reason=one(fields, "reason")[:1000])
            )
        return f"{back.split('#')[0]}#rescans"
    wanted: dict[str, object] = {"version": _number(one(fields, "version")), "kind": word, "pages": chosen}
    if word in ("undo", "redo"):
        wanted["pages"] = []
    elif word in ("left", "turn", "over"):
        wanted |= {"kind": "turn", "turn": {"left": 270, "turn": 90, "over": 180}[word]}
    elif word in (Mark.PAGE, Mark.BLANK, Mark.OUT, Mark.SEPARATOR):
        wanted |= {"kind": "mark", "mark": word}
    elif word == "own":
        wanted |= {"kind": "move", "where": Where.OWN}
    elif word == "move":
        where = one(fields, "where")
        target = arrangements.page_numbered(tx, actor, batch_id, _number(one(fields, "to")))
        wanted |= {"target": target, "where": where if where in set(Where) else Where.END}
    elif word not in ("split", "merge"):
        raise Unfit(
            f"button {word[:40]}", code="arrange-button", tell="Không có thao tác này. Hãy tải lại trang."
        )
    arrangements.command(tx, actor, batch_id, CommandIn.model_validate(wanted))
    return back


async def _decided(
    request: Request,
    desk: Desk,
    caller: Caller,
    batch_id: str,
    fields: dict[str, list[str]],
    do: Callable[[Tx, Actor], str],
) -> Response:
    """Do it and go on; what is refused is told above the grid, with nothing changed."""

    def go() -> Response:
        actor = visitor_may(request, caller, Action.DIGITIZE)
        try:
            with desk.tools.work.begin() as tx:
                there = do(tx, actor)
        except (Missing, NotAllowed):
            raise
        except ArchiveFault as fault:
            if fault.code == "arrange-not-asked":
                raise
            return _shown(request, desk, caller, batch_id, _number(one(fields, "offset")), fault)
        return to(there)

    return await to_thread.run_sync(go)


def _shown(
    request: Request,
    desk: Desk,
    caller: Caller,
    batch_id: str,
    offset: int,
    fault: ArchiveFault | None = None,
) -> Response:
    actor = visitor_may(request, caller, Action.DIGITIZE)
    shown = arrangements.show(desk.tools, actor, batch_id, SHOWN, offset)
    return page(
        request,
        "arrange.html",
        caller,
        "batches",
        200 if fault is None else status_of(fault),
        batch=batches.get_batch(desk.tools, actor, batch_id),
        shown=shown,
        rescans=arrangements.rescans(desk.tools, actor, batch_id),
        problem="" if fault is None else fault.tell,
    )


def _address(batch_id: str, offset: int = 0, page_id: str = "") -> str:
    anchor = f"#p-{page_id}" if page_id.isalnum() else ""
    return f"/batches/{batch_id}/arrange" + (f"?offset={offset}" if offset else "") + anchor


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
