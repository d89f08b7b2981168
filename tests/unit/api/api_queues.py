"""An engine's view for the door's tests: lists that a test fills, with the promises of the port kept."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from records.access import Actor
from records.errors import Away, Conflict, Missing
from records.queues import DeadLetter, QueueCount, WorkerSeen
from storage.work import Work

FAILED_AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def letter(number: int, kind: str = "document") -> DeadLetter:
    return DeadLetter(
        f"{kind}:{number:032x}",
        kind,
        f"{number:032x}",
        "documents",
        "walk-document: MemoryError: 2 GB",
        5,
        FAILED_AT,
    )


@dataclass
class ListedQueues:
    """Tells what was put into it; `rerun` takes a letter away and writes the event, in one transaction of its own."""

    work: Work
    queues: list[QueueCount] = field(default_factory=list)
    crew: list[WorkerSeen] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    away: bool = False
    hangs: threading.Event | None = None
    _asked: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def counts(self) -> Sequence[QueueCount]:
        self.probe()
        return list(self.queues)

    def workers(self) -> Sequence[WorkerSeen]:
        self.probe()
        return list(self.crew)

    def dead(self, limit: int) -> Sequence[DeadLetter]:
        self.probe()
        return self.letters[:limit]

    def rerun(self, dead_id: str, actor: Actor) -> None:
        self.probe()
        with self._lock:
            if dead_id in self._asked:
                raise Conflict(dead_id, code="rerun-asked", tell="Việc này đã được yêu cầu chạy lại.")
            found = next((each for each in self.letters if each.id == dead_id), None)
            if found is None:
                raise Missing(dead_id)
            self._asked.add(dead_id)
        with self.work.begin() as tx:
            tx.audit.append(actor.id, "walk-again", found.object_id, "asked", {"kind": found.kind})

    def probe(self) -> object:
        if self.hangs is not None:
            self.hangs.wait()
        if self.away:
            raise Away("engine database: gone", code="engine-away", tell="Hàng đợi công việc không trả lời.")
        return "listed"
