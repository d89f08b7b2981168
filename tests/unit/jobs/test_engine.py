"""The engine on SQLite: one process at a time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cases.engine import EngineCases, Place


class TestEngineOnSqlite(EngineCases):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[Place]:
        place = Place(f"sqlite:///{tmp_path}/engine.db", tmp_path)
        yield place
        place.end()
