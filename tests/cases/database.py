"""A database as tests see it: opened by the house, and looked at and spoilt from outside; and a clock they can turn."""

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import psycopg

from storage.audit import event_bytes
from storage.tables import Tables, open_tables


class TurnedClock:
    """Stands still until a test turns it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def turn(self, **parts: float) -> None:
        self.at += timedelta(**parts)


class Database(Protocol):
    url: str
    password: str

    def open(self) -> Tables:
        """Return it opened by the house, once more each time; whoever opens disposes."""

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement as its owner, past the house, and return the rows it gives."""

    def tables(self) -> set[str]:
        """Return the names of its tables."""

    def kept(self) -> bytes:
        """Return everything that rests in it, in whatever form: what is not in here is not kept."""

    def events(self) -> int:
        """Check every link of the audit log and return how many events it has."""


@dataclass(frozen=True)
class SqliteDatabase:
    path: Path
    password: str = ""

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def open(self) -> Tables:
        return open_tables(self.url)

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            return connection.execute(statement).fetchall()

    def tables(self) -> set[str]:
        return {name for (name,) in self.ask("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def kept(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.path.parent.glob(f"{self.path.name}*"))

    def events(self) -> int:
        return _events(self)


@dataclass(frozen=True)
class PostgresDatabase:
    url: str
    password: str

    def open(self) -> Tables:
        return open_tables(self.url, self.password)

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, password=self.password, connect_timeout=5) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    def tables(self) -> set[str]:
        return {name for (name,) in self.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}

    def kept(self) -> bytes:
        rows = [row for name in sorted(self.tables()) for row in self.ask(f'SELECT t::text FROM "{name}" t')]
        return "\n".join(row[0] for row in rows).encode()

    def events(self) -> int:
        return _events(self)


def _events(database: Database) -> int:
    columns = "seq, time, actor, action, object, outcome, details, prev_hash, leaf_hash"
    rows = database.ask(f"SELECT {columns} FROM audit ORDER BY seq")
    prev = "0" * 64
    for number, row in enumerate(rows, 1):
        named = dict(zip(columns.split(", "), row, strict=True))
        leaf = hashlib.sha256(b"\x00" + event_bytes(named)).hexdigest()
        assert (named["seq"], named["prev_hash"], named["leaf_hash"]) == (number, prev, leaf)
        prev = leaf
    return len(rows)
