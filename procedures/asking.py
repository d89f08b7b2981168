"""What somebody asks of a case, and what is looked at to judge it: values that guards, effects and machine share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from procedures.calendar import WorkingDays
from procedures.definition import Definition, Move
from records.case import Acting, Case, Channel, Draft, Facts, Person, Signed
from records.clock import VIETNAM


@dataclass(frozen=True, slots=True)
class Ask:
    """A move that is asked for, under a key that makes asking repeatable.

    `values` go into the form, `bodies` name units, `paper_sha256` is the drawn paper as it was shown, `words_sha256`
    the drawn words of a box as they were signed, `number` and `dated` what the register gave, `box` the box to be
    struck through and `note` what a box says. `hold_id`: a number that was held for this paper, dated `dated` (None:
    today), instead of the next one. `signed_on`: the day that what was signed is dated, when that is before today.
    """

    move: str
    key: str
    comment: str = ""
    channel: Channel = Channel.ELECTRONIC
    values: Mapping[str, object] = field(default_factory=dict)
    bodies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    draft: Draft | None = None
    scan_document_id: str = ""
    paper_sha256: str = ""
    words_sha256: str = ""
    signed: tuple[Signed, ...] = ()
    number: str = ""
    dated: date | None = None
    box: int = 0
    note: str = ""
    hold_id: str = ""
    signed_on: date | None = None


@dataclass(frozen=True, slots=True)
class World:
    """What holds at the moment of asking: the time, the calendar, and the facts about the member."""

    now: datetime
    calendar: WorkingDays
    facts: Facts

    @property
    def today(self) -> date:
        """The day in Viet Nam."""
        return self.now.astimezone(VIETNAM).date()


@dataclass(frozen=True, slots=True)
class View:
    """One asking as guards and effects see it: `before` is the case as it stood, `case` with form and bodies as asked.

    `acting` is the role that gives the right and `body` the part its unit plays, None and "" for the member and for
    whoever opened the case.
    """

    definition: Definition
    move: Move
    before: Case
    case: Case
    person: Person
    acting: Acting | None
    body: str
    ask: Ask
    world: World

    @property
    def day(self) -> date:
        """The day that a paper without a number is dated: on which it was signed, else today."""
        return self.ask.signed_on or self.world.today
