"""Give seals that were made at B-T their archive time stamp: every night, a little at a time, whatever still waits.

A bulk run with a slow authority seals with one time stamp a file and leaves the second one to this round. Which files
wait is in the books (the level of the seal), and where a pass stands too, so a killed one goes on. See decision 0087.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ingest.renewed import Why
from ingest.tools import IngestTools
from jobs.sealed_files import Read, SealedFilesRound, Written, stamp_told
from records.errors import ArchiveFault, Conflict, Unfit
from signing.faults import is_ours
from signing.provable import ProvableUntil
from signing.seal import LEVEL, Sealed
from storage.canonical import Scalar
from storage.crashpoint import crashpoint
from storage.pace import Pace
from storage.passes import Pass
from storage.progress import PATIENCE, Enough, Turn
from storage.work import Tx

LONGEST_WAIT = timedelta(days=3)
"""A seal that waits for its archive time stamp for longer is an alarm: nobody else can prove it meanwhile."""
_COUNT_AGAIN = timedelta(hours=1)
"""How old the figure of those that wait too long may be: it looks at every document."""


@dataclass(frozen=True, slots=True)
class CompletionTools:
    """What the round is handed. `complete(source, out)` and `read(path)` run in children.

    `complete` raises as `SigningService.complete`; `read` raises `NotProvable`.
    """

    ingest: IngestTools
    complete: Callable[[Path, Path], Sealed]
    read: Read


class CompletionRound(SealedFilesRound):
    """One pass a night over the files whose seal is not B-LTA yet. See `storage.progress.Round`."""

    def __init__(
        self,
        tools: CompletionTools,
        pace: Pace,
        *,
        longest: timedelta = LONGEST_WAIT,
        patience: timedelta = PATIENCE,
        prefix: str = "",
    ) -> None:
        """`longest`: how long a seal may wait before it is an alarm. `prefix` tells a command's passes from ours."""
        super().__init__(Why.COMPLETION, tools.ingest, tools.read, pace, prefix=prefix, patience=patience)
        self._complete = tools.complete
        self._longest = longest
        self._counted: tuple[datetime, int] | None = None

    def waiting(self) -> int:
        """Return how many files wait for their archive time stamp."""
        with self._work.reading() as tx:
            return tx.seal_lives.count_incomplete(LEVEL)

    def _go(self, standing: Pass, enough: Enough) -> Turn:
        cursor = standing.cursor
        while True:
            if not self._pace.begin(enough):
                return Turn.MORE
            with self._work.reading() as tx:
                found = tx.seal_lives.incomplete(LEVEL, cursor, 1)
            if not found:
                return self._finish(timedelta(days=1))
            (file,) = found
            ended = self._bring_on(file, self._write, "completed")
            cursor = file.document_id
            self._advance(cursor, Counter({ended: 1}))
            self._pace.spent(file.pdf.size)

    def _write(self, old: Path, out: Path) -> Written:
        crashpoint("completion-before-stamp")
        made = self._complete(old, out)
        crashpoint("completion-after-stamp")
        provable = self._read(out)
        return Written(made.sha256, made.size, made.level, made.signed_at, provable, _told(made, provable))

    def _stops(self, fault: ArchiveFault) -> bool:
        return is_ours(fault)

    def _is_odd(self, fault: ArchiveFault) -> bool:
        refused = isinstance(fault, (Conflict, Unfit)) or fault.code == "seal-not-valid"
        return refused or super()._is_odd(fault)

    def _alarm(self, tx: Tx) -> str:
        now = self._work.clock.now()
        if self._counted is None or not timedelta(0) <= now - self._counted[0] < _COUNT_AGAIN:
            self._counted = now, tx.seal_lives.count_incomplete(LEVEL, now - self._longest)
        late = self._counted[1]
        days = self._longest / timedelta(days=1)
        return f"{late} files wait for their archive time stamp for more than {days:g} days" if late else ""

    def _finish(self, pause: timedelta) -> Turn:
        self._counted = None
        return super()._finish(pause)


def _told(made: Sealed, provable: ProvableUntil) -> dict[str, Scalar]:
    return {"level": made.level, **stamp_told(provable)}
