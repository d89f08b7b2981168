"""The opinions of the bodies asked about a draft, seen together: who said what of which version, and who not yet.

Nothing is kept for it: it is read off the history, where each opinion stands with its hand and its moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from records.case import Case, CaseMove

ASKED = "consulted"
"""The body whose units are asked."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What somebody of a unit said about a version of form and draft."""

    actor: str
    role: str
    comment: str
    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class UnitOpinions:
    """The opinions of one unit, oldest first; none: it was asked and has not answered. `asked`: it is asked still."""

    unit_id: str
    asked: bool
    opinions: tuple[Opinion, ...]


def opinions_of(case: Case, history: Sequence[CaseMove]) -> tuple[UnitOpinions, ...]:
    """Return the opinions by unit: those asked now in their order, then those that were asked before and answered."""
    said: dict[str, list[Opinion]] = {unit: [] for unit in case.bodies.get(ASKED, ())}
    for move in history:
        if move.body == ASKED and move.comment:
            one = Opinion(move.actor, move.role, move.comment, move.form_version, move.at)
            said.setdefault(move.unit_id, []).append(one)
    asked = set(case.bodies.get(ASKED, ()))
    return tuple(UnitOpinions(unit, unit in asked, tuple(found)) for unit, found in said.items())
