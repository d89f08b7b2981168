"""Bodies as they are asked for: one of them on a day, the tree of a day, what is above, and the history of each."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, select

from language.fold import canonical, fold
from records.clock import VIETNAM
from records.days import Span, written_day
from records.errors import Missing
from records.units import System, Unit, UnitFacts, UnitLevel, code_key, written_code
from storage.ground import Ground
from storage.schema import storable, unit_endings, unit_versions, units
from storage.unit_tree import above, below, holds


class UnitRows:
    """The bodies, as they were on any day. They are no secret: whoever is signed in may know of them."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def today(self) -> date:
        """Return the day it is in Vietnam."""
        return self._ground.clock.now().astimezone(VIETNAM).date()

    def get(self, unit_id: str, day: date) -> Unit:
        """Return a body as it is on `day`. Raises `Missing`: no such body, or not on that day."""
        found = self._first((units.c.id == storable(unit_id)) & holds(unit_versions, day))
        if found is None:
            raise Missing(f"no unit {unit_id} on {day}", tell=_absent(day))
        return found

    def is_there(self, unit_id: str, day: date) -> bool:
        """Return whether there is such a body on `day`."""
        return self._first((units.c.id == storable(unit_id)) & holds(unit_versions, day)) is not None

    def by_code(self, code: str, day: date) -> Unit | None:
        """Return the body with this Party code (compared on digits) on `day`, or None. Raises `Unfit`
        (`unit-code`).
        """
        key = code_key(code)
        if not key:
            return None
        return self._first((unit_versions.c.code_key == key) & holds(unit_versions, day))

    def all_on(self, day: date, under: str | None = None) -> list[Unit]:
        """Return every body there is on `day` (or every one under `under`), by code, then name."""
        which = holds(unit_versions, day)
        if under is not None:
            which &= units.c.id.in_(below([storable(under)], day))
        ordered = everything(which).order_by(
            units.c.system, unit_versions.c.code_key, unit_versions.c.name, units.c.id
        )
        return [unit_of(row) for row in self._ground.connection.execute(ordered).mappings()]

    def above(self, unit_id: str, day: date) -> list[Unit]:
        """Return the bodies above this one on `day`, nearest first. Raises `Missing`."""
        self.get(unit_id, day)
        line = above(self._ground.connection, [unit_id], day)[unit_id]
        found = {unit.id: unit for unit in self._some(line, day)}
        return [found[each] for each in line if each in found]

    def history(self, unit_id: str) -> list[Unit]:
        """Return the body as it was in each span of its life, oldest first. Raises `Missing`."""
        rows = self._ground.connection.execute(
            everything(units.c.id == storable(unit_id)).order_by(unit_versions.c.since)
        ).mappings()
        found = [unit_of(row) for row in rows]
        if not found:
            raise Missing(f"no unit {unit_id}")
        return found

    def _first(self, which: ColumnElement[bool]) -> Unit | None:
        row = self._ground.connection.execute(everything(which).limit(1)).mappings().first()
        return None if row is None else unit_of(row)

    def _some(self, unit_ids: Iterable[str], day: date) -> list[Unit]:
        which = units.c.id.in_(list(unit_ids)) & holds(unit_versions, day)
        return [unit_of(row) for row in self._ground.connection.execute(everything(which)).mappings()]

    def _above_ids(self, unit_id: str, day: date) -> tuple[str, ...]:
        return above(self._ground.connection, [unit_id], day)[unit_id]


def name_key(name: str) -> str:
    """Return the form in which names are compared: without marks, lower case, single spaces."""
    return " ".join(fold(canonical(name)).split())


def span_of(row: RowMapping) -> Span:
    """Return the days of a row."""
    return Span(date.fromisoformat(row["since"]), date.fromisoformat(row["until"]) if row["until"] else None)


def iso(day: date | None) -> str | None:
    """Return `day` as rows keep it."""
    return None if day is None else day.isoformat()


def everything(which: ColumnElement[bool]) -> Select[Any]:
    """Return the question for bodies with a version each, and how they ended."""
    ended = (unit_endings.c.last_day, unit_endings.c.successor_id)
    return (
        select(units.c.id, units.c.system, unit_versions, *ended)
        .join(unit_versions, unit_versions.c.unit_id == units.c.id)
        .outerjoin(unit_endings, unit_endings.c.unit_id == units.c.id)
        .where(which)
    )


def unit_of(row: RowMapping) -> Unit:
    """Return the body in a row of `everything`."""
    facts = UnitFacts(
        UnitLevel(row["level"]),
        row["name"],
        row["short_name"],
        row["abbreviation"],
        written_code(row["code_key"]),
        row["parent_id"],
    )
    last_day = date.fromisoformat(row["last_day"]) if row["last_day"] else None
    return Unit(row["id"], System(row["system"]), facts, span_of(row), last_day, row["successor_id"])


def _absent(day: date) -> str:
    return f"Không có đơn vị này vào ngày {written_day(day)}. Hãy kiểm tra lại mã đơn vị và ngày."
