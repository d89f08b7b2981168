"""The register against what the stores list, both ways; intents, drafts and an outbox that stands still."""

import hashlib
import os
import random
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from records.errors import Away
from storage import reconcile
from storage.folder import FolderStore
from storage.leftovers import IntentRound, OutboxRound, StagingRound
from storage.mending import Mender, Stores
from storage.objects import ObjectState, Side
from storage.progress import Turn
from storage.reconcile import Drift, Kind, ReconcileOptions, StoreRound
from storage.staging import FolderStaging
from storage.work import Work
from tests.cases.fixity import bad, events, keep, never, rounds, run

OPTIONS = ReconcileOptions()
REPAIR = ReconcileOptions(repair=True)


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return Stores(FolderStore(tmp_path / "first"), FolderStore(tmp_path / "copy"))


@pytest.fixture
def mender(work: Work, stores: Stores, tmp_path: Path) -> Mender:
    return Mender(work, stores, tmp_path / "scratch")


@pytest.fixture
def told() -> list[Drift]:
    return []


@pytest.fixture(autouse=True)
def small_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "_AT_ONCE", 7)


def whole(one: StoreRound | IntentRound | StagingRound) -> Turn:
    turn = one.turn(never)
    while turn is Turn.MORE:
        turn = one.turn(never)
    return turn


def figures(work: Work, name: str) -> dict[str, int]:
    with work.reading() as tx:
        standing = tx.passes.get(name)
    assert standing is not None
    return {key: value for key, value in standing.counts.items() if value}


def alarm(work: Work, name: str) -> str:
    with work.reading() as tx:
        standing = tx.passes.get(name)
    return "" if standing is None else standing.alarm


def fill(work: Work, stores: Stores, tmp_path: Path, count: int = 40) -> dict[str, bytes]:
    dice = random.Random(3)
    made = {f"pages/{n % 4:02x}/{n:03d}.jpg": dice.randbytes(n) for n in range(count)}
    for key, data in made.items():
        keep(work, stores, key, data, tmp_path)
    return made


def lay(path: Path, data: bytes, days: float = 3) -> None:
    """Put a file there by hand, so many days ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    then = path.stat().st_mtime - days * 86_400
    os.utime(path, (then, then))


def test_a_sound_archive_has_no_drift(
    work: Work, stores: Stores, mender: Mender, told: list[Drift], tmp_path: Path
) -> None:
    fill(work, stores, tmp_path)
    for side in Side:
        assert whole(StoreRound(mender, side, OPTIONS, told.append)) is Turn.DONE
        assert figures(work, f"reconcile:{side}") == {"objects": 40, "listed": 40}
    assert told == []
    assert events(work, "object-damaged") == []


def test_every_difference_is_a_number_and_listed(
    work: Work, stores: Stores, mender: Mender, told: list[Drift], tmp_path: Path, clock
) -> None:
    fill(work, stores, tmp_path)
    first = tmp_path / "first"
    (first / "pages/03/007.jpg").unlink()
    shutil.rmtree(first / "pages/02")  # ten objects: more than one stretch without a line in the list
    (first / "pages/01/009.jpg").chmod(0o644)
    lay(first / "pages/01/009.jpg", b"other length")
    for number in range(20):  # and more than one without a row
        lay(first / f"pages/01/stranger{number:02d}.jpg", b"12345")
    lay(first / "zz\nodd", b"123")
    lay(first / "young", b"1", days=0)
    lay(first / "announced", b"1")
    lay(first / "audit/segment", b"1")
    with work.begin() as tx:
        tx.intents.add("announced", "0" * 64, 1, "account", "batch")
    one = StoreRound(mender, Side.FIRST, OPTIONS, told.append)
    assert whole(one) is Turn.DONE
    assert figures(work, "reconcile:first") == {
        "objects": 40,
        "listed": 29 + 20 + 4,
        "missing": 11,
        "damaged": 1,
        "orphans": 21,
        "orphan_bytes": 103,
        "on_the_way": 2,
    }
    kinds = sorted((drift.kind, drift.key) for drift in told)
    assert [key for kind, key in kinds if kind is Kind.WRONG_SIZE] == ["pages/01/009.jpg"]
    assert [key for kind, key in kinds if kind is Kind.MISSING] == [
        *(f"pages/02/{n:03d}.jpg" for n in range(2, 40, 4)),
        "pages/03/007.jpg",
    ]
    assert len([key for kind, key in kinds if kind is Kind.ORPHAN]) == 21
    assert (first / "pages/01/stranger00.jpg").exists()
    assert (first / "zz\nodd").exists()
    # nothing was touched, but the register knows, and the fixity round mends
    assert len(bad(work)) == len(events(work, "object-damaged")) == 12
    clock.turn(hours=1)
    run(rounds(mender))
    assert bad(work) == []
    assert len(events(work, "object-mended")) == 12
    told.clear()
    whole(StoreRound(mender, Side.FIRST, OPTIONS, told.append))
    assert {drift.kind for drift in told} == {Kind.ORPHAN}


def test_repair_mends_at_once(
    work: Work, stores: Stores, mender: Mender, told: list[Drift], tmp_path: Path
) -> None:
    made = fill(work, stores, tmp_path)
    gone = sorted(made)[:9]
    for key in gone:
        (tmp_path / "copy" / key).unlink()
    (tmp_path / "first" / gone[0]).unlink()
    whole(StoreRound(mender, Side.COPY, REPAIR, told.append))
    assert figures(work, "reconcile:copy") == {
        "objects": 40,
        "listed": 31,
        "missing": 9,
        "mended": 8,
        "lost": 1,
    }
    assert [(o.key, o.first_state, o.copy_state) for o in bad(work)] == [
        (gone[0], ObjectState.MISSING, ObjectState.MISSING)
    ]
    for key in gone[1:]:
        assert stores.of(Side.COPY).read(key, hashlib.sha256(made[key]).hexdigest()) == made[key]
    assert [k for k, _ in events(work, "object-lost")] == [gone[0]]


def test_an_empty_store_is_away_until_somebody_says_it_is_new(
    work: Work, stores: Stores, mender: Mender, told: list[Drift], tmp_path: Path, clock
) -> None:
    fill(work, stores, tmp_path)
    run(rounds(mender))
    shutil.rmtree(tmp_path / "copy" / "pages")
    one = StoreRound(mender, Side.COPY, OPTIONS, told.append)
    assert whole(one) is Turn.WAITING
    assert "copy store is empty" in one.away
    assert (told, bad(work), alarm(work, one.name)) == ([], [], "")
    clock.turn(hours=2)
    assert whole(one) is Turn.WAITING
    assert alarm(work, one.name).startswith("stuck since 2026-11-23T08:00:00+00:00: store-away")
    filling = Mender(work, stores, tmp_path / "scratch", refill=True)
    assert whole(StoreRound(filling, Side.COPY, REPAIR, told.append)) is Turn.DONE
    assert figures(work, one.name)["mended"] == 40
    assert alarm(work, one.name) == ""


def test_a_killed_pass_goes_on_where_it_was(
    work: Work, stores: Stores, mender: Mender, told: list[Drift], tmp_path: Path
) -> None:
    made = fill(work, stores, tmp_path)
    (tmp_path / "first" / min(made)).unlink()
    (tmp_path / "first" / max(made)).unlink()
    one = StoreRound(mender, Side.FIRST, OPTIONS, told.append)
    assert one.turn(never) is Turn.MORE
    assert one.turn(never) is Turn.MORE
    with work.reading() as tx:
        standing = tx.passes.get("reconcile:first")
    assert standing is not None
    assert standing.cursor > min(made)
    assert standing.finished_at is None
    assert whole(StoreRound(mender, Side.FIRST, OPTIONS, told.append)) is Turn.DONE
    assert figures(work, "reconcile:first") == {"objects": 40, "listed": 38, "missing": 2}
    assert [drift.key for drift in told] == [min(made), max(made)]


class Nobody:
    """A store that always answers away, whatever it is asked."""

    def __getattr__(self, name: str):
        def ask(*_: object, **__: object):
            raise Away(f"{name}: nobody there", code="store-away")

        return ask


def test_a_store_that_is_always_away_is_an_alarm_and_the_end_of_it_ends_the_alarm(
    work: Work, stores: Stores, told: list[Drift], tmp_path: Path, clock
) -> None:
    fill(work, stores, tmp_path)
    gone = Mender(work, Stores(stores.first, Nobody()), tmp_path / "scratch")  # type: ignore[arg-type]
    some = [*rounds(gone)[1:], StoreRound(gone, Side.COPY, OPTIONS, told.append)]
    for hours, alarms in ((0, {""}), (0.9, {""}), (0.2, {"stuck"}), (50, {"stuck"})):
        clock.turn(hours=hours)
        assert {one.turn(never) for one in some} == {Turn.WAITING}
        assert {alarm(work, one.name)[:5] for one in some} == alarms
    assert "store-away: listing: nobody there" in alarm(work, some[1].name)
    assert (told, bad(work)) == ([], [])
    back = Mender(work, stores, tmp_path / "scratch")
    for one in (*rounds(back)[1:], StoreRound(back, Side.COPY, OPTIONS, told.append)):
        assert whole(one) is Turn.DONE  # type: ignore[arg-type]
        assert alarm(work, one.name) == ""


def test_a_repair_that_repairs_nothing_is_an_alarm(
    work: Work, stores: Stores, told: list[Drift], tmp_path: Path
) -> None:
    made = fill(work, stores, tmp_path)
    alone = Mender(work, Stores(stores.first), tmp_path / "scratch")
    for key in sorted(made)[:3]:
        (tmp_path / "first" / key).unlink()
    whole(StoreRound(alone, Side.FIRST, REPAIR, told.append))
    assert alarm(work, "reconcile:first") == "3 objects are wrong in the first store and none could be mended"


def test_rows_and_bytes_that_come_meanwhile_are_no_drift(
    work: Work, stores: Stores, mender: Mender, told: list[Drift], tmp_path: Path, monkeypatch
) -> None:
    """The list is read before, the rows after, and the other way round: both are looked at again."""
    fill(work, stores, tmp_path)
    first = stores.first
    listing = first.listing

    def racing(after: str = ""):
        lines = list(listing(after))
        keep(
            work, stores, "pages/00/000a.jpg", b"late", tmp_path
        )  # in the rows by the time they are asked again
        then = (tmp_path / "first/pages/00/000a.jpg").stat().st_mtime - 90_000
        os.utime(tmp_path / "first/pages/00/000a.jpg", (then, then))
        yield from lines if after else listing(after)

    monkeypatch.setattr(first, "listing", racing)
    whole(StoreRound(mender, Side.FIRST, OPTIONS, told.append))
    monkeypatch.setattr(
        first, "listing", lambda after="": iter([line for line in listing(after) if "000a" not in line.key])
    )
    whole(StoreRound(mender, Side.FIRST, OPTIONS, told.append))
    assert told == []
    assert bad(work) == []


def test_dead_intents_are_looked_into_and_struck_off_only_when_repairing(
    work: Work, stores: Stores, told: list[Drift], tmp_path: Path, clock
) -> None:
    keep(work, stores, "with-row", b"1", tmp_path)
    lay(tmp_path / "first" / "bytes-only", b"2")
    with work.begin() as tx:
        for key in ("with-row", "bytes-only", "nothing"):
            tx.intents.add(key, "0" * 64, 1, "account:1", "batch:1")
    one = IntentRound(work, stores.first, OPTIONS, told.append)
    assert whole(one) is Turn.DONE
    assert (figures(work, one.name), told) == ({}, [])
    clock.turn(hours=2)
    with work.begin() as tx:
        tx.intents.add("fresh", "0" * 64, 1, "account:1", "batch:1")
    whole(one)
    assert figures(work, one.name) == {"stale": 3, "with_row": 1, "bytes_only": 1, "nothing": 1}
    assert {d.key: d.detail.split(",")[0] for d in told} == {
        "with-row": "with row",
        "bytes-only": "bytes only",
        "nothing": "nothing",
    }
    away = IntentRound(work, Nobody(), OPTIONS, told.append)  # type: ignore[arg-type]
    assert whole(away) is Turn.WAITING
    whole(IntentRound(work, stores.first, REPAIR, told.append))
    with work.reading() as tx:
        assert tx.intents.keys() == {"fresh"}
    assert [told["struck"] for _, told in events(work, "intents-struck")] == [3]
    assert (tmp_path / "first" / "bytes-only").exists()


def test_old_drafts_are_dropped_only_when_repairing(work: Work, told: list[Drift], tmp_path: Path) -> None:
    staging = FolderStaging(tmp_path / "staging")
    source = tmp_path / "source"
    source.write_bytes(b"draft")
    for name in ("old", "new"):
        staging.hold(name, source)
    then = source.stat().st_mtime - 8 * 86_400
    for path in (tmp_path / "staging").rglob("old"):
        os.utime(path, (then, then))
    whole(StagingRound(work, staging, OPTIONS, told.append))
    assert figures(work, "reconcile:staging") == {"held": 2, "old": 1}
    assert sorted(name for name, _ in staging.names()) == ["new", "old"]
    whole(StagingRound(work, staging, REPAIR, told.append))
    assert [name for name, _ in staging.names()] == ["new"]
    assert whole(StagingRound(work, Nobody(), OPTIONS, told.append)) is Turn.WAITING  # type: ignore[arg-type]


def test_an_outbox_that_stands_is_an_alarm_and_one_note_that_always_fails_is_not(work: Work, clock) -> None:
    one = OutboxRound(work, OPTIONS)
    assert one.turn(never) is Turn.DONE
    with work.begin() as tx:
        notes = [tx.outbox.add("index", f"d{n}") for n in range(5)]
    assert one.turn(never) is Turn.DONE
    for _ in range(10):  # every note is tried and refused; new ones keep coming
        clock.turn(minutes=10)
        with work.begin() as tx:
            tx.outbox.failed(notes[0], "refused")
            tx.outbox.add("index", "more")
        one.turn(never)
    assert alarm(work, one.name).endswith("5 notes wait and none was done")
    assert figures(work, one.name) == {"waiting": 15, "failing": 1}
    for note in notes[1:]:  # the others go through, the first one never does
        clock.turn(minutes=40)
        with work.begin() as tx:
            tx.outbox.done(note)
            tx.outbox.failed(notes[0], "refused")
        assert one.turn(never) is Turn.DONE
        assert alarm(work, one.name) == ""
    with work.begin() as tx:
        for note in tx.outbox.due(100):
            tx.outbox.done(note.id)
        tx.outbox.done(notes[0])
    for _ in range(5):
        clock.turn(hours=5)
        assert one.turn(never) is Turn.DONE
    assert (figures(work, one.name), alarm(work, one.name)) == ({}, "")


def test_many_stretches_without_a_common_key(
    work: Work, stores: Stores, mender: Mender, told: list[Drift], tmp_path: Path
) -> None:
    """Rows and lists that have nothing in common still end."""
    keep(work, stores, "m", b"1", tmp_path)
    with work.begin() as tx:
        for number in range(25):
            tx.objects.keep(f"a{number:02d}", "0" * 64, 5)
    for number in range(25):
        lay(tmp_path / "first" / f"z{number:02d}", b"x")
    assert whole(StoreRound(mender, Side.FIRST, OPTIONS, told.append)) is Turn.DONE
    assert figures(work, "reconcile:first")["missing"] == figures(work, "reconcile:first")["orphans"] == 25


def test_a_grace_of_nothing_makes_young_bytes_orphans(
    work: Work, stores: Stores, mender: Mender, told: list[Drift], tmp_path: Path
) -> None:
    keep(work, stores, "m", b"1", tmp_path)
    lay(tmp_path / "first" / "young", b"x", days=0.001)
    whole(StoreRound(mender, Side.FIRST, ReconcileOptions(grace=timedelta(0)), told.append))
    assert [drift.key for drift in told] == ["young"]
