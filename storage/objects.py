"""The register of every object the archive answers for: what must rest in each store, and how it was last found there.

Written in the transaction of the row that points at the object, so that a lost object is always somebody's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import RowMapping, func, insert, or_, select, update

from storage.ground import Ground
from storage.schema import objects

_AT_ONCE = 500
UNKNOWN_SIZE = -1
"""Size of an object that an older version entered without one; the next fixity pass fills it in."""


class Side(StrEnum):
    """Which store: the first one, or the copy that repairs it."""

    FIRST = "first"
    COPY = "copy"


class ObjectState(StrEnum):
    """How an object was last found in one store."""

    GOOD = "good"
    MISSING = "missing"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class KeptObject:
    """One object with its SHA-256 and size in bytes, and how each store was last found to hold it."""

    key: str
    sha256: str
    size: int
    kept_at: datetime
    first_state: ObjectState
    first_checked_at: datetime | None
    copy_state: ObjectState
    copy_checked_at: datetime | None
    reason: str


class Objects:
    """The register. It knows no reader: keys never leave the house through it."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def keep(self, key: str, sha256: str, size: int) -> None:
        """Enter an object; entering it again changes nothing."""
        known = self._ground.connection.execute(select(objects.c.key).where(objects.c.key == key)).first()
        if known is None:
            self._ground.connection.execute(
                insert(objects).values(key=key, sha256=sha256, size=size, kept_at=self._ground.clock.now())
            )

    def get(self, key: str) -> KeptObject | None:
        """Return one object, None when the archive does not answer for it."""
        row = self._ground.connection.execute(select(objects).where(objects.c.key == key)).mappings().first()
        return None if row is None else _kept(row)

    def known(self, keys: Sequence[str]) -> set[str]:
        """Return those of `keys` that are entered."""
        found: set[str] = set()
        for start in range(0, len(keys), _AT_ONCE):
            some = objects.c.key.in_(keys[start : start + _AT_ONCE])
            found.update(self._ground.connection.execute(select(objects.c.key).where(some)).scalars())
        return found

    def after(self, key: str, limit: int) -> list[KeptObject]:
        """Return the next `limit` objects by key, for a pass that can be resumed."""
        rows = self._ground.connection.execute(
            select(objects).where(objects.c.key > key).order_by(objects.c.key).limit(limit)
        ).mappings()
        return [_kept(row) for row in rows]

    def longest_unchecked(self, side: Side, before: datetime, limit: int) -> list[KeptObject]:
        """Return objects not looked at in `side` since `before`, never looked at ones first, then the oldest."""
        checked = objects.c[f"{side.value}_checked_at"]
        rows = self._ground.connection.execute(
            select(objects)
            .where(or_(checked.is_(None), checked < before))
            .order_by(checked.isnot(None), checked, objects.c.key)
            .limit(limit)
        ).mappings()
        return [_kept(row) for row in rows]

    def bad(self, limit: int = 1000) -> list[KeptObject]:
        """Return objects that at least one store does not hold as it should, by key."""
        wrong = or_(objects.c.first_state != ObjectState.GOOD, objects.c.copy_state != ObjectState.GOOD)
        rows = self._ground.connection.execute(
            select(objects).where(wrong).order_by(objects.c.key).limit(limit)
        ).mappings()
        return [_kept(row) for row in rows]

    def found(self, key: str, side: Side, state: ObjectState, reason: str = "") -> None:
        """Note how `side` holds the object now."""
        self._ground.connection.execute(
            update(objects)
            .where(objects.c.key == key)
            .values(
                {
                    f"{side.value}_state": state.value,
                    f"{side.value}_checked_at": self._ground.clock.now(),
                    "reason": reason,
                }
            )
        )

    def found_good(self, keys: Iterable[str], side: Side) -> None:
        """Note that `side` holds all these objects as it should (one statement for many)."""
        told = list(keys)
        for start in range(0, len(told), _AT_ONCE):
            self._ground.connection.execute(
                update(objects)
                .where(objects.c.key.in_(told[start : start + _AT_ONCE]))
                .values(
                    {
                        f"{side.value}_state": ObjectState.GOOD.value,
                        f"{side.value}_checked_at": self._ground.clock.now(),
                    }
                )
            )

    def measured(self, key: str, size: int) -> None:
        """Fill in the size of an object that was entered without one."""
        unknown = (objects.c.key == key) & (objects.c.size == UNKNOWN_SIZE)
        self._ground.connection.execute(update(objects).where(unknown).values(size=size))

    def count(self) -> int:
        """Return how many objects the archive answers for."""
        return self._ground.connection.execute(select(func.count()).select_from(objects)).scalar_one()


def _kept(row: RowMapping) -> KeptObject:
    return KeptObject(
        row["key"],
        row["sha256"],
        row["size"],
        row["kept_at"],
        ObjectState(row["first_state"]),
        row["first_checked_at"],
        ObjectState(row["copy_state"]),
        row["copy_checked_at"],
        row["reason"],
    )
