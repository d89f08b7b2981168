"""The door to DBOS: durable workflows on one database, recorded step by step, resumed after a kill.

Only `jobs/engine*.py` import dbos (pinned; decisions 0002 and 0046 tell of its gaps). Arguments and results are JSON.
"""

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    Serializer,
    SetEnqueueOptions,
    SetWorkflowID,
)

from jobs import engine_bell, engine_first, engine_gaps, engine_glance
from records.errors import Away, ToolMissing
from records.trace import span
from storage.engine_pool import open_pool

_log = logging.getLogger("vanthu.engine")

Json = Any
LONGEST_WAIT = 300.0
"""Seconds between two tries of a step whose store or tool is away."""
_RESULT_SECONDS = 1.0
"""Between two looks for the result of a workflow that another machine may run, at first."""
_RESULT_SELDOM = 10.0
"""The same for one that takes long."""
APPLICATION_VERSION = "5"
"""Raised by hand when a workflow changes in a way that old, half-run ones cannot follow. It is part of every workflow
id of the walk, so that work half done by an older program is taken up anew from the rows."""
_MOST_RECOVERIES = 100
"""A workflow that was running while its process died this often is a dead letter."""
_POOL = 20


class _JsonSerializer(Serializer):
    """JSON instead of pickle: whoever can write the engine's database must not be able to run code."""

    def name(self) -> str:
        return "vanthu_json"

    def serialize(self, data: Any) -> str:
        if isinstance(data, BaseException):
            data = {"__error__": type(data).__name__, "message": str(data)}
        elif isinstance(data, dict) and set(data) == {"args", "kwargs"}:
            data = {"args": list(data["args"]), "kwargs": dict(data["kwargs"])}
        return json.dumps(data, ensure_ascii=False)

    def deserialize(self, serialized_data: str) -> Any:
        data = json.loads(serialized_data)
        if isinstance(data, dict) and "__error__" in data:
            return WorkflowFailed(f"{data['__error__']}: {data['message']}")
        return data


class WorkflowFailed(Exception):
    """A workflow ended with an error; the message carries the first one's type and text."""


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """A queue and how many of its workflows this process runs at once.

    `poll`: seconds between two looks for work, which bounds the claim rate; `idle`: at most, while there is none.
    """

    name: str
    at_once: int
    poll: float = 0.1
    idle: float = 1.0


@dataclass(frozen=True, slots=True)
class EngineAddress:
    """Where the engine's database is, and its password (never part of the address)."""

    url: str
    password: str = ""

    def __repr__(self) -> str:
        return f"EngineAddress({self.url!r})"

    @property
    def shared(self) -> bool:
        """Whether many machines may work on it."""
        return not self.url.startswith("sqlite")


class Engine:
    """Durable workflows of one process. Register everything, then `launch`; `stop` leaves the rest for next time."""

    def __init__(
        self,
        address: EngineAddress,
        executor: str,
        queues: Sequence[QueueOptions],
        listen: Sequence[str] | None = None,
    ) -> None:
        """`executor` names this process and must be new at every start when the database is shared.

        `queues` are all queues there are; `listen` names those served here (all by default).
        """
        self.executor = executor
        self._queues = tuple(queues)
        served = [q for q in self._queues if listen is None or q.name in listen]
        self._served = {q.name: q for q in served}
        self._names: dict[Callable[..., Json], str] = {}
        self._bell = engine_bell.Bell({q.name: (q.poll, max(q.poll, q.idle)) for q in self._queues})
        self._serializer = _JsonSerializer()
        config: DBOSConfig = {
            "name": "vanthu",
            "application_version": APPLICATION_VERSION,
            "executor_id": executor,
            "serializer": self._serializer,
            "log_level": "WARNING",
            "console_log_level": "WARNING",
            "notification_listener_polling_interval_sec": _RESULT_SECONDS,
            # a waiting workflow holds its thread; with fewer threads than queue places, parents could starve children
            "max_executor_threads": sum(queue.at_once for queue in served) + 32,
        }
        self._pool: Any = None
        if address.shared:
            self._pool = open_pool(address.url, address.password, _POOL)
            config["system_database_engine"] = self._pool
        else:
            _prepare_sqlite(Path(address.url.removeprefix("sqlite:///")))
            config["system_database_url"] = address.url
        logging.getLogger("dbos").setLevel(logging.WARNING)
        self._dbos = DBOS(config=config)
        self._client: DBOSClient | None = None
        self._whole = threading.Event()
        if listen is not None:
            DBOS.listen_queues([queue.name for queue in served])

    def workflow(self, name: str, function: Callable[..., Json]) -> Callable[..., Json]:
        """Register `function` under a stable `name`; it must reach the world only through steps."""

        def run(
            *args: Json,
        ) -> Json:  # DBOS marks the function it is given, and a bound method cannot be marked
            return function(*args)

        registered: Callable[..., Json] = DBOS.workflow(name=name, max_recovery_attempts=_MOST_RECOVERIES)(
            run
        )
        self._names[registered] = name
        return registered

    def launch(self) -> None:
        """Open the database, resume what was running when the last process ended, and serve the queues."""
        engine_gaps.seldom_jobs()
        DBOS.launch()
        engine_gaps.own_places(self._dbos, {q.name: q.at_once for q in self._queues}, self._bell.pace)
        engine_glance.install(self._dbos, [q.name for q in self._queues], self._bell.rings)
        engine_gaps.ask_less(self._dbos)
        engine_gaps.count_claims(self._dbos)
        engine_bell.install(self._dbos, self._bell)
        engine_first.install(self._dbos)
        for queue in self._queues:
            DBOS.register_queue(
                queue.name,
                worker_concurrency=queue.at_once,
                polling_interval_sec=queue.poll,
                on_conflict="always_update",
            )
        engine_gaps.remember_queues(self._dbos)
        self._client = engine_gaps.client_of(self._dbos, self._serializer)
        self._whole.set()

    def stop(self) -> None:
        """End the engine; unfinished workflows resume at the next launch."""
        # every thread that still waits would print a page about what it misses
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        DBOS.destroy(destroy_registry=True)
        if self._pool is not None:
            self._pool.dispose()

    def drain(self, queues: Sequence[str], seconds: float) -> bool:
        """Take nothing new and wait until this process runs nothing of `queues`; return whether that came in time."""
        engine_gaps.stop_claiming(self._dbos)
        until = time.monotonic() + seconds
        while any(engine_gaps.running_here(self._dbos, queue) for queue in queues):
            if time.monotonic() > until:
                return False
            time.sleep(0.1)
        return True

    def start(self, workflow_id: str, workflow: Callable[..., Json], *args: Json) -> None:
        """Start `workflow` under a fixed id; a second start with the same id does nothing."""
        with SetWorkflowID(workflow_id):
            DBOS.start_workflow(workflow, *args)

    def enqueue(
        self, queue: str, priority: int, workflow_id: str, workflow: Callable[..., Json], *args: Json
    ) -> None:
        """Put `workflow` on `queue` under a fixed id. Lower `priority` goes first; it is always given, because an
        unset one would sort before everything (reference: engine pitfalls, no. 5).
        """
        with SetWorkflowID(workflow_id), SetEnqueueOptions(priority=priority):
            DBOS.enqueue_workflow(queue, workflow, *args)
        self._bell.ring(queue)

    def fan_out(
        self,
        name: str,
        queue: str,
        priority: int,
        workflow: Callable[..., Json],
        jobs: Sequence[tuple[str, Sequence[Json]]],
    ) -> None:
        """Put many workflows (fixed id, arguments) on `queue` in one transaction, as the step `name` of this workflow.

        Repeating the step after a kill finds the ids taken and changes nothing.
        """
        flow = self._names[workflow]

        def together() -> Json:
            self._whole.wait()  # the library resumes workflows before its launch returns
            assert self._client is not None  # noqa: S101  made before `_whole`
            told = [(workflow_id, flow, arguments) for workflow_id, arguments in jobs]
            engine_gaps.enqueue_together(self._dbos, self._client, queue, priority, told)
            self._bell.ring(queue)
            return len(told)

        DBOS.run_step({"name": name}, together)

    def step(self, name: str, function: Callable[..., Json], *args: Json) -> Json:
        """Run `function` once inside the current workflow and record its result; a replay returns the record.

        While a store or tool is away (`Away`, `ToolMissing`) the step waits, ever longer up to five minutes and across
        restarts: the world's fault is never the paper's.
        """

        def attempt(*given: Json) -> Json:
            try:
                with span(name):
                    return {"value": function(*given)}
            except (Away, ToolMissing) as fault:
                return {"away": f"{fault.code}: {fault}"}

        wait = 1.0
        while True:
            told = DBOS.run_step({"name": name}, attempt, *args)
            if "value" in told:
                return told["value"]
            _log.warning("step %s waits %.0f s: %s", name, wait, told["away"])
            DBOS.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)

    def sleep(self, seconds: float) -> None:
        """Wait inside a workflow; the wake-up time survives a restart."""
        DBOS.sleep(seconds)

    def result(self, workflow_id: str) -> Json:
        """Wait inside a workflow for another one's result. Raises `WorkflowFailed` when that one failed."""
        over = partial(engine_bell.is_over, self._dbos, workflow_id)
        self._bell.await_end(workflow_id, over, _RESULT_SECONDS, _RESULT_SELDOM)
        try:
            return DBOS.retrieve_workflow(workflow_id, existing_workflow=False).get_result(
                polling_interval_sec=_RESULT_SECONDS
            )
        except WorkflowFailed:
            raise
        except Exception as cause:
            raise WorkflowFailed(str(cause)) from cause

    def state(self, workflow_id: str) -> str | None:
        """Return the engine's word for where a workflow stands, or None when it never began."""
        status = DBOS.get_workflow_status(workflow_id)
        return None if status is None else status.status

    def output(self, workflow_id: str) -> Json:
        """Return what a workflow that ended well answered, None when there is none (yet)."""
        status = DBOS.get_workflow_status(workflow_id)
        return None if status is None or status.status != "SUCCESS" else status.output

    def executors_at_work(self) -> set[str]:
        """Return the names of all processes, living or dead, that hold running workflows."""
        return engine_gaps.executors_at_work(self._dbos)

    def hand_back(self, executors: Sequence[str]) -> int:
        """Put the running workflows of dead processes back on their queues; return how many. Safe to repeat."""
        return engine_gaps.hand_back(self._dbos, executors)


def _prepare_sqlite(path: Path) -> None:
    """Create the file in WAL mode before DBOS opens it: DBOS does not ask for it, and it halves the commits' cost."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
    finally:
        connection.close()
