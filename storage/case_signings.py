"""Moves of cases that wait for a signature: what was asked for each paper, so that a reload or a crash loses nothing.

The paper is signed by its batch; the move is made afterwards, under the key it was ordered with. docs/decisions/0108.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, func, insert, select, update

from storage.ground import Ground
from storage.schema import case_signings


class WaitStage(StrEnum):
    """What became of a move that waits for a signature."""

    WAITING = "waiting"
    MOVED = "moved"
    REFUSED = (
        "refused"  # not signed, or signed and the case stood elsewhere by then: `code` and `tell` say why
    )


@dataclass(frozen=True, slots=True)
class CaseSigning:
    """A move that was ordered together with the signature of its paper. `asked`: the request, as it came, in JSON.

    `group_id`: what was ordered together; `batch_id`: the signing batch of the paper, its own when the paper shows what
    no other does (the words of a box).
    """

    paper_id: str
    group_id: str
    ordinal: int
    batch_id: str
    case_id: str
    revision: int
    ordered_by: str
    asked: Mapping[str, Any]
    key: str
    state: WaitStage = WaitStage.WAITING
    code: str = ""
    tell: str = ""
    ended_at: datetime | None = None


class CaseSignings:
    """The moves that wait. Whose they are is asked before."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def add(self, new: CaseSigning) -> None:
        """Note a move that waits for its paper to be signed."""
        self._ground.connection.execute(
            insert(case_signings).values(
                paper_id=new.paper_id,
                group_id=new.group_id,
                ordinal=new.ordinal,
                batch_id=new.batch_id,
                case_id=new.case_id,
                revision=new.revision,
                ordered_by=new.ordered_by,
                asked=dict(new.asked),
                key=new.key,
                state=WaitStage.WAITING,
            )
        )

    def of_group(self, group_id: str) -> list[CaseSigning]:
        """Return the moves that were ordered together, as they were ordered."""
        return self._several(case_signings.c.group_id == group_id)

    def groups_waiting(self, ordered_by: str, limit: int = 50) -> Sequence[tuple[str, int]]:
        """Return the groups of an account in which moves wait, and how many."""
        mine = (case_signings.c.ordered_by == ordered_by) & (case_signings.c.state == WaitStage.WAITING)
        counted = (
            select(case_signings.c.group_id, func.count())
            .where(mine)
            .group_by(case_signings.c.group_id)
            .order_by(case_signings.c.group_id)
            .limit(limit)
        )
        return [(str(row[0]), int(row[1])) for row in self._ground.connection.execute(counted)]

    def cases_waiting(self, case_ids: Sequence[str], ordered_by: str) -> dict[str, str]:
        """Return, of these cases, those in which a move of an account waits, and the group it is in."""
        mine = (case_signings.c.ordered_by == ordered_by) & (case_signings.c.state == WaitStage.WAITING)
        found = self._several(mine & case_signings.c.case_id.in_(list(case_ids)))
        return {one.case_id: one.group_id for one in found}

    def end(self, paper_id: str, state: WaitStage, code: str = "", tell: str = "") -> bool:
        """Note what became of a waiting move; False when it does not wait any more: nothing was changed."""
        waits = (case_signings.c.paper_id == paper_id) & (case_signings.c.state == WaitStage.WAITING)
        done = self._ground.connection.execute(
            update(case_signings)
            .where(waits)
            .values(state=state, code=code, tell=tell, ended_at=self._ground.clock.now())
        )
        return done.rowcount == 1

    def _several(self, which: ColumnElement[bool]) -> list[CaseSigning]:
        rows = self._ground.connection.execute(
            select(case_signings).where(which).order_by(case_signings.c.group_id, case_signings.c.ordinal)
        ).mappings()
        return [_of(row) for row in rows]


def _of(row: RowMapping) -> CaseSigning:
    return CaseSigning(**{**row, "state": WaitStage(row["state"])})
