"""What people did to the order of a delivery: a log that only grows, and the pages they want scanned again.

Nobody asks here whether somebody may: whoever has the batch from `Batches.get` may have its arrangement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import RowMapping, func, insert, select, update

from records.access import Actor
from records.clock import new_id
from records.errors import Conflict, Missing
from storage.ground import Ground
from storage.schema import arrangement_log, batches, rescans


class RescanState(StrEnum):
    """Where a page to be scanned again stands."""

    OPEN = "open"
    DELIVERED = "delivered"  # the new page has taken its place
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry of the log: `step` and `told` as `records.arrangement` has them."""

    batch_id: str
    ordinal: int
    step: str
    told: Mapping[str, Any]
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Rescan:
    """A page somebody wants scanned again; `new_page_id`: the page that took its place, "" while none has."""

    id: str
    batch_id: str
    page_id: str
    reason: str
    state: RescanState
    made_by: str
    made_at: datetime
    new_page_id: str
    closed_by: str
    closed_at: datetime | None


class Arrangements:
    """The logs and tickets."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def log(self, batch_id: str) -> list[Logged]:
        """Return the log of a delivery, the oldest entry first."""
        rows = self._ground.connection.execute(
            select(arrangement_log)
            .where(arrangement_log.c.batch_id == batch_id)
            .order_by(arrangement_log.c.ordinal)
        ).mappings()
        return [Logged(**row) for row in rows]

    def version(self, batch_id: str) -> int:
        """Return how many entries the log has; a writer has the delivery to itself then."""
        self._ground.hold(batches.c.id == batch_id)
        newest = select(func.max(arrangement_log.c.ordinal)).where(arrangement_log.c.batch_id == batch_id)
        return int(self._ground.connection.execute(newest).scalar() or 0)

    def append(self, batch_id: str, step: str, told: Mapping[str, Any], by: Actor) -> int:
        """Add an entry and return its ordinal, which is the new version."""
        ordinal = self.version(batch_id) + 1
        self._ground.connection.execute(
            insert(arrangement_log).values(
                batch_id=batch_id,
                ordinal=ordinal,
                step=step,
                told=dict(told),
                made_by=by.id,
                made_at=self._ground.clock.now(),
            )
        )
        return ordinal

    def ask_rescan(self, batch_id: str, page_id: str, reason: str, by: Actor) -> Rescan:
        """Note that a page is to be scanned again. Raises `Conflict` (`rescan-open`)."""
        self._ground.hold(batches.c.id == batch_id)
        if any(one.page_id == page_id for one in self.rescans(batch_id, RescanState.OPEN)):
            raise Conflict(
                f"page {page_id} is asked for already",
                code="rescan-open",
                tell="Trang này đã có phiếu quét lại chưa xong. Hãy nộp trang quét lại vào phiếu đó, hoặc hủy phiếu.",
            )
        rescan_id = new_id()
        self._ground.connection.execute(
            insert(rescans).values(
                id=rescan_id,
                batch_id=batch_id,
                page_id=page_id,
                reason=reason,
                state=RescanState.OPEN,
                made_by=by.id,
                made_at=self._ground.clock.now(),
            )
        )
        return self.rescan(batch_id, rescan_id)

    def rescan(self, batch_id: str, rescan_id: str) -> Rescan:
        """Return a ticket; a writer has its delivery to itself until its end. Raises `Missing`."""
        self._ground.hold(batches.c.id == batch_id)
        mine = (rescans.c.id == rescan_id) & (rescans.c.batch_id == batch_id)
        row = self._ground.connection.execute(select(rescans).where(mine)).mappings().first()
        if row is None:
            raise Missing(f"no rescan {rescan_id} in batch {batch_id}")
        return _rescan(row)

    def rescans(self, batch_id: str, state: RescanState | None = None) -> list[Rescan]:
        """Return the tickets of a delivery, the oldest first."""
        which = rescans.c.batch_id == batch_id
        if state is not None:
            which &= rescans.c.state == state
        rows = self._ground.connection.execute(
            select(rescans).where(which).order_by(rescans.c.made_at, rescans.c.id)
        ).mappings()
        return [_rescan(row) for row in rows]

    def close_rescan(self, rescan: Rescan, state: RescanState, by: Actor, new_page_id: str = "") -> Rescan:
        """Note that a ticket is done with."""
        self._ground.connection.execute(
            update(rescans)
            .where(rescans.c.id == rescan.id)
            .values(state=state, new_page_id=new_page_id, closed_by=by.id, closed_at=self._ground.clock.now())
        )
        return self.rescan(rescan.batch_id, rescan.id)


def _rescan(row: RowMapping) -> Rescan:
    return Rescan(**{**row, "state": RescanState(row["state"])})
