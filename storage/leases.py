"""Who is alive and who leads, by leases on the database's own clock; clocks of machines may differ, this one is one."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Float, case, delete, extract, func, literal_column, select, update

from storage.ground import Ground
from storage.schema import leases, storable


@dataclass(frozen=True, slots=True)
class Lease:
    """A name held by somebody until a moment; `left` in seconds, negative when it has run out."""

    name: str
    holder: str
    note: str
    left: float


class Leases:
    """The leases. Everything here compares with the database's clock, never with the caller's."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def take(self, name: str, holder: str, seconds: float, note: str = "") -> bool:
        """Hold `name` for `seconds` from now when it is free, run out, or `holder`'s already; return whether so."""
        now = self._now()
        mine = (leases.c.name == name) & ((leases.c.holder == holder) | (leases.c.until <= now))
        done = self._ground.connection.execute(
            update(leases)
            .where(mine)
            .values(
                holder=holder,
                note=storable(note),
                since=case((leases.c.holder == holder, leases.c.since), else_=now),
                until=now + seconds,
            )
        )
        if done.rowcount:
            return True
        moment = self._ground.connection.execute(select(now)).scalar_one()
        row = {"name": name, "holder": holder, "note": storable(note)}
        return bool(
            self._ground.insert_new(leases, [{**row, "since": moment, "until": moment + seconds}], "name")
        )

    def give_back(self, name: str, holder: str) -> None:
        """Let go of `name`, if `holder` still has it."""
        mine = (leases.c.name == name) & (leases.c.holder == holder)
        self._ground.connection.execute(delete(leases).where(mine))

    def all(self, prefix: str) -> list[Lease]:
        """Return every lease whose name starts with `prefix`, run out or not, by name."""
        rows = self._ground.connection.execute(
            select(
                leases.c.name, leases.c.holder, leases.c.note, (leases.c.until - self._now()).label("left")
            )
            .where(_under(prefix))
            .order_by(leases.c.name)
        )
        return [Lease(name, holder, note, float(left)) for name, holder, note, left in rows]

    def forget(self, prefix: str, seconds: float) -> int:
        """Remove leases of `prefix` that ran out more than `seconds` ago; return how many."""
        old = _under(prefix) & (leases.c.until < self._now() - seconds)
        return self._ground.connection.execute(delete(leases).where(old)).rowcount

    def _now(self) -> ColumnElement[float]:
        """Seconds since 1970 on the database's clock (on PostgreSQL of this statement, not of the transaction)."""
        if self._ground.connection.dialect.name == "sqlite":
            return literal_column("((julianday('now') - 2440587.5) * 86400.0)", Float)
        return extract("epoch", func.clock_timestamp()).cast(Float)


def _under(prefix: str) -> ColumnElement[bool]:
    """Compared letter by letter; LIKE minds the case in one database and not in the other."""
    return func.substr(leases.c.name, 1, len(prefix)) == prefix
