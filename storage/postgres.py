"""Everything that only PostgreSQL needs: how a transaction starts, what holds a row or a name, how the log is locked.

Writers work side by side at READ COMMITTED. What a repository must not see change it holds: a row by a row lock, a
name that has no row yet by an advisory lock. The order that keeps them out of each other's way is in
docs/decisions/0053-rows-on-postgresql.md.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    func,
    literal,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage.database_faults import DatabaseTrouble

NAME = "postgresql"

READING: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""One snapshot from the first question on, as on SQLite."""

WRITING: dict[str, Any] = {}
"""READ COMMITTED, as the pool makes it: what is asked after a lock was granted sees what the holder before did.

Whether writing is allowed stays the server's to say: an administrator may have made the database read-only.
"""

MIGRATION_SECONDS = 3600
"""A migration may rewrite a large table; waiting for another one to end counts too."""

AUDIT_TRIGGERS: tuple[str, ...] = (
    """
    CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'audit: append only' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE FUNCTION audit_next() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        last bigint;
    BEGIN
        EXECUTE format('SELECT COALESCE(MAX(seq), 0) FROM %I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME) INTO last;
        IF NEW.seq IS DISTINCT FROM last + 1 THEN
            RAISE EXCEPTION 'audit: not the next number' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION audit_append_only()",
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_append_only()",
    "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit EXECUTE FUNCTION audit_append_only()",
    "CREATE TRIGGER audit_next BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_next()",
)
"""The log refuses changes from inside, with the meaning of `sqlite.AUDIT_TRIGGERS`.

`audit_next` names its table with the schema: a temporary table called `audit` must not answer for it.
"""

AFTER_DROP: tuple[str, ...] = ("DROP FUNCTION IF EXISTS audit_append_only(), audit_next()",)
"""What is left of the tables when they are dropped."""

PLAIN_ORDER = """
    DO $$
    DECLARE
        changes record;
    BEGIN
        FOR changes IN
            SELECT table_name, string_agg(
                format('ALTER COLUMN %I TYPE text COLLATE "C"', column_name), ', ' ORDER BY ordinal_position) AS list
            FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
            WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND data_type = 'text'
              AND collation_name IS DISTINCT FROM 'C'
            GROUP BY table_name ORDER BY table_name
        LOOP
            EXECUTE format('ALTER TABLE %I %s', changes.table_name, changes.list);
        END LOOP;
    END $$
"""
"""Make every text column sort and compare by code point, as SQLite does, whatever language the database speaks."""

_BUSY = frozenset({"40001", "40P01", "53200", "53300", "53400", "55P03", "57014"})
"""Conflict, deadlock, out of memory, too many connections, a limit of the server, lock not granted, took too long."""
_FULL = frozenset({"53100", "58030"})
_READ_ONLY = "25006"
_NOT_ALLOWED = "42501"


def open_engine(address: URL, password: str) -> Engine:
    """Return a pool on the database at `address`. Raises ValueError for an address that is not fit."""
    from storage import postgres_wire  # psycopg takes a third of a second to import; SQLite does without

    if address.password is not None:
        raise ValueError("a password belongs in a file (VANTHU_DATABASE_PASSWORD_FILE), not in an address")
    if not address.host or not address.database:
        raise ValueError("the address of the database names no host or no database")
    if unknown := sorted(set(address.query) - postgres_wire.ADDRESS_OPTIONS):
        raise ValueError(f"the address of the database has unknown options: {', '.join(unknown)}")
    return postgres_wire.open_engine(address, password)


def taking_turns(_engine: Engine) -> AbstractContextManager[None]:
    """Writers need not take turns; rows and names are held one by one."""
    return nullcontext()


def must_be_whole(connection: Connection) -> None:
    """Raise RuntimeError when a statement has failed: the server would answer COMMIT with a silent rollback."""
    from storage import postgres_wire

    if postgres_wire.statement_failed(connection):
        raise RuntimeError(
            "a statement of this transaction failed and its fault was dropped; nothing was written"
        )


def trouble_of(fault: Exception, *, writing: bool) -> tuple[DatabaseTrouble, str] | None:
    """Return what has happened to the server, None when the fault is a bug or an answer the caller waits for."""
    if isinstance(fault, PoolTimeout):
        return DatabaseTrouble.BUSY, "every connection of this process is in use"
    if not isinstance(fault, DBAPIError) or fault.orig is None:
        return None
    reason = str(fault.orig)
    state = getattr(fault.orig, "sqlstate", None) or ""
    if fault.connection_invalidated or state.startswith(("08", "57P")):
        return DatabaseTrouble.AWAY, reason
    if state in _BUSY:
        return DatabaseTrouble.BUSY, reason
    if state in _FULL:
        return DatabaseTrouble.FULL, reason
    if state == _READ_ONLY and writing:
        return DatabaseTrouble.READ_ONLY, reason
    if not state and isinstance(
        fault, OperationalError
    ):  # no connection was made, so no server gave it a state
        return DatabaseTrouble.AWAY, reason
    return None


def not_allowed(fault: DBAPIError) -> bool:
    """Return whether the server says that this role may not do that."""
    return getattr(fault.orig, "sqlstate", None) == _NOT_ALLOWED


def insert_new(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], key: Sequence[str]
) -> int:
    """Insert the rows whose `key` is not there yet and return how many; waits for who is inserting the same one."""
    statement = insert(table).on_conflict_do_nothing(index_elements=key)
    many = rows[0] if len(rows) == 1 else list(rows)
    return connection.execute(statement, many, execution_options={"preserve_rowcount": True}).rowcount


def hold_rows(connection: Connection, which: ColumnElement[bool], order: ColumnElement[Any] | None) -> None:
    """Lock rows against change until the end of the transaction; rows that point at them may still be added."""
    held: Select[Any] = select(literal_column("1")).where(which).with_for_update(key_share=True)
    connection.execute(held if order is None else held.order_by(order)).all()


def hold_name(connection: Connection, *name: str) -> None:
    """Lock a name that may have no row yet until the end of the transaction."""
    key = int.from_bytes(hashlib.sha256("\0".join(name).encode()).digest()[:8], signed=True)
    connection.execute(select(func.pg_advisory_xact_lock(literal(key, BigInteger))))


@contextmanager
def unhurried(connection: Connection) -> Iterator[None]:
    """Let the statements of the block take up to an hour each; the rest of the transaction is as impatient as ever."""
    from storage import postgres_wire

    with postgres_wire.unhurried(connection, MIGRATION_SECONDS):
        connection.execute(text(f"SET LOCAL statement_timeout = '{MIGRATION_SECONDS}s'"))
        yield
        connection.execute(text(f"SET LOCAL statement_timeout = '{postgres_wire.PATIENCE.statement}s'"))


@contextmanager
def migrating(connection: Connection) -> Iterator[None]:
    """Keep other migrators out, take the time it takes, and leave every text column in plain order.

    A lock on a table is still waited for only as long as ever, so that nobody queues behind a waiting migration.
    """
    from storage import postgres_wire

    with postgres_wire.unhurried(connection, MIGRATION_SECONDS):
        connection.execute(text("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0"))
        hold_name(connection, "vanthu", "migration")
        connection.execute(text(f"SET LOCAL lock_timeout = '{postgres_wire.PATIENCE.lock}s'"))
        yield
        connection.execute(text(PLAIN_ORDER))
