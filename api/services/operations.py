"""The figures an operator lives by, gathered once for all who ask: the page, its event stream and the metrics.

Rows and engine are asked apart and each behind a deadline, so that one of them being away does not hide the other.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.bounded import Bounded
from api.tools import Tools
from records.errors import Away
from records.queues import DeadLetter, QueueCount, WorkerSeen
from storage.objects import KeptObject, Side
from storage.outbox import INDEX, Backlog
from storage.passes import Pass

MOST_LETTERS = 200
"""Dead letters and bad objects told at once; the JSON API gives as many, the figures count all bad objects."""
_KEPT_SECONDS = 1.0
_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class RowFigures:
    """What the rows tell. `bad`: objects that a store does not hold as it should; `lost`: objects that none does.

    `backlog`: notes of what is still to be done; `index`: those of them that wait for the index. `audit_events`: events
    in the log; `unpushed_heads`: signed heads of it that the second store does not hold yet.
    """

    rounds: tuple[Pass, ...]
    bad: int
    lost: int
    backlog: Backlog
    index: Backlog
    audit_events: int
    unpushed_heads: int


@dataclass(frozen=True, slots=True)
class EngineFigures:
    """What the engine tells; `dead` is cut at `MOST_LETTERS`."""

    queues: tuple[QueueCount, ...]
    workers: tuple[WorkerSeen, ...]
    dead: tuple[DeadLetter, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything at one moment; None where the part did not answer."""

    at: datetime
    rows: RowFigures | None
    engine: EngineFigures | None


class Overseer:
    """Gathers the figures; many askers at once cost the servers one question a second."""

    def __init__(self, tools: Tools) -> None:
        self._clock = tools.clock
        self._rows = Bounded("rows", lambda: _rows(tools), _PATIENCE_SECONDS, _KEPT_SECONDS)
        self._engine = Bounded("engine", lambda: _engine(tools), _PATIENCE_SECONDS, _KEPT_SECONDS)

    async def look(self) -> Figures:
        """Return the figures."""
        rows, engine = await asyncio.gather(self._rows.answer_or_none(), self._engine.answer_or_none())
        return Figures(self._clock.now(), rows, engine)

    async def engine(self) -> EngineFigures:
        """Return what the engine tells. Raises `Away` (`engine-away`)."""
        try:
            return await self._engine.answer()
        except TimeoutError as fault:
            raise Away(
                f"the engine did not answer within {_PATIENCE_SECONDS} s",
                code="engine-away",
                tell="Hàng đợi công việc không trả lời kịp. Việc đã nhận vẫn an toàn. Hãy thử lại sau ít phút.",
            ) from fault


def rounds(tools: Tools) -> list[Pass]:
    """Return the present or last round of every name."""
    with tools.work.reading() as tx:
        return tx.passes.all()


def bad_objects(tools: Tools, limit: int) -> Sequence[KeptObject]:
    """Return objects that at least one store does not hold as it should, by key."""
    with tools.work.reading() as tx:
        return tx.objects.bad(limit)


def _rows(tools: Tools) -> RowFigures:
    copies = [Side.FIRST, Side.COPY] if tools.has_copy else [Side.FIRST]
    with tools.work.reading() as tx:
        bad = {side: tx.objects.count_bad(side) for side in copies}
        lost = tx.objects.count_bad(*copies)
        return RowFigures(
            rounds=tuple(tx.passes.all()),
            bad=sum(bad.values()) - (lost if len(copies) > 1 else 0),
            lost=lost,
            backlog=tx.outbox.backlog(),
            index=tx.outbox.backlog(INDEX),
            audit_events=tx.audit.newest(),
            unpushed_heads=len(tx.heads.unpushed()),
        )


def _engine(tools: Tools) -> EngineFigures:
    queues = tools.queues
    return EngineFigures(tuple(queues.counts()), tuple(queues.workers()), tuple(queues.dead(MOST_LETTERS)))
