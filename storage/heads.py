"""The signed heads of the audit log: which were made, which carry a time stamp, which rest in the second store."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, select, update

from storage.ground import Ground
from storage.schema import heads


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A tree head: number of events, RFC 9162 root (hex), the signed note, and its RFC 3161 stamp when it has one.

    `stamp` is the authority's whole answer (DER `TimeStampResp`), as it goes into a `.tsr` file.
    """

    count: int
    root: str
    note: str
    made_at: datetime
    stamp: bytes | None
    stamped_at: datetime | None
    pushed_at: datetime | None


class Heads:
    """The heads, one a number of events."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def add(self, count: int, root: str, note: str) -> None:
        """Keep a signed head; a second one for the same number of events is left out."""
        row = {"count": count, "root": root, "note": note, "made_at": self._ground.clock.now()}
        self._ground.insert_new(heads, [row], "count")

    def last(self) -> SignedHead | None:
        """Return the newest head."""
        return self._one(heads.c.count >= 0)

    def get(self, count: int) -> SignedHead | None:
        """Return the head over exactly `count` events, None when none was signed."""
        return self._one(heads.c.count == count)

    def last_pushed(self) -> SignedHead | None:
        """Return the newest head that the second store holds."""
        return self._one(heads.c.pushed_at.isnot(None))

    def stamped_after(self, count: int) -> list[SignedHead]:
        """Return heads over more than `count` events that carry a time stamp, oldest first."""
        rows = self._ground.connection.execute(
            select(heads)
            .where(heads.c.stamped_at.isnot(None) & (heads.c.count > count))
            .order_by(heads.c.count)
        ).mappings()
        return [_head(row) for row in rows]

    def last_stamped(self) -> SignedHead | None:
        """Return the newest head that carries a time stamp."""
        return self._one(heads.c.stamped_at.isnot(None))

    def stamped(self, count: int, stamp: bytes) -> None:
        """Keep the RFC 3161 answer over the note of a head (DER)."""
        self._ground.connection.execute(
            update(heads)
            .where(heads.c.count == count)
            .values(stamp=stamp, stamped_at=self._ground.clock.now())
        )

    def unpushed(self) -> list[SignedHead]:
        """Return heads that the second store does not hold yet, oldest first."""
        rows = self._ground.connection.execute(
            select(heads).where(heads.c.pushed_at.is_(None)).order_by(heads.c.count)
        ).mappings()
        return [_head(row) for row in rows]

    def pushed(self, count: int) -> None:
        """Note that a head and the events up to it rest in the second store."""
        self._ground.connection.execute(
            update(heads).where(heads.c.count == count).values(pushed_at=self._ground.clock.now())
        )

    def all(self) -> list[SignedHead]:
        """Return every head, oldest first."""
        rows = self._ground.connection.execute(select(heads).order_by(heads.c.count)).mappings()
        return [_head(row) for row in rows]

    def _one(self, which: object) -> SignedHead | None:
        row = (
            self._ground.connection.execute(
                select(heads).where(which).order_by(heads.c.count.desc()).limit(1)  # type: ignore[arg-type]
            )
            .mappings()
            .first()
        )
        return None if row is None else _head(row)


def _head(row: RowMapping) -> SignedHead:
    return SignedHead(
        row["count"],
        row["root"],
        row["note"],
        row["made_at"],
        row["stamp"],
        row["stamped_at"],
        row["pushed_at"],
    )
