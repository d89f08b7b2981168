"""A database as tests see it: opened by the house, and looked at and spoilt from outside; and a clock they can turn."""

import atexit
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import psycopg

from storage.audit_verify.log import check
from storage.audit_verify.sources import events
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
        """Have the verifier, which knows nothing of the house, check the log; return how many events it has."""


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
        return _whole(str(self.path), "")


@cache
def _made_once() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="vanthu-tables-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    tables = open_tables(f"sqlite:///{folder / 'made.db'}")
    tables.migrate()
    tables.dispose()
    return folder / "made.db"


def migrated(path: Path) -> Tables:
    """Return a SQLite database with every table and no row, opened: a copy of one that the migrations made.

    The migrations themselves have tests of their own. Whoever asks disposes.
    """
    assert not path.exists(), f"{path} is a database already"
    shutil.copy(_made_once(), path)
    return open_tables(f"sqlite:///{path}")


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
        return _whole(self.url, self.password)


def _whole(source: str, password: str) -> int:
    report = check(events(source, password))
    assert report.intact, report
    return report.count
