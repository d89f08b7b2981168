"""The view of the queues over PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from records.clock import SystemClock
from storage.tables import open_tables
from storage.work import Work
from tests.cases.engine_view import EngineViewCases, ViewPlace

pytestmark = pytest.mark.joined


class TestViewOnPostgres(EngineViewCases):
    @pytest.fixture
    def place(self, tmp_path: Path, postgres_database: tuple[str, str]) -> Iterator[ViewPlace]:
        url, password = postgres_database
        tables = open_tables(url, password)
        tables.migrate()
        yield ViewPlace(url + "_engine", tmp_path, Work(tables, SystemClock()), password)
        tables.dispose()
