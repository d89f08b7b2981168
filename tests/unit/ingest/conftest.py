"""A small archive on SQLite and a folder, with real children to look at what is handed in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.children import ChildPools, Limits
from storage.folder import FolderStore
from storage.tables import open_tables
from tests.cases.archive_world import World
from tests.cases.archive_world import world as make_world


@pytest.fixture(scope="session")
def children() -> Iterator[ChildPools]:
    pools = ChildPools({"parse": Limits(workers=2, memory=3 * 1024**3, tasks=10_000)})
    try:
        yield pools
    finally:
        pools.stop()


@pytest.fixture
def world(tmp_path: Path, children: ChildPools) -> Iterator[World]:
    tables = open_tables(f"sqlite:///{tmp_path}/vanthu.db")
    tables.migrate()
    yield make_world(tmp_path, tables, FolderStore(tmp_path / "blobs"), children)
    tables.dispose()
