"""The view of the queues over SQLite."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from records.clock import SystemClock
from storage.work import Work
from tests.cases.database import migrated
from tests.cases.engine_view import EngineViewCases, GoneCases, ViewPlace


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    tables = migrated(tmp_path / "vanthu.db")
    yield Work(tables, SystemClock())
    tables.dispose()


class TestViewOnSqlite(EngineViewCases):
    @pytest.fixture
    def place(self, tmp_path: Path, work: Work) -> ViewPlace:
        return ViewPlace(f"sqlite:///{tmp_path}/engine.db", tmp_path, work)


class TestGone(GoneCases):
    pass
