"""The crew over PostgreSQL rows."""

from collections.abc import Iterator

import pytest

from records.clock import SystemClock
from storage.tables import open_tables
from storage.work import Work
from tests.cases.crew import CrewCases

pytestmark = pytest.mark.joined


class TestCrewOnPostgres(CrewCases):
    @pytest.fixture
    def work(self, postgres_database: tuple[str, str]) -> Iterator[Work]:
        tables = open_tables(*postgres_database)
        tables.migrate()
        yield Work(tables, SystemClock())
        tables.dispose()
