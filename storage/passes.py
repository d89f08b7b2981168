"""How far the long rounds (fixity, reconcile) have come, so that a killed one goes on and a stuck one is seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, select, update

from storage.ground import Ground
from storage.schema import passes


@dataclass(frozen=True, slots=True)
class Pass:
    """One round: where it stands, what it counted, when it last got on, and why it is an alarm ("" when it is none)."""

    name: str
    cursor: str
    counts: Mapping[str, int]
    started_at: datetime
    progress_at: datetime
    finished_at: datetime | None
    alarm: str


class Passes:
    """The present or last round of each name."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def get(self, name: str) -> Pass | None:
        """Return the round, None when there never was one."""
        row = self._ground.connection.execute(select(passes).where(passes.c.name == name)).mappings().first()
        return None if row is None else _pass(row)

    def begin(self, name: str) -> Pass:
        """Return the unfinished round of this name, or begin a new one in its place."""
        now = self._ground.clock.now()
        fresh = {
            "cursor": "",
            "counts": {},
            "started_at": now,
            "progress_at": now,
            "finished_at": None,
            "alarm": "",
        }
        if not self._ground.insert_new(passes, [{"name": name, **fresh}], "name"):
            over = (passes.c.name == name) & passes.c.finished_at.isnot(None)
            self._ground.connection.execute(update(passes).where(over).values(fresh))
        begun = self.get(name)
        assert begun is not None  # noqa: S101  # it was there, or has just been inserted
        return begun

    def progress(self, name: str, cursor: str, counts: Mapping[str, int], alarm: str = "") -> None:
        """Note how far the round is."""
        self._set(name, cursor=cursor, counts=dict(counts), alarm=alarm, progress_at=self._ground.clock.now())

    def counted(self, name: str, counts: Mapping[str, int]) -> None:
        """Note figures of a round that has not moved on."""
        self._set(name, counts=dict(counts))

    def alarm(self, name: str, why: str) -> None:
        """Mark the round as stuck without moving it on."""
        self._set(name, alarm=why)

    def finish(self, name: str, counts: Mapping[str, int], alarm: str = "") -> None:
        """Note the end of the round and its figures."""
        now = self._ground.clock.now()
        self._set(name, cursor="", counts=dict(counts), alarm=alarm, progress_at=now, finished_at=now)

    def all(self) -> list[Pass]:
        """Return the present or last round of every name."""
        rows = self._ground.connection.execute(select(passes).order_by(passes.c.name)).mappings()
        return [_pass(row) for row in rows]

    def _set(self, name: str, **values: object) -> None:
        self._ground.connection.execute(update(passes).where(passes.c.name == name).values(**values))


def _pass(row: RowMapping) -> Pass:
    return Pass(
        row["name"],
        row["cursor"],
        row["counts"],
        row["started_at"],
        row["progress_at"],
        row["finished_at"],
        row["alarm"],
    )
