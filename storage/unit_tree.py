"""The tree of bodies as SQL: what is above and below, as it stood on one day, in one question to the database."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import ColumnElement, Connection, FromClause, Select, select

from storage.schema import unit_versions

_AT_ONCE = 500


def holds(rows: FromClause, day: date) -> ColumnElement[bool]:
    """Return the condition that a row's days (`since`, `until`) hold `day`."""
    on = day.isoformat()
    return (rows.c.since <= on) & (rows.c.until.is_(None) | (rows.c.until >= on))


def shares_days(rows: FromClause, since: date, until: date | None) -> ColumnElement[bool]:
    """Return the condition that a row's days have one in common with these."""
    goes_on = rows.c.until.is_(None) | (rows.c.until >= since.isoformat())
    return goes_on if until is None else goes_on & (rows.c.since <= until.isoformat())


def below(tops: Iterable[str], day: date) -> Select[tuple[str]]:
    """Return the question for every body under one of `tops` on `day`, at whatever depth, without `tops` themselves."""
    there = holds(unit_versions, day)
    under = (
        select(unit_versions.c.unit_id)
        .where(unit_versions.c.parent_id.in_(list(tops)), there)
        .cte(recursive=True)
    )
    deeper = select(unit_versions.c.unit_id).where(unit_versions.c.parent_id == under.c.unit_id, there)
    return select(under.union(deeper).c.unit_id)


def above(connection: Connection, unit_ids: Iterable[str], day: date) -> dict[str, tuple[str, ...]]:
    """Return, for each of these bodies, those above it on `day`, nearest first; () for one that is not there."""
    parents: dict[str, str | None] = {}
    todo = set(unit_ids)
    asked = set(todo)
    while todo:
        some = sorted(todo)[:_AT_ONCE]
        todo -= set(some)
        rows = connection.execute(
            select(unit_versions.c.unit_id, unit_versions.c.parent_id).where(
                unit_versions.c.unit_id.in_(some), holds(unit_versions, day)
            )
        )
        for unit_id, parent_id in rows:
            parents[unit_id] = parent_id
            if parent_id is not None and parent_id not in asked:
                asked.add(parent_id)
                todo.add(parent_id)
    return {unit_id: _line(unit_id, parents) for unit_id in unit_ids}


def _line(unit_id: str, parents: dict[str, str | None]) -> tuple[str, ...]:
    line: list[str] = []
    at = parents.get(unit_id)
    while at is not None and at not in line:
        line.append(at)
        at = parents.get(at)
    return tuple(line)
