"""A fresh SQLite database and a clock that tests can turn."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.tables import Tables
from storage.work import Work
from tests.cases.database import SqliteDatabase, TurnedClock, migrated


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def database(tmp_path: Path) -> SqliteDatabase:
    """An empty place for a database: nothing is there yet."""
    return SqliteDatabase(tmp_path / "vanthu.db")


@pytest.fixture
def empty_database(tmp_path: Path) -> SqliteDatabase:
    """A second one, likewise empty."""
    (tmp_path / "empty").mkdir()
    return SqliteDatabase(tmp_path / "empty" / "vanthu.db")


@pytest.fixture
def tables(database: SqliteDatabase) -> Iterator[Tables]:
    opened = migrated(database.path)
    yield opened
    opened.dispose()


@pytest.fixture
def work(tables: Tables, clock: TurnedClock) -> Work:
    return Work(tables, clock)
