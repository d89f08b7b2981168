"""What is about to be put into the stores: written and committed before the bytes go, struck off with the row.

An object without a row is thus either somebody's intent of a moment ago or an orphan to report.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select

from records.clock import new_id
from storage.ground import Ground
from storage.schema import intents


@dataclass(frozen=True, slots=True)
class Intent:
    """Bytes on their way: the key they will have, their SHA-256 and size, who sends them, for which thing."""

    id: str
    key: str
    sha256: str
    size: int
    actor: str
    object_id: str
    created_at: datetime


class Intents:
    """The bytes on their way."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def add(self, key: str, sha256: str, size: int, actor: str, object_id: str) -> str:
        """Note bytes on their way and return the note's id."""
        intent_id = new_id()
        self._ground.connection.execute(
            insert(intents).values(
                id=intent_id,
                key=key,
                sha256=sha256,
                size=size,
                actor=actor,
                object=object_id,
                created_at=self._ground.clock.now(),
            )
        )
        return intent_id

    def done(self, intent_id: str) -> None:
        """Strike a note off: its row is in this transaction, or nothing was stored."""
        self._ground.connection.execute(delete(intents).where(intents.c.id == intent_id))

    def older_than(self, moment: datetime, limit: int = 1000) -> list[Intent]:
        """Return notes that nobody struck off: a sender or a process died half-way."""
        rows = self._ground.connection.execute(
            select(intents).where(intents.c.created_at < moment).order_by(intents.c.created_at).limit(limit)
        ).mappings()
        return [
            Intent(r["id"], r["key"], r["sha256"], r["size"], r["actor"], r["object"], r["created_at"])
            for r in rows
        ]

    def keys(self) -> set[str]:
        """Return every key that somebody is about to fill."""
        return set(self._ground.connection.execute(select(intents.c.key)).scalars())
