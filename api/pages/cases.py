"""Cases as pages: lists, one case with everything that belongs to it, its moves, and the pages of its papers."""

from datetime import date
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from api.deps import Caller, Desk, DeskDep
from api.errors import status_of
from api.pages.case_forms import (
    Sent,
    body_views,
    field_views,
    read_sent,
    typed_bodies,
    typed_fields,
)
from api.pages.case_versions import compare, draft_view, numbers, previewed
from api.pages.render import SignedForm, Visitor, one, page, to
from api.schemas.case_desks import CaseViewOut
from api.schemas.cases import ChoiceOut, MoveIn
from api.schemas.common import Identifier, Offset
from api.services import case_lists, case_pictures, cases, register
from api.services.case_moves import move_from_form
from api.services.case_seals import keys_to_choose
from api.services.unit_choices import suggest, words_for
from procedures.definition import LEVELS, Definition, MoveKind
from records.case import Channel
from records.clock import VIETNAM, new_id
from records.errors import ArchiveFault, Conflict, Missing, NotAllowed, Unfit

router = APIRouter(prefix="/cases")

_PER_PAGE = 25
_ORDER = (MoveKind.FORWARD, MoveKind.EDIT, MoveKind.OPEN, MoveKind.RETURN, MoveKind.RECALL, MoveKind.END)
"""How moves stand on the page of a case: what takes it on comes first."""


@router.get("")
def case_list(
    request: Request,
    desk: DeskDep,
    caller: Visitor,
    view: Annotated[str, Query(max_length=20)] = "",
    procedure: Annotated[str, Query(max_length=80)] = "",
    ended: Annotated[str, Query(max_length=5)] = "",
    offset: Offset = 0,
) -> Response:
    """Show what waits for the visitor, what came in, or every case that exists for them."""
    tools, actor = desk.tools, caller.actor
    counts = {name: case_lists.waiting(tools, actor, name, 1, 0).total for name in ("all", "receive")}
    if view not in ("mine", "waiting", "incoming"):
        view = "waiting" if counts["all"] else "mine"
    if view == "mine":
        closed = {"yes": True, "no": False}.get(ended)
        found = case_lists.own(tools, actor, procedure, closed, _PER_PAGE, offset)
    else:
        found = case_lists.waiting(tools, actor, "all" if view == "waiting" else "receive", _PER_PAGE, offset)
    return page(
        request,
        "cases.html",
        caller,
        "cases",
        cases=found,
        view=view,
        counts=counts,
        procedures=[(one.code, one.title) for one in _in_force(desk)],
        filter={"procedure": procedure, "ended": ended},
        pager_base=f"/cases?view={view}&procedure={procedure if view == 'mine' else ''}"
        f"&ended={ended if view == 'mine' else ''}&",
    )


@router.get("/units")
def unit_suggestions(
    request: Request,
    desk: DeskDep,
    caller: Visitor,
    level: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Suggest bodies while somebody types (htmx puts them into the list of the box)."""
    typed = next((value for name, value in request.query_params.items() if name.startswith("b.")), "")
    found = suggest(desk.tools, typed[:420], level if level in LEVELS else "")
    return page(request, "units.html", caller, found=found)


@router.get("/{case_id}")
def case_page(
    request: Request,
    case_id: Identifier,
    desk: DeskDep,
    caller: Visitor,
    before: Annotated[int, Query(alias="a", ge=0, le=10_000)] = 0,
    after: Annotated[int, Query(alias="b", ge=0, le=10_000)] = 0,
) -> Response:
    """Show a case: where it stands, who has it, what may be done, papers, receipts, history, versions."""
    return show_case(request, desk, caller, case_id, versions=(before, after))


@router.post("/{case_id}/moves")
async def move_case(
    request: Request, case_id: Identifier, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Make a move; what is refused is told above the case, with everything that was typed."""

    def go() -> Response:
        try:
            wanted, sent = read_move(desk, caller, case_id, fields)
            if sent.problem:
                raise Unfit("units not understood", code="unit-unclear", tell=sent.problem)
        except (Unfit, Conflict, NotAllowed) as fault:
            return show_case(request, desk, caller, case_id, fault=fault, fields=fields)
        try:
            move_from_form(desk.tools, caller.actor, case_id, wanted, one(fields, "key") or new_id())
        except Missing:
            raise
        except ArchiveFault as fault:
            return show_case(request, desk, caller, case_id, fault=fault, fields=fields, sent=sent)
        try:  # a move may take the case out of the mover's sight
            cases.see(desk.tools, desk.reads, caller.actor, case_id)
        except Missing:
            return to("/cases")
        return to(f"/cases/{case_id}")

    return await to_thread.run_sync(go)


@router.get("/{case_id}/papers/{ordinal}")
def paper_page(
    request: Request, case_id: Identifier, ordinal: int, desk: DeskDep, caller: Visitor
) -> Response:
    """Show every page of a paper of the case as a picture, drawn from exactly its bytes."""
    case = cases.see(desk.tools, desk.reads, caller.actor, case_id)
    asked = case_pictures.ask(desk.tools, caller.actor, case_id, ordinal, 1, 1000)
    paper = next(each for each in case.papers if each.ordinal == ordinal)
    count = case_pictures.pages(desk.tools, asked)
    return page(
        request,
        "case_paper.html",
        caller,
        "cases",
        case=case,
        heading=heading_of(case),
        paper=paper,
        count=count,
    )


def show_case(
    request: Request,
    desk: Desk,
    caller: Caller,
    case_id: str,
    *,
    fault: ArchiveFault | None = None,
    fields: dict[str, list[str]] | None = None,
    sent: Sent | None = None,
    versions: tuple[int, int] = (0, 0),
) -> Response:
    """Return the page of a case; with a fault, what is wrong and what was typed stand in it. Raises `Missing`."""
    case = cases.see(desk.tools, desk.reads, caller.actor, case_id)
    definition = definition_of(desk, case)
    typed = fields or {}
    with desk.tools.work.reading() as tx:
        units = {unit for named in case.bodies.values() for unit in named}
        words = words_for(tx, sorted(units))
    moved = one(typed, "move")
    if fields is not None and sent is None and moved in definition.moves:
        sent = read_sent(desk.tools, definition, definition.moves[moved], fields)
    return page(
        request,
        "case.html",
        caller,
        "cases",
        status=status_of(fault) if fault else 200,
        case=case,
        heading=heading_of(case),
        definition=definition,
        problem=fault.tell if fault else "",
        again=fault is not None and fault.code in ("case-moved", "move-not-now"),
        shown=moved or next((each.move for each in case.choices if each.kind == MoveKind.FORWARD), ""),
        choices=[
            _choice(definition, case, each, words, typed, moved, sent)
            | _offered(desk, caller, definition, case, each)
            for each in sorted(case.choices, key=lambda choice: _ORDER.index(choice.kind))
        ],
        key=new_id(),
        drafted=draft_view(desk, caller, definition, case, *versions),
        compared=compare(definition, case, *versions),
        today=desk.tools.clock.now().astimezone(VIETNAM).date(),
        typed={"comment": one(typed, "comment"), "note": one(typed, "note"), "box": one(typed, "box"),
               "scan": one(typed, "scan")},
    )  # fmt: skip


def read_move(desk: Desk, caller: Caller, case_id: str, fields: dict[str, list[str]]) -> tuple[MoveIn, Sent]:
    """Return the move a form asks for. Raises `Missing`, `Unfit` (`move-unknown`, `form-unfit`)."""
    case = cases.see(desk.tools, desk.reads, caller.actor, case_id)
    definition = definition_of(desk, case)
    move = definition.moves.get(one(fields, "move"))
    if move is None:
        raise Unfit(
            "no such move",
            code="move-unknown",
            tell="Không có bước xử lý này. Hãy tải lại hồ sơ rồi chọn lại.",
        )
    sent = read_sent(desk.tools, definition, move, fields)
    paper = one(fields, "channel") == Channel.PAPER
    box, revision = one(fields, "box"), one(fields, "revision")
    try:
        wanted = MoveIn(
            move=move.code,
            revision=int(revision) if revision.isdecimal() and len(revision) < 10 else 0,
            comment=one(fields, "comment").replace("\r\n", "\n"),
            channel=Channel.PAPER if paper else Channel.ELECTRONIC,
            values=sent.values,
            bodies=sent.bodies,
            scan_document_id=one(fields, "scan").strip() if paper else "",
            paper_sha256=one(fields, "paper_sha256"),
            box=int(box) if box.isdecimal() and len(box) < 4 else 0,
            note=one(fields, "note"),
            hold_id=one(fields, "hold_id"),
            dated=day_of(one(fields, "dated")) if one(fields, "hold_id") else None,
        )
    except ValidationError as fault:
        raise Unfit(
            f"form of {move.code}: {fault.error_count()} faults",
            code="form-unfit",
            tell="Có mục ghi quá dài hoặc không đọc được. Chưa ghi gì; hãy rút gọn rồi gửi lại.",
        ) from fault
    return wanted, sent


def _choice(
    definition: Definition,
    case: CaseViewOut,
    choice: ChoiceOut,
    words: dict[str, str],
    typed: dict[str, list[str]],
    moved: str,
    sent: Sent | None,
) -> dict[str, Any]:
    move = definition.moves[choice.move]
    mine = typed if choice.move == moved else {}
    standing = {
        body: "\n".join(words.get(unit, unit) for unit in case.bodies.get(body, ())) for body in move.sets
    }
    effects = {rule.name for rule in move.effects}
    return {
        "choice": choice,
        "fields": field_views(definition, move.edits, case.form, typed_fields(mine)),
        "bodies": body_views(
            definition, move.sets, standing | typed_bodies(mine), sent if choice.move == moved else None
        ),
        "strikes": "strike-box" in effects,
        "fills": "fill-box" in effects,
        "electronic": Channel.ELECTRONIC in choice.channels,
        "paper": Channel.PAPER in choice.channels,
        "open": choice.move == moved,
        "preview": previewed(definition, choice),
    }


def _offered(
    desk: Desk, caller: Caller, definition: Definition, case: CaseViewOut, choice: ChoiceOut
) -> dict[str, Any]:
    """Return what the visitor may choose from for a move: keys to sign with, numbers they hold."""
    move, actor = definition.moves[choice.move], caller.actor
    return {
        "signs_with": keys_to_choose(desk.tools, actor, definition, case, move),
        "holds": register.held_for(desk.tools, actor, case.id, choice.move) if numbers(move) else [],
    }


def day_of(text: str) -> date | None:
    """Return the day that a form or an address names, None when it names none. Raises `Unfit` (`day-wrong`)."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise Unfit(
            f"day {text[:20]!r}",
            code="day-wrong",
            tell="Ngày văn bản không phải là ngày có thật. Hãy chọn lại ngày.",
        ) from fault


def heading_of(case: CaseViewOut) -> str:
    """Return what the page of a case is called: whom or what it is about."""
    return str(case.form.get("full_name") or case.form.get("subject") or case.title)


def definition_of(desk: Desk, case: CaseViewOut) -> Definition:
    """Return the procedure by whose version a case goes on."""
    return desk.tools.cases.tools.definitions.get(case.procedure, case.version)


def _in_force(desk: Desk) -> list[Definition]:
    today = desk.tools.clock.now().astimezone(VIETNAM).date()
    return [each for each in desk.tools.cases.tools.definitions.all() if each.in_force_on(today)]
