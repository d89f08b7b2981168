"""The crew over SQLite rows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from records.clock import SystemClock
from storage.tables import open_tables
from storage.work import Work
from tests.cases.crew import CrewCases


class TestCrewOnSqlite(CrewCases):
    @pytest.fixture
    def work(self, tmp_path: Path) -> Iterator[Work]:
        tables = open_tables(f"sqlite:///{tmp_path}/vanthu.db")
        tables.migrate()
        yield Work(tables, SystemClock())
        tables.dispose()
