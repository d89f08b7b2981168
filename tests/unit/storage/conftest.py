"""A fresh database and a clock that tests can turn."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.tables import Tables, open_tables
from storage.work import Work


class TurnedClock:
    """Stands still until a test turns it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def turn(self, **parts: float) -> None:
        self.at += timedelta(**parts)


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    opened = open_tables(f"sqlite:///{tmp_path}/vanthu.db")
    opened.migrate()
    yield opened
    opened.dispose()


@pytest.fixture
def work(tables: Tables, clock: TurnedClock) -> Work:
    return Work(tables, clock)
