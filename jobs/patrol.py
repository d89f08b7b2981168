"""Walk the round: start what was handed over, notice what fell over, take up what dead workers left.

Every worker walks; what only one should do is done by the leader (a lease). Each duty's fault is its own: one that
cannot be done now is logged and the others go on.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest.publish import drain
from ingest.tools import IngestTools
from jobs.crew import Crew
from jobs.engine import Engine
from jobs.sign_papers import PaperSigning
from jobs.walk import Walk
from records.access import SYSTEM
from records.document import BatchState
from records.errors import ArchiveFault
from storage.outbox import AGAIN
from storage.waiting import Waits

_log = logging.getLogger("vanthu.patrol")

_ROUND_SECONDS = 0.5
_LOOK_ROUNDS = 20
"""Rounds between two looks at batches that may have fallen."""
_SWEEP_ROUNDS = 8
"""Rounds between two looks for dead workers: 4 s, beside the 30 s that a lease runs on."""
_FALLEN = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "CANCELLED")


@dataclass(frozen=True, slots=True)
class Duty:
    """Something the leader does every so many rounds. `work` does a small slice and returns soon."""

    name: str
    rounds: int
    work: Callable[[], object]


class Patrol:
    """A thread beside the engine. Batches are handed over as rows, so any process can start work here."""

    def __init__(
        self,
        engine: Engine,
        walk: Walk,
        tools: IngestTools,
        crew: Crew,
        duties: Sequence[Duty] = (),
        papers: PaperSigning | None = None,
    ) -> None:
        """`duties` are what the leader does besides: audit heads, fixity, reconcile; `papers` are signed in batches."""
        self._papers = papers
        self._engine = engine
        self._walk = walk
        self._tools = tools
        self._crew = crew
        self._leading = (
            Duty("sweep", _SWEEP_ROUNDS, lambda: crew.sweep(engine)),
            Duty("try again", 2, self._try_again),
            *duties,
        )
        self._stop = threading.Event()
        self._known: set[str] = set()
        self._asked_again = self._to_index = False
        self._thread = threading.Thread(target=self._run, name="patrol", daemon=True)

    def start(self) -> None:
        """Begin walking."""
        self._thread.start()

    def stop(self) -> None:
        """End after the present round."""
        self._stop.set()
        self._thread.join(timeout=30)

    def round(self, number: int) -> None:
        """One round; `number` (from 1) decides what is looked at only now and then."""
        waits = self._guarded("look", self._look)
        if isinstance(waits, Waits):
            self._guarded("hand-over", lambda: self._take_over(waits.batches, number))
            if self._papers is not None:
                papers = self._papers
                self._guarded("papers", lambda: papers.take_over(waits.signings))
            self._asked_again, self._to_index = waits.noted, waits.indexing
        due = [duty for duty in self._leading if number % duty.rounds == 1 % duty.rounds]
        if self._to_index:  # every round: a correction is to be found within a second (decision 0142)
            due.append(Duty("index", 1, lambda: drain(self._tools)))
        if due and self._guarded("lead", self._crew.leads):
            for duty in due:
                self._guarded(duty.name, duty.work)

    def _look(self) -> Waits:
        with self._tools.work.reading() as tx:
            return tx.waiting.look(AGAIN)

    def _take_over(self, batches: Sequence[str], number: int) -> None:
        for batch_id in batches:
            if batch_id not in self._known:
                self._walk.start_batch(batch_id)
                self._known.add(batch_id)
            elif number % _LOOK_ROUNDS == 0:
                self._look_after(batch_id)
        self._known &= set(batches)

    def _try_again(self) -> None:
        """Begin anew what a person asked for; the note is struck off once the engine has it."""
        if not self._asked_again:
            return
        with self._tools.work.reading() as tx:
            due = tx.outbox.due(kind=AGAIN)
        for note in due:
            kind = str(note.payload["kind"])
            if kind == "batch":
                with self._tools.work.begin() as tx:
                    tx.batches.walk_again(note.object_id)
            self._walk.again(kind, note.object_id, int(note.payload["attempt"] or 0))
            with self._tools.work.begin() as tx:
                tx.outbox.done(note.id)

    def _look_after(self, batch_id: str) -> None:
        """A batch whose workflow fell over must not wait for ever; what it left is kept and can be given again."""
        state = self._walk.batch_state(batch_id)
        if state == "SUCCESS":
            # confirmed before the try that ended for people to arrange had come to its end
            self._walk.start_batch(batch_id)
        if state not in _FALLEN:
            return
        _log.error("batch %s: its workflow ended as %s", batch_id, state)
        with self._tools.work.begin() as tx:
            if tx.batches.get(SYSTEM, batch_id).state is BatchState.FINISHED:
                return  # it fell over behind its end
            tx.batches.finish(batch_id, f"workflow {state}")
            tx.audit.append(SYSTEM.id, "batch-finished", batch_id, "internal-fault", {"workflow": state})

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(_ROUND_SECONDS):
            number += 1
            self.round(number)

    def _guarded(self, name: str, work: Callable[[], object]) -> object:
        try:
            return work()
        except ArchiveFault as fault:
            _log.warning("patrol, %s: %s", name, fault)
        except Exception:  # noqa: BLE001
            # The patrol is the last one awake: it logs what it met and walks on.
            _log.exception("patrol, %s", name)
        return None
