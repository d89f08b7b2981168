"""A small archive on SQLite and a folder, with real children to look at what is handed in."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jobs.children import ChildPools, Limits
from storage.folder import FolderStore
from storage.tables import Tables, open_tables
from tests.cases.archive_world import World
from tests.cases.archive_world import world as make_world
from tests.cases.backing_up import Elsewhere
from tests.cases.database import migrated


@pytest.fixture(scope="session")
def children() -> Iterator[ChildPools]:
    pools = ChildPools(
        {"parse": (one := Limits(workers=2, memory=3 * 1024**3, tasks=10_000)), "convert": one}
    )
    try:
        yield pools
    finally:
        pools.stop()


@pytest.fixture
def world(tmp_path: Path, children: ChildPools) -> Iterator[World]:
    tables = migrated(tmp_path / "vanthu.db")
    yield make_world(tmp_path, tables, FolderStore(tmp_path / "blobs"), children)
    tables.dispose()


@pytest.fixture
def afresh(world: World, tmp_path: Path, children: ChildPools) -> Iterator[Callable[[], World]]:
    """The same stores under an empty database."""
    opened: list[Tables] = []

    def make() -> World:
        tables = migrated(tmp_path / f"again{len(opened)}.db")
        opened.append(tables)
        return make_world(tmp_path / f"again{len(opened)}", tables, world.blobs, children)

    yield make
    for tables in opened:
        tables.dispose()


@pytest.fixture
def spoil(tmp_path: Path) -> Callable[[str, bytes | None], None]:
    """Put other bytes under a key behind the store's back; None takes the object away."""

    def put(key: str, data: bytes | None) -> None:
        path = tmp_path / "blobs" / key
        path.unlink(missing_ok=True)
        if data is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    return put


@pytest.fixture
def elsewhere(tmp_path: Path, children: ChildPools) -> Iterator[Elsewhere]:
    """Another machine with nothing on it."""
    tables = open_tables(f"sqlite:///{tmp_path}/elsewhere.db")
    folder = tmp_path / "elsewhere"
    yield Elsewhere(tables, make_world(folder, tables, FolderStore(folder / "blobs"), children))
    tables.dispose()
