"""Rows on SQLite against the embedded index: the shared cases, and an index that another process holds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.drift import UNINDEX, IndexRound, forget_ghosts
from search.index import SearchIndex
from search.tantivy_index import TantivyIndex
from storage.progress import Turn
from storage.work import Work
from tests.cases.database import TurnedClock, migrated
from tests.cases.drift import READ, DriftCases, archive, whole
from tests.cases.search_index import put


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def work(tmp_path: Path, clock: TurnedClock) -> Iterator[Work]:
    tables = migrated(tmp_path / "vanthu.db")
    yield Work(tables, clock)
    tables.dispose()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SearchIndex]:
    made = TantivyIndex(tmp_path / "index")
    made.commit()
    yield made
    made.close()


class TestDriftOfTantivy(DriftCases):
    """Every case."""


def test_without_an_index_nothing_looks_missing(work: Work, tmp_path: Path) -> None:
    archive(work, 2)
    one = IndexRound(work, TantivyIndex(tmp_path / "nothing"), READ, lambda drift: pytest.fail(str(drift)))
    assert whole(one) is Turn.WAITING
    assert one.away.startswith("search-index-missing")


def test_ghosts_stay_noted_while_another_process_has_the_pen(
    work: Work, index: SearchIndex, tmp_path: Path
) -> None:
    put(index, "ghost", "bóng ma", version=3)
    index.commit()
    with work.begin() as tx:
        tx.outbox.add(UNINDEX, "ghost", {"version": 3})
    other = TantivyIndex(tmp_path / "index")
    assert forget_ghosts(work, other) == 0
    other.close()
    with work.reading() as tx:
        assert tx.outbox.backlog().failing == 1
