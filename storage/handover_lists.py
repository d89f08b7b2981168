"""The hand-over lists of a delivery as they were given: the file itself, for it is evidence, and who gave it when."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, insert, select

from storage.ground import Ground
from storage.schema import batches, handover_lists


@dataclass(frozen=True, slots=True)
class KeptList:
    """A list as it was given: `ordinal` counts those of one delivery from 1; the last one counts."""

    batch_id: str
    ordinal: int
    name: str
    sha256: str
    data: bytes
    given_by: str
    given_at: datetime


class HandoverLists:
    """The lists. Callers ask `Batches.get` first whether the delivery is this reader's to see."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def give(self, batch_id: str, name: str, data: bytes, by: str) -> KeptList:
        """Keep a list; the same bytes as the newest one again are that one."""
        self._ground.hold(batches.c.id == batch_id)
        newest = self.newest(batch_id)
        sha256 = hashlib.sha256(data).hexdigest()
        if newest is not None and newest.sha256 == sha256:
            return newest
        made = KeptList(
            batch_id, (newest.ordinal if newest else 0) + 1, name, sha256, data, by, self._ground.clock.now()
        )
        self._ground.connection.execute(
            insert(handover_lists).values(
                batch_id=made.batch_id,
                ordinal=made.ordinal,
                name=made.name,
                sha256=made.sha256,
                data=made.data,
                given_by=made.given_by,
                given_at=made.given_at,
            )
        )
        return made

    def newest(self, batch_id: str) -> KeptList | None:
        """Return the list that counts, None when none was given."""
        row = (
            self._ground.connection.execute(
                select(handover_lists)
                .where(handover_lists.c.batch_id == batch_id)
                .order_by(handover_lists.c.ordinal.desc())
                .limit(1)
            )
            .mappings()
            .first()
        )
        return None if row is None else _kept(row)


def _kept(row: RowMapping) -> KeptList:
    return KeptList(**{**row, "data": bytes(row["data"])})
