"""Children ended from outside, pools that broke, a house that closes: nobody hangs and no file is blamed for it."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from ingest.children import ChildDied, ChildrenStopped
from jobs.children import ChildPools, Limits
from records.errors import ArchiveFault, Away

MIB = 1024 * 1024


@pytest.fixture
def pools(leave_others_alone: None) -> Iterator[ChildPools]:
    pools = ChildPools({"parse": Limits(workers=2, memory=1024 * MIB, tasks=50)})
    yield pools
    pools.stop()


class Untransportable(Exception):
    """Cannot be rebuilt from its `args`, like many a library's exception."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


def double(number: int) -> int:
    return number * 2


def hang(started: str) -> None:
    _note(started)
    time.sleep(600)


def end_self(number: int, journal: str, times: int = 1000) -> int:
    """Send this child the signal `number` in its first `times` runs; the journal counts the runs."""
    if _note(journal) <= times:
        os.kill(os.getpid(), number)
        time.sleep(60)
    return 42


def untransportable() -> None:
    raise Untransportable("not", "rebuilt")


def _note(journal: str) -> int:
    path = Path(journal)
    with path.open("a") as out:
        out.write("x")
    return path.stat().st_size


def runs(journal: Path) -> int:
    return journal.stat().st_size


def idle_children() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # ended, or not collected yet
            if "spawn_main" in " ".join(child.cmdline()) and child.pid not in _OTHERS:
                found.append(child)
    return found


_OTHERS: set[int] = set()


@pytest.fixture(autouse=True)
def leave_others_alone() -> None:
    """Children of other test files that still live in this process are not ours to count or kill."""
    _OTHERS.clear()
    _OTHERS.update(child.pid for child in idle_children())


def settled(pools: ChildPools) -> int:
    """Return how many children there are once what ended was noticed and replaced (with the next task at latest)."""
    until = time.monotonic() + 10
    while len(idle_children()) != 2 and time.monotonic() < until:
        time.sleep(0.3)
        assert pools.run("parse", 30, double, 3) == 6
    return len(idle_children())


def wait_for(path: Path) -> None:
    until = time.monotonic() + 30
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert path.exists()


# -- idle children killed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pause", [0.0, 1.0])
@pytest.mark.parametrize("how_many", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_idle_children_killed_from_outside_are_replaced(
    pools: ChildPools, pause: float, how_many: int, number: int
) -> None:
    """At once the pool has not noticed yet; after a second it has given itself up."""
    pools.run("parse", 30, double, 1)
    children = idle_children()
    assert len(children) == 2
    for child in children[:how_many]:
        child.send_signal(number)
    time.sleep(pause)
    assert [pools.run("parse", 30, double, n) for n in range(8)] == [n * 2 for n in range(8)]
    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(lambda n: pools.run("parse", 30, double, n), range(20))) == [
            n * 2 for n in range(20)
        ]
    assert settled(pools) == 2  # nothing of the old pool is left


def test_threads_that_find_a_dead_pool_share_one_new_one(pools: ChildPools) -> None:
    for _ in range(3):
        pools.run("parse", 30, double, 1)
        for child in idle_children():
            child.kill()
        time.sleep(0.5)
        together = threading.Barrier(8)

        def call(number: int, together: threading.Barrier = together) -> int:
            together.wait()
            return pools.run("parse", 30, double, number)

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(call, range(8))) == [n * 2 for n in range(8)]
        assert settled(pools) == 2


def test_an_exception_that_cannot_travel_breaks_nothing(pools: ChildPools) -> None:
    pools.run("parse", 30, double, 1)
    before = {c.pid for c in idle_children()}
    with pytest.raises(RuntimeError, match="Untransportable: not rebuilt"):
        pools.run("parse", 30, untransportable)
    assert pools.run("parse", 30, double, 2) == 4
    assert {c.pid for c in idle_children()} == before


# -- a busy child ended --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "times"), [(signal.SIGTERM, 2), (signal.SIGKILL, 1)])
def test_a_task_whose_child_was_ended_from_outside_runs_again(
    pools: ChildPools, tmp_path: Path, number: int, times: int
) -> None:
    journal = tmp_path / "runs"
    assert pools.run("parse", 30, end_self, number, str(journal), times) == 42
    assert runs(journal) == times + 1


def test_ended_again_and_again_is_not_the_files_fault(pools: ChildPools, tmp_path: Path) -> None:
    journal = tmp_path / "runs"
    with pytest.raises(Away) as caught:
        pools.run("parse", 30, end_self, signal.SIGTERM, str(journal))
    assert caught.value.code == "children-ended"
    assert "không có lỗi" in caught.value.tell
    assert runs(journal) == 3


@pytest.mark.parametrize(
    ("number", "most"), [(signal.SIGKILL, 2), (signal.SIGXCPU, 1), (signal.SIGSEGV, 1), (signal.SIGABRT, 1)]
)
def test_limits_and_crashes_are_the_files_fault(
    pools: ChildPools, tmp_path: Path, number: int, most: int
) -> None:
    journal = tmp_path / "runs"
    with pytest.raises(ChildDied):
        pools.run("parse", 30, end_self, number, str(journal))
    assert runs(journal) == most
    assert pools.run("parse", 30, double, 4) == 8


def test_a_busy_child_terminated_by_somebody_else(pools: ChildPools, tmp_path: Path) -> None:
    journal = tmp_path / "runs"
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(pools.run, "parse", 30, end_self, signal.SIGCONT, str(journal), 1)
        wait_for(journal)  # its first run sleeps now
        for child in idle_children():
            child.terminate()
        assert waiting.result(30) == 42


# -- the house closes ----------------------------------------------------------------------------------------------


def test_who_waits_when_the_children_are_stopped_is_told_so(tmp_path: Path) -> None:
    pools = ChildPools({"parse": Limits(workers=2, memory=1024 * MIB), "read": Limits(1, 1024 * MIB)})
    pools.warm()
    with ThreadPoolExecutor(8) as threads:
        started = tmp_path / "started"
        waiting = [threads.submit(pools.run, "parse", 600, hang, str(started)) for _ in range(6)]
        waiting.append(threads.submit(pools.run, "read", 600, hang, str(started)))
        wait_for(started)
        pools.stop()
        for future in waiting:
            assert isinstance(future.exception(10), ChildrenStopped)
    assert idle_children() == []


def test_children_terminated_together_with_the_closing_house_blame_nothing(tmp_path: Path) -> None:
    """A service manager sends SIGTERM to the whole group: the children may end before the house says stop."""
    pools = ChildPools({"parse": Limits(workers=2, memory=1024 * MIB)})
    with ThreadPoolExecutor(4) as threads:
        started = tmp_path / "started"
        waiting = [threads.submit(pools.run, "parse", 600, hang, str(started)) for _ in range(4)]
        wait_for(started)
        for child in idle_children():
            child.terminate()
        pools.stop()
        for future in waiting:
            assert isinstance(future.exception(10), ChildrenStopped)


def test_stopped_children_stay_stopped() -> None:
    pools = ChildPools({"parse": Limits(workers=1, memory=1024 * MIB)})
    pools.stop()
    pools.stop()
    with pytest.raises(ChildrenStopped):
        pools.run("parse", 30, double, 1)
    assert not issubclass(ChildrenStopped, ArchiveFault)
