"""The state machine of every procedure: who may move a case now, and what the case is after a move. Pure.

Nothing here knows of rows or requests; `procedures/cases.py` keeps what is decided here. A move that is refused has
changed nothing, and says in one sentence why.
"""

import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime

from procedures.asking import Ask, View, World
from procedures.case_papers import take_effect
from procedures.definition import MEMBER, OPENER, By, Definition, Move, MoveKind
from procedures.forms import take_values
from procedures.guards import hold
from procedures.sent import bodies_after, what_is_wrong
from records.case import Acting, Case, CaseMove, Channel, Person
from records.outcome import Done, Refused


@dataclass(frozen=True, slots=True)
class Choice:
    """A move that a person may make now. `acting` is the role that gives the right; `refused` why it would fail as
    things stand (a form not complete, an inspection), None when nothing stands in the way yet.
    """

    move: Move
    acting: Acting | None
    refused: Refused | None


@dataclass(frozen=True, slots=True)
class Moved:
    """The case after a move, and the line for its history."""

    case: Case
    move: CaseMove


def allowed_moves(definition: Definition, case: Case, person: Person, world: World) -> tuple[Choice, ...]:
    """Return the moves that this person has the right to make in the state of the case, in the procedure's order."""
    choices = []
    for move in definition.moves_from(case.state):
        right = _right(move, case, person, world)
        if right is not None:
            view = _view(
                definition, move, case, case, person, right, Ask(move.code, "", channel=_usual(move)), world
            )
            choices.append(Choice(move, right.acting, None if _changes(move) else hold(view)))
    return tuple(choices)


def may_see(definition: Definition, case: Case, person: Person, world: World) -> bool:
    """Return whether the case exists for this person: their own, or one whose turn has come to a unit they act for.

    Who opened a case about a member sees it only as long as they act there: the data are the member's.
    """
    own = person.member_id == case.member_id if case.member_id else person.account_id == case.opened_by
    if own:
        return True
    units = {unit for body in case.reached for unit in case.bodies.get(body, ())}
    roles = definition.roles
    return any(
        one.unit_id in units and one.role in roles and one.holds_on(world.today) for one in person.acting
    )


def apply(
    definition: Definition, case: Case, person: Person, ask: Ask, world: World
) -> Done[Moved] | Refused:
    """Return the case as it is after the move asked for, or why it stays as it is.

    Refused with `move-unknown`, `move-not-now`, `move-not-yours`, or what form, guards and papers say.
    """
    move = definition.moves.get(ask.move)
    if move is None:
        return Refused("move-unknown", f"move {ask.move[:80]!r}", "Không có bước xử lý này trong thủ tục.")
    if not (case.state in move.sources or (not case.state and move.kind is MoveKind.OPEN)):
        now = definition.states[case.state].title if case.state else "chưa mở"
        return Refused(
            "move-not-now",
            f"{move.code} from {case.state!r}",
            f"Không làm được bước “{move.title}” vì hồ sơ đang ở trạng thái “{now}”. Hãy tải lại hồ sơ.",
        )
    bodies = bodies_after(definition, move, case, ask)
    held = case
    if move.kind is MoveKind.OPEN:  # who opens a case stands at the bodies they name
        if isinstance(bodies, Refused):
            return bodies
        held = replace(case, bodies=bodies, opened_by=person.account_id, channel=ask.channel)
    right = _right(move, held, person, world)
    if right is None:
        return Refused("move-not-yours", f"{person.account_id} may not {move.code}", _who(definition, move))
    if isinstance(bodies, Refused):
        return bodies
    asked = what_is_wrong(move, ask)
    if asked is not None:
        return asked
    values, faults = take_values(definition, move.edits, ask.values, world.today)
    if faults:
        return Refused("form-unfit", ", ".join(fault.field for fault in faults), faults[0].tell)
    form = {code: value for code, value in {**case.form, **values}.items() if value != ""}
    draft = ask.draft or case.draft
    new = replace(held, bodies=bodies, form=form, draft=draft)
    view = _view(definition, move, case, new, person, right, ask, world)
    refused = hold(view)
    if refused is not None:
        return refused
    changed = take_effect(view)
    if isinstance(changed, Refused):
        return changed
    return _moved(replace(view, case=changed))


@dataclass(frozen=True, slots=True)
class _Right:
    acting: Acting | None
    body: str = ""


def _view(
    definition: Definition,
    move: Move,
    old: Case,
    new: Case,
    person: Person,
    right: _Right,
    ask: Ask,
    world: World,
) -> View:
    return View(definition, move, old, new, person, right.acting, right.body, ask, world)


def _right(move: Move, case: Case, person: Person, world: World) -> _Right | None:
    for by in move.by:
        if by.role == MEMBER and not by.body:
            if case.member_id and person.member_id == case.member_id:
                return _Right(None)
        elif by.role == OPENER and not by.body:
            if person.account_id == case.opened_by:
                return _Right(None)
        else:
            acting = _held(move, by, case, person, world)
            if acting is not None:
                return _Right(acting, by.body)
    return None


def _held(move: Move, by: By, case: Case, person: Person, world: World) -> Acting | None:
    units = case.bodies.get(by.body, ())
    for one in person.acting:
        if (
            one.role == by.role
            and one.unit_id in units
            and one.form in move.forms
            and one.holds_on(world.today)
        ):
            return one
    return None


def _who(definition: Definition, move: Move) -> str:
    names = []
    for by in move.by:
        if not by.body:
            names.append("đảng viên đứng tên hồ sơ" if by.role == MEMBER else "người mở hồ sơ")
        else:
            names.append(f"{definition.roles[by.role]} – {definition.bodies[by.body].title}")
    return f"Bạn không có quyền làm bước “{move.title}”. Bước này do: {'; '.join(names)}."


def _moved(view: View) -> Done[Moved] | Refused:
    definition, move, old, new, ask = view.definition, view.move, view.before, view.case, view.ask
    now = view.world.now
    state = move.leads_to(old.state)
    target = definition.states[state]
    reached = new.reached | definition.bodies_due_in(state) | {view.body}
    version = old.form_version + (not old.state or (new.form, new.draft) != (old.form, old.draft))
    case = replace(
        new,
        state=state,
        revision=old.revision + 1,
        moved_at=now,
        ended=target.end,
        entered=_entered(move, state, old, now),
        reached=frozenset(body for body in reached if new.bodies.get(body)),
        form_version=version,
    )
    if not target.end and not _goes_on(definition, case):
        return Refused(
            "nobody-next",
            f"nobody can move {state}",
            f"Chưa có đơn vị cho bước tiếp theo (“{target.title}”) nên hồ sơ chưa chuyển đi. "
            "Hãy chọn đơn vị rồi gửi lại.",
        )
    line = CaseMove(
        ordinal=case.revision,
        move=move.code,
        from_state=old.state,
        to_state=state,
        actor=view.person.account_id,
        body=view.body,
        unit_id=view.acting.unit_id if view.acting else "",
        role=view.acting.role if view.acting else "",
        form=view.acting.form if view.acting else "",
        channel=ask.channel,
        comment=unicodedata.normalize("NFC", ask.comment).strip(),
        evidence=_evidence(ask, new, old),
        form_version=version,
        at=now,
        key=ask.key,
    )
    return Done(Moved(case, line))


def _entered(move: Move, state: str, old: Case, now: datetime) -> dict[str, datetime]:
    """A state that a case is sent back to goes on counting from when it was come to: a return gives no new time."""
    stays = state == old.state or (move.kind in (MoveKind.RETURN, MoveKind.RECALL) and state in old.entered)
    return dict(old.entered) if stays else {**old.entered, state: now}


def _goes_on(definition: Definition, case: Case) -> bool:
    """Whether somebody can take the case on from here: a case must never rest where nobody is."""
    onward = (MoveKind.FORWARD, MoveKind.RETURN, MoveKind.END)
    return any(
        (not by.body and (by.role == OPENER or case.member_id)) or case.bodies.get(by.body)
        for move in definition.moves_from(case.state)
        if move.kind in onward
        for by in move.by
    )


def _evidence(ask: Ask, new: Case, old: Case) -> dict[str, str]:
    """What proves the move, by name; only what there is."""
    told = {
        "scan": ask.scan_document_id,
        "number": ask.number.strip(),
        "dated": ask.dated.isoformat() if ask.dated else "",
        "box": str(ask.box or ""),
        "note": ask.note,
        "fields": " ".join(sorted(ask.values)),
        "bodies": " ".join(f"{body}={','.join(new.bodies[body])}" for body in sorted(ask.bodies)),
        "draft": new.draft.sha256 if new.draft and new.draft != old.draft else "",
        "paper": ask.paper_sha256,
        "words": ask.words_sha256,
        "day": ask.signed_on.isoformat() if ask.signed_on else "",
    }
    for one in ask.signed:
        told[f"signed-{one.profile}"] = f"{one.after_sha256} {one.signing_id}"
    return {name: value for name, value in told.items() if value}


def _usual(move: Move) -> Channel:
    return Channel.ELECTRONIC if Channel.ELECTRONIC in move.channels else move.channels[0]


def _changes(move: Move) -> bool:
    """Whether the guards can only be judged with what is asked: such a move is offered without a forecast."""
    return bool(move.edits or move.draft)
