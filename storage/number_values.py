"""What travels between the rows of the register of outgoing papers and everybody else. Days are days in Vietnam."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

EVERY_TYPE = "*"
"""The kind of a series that papers of all types share."""


class NumberState(StrEnum):
    """What became of a number. A number that was taken is in the register for ever, in one of these states."""

    HELD = "held"  # kept for somebody's paper until a day
    ISSUED = "issued"
    VOID = "void"  # given to no paper, or to one that was cancelled; never given again


class PeriodKind(StrEnum):
    """What a Party body counts its papers through."""

    TERM = "term"
    CONGRESS = "congress"


@dataclass(frozen=True, slots=True)
class Period:
    """A committee's term or a congress. `ends_on`: the last day of a congress; a term ends when the next begins."""

    id: str
    unit_id: str
    kind: PeriodKind
    name: str
    begins_on: date
    ends_on: date | None


@dataclass(frozen=True, slots=True, order=True)
class SeriesKey:
    """What has numbers of its own, from 1: a body, a type (or `EVERY_TYPE`), a year or period, secret papers apart."""

    unit_id: str
    system: str
    kind: str
    period: str
    secret: bool


@dataclass(frozen=True, slots=True)
class Series:
    """A series and the highest number taken from it, with its day (None before the first).

    `begins_at` is 1, or more when the series goes on from a register that was kept elsewhere before.
    """

    id: str
    key: SeriesKey
    begins_at: int
    last: int
    last_day: date | None


@dataclass(frozen=True, slots=True)
class Entry:
    """What the register tells of a paper beside number and date (NĐ 30/2020, Phụ lục IV).

    `keeper`: who has the copy of record, `sent_on` and `received_by`: when and by whom it was taken over.
    """

    subject: str = ""
    signer: str = ""
    recipients: str = ""
    keeper: str = ""
    copies: int = 0
    sent_on: date | None = None
    received_by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """For whom a number is kept (an account), for what, since when, and the last day on which it may be used."""

    holder: str
    purpose: str
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class NewNumber:
    """A number to be entered: `hold` is set for one that is kept for later, `paper_id` for one that is issued."""

    id: str
    written: str
    type_name: str
    secret: bool
    day: date
    taken_by: str
    paper_id: str = ""
    hold: Hold | None = None
    entry: Entry = field(default_factory=Entry)


@dataclass(frozen=True, slots=True)
class Number:
    """One line of the register. `day`: of issue; of a number that is held or lapsed, the day on which it was taken."""

    id: str
    series: SeriesKey
    series_id: str
    number: int
    state: NumberState
    written: str
    type_name: str
    secret: bool
    day: date
    paper_id: str
    taken_by: str
    taken_at: datetime
    hold: Hold | None
    void_reason: str
    void_on: date | None
    entry: Entry


@dataclass(frozen=True, slots=True)
class SeriesFault:
    """A series whose lines do not run without a gap to its last number, as an inspector would find it."""

    series: Series
    lines: int
    lowest: int
    highest: int
