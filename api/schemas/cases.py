"""Cases as the API shows them: what is asked of one, how it stands, what may be done now and what was done."""

from datetime import date, datetime

from pydantic import Field

from api.schemas.common import Frozen, Strict
from procedures.asking import Ask
from procedures.cases import CaseSeen
from procedures.deadlines import Due
from procedures.definition import Definition
from procedures.machine import Choice
from records.case import Case, CaseMove, CasePaper, CaseVersion, Channel, Signed, Value
from records.units import Unit

Said = str | int | bool


class AskIn(Strict):
    """A move that is asked for. `bodies`: unit ids by body; `number`, `dated`: of a paper from outside the house.

    `paper_sha256`: of the paper as it was shown; the move is refused when that is not what would be drawn. `hold_id`: a
    number that you held, for a move that numbers a paper; `dated` is then the paper's date (left out: today).
    """

    move: str = Field(min_length=1, max_length=80)
    comment: str = Field(default="", max_length=4000)
    channel: Channel = Channel.ELECTRONIC
    values: dict[str, Said] = Field(default_factory=dict, max_length=100)
    bodies: dict[str, list[str]] = Field(default_factory=dict, max_length=20)
    scan_document_id: str = Field(default="", max_length=80)
    paper_sha256: str = Field(default="", pattern="^([0-9a-fA-F]{64})?$")
    number: str = Field(default="", max_length=60)
    dated: date | None = None
    box: int = Field(default=0, ge=0, le=100)
    note: str = Field(default="", max_length=1000)
    hold_id: str = Field(default="", max_length=64)

    def ask(self, key: str, signed: tuple[Signed, ...] = ()) -> Ask:
        """Return it as the procedures take it."""
        return Ask(
            move=self.move,
            key=key,
            comment=self.comment,
            channel=self.channel,
            values=dict(self.values),
            bodies={body: tuple(units) for body, units in self.bodies.items()},
            scan_document_id=self.scan_document_id,
            paper_sha256=self.paper_sha256.lower(),
            signed=signed,
            number=self.number,
            dated=self.dated,
            box=self.box,
            note=self.note,
            hold_id=self.hold_id,
        )


class CaseIn(AskIn):
    """A case to be opened. Without `member_id` it is about the caller, where the procedure is about a member."""

    procedure: str = Field(min_length=1, max_length=80)
    member_id: str = Field(default="", max_length=64)


class MoveIn(AskIn):
    """A move of a case that was seen at `revision`. `signings`: papers of your signing batches, in their order."""

    revision: int = Field(ge=1, le=2**31 - 1)
    signings: list[str] = Field(default_factory=list, max_length=5)


class CaseSigningIn(AskIn):
    """The move whose paper is to be signed. `key` may be left out when only one fits."""

    revision: int = Field(ge=1, le=2**31 - 1)
    key: str = Field(default="", max_length=100)


class CasePaperOut(Frozen):
    """A paper of a case. `void`: why it no longer counts; `sha256`: of its newest bytes, "" when it is on paper."""

    ordinal: int
    kind: str
    title: str
    number: str
    dated: date | None
    sha256: str
    signatures: list[str]
    boxes: int
    void: str

    @classmethod
    def of(cls, paper: CasePaper, definition: Definition) -> "CasePaperOut":
        """Return the outgoing form of `paper`."""
        return cls(
            ordinal=paper.ordinal,
            kind=paper.kind,
            title=definition.papers[paper.kind].title,
            number=paper.number,
            dated=paper.dated,
            sha256=paper.sha256,
            signatures=[one.profile for one in paper.signed],
            boxes=len(paper.boxes),
            void=paper.void,
        )


class CaseOut(Frozen):
    """A case as it stands. `revision` is sent back with a move; `next` tells what comes."""

    id: str
    procedure: str
    version: int
    title: str
    state: str
    state_title: str
    next: str
    ended: bool
    revision: int
    channel: Channel
    member_id: str
    opened_at: datetime
    moved_at: datetime
    bodies: dict[str, list[str]]
    form: dict[str, Value]
    papers: list[CasePaperOut]

    @classmethod
    def of(cls, case: Case, definition: Definition) -> "CaseOut":
        """Return the outgoing form of `case`."""
        state = definition.states[case.state]
        return cls(
            id=case.id,
            procedure=case.procedure,
            version=case.version,
            title=definition.title,
            state=case.state,
            state_title=state.title,
            next=state.next_step,
            ended=case.ended,
            revision=case.revision,
            channel=case.channel,
            member_id=case.member_id,
            opened_at=case.opened_at,
            moved_at=case.moved_at,
            bodies={body: list(units) for body, units in case.bodies.items()},
            form=dict(case.form),
            papers=[CasePaperOut.of(paper, definition) for paper in case.papers],
        )


class ChoiceOut(Frozen):
    """A move you may make now. `refused`: why it would fail as things stand, "" when nothing is in the way yet."""

    move: str
    title: str
    kind: str
    comment: bool
    scan: bool
    channels: list[Channel]
    fields: list[str]
    bodies: list[str]
    signs: list[str]
    refused: str

    @classmethod
    def of(cls, choice: Choice) -> "ChoiceOut":
        """Return the outgoing form of `choice`."""
        move = choice.move
        return cls(
            move=move.code,
            title=move.title,
            kind=move.kind,
            comment=move.comment,
            scan=move.scan,
            channels=list(move.channels),
            fields=list(move.edits),
            bodies=list(move.sets),
            signs=list(move.signs),
            refused=choice.refused.tell if choice.refused else "",
        )


class DueOut(Frozen):
    """A deadline that runs. Days are working days left, 0 from the last day on."""

    title: str
    last_day: date
    overdue: bool
    working_days_left: int

    @classmethod
    def of(cls, due: Due) -> "DueOut":
        """Return the outgoing form of a deadline."""
        return cls(
            title=due.title,
            last_day=due.last_day,
            overdue=due.overdue,
            working_days_left=due.working_days_left,
        )


class CaseMoveOut(Frozen):
    """One line of the history: who did what, as what, and when."""

    ordinal: int
    move: str
    title: str
    to_state: str
    actor: str
    unit_id: str
    role: str
    form: str
    channel: Channel
    comment: str
    at: datetime

    @classmethod
    def of(cls, move: CaseMove, definition: Definition) -> "CaseMoveOut":
        """Return the outgoing form of a line."""
        return cls(
            ordinal=move.ordinal,
            move=move.move,
            title=definition.moves[move.move].title,
            to_state=move.to_state,
            actor=move.actor,
            unit_id=move.unit_id,
            role=move.role,
            form=move.form,
            channel=move.channel,
            comment=move.comment,
            at=move.at,
        )


class CaseVersionOut(Frozen):
    """What form and file were after the move `ordinal`. `file`: the name of what was handed in, "" when nothing was."""

    number: int
    ordinal: int
    form: dict[str, Value]
    file: str
    made_at: datetime

    @classmethod
    def of(cls, version: CaseVersion) -> "CaseVersionOut":
        """Return the outgoing form of a version."""
        return cls(
            number=version.number,
            ordinal=version.ordinal,
            form=dict(version.form),
            file=version.draft.name if version.draft else "",
            made_at=version.made_at,
        )


class CaseSeenOut(CaseOut):
    """A case with all that belongs to it. `measured`: seconds by what is measured."""

    choices: list[ChoiceOut]
    due: list[DueOut]
    measured: dict[str, float]
    history: list[CaseMoveOut]
    versions: list[CaseVersionOut]

    @classmethod
    def seen(cls, seen: CaseSeen) -> "CaseSeenOut":
        """Return the outgoing form of a case as one person sees it."""
        return cls(
            **CaseOut.of(seen.case, seen.definition).model_dump(),
            choices=[ChoiceOut.of(choice) for choice in seen.choices],
            due=[DueOut.of(one) for one in seen.due],
            measured={name: took.total_seconds() for name, took in seen.measured.items()},
            history=[CaseMoveOut.of(move, seen.definition) for move in seen.history],
            versions=[CaseVersionOut.of(version) for version in seen.versions],
        )


class CaseListedOut(CaseOut):
    """A case in a list. `waits`: it waits for you, with these moves; `due`: its nearest deadline."""

    waits: list[str]
    due: DueOut | None


class UnitOut(Frozen):
    """A body as it is today, for choosing one in a form."""

    id: str
    name: str
    short_name: str
    level: str
    system: str
    code: str
    parent_id: str | None

    @classmethod
    def of(cls, unit: Unit) -> "UnitOut":
        """Return the outgoing form of `unit`."""
        facts = unit.facts
        return cls(
            id=unit.id,
            name=facts.name,
            short_name=facts.short_name,
            level=facts.level,
            system=unit.system,
            code=facts.code,
            parent_id=facts.parent_id,
        )
