"""What every repository stands on: the open connection, the clock, and what a writer may hold until its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table

from records.clock import Clock
from storage.profile import profile_of

_AT_ONCE = 500
"""Rows sent in one go; the answer must come before our patience ends (storage/postgres_wire.py)."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Handed to each repository by `Tx`; never leaves the package."""

    connection: Connection
    clock: Clock
    writable: bool

    def hold(self, which: ColumnElement[bool], order: ColumnElement[Any] | None = None) -> None:
        """In a writing transaction, keep these rows as they are now until its end; one that reads holds nothing.

        Several rows are taken in `order`, so that two writers cannot each have what the other wants.
        """
        if self.writable:
            profile_of(self.connection).hold_rows(self.connection, which, order)

    def hold_name(self, *name: str) -> None:
        """In a writing transaction, keep others off a name until its end, whether it has a row yet or not."""
        if self.writable:
            profile_of(self.connection).hold_name(self.connection, *name)

    def insert_new(self, table: Table, rows: Sequence[Mapping[str, Any]], *key: str) -> int:
        """Insert the rows whose `key` is not there yet, in order of the key; return how many that were.

        A row that another writer is just inserting is waited for.
        """
        ordered = sorted((dict(row) for row in rows), key=lambda row: tuple(str(row[name]) for name in key))
        insert_new = profile_of(self.connection).insert_new
        return sum(
            insert_new(self.connection, table, ordered[start : start + _AT_ONCE], key)
            for start in range(0, len(ordered), _AT_ONCE)
        )
