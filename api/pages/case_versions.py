"""What the page of a case shows of its versions: forms side by side; of a document its file, opinions and previews."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.deps import Caller, Desk
from api.schemas.case_desks import CaseViewOut
from api.schemas.case_drafts import DifferenceOut, UnitOpinionsOut
from api.schemas.cases import ChoiceOut
from api.services import case_drafts
from procedures.case_plan import DRAW, NUMBER
from procedures.definition import Definition, Move, MoveKind
from procedures.opinions import ASKED
from records.case import Channel
from records.errors import ArchiveFault, Missing


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version of form and file: who made it and when. `file`: its name, "" when nothing was handed in until then."""

    number: int
    made_at: datetime
    by: str
    move: str
    file: str


@dataclass(frozen=True, slots=True)
class DraftView:
    """A document under way. `takes`: the edit by which the visitor may hand a file in now, "" when they may not.

    `difference`: of the two versions that were asked for; `problem`: why they could not be told apart.
    """

    takes: str
    file: str
    versions: tuple[VersionView, ...]
    opinions: tuple[UnitOpinionsOut, ...]
    left: int
    right: int
    difference: DifferenceOut | None
    problem: str


def compare(definition: Definition, case: CaseViewOut, before: int, after: int) -> dict[str, Any] | None:
    """Return two versions of the form side by side, the last two when none are named; None when there is only one.

    None for documents under way too: those are told apart word by word, with their files (`draft_view`).
    """
    numbers = [version.number for version in case.versions]
    if len(numbers) < 2 or takes_files(definition):
        return None
    right = after if after in numbers else numbers[-1]
    left = before if before in numbers else max(n for n in numbers if n != right)
    forms = {version.number: version.form for version in case.versions}
    rows = []
    for code, found in definition.fields.items():
        old, new = forms[left].get(code, ""), forms[right].get(code, "")
        if old != "" or new != "":
            rows.append(
                (found.label, *(found.choices.get(str(said), said) for said in (old, new)), old != new)
            )
    return {"left": left, "right": right, "rows": rows, "numbers": numbers}


def takes_files(definition: Definition) -> bool:
    """Return whether cases of this procedure have a file that is handed in and changed."""
    return any(move.draft for move in definition.moves.values())


def previewed(definition: Definition, choice: ChoiceOut) -> bool:
    """Return whether the paper that this move draws can be looked at before: nothing else has to be chosen for it.

    A move that signs shows its paper at the desk where it is signed.
    """
    move = definition.moves[choice.move]
    draws = any(rule.name == DRAW for rule in move.effects)
    return draws and not move.signs and not move.sets and Channel.ELECTRONIC in move.channels


def numbers(move: Move) -> bool:
    """Return whether this move gives the paper its number out of the register."""
    return move.kind is not MoveKind.OPEN and any(rule.name == NUMBER for rule in move.effects)


def draft_view(
    desk: Desk, caller: Caller, definition: Definition, case: CaseViewOut, before: int, after: int
) -> DraftView | None:
    """Return the document under way, None for procedures that have none. Versions are told apart when both are named.

    Raises `Missing`.
    """
    if not takes_files(definition):
        return None
    numbers = [version.number for version in case.versions]
    takes = next(
        (
            choice.move
            for choice in case.choices
            if choice.kind == MoveKind.EDIT and definition.moves[choice.move].draft
        ),
        "",
    )
    opinions = (
        case_drafts.opinions(desk.tools, desk.reads, caller.actor, case.id) if case.bodies.get(ASKED) else []
    )
    asked = before in numbers and after in numbers and before != after
    left, right = (before, after) if asked else (numbers[-2:] if len(numbers) > 1 else (0, 0))
    difference, problem = None, ""
    if asked:
        try:
            difference = case_drafts.difference(desk.tools, desk.reads, caller.actor, case.id, left, right)
        except Missing:
            raise
        except ArchiveFault as fault:
            problem = fault.tell
    return DraftView(
        takes,
        case.versions[-1].file if case.versions else "",
        tuple(reversed([_version(case, case.names, number) for number in range(len(case.versions))])),
        tuple(opinions),
        left,
        right,
        difference,
        problem,
    )


def _version(case: CaseViewOut, names: Mapping[str, str], index: int) -> VersionView:
    version = case.versions[index]
    move = next(one for one in case.history if one.ordinal == version.ordinal)
    return VersionView(version.number, version.made_at, names[move.actor], move.title, version.file)
