"""What stands in the queues, who works, what was given up: read from the engine's database by any process.

The library's own listing loads every row; counting in the database keeps an operator's look cheap on a long queue.
"""

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from jobs.crew import WORKER, workers
from jobs.engine import EngineAddress
from jobs.walk_ids import Owner, owner_of
from records.access import Actor
from records.errors import Away, Conflict, Missing
from records.queues import DeadLetter, JobState, QueueCount, WorkerSeen
from storage.engine_pool import open_pool
from storage.outbox import AGAIN
from storage.work import Work

_STATES: dict[str, JobState] = {
    "ENQUEUED": "waiting",
    "DELAYED": "waiting",
    "PENDING": "running",
    "ERROR": "failed",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "failed",
}
_DEAD = "('ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')"
_SHOWN_ERROR = 300
_MOST_LETTERS = 1000
_PARTS = 20
"""Dead parts looked through for each letter shown: a document may have many pages that fell."""


class EngineView:
    """The port `QueueView` of the HTTP door over the engine's database. Safe between threads."""

    def __init__(self, address: EngineAddress, work: Work) -> None:
        self._address = address
        self._work = work
        self._pool: Any = None

    def counts(self) -> Sequence[QueueCount]:
        """Return how many jobs of each queue wait, run and were given up, and the age of the oldest."""
        rows = self._rows(
            "SELECT queue_name, status, COUNT(*), MIN(created_at) FROM {workflow_status} "
            "WHERE queue_name IS NOT NULL AND status IN ('ENQUEUED', 'DELAYED', 'PENDING', 'ERROR', "
            "'MAX_RECOVERY_ATTEMPTS_EXCEEDED') GROUP BY queue_name, status ORDER BY queue_name, status"
        )
        now = datetime.now(UTC).timestamp()
        found: dict[tuple[str, JobState], tuple[int, float]] = {}
        for queue, status, count, oldest in rows:
            state = _STATES[status]
            before, age = found.get((queue, state), (0, 0.0))
            found[queue, state] = (before + count, max(age, now - int(oldest) / 1000))
        return [QueueCount(queue, state, count, age) for (queue, state), (count, age) in found.items()]

    def workers(self) -> Sequence[WorkerSeen]:
        """Return every worker heard of in the last hour, with the queues it serves."""
        with self._work.reading() as tx:
            leases = tx.leases.all(WORKER)
        return [
            WorkerSeen(lease.holder, told.get("host", ""), tuple(told.get("services", ())), lease.left)
            for lease, told in workers(leases)
        ]

    def dead(self, limit: int) -> Sequence[DeadLetter]:
        """Return what was given up and not tried again since, newest first; a page's trouble is its document's."""
        return [letter for _, letter in self._letters(limit)]

    def rerun(self, dead_id: str, actor: Actor) -> None:
        """Ask for another try. Raises `Missing` (nothing of that name was given up), `Conflict` (asked already)."""
        owner = next((owner for owner, letter in self._letters(_MOST_LETTERS) if letter.id == dead_id), None)
        if owner is None:
            raise Missing(
                f"no dead letter {dead_id}",
                tell="Không có việc hỏng nào mang mã này, hoặc việc đã được chạy lại.",
            )
        with self._work.begin() as tx:
            if tx.outbox.noted(AGAIN, owner.object_id):
                raise Conflict(
                    f"{dead_id} waits for its next try",
                    code="rerun-asked",
                    tell="Việc này đã được yêu cầu chạy lại và đang chờ đến lượt.",
                )
            # the number of the try makes the patrol's part repeatable
            tx.outbox.add(AGAIN, owner.object_id, {"kind": owner.kind, "attempt": owner.attempt + 1})
            tx.audit.append(actor.id, "walk-again", owner.object_id, "asked", {"kind": owner.kind})

    def _letters(self, limit: int) -> list[tuple[Owner, DeadLetter]]:
        rows = self._rows(
            "SELECT s.workflow_uuid, s.name, s.queue_name, o.error, s.recovery_attempts, s.updated_at "  # noqa: S608
            "FROM {workflow_status} s LEFT JOIN {workflow_output} o ON o.workflow_uuid = s.workflow_uuid "
            f"WHERE s.status IN {_DEAD} ORDER BY s.updated_at DESC LIMIT {int(limit) * _PARTS}"
        )
        newest: dict[Owner, tuple[Owner, DeadLetter]] = {}
        for name, flow, queue, error, attempts, at in rows:
            owner = owner_of(str(name))
            if owner is None:
                continue
            told = DeadLetter(
                id=f"{owner.kind}:{owner.object_id}",
                kind=owner.kind,
                object_id=owner.object_id,
                queue=str(queue or ""),
                error=f"{flow}: {_first_line(error)}",
                attempts=int(attempts or 0),
                failed_at=datetime.fromtimestamp(int(at) / 1000, UTC),
            )
            known = newest.get(owner.first_try())
            if known is None or known[0].attempt < owner.attempt:
                newest[owner.first_try()] = (owner, told)
        later = self._begun(owner.next_try() for owner, _ in newest.values())
        return [(owner, told) for owner, told in newest.values() if owner.next_try() not in later][:limit]

    def probe(self) -> str:
        """Return one line about the engine's database. Raises `Away`."""
        self._rows("SELECT 1 FROM {workflow_status} WHERE 1 = 0")
        return "engine database answers"

    def close(self) -> None:
        """Let go of the connections."""
        if self._pool is not None:
            self._pool.dispose()

    def _begun(self, names: Iterable[str]) -> set[str]:
        """Return those of these workflow ids that exist."""
        told = [f"'{name}'" for name in names if all(c.isalnum() or c in ":-_" for c in name)]
        if not told:
            return set()
        wanted = f"WHERE workflow_uuid IN ({', '.join(told)})"
        rows = self._rows("SELECT workflow_uuid FROM {workflow_status} " + wanted)  # noqa: S608  checked letters only
        return {str(row[0]) for row in rows}

    def _rows(self, statement: str) -> list[Any]:
        if self._pool is None:
            self._pool = open_pool(self._address.url, self._address.password, 2)
        for table in ("workflow_status", "workflow_output"):
            statement = statement.replace(
                f"{{{table}}}", f'"dbos".{table}' if self._address.shared else table
            )
        try:
            with self._pool.connect() as connection:
                return list(connection.exec_driver_sql(statement))
        except Exception as fault:
            raise Away(
                f"engine database: {type(fault).__name__}: {str(fault).splitlines()[0]}",
                code="engine-away",
                tell="Chưa xem được hàng đợi công việc: cơ sở dữ liệu của hàng đợi không trả lời. Hãy thử lại sau.",
            ) from fault


def _first_line(error: Any) -> str:
    """Return the first line of what an exception said, as the engine's serializer wrote it down."""
    text = str(error or "")
    with suppress(ValueError):
        told = json.loads(text)
        if isinstance(told, dict):
            text = str(told.get("message", ""))
    lines = text.strip().splitlines()
    return lines[0][:_SHOWN_ERROR] if lines else ""
