"""Open cases, move them and look at them: one transaction each, with history, version and audit event, or nothing.

The machine decides (`machine.py`), the rows keep (`storage/cases.py`). Asking again under the same key gives what the
first asking gave, so a sender that lost the answer may simply ask again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from procedures.asking import Ask, World
from procedures.calendar import WorkingDays
from procedures.case_deposit import follow_parties, hand_over_issued
from procedures.case_numbers import strike_numbers
from procedures.case_parties import parties_in
from procedures.deadlines import Due, due_now, measured
from procedures.definition import Definition
from procedures.definition_read import Definitions
from procedures.machine import Choice, Moved, allowed_moves, apply, may_see
from records.case import Case, CaseMove, CaseVersion, Facts, Person
from records.clock import VIETNAM, new_id
from records.errors import ArchiveFault, Conflict, Missing, NotAllowed, Unfit
from records.outcome import Refused
from storage.canonical import Scalar
from storage.cases import moved_meanwhile
from storage.work import Tx, Work

OPENED = "case-opened"
MOVED = "case-moved"
REFUSED = "case-move-refused"
LONGEST_KEY = 200

_NOT_NOW = frozenset({"move-not-now", "paper-open", "no-paper"})
"""Refusals that tell of where the case stands, not of what was sent."""

FactsOf = Callable[[Tx, str], Facts]
"""Reads the facts about a member in the transaction of the move, so that they hold when it is made."""
Follow = Callable[[Tx, Definition, Case, str], None]
"""Lets the books of members follow a case that was moved by an account, in the transaction of the move."""
Settle = Callable[[Tx, Case, Ask], Ask]
"""What a move needs in its own transaction besides the case: given the case as it stands and the asking."""
DemandPlaces = Callable[[Tx, Definition, Mapping[str, tuple[str, ...]]], None]
"""Demands that the units of a case are what its bodies say, in the transaction of the move. Raises `Unfit`."""


@dataclass(frozen=True, slots=True)
class CaseTools:
    """What moving cases needs."""

    work: Work
    definitions: Definitions
    calendar: WorkingDays
    facts_of: FactsOf
    demand_places: DemandPlaces
    follow: Follow


@dataclass(frozen=True, slots=True)
class Looked:
    """A case with its procedure, and what holds at the moment it is looked at."""

    case: Case
    definition: Definition
    world: World


@dataclass(frozen=True, slots=True)
class CaseSeen:
    """A case as one person sees it: what they may do now, what is due, how long it took, and everything before."""

    case: Case
    definition: Definition
    choices: tuple[Choice, ...]
    due: tuple[Due, ...]
    measured: Mapping[str, timedelta]
    history: Sequence[CaseMove]
    versions: Sequence[CaseVersion]


def open_case(tools: CaseTools, person: Person, procedure: str, ask: Ask, member_id: str = "") -> Case:
    """Open a case of a procedure in force, by one of its opening moves, about `member_id` ("" when about nobody).

    Raises `Missing` (`procedure-not-in-force`), `Unfit`, `NotAllowed`; nothing was kept then.
    """
    try:
        with tools.work.begin() as tx:
            return open_in(tx, tools, person, procedure, ask, member_id)
    except NotAllowed as fault:
        tell_denied(tools, person, procedure, ask, fault)
        raise


def open_in(tx: Tx, tools: CaseTools, person: Person, procedure: str, ask: Ask, member_id: str = "") -> Case:
    """Open a case as `open_case` does, in a transaction of the caller's, who tells of what was denied."""
    _fit_key(ask)
    now = tools.work.clock.now()
    definition = tools.definitions.in_force(procedure, now.astimezone(VIETNAM).date())
    if definition.about_member != bool(member_id):
        raise Unfit(
            f"{procedure} about {member_id!r}",
            code="member-needed" if definition.about_member else "member-not-here",
            tell="Hồ sơ này phải ghi đảng viên."
            if definition.about_member
            else "Hồ sơ này không gắn với đảng viên.",
        )
    known = tx.cases.opened_under(person.account_id, ask.key)
    if known is not None:
        return _same(known, procedure, member_id)
    world = World(now, tools.calendar, _facts(tools, tx, member_id))
    blank = Case(
        id=new_id(),
        procedure=definition.code,
        version=definition.version,
        state="",
        revision=0,
        channel=ask.channel,
        member_id=member_id,
        opened_by=person.account_id,
        opened_at=now,
        moved_at=now,
    )
    moved = decided(definition, blank, person, ask, world)
    tools.demand_places(tx, definition, moved.case.bodies)
    tx.cases.add(moved.case, moved.move)
    _tell(tx, OPENED, moved)
    return moved.case


def move_case(tools: CaseTools, person: Person, case_id: str, revision: int, ask: Ask) -> Case:
    """Move a case that this person saw at `revision`; return it as it is then.

    Raises `Missing` when it does not exist for this person, `Conflict` (`case-moved`: somebody was faster;
    `move-not-now`), `NotAllowed` (`move-not-yours`), `Unfit` with what is wrong with what was sent. Nothing was
    changed then.
    """
    try:
        with tools.work.begin() as tx:
            return move_in(tx, tools, person, case_id, revision, ask)
    except NotAllowed as fault:
        tell_denied(tools, person, case_id, ask, fault)
        raise


def move_in(
    tx: Tx,
    tools: CaseTools,
    person: Person,
    case_id: str,
    revision: int,
    ask: Ask,
    settle: Settle | None = None,
) -> Case:
    """Move a case as `move_case` does, in a transaction of the caller's, who tells of what was denied.

    `settle` does in it what the move needs besides (its number, the rows of its paper) and gives the asking with that.
    """
    _fit_key(ask)
    looked = look(tx, tools, person, case_id)
    done = tx.cases.move_under(case_id, ask.key)
    if done is not None:
        return _done_before(looked.case, done, person, ask)
    if looked.case.revision != revision:
        raise moved_meanwhile(case_id, revision)
    if settle is not None:
        ask = settle(tx, looked.case, ask)
    moved = decided(looked.definition, looked.case, person, ask, looked.world)
    if ask.bodies:
        tools.demand_places(tx, looked.definition, moved.case.bodies)
    strike_numbers(tx, looked.case, moved.case, person.account_id)
    tools.follow(tx, looked.definition, moved.case, person.account_id)
    tx.cases.move(looked.case, moved.case, moved.move)
    follow_parties(tx, looked.case, moved.case)
    _tell(tx, MOVED, moved)
    hand_over_issued(tx, looked.definition, moved.case)
    return moved.case


def look(tx: Tx, tools: CaseTools, person: Person, case_id: str) -> Looked:
    """Return a case, its procedure, and what holds now. Raises `Missing` when it does not exist for this person."""
    case = tx.cases.get(case_id)
    definition = tools.definitions.get(case.procedure, case.version)
    world = World(tools.work.clock.now(), tools.calendar, _facts(tools, tx, case.member_id))
    _must_see(definition, case, person, world)
    return Looked(case, definition, world)


def see_case(tools: CaseTools, person: Person, case_id: str) -> CaseSeen:
    """Return a case with all that belongs to it. Raises `Missing` when it does not exist for this person."""
    with tools.work.reading() as tx:
        looked = look(tx, tools, person, case_id)
        case, definition, world = looked.case, looked.definition, looked.world
        history, versions = tx.cases.history(case_id), tx.cases.versions(case_id)
    return CaseSeen(
        case,
        definition,
        allowed_moves(definition, case, person, world),
        due_now(definition, case, tools.calendar, world.today),
        measured(definition, history),
        history,
        versions,
    )


def cases_of(
    tools: CaseTools,
    person: Person,
    states: Sequence[str] = (),
    limit: int = 50,
    offset: int = 0,
    procedure: str = "",
    ended: bool | None = None,
) -> tuple[list[Case], int]:
    """Return the cases that exist for a person, last moved first, and how many there are."""
    parties = parties_in(tools.definitions, person, tools.work.clock.now().astimezone(VIETNAM).date())
    with tools.work.reading() as tx:
        return tx.cases.visible(parties, states, limit, offset, procedure, ended)


def move_details(move: CaseMove) -> dict[str, Scalar]:
    """Return what the audit log tells of a move: everything of the history but people's own words."""
    details: dict[str, Scalar] = {
        "move": move.move,
        "from": move.from_state,
        "to": move.to_state,
        "revision": move.ordinal,
        "body": move.body,
        "unit": move.unit_id,
        "role": move.role,
        "form": move.form,
        "channel": move.channel.value,
        "version": move.form_version,
    }
    kept = {name: value for name, value in move.evidence.items() if name not in ("note", "bodies", "fields")}
    return details | kept


def decided(definition: Definition, case: Case, person: Person, ask: Ask, world: World) -> Moved:
    """Return the case as it would be after the move. Raises `NotAllowed`, `Conflict`, `Unfit` as `move_case`."""
    outcome = apply(definition, case, person, ask, world)
    if not isinstance(outcome, Refused):
        return outcome.value
    kind: type[ArchiveFault] = Unfit
    if outcome.code == "move-not-yours":
        kind = NotAllowed
    elif outcome.code in _NOT_NOW:
        kind = Conflict
    raise kind(outcome.reason, tell=outcome.tell, code=outcome.code)


def _tell(tx: Tx, action: str, moved: Moved) -> None:
    details = move_details(moved.move) | {"procedure": moved.case.procedure}
    tx.audit.append(moved.move.actor, action, moved.case.id, "done", details)


def tell_denied(tools: CaseTools, person: Person, thing: str, ask: Ask, fault: NotAllowed) -> None:
    """Write down that somebody asked for what is not theirs; the transaction of the move is gone by now."""
    with tools.work.begin() as tx:
        tx.audit.append(
            person.account_id, REFUSED, thing[:200], "denied", {"move": ask.move[:80], "code": fault.code}
        )


def _must_see(definition: Definition, case: Case, person: Person, world: World) -> None:
    if not may_see(definition, case, person, world):
        raise Missing(f"{person.account_id} may not see case {case.id}")


def _facts(tools: CaseTools, tx: Tx, member_id: str) -> Facts:
    return tools.facts_of(tx, member_id) if member_id else Facts()


def _fit_key(ask: Ask) -> None:
    if not ask.key or len(ask.key) > LONGEST_KEY:
        raise Unfit(
            f"a key of {len(ask.key)} letters",
            code="key-unfit",
            tell=f"Yêu cầu phải có khóa chống gửi trùng, không quá {LONGEST_KEY} chữ.",
        )


def _same(known: Case, procedure: str, member_id: str) -> Case:
    if (known.procedure, known.member_id) == (procedure, member_id):
        return known
    raise _key_taken(f"{known.id} was opened under this key")


def _done_before(case: Case, done: CaseMove, person: Person, ask: Ask) -> Case:
    """Return the case as it stands: the move asked for is in its history already."""
    if (done.move, done.actor) == (ask.move, person.account_id):
        return case
    raise _key_taken(f"{done.move} of {case.id} was made under this key")


def _key_taken(reason: str) -> Conflict:
    return Conflict(
        reason,
        code="idempotency-conflict",
        tell="Khóa chống gửi trùng này đã dùng cho một yêu cầu khác. Hãy tải lại trang rồi gửi lại.",
    )
