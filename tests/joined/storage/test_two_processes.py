"""Several processes on one database, of either kind: migrations and events stay in line, kill -9 loses nothing."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from tests.cases.database import PostgresDatabase, SqliteDatabase
from tests.cases.migrations import MigrationProcessCases
from tests.cases.processes import ProcessCases

pytestmark = pytest.mark.joined


class TestSqlite(ProcessCases, MigrationProcessCases):
    @pytest.fixture
    def empty_database(self, tmp_path: Path) -> SqliteDatabase:
        return SqliteDatabase(tmp_path / "vanthu.db")

    @pytest.fixture
    def fresh(self, tmp_path: Path) -> Callable[[], SqliteDatabase]:
        numbers = count()
        return lambda: SqliteDatabase(tmp_path / f"{next(numbers)}.db")


class TestPostgres(ProcessCases, MigrationProcessCases):
    kills = 6
    each = 40

    @pytest.fixture
    def fresh(self, empty_database: PostgresDatabase) -> Callable[[], PostgresDatabase]:
        return lambda: empty_database
