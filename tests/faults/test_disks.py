"""F13, F14 and F05: a disk that is full under the store, under the spool, under the database. No room, no receipt."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.faults.client import noise
from tests.faults.conftest import fill
from tests.faults.house import FaultHouse, on_postgres
from tests.faults.zygote import Zygote
from tests.tools.servers import Servers

pytestmark = pytest.mark.joined

SmallDisk = Callable[[Path, int], Path]


def test_store_full(tmp_path: Path, zygote: Zygote, small_disk: SmallDisk) -> None:
    """F13: no receipt while there is no room; what was there is read; the same request goes through afterwards."""
    disk = small_disk(tmp_path / "disk", 6)
    with FaultHouse(tmp_path, {"VANTHU_BLOBS_URL": f"file://{disk}/blobs"}, zygote) as house:
        house.door()
        house.await_ready()
        client = house.client(1)
        batch = client.open_batch("đĩa đầy")
        assert batch
        assert client.upload(batch).outcome == "acknowledged"
        filler = fill(disk, leave=600_000)
        late = [client.upload(batch, noise(300_000, n), f"n{n}.png") for n in range(4)]
        assert {op.status for op in late if op.outcome == "unknown"} <= {503, 507}
        assert any(op.outcome == "unknown" for op in late)
        assert client.get(f"/batches/{batch}").status_code == 200
        filler.unlink()
        house.settle(start=False)
        client.close()
        assert house.judge(walked=False).wrong == []


@pytest.mark.parametrize("spool", ["cache/incoming", "quarantine"])
def test_spool_full(house: FaultHouse, small_disk: SmallDisk, spool: str) -> None:
    """F14: too large for the spool's disk is told and leaves nothing; small ones still go through beside it."""
    disk = small_disk(house.folder / "data" / spool, 1)
    house.door()
    house.await_ready()
    client = house.client(2)
    batch = client.open_batch("ổ tạm đầy")
    assert batch
    large = client.upload(batch, noise(3_000_000, 1), "to.png")
    assert (large.outcome, large.status) in (("unknown", 507), ("unknown", 503))
    assert list(disk.iterdir()) == []
    assert client.upload(batch).outcome == "acknowledged"
    client.close()
    with house.opened() as opened, opened.work.reading() as tx:
        assert tx.batches.file_by_key(batch, large.key) is None
    large.outcome, large.may_be_refused = "refused", True  # nobody asks for it again
    assert house.judge(walked=False).wrong == []


def test_database_disk_full(tmp_path: Path, zygote: Zygote, small_disk: SmallDisk) -> None:
    """F05: PostgreSQL without room for rows and log; it may even fall over. Nothing acknowledged is lost."""
    # the account of the server cannot walk into a test's own folder
    disk = small_disk(Path(tempfile.mkdtemp(prefix="vanthu-disk-", dir="/var/tmp")), 220)
    servers = Servers(disk)
    assert servers.home == disk
    try:
        servers.start("postgres")
        with FaultHouse(
            tmp_path, on_postgres(tmp_path, servers.url("postgres"), servers.secret("postgres")), zygote
        ) as house:
            house.door()
            house.await_ready()
            client = house.client(3)
            batch = client.open_batch("đĩa dữ liệu đầy")
            assert batch
            assert client.upload(batch).outcome == "acknowledged"
            filler = fill(servers.home, leave=65_536)
            for _ in range(60):
                op = client.upload(batch)
                if op.outcome != "acknowledged":
                    break
                switch_log(servers)
            assert op.outcome == "unknown"
            filler.unlink()
            servers.start("postgres")  # when it fell over, a service manager would do this
            house.await_ready()
            house.settle(start=False)
            client.close()
            assert house.judge(walked=False).wrong == []
    finally:
        servers.kill("postgres")


def switch_log(servers: Servers) -> None:
    """Let the server begin a new segment of its log: 16 MB that must find room."""
    try:
        with psycopg.connect(
            servers.url("postgres"), password=servers.secret("postgres"), autocommit=True, connect_timeout=5
        ) as connection:
            connection.execute("select pg_switch_wal()")
    except psycopg.Error:
        return  # it has fallen over already, which is what is looked for
