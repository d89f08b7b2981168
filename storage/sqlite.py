"""Everything that only SQLite needs: how a connection is opened, how a writer starts, how the audit log is
locked.

There is one writer at a time, so a writer need not hold what it has read; storage/postgres.py must.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage.database_faults import DatabaseTrouble, away

NAME = "sqlite"

BUSY_SECONDS = 30
"""How long a writer waits for another one before it gives up."""

POOL = 32
"""Connections kept for the threads of one process."""

_WRITING = "vanthu_writing"
READING: dict[str, Any] = {_WRITING: False}
WRITING: dict[str, Any] = {_WRITING: True}
"""Execution option: this transaction will write, so take the writer's place at once (no deadlock half-way).
"""

AUDIT_TRIGGERS: tuple[str, ...] = (
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit "
    "BEGIN SELECT RAISE(ABORT, 'audit: append only'); END",
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit "
    "BEGIN SELECT RAISE(ABORT, 'audit: append only'); END",
    "CREATE TRIGGER audit_next BEFORE INSERT ON audit "
    "WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit) "
    "BEGIN SELECT RAISE(ABORT, 'audit: not the next number'); END",
)
"""The log refuses changes from inside; the hash chain shows changes from outside.

`audit_next` also stops INSERT OR REPLACE, which SQLite lets past DELETE triggers.
"""

AFTER_DROP: tuple[str, ...] = ()
"""What is left of the tables when they are dropped: nothing."""

_TROUBLES = {
    sqlite3.SQLITE_BUSY: DatabaseTrouble.BUSY,
    sqlite3.SQLITE_LOCKED: DatabaseTrouble.BUSY,
    sqlite3.SQLITE_FULL: DatabaseTrouble.FULL,
    sqlite3.SQLITE_READONLY: DatabaseTrouble.READ_ONLY,
    sqlite3.SQLITE_IOERR: DatabaseTrouble.AWAY,
    sqlite3.SQLITE_CANTOPEN: DatabaseTrouble.AWAY,
}

_turns: WeakKeyDictionary[Engine, threading.Lock] = WeakKeyDictionary()


def open_engine(address: URL, password: str) -> Engine:
    """Return a pool on the file at `address`, every connection durable and strict.

    Raises ValueError for an address without a file, or with a password.
    """
    if not address.database or address.database == ":memory:" or password:
        raise ValueError("no database profile for sqlite without a file, or with a password")
    engine = create_engine(
        address,
        pool_size=POOL,
        max_overflow=POOL,
        pool_timeout=BUSY_SECONDS,
        hide_parameters=True,
        json_serializer=partial(json.dumps, allow_nan=False),
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    _turns[engine] = threading.Lock()
    return engine


@contextmanager
def taking_turns(engine: Engine) -> Iterator[None]:
    """Wait for the other writers of this process, in the order they came. Raises `Away` (`database-busy`)."""
    turn = _turns[engine]
    if not turn.acquire(timeout=BUSY_SECONDS):
        raise away(DatabaseTrouble.BUSY, "another thread has been writing for too long")
    try:
        yield
    finally:
        turn.release()


def must_be_whole(_connection: Connection) -> None:
    """A statement that fails leaves the transaction as it was before it."""


def trouble_of(fault: Exception, *, writing: bool) -> tuple[DatabaseTrouble, str] | None:
    """Return what has happened to the file, None when the fault is a bug or an answer the caller waits for."""
    if isinstance(fault, PoolTimeout):
        return DatabaseTrouble.BUSY, "every connection of this process is in use"
    if not isinstance(fault, OperationalError) or not isinstance(fault.orig, sqlite3.Error):
        return None
    trouble = _TROUBLES.get(
        fault.orig.sqlite_errorcode & 0xFF
    )  # the rest of the number is the particular kind
    if trouble is None or (trouble is DatabaseTrouble.READ_ONLY and not writing):
        return None
    return trouble, str(fault.orig)


def not_allowed(_fault: DBAPIError) -> bool:
    """Whoever can open the file may do everything in it."""
    return False


def insert_new(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], key: Sequence[str]
) -> int:
    """Insert the rows whose `key` is not there yet and return how many."""
    statement = insert(table).on_conflict_do_nothing(index_elements=key)
    many = rows[0] if len(rows) == 1 else list(rows)
    return connection.execute(statement, many, execution_options={"preserve_rowcount": True}).rowcount


def hold_rows(
    _connection: Connection, _which: ColumnElement[bool], _order: ColumnElement[Any] | None
) -> None:
    """The only writer holds every row."""


def hold_name(_connection: Connection, *_name: str) -> None:
    """The only writer holds every name."""


def unhurried(_connection: Connection) -> AbstractContextManager[None]:
    """A statement takes the time it takes."""
    return nullcontext()


def migrating(_connection: Connection) -> AbstractContextManager[None]:
    """The only writer keeps other migrators out, and text is in plain order by itself."""
    return nullcontext()


def _on_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # BEGIN is ours, see _on_begin
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA trusted_schema = OFF")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get(_WRITING, False)
    connection.exec_driver_sql(f"PRAGMA query_only = {0 if writing else 1}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
