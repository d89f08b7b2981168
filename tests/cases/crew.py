"""Who is alive, who leads, whose work is handed back: on whatever database the rows are."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from jobs.crew import LEADER, LEASE_SECONDS, WORKER, Crew, Member
from jobs.lead import Lead
from storage.work import Work

ROOT = Path(__file__).parents[2]
HOLDER = textwrap.dedent(
    """
    import fcntl, sys
    lock = open(sys.argv[1], "w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
    """
)


class Books:
    """The engine's book of who holds running work, as the sweep sees it."""

    def __init__(self, *executors: str) -> None:
        self.at_work = set(executors)
        self.back: list[str] = []

    def executors_at_work(self) -> set[str]:
        return set(self.at_work)

    def hand_back(self, executors: list[str]) -> int:
        self.back += executors
        self.at_work -= set(executors)
        return len(executors)


class CrewCases:
    """A database inherits this and supplies `work`."""

    @pytest.fixture
    def crew(self, work: Work, tmp_path: Path):
        crew = Crew(work, Member("first", ("pages",)), tmp_path)
        crew.join()
        yield crew
        crew.leave()

    def test_a_member_is_seen_with_what_it_serves(self, crew: Crew, work: Work) -> None:
        with work.reading() as tx:
            (lease,) = tx.leases.all(WORKER)
        assert lease.holder == "first"
        assert 0 < lease.left <= LEASE_SECONDS
        assert json.loads(lease.note)["services"] == ["pages"]

    def test_one_leads_until_it_leaves(self, crew: Crew, work: Work, tmp_path: Path) -> None:
        other = Crew(work, Member("second", ()), tmp_path)
        other.join()
        assert crew.leads()
        assert not other.leads()
        assert crew.leads()
        with work.begin() as tx:
            tx.leases.give_back(LEADER, "second")  # not its to give
        assert not other.leads()
        crew.leave()
        assert other.leads()
        other.leave()

    def test_whoever_leads_asks_again_when_a_third_of_the_lease_has_passed(
        self, work: Work, monkeypatch
    ) -> None:
        now = 0.0
        monkeypatch.setattr("jobs.lead.time.monotonic", lambda: now)
        first, second = Lead(work, LEADER, "first", 30.0), Lead(work, LEADER, "second", 30.0)
        assert first.held()
        with work.begin() as tx:
            tx.leases.give_back(LEADER, "first")  # as if it had run out while the process stood still
        assert second.held()
        now = 9.9
        assert first.held()  # it does not ask
        now = 10.0
        assert not first.held()
        assert not first.held()
        second.give_back()
        assert first.held()

    def test_leaving_leaves_nothing(self, work: Work, tmp_path: Path) -> None:
        crew = Crew(work, Member("short", ()), tmp_path)
        crew.join()
        assert crew.leads()
        crew.leave()
        with work.reading() as tx:
            assert tx.leases.all("") == []
        assert not list((tmp_path / "workers").iterdir())

    def test_work_without_a_lease_is_handed_back_and_that_of_the_living_is_not(
        self, crew: Crew, work: Work, tmp_path: Path
    ) -> None:
        living = Crew(work, Member("living", ()), tmp_path)
        living.join()
        books = Books("first", "living", "never-seen")
        assert crew.sweep(books) == 1  # type: ignore[arg-type]
        assert books.back == ["never-seen"]
        assert crew.sweep(books) == 0  # type: ignore[arg-type]
        living.leave()
        assert crew.sweep(books) == 1  # type: ignore[arg-type]
        assert books.back == ["never-seen", "living"]

    def test_a_killed_neighbour_is_known_at_once_by_its_file_lock(
        self, crew: Crew, work: Work, tmp_path: Path
    ) -> None:
        lock = tmp_path / "workers" / "neighbour.lock"
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        note = json.loads(crew._note) | {"lock": str(lock)}
        with work.begin() as tx:
            tx.leases.take(WORKER + "neighbour", "neighbour", 1000, json.dumps(note))
        books = Books("neighbour")
        assert crew.sweep(books) == 0  # type: ignore[arg-type]
        holder.kill()
        holder.communicate()
        assert crew.sweep(books) == 1  # type: ignore[arg-type]
        with work.reading() as tx:
            assert [lease.holder for lease in tx.leases.all(WORKER)] == ["first"]

    def test_a_silent_machine_counts_as_alive_until_its_lease_runs_out(self, crew: Crew, work: Work) -> None:
        away = json.dumps({"host": "may-khac", "boot": "x", "lock": "/nowhere"})
        with work.begin() as tx:
            tx.leases.take(WORKER + "away", "away", 1000, away)
        books = Books("away")
        assert crew.sweep(books) == 0  # type: ignore[arg-type]
        with work.begin() as tx:
            tx.leases.give_back(WORKER + "away", "away")
            tx.leases.take(WORKER + "away", "away", -1, away)
        assert crew.sweep(books) == 1  # type: ignore[arg-type]

    def test_who_cannot_renew_gives_up_in_time(
        self, work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("jobs.crew._RENEW_SECONDS", 0.05)
        monkeypatch.setattr("jobs.crew.LEASE_SECONDS", 0.3)
        gone: list[str] = []
        crew = Crew(work, Member("cut-off", ()), tmp_path, lambda: gone.append("gone"))
        crew.join()
        with work.begin() as tx:  # somebody else has it by now
            tx.leases.give_back(WORKER + "cut-off", "cut-off")
            tx.leases.take(WORKER + "cut-off", "thief", 1000)
        crew._thread.join(timeout=20)
        assert gone == ["gone"]
        crew.leave()
        with work.reading() as tx:
            assert [lease.holder for lease in tx.leases.all(WORKER)] == ["thief"]
