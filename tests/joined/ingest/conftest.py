"""A small archive on PostgreSQL and S3, with real children to look at what is handed in."""

import io
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from minio import Minio
from psycopg import sql

from jobs.children import ChildPools, Limits
from storage.s3 import S3Store
from storage.tables import Tables, open_tables
from tests.cases.archive_world import World
from tests.cases.archive_world import world as make_world
from tests.cases.backing_up import Elsewhere


@pytest.fixture(scope="session")
def children() -> Iterator[ChildPools]:
    pools = ChildPools({"parse": Limits(workers=2, memory=3 * 1024**3, tasks=10_000)})
    try:
        yield pools
    finally:
        pools.stop()


@contextmanager
def another_database(beside: tuple[str, str]) -> Iterator[Tables]:
    """A database of its own on the same server, without tables."""
    address, password = beside
    name = f"t_{secrets.token_hex(6)}"
    with closing(psycopg.connect(address, password=password, autocommit=True)) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        tables = open_tables(f"{address.rpartition('/')[0]}/{name}", password)
        yield tables
        tables.dispose()
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def world(
    tmp_path: Path,
    children: ChildPools,
    postgres_database: tuple[str, str],
    s3_bucket: tuple[str, str, str],
) -> Iterator[World]:
    tables = open_tables(*postgres_database)
    tables.migrate()
    yield make_world(tmp_path, tables, S3Store(*s3_bucket), children)
    tables.dispose()


@pytest.fixture
def afresh(
    world: World, tmp_path: Path, children: ChildPools, postgres_database: tuple[str, str]
) -> Iterator[Callable[[], World]]:
    """The same stores under an empty database."""
    opened = []

    def make() -> World:
        database = another_database(postgres_database)
        tables = database.__enter__()
        opened.append(database)
        tables.migrate()
        return make_world(tmp_path / f"again{len(opened)}", tables, world.blobs, children)

    yield make
    for database in opened:
        database.__exit__(None, None, None)


@pytest.fixture
def elsewhere(
    tmp_path: Path,
    children: ChildPools,
    postgres_database: tuple[str, str],
    s3_copy_bucket: tuple[str, str, str],
) -> Iterator[Elsewhere]:
    """Another machine with nothing on it."""
    with another_database(postgres_database) as tables:
        yield Elsewhere(tables, make_world(tmp_path / "there", tables, S3Store(*s3_copy_bucket), children))


@pytest.fixture
def spoil(s3_bucket: tuple[str, str, str]) -> Callable[[str, bytes | None], None]:
    """Put other bytes under a key behind the store's back; None takes the object away."""
    address, access, secret = s3_bucket
    server, _, bucket = address.removeprefix("s3+http://").partition("/")
    client = Minio(server, access_key=access, secret_key=secret, secure=False)

    def put(key: str, data: bytes | None) -> None:
        if data is None:
            client.remove_object(bucket, key)
        else:
            client.put_object(bucket, key, io.BytesIO(data), len(data))

    return put
