"""What somebody has handed over and nobody may have begun: one question for all of it, since it is asked all day long.

Each kind has its own repository with the whole of it; here is only which there are.
"""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import bindparam, literal, select, union_all

from records.document import BatchState
from storage.ground import Ground
from storage.outbox import INDEX
from storage.schema import batches, outbox, signing_batches
from storage.signings import UNFINISHED

_BATCH, _SIGNING, _NOTE, _INDEX = "batch", "signing", "note", "index"
_ONE_TO_INDEX = (
    select(outbox.c.object_id, outbox.c.created_at)
    .where(outbox.c.kind == INDEX, outbox.c.next_at <= bindparam("now"))
    .limit(1)
    .subquery()
)
_ASKED = union_all(
    select(literal(_BATCH).label("what"), batches.c.id, batches.c.created_at.label("at")).where(
        batches.c.state == BatchState.STARTED
    ),
    select(literal(_SIGNING), signing_batches.c.id, signing_batches.c.created_at).where(
        signing_batches.c.state.in_(UNFINISHED)
    ),
    select(literal(_NOTE), outbox.c.object_id, outbox.c.created_at).where(
        outbox.c.kind == bindparam("note"), outbox.c.next_at <= bindparam("now")
    ),
    select(literal(_INDEX), _ONE_TO_INDEX.c.object_id, _ONE_TO_INDEX.c.created_at),
)
"""Put together once: to build a statement costs more than to ask it."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Ids of deliveries that were started and of papers to be signed by the engine that are not at their end, oldest
    first; `noted`: whether a note of the kind asked for is due; `indexing`: whether the index misses something.
    """

    batches: tuple[str, ...]
    signings: tuple[str, ...]
    noted: bool
    indexing: bool = False


class Waiting:
    """The question."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def look(self, note: str) -> Waits:
        """Return what waits, and whether the outbox has something of the kind `note` to be done now."""
        found: dict[str, list[str]] = defaultdict(list)
        asked = {"note": note, "now": self._ground.clock.now()}
        rows = self._ground.connection.execute(_ASKED, asked).all()
        for what, name, _ in sorted(rows, key=lambda row: (row[2], row[1])):
            found[what].append(name)
        return Waits(tuple(found[_BATCH]), tuple(found[_SIGNING]), bool(found[_NOTE]), bool(found[_INDEX]))
