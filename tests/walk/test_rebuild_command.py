"""The books lost, backed up and put back through the command, killed on the way; after a real walk."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from records.clock import SystemClock
from storage.dump import Dump, dump
from storage.tables import open_tables
from storage.work import Work
from tests.walk.conftest import Ran, Vanthu


def books(house: Vanthu, until: int) -> Dump:
    """What the catalogue is, with the log up to `until`."""
    tables = open_tables(f"sqlite:///{house.data}/vanthu.db")
    try:
        with Work(tables, SystemClock()).reading() as tx:
            return dump(tx, audit_until=until)
    finally:
        tables.dispose()


@pytest.fixture
def house(digitized: tuple[Vanthu, Ran, Path], tmp_path: Path) -> Vanthu:
    """A copy of the digitized samples, to be lost."""
    shutil.copytree(digitized[0].data, tmp_path / "data")
    return Vanthu(tmp_path / "data")


def hits(house: Vanthu, query: str) -> list[dict[str, Any]]:
    """What a search finds, by document. The engine's opinion (BM25) is left out: it counts pages replaced since the
    last merge of its segments, so an index that has lived and one made anew may order equals differently.
    """
    ran = house("search", query, "--json")
    assert ran.code == 0 and ran.lines, ran.err
    found = [{name: told for name, told in hit.items() if name != "score"} for hit in ran.lines]
    return sorted(found, key=lambda hit: str(hit["document_id"]))


def lose_the_database(house: Vanthu) -> None:
    for path in house.data.glob("vanthu.db*"):
        path.unlink()


def test_the_last_state_comes_back_from_the_stores_though_killed_on_the_way(house: Vanthu) -> None:
    before = books(house, 0)
    found = hits(house, "quyết định")
    lose_the_database(house)
    for point in ("rebuild-after-batch", "rebuild-after-document"):
        killed = house("rebuild", VANTHU_CRASHPOINT=point)
        assert killed.code == -signal.SIGKILL, killed.err
    done = house("rebuild", "--json")
    assert done.code == 0, done.err
    assert done.lines[-1]["left_out"] == 0 and done.lines[-1]["documents"] == 6
    assert books(house, 0) == before
    assert hits(house, "quyết định") == found
    assert house("rebuild", "--check").code == 0
    assert house("rebuild").code != 0, "the database is not empty any more"


@pytest.mark.long
def test_killed_while_backing_up_and_restoring(house: Vanthu, tmp_path: Path) -> None:
    kept = tmp_path / "kho"
    assert house("backup", kept, VANTHU_CRASHPOINT="backup-before-manifest").code == -signal.SIGKILL
    assert house("restore", kept, "--check").code != 0, "a killed backup is none"
    made = house("backup", kept, "--with-blobs", "--json")
    assert made.code == 0, made.err
    head = json.loads(made.out)["audit"]["count"]
    before = books(house, head)
    there = Vanthu(tmp_path / "elsewhere")
    for point in ("restore-after-blob", "restore-before-commit"):
        killed = there("restore", kept, VANTHU_CRASHPOINT=point)
        assert killed.code == -signal.SIGKILL, killed.err
    assert there("restore", kept, "--json").code == 0
    assert books(there, head) == before
    assert there("audit", "verify").code == 0
    assert there("rebuild", "--check").code == 0
    assert there("restore", kept).code != 0, "a full target is left alone"
