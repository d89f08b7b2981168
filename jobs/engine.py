"""The door to DBOS: durable workflows on one database, recorded step by step, resumed after a kill.

Only this file imports dbos (pinned; see docs/decisions on the engine for its gaps). Arguments and results are JSON.
"""

import json
import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dbos import (
    DBOS,
    DBOSConfig,
    Serializer,
    SetEnqueueOptions,
    SetWorkflowID,
)

from records.errors import Away, ToolMissing

_log = logging.getLogger("vanthu.engine")

Json = Any
LONGEST_WAIT = 300.0
"""Seconds between two tries of a step whose store or tool is away."""
_POLL_SECONDS = 0.1
_APPLICATION_VERSION = "1"
"""Raised by hand when a workflow changes in a way that old, half-run ones cannot follow."""
_MOST_RECOVERIES = 1000
"""Heavy work runs in child processes, so a poison page cannot take the engine down; power cuts may well repeat."""


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
    """A queue and how many of its workflows this process runs at once; `poll` in seconds bounds the claim rate."""

    name: str
    at_once: int
    poll: float = 0.1


class Engine:
    """Durable workflows of one process. Register everything, then `launch`; `stop` leaves the rest for next time."""

    def __init__(self, database_url: str, executor: str, queues: Sequence[QueueOptions]) -> None:
        self._queues = tuple(queues)
        config: DBOSConfig = {
            "name": "vanthu",
            "system_database_url": database_url,
            "application_version": _APPLICATION_VERSION,
            "executor_id": executor,
            "serializer": _JsonSerializer(),
            "log_level": "WARNING",
            "console_log_level": "WARNING",
            "notification_listener_polling_interval_sec": _POLL_SECONDS,
            # a waiting workflow holds its thread; with fewer threads than queue places, parents could starve children
            "max_executor_threads": sum(queue.at_once for queue in queues) + 32,
        }
        if database_url.startswith("sqlite:///"):
            _prepare_sqlite(Path(database_url.removeprefix("sqlite:///")))
        logging.getLogger("dbos").setLevel(logging.WARNING)
        DBOS(config=config)

    def workflow(self, name: str, function: Callable[..., Json]) -> Callable[..., Json]:
        """Register `function` under a stable `name`; it must reach the world only through steps."""

        def run(
            *args: Json,
        ) -> Json:  # DBOS marks the function it is given, and a bound method cannot be marked
            return function(*args)

        registered: Callable[..., Json] = DBOS.workflow(name=name, max_recovery_attempts=_MOST_RECOVERIES)(
            run
        )
        return registered

    def launch(self) -> None:
        """Open the database, resume what was running when the last process ended, and serve the queues."""
        DBOS.launch()
        for queue in self._queues:
            DBOS.register_queue(
                queue.name,
                worker_concurrency=queue.at_once,
                polling_interval_sec=queue.poll,
                on_conflict="always_update",
            )

    def stop(self) -> None:
        """End the engine; unfinished workflows resume at the next launch."""
        # every thread that still waits would print a page about what it misses
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        DBOS.destroy(destroy_registry=True)

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

    def step(self, name: str, function: Callable[..., Json], *args: Json) -> Json:
        """Run `function` once inside the current workflow and record its result; a replay returns the record.

        While a store or tool is away (`Away`, `ToolMissing`) the step waits, ever longer up to five minutes and across
        restarts: the world's fault is never the paper's.
        """

        def attempt(*given: Json) -> Json:
            try:
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
        try:
            return DBOS.retrieve_workflow(workflow_id, existing_workflow=False).get_result(
                polling_interval_sec=_POLL_SECONDS
            )
        except WorkflowFailed:
            raise
        except Exception as cause:
            raise WorkflowFailed(str(cause)) from cause

    def state(self, workflow_id: str) -> str | None:
        """Return the engine's word for where a workflow stands, or None when it never began."""
        status = DBOS.get_workflow_status(workflow_id)
        return None if status is None else status.status


def _prepare_sqlite(path: Path) -> None:
    """Create the file in WAL mode before DBOS opens it: DBOS does not ask for it, and it halves the commits' cost."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
    finally:
        connection.close()
