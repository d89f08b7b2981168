"""One small question for all queues of a process: on which of them does anything wait? A poll claims only there.

The library's claim is a transaction with a locking search, and every queue made one a second however empty it was: with
six queues a fortieth of a core, for ever. See docs/decisions/0131-an-idle-worker-asks-once-for-all.md.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dbos import DBOS
from dbos._utils import INTERNAL_QUEUE_NAME

from jobs import engine_gaps

FRESH_SECONDS = 0.2
"""How old an answer may be. It only adds to the time in which another machine's work is seen."""


class Glance:
    """The newest answer, shared by the threads that poll. Safe between threads."""

    def __init__(
        self, ask: Callable[[], frozenset[str]], rings: Callable[[], Mapping[str, int]], fresh: float
    ) -> None:
        """`ask` returns the queues on which something waits; `rings` how often each was rung for in this process."""
        self._ask = ask
        self._rings = rings
        self._fresh = fresh
        self._lock = threading.Lock()
        self._waiting: frozenset[str] = frozenset()
        self._heard: Mapping[str, int] = {}
        self._until = float("-inf")

    def waits(self, queue: str) -> bool:
        """Return whether something may wait on `queue`; asks when the answer is old or `queue` was rung for since.

        Raises what the database says, as the claim would.
        """
        with self._lock:  # who comes meanwhile wants the same answer
            heard = self._rings()
            if time.monotonic() >= self._until or heard.get(queue) != self._heard.get(queue):
                # noted before the question: what is rung for while it is under way may have missed it
                self._waiting, self._heard = self._ask(), heard
                self._until = time.monotonic() + self._fresh
            return queue in self._waiting


def install(dbos: DBOS, names: Sequence[str], rings: Callable[[], Mapping[str, int]]) -> None:
    """Let the library claim work of the queues `names`, and of its own, only where some waits. After its launch."""
    system: Any = dbos._sys_db
    claim = system.start_queued_workflows
    known = (*names, INTERNAL_QUEUE_NAME)
    glance = Glance(lambda: _waiting(dbos, known), rings, FRESH_SECONDS)

    def where_work_waits(queue: Any, *rest: Any, **options: Any) -> Any:
        if queue.name in known and not glance.waits(queue.name):
            return [], None
        return claim(queue, *rest, **options)

    system.start_queued_workflows = where_work_waits


def _waiting(dbos: DBOS, names: Sequence[str]) -> frozenset[str]:
    """Return those of the queues on which some workflow waits, of whatever version: never fewer than may be claimed."""
    engine = dbos._sys_db.engine
    lite = engine.dialect.name == "sqlite"
    each = " UNION ALL ".join(f"SELECT '{name}' AS name" for name in names)
    # SQLite takes its index of what is in flight only where the condition of that index is said word for word
    prover = "AND s.status IN ('ENQUEUED', 'PENDING')" if lite else ""
    asked = (
        f"SELECT q.name FROM ({each}) AS q WHERE EXISTS (SELECT 1 FROM {engine_gaps.status_table(dbos)} AS s "  # noqa: S608
        f"WHERE s.queue_name = q.name AND s.status = 'ENQUEUED' {prover})"
    )
    # ended by a commit: psycopg forgets its prepared statements at a rollback
    with engine.begin() as connection:
        return frozenset(str(row[0]) for row in connection.exec_driver_sql(asked))
