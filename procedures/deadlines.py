"""When something is due, and how long it took. Reckoned each time it is asked for, never stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from procedures.calendar import WorkingDays
from procedures.definition import DayUnit, Deadline, Definition
from procedures.forms import day_of
from records.case import Case, CaseMove, current
from records.clock import VIETNAM


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline that runs: its last day, whether that is past, and the working days left (0 from the last day on)."""

    code: str
    title: str
    last_day: date
    overdue: bool
    working_days_left: int


def due_now(definition: Definition, case: Case, calendar: WorkingDays, today: date) -> tuple[Due, ...]:
    """Return the deadlines that run in the state of the case, the nearest first.

    Raises `ArchiveFault` (`calendar-range`) when today lies beyond the calendar.
    """
    running = [one for one in definition.deadlines if case.state in one.states]
    due = [
        _due(one, last, calendar, today)
        for one in running
        if (last := last_day(one, case, calendar)) is not None
    ]
    return tuple(sorted(due, key=lambda one: (one.last_day, one.code)))


def last_day(deadline: Deadline, case: Case, calendar: WorkingDays) -> date | None:
    """Return the last day of a deadline, None when it has not begun to run.

    What began before the calendar counts from its first day, which is long past; what begins at its very end is not due
    in it. So a date that somebody wrote into a form never keeps a case from being looked at.
    """
    if deadline.from_field:
        begin = day_of(case.form, deadline.from_field)
    elif deadline.from_paper:
        paper = current(case)
        begin = None if paper is None else paper.dated
    else:
        entered = case.entered.get(deadline.from_state)
        begin = None if entered is None else entered.astimezone(VIETNAM).date()
    if begin is None or begin > calendar.last - timedelta(days=2 * deadline.days + 30):
        return None
    begin = max(begin, calendar.first - timedelta(days=1))
    add = calendar.add_working_days if deadline.unit is DayUnit.WORKING else calendar.add_days
    return add(begin, deadline.days)


def measured(definition: Definition, moves: Sequence[CaseMove]) -> dict[str, timedelta]:
    """Return each measure of the procedure that has come to its end: from first entering to first entering after it."""
    told: dict[str, timedelta] = {}
    for measure in definition.measures:
        began = _first(moves, measure.from_state, None)
        ended = None if began is None else _first(moves, measure.to_state, began)
        if began is not None and ended is not None:
            told[measure.code] = ended - began
    return told


def _first(moves: Sequence[CaseMove], state: str, since: datetime | None) -> datetime | None:
    for move in moves:
        if move.to_state == state and move.from_state != state and (since is None or move.at >= since):
            return move.at
    return None


def _due(deadline: Deadline, last: date, calendar: WorkingDays, today: date) -> Due:
    left = calendar.working_days_after(today, last)
    return Due(deadline.code, deadline.title, last, today > last, left)
