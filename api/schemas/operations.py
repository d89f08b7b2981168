"""Queues, workers, dead letters, rounds and bad objects as they go out."""

from datetime import datetime
from typing import Annotated

from fastapi import Path

from api.schemas.common import Frozen
from api.services.health import Health
from api.services.operations import EngineFigures, Figures
from records.queues import DeadLetter, JobState, QueueCount, WorkerSeen
from storage.objects import KeptObject
from storage.outbox import Backlog
from storage.passes import Pass

LetterId = Annotated[str, Path(pattern=r"^[A-Za-z0-9:._-]{1,200}$", description="Id of the dead letter.")]


class QueueOut(Frozen):
    """Jobs of one queue in one state; `oldest_seconds` is the age of the oldest."""

    queue: str
    state: JobState
    count: int
    oldest_seconds: float

    @classmethod
    def of(cls, count: QueueCount) -> "QueueOut":
        """Return the outgoing form."""
        return cls(
            queue=count.queue,
            state=count.state,
            count=count.count,
            oldest_seconds=round(count.oldest_seconds, 1),
        )


class WorkerOut(Frozen):
    """A worker process; `alive` while its lease holds."""

    name: str
    host: str
    queues: list[str]
    left_seconds: float
    alive: bool

    @classmethod
    def of(cls, worker: WorkerSeen) -> "WorkerOut":
        """Return the outgoing form."""
        return cls(
            name=worker.name,
            host=worker.host,
            queues=list(worker.queues),
            left_seconds=round(worker.left_seconds, 1),
            alive=worker.left_seconds > 0,
        )


class QueuesOut(Frozen):
    """What the engine tells: queues, workers, and how many things it gave up."""

    queues: list[QueueOut]
    workers: list[WorkerOut]
    dead_letters: int

    @classmethod
    def of(cls, engine: EngineFigures) -> "QueuesOut":
        """Return the outgoing form."""
        return cls(
            queues=[QueueOut.of(count) for count in engine.queues],
            workers=[WorkerOut.of(worker) for worker in engine.workers],
            dead_letters=len(engine.dead),
        )


class LetterOut(Frozen):
    """Work that was given up and waits for a person."""

    id: str
    kind: str
    object_id: str
    queue: str
    error: str
    attempts: int
    failed_at: datetime

    @classmethod
    def of(cls, letter: DeadLetter) -> "LetterOut":
        """Return the outgoing form."""
        return cls(
            id=letter.id,
            kind=letter.kind,
            object_id=letter.object_id,
            queue=letter.queue,
            error=letter.error,
            attempts=letter.attempts,
            failed_at=letter.failed_at,
        )


class RerunOut(Frozen):
    """Another try was asked for."""

    id: str
    state: str = "asked"


class RoundOut(Frozen):
    """A long round (fixity, reconcile …): where it stands, what it counted, why it is an alarm ("" when it is none)."""

    name: str
    counts: dict[str, int]
    started_at: datetime
    progress_at: datetime
    finished_at: datetime | None
    alarm: str

    @classmethod
    def of(cls, each: Pass) -> "RoundOut":
        """Return the outgoing form."""
        return cls(
            name=each.name,
            counts=dict(each.counts),
            started_at=each.started_at,
            progress_at=each.progress_at,
            finished_at=each.finished_at,
            alarm=each.alarm,
        )


class BadObjectOut(Frozen):
    """An object that at least one store does not hold as it should."""

    key: str
    sha256: str
    size: int
    first_state: str
    first_checked_at: datetime | None
    copy_state: str
    copy_checked_at: datetime | None
    reason: str

    @classmethod
    def of(cls, kept: KeptObject) -> "BadObjectOut":
        """Return the outgoing form."""
        return cls(
            key=kept.key,
            sha256=kept.sha256,
            size=kept.size,
            first_state=kept.first_state,
            first_checked_at=kept.first_checked_at,
            copy_state=kept.copy_state,
            copy_checked_at=kept.copy_checked_at,
            reason=kept.reason,
        )


class BacklogOut(Frozen):
    """What waits outside the rows: how many, how many failed before, since when."""

    waiting: int
    failing: int
    oldest: datetime | None

    @classmethod
    def of(cls, backlog: Backlog) -> "BacklogOut":
        """Return the outgoing form."""
        return cls(waiting=backlog.waiting, failing=backlog.failing, oldest=backlog.oldest)


class FiguresOut(Frozen):
    """One moment of the whole house, as the event stream tells it. A part that did not answer is null."""

    at: datetime
    status: str
    failing: list[str]
    engine: QueuesOut | None
    rounds: list[RoundOut] | None
    objects_bad: int | None
    objects_lost: int | None
    outbox: BacklogOut | None
    index: BacklogOut | None

    @classmethod
    def of(cls, figures: Figures, health: Health) -> "FiguresOut":
        """Return the outgoing form."""
        rows = figures.rows
        return cls(
            at=figures.at,
            status=health.status,
            failing=health.failing,
            engine=None if figures.engine is None else QueuesOut.of(figures.engine),
            rounds=None if rows is None else [RoundOut.of(each) for each in rows.rounds],
            objects_bad=None if rows is None else rows.bad,
            objects_lost=None if rows is None else rows.lost,
            outbox=None if rows is None else BacklogOut.of(rows.backlog),
            index=None if rows is None else BacklogOut.of(rows.index),
        )
