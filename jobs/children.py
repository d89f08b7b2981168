"""Process pools with limits: a stuck page is killed and replaced, and no child outlives its parent.

Only this file imports pebble.
"""

import ctypes
import logging
import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from pebble import ProcessExpired, ProcessPool

from ingest.children import ChildDied, ChildStuck, Kind

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger("vanthu.children")

_MIB = 1024 * 1024
_PR_SET_PDEATHSIG = 1


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
        "read": Limits(workers=cores, memory=6144 * _MIB),
        "sign": Limits(workers=1, memory=3072 * _MIB, tasks=2000),
    }


class ChildPools:
    """One pool a kind, started with its first use. Safe between threads."""

    def __init__(self, limits: Mapping[Kind, Limits]) -> None:
        self._limits = dict(limits)
        self._pools: dict[Kind, ProcessPool] = {}
        self._lock = threading.Lock()
        self._parent = os.getpid()
        # Linux sends the parent-death signal when the *thread* that made the child ends, and pebble makes the first
        # children on the thread of the first task; so this thread starts every pool and lives as long as they do.
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="children-keeper")

    def warm(self, *kinds: Kind) -> None:
        """Start the children of `kinds` (all by default) now, without waiting for them."""
        for kind in kinds or tuple(self._limits):
            self._pool(kind)

    def run(
        self, kind: Kind, seconds: float, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `function` in a child (see `ingest.children.Children.run`)."""
        try:
            return self._run(kind, seconds, function, *args, **kwargs)
        except BrokenProcessPool:
            # an idle child was killed from outside (the system was out of memory, say); its pool is of no use now
            _log.warning("the %s children ended by themselves; starting new ones", kind)
            self._replace(kind)
            return self._run(kind, seconds, function, *args, **kwargs)

    def stop(self) -> None:
        """End all children at once and wait for them."""
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            _end(pool)
        self._keeper.shutdown()

    def _run(
        self, kind: Kind, seconds: float, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        future = self._pool(kind).schedule(
            _with_cpu_limit, args=(seconds, function, args, kwargs), timeout=seconds
        )
        name = getattr(function, "__name__", "task")
        try:
            result: T = future.result()
        except FutureTimeout as cause:
            raise ChildStuck(
                f"{name} took more than {seconds:.0f} s and was killed",
                tell=f"Xử lý quá {seconds:.0f} giây nên đã dừng phần này; các phần khác vẫn tiếp tục.",
            ) from cause
        except ProcessExpired as cause:
            raise ChildDied(
                f"{name}: the child ended by itself (exit code {cause.exitcode})",
                tell="Tiến trình xử lý bị dừng vì vượt giới hạn bộ nhớ hoặc thời gian; các phần khác vẫn tiếp tục.",
            ) from cause
        except MemoryError as cause:
            raise ChildDied(
                f"{name}: the child ran out of the memory it may use",
                tell="Tệp cần nhiều bộ nhớ hơn mức cho phép; các phần khác vẫn tiếp tục.",
            ) from cause
        return result

    def _pool(self, kind: Kind) -> ProcessPool:
        with self._lock:
            if kind not in self._pools:
                self._pools[kind] = self._keeper.submit(self._start, self._limits[kind]).result()
            return self._pools[kind]

    def _start(self, limit: Limits) -> ProcessPool:
        pool = ProcessPool(
            max_workers=limit.workers,
            max_tasks=limit.tasks,
            initializer=_enter_child,
            initargs=(self._parent, limit.memory, limit.file, limit.open_files),
            context=multiprocessing.get_context("spawn"),
        )
        pool.schedule(_nothing)
        return pool

    def _replace(self, kind: Kind) -> None:
        with self._lock:
            broken = self._pools.pop(kind, None)
        if broken is not None:
            _end(broken)


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]  # pebble leaves it without types
    pool.join()


def _nothing() -> None:
    return None


def _with_cpu_limit(
    seconds: float, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Give the task its own CPU allowance: the soft limit counts from what the child has used so far."""
    used = int(time.process_time()) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (used + max(int(seconds), 1) + 5, resource.RLIM_INFINITY))
    return function(*args, **kwargs)


def _enter_child(parent: int, memory: int, file: int, open_files: int) -> None:
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
