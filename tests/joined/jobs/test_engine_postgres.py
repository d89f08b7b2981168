"""The engine on a real PostgreSQL: many processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cases.engine import Place, SharedEngineCases

pytestmark = pytest.mark.joined


class TestEngineOnPostgres(SharedEngineCases):
    @pytest.fixture
    def place(self, tmp_path: Path, postgres_database: tuple[str, str]) -> Iterator[Place]:
        url, password = postgres_database
        place = Place(url, tmp_path, password)
        yield place
        place.end()
