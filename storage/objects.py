"""The register of every object the archive answers for: what must rest in each store, and how it was last found there.

Written in the transaction of the row that points at the object, so that a lost object is always somebody's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    delete,
    func,
    or_,
    select,
    true,
    update,
)

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

    def state(self, side: Side) -> ObjectState:
        """Return how `side` was last found to hold it."""
        return self.first_state if side is Side.FIRST else self.copy_state


class Objects:
    """The register. It knows no reader: keys never leave the house through it."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def keep(self, key: str, sha256: str, size: int) -> None:
        """Enter an object; entering it again changes nothing."""
        row = {"key": key, "sha256": sha256, "size": size, "kept_at": self._ground.clock.now()}
        self._ground.insert_new(objects, [row], "key")

    def get(self, key: str) -> KeptObject | None:
        """Return one object, None when the archive does not answer for it."""
        row = self._ground.connection.execute(select(objects).where(objects.c.key == key)).mappings().first()
        return None if row is None else _kept(row)

    def held(self, keys: Sequence[str]) -> dict[str, KeptObject]:
        """Return those of `keys` that are entered, as they stay until the end of a writing transaction."""
        found: dict[str, KeptObject] = {}
        ordered = sorted(set(keys))
        for start in range(0, len(ordered), _AT_ONCE):
            some = objects.c.key.in_(ordered[start : start + _AT_ONCE])
            self._ground.hold(some, objects.c.key)
            rows = self._ground.connection.execute(select(objects).where(some)).mappings()
            found.update((row["key"], _kept(row)) for row in rows)
        return found

    def known(self, keys: Sequence[str]) -> set[str]:
        """Return those of `keys` that are entered."""
        found: set[str] = set()
        for start in range(0, len(keys), _AT_ONCE):
            some = objects.c.key.in_(keys[start : start + _AT_ONCE])
            found.update(self._ground.connection.execute(select(objects.c.key).where(some)).scalars())
        return found

    def after(self, key: str, limit: int) -> list[KeptObject]:
        """Return the next `limit` objects by key in the order of its UTF-8 bytes, as every store lists them."""
        return self._some(select(objects).where(objects.c.key > key).order_by(objects.c.key), limit)

    def longest_unchecked(
        self, side: Side, before: datetime, limit: int, folder: str = "", kept_by: datetime | None = None
    ) -> list[KeptObject]:
        """Return objects not looked at in `side` since `before`, never looked at ones first, then the oldest.

        With `folder` (no slash at its end) only those below it; with `kept_by` none that is younger.
        """
        checked, by = objects.c[f"{side.value}_checked_at"], objects.c.key
        here = and_(by > f"{folder}/", by < f"{folder}0") if folder else true()  # 0 is the letter after /
        never = select(objects).where(checked.is_(None), here, _kept_by(kept_by)).order_by(objects.c.key)
        # two questions, because no index answers both at once
        found = self._some(never, limit)
        if len(found) < limit:
            old = select(objects).where(checked < before, here).order_by(checked, objects.c.key)
            found += self._some(old, limit - len(found))
        return found

    def unchecked(self, side: Side, before: datetime, kept_by: datetime | None = None) -> int:
        """Return how many objects (with `kept_by`: none younger) `side` was not looked at for since `before`."""
        checked = objects.c[f"{side.value}_checked_at"]
        since = or_(and_(checked.is_(None), _kept_by(kept_by)), checked < before)
        due = select(func.count()).select_from(objects).where(since)
        return self._ground.connection.execute(due).scalar_one()

    def overdue(self, side: Side, before: datetime) -> int:
        """Return how many objects were kept before `before` and not looked at in `side` since."""
        checked = objects.c[f"{side.value}_checked_at"]
        late = or_(checked < before, and_(checked.is_(None), objects.c.kept_at < before))
        return self._ground.connection.execute(
            select(func.count()).select_from(objects).where(late)
        ).scalar_one()

    def ever_checked(self, side: Side) -> bool:
        """Return whether `side` was ever looked at for any object."""
        checked = objects.c[f"{side.value}_checked_at"]
        one = select(objects.c.key).where(checked.isnot(None)).limit(1)
        return self._ground.connection.execute(one).first() is not None

    def troubled(self, side: Side, before: datetime, limit: int) -> list[KeptObject]:
        """Return objects that `side` did not hold as it should when last looked at, which was before `before`."""
        checked = objects.c[f"{side.value}_checked_at"]
        wrong = and_(_bad(side), or_(checked.is_(None), checked < before))
        return self._some(
            select(objects).where(wrong).order_by(checked.isnot(None), checked, objects.c.key), limit
        )

    def count_bad(self, *sides: Side) -> int:
        """Return how many objects none of `sides` holds as it should."""
        wrong = and_(*(_bad(side) for side in sides))
        return self._ground.connection.execute(
            select(func.count()).select_from(objects).where(wrong)
        ).scalar_one()

    def bad(self, limit: int = 1000) -> list[KeptObject]:
        """Return objects that at least one store does not hold as it should, by key."""
        wrong = or_(_bad(Side.FIRST), _bad(Side.COPY))
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
        told = sorted(keys)
        for start in range(0, len(told), _AT_ONCE):
            some = objects.c.key.in_(told[start : start + _AT_ONCE])
            self._ground.hold(some, objects.c.key)
            self._ground.connection.execute(
                update(objects)
                .where(some)
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

    def forget(self, keys: Sequence[str]) -> None:
        """Answer for these objects no more: they are erased by order of a person, and missing them is no loss."""
        for start in range(0, len(keys), _AT_ONCE):
            some = objects.c.key.in_(sorted(keys)[start : start + _AT_ONCE])
            self._ground.connection.execute(delete(objects).where(some))

    def count(self) -> int:
        """Return how many objects the archive answers for."""
        return self._ground.connection.execute(select(func.count()).select_from(objects)).scalar_one()

    def _some(self, wanted: Select[tuple[object, ...]], limit: int) -> list[KeptObject]:
        return [_kept(row) for row in self._ground.connection.execute(wanted.limit(limit)).mappings()]


def _kept_by(moment: datetime | None) -> ColumnElement[bool]:
    return true() if moment is None else objects.c.kept_at <= moment


def _bad(side: Side) -> ColumnElement[bool]:
    """Said as a list, because an index helps with that and not with "anything but good"."""
    return objects.c[f"{side.value}_state"].in_([ObjectState.MISSING.value, ObjectState.DAMAGED.value])


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
