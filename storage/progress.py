"""A long round in small turns, and the rule that makes a stuck one loud.

A round that has something to do and does none of it for longer than its patience is an alarm: a large package index
once reconciled nothing for months, because its comparison could never succeed and every pass still looked busy.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from storage.passes import Pass
from storage.work import Work

PATIENCE = timedelta(hours=1)
"""How long a round may get nowhere (a store is away, the index refuses) before it is an alarm."""

Enough = Callable[[], bool]
"""Says that the turn is over: its time is up, or the process is to end."""


class Turn(StrEnum):
    """How a turn ended."""

    MORE = "more"
    """There is more to do at once."""
    DONE = "done"
    """Nothing is left to do for now."""
    WAITING = "waiting"
    """Something is left, but what it needs is away."""


class Round(Protocol):
    """Something that goes over the whole archive again and again, a little at a time, and can be killed anywhere."""

    @property
    def name(self) -> str:
        """Its name among the passes."""
        ...

    @property
    def every(self) -> timedelta:
        """How long after the end of one pass the next one begins."""
        ...

    @property
    def away(self) -> str:
        """Why it could not go on at the last turn, "" when it could."""
        ...

    def turn(self, enough: Enough) -> Turn:
        """Do a little, note how far it came. Raises what only a bug raises."""
        ...


def got_nowhere(work: Work, name: str, why: str, patience: timedelta) -> bool:
    """Note that a round with something to do did nothing; return whether that is an alarm by now.

    What counts as progress is said by each round: an object judged, a stretch compared, a note struck off.
    """
    with work.begin() as tx:
        standing = tx.passes.begin(name)
        if work.clock.now() - standing.progress_at < patience:
            return False
        since = standing.progress_at.isoformat(timespec="seconds")
        tx.passes.alarm(name, f"stuck since {since}: {why}"[:500])
    return True


def is_due(one: Round, standing: Pass | None, now: datetime) -> bool:
    """Return whether the round has an unfinished pass, or its last one (`standing`) ended long enough ago."""
    return (
        standing is None
        or standing.finished_at is None
        or not timedelta(0) <= now - standing.finished_at < one.every
    )
