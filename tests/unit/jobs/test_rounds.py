"""The standing rounds: one leader, small turns, one round's trouble its own, a prompt end."""

import logging
import random
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from jobs import rounds as module
from jobs.rounds import LEASE, Rounds, log_drift
from records.clock import SystemClock
from records.errors import Away
from storage.complaints import Complaints
from storage.fixity import FixityOptions, FixityRound
from storage.folder import FolderStore
from storage.mending import Mender, Stores
from storage.objects import Side
from storage.pace import Pace
from storage.paired import PairedStore
from storage.progress import Enough, Turn
from storage.reconcile import Drift, Kind, ReconcileOptions, StoreRound
from storage.work import Work
from tests.cases.database import TurnedClock, migrated
from tests.cases.fixity import FAST, bad, events, keep


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def work(tmp_path: Path, clock: TurnedClock) -> Iterator[Work]:
    tables = migrated(tmp_path / "vanthu.db")
    yield Work(tables, clock)
    tables.dispose()


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return Stores(FolderStore(tmp_path / "first"), FolderStore(tmp_path / "copy"))


class Told:
    """A round that does what a test tells it."""

    def __init__(
        self, name: str, work: Work, turn=lambda enough: Turn.DONE, every: timedelta = timedelta(0)
    ) -> None:
        self.name = name
        self.every = every
        self.away = ""
        self.turns = 0
        self._work = work
        self._turn = turn

    def turn(self, enough: Enough) -> Turn:
        self.turns += 1
        ended = self._turn(enough)
        if ended is Turn.DONE:
            with self._work.begin() as tx:
                tx.passes.begin(self.name)
                tx.passes.finish(self.name, {})
        return ended


def test_one_leads_and_another_follows_when_it_ends(work: Work) -> None:
    mine, others = Told("mine", work), Told("others", work)
    one, two = Rounds(work, [mine], "one"), Rounds(work, [others], "two")
    for _ in range(2):
        one.lap()
        two.lap()
    assert (mine.turns, others.turns) == (2, 0)
    one.stop()
    two.lap()
    assert (mine.turns, others.turns) == (2, 1)


def test_a_leader_that_died_is_followed_when_its_lease_has_run_out(work: Work, monkeypatch) -> None:
    monkeypatch.setattr(module, "LEASE_SECONDS", 0.01)
    Rounds(work, [], "dead").lap()
    follower = Told("follower", work)
    two = Rounds(work, [follower], "two")
    while not follower.turns:
        two.lap()
    with work.reading() as tx:
        assert [lease.holder for lease in tx.leases.all(LEASE)] == ["two"]


def test_a_round_comes_again_only_when_its_time_has_come(work: Work, clock: TurnedClock) -> None:
    daily = Told("daily", work, every=timedelta(days=1))
    some = Rounds(work, [daily], "one")
    for hours, turns in ((0, 1), (23, 1), (2, 2), (-100, 3)):  # a clock turned back must not stop it for days
        clock.turn(hours=hours)
        some.lap()
        some.lap() if hours >= 0 else None
        assert daily.turns == turns


def test_one_that_had_nothing_to_do_rests_and_the_others_go_on(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle, busy = Told("idle", work), Told("busy", work, lambda enough: Turn.MORE)
    away = Told("away", work, lambda enough: Turn.WAITING)
    some = Rounds(work, [idle, busy, away], "one")
    for _ in range(3):
        some.lap(resting=True)
    assert (idle.turns, busy.turns, away.turns) == (1, 3, 3)
    some.lap()  # asked for by hand
    assert idle.turns == 2
    monkeypatch.setattr(module, "REST_SECONDS", 0.0)
    some.lap()
    some.lap(resting=True)
    assert idle.turns == 4


def test_work_without_end_leaves_the_others_their_turn(work: Work) -> None:
    greedy, modest = Told("greedy", work, lambda enough: Turn.MORE), Told("modest", work)
    some = Rounds(work, [greedy, modest], "one")
    assert some.lap() is True
    assert (greedy.turns, modest.turns) == (1, 1)


@pytest.mark.parametrize("fault", [Away("nobody", code="store-away"), ValueError("a bug")])
def test_a_round_that_always_fails_is_loud_and_stops_nobody(
    work: Work, clock: TurnedClock, caplog, fault: Exception
) -> None:
    def fail(enough: Enough) -> Turn:
        raise fault

    failing, other = Told("failing", work, fail), Told("other", work)
    some = Rounds(work, [failing, other], "one", chores=[lambda: fail(lambda: False)])
    with caplog.at_level(logging.ERROR, "vanthu.rounds"):
        for _ in range(4):
            some.lap()
            clock.turn(minutes=25)
    assert other.turns == 4
    told = [r.getMessage() for r in caplog.records if "alarm" in r.getMessage()]
    assert len(told) == 1, "said once, when it begins"
    assert str(fault) in told[0]


def test_what_a_reader_met_is_attended_by_its_own_process_leader_or_not(
    work: Work, stores: Stores, tmp_path: Path
) -> None:
    complaints = Complaints()
    paired = PairedStore(stores.first, stores.copy, complaints)  # type: ignore[arg-type]
    sha256 = keep(work, stores, "pages/00/x.jpg", b"bytes", tmp_path)
    path = tmp_path / "first/pages/00/x.jpg"
    path.chmod(0o644)
    path.write_bytes(b"other")
    for _ in range(3):
        assert paired.read("pages/00/x.jpg", sha256) == b"bytes"
    Rounds(work, [], "leader").lap()
    follower = Rounds(
        work, [], "follower", mender=Mender(work, stores, tmp_path / "scratch"), complaints=complaints
    )
    follower.lap()
    assert stores.first.read("pages/00/x.jpg", sha256) == b"bytes"
    assert [len(events(work, f"object-{what}")) for what in ("damaged", "mended", "lost")] == [1, 1, 0]
    follower.lap()
    assert len(events(work, "object-mended")) == 1


def test_complaints_about_a_whole_store_or_without_end_are_not_kept() -> None:
    complaints = Complaints()
    complaints(Side.FIRST, "x", "store-away: nobody")
    assert complaints.take() == []
    for number in range(5000):
        complaints(Side.COPY, str(number), "blob-missing: absent")
    assert len(complaints.take()) == 1000
    assert complaints.take() == []


def test_the_log_is_not_flooded(caplog) -> None:
    tell = log_drift(an_hour=3)
    with caplog.at_level(logging.WARNING, "vanthu.rounds"):
        for number in range(10):
            tell(Drift(Kind.ORPHAN, "first", f"{number}\n", "…"))
        tell(Drift(Kind.GHOST, "index", "x", "…"))
    assert len(caplog.records) == 4
    assert "\n" not in caplog.records[0].getMessage()


def test_it_runs_beside_everything_and_ends_when_told(
    work: Work, stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread itself, over real stores: finds, mends, and does not sit out a long pause at the end."""
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.01)
    real = Work(work.tables, SystemClock())
    dice = random.Random(1)
    for number in range(12):
        keep(real, stores, f"pages/00/{number:02d}.jpg", dice.randbytes(100), tmp_path)
    (tmp_path / "copy/pages/00/05.jpg").unlink()
    ending = threading.Event()
    mender = Mender(real, stores, tmp_path / "scratch")
    slow = Pace(1, 1, pause=ending.wait)  # after its first object it waits for minutes
    fast = Pace(*FAST)
    some = Rounds(
        real,
        [
            FixityRound(mender, Side.COPY, fast, FixityOptions()),
            StoreRound(mender, Side.FIRST, ReconcileOptions(), log_drift()),
            FixityRound(mender, Side.FIRST, slow, FixityOptions()),
        ],
        "one",
        ending=ending,
    )
    some.start()
    deadline = time.monotonic() + 60
    while not events(real, "object-mended") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert bad(real) == []
    assert len(events(real, "object-mended")) == 1
    some.stop()
    assert "rounds" not in {thread.name for thread in threading.enumerate()}
    with real.reading() as tx:
        assert tx.leases.all(LEASE) == []
