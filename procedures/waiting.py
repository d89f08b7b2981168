"""What waits for whom: the cases in which a person has a move to make, found by the rows and not by looking at all.

Where a case waits follows from its state and from who acts at its bodies, so the question to the rows is built from
the procedures and the person's roles; the machine then says of each case shown what may be done, as it always does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from procedures.asking import World
from procedures.cases import CaseTools
from procedures.deadlines import Due, due_now
from procedures.definition import MEMBER, OPENER, By, Definition, Move, MoveKind
from procedures.machine import Choice, allowed_moves
from records.case import Case, Channel, Facts, Person
from records.clock import VIETNAM
from storage.case_lists import Place
from storage.work import Tx

DESKS = ("all", "sign", "clerk", "receive")
MOST = 2_000
"""So many cases are put in the order of their urgency."""
SOON = 3
"""Working days left from which a deadline is told as near."""
_OTHERS_FIRST = frozenset({"box-not-sealed", "box-not-to-seal"})
"""Refusals of a move whose turn has not come yet, or is over: the case waits for somebody else."""
_WAITING = frozenset({MoveKind.FORWARD, MoveKind.EDIT, MoveKind.END})
URGENCIES = ("overdue", "express", "very-urgent", "urgent", "soon", "")
"""The most urgent first; those in the middle are values of the field `urgency` (NĐ 30/2020, Phụ lục I)."""


@dataclass(frozen=True, slots=True)
class Waits:
    """A case that waits for somebody: the moves of the desk, the nearest deadline, and its urgency (`URGENCIES`)."""

    case: Case
    definition: Definition
    choices: tuple[Choice, ...]
    due: Due | None
    urgency: str


def waiting_for(
    tx: Tx, tools: CaseTools, person: Person, desk: str, limit: int, offset: int
) -> tuple[list[Waits], int]:
    """Return the cases that wait for a person at a desk of `DESKS`, the most urgent first, and how many there are.

    `all`: somebody has to take the case on; `sign`: with a signature or a seal; `clerk`: what the clerk does (number,
    seal, send); `receive`: it came from another body. Of a case the choices of that desk alone are told.
    """
    now = tools.work.clock.now()
    today = now.astimezone(VIETNAM).date()
    places = [
        place for definition in tools.definitions.all() for place in _places(definition, person, desk, today)
    ]
    found, total = tx.cases.waiting(places, person.account_id, person.member_id, MOST)
    blind = World(now, tools.calendar, Facts())  # whose turn it is never depends on the member
    mine = [_first_look(tools, case, person, desk, blind) for case in found]
    ordered = sorted((one for one in mine if one.choices), key=_rank)
    shown = []
    for one in ordered[offset : offset + limit]:
        facts = tools.facts_of(tx, one.case.member_id) if one.case.member_id else Facts()
        choices = _choices(one.definition, one.case, person, desk, World(now, tools.calendar, facts))
        shown.append(Waits(one.case, one.definition, choices, one.due, one.urgency))
    return shown, len(ordered) + total - len(found)


@dataclass(frozen=True, slots=True)
class Turn:
    """A case in a list: the moves with which it waits for somebody, and its nearest deadline."""

    case: Case
    definition: Definition
    waits: tuple[Move, ...]
    due: Due | None


def turns(tools: CaseTools, person: Person, cases: Sequence[Case]) -> list[Turn]:
    """Return for each case with which moves it waits for this person; nothing more is read for it.

    That a case could be sent back or taken back is no waiting. Whether a rule bars a move is told by the case itself.
    """
    now = tools.work.clock.now()
    blind = World(now, tools.calendar, Facts())  # whose turn it is never depends on the member
    found = []
    for case in cases:
        definition = tools.definitions.get(case.procedure, case.version)
        choices = allowed_moves(definition, case, person, blind)
        waits = tuple(one.move for one in choices if one.move.kind in _WAITING)
        due = next(iter(due_now(definition, case, tools.calendar, blind.today)), None)
        found.append(Turn(case, definition, waits, due))
    return found


def urgency_of(case: Case, due: Due | None) -> str:
    """Return how urgent a case is: by its deadline when that is past, by its form, or by a deadline that is near."""
    if due is not None and due.overdue:
        return "overdue"
    told = str(case.form.get("urgency", ""))
    if told in URGENCIES and told:
        return told
    return "soon" if due is not None and due.working_days_left <= SOON else ""


def _first_look(tools: CaseTools, case: Case, person: Person, desk: str, world: World) -> Waits:
    definition = tools.definitions.get(case.procedure, case.version)
    due = next(iter(due_now(definition, case, tools.calendar, world.today)), None)
    choices = _choices(definition, case, person, desk, world)
    return Waits(case, definition, choices, due, urgency_of(case, due))


def _choices(
    definition: Definition, case: Case, person: Person, desk: str, world: World
) -> tuple[Choice, ...]:
    return tuple(
        choice
        for choice in allowed_moves(definition, case, person, world)
        if _belongs(definition, choice.move, case.state, desk)
        and (choice.refused is None or choice.refused.code not in _OTHERS_FIRST)
    )


def _rank(one: Waits) -> tuple[int, date, str, str]:
    """The most urgent first, then by the last day, then what has stood still for longest."""
    last_day = one.due.last_day if one.due else date.max
    return URGENCIES.index(one.urgency), last_day, one.case.moved_at.isoformat(), one.case.id


def _places(definition: Definition, person: Person, desk: str, today: date) -> Iterator[Place]:
    for state in definition.states:
        for move in definition.moves_from(state):
            if not _belongs(definition, move, state, desk):
                continue
            own = any(not by.body for by in move.by)
            for by in move.by:
                if by.body and (desk == "receive" or not own):  # beside the member, others only help
                    units = _units(move, by, person, today)
                    if units:
                        yield Place(definition.code, definition.version, state, by.body, units)
                elif by.role == MEMBER and desk == "all":
                    yield Place(definition.code, definition.version, state)
                elif by.role == OPENER and desk == "all":
                    yield Place(definition.code, definition.version, state, opened=True)


def _units(move: Move, by: By, person: Person, today: date) -> frozenset[str]:
    return frozenset(
        one.unit_id
        for one in person.acting
        if one.role == by.role and one.form in move.forms and one.holds_on(today)
    )


def _belongs(definition: Definition, move: Move, state: str, desk: str) -> bool:
    if desk == "receive":
        return _comes_from_elsewhere(definition, move, state)
    if not _takes_on(move):
        return False
    if desk == "sign":
        return bool(move.signs)
    return desk == "all" or any(by.role == "clerk" for by in move.by)


def _takes_on(move: Move) -> bool:
    """A move for which a case waits: onward on the system, an opinion that is asked for, the seal of a box."""
    onward = move.kind is MoveKind.FORWARD and Channel.ELECTRONIC in move.channels
    adds = move.kind is MoveKind.EDIT and not move.effects and not move.edits
    return onward or (adds and (move.comment or bool(move.signs)))


def _comes_from_elsewhere(definition: Definition, move: Move, state: str) -> bool:
    """Whether a case in this state was brought by another body than those that make the move, and not to be opened."""
    mine = {by.body for by in move.by if by.body}
    before = _leading_to(definition, state)
    plain = move.kind in (MoveKind.FORWARD, MoveKind.RETURN) or (
        move.kind is MoveKind.EDIT and not move.effects and not move.edits
    )
    return bool(mine) and plain and any(by.body not in mine for other in before for by in other.by)


def _leading_to(definition: Definition, state: str) -> Sequence[Move]:
    return [
        move
        for move in definition.moves.values()
        if move.target == state and move.kind is MoveKind.FORWARD and state not in move.sources
    ]
