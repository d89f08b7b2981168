"""What must still happen outside the rows (index an entry …), noted in the transaction that made it
necessary.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, func, insert, select, true, update

from records.access import Actor
from storage.canonical import Scalar
from storage.ground import Ground
from storage.schema import documents, outbox
from storage.visible import visible

INDEX = "index"
"""The kind of note that a document is to be put into the search index as it is now."""
ALERT = "alert"
"""The kind of note that the index holds something new of a document, for those who wait for it."""
UNINDEX = "unindex"
"""The kind for a document that the index tells of and the archive does not hold; the payload bears the `version` there.
"""
AGAIN = "walk-again"
"""The kind by which a person asks for the walk of something to be begun anew; the patrol takes it up."""
_AT_ONCE = 500
LONGEST_WAIT = timedelta(minutes=10)
"""Between two tries of an item that keeps failing; it is never dropped."""


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One thing to do, at least once; whoever does it must bear doing it twice."""

    id: int
    kind: str
    object_id: str
    payload: Mapping[str, Scalar]
    attempts: int
    created_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: how many, how many of them have failed before, and since when the oldest waits."""

    waiting: int
    failing: int
    oldest: datetime | None


class Outbox:
    """The things to do."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def add(self, kind: str, object_id: str, payload: Mapping[str, Scalar] | None = None) -> int:
        """Note a thing to do and return its number; it exists from the commit of this transaction on."""
        now = self._ground.clock.now()
        done = self._ground.connection.execute(
            insert(outbox).values(
                kind=kind, object_id=object_id, payload=dict(payload or {}), created_at=now, next_at=now
            )
        )
        key = done.inserted_primary_key
        assert key is not None  # noqa: S101  # an insert of one row always has one
        return int(key[0])

    def due(self, limit: int = 100, kind: str | None = None) -> list[OutboxItem]:
        """Return things to do now (of one kind, if given), oldest first; in a writing transaction, those no other
        worker holds.
        """
        due = (
            select(outbox)
            .where(outbox.c.next_at <= self._ground.clock.now())
            .order_by(outbox.c.id)
            .limit(limit)
        )
        if kind is not None:
            due = due.where(outbox.c.kind == kind)
        if self._ground.writable:
            due = due.with_for_update(skip_locked=True)
        rows = self._ground.connection.execute(due).mappings()
        return [
            OutboxItem(
                r["id"], r["kind"], r["object_id"], r["payload"], r["attempts"], r["created_at"], r["reason"]
            )
            for r in rows
        ]

    def done(self, item_id: int) -> None:
        """Strike a thing off; striking it off twice changes nothing."""
        self._ground.connection.execute(delete(outbox).where(outbox.c.id == item_id))

    def done_for(self, kind: str, object_id: str) -> None:
        """Strike off every note of this kind for one object, for who has just done it.

        Only where nothing can have been noted for the object since the doing began; else use `done`.
        """
        noted = (outbox.c.kind == kind) & (outbox.c.object_id == object_id)
        self._ground.hold(noted, outbox.c.id)
        self._ground.connection.execute(delete(outbox).where(noted))

    def noted(self, kind: str, object_id: str) -> bool:
        """Return whether a thing of this kind waits to be done for the object."""
        wanted = (outbox.c.kind == kind) & (outbox.c.object_id == object_id)
        return self._ground.connection.execute(select(outbox.c.id).where(wanted).limit(1)).first() is not None

    def noted_among(self, kind: str, object_ids: Sequence[str]) -> set[str]:
        """Return those of `object_ids` for which a thing of this kind waits to be done."""
        found: set[str] = set()
        for start in range(0, len(object_ids), _AT_ONCE):
            some = outbox.c.object_id.in_(object_ids[start : start + _AT_ONCE])
            noted = select(outbox.c.object_id).where(outbox.c.kind == kind, some)
            found.update(self._ground.connection.execute(noted).scalars())
        return found

    def unsettled(self, reader: Actor, limit: int) -> list[str]:
        """Return at most `limit` ids of documents that wait to be put into the index or out of it and are not the
        reader's to see now: what the index tells of them may be from when they were.
        """
        theirs = exists().where(documents.c.id == outbox.c.object_id, visible(reader))
        waiting = outbox.c.kind.in_((INDEX, UNINDEX))
        found = select(outbox.c.object_id).distinct().where(waiting, ~theirs).limit(limit)
        return list(self._ground.connection.execute(found).scalars())

    def newest(self) -> int:
        """Return the highest number that waits, 0 when none does."""
        return self._ground.connection.execute(select(func.max(outbox.c.id))).scalar() or 0

    def waiting_upto(self, item_id: int) -> int:
        """Return how many things wait whose numbers are not above `item_id`."""
        old = select(func.count()).select_from(outbox).where(outbox.c.id <= item_id)
        return self._ground.connection.execute(old).scalar_one()

    def failed(self, item_id: int, reason: str) -> None:
        """Put a thing back for later: 2, 4, 8 … seconds, at most ten minutes."""
        self._ground.hold(outbox.c.id == item_id)
        attempts = self._ground.connection.execute(
            select(outbox.c.attempts).where(outbox.c.id == item_id)
        ).scalar()
        if attempts is None:
            return
        wait = min(timedelta(seconds=2 ** min(attempts + 1, 20)), LONGEST_WAIT)
        self._ground.connection.execute(
            update(outbox)
            .where(outbox.c.id == item_id)
            .values(attempts=attempts + 1, next_at=self._ground.clock.now() + wait, reason=reason)
        )

    def backlog(self, kind: str | None = None) -> Backlog:
        """Return what waits, of one kind or all, for the operator."""
        asked = true() if kind is None else outbox.c.kind == kind
        counts = select(func.count(), func.min(outbox.c.created_at)).select_from(outbox).where(asked)
        waiting, oldest = self._ground.connection.execute(counts).one()
        failing = select(func.count()).select_from(outbox).where(asked, outbox.c.attempts > 0)
        return Backlog(waiting, self._ground.connection.execute(failing).scalar_one(), oldest)
