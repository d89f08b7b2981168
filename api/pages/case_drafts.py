"""A document under way as pages: hand a file in, and see the paper as a move would keep it before making the move."""

import hashlib
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.deps import DeskDep
from api.errors import CsrfFailed
from api.once import Once, asked_of
from api.pages.case_versions import numbers
from api.pages.cases import day_of, definition_of, heading_of, show_case
from api.pages.render import Visitor, page, to
from api.schemas.common import Identifier
from api.services import case_drafts, cases, register
from api.sessions import from_elsewhere
from api.transfer import one_file
from procedures.look_at_paper import count_drawn
from records.clock import new_id
from records.errors import ArchiveFault, Missing, Unfit

router = APIRouter(prefix="/cases")


@router.post("/{case_id}/drafts")
async def hand_in(request: Request, case_id: Identifier, desk: DeskDep, caller: Visitor) -> Response:
    """Give the case a new file; what is refused is told above the case. The form's key makes sending twice harmless."""
    if from_elsewhere(request):
        raise CsrfFailed("form from another site")
    tools, actor = desk.tools, caller.actor
    await to_thread.run_sync(case_drafts.must_exist, tools, actor, case_id)  # 404 before the body is read
    async with one_file(request, desk, caller, case_drafts.MOST_BYTES) as (form, part):
        said = form.fields.get("revision", "")
        revision = int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else 0
        move = form.fields.get("move", "")[:80]
        key = form.fields.get("key", "")[:200] or new_id()
        once = Once(
            tools.work,
            actor.id,
            f"form {key}",
            asked_of(request, part.name, part.sha256, str(revision), move),
        )

        def go() -> Response:
            try:
                if not part.name and part.size == 0:  # what a browser sends when no file was chosen
                    raise Unfit(
                        "no file chosen",
                        code="none-chosen",
                        tell="Chưa chọn tệp nào. Hãy chọn một tệp DOCX hoặc PDF rồi gửi lại.",
                    )
                case_drafts.hand_in(
                    once, tools, actor, case_id, part, revision, move, "", f"form {key}", None
                )
            except Missing:
                raise
            except ArchiveFault as fault:
                return show_case(request, desk, caller, case_id, fault=fault)
            return to(f"/cases/{case_id}#draft")

        return await desk.uploads.work(go)


@router.get("/{case_id}/preview")
def preview(
    request: Request,
    case_id: Identifier,
    desk: DeskDep,
    caller: Visitor,
    move: Annotated[str, Query(max_length=80)] = "",
    hold_id: Annotated[str, Query(max_length=64)] = "",
    dated: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """Show the paper as a move would keep it, and the move with exactly these bytes; nothing is kept by looking.

    A move that numbers may take a number the visitor holds, and is shown with it.
    """
    tools, actor = desk.tools, caller.actor
    case = cases.see(tools, desk.reads, actor, case_id)
    try:
        wanted = case_drafts.Previewed(case_id, move, hold_id, day_of(dated))
        pdf = case_drafts.preview_paper(tools, desk.reads, actor, wanted)
    except Missing:
        raise
    except ArchiveFault as fault:
        return show_case(request, desk, caller, case_id, fault=fault)
    chosen = definition_of(desk, case).moves[move]
    return page(
        request,
        "case_preview.html",
        caller,
        "cases",
        case=case,
        heading=heading_of(case),
        choice=next(choice for choice in case.choices if choice.move == move),
        holds=register.held_for(tools, actor, case_id, move) if numbers(chosen) else [],
        hold_id=hold_id,
        dated=wanted.dated.isoformat() if wanted.dated else "",
        count=count_drawn(tools.look, pdf),
        sha256=hashlib.sha256(pdf).hexdigest(),
        key=new_id(),
    )
