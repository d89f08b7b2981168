"""Process pools with limits: a stuck page is killed and replaced, and no child outlives its parent.

Only this file imports pebble.
"""

import ctypes
import gc
import logging
import multiprocessing
import os
import pickle
import resource
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, ParamSpec, TypeVar

from pebble import CONSTS, ProcessExpired, ProcessFuture, ProcessPool

from ingest.children import ChildDied, ChildrenStopped, ChildStuck, Kind
from jobs import sandbox
from jobs.sandbox import Room
from records.errors import ArchiveFault, Away, ToolMissing

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger("vanthu.children")

_MIB = 1024 * 1024
_PR_SET_PDEATHSIG = 1
_LOOK_SECONDS = 0.5
CONSTS.sleep_unit = 0.5
"""How often a pool looks after its children: how late a dead or stuck one is noticed, at most. A result wakes its pool.
At pebble's own 0.1 s three pools took a fiftieth of a core for as long as a worker lived."""

READ_MEMORY = 1650 * _MIB
"""Address space of a reader. 450 MiB of it are libraries that are mapped but hardly touched, so a reader never has more
than 1.2 GiB in memory (docs/decisions/0122).
"""

_RUN_AGAIN = {"time": 0, "memory": 0, "cpu": 0, "crash": 0, "kill": 1, "term": 2, "pool": 2}
"""How often a task is run again, by who ended its child. The system kills with SIGKILL when memory is short, which may
be this task's doing, so once; nobody but a person or a service manager sends SIGTERM; a `pool` broke while it waited.
"""


SHUT_IN: tuple[Kind, ...] = ("parse", "convert", "read")
"""The children that open foreign bytes and need nothing but files."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child may use. `memory` is address space in bytes (RLIMIT_AS); `file` the largest file it may write."""

    workers: int
    memory: int
    file: int = 4096 * _MIB
    open_files: int = 512
    tasks: int = 200
    """A child is replaced after so many tasks, so that a leak in a C library cannot grow for ever."""


def default_limits(cores: int) -> dict[Kind, Limits]:
    """Return limits for a machine with `cores` cores."""
    return {
        "parse": Limits(workers=max(1, min(cores, 4)), memory=3072 * _MIB),
        "convert": Limits(workers=1, memory=3072 * _MIB),
        "read": Limits(workers=cores, memory=READ_MEMORY),
        "sign": Limits(workers=1, memory=3072 * _MIB, tasks=2000),
    }


class ChildPools:
    """One pool a kind, started with its first use. Safe between threads.

    With a `room` the children that open files are shut into it (`jobs.sandbox`); those that sign are not, since they
    hold the keys and talk to time stamp servers. Without one they have their limits only.
    """

    def __init__(self, limits: Mapping[Kind, Limits], room: Room | None = None) -> None:
        self._limits = dict(limits)
        self._room = room
        self._pools: dict[Kind, ProcessPool] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._parent = os.getpid()
        # Linux sends the parent-death signal when the *thread* that made the child ends, and pebble makes the first
        # children on the thread of the first task; so this thread starts every pool and lives as long as they do.
        # It alone changes `_pools`, so an interrupted caller cannot leave a pool behind that nobody knows.
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="children-keeper")

    def warm(self, *kinds: Kind) -> None:
        """Start the children of `kinds` (all by default) now, without waiting for them."""
        for kind in kinds or tuple(self._limits):
            self._pool(kind)

    def run(
        self, kind: Kind, seconds: float, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `function` in a child (see `ingest.children.Children.run`)."""
        name = getattr(function, "__name__", "task")
        ended: Counter[str] = Counter()
        while True:
            try:
                result: T = self._once(kind, seconds, (seconds, function, args, kwargs))
            except (FutureTimeout, ProcessExpired, BrokenProcessPool, MemoryError) as cause:
                if self._stopped.is_set():  # whatever it was, the closing may have caused it
                    raise _stopped(name) from cause
                why = _who_ended(cause)
                ended[why] += 1
                if ended[why] > _RUN_AGAIN[why]:
                    raise _fault(name, why, seconds, cause) from cause
                _log.warning("%s: %s children ended from outside (%s); running it again", name, kind, cause)
            else:
                return result

    def stop(self) -> None:
        """End all children at once and wait for them; who waits in `run` gets `ChildrenStopped`. Safe to repeat."""
        self._stopped.set()
        with self._lock:
            try:
                self._keeper.submit(self._end_all).result()
            except RuntimeError:  # the keeper has ended: stopped before, or Python itself is ending
                self._end_all()
            self._keeper.shutdown()

    def _once(self, kind: Kind, seconds: float, task: tuple[Any, ...]) -> Any:
        pool, future = self._schedule(kind, seconds, task)
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        # pebble leaves the tasks of a stopped pool, and some of a broken one, waiting for ever
        while not done.wait(_LOOK_SECONDS):
            if self._stopped.is_set():
                raise _stopped(getattr(task[1], "__name__", "task"))
            if not pool.active and not done.wait(_LOOK_SECONDS):
                raise BrokenProcessPool("the pool ended before the task")
        return future.result()

    def _schedule(
        self, kind: Kind, seconds: float, task: tuple[Any, ...]
    ) -> tuple[ProcessPool, ProcessFuture[Any]]:
        for _ in range(2):
            pool = self._pool(kind)
            # a pool may break between the look at it and this; only then pebble raises a bare RuntimeError here
            with suppress(RuntimeError):
                return pool, pool.schedule(_with_cpu_limit, args=task, timeout=seconds)
        raise BrokenProcessPool(f"two pools of {kind} children ended before they took a task")

    def _pool(self, kind: Kind) -> ProcessPool:
        """Return a pool that lives; threads that find a dead one together get the same new one."""
        with self._lock:
            if self._stopped.is_set():
                raise _stopped(kind)
            pool = self._pools.get(kind)
            if pool is None or not pool.active:
                pool = self._keeper.submit(self._renew, kind).result()
            return pool

    def _renew(self, kind: Kind) -> ProcessPool:
        pool = self._pools.get(kind)
        if pool is not None:
            if pool.active:
                return pool
            # one idle child killed from outside (the system was out of memory, say) makes pebble give up the pool
            _log.warning("the %s children ended by themselves; starting new ones", kind)
            del self._pools[kind]
            _end(pool)
        limit = self._limits[kind]
        room = self._room if kind in SHUT_IN else None
        if room is not None and kind != "convert":
            room = replace(room, meeting=())
        pool = ProcessPool(
            max_workers=limit.workers,
            max_tasks=limit.tasks,
            initializer=_enter_child,
            initargs=(self._parent, limit.memory, limit.file, limit.open_files, room),
            context=multiprocessing.get_context("spawn"),
        )
        pool.schedule(_nothing)
        self._pools[kind] = pool
        return pool

    def _end_all(self) -> None:
        pools = list(self._pools.values())
        self._pools.clear()
        for (
            pool
        ) in pools:  # all are told before any is waited for: each ends with the next look of its threads
            pool.stop()  # type: ignore[no-untyped-call]  # pebble leaves it without types
        for pool in pools:
            pool.join()


def _stopped(name: str) -> ChildrenStopped:
    return ChildrenStopped(f"{name}: the children were stopped before it was done")


def _who_ended(cause: BaseException) -> str:
    """Return a key of `_RUN_AGAIN`."""
    if isinstance(cause, FutureTimeout):
        return "time"
    if isinstance(cause, MemoryError):
        return "memory"
    if isinstance(cause, BrokenProcessPool):
        return "pool"
    code = cause.exitcode if isinstance(cause, ProcessExpired) else 0
    return {-signal.SIGTERM: "term", -signal.SIGKILL: "kill", -signal.SIGXCPU: "cpu"}.get(code, "crash")


def _fault(name: str, why: str, seconds: float, cause: BaseException) -> ArchiveFault:
    """Return what the caller is told; only `Away` is not the file's fault."""
    code = getattr(cause, "exitcode", None)
    if why == "time":
        return ChildStuck(
            f"{name} took more than {seconds:.0f} s and was killed",
            tell=f"Xử lý quá {seconds:.0f} giây nên đã dừng phần này; các phần khác vẫn tiếp tục.",
        )
    if why in ("term", "pool"):
        return Away(
            f"{name}: the children were ended from outside again and again ({cause}, exit code {code})",
            tell="Các tiến trình xử lý liên tục bị chương trình khác tắt nên chưa làm được phần này. Tệp không có lỗi "
            "và vẫn được giữ; hãy thử lại sau hoặc báo quản trị viên.",
            code="children-ended",
        )
    if why in ("memory", "kill"):
        return ChildDied(
            f"{name}: the child ran out of the memory it may use (exit code {code})",
            tell="Tệp cần nhiều bộ nhớ hơn mức cho phép; các phần khác vẫn tiếp tục.",
        )
    if why == "cpu":
        return ChildDied(
            f"{name}: the child used more CPU time than it may (exit code {code})",
            tell="Xử lý tệp tốn quá nhiều thời gian tính toán nên đã dừng phần này; các phần khác vẫn tiếp tục.",
        )
    return ChildDied(
        f"{name}: the child ended by itself (exit code {code})",
        tell="Tiến trình xử lý bị hỏng giữa chừng khi đọc tệp này; các phần khác vẫn tiếp tục.",
    )


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]  # pebble leaves it without types
    pool.join()


def _nothing() -> None:
    return None


def _with_cpu_limit(
    seconds: float, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Give the task its own CPU allowance: the soft limit counts from what the child has used so far."""
    if _unfit:  # nothing is read outside the sandbox that was asked for
        raise _unfit[0]
    used = int(time.process_time()) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (used + max(int(seconds), 1) + 5, resource.RLIM_INFINITY))
    try:
        return function(*args, **kwargs)
    except MemoryError as fault:
        told = str(fault)
    except Exception as fault:
        if _travels(fault):
            raise
        raise RuntimeError(f"{type(fault).__name__}: {fault}") from None
    # only out here nothing holds the frames of the task any more, and all that filled the memory with them: the next
    # task of this child finds it free
    gc.collect()
    raise MemoryError(told)


def _travels(fault: Exception) -> bool:
    """Return whether the parent can read this exception; one that it cannot would break the pool for everybody."""
    try:
        pickle.loads(pickle.dumps(fault))  # noqa: S301  our own bytes, in the child
    except Exception:  # noqa: BLE001  whatever a library's exception does here, it does not travel
        return False
    return True


_unfit: list[ToolMissing] = []
"""In a child: why it could not be shut in; each task is told so instead of being run."""


def _enter_child(parent: int, memory: int, file: int, open_files: int, room: Room | None) -> None:
    """First thing a child does: die with the parent, leave Ctrl+C to it, accept the limits."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # the parent ended before the signal was set
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for name in ("OMP_THREAD_LIMIT", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file, file))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(open_files, hard), hard))
    if room is not None:
        try:
            sandbox.enter(room)
        except ToolMissing as fault:
            _unfit.append(fault)
