"""Walk the round: start what was handed over, notice what fell over, tell the index what it does not know yet."""

import logging
import threading
from pathlib import Path

from ingest.publish import drain
from ingest.tools import IngestTools
from jobs.engine import Engine
from jobs.walk import Walk
from records.access import SYSTEM
from records.errors import ArchiveFault

_log = logging.getLogger("vanthu.patrol")

_ROUND_SECONDS = 0.5
_INDEX_ROUNDS = 20
_HEAD_ROUNDS = 1200
_FALLEN = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "CANCELLED")


class Patrol:
    """A thread beside the engine. Batches are handed over as rows, so any process can start work here."""

    def __init__(self, engine: Engine, walk: Walk, tools: IngestTools, heads: Path) -> None:
        """`heads` is the folder that keeps the audit log's heads, against which a shortened log would show."""
        self._heads = heads
        self._engine = engine
        self._walk = walk
        self._tools = tools
        self._stop = threading.Event()
        self._known: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="patrol", daemon=True)

    def start(self) -> None:
        """Begin walking."""
        self._thread.start()

    def stop(self) -> None:
        """End after the present round."""
        self._stop.set()
        self._thread.join(timeout=30)

    def round(self, number: int) -> None:
        """One round; `number` decides what is looked at only now and then."""
        with self._tools.work.reading() as tx:
            batches = [b.id for b in tx.batches.unfinished()]
        for batch_id in batches:
            if batch_id not in self._known:
                self._walk.start_batch(batch_id)
                self._known.add(batch_id)
            elif number % _INDEX_ROUNDS == 0:
                self._look_after(batch_id)
        self._known &= set(batches)
        if number % _INDEX_ROUNDS == _INDEX_ROUNDS // 2:
            drain(self._tools)
        if number % _HEAD_ROUNDS == 1:
            self._keep_head()

    def _keep_head(self) -> None:
        """Write the audit log's head of this hour beside the log; copies belong on another machine (docs)."""
        with self._tools.work.reading() as tx:
            head = tx.audit.head()
        self._heads.mkdir(parents=True, exist_ok=True)
        name = self._tools.clock.now().strftime("%Y%m%dT%HZ.json")
        part = self._heads / f".{name}.part"
        part.write_bytes(head.to_json())
        part.replace(self._heads / name)

    def _look_after(self, batch_id: str) -> None:
        """A batch whose workflow fell over must not wait for ever; what it left is kept and can be given again."""
        state = self._engine.state(Walk.batch_workflow(batch_id))
        if state not in _FALLEN:
            return
        _log.error("batch %s: its workflow ended as %s", batch_id, state)
        with self._tools.work.begin() as tx:
            tx.batches.finish(batch_id, f"workflow {state}")
            tx.audit.append(SYSTEM.id, "batch-finished", batch_id, "internal-fault", {"workflow": state})

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(_ROUND_SECONDS):
            number += 1
            try:
                self.round(number)
            except ArchiveFault as fault:
                _log.warning("patrol: %s", fault)
            except Exception:  # noqa: BLE001
                # The patrol is the last one awake: it logs what it met and walks on.
                _log.exception("patrol")
