"""What a procedure is: states, moves and who may make them, deadlines, forms, papers. Data, the same for all of them.

The files are `procedures/definitions/*.toml`, read by `definition_read.py`, held to sense by `definition_check.py`.
Facts of the rules carry their source and a grade: P the text itself seen, S told by others, M to be confirmed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from records.case import Channel, InName

MEMBER = "member"
OPENER = "opener"
LEVELS = {
    "branch": "chi bộ",
    "base": "tổ chức cơ sở đảng",
    "upper": "cấp trên trực tiếp của tổ chức cơ sở đảng",
}
"""Where Party bodies stand, in the order of `Facts.member_units`."""
SAME = "same"
"""`to` of a move that leaves the state as it is."""


class MoveKind(StrEnum):
    """What a move does to the case, so that people see returns and recalls for what they are."""

    OPEN = "open"
    EDIT = "edit"  # the state stays
    FORWARD = "forward"
    RETURN = "return"  # back to somebody who had it before, with the reason
    RECALL = "recall"  # taken back by who sent it, with the reason
    END = "end"  # to an end other than the one hoped for: withdrawn, rejected


class FieldKind(StrEnum):
    """What a field of a form takes."""

    TEXT = "text"  # one line
    LONG = "long"  # several lines
    DATE = "date"
    MONTH = "month"
    INTEGER = "integer"
    CHOICE = "choice"
    YES = "yes"


class DayUnit(StrEnum):
    """What a deadline counts."""

    WORKING = "working"
    CALENDAR = "calendar"


@dataclass(frozen=True, slots=True)
class Body:
    """A part that a unit plays in the procedure; `many`: several units may play it at once.

    `level`: what such a unit is (one of `LEVELS`, "": anything); `under`: the body whose unit stands right above it.
    """

    code: str
    title: str
    many: bool
    level: str = ""
    under: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """Where a case may stand. `next_step` tells the requester what comes; `membership` what the books of members do.

    `issues`: the paper of a case that comes here is issued and goes into the archive though the case goes on; at the
    end of a case every paper does.
    """

    code: str
    title: str
    next_step: str
    end: bool
    membership: str
    issues: bool = False


@dataclass(frozen=True, slots=True)
class By:
    """Who may move: a role at a body of the case, or the member (`MEMBER`), or who opened the case (`OPENER`)."""

    role: str
    body: str  # "" for member and opener


@dataclass(frozen=True, slots=True)
class Rule:
    """A guard or an effect: its name in the code and what it is given."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """A move that may be made. Without `sources` it opens the case.

    `edits` and `sets` are the fields and the bodies that whoever moves may write; `signs` the profiles that must have
    signed the paper; `scan` whether on paper a scan must be attached.
    """

    code: str
    title: str
    kind: MoveKind
    sources: tuple[str, ...]
    target: str
    by: tuple[By, ...]
    guards: tuple[Rule, ...]
    effects: tuple[Rule, ...]
    comment: bool
    channels: tuple[Channel, ...]
    forms: tuple[InName, ...]
    edits: tuple[str, ...]
    sets: tuple[str, ...]
    draft: bool
    signs: tuple[str, ...]
    scan: bool

    def leads_to(self, state: str) -> str:
        """Return the state that a case in `state` is in after the move."""
        return state if self.target == SAME else self.target


@dataclass(frozen=True, slots=True)
class Deadline:
    """Days that run while a case is in one of `states`: from a date in the form, from a state or the paper's date."""

    code: str
    title: str
    days: int
    unit: DayUnit
    from_field: str
    from_state: str
    from_paper: bool
    states: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """A time that is measured and shown: from first entering one state to first entering another."""

    code: str
    title: str
    from_state: str
    to_state: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the form. `tell` is what people read when the value is wrong.

    `needed_when`: also demanded while another field has one of these values. Dates may not lie before or after another
    field or `today`.
    """

    code: str
    kind: FieldKind
    label: str
    tell: str
    required: bool
    pattern: re.Pattern[str] | None
    longest: int
    least: int
    most: int
    choices: Mapping[str, str]
    needed_when: tuple[str, frozenset[str]] | None
    not_before: str
    not_after: str


@dataclass(frozen=True, slots=True)
class PaperKind:
    """A paper to be made: its template, whether it has a number, and who signs it under which profile, in order."""

    code: str
    title: str
    template: str
    numbered: bool
    signatures: tuple[tuple[str, By], ...]


@dataclass(frozen=True, slots=True)
class Term:
    """How long somebody may be away for a reason, in months; with `open_end` the longest is only approached."""

    reason: str
    least_months: int
    most_months: int
    open_end: bool


@dataclass(frozen=True, slots=True)
class Excluded:
    """People a rule leaves out: the fact's code, in which cases (values of a field; none: always), and the answer."""

    code: str
    field: str
    values: frozenset[str]
    tell: str


@dataclass(frozen=True, slots=True)
class Definition:
    """A procedure in force from one day to another. Cases go on by the version that they began with."""

    code: str
    version: int
    title: str
    effective_from: date
    effective_until: date | None
    roles: Mapping[str, str]
    bodies: Mapping[str, Body]
    states: Mapping[str, State]
    moves: Mapping[str, Move]
    deadlines: tuple[Deadline, ...]
    measures: tuple[Measure, ...]
    fields: Mapping[str, Field]
    papers: Mapping[str, PaperKind]
    terms: tuple[Term, ...]
    out_of_scope: tuple[Excluded, ...]
    exempt: tuple[Excluded, ...]
    about_member: bool

    def moves_from(self, state: str) -> tuple[Move, ...]:
        """Return the moves that may be made in `state`, in the order of the file."""
        return tuple(move for move in self.moves.values() if state in move.sources)

    def openings(self) -> tuple[Move, ...]:
        """Return the moves that open a case."""
        return tuple(move for move in self.moves.values() if move.kind is MoveKind.OPEN)

    def bodies_due_in(self, state: str) -> frozenset[str]:
        """Return the bodies whose turn it is in `state`."""
        return frozenset(by.body for move in self.moves_from(state) for by in move.by if by.body)

    def in_force_on(self, day: date) -> bool:
        """Return whether cases may be opened by this version on `day`."""
        return self.effective_from <= day and (self.effective_until is None or day <= self.effective_until)
