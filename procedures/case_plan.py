"""Find out what a move will do to the paper of its case before anything is drawn, numbered or signed for it."""

from dataclasses import dataclass, replace
from datetime import date

from procedures.asking import Ask
from procedures.cases import Looked, decided
from procedures.definition import Move, MoveKind
from records.case import Case, CaseMove, Channel, Person, Signed, current
from signing.profiles import BOXED

DRAW = "draw-paper"
"""The effect of a move that draws the paper of its case."""
NUMBER = "number-paper"
"""The effect of a move that numbers it."""
_NEVER = "0" * 64


@dataclass(frozen=True, slots=True)
class Plan:
    """What a move does to the paper of its case, found before anything is done.

    `draws`: a sheet is drawn; `numbers`: it takes a number; `boxed`: a box of a letter is signed or sealed. `day`: that
    a paper without a number is dated.
    """

    looked: Looked
    move: Move
    after: Case
    line: CaseMove
    draws: bool
    numbers: bool
    boxed: bool
    day: date


def plan_of(looked: Looked, person: Person, ask: Ask) -> Plan | None:
    """Judge the move with what is not there yet put in its place; None when it does nothing to a paper.

    Raises as `procedures.cases.decided`.
    """
    definition, case = looked.definition, looked.case
    move = definition.moves.get(ask.move)
    effects = {rule.name for rule in move.effects} if move else set()
    electronic = ask.channel is Channel.ELECTRONIC
    registers = move is not None and move.kind is not MoveKind.OPEN  # what comes from outside has its number
    draws, numbers = DRAW in effects and electronic, NUMBER in effects and registers
    boxed = move is not None and electronic and any(one in BOXED for one in move.signs)
    if move is None or not (draws or numbers or boxed):
        return None
    before = current(case)
    trial = replace(ask, paper_sha256=_NEVER) if draws else ask
    if numbers:
        trial = replace(
            trial, number="1", dated=trial.dated if ask.hold_id and ask.dated else looked.world.today
        )
    if move.signs and electronic:
        at = _NEVER if draws or before is None else before.sha256
        trial = replace(trial, signed=_as_if(move, at))
    moved = decided(definition, case, person, trial, looked.world)
    day = ask.signed_on or looked.world.today
    return Plan(looked, move, moved.case, moved.move, draws, numbers, boxed, day)


def _as_if(move: Move, sha256: str) -> tuple[Signed, ...]:
    made = []
    for n, profile in enumerate(move.signs, start=1):
        after = f"{n:064x}"
        made.append(Signed(profile, sha256, after, "trial"))
        sha256 = after
    return tuple(made)
