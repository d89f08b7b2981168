"""A workflow that runs for the first time has recorded nothing yet, so its steps need not ask what they recorded.

The library asks before every step, two questions in a transaction of their own. The database counts the dispatches of
each workflow in the very statement that claims it (`recovery_attempts`), and a second one is always asked for.
"""

import threading
from collections.abc import Iterable
from typing import Any

from dbos import DBOS


class Firsts:
    """Workflows that this process runs as their first dispatch. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._claimed: set[str] = set()
        self._first: set[str] = set()

    def claimed(self, workflow_ids: Iterable[str]) -> None:
        """Note what was claimed just now; whether it is a first dispatch is not known yet."""
        with self._lock:
            self._claimed.update(workflow_ids)
            self._first.difference_update(self._claimed)

    def seen(self, row: Any) -> None:
        """Note the row of a workflow as read after its claim (a mapping of the library's)."""
        name = row["workflow_uuid"]
        with self._lock:
            if name in self._claimed:
                self._claimed.discard(name)
                # a fork begins with records that it did not make itself
                if row["recovery_attempts"] == 1 and row.get("forked_from") is None:
                    self._first.add(name)

    def ended(self, workflow_id: str) -> None:
        """Forget a workflow."""
        with self._lock:
            self._first.discard(workflow_id)
            self._claimed.discard(workflow_id)

    def is_first(self, workflow_id: str) -> bool:
        """Return whether a workflow runs here as its first dispatch."""
        with self._lock:
            return workflow_id in self._first


def install(dbos: DBOS) -> None:
    """Let the steps of first dispatches begin without asking for a record. After the library's launch."""
    system: Any = dbos._sys_db
    claim, read = system.start_queued_workflows, system.get_workflow_statuses
    recorded, note_outcome = system.check_operation_execution, system.update_workflow_outcome
    firsts = Firsts()

    def claiming(*given: Any, **options: Any) -> Any:
        claimed, stopped_by = claim(*given, **options)
        firsts.claimed(claimed)
        return claimed, stopped_by

    def reading(workflow_ids: list[str]) -> Any:
        rows = read(workflow_ids)
        for row in rows:
            firsts.seen(row)
        return rows

    def unless_first(workflow_id: str, *rest: Any, **options: Any) -> Any:
        return None if firsts.is_first(workflow_id) else recorded(workflow_id, *rest, **options)

    def noting(workflow_id: str, *rest: Any, **options: Any) -> Any:
        firsts.ended(workflow_id)
        return note_outcome(workflow_id, *rest, **options)

    system.start_queued_workflows, system.get_workflow_statuses = claiming, reading
    system.check_operation_execution, system.update_workflow_outcome = unless_first, noting
