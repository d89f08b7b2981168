"""The real servers for every test that asks: fresh databases, buckets and search names, gone again afterwards.

Where CI=true, or VANTHU_SERVERS=must (as `make test` says), a server that is missing fails the test; on a person's
machine the test is skipped and says what to install.
"""

import itertools
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric import rsa
from elasticsearch import Elasticsearch
from minio import Minio
from minio.deleteobjects import DeleteObject
from psycopg import sql

from signing import demo_pki
from tests.tools.server_process import DidNotStart
from tests.tools.server_programs import Missing
from tests.tools.servers import Servers

LEAF_KEYS = 40
"""So many keys of leaves serve all demo authorities of a test process, in turn."""


UNIT = Path(__file__).parent / "unit"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that compute between those that wait for servers: a run of everything leaves no core idle then.

    Each kind keeps its own order, in which the longest files come first.
    """
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    kinds = ([path for path in files if UNIT in path.parents], [p for p in files if UNIT not in p.parents])
    places = {path: (n + 0.5) / len(kind) for kind in kinds for n, path in enumerate(kind)}
    items[:] = [item for path in sorted(files, key=places.__getitem__) for item in files[path]]


@pytest.fixture(scope="session", autouse=True)
def leaf_keys() -> Iterator[None]:
    """Each demo authority has a root key of its own; the keys below it are real ones that others had before.

    Making five keys of 3072 bits is more than a second of every test with an authority. Whom a test trusts hangs
    on the root, and within one test no two leaves are alike.
    """
    fill, new_key = demo_pki._fill, demo_pki._new_key
    made: list[rsa.RSAPrivateKey] = []
    turn = itertools.count()
    root_is_next = False

    def filled(folder: Path, organisation: str, now: datetime) -> None:
        nonlocal root_is_next
        root_is_next = True
        fill(folder, organisation, now)

    def key() -> rsa.RSAPrivateKey:
        nonlocal root_is_next
        if root_is_next:
            root_is_next = False
            return new_key()
        if len(made) < LEAF_KEYS:
            made.append(new_key())
            return made[-1]
        return made[next(turn) % LEAF_KEYS]

    patch = pytest.MonkeyPatch()
    patch.setattr(demo_pki, "_fill", filled)
    patch.setattr(demo_pki, "_new_key", key)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def own_umask() -> Iterator[None]:
    """What a child does first (closing its files to others) some tests do in this process; the next test is not it."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL, two MinIO and Elasticsearch, running. Those that ran before are left running afterwards."""
    ours = Servers()
    must = os.environ.get("CI", "").lower() in {"1", "true"} or os.environ.get("VANTHU_SERVERS") == "must"
    try:
        with ours.used():
            yield ours
    except (Missing, DidNotStart) as trouble:
        if must:
            pytest.fail(str(trouble), pytrace=False)
        pytest.skip(f"no real servers here: {trouble}")


@pytest.fixture
def own_servers(servers: Servers) -> Iterator[Servers]:
    """Servers in a folder of their own, none started yet: to kill them or to damage what they hold."""
    apart = Servers(Path(tempfile.mkdtemp(prefix="vanthu-servers-")))
    try:
        yield apart
    finally:
        apart.remove()


@pytest.fixture
def postgres_database(servers: Servers) -> Iterator[tuple[str, str]]:
    """A fresh, empty database: its address and the password. `<name>_engine` goes with it at the end."""
    address, password = servers.url("postgres"), servers.secret("postgres")
    name = f"t_{secrets.token_hex(6)}"
    with closing(psycopg.connect(address, password=password, autocommit=True)) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield address.rpartition("/")[0] + f"/{name}", password
    servers.start("postgres")  # a test may have killed it
    with closing(psycopg.connect(address, password=password, autocommit=True)) as connection:
        for each in (name, f"{name}_engine"):
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(each))
            )


@pytest.fixture
def s3_bucket(servers: Servers) -> Iterator[tuple[str, str, str]]:
    """A fresh bucket on the first store: address, access key, secret key."""
    with _bucket(servers, "store") as bucket:
        yield bucket


@pytest.fixture
def s3_copy_bucket(servers: Servers) -> Iterator[tuple[str, str, str]]:
    """A fresh bucket on the second store, which has other keys."""
    with _bucket(servers, "copy") as bucket:
        yield bucket


@pytest.fixture
def elastic(servers: Servers) -> Iterator[tuple[str, str, str]]:
    """An address with a fresh name for an index or alias, the user and the password.

    Every index that bears the name, or starts with it, is deleted at the end.
    """
    address, user, password = servers.url("elastic"), "elastic", servers.secret("elastic")
    name = f"t{secrets.token_hex(6)}"
    yield f"{address}/{name}", user, password
    servers.start("elastic")
    with closing(Elasticsearch(address, basic_auth=(user, password))) as client:
        for index in list(client.indices.get(index=f"{name}*", expand_wildcards="all")):
            client.indices.delete(index=index)


@pytest.fixture
def cluster_environment(
    postgres_database: tuple[str, str],
    s3_bucket: tuple[str, str, str],
    s3_copy_bucket: tuple[str, str, str],
    elastic: tuple[str, str, str],
    tmp_path: Path,
) -> dict[str, str]:
    """The VANTHU_* settings of one whole house on the cluster profile, all of it fresh, secrets in files."""
    private = tmp_path / "secrets"
    private.mkdir(mode=0o700)

    def kept(name: str, secret: str) -> str:
        path = private / name
        path.touch(mode=0o600)
        path.write_text(secret)
        return str(path)

    return {
        "VANTHU_DATA_DIR": str(tmp_path / "data"),
        "VANTHU_DATABASE_URL": postgres_database[0],
        "VANTHU_DATABASE_PASSWORD_FILE": kept("database", postgres_database[1]),
        "VANTHU_BLOBS_URL": s3_bucket[0],
        "VANTHU_BLOBS_ACCESS_KEY_FILE": kept("blobs-access", s3_bucket[1]),
        "VANTHU_BLOBS_SECRET_KEY_FILE": kept("blobs-secret", s3_bucket[2]),
        "VANTHU_COPY_URL": s3_copy_bucket[0],
        "VANTHU_COPY_ACCESS_KEY_FILE": kept("copy-access", s3_copy_bucket[1]),
        "VANTHU_COPY_SECRET_KEY_FILE": kept("copy-secret", s3_copy_bucket[2]),
        "VANTHU_SEARCH_URL": elastic[0],
        "VANTHU_SEARCH_USER": elastic[1],
        "VANTHU_SEARCH_PASSWORD_FILE": kept("search", elastic[2]),
    }


@contextmanager
def _bucket(servers: Servers, server: str) -> Iterator[tuple[str, str, str]]:
    address = servers.url(server)
    access, secret = servers.secret(server, "access_key"), servers.secret(server, "secret_key")
    name = f"t-{secrets.token_hex(6)}"
    with closing_pool() as pool:
        client = Minio(
            address.removeprefix("http://"),
            access_key=access,
            secret_key=secret,
            secure=False,
            http_client=pool,
        )
        client.make_bucket(name)
        yield f"s3+{address}/{name}", access, secret
        servers.start(server)
        found = client.list_objects(name, recursive=True, include_version=True)
        doomed = [DeleteObject(each.object_name, each.version_id) for each in found]
        if not list(
            client.remove_objects(name, doomed)
        ):  # what a test locked stays until the folder is thrown away
            client.remove_bucket(name)


@contextmanager
def closing_pool() -> Iterator[urllib3.PoolManager]:
    pool = urllib3.PoolManager(timeout=20, retries=urllib3.Retry(total=3, backoff_factor=0.2))
    try:
        yield pool
    finally:
        pool.clear()
