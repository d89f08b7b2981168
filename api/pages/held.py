"""Documents held for secrecy as a page for their officer: where the paper lies, what was found, release or erase."""

from collections.abc import Callable

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from api.deps import Caller, Desk, DeskDep
from api.errors import status_of
from api.pages.render import SignedForm, Visitor, one, page, to, visitor_may
from api.schemas.common import Identifier, Offset
from api.schemas.held import ReleaseIn, RemovalIn
from api.services import held
from ingest.held import Release, Removal
from records.access import Action, Actor
from records.errors import ArchiveFault, Unfit

router = APIRouter(prefix="/held")

_PER_PAGE = 25


@router.get("")
def held_page(
    request: Request, desk: DeskDep, caller: Visitor, offset: Offset = 0, done: str = ""
) -> Response:
    """Show what is held; `done`: the answer to the last decision."""
    return _shown(request, desk, caller, offset, done=done if done in ("released", "removed") else "")


@router.post("/{document_id}/release")
async def release(
    request: Request, document_id: Identifier, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Let a document go on."""

    def go(officer: Actor) -> None:
        body = ReleaseIn(why=Release(one(fields, "why")), note=one(fields, "note"))
        with desk.tools.work.begin() as tx:
            held.let_go(tx, officer, document_id, body)

    return await _decided(request, desk, caller, go, "released")


@router.post("/{document_id}/remove")
async def remove(
    request: Request, document_id: Identifier, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Erase a document; the form asks for the word once more, since nothing brings it back."""

    def go(officer: Actor) -> None:
        if one(fields, "sure") != "yes":
            raise Unfit(
                "removal without confirmation",
                code="held-not-sure",
                tell="Xóa là không lấy lại được. Hãy đánh dấu vào ô xác nhận rồi bấm xóa.",
            )
        body = RemovalIn(why=Removal(one(fields, "why")), note=one(fields, "note"))
        held.take_away(desk.tools, officer, document_id, body)

    return await _decided(request, desk, caller, go, "removed")


async def _decided(
    request: Request, desk: Desk, caller: Caller, decide: Callable[[Actor], None], done: str
) -> Response:
    def go() -> Response:
        officer = visitor_may(request, caller, Action.DECIDE_HELD)
        try:
            decide(officer)
        except (ValidationError, ValueError):
            return _shown(request, desk, caller, 0, 422, "Hãy chọn lý do; ghi chú dài nhất 300 ký tự.")
        except ArchiveFault as fault:
            return _shown(request, desk, caller, 0, status_of(fault), fault.tell)
        return to(f"/held?done={done}")

    return await to_thread.run_sync(go)


def _shown(
    request: Request,
    desk: Desk,
    caller: Caller,
    offset: int,
    status: int = 200,
    problem: str = "",
    done: str = "",
) -> Response:
    officer = visitor_may(request, caller, Action.DECIDE_HELD)
    return page(
        request,
        "held.html",
        caller,
        "held",
        status,
        held=held.listing(desk.tools, officer, _PER_PAGE, offset),
        releases=[why.value for why in Release],
        removals=[why.value for why in Removal],
        problem=problem,
        done=done,
    )
