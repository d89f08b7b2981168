"""What a process knows it need not ask: work that it enqueued itself, and the end of what it ran itself.

The library polls every queue at one pace for ever, and every awaited workflow too: a third of what a busy worker spent
beside its pages. Here a poll rests ever longer while its queue is empty, and is woken by this process's own enqueuing;
what other machines enqueue or end is seen at the resting pace.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from dbos import DBOS
from dbos._sys_db import db_retry

from jobs import engine_gaps

_ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_SLOWER = 2.0


class Bell:
    """The paces of a process's queues, and who is to be woken. Safe between threads."""

    def __init__(self, paces: Mapping[str, tuple[float, float]]) -> None:
        """`paces`: for each queue the seconds between two polls while there is work, at most while there is none."""
        self._paces = dict(paces)
        self._now = {name: busy for name, (busy, _) in paces.items()}
        self._rung: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._here = threading.local()
        self._awaited: dict[str, threading.Event] = {}

    # --- queues

    def pace(self, name: str) -> float:
        """Return how long the calling thread, which polls the queue `name`, is to wait before its next poll."""
        self._here.name = name
        return self._now[name]

    def looked(self, name: str, found: bool) -> None:
        """Note whether a poll found work."""
        busy, idle = self._paces.get(name, (0.0, 0.0))
        with self._changed:
            self._now[name] = busy if found else min(idle, max(busy, self._now.get(name, busy)) * _SLOWER)

    def ring(self, name: str) -> None:
        """Wake the poll of a queue: there is work for it."""
        with self._changed:
            self._now[name] = self._paces.get(name, (0.0, 0.0))[0]
            self._rung[name] += 1
            self._changed.notify_all()

    def rings(self) -> Mapping[str, int]:
        """Return how often each queue was rung for so far."""
        with self._changed:
            return dict(self._rung)

    def hang(self, event: threading.Event) -> None:
        """Let polls that wait for `event` (the library's sign to stop) be woken by the bell as well."""
        plain_wait, plain_set = event.wait, event.set

        def wait(timeout: float | None = None) -> bool:
            name = getattr(self._here, "name", None)
            if name is None:  # a thread that polls no queue of ours
                return plain_wait(timeout)
            with self._changed:
                seen = getattr(self._here, "seen", 0)
                self._changed.wait_for(lambda: event.is_set() or self._rung[name] != seen, timeout)
                self._here.seen = self._rung[name]
            return event.is_set()

        def set_it() -> None:
            plain_set()
            with self._changed:
                self._changed.notify_all()

        event.wait, event.set = wait, set_it  # type: ignore[method-assign]

    # --- workflows

    def ended(self, workflow_id: str) -> None:
        """Wake whoever waits in this process for the end of a workflow."""
        with self._changed:
            awaited = self._awaited.get(workflow_id)
        if awaited is not None:
            awaited.set()

    def await_end(self, workflow_id: str, over: Callable[[], bool], look: float, seldom: float) -> None:
        """Wait until a workflow has ended: woken when it ended here, and else asking `over`.

        It asks after `look` seconds first, then half as often each time, at least every `seldom` seconds: what another
        machine does is noticed at the latest after twice the time it took.
        """
        with self._changed:
            end = self._awaited.setdefault(workflow_id, threading.Event())
        try:
            while not over():
                end.wait(look)
                end.clear()
                look = min(look * _SLOWER, seldom)
        finally:
            with self._changed:
                self._awaited.pop(workflow_id, None)


def install(dbos: DBOS, bell: Bell) -> None:
    """Make the library's polls rest and wake with `bell`. After its launch."""
    system: Any = dbos._sys_db
    claim, note_outcome = system.start_queued_workflows, system.update_workflow_outcome

    def claiming(queue: Any, *rest: Any, **options: Any) -> Any:
        claimed, stopped_by = claim(queue, *rest, **options)
        # a queue of which this process is full costs nothing to look at, and has work as soon as there is room
        bell.looked(queue.name, bool(claimed) or stopped_by is not None)
        return claimed, stopped_by

    def noting(workflow_id: str, *rest: Any, **options: Any) -> Any:
        noted = note_outcome(workflow_id, *rest, **options)
        bell.ended(workflow_id)
        return noted

    system.start_queued_workflows, system.update_workflow_outcome = claiming, noting
    for event in dbos.background_thread_stop_events:
        bell.hang(event)


def is_over(dbos: DBOS, workflow_id: str) -> bool:
    """Return whether a workflow has ended, one way or another; not a step of the workflow that asks.

    The library's own question brings the whole row with all its columns.
    """
    engine = dbos._sys_db.engine
    mark = "?" if engine.dialect.paramstyle == "qmark" else "%s"
    asked = f"SELECT status FROM {engine_gaps.status_table(dbos)} WHERE workflow_uuid = {mark}"  # noqa: S608  constants

    @db_retry(sys_db=dbos._sys_db)  # a server that restarts must not end the workflow that waits
    def status() -> Any:
        with engine.begin() as connection:
            return connection.exec_driver_sql(asked, (workflow_id,)).scalar()

    return status() in _ENDED
