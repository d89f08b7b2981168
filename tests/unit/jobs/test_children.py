"""Children are limited, replaceable, and never outlive their parent."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from ingest.children import ChildDied, ChildStuck
from jobs.children import ChildPools, Limits
from records.errors import Unfit

MIB = 1024 * 1024


@pytest.fixture
def pools() -> Iterator[ChildPools]:
    pools = ChildPools({"parse": Limits(workers=2, memory=1024 * MIB, tasks=50)})
    yield pools
    pools.stop()


def double(number: int) -> int:
    return number * 2


def hang(seconds: float) -> str:
    time.sleep(seconds)
    return "never"


def burn() -> None:
    while True:
        pass


def eat() -> int:
    return len(bytearray(4096 * MIB))


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def refuse() -> None:
    raise Unfit("three bytes", code="file-truncated", tell="Tệp bị cắt ngắn.")


def write_much(path: str) -> None:
    with Path(path).open("wb") as out:
        out.write(b"x" * (2 * MIB))


def test_returns_what_the_function_returns(pools: ChildPools) -> None:
    assert pools.run("parse", 30, double, 21) == 42


def test_a_stuck_task_is_killed_and_the_others_go_on(pools: ChildPools) -> None:
    with ThreadPoolExecutor(4) as threads:
        stuck = threads.submit(pools.run, "parse", 1.0, hang, 60)
        others = [threads.submit(pools.run, "parse", 30, double, n) for n in range(10)]
        assert [o.result() for o in others] == [n * 2 for n in range(10)]
        with pytest.raises(ChildStuck):
            stuck.result()
    assert pools.run("parse", 30, double, 1) == 2


def test_a_busy_loop_is_ended_too(pools: ChildPools) -> None:
    with pytest.raises((ChildStuck, ChildDied)):
        pools.run("parse", 1.0, burn)


def test_too_much_memory_is_refused(pools: ChildPools) -> None:
    with pytest.raises(ChildDied):
        pools.run("parse", 30, eat)
    assert pools.run("parse", 30, double, 3) == 6


def test_a_crash_is_an_error_not_a_hang(pools: ChildPools) -> None:
    with pytest.raises(ChildDied):
        pools.run("parse", 30, crash)
    assert pools.run("parse", 30, double, 4) == 8


def test_a_fault_keeps_its_code_and_sentence(pools: ChildPools) -> None:
    with pytest.raises(Unfit) as caught:
        pools.run("parse", 30, refuse)
    assert (caught.value.code, caught.value.tell) == ("file-truncated", "Tệp bị cắt ngắn.")


def test_a_child_cannot_write_beyond_its_limit(tmp_path: object) -> None:
    pools = ChildPools({"parse": Limits(workers=1, memory=1024 * MIB, file=1 * MIB)})
    try:
        with pytest.raises((OSError, ChildDied)):
            pools.run("parse", 30, write_much, f"{tmp_path}/big")
    finally:
        pools.stop()


def test_a_pool_started_by_a_passing_thread_lives_on(pools: ChildPools) -> None:
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(pools.run, "parse", 30, double, 5).result() == 10
    assert pools.run("parse", 30, double, 6) == 12


def test_children_die_with_a_killed_parent() -> None:
    code = textwrap.dedent(
        """
        import sys, time
        sys.path.insert(0, ".")
        from jobs.children import ChildPools, Limits
        if __name__ == "__main__":
            pools = ChildPools({"parse": Limits(workers=2, memory=1 << 30)})
            pools.run("parse", 30, abs, -1)
            print("ready", flush=True)
            time.sleep(60)
        """
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    children = psutil.Process(parent.pid).children(recursive=True)
    assert len(children) >= 2
    parent.kill()
    parent.wait()
    parent.stdout.close()
    # the resource tracker of multiprocessing ends by itself when its pipe closes
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
