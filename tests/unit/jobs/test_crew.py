"""The crew over SQLite rows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from records.clock import SystemClock
from storage.work import Work
from tests.cases.crew import CrewCases
from tests.cases.database import migrated


class TestCrewOnSqlite(CrewCases):
    @pytest.fixture
    def work(self, tmp_path: Path) -> Iterator[Work]:
        tables = migrated(tmp_path / "vanthu.db")
        yield Work(tables, SystemClock())
        tables.dispose()
