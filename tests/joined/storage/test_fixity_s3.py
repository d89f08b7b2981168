"""Fixity over two buckets on two real servers, rows on PostgreSQL: bytes edited under the servers, servers away."""

import random
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from storage.mending import Mender, Stores
from storage.objects import ObjectState, Side
from storage.progress import Turn
from storage.reconcile import Drift, Kind, ReconcileOptions, StoreRound
from storage.s3 import S3Store
from storage.s3_wire import Patience
from storage.work import Work
from tests.cases.database import TurnedClock
from tests.cases.fixity import FixityCases, bad, counts, events, keep, never, rounds, run
from tests.tools.behind_minio import BehindMinio
from tests.tools.servers import Servers

pytestmark = pytest.mark.joined

QUICK = Patience(pause=0.01)


class MinioHand:
    """Edits what lies under the two servers."""

    def __init__(self, behind: dict[Side, BehindMinio]) -> None:
        self.behind = behind

    def flip(self, side: Side, key: str, dice: random.Random) -> None:
        self.behind[side].flip(key)

    def cut(self, side: Side, key: str, dice: random.Random) -> None:
        self.behind[side].cut(key)

    def empty(self, side: Side, key: str, dice: random.Random) -> None:
        self.behind[side].empty(key)

    def delete(self, side: Side, key: str, dice: random.Random) -> None:
        self.behind[side].remove(key)

    def swap(self, side: Side, key: str, dice: random.Random) -> None:
        """Another object under this name, whole and with a checksum of its own that is right."""
        place = self.behind[side].bucket / key
        others = [p for p in sorted(self.behind[side].bucket.glob("pages/*/*")) if p != place]
        other = next(p for p in dice.sample(others, len(others)) if (p / "xl.meta").stat().st_size > 50)
        shutil.rmtree(place)
        shutil.copytree(other, place)


@pytest.fixture
def stores(s3_bucket: tuple[str, str, str], s3_copy_bucket: tuple[str, str, str]) -> Stores:
    return Stores(S3Store(*s3_bucket, patience=QUICK), S3Store(*s3_copy_bucket, patience=QUICK))


@pytest.fixture
def hand(
    servers: Servers, s3_bucket: tuple[str, str, str], s3_copy_bucket: tuple[str, str, str]
) -> Iterator[MinioHand]:
    behind = {
        Side.FIRST: BehindMinio(Path(servers.state["store"]["folder"]), s3_bucket[0]),
        Side.COPY: BehindMinio(Path(servers.state["copy"]["folder"]), s3_copy_bucket[0]),
    }
    yield MinioHand(behind)
    for one in behind.values():  # what the server cannot read it cannot delete either
        for left in one.bucket.iterdir():
            shutil.rmtree(left)


@pytest.fixture
def mender(work: Work, stores: Stores, tmp_path: Path) -> Mender:
    return Mender(work, stores, tmp_path / "scratch")


@pytest.fixture
def turn_clock(clock: TurnedClock) -> Callable[[timedelta], None]:
    return lambda by: clock.turn(seconds=by.total_seconds())


class TestFixityOfBuckets(FixityCases):
    SHARE = 22


def test_a_record_that_the_server_cannot_read_is_flagged_and_not_called_lost(
    work: Work, stores: Stores, mender: Mender, hand: MinioHand, tmp_path: Path
) -> None:
    """Nothing can be written over it either: only the server's administrator can take it away."""
    for number in range(3):
        keep(work, stores, f"pages/00/{number}.jpg", bytes([number]) * 999, tmp_path)
    hand.behind[Side.FIRST].spoil_record("pages/00/1.jpg")
    run(rounds(mender))
    assert [(o.key, o.copy_state) for o in bad(work)] == [("pages/00/1.jpg", ObjectState.GOOD)]
    assert "not mended" in bad(work)[0].reason
    assert events(work, "object-lost") == []
    assert counts(work, Side.FIRST)["waiting"] == 1


def test_a_copy_that_is_away_is_no_damage_and_is_caught_up_with(
    work: Work,
    stores: Stores,
    mender: Mender,
    servers: Servers,
    s3_bucket,
    tmp_path: Path,
    clock: TurnedClock,
) -> None:
    nobody = S3Store("s3+http://127.0.0.1:9/kho", "a" * 8, "b" * 8, patience=Patience(pause=0.01, tries=2))
    for number in range(5):
        keep(work, stores, f"pages/00/{number}.jpg", bytes([number]) * 999, tmp_path)
    BehindMinio(Path(servers.state["store"]["folder"]), s3_bucket[0]).remove("pages/00/3.jpg")
    away = Mender(work, Stores(stores.first, nobody), tmp_path / "scratch")
    for hours in (0, 2):
        clock.turn(hours=hours)
        assert run(rounds(away))[Side.COPY] is Turn.WAITING
    assert [(o.key, o.first_state, o.copy_state) for o in bad(work)] == [
        ("pages/00/3.jpg", ObjectState.MISSING, ObjectState.GOOD)
    ]
    assert len(events(work, "object-damaged")) == 1
    assert events(work, "object-lost") == []
    with work.reading() as tx:
        stuck = tx.passes.get("fixity:copy")
    assert stuck is not None
    assert "store-away" in stuck.alarm
    clock.turn(hours=1)
    assert set(run(rounds(mender)).values()) == {Turn.DONE}
    assert bad(work) == []
    with work.reading() as tx:
        assert {p.alarm for p in tx.passes.all()} == {""}


def test_a_bucket_that_is_gone_is_away_and_not_empty(
    work: Work, stores: Stores, s3_copy_bucket, tmp_path: Path
) -> None:
    keep(work, stores, "pages/00/0.jpg", b"x", tmp_path)
    url, access, secret = s3_copy_bucket
    gone = S3Store(f"{url}-gone", access, secret, patience=QUICK)
    mender = Mender(work, Stores(stores.first, gone), tmp_path / "scratch")
    assert run(rounds(mender))[Side.COPY] is Turn.WAITING
    one = StoreRound(mender, Side.COPY, ReconcileOptions(), lambda drift: pytest.fail(str(drift)))
    assert one.turn(never) is Turn.WAITING
    assert bad(work) == []


def test_rows_and_bucket_are_compared_in_one_order(
    work: Work,
    stores: Stores,
    mender: Mender,
    hand: MinioHand,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Names around the slash, capital and Vietnamese letters, more than one answer of the listing."""
    monkeypatch.setattr("storage.reconcile._AT_ONCE", 4)
    keys = ["a/b", "a.b", "a-b", "a0", "A", "Z/z", "ế/x", "đ", "😀", "~", "b/ế/c d+e%2F", "b/é"]
    for key in keys:
        keep(work, stores, key, key.encode(), tmp_path)
    source = tmp_path / "source"
    source.write_bytes(b"stranger")
    stores.first.put_once("a/stranger", source)
    hand.behind[Side.FIRST].remove("a.b")
    told: list[Drift] = []
    one = StoreRound(mender, Side.FIRST, ReconcileOptions(repair=True, grace=timedelta(days=-1)), told.append)
    turns = [one.turn(never)]
    while turns[-1] is Turn.MORE:
        turns.append(one.turn(never))
    assert turns[-1] is Turn.DONE
    assert len(turns) > 2
    assert [(d.kind, d.key) for d in told] == [(Kind.MISSING, "a.b"), (Kind.ORPHAN, "a/stranger")]
    assert bad(work) == []
    assert stores.first.size("a.b") == 3
