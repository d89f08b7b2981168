"""Everything that only SQLite needs: how a connection is opened, how a writer starts, how the audit log is
locked.
"""

from typing import Any

from sqlalchemy import Connection, Engine, event

BUSY_SECONDS = 30
"""How long a writer waits for another one before it gives up."""

WRITING = "vanthu_writing"
"""Execution option: this transaction will write, so take the writer's place at once (no deadlock half-way).
"""

AUDIT_TRIGGERS = (
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


def prepare(engine: Engine) -> None:
    """Make every connection of `engine` durable and strict."""
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)


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
    writing = connection.get_execution_options().get(WRITING, False)
    connection.exec_driver_sql(f"PRAGMA query_only = {0 if writing else 1}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
