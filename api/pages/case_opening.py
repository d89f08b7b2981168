"""Open a case as pages: choose the procedure, find the member when it is about somebody else, fill in, send."""

from dataclasses import dataclass
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from api.deps import Caller, Desk, DeskDep
from api.errors import status_of
from api.pages.case_forms import Sent, body_views, field_views, read_sent, typed_bodies, typed_fields
from api.pages.render import SignedForm, Visitor, one, page, to
from api.schemas.case_desks import MemberOut
from api.schemas.cases import CaseIn
from api.services import members
from api.services.case_moves import open_from_form
from api.services.cases import person_of_actor
from api.services.unit_choices import words_for
from procedures.definition import LEVELS, MEMBER, Definition, Move
from records.case import Channel, Person
from records.clock import VIETNAM, new_id
from records.errors import ArchiveFault, Missing, Unfit

router = APIRouter(prefix="/cases/new")

_FOUND = 20


@dataclass(frozen=True, slots=True)
class _Opening:
    """A way to open a case that a person may take."""

    definition: Definition
    move: Move


@router.get("")
def choose(request: Request, desk: DeskDep, caller: Visitor) -> Response:
    """Show the procedures in force and the ways to open each that are the visitor's."""
    return page(request, "case_choose.html", caller, "cases", openings=_openings(desk, caller))


@router.get("/{procedure}/{move}")
def opening_form(
    request: Request,
    procedure: str,
    move: str,
    desk: DeskDep,
    caller: Visitor,
    member: Annotated[str, Query(max_length=64)] = "",
    who: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """Show the form, filled in from the member's file as far as the visitor may see it."""
    return _form(request, desk, caller, _opening(desk, caller, procedure, move), member=member, who=who)


@router.post("/{procedure}/{move}")
async def open_one(
    request: Request, procedure: str, move: str, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Open the case and go to it; what is refused is told above the form, with everything that was typed."""

    def go() -> Response:
        opening = _opening(desk, caller, procedure, move)
        sent = read_sent(desk.tools, opening.definition, opening.move, fields)
        member = one(fields, "member")
        try:
            if sent.problem:
                raise Unfit("units not understood", code="unit-unclear", tell=sent.problem)
            wanted = _wanted(desk, caller, opening, sent, fields)
            case = open_from_form(desk.tools, caller.actor, wanted, one(fields, "key") or new_id())
        except ArchiveFault as fault:
            return _form(request, desk, caller, opening, member=member, fault=fault, fields=fields, sent=sent)
        return to(f"/cases/{case.id}")

    return await to_thread.run_sync(go)


def _wanted(
    desk: Desk, caller: Caller, opening: _Opening, sent: Sent, fields: dict[str, list[str]]
) -> CaseIn:
    member = one(fields, "member")
    definition = opening.definition
    if definition.about_member and not member and _is_own(opening.move):
        member = person_of_actor(desk.tools, caller.actor).member_id
    paper = Channel.ELECTRONIC not in opening.move.channels or one(fields, "channel") == Channel.PAPER
    try:
        return CaseIn(
            procedure=definition.code,
            move=opening.move.code,
            member_id=member if definition.about_member else "",
            values=sent.values,
            bodies=sent.bodies,
            comment=one(fields, "comment").replace("\r\n", "\n"),
            channel=Channel.PAPER if paper else Channel.ELECTRONIC,
            scan_document_id=one(fields, "scan").strip() if paper else "",
            number=one(fields, "number").strip(),
            dated=one(fields, "dated") or None,
        )
    except ValidationError as fault:
        raise Unfit(
            f"form of {definition.code}: {fault.error_count()} faults",
            code="form-unfit",
            tell="Có mục ghi quá dài hoặc ngày không có thật. Chưa ghi gì; hãy sửa rồi gửi lại.",
        ) from fault


def _form(
    request: Request,
    desk: Desk,
    caller: Caller,
    opening: _Opening,
    *,
    member: str = "",
    who: str = "",
    fault: ArchiveFault | None = None,
    fields: dict[str, list[str]] | None = None,
    sent: Sent | None = None,
) -> Response:
    definition, move = opening.definition, opening.move
    typed = fields or {}
    about, found = None, None
    if definition.about_member:
        about = _about(desk, caller, member or (members.MYSELF if _is_own(move) else ""))
        if who and not _is_own(move):
            found = members.find(desk.tools, caller.actor, who, None, _FOUND, 0)
    known = _known(about) if about else {}
    words = _home(desk, definition, move, about) | typed_bodies(typed)
    values = {code: value for code, value in known.items() if code in definition.fields}
    return page(
        request,
        "case_open.html",
        caller,
        "cases",
        status=status_of(fault) if fault else 200,
        definition=definition,
        move=move,
        own=_is_own(move),
        about=about,
        found=found,
        who=who,
        fields=field_views(definition, move.edits, values, typed_fields(typed)),
        bodies=body_views(definition, move.sets, words, sent),
        only_paper=Channel.ELECTRONIC not in move.channels,
        problem=fault.tell if fault else "",
        numbers=any(rule.name == "number-paper" for rule in move.effects),
        typed={name: one(typed, name) for name in ("comment", "scan", "number", "dated")},
        key=new_id(),
    )


def _openings(desk: Desk, caller: Caller) -> list[_Opening]:
    """Return the ways to open a case that the visitor may take; whether a rule bars one is told by the form."""
    person = person_of_actor(desk.tools, caller.actor)
    today = desk.tools.clock.now().astimezone(VIETNAM).date()
    every = desk.tools.cases.tools.definitions.all()
    return [
        _Opening(definition, move)
        for definition in every
        if definition.in_force_on(today)
        for move in definition.openings()
        if _may_open(move, person)
    ]


def _opening(desk: Desk, caller: Caller, procedure: str, move: str) -> _Opening:
    for each in _openings(desk, caller):
        if (each.definition.code, each.move.code) == (procedure, move):
            return each
    raise Missing(f"{procedure[:80]}/{move[:80]} is not {caller.actor.id}'s to open")


def _may_open(move: Move, person: Person) -> bool:
    roles = {one.role for one in person.acting if one.form in move.forms}
    return any(bool(person.member_id) if by.role == MEMBER else by.role in roles for by in move.by)


def _is_own(move: Move) -> bool:
    return any(by.role == MEMBER for by in move.by)


def _about(desk: Desk, caller: Caller, member: str) -> MemberOut | None:
    if not member:
        return None
    try:
        return members.one(desk.tools, caller.actor, member)
    except Missing:
        return None


def _known(about: MemberOut) -> dict[str, str]:
    """Return what the member's file tells of a form, as far as the visitor may see it."""
    known = {
        "full_name": about.full_name,
        "card_number": about.card_no if about.sight == "full" else "",
        "cv_number": about.cv_no,
        "birth_date": about.birth_date.isoformat() if about.birth_date else "",
        "probationary": ("full" if about.official_date else "probationary") if about.sight == "full" else "",
    }
    return {code: value for code, value in known.items() if value}


def _home(desk: Desk, definition: Definition, move: Move, about: MemberOut | None) -> dict[str, str]:
    """Return the member's own bodies where the rule of the move demands them (`belongs`), in words."""
    if about is None:
        return {}
    own: dict[str, Any] = dict(zip(LEVELS, (about.unit_id, about.base_id, about.upper_id), strict=True))
    wanted = {rule.arguments[0]: own[rule.arguments[1]] for rule in move.guards if rule.name == "belongs"}
    with desk.tools.work.reading() as tx:
        words = words_for(tx, [unit for unit in wanted.values() if unit])
    return {body: words[unit] for body, unit in wanted.items() if unit and body in move.sets}
