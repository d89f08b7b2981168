"""What the engine's library leaves open and we must reach into it for: each gap in one function, each held by a test.

The library is pinned; `tests/cases/engine.py` is the contract. Only `jobs/engine*.py` know it.
See docs/decisions/0046-many-workers-around-dbos.md.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from dbos import DBOS, DBOSClient, _workflow_commands

PENDING = "PENDING"
_REMEMBERED = 30.0
_NOTHING_DUE = 30.0
_NOTHING_TO_SEND = 1.0
_COMES_WITHIN = 30.0
"""Seconds after which a claim whose thread never came no longer takes a place: the library refused to run it."""


def own_places(dbos: DBOS, places: Mapping[str, int], pace: Callable[[str], float]) -> None:
    """Let this process decide how many workflows of each queue it runs at once (`places`) and how often it asks.

    The library keeps both in the shared database, so the last machine to start would decide for all of them.
    `pace` is asked before each poll, on the thread that polls.
    """
    read = dbos._sys_db.get_queue
    known = _remembering()

    def get_queue(name: str, **options: Any) -> Any:
        queue = known((name, *sorted(options.items())), lambda: read(name, **options))
        if queue is not None and name in places:
            queue._worker_concurrency, queue._polling_interval_sec = places[name], pace(name)
        return queue

    dbos._sys_db.get_queue = get_queue  # type: ignore[method-assign]


def ask_less(dbos: DBOS) -> None:
    """Let a poll ask for work only: what else the library asks each time changes with a release, not between polls.

    It asked for the newest version of the application with every poll of every queue, a third of a worker's own time,
    and opened a transaction for a queue of which this process has all it may run.
    """
    newest = dbos._sys_db._is_latest_version
    known = _remembering()

    def is_latest(app_version: str, c: Any = None) -> bool:
        return bool(known(app_version, lambda: newest(app_version, c)))

    dbos._sys_db._is_latest_version = is_latest  # type: ignore[method-assign]
    claim = dbos._sys_db.start_queued_workflows

    def unless_full(
        queue: Any, executor: str, version: str, partition: Any, running: int = 0, *rest: Any, **options: Any
    ) -> Any:
        # the library opens a transaction before it sees that this process has no room; a busy worker is always full
        if queue._worker_concurrency is not None and running >= queue._worker_concurrency:
            return [], "worker_concurrency"
        return claim(queue, executor, version, partition, running, *rest, **options)

    system: Any = dbos._sys_db
    system.start_queued_workflows = unless_full

    # how often the library wakes to send word of events between workflows; there are none
    system._notification_coalesce_sec = _NOTHING_TO_SEND


def count_claims(dbos: DBOS) -> None:
    """Count what this process has claimed as in hand from the claim on, not only once its thread runs.

    The library counts threads that run. Where they start slower than a poll comes round, it claimed the same places
    again: on a loaded machine six pages were in hand where there are three places.
    """
    active: Any = dbos._active_workflows_set
    system: Any = dbos._sys_db
    claim, add, count = system.start_queued_workflows, active.add, active.count_for_queue
    lock = threading.Lock()
    coming: dict[str, tuple[str, float]] = {}  # by workflow: its queue, and until when it is waited for

    def claiming(queue: Any, *rest: Any, **options: Any) -> Any:
        claimed, stopped_by = claim(queue, *rest, **options)
        with lock:
            coming.update((name, (queue.name, time.monotonic() + _COMES_WITHIN)) for name in claimed)
        return claimed, stopped_by

    def adding(name: str, *rest: Any, **options: Any) -> Any:
        entry = add(name, *rest, **options)
        with lock:  # after it is counted as running: never for a moment as neither
            coming.pop(name, None)
        return entry

    def counting(queue_name: str) -> int:
        now = time.monotonic()
        with lock:
            for name in [name for name, (_, until) in coming.items() if until < now]:
                del coming[name]
            mine = sum(queue == queue_name for queue, _ in coming.values())
            return mine + int(count(queue_name))

    system.start_queued_workflows = claiming
    active.add, active.count_for_queue = adding, counting


def seldom_jobs() -> None:
    """Let the library look seldom for delayed workflows and for those past their deadline: we have neither.

    Before its launch. It looked every second.
    """
    _workflow_commands._BACKGROUND_JOBS_INTERVAL_SEC = _NOTHING_DUE


def remember_queues(dbos: DBOS) -> None:
    """Let the library list the queues twice a minute instead of every second. After all of them are registered."""
    listing = dbos._sys_db.list_queues
    known = _remembering()

    def list_queues(**options: Any) -> Any:
        return known(tuple(sorted(options.items())), lambda: listing(**options))

    dbos._sys_db.list_queues = list_queues  # type: ignore[method-assign]


def _remembering() -> Callable[[Any, Callable[[], Any]], Any]:
    """Return a memory: asked for a name, it gives what it heard in the last seconds, else asks; None is not kept.

    Threads may ask at once: at worst two of them ask the database.
    """
    kept: dict[Any, tuple[float, Any]] = {}

    def known(name: Any, ask: Callable[[], Any]) -> Any:
        until, answer = kept.get(name, (0.0, None))
        if time.monotonic() >= until:
            answer = ask()
            if answer is not None:
                kept[name] = (time.monotonic() + _REMEMBERED, answer)
        return answer

    return known


def enqueue_together(
    dbos: DBOS, client: DBOSClient, queue: str, priority: int, jobs: Iterable[tuple[str, str, Sequence[Any]]]
) -> None:
    """Enqueue (workflow id, workflow name, arguments) in one transaction; ids already known are left as they are.

    One by one inside a workflow costs 5 to 6 ms each (reference: engine, §2).
    """
    with dbos._sys_db.engine.begin() as connection:
        for workflow_id, name, arguments in jobs:
            client.enqueue_in_transaction(
                connection,
                {
                    "queue_name": queue,
                    "workflow_name": name,
                    "workflow_id": workflow_id,
                    "priority": priority,
                    "app_version": dbos_version(),
                },
                *arguments,
            )


def dbos_version() -> str:
    """Return the application version this process launched with."""
    return str(DBOS.application_version)


def client_of(dbos: DBOS, serializer: Any) -> DBOSClient:
    """Return a client that shares the connections of the launched engine."""
    return DBOSClient(
        system_database_engine=dbos._sys_db.engine,
        dbos_system_schema=dbos._sys_db.schema,
        serializer=serializer,
        application_name=dbos._sys_db.app_name,
        lazy=True,
    )


def executors_at_work(dbos: DBOS) -> set[str]:
    """Return every executor id that some running workflow still names."""
    with (
        dbos._sys_db.engine.begin() as connection
    ):  # a rollback would cost the connection its prepared statements
        rows = connection.exec_driver_sql(
            f"SELECT DISTINCT executor_id FROM {status_table(dbos)} WHERE status = '{PENDING}'"  # noqa: S608  constants
        )
        return {str(row[0]) for row in rows}


def status_table(dbos: DBOS) -> str:
    """Return the name of the library's table of workflows on this database."""
    return "workflow_status" if dbos._sys_db.engine.dialect.name == "sqlite" else '"dbos".workflow_status'


def hand_back(dbos: DBOS, executors: Sequence[str]) -> int:
    """Put the running workflows of dead executors back on their queues; return how many.

    Not `resume_workflows`: that asks nobody whose they are, forgets how often they were tried, and changes the queue.
    """
    return len(dbos._recover_pending_workflows(list(executors)))


def stop_claiming(dbos: DBOS) -> None:
    """Take nothing new from any queue; what runs goes on."""
    for event in dbos.background_thread_stop_events:
        event.set()


def running_here(dbos: DBOS, queue: str) -> int:
    """Return how many workflows of `queue` this process runs now."""
    return int(dbos._active_workflows_set.count_for_queue(queue))
