"""F03, F04, F06 to F10, F15, F17: the servers behind the house fall, lie, stand still; the clients' history decides."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from psycopg import sql

from search.index import open_index
from tests.faults.client import API
from tests.faults.house import FaultHouse, on_postgres, on_stores
from tests.faults.zygote import Zygote
from tests.tools.fault_proxy import Fault, FaultProxy
from tests.tools.servers import Servers

pytestmark = pytest.mark.joined


def test_database_killed_in_a_burst(tmp_path: Path, zygote: Zygote, own_servers: Servers) -> None:
    """F03: three times; told 503 and when to come back, well again by itself, the walk goes on where it stood."""
    own_servers.start("postgres")
    settings = on_postgres(tmp_path, own_servers.url("postgres"), own_servers.secret("postgres"))
    with FaultHouse(tmp_path, settings, zygote) as house:
        door, worker = house.door(), house.worker()
        house.await_ready()
        stop, told = threading.Event(), []

        def burst(seed: int) -> None:
            client = house.client(seed)
            while not stop.is_set():
                batch = client.open_batch("giữa chừng")
                ops = [client.upload(batch) for _ in range(3)] if batch else []
                for op in ops:
                    client.settle(op, 120)
                if ops:
                    client.start(ops[0].batch)
            client.close()

        clients = [threading.Thread(target=burst, args=(seed,)) for seed in (1, 2)]
        for thread in clients:
            thread.start()
        client = house.client(3)
        for _ in range(3):
            seen = house.history.count("acknowledged")
            while house.history.count("acknowledged") < seen + 2:
                time.sleep(0.02)
            own_servers.kill("postgres")
            told.append(client.get("/batches"))
            own_servers.start("postgres")
            house.await_ready()
        stop.set()
        for thread in clients:
            thread.join()
        client.close()
        assert {(a.status_code, bool(a.headers["retry-after"])) for a in told} == {(503, True)}
        house.settle()
        house.await_end(180)
        assert door.alive()
        assert worker.alive(), house.log("worker.log")
        assert house.judge().wrong == []


def test_connection_cut_while_committing(
    tmp_path: Path, zygote: Zygote, postgres_database: tuple[str, str]
) -> None:
    """F04: each of the first commits of an upload loses its answer; the same key gives one file and one receipt."""
    url, password = postgres_database
    at = urlsplit(url)
    with FaultProxy("127.0.0.1", at.port or 0, http=False) as proxy:
        through = at._replace(netloc=f"{at.username}@127.0.0.1:{proxy.port}").geturl()
        with FaultHouse(tmp_path, on_postgres(tmp_path, through, password), zygote) as house:
            house.door()
            house.await_ready()
            client = house.client(4)
            batch = client.open_batch("cắt giữa lúc ghi")
            assert batch
            client.settle(client.upload(batch))
            unknown = 0
            for nth in range(1, 7):
                proxy.spoil(Fault("cut", path="COMMIT", nth=nth, times=1))
                op = client.upload(batch)
                unknown += op.outcome == "unknown"
                assert op.status in (0, 201, 503)
                proxy.heal()
                client.settle(op)
            assert unknown, "no upload met a lost commit"
            client.close()
            assert house.judge(walked=False).wrong == []


def test_database_read_only_then_locked(
    tmp_path: Path, zygote: Zygote, postgres_database: tuple[str, str]
) -> None:
    """F06: who reads is served, who writes is told 503 in bounded time; well again by itself."""
    url, password = postgres_database
    name = sql.Identifier(url.rpartition("/")[2])
    with (
        FaultHouse(tmp_path, on_postgres(tmp_path, url, password), zygote) as house,
        psycopg.connect(url, password=password, autocommit=True) as admin,
    ):
        house.door()
        house.await_ready()
        client = house.client(5)
        batch = client.open_batch("chỉ đọc")
        assert batch

        def set_read_only(value: str) -> None:
            admin.execute(
                sql.SQL("alter database {} set default_transaction_read_only = {}").format(
                    name, sql.SQL(value)
                )
            )
            admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )

        set_read_only("on")
        op = client.upload(batch)
        assert (op.outcome, op.status) == ("unknown", 503)
        assert client.get("/batches").status_code == 200
        set_read_only("off")
        client.settle(op)
        with admin.transaction():
            admin.execute("lock table files in access exclusive mode")
            late = client.upload(batch)
            assert (late.outcome, late.status) == ("unknown", 503)
            assert client.get("/batches").status_code == 200
            assert client.get("/me").status_code == 200
        client.settle(late)
        client.close()
        assert house.judge(walked=False).wrong == []


@contextmanager
def _before(bucket: tuple[str, str, str]) -> Iterator[tuple[FaultProxy, tuple[str, str, str]]]:
    """Yield a proxy before a bucket, and the bucket as seen through it."""
    at = urlsplit(bucket[0])
    with FaultProxy("127.0.0.1", at.port or 0) as proxy:
        yield proxy, (at._replace(netloc=f"127.0.0.1:{proxy.port}").geturl(), bucket[1], bucket[2])


def test_stores_away_lying_and_slow(
    tmp_path: Path,
    zygote: Zygote,
    s3_bucket: tuple[str, str, str],
    s3_copy_bucket: tuple[str, str, str],
) -> None:
    """F07 to F10 through the door: no receipt for what does not rest whole in both stores, and later one of each."""
    with (
        _before(s3_bucket) as (store, first),
        _before(s3_copy_bucket) as (copy, second),
        FaultHouse(tmp_path, on_stores(tmp_path, blobs=first, copy=second), zygote) as house,
    ):
        house.door()
        house.await_ready()
        client = house.client(6)
        batch = client.open_batch("kho lưu trữ")
        assert batch
        assert client.upload(batch).outcome == "acknowledged"
        for proxy, fault in (
            (store, Fault("refuse")),
            (copy, Fault("refuse")),
            (copy, Fault("status", status=500, method="PUT")),
            (store, Fault("flip", side="request", method="PUT", path="received", after=40)),
            (copy, Fault("flip", side="response", method="GET", path="received", after=40)),
            (store, Fault("shorten", method="GET", path="received", after=40)),
            (store, Fault("lose", method="PUT", path="received")),
        ):
            proxy.spoil(fault)
            op = client.upload(batch)
            assert op.outcome == "unknown", f"{fault.kind} {fault.side}: {op.status}"
            assert set(op.statuses) <= {503, 507}
            proxy.heal()
            proxy.hang_up()
            client.settle(op)
        store.spoil(Fault("status", status=503, method="PUT", times=2))  # a moment's trouble is bridged
        assert client.upload(batch).outcome == "acknowledged"
        store.heal()
        client.close()
        house.settle()
        house.await_end(180)
        assert house.judge().wrong == []


def test_index_away_while_documents_are_archived(
    tmp_path: Path, zygote: Zygote, elastic: tuple[str, str, str]
) -> None:
    """F15: received, read, archived, finished; found once the index is back. Never an empty answer meanwhile."""
    url, user, password = elastic
    at = urlsplit(url)
    (tmp_path / "search").write_text(password)
    with FaultProxy("127.0.0.1", at.port or 0) as proxy:
        settings = {
            "VANTHU_SEARCH_URL": at._replace(netloc=f"127.0.0.1:{proxy.port}").geturl(),
            "VANTHU_SEARCH_USER": user,
            "VANTHU_SEARCH_PASSWORD_FILE": str(tmp_path / "search"),
        }
        with FaultHouse(tmp_path, settings, zygote) as house:
            house.door()
            house.await_ready()
            proxy.spoil(Fault("refuse"))
            proxy.hang_up()
            client = house.client(7)
            batch = client.open_batch("không có chỉ mục")
            assert batch
            for _ in range(3):
                assert client.upload(batch).outcome == "acknowledged"
            assert client.start(batch)
            until = time.monotonic() + 240
            while client.get(f"/batches/{batch}").json()["state"] != "finished":
                assert time.monotonic() < until, house.log("door.log")
                time.sleep(0.5)
            assert client.get("/search", q="UBND").status_code == 503
            client.close()
            proxy.heal()
            house.await_end(180)
            assert house.judge().wrong == []


@pytest.mark.parametrize("engine", ["tantivy", "elastic"])
def test_index_that_knows_an_older_secrecy(
    tmp_path: Path, zygote: Zygote, request: pytest.FixtureRequest, engine: str
) -> None:
    """F17: the rows say secret, the index still open: a reader gets no hit, no count, no page."""
    settings = {}
    if engine == "elastic":
        url, user, password = request.getfixturevalue("elastic")
        (tmp_path / "search").write_text(password)
        settings = {
            "VANTHU_SEARCH_URL": url,
            "VANTHU_SEARCH_USER": user,
            "VANTHU_SEARCH_PASSWORD_FILE": str(tmp_path / "search"),
        }
    with FaultHouse(tmp_path, settings, zygote) as house:
        door = house.door()
        house.await_ready()
        client = house.client(8)
        batch = client.open_batch("đổi độ mật")
        assert batch
        for _ in range(2):
            client.settle(client.upload(batch))
        assert client.start(batch)
        client.close()
        house.await_end(180)
        assert house.judge().wrong == []
        with house.opened() as opened, opened.work.reading() as tx:
            documents = [d.id for d in tx.documents.of_batch(batch)]
            word = max(tx.pages.readings(documents[0])[0].text.split(), key=len)
        with httpx.Client(
            base_url=house.address + API,
            headers={"Authorization": f"Bearer {house.token('reader')}"},
            timeout=15,
        ) as reader:
            before = reader.get("/search", params={"q": word}).json()
            assert before["total"] >= 1, word
            with house.opened() as opened, opened.work.tables.writing() as connection:
                connection.exec_driver_sql("update documents set level = 'secret'")
            assert door.alive()
            answer = reader.get("/search", params={"q": word})
            assert (answer.status_code, answer.json()["total"], answer.json()["hits"]) == (200, 0, [])
            assert word not in answer.text.replace(f'"{word}"', "")
            for document in documents:
                for address in ("", "/pdf", "/pages/1/words", "/pages/1/image"):
                    assert reader.get(f"/documents/{document}{address}").status_code == 404
            assert reader.get("/documents").json()["total"] == 0
        if engine == "elastic":
            index = open_index(settings["VANTHU_SEARCH_URL"], user, password)
            assert len(list(index.documents())) == 2, "the index was to be stale"
            index.close()
