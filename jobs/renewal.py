"""Renew archive time stamps before they lose their force: every night, a little at a time, whatever is due.

A round like fixity (jobs/rounds.py): where it stands is in the rows, so a killed one goes on. First it reads until when
each file can be proven where that is not on record (new files, restored ones, those of older versions), then it renews
what is due, the most urgent first. What it shares with the completion of seals is in `sealed_files.py`.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ingest.renewed import Why
from ingest.tools import IngestTools
from jobs.sealed_files import Read, SealedFilesRound, Written, stamp_told
from records.errors import ArchiveFault, Away
from signing.renew import NotRenewable, RenewalUseless, Renewed
from signing.seal import LEVEL
from storage.canonical import Scalar
from storage.crashpoint import crashpoint
from storage.pace import Pace
from storage.passes import Pass
from storage.progress import PATIENCE, Enough, Turn
from storage.seal_life import SealedFile
from storage.work import Tx

_STRETCH = 200
"""Documents looked at between two notes of how far the reading has come."""
_READ = "\U0010ffff"
"""The cursor of a pass whose reading is through: behind every id."""
_DAY, _NONE = timedelta(days=1), timedelta(0)
_LATE = timedelta(days=30)
"""A file that is due for longer than this is an alarm: five months are left, and something is in the way."""


@dataclass(frozen=True, slots=True)
class RenewalTools:
    """What the round is handed. `renew(source, out)` and `read(path)` run in children: the files are foreign by then.

    `renew` raises `NotRenewable`, `RenewalUseless`, `Away`; `read` raises `NotProvable`.
    """

    ingest: IngestTools
    renew: Callable[[Path, Path], Renewed]
    read: Read


class RenewalRound(SealedFilesRound):
    """One pass a night over what is due. See `storage.progress.Round`."""

    def __init__(
        self,
        tools: RenewalTools,
        pace: Pace,
        *,
        due_before: datetime | None = None,
        patience: timedelta = PATIENCE,
        prefix: str = "",
    ) -> None:
        """`due_before`: renew what is due by then (default: now). `prefix` tells a command's passes from ours."""
        super().__init__(Why.RENEWAL, tools.ingest, tools.read, pace, prefix=prefix, patience=patience)
        self._renew = tools.renew
        self._due_before = due_before

    def due(self) -> int:
        """Return how many files are due."""
        with self._work.reading() as tx:
            return tx.seal_lives.count_due(self._by())

    def _by(self) -> datetime:
        return self._due_before or self._work.clock.now()

    def _go(self, standing: Pass, enough: Enough) -> Turn:
        if standing.cursor != _READ:
            return self._read_some(standing, enough)
        return self._renew_some(standing, enough)

    def _stops(self, fault: ArchiveFault) -> bool:
        return isinstance(fault, (Away, RenewalUseless))

    def _is_odd(self, fault: ArchiveFault) -> bool:
        return isinstance(fault, NotRenewable) or super()._is_odd(fault)

    # --- until when each file can be proven

    def _read_some(self, standing: Pass, enough: Enough) -> Turn:
        with self._work.reading() as tx:
            stretch = tx.seal_lives.stretch(standing.cursor, _STRETCH)
        counts: Counter[str] = Counter()
        cursor = standing.cursor
        try:
            for file in stretch:
                if not file.known:
                    if not self._pace.begin(enough):
                        break
                    counts[self._read_one(file)] += 1
                    self._pace.spent(file.pdf.size)
                cursor = file.document_id
            else:
                cursor = cursor if len(stretch) == _STRETCH else _READ
        finally:
            if counts or cursor != standing.cursor:  # a store that is away is no progress
                self._advance(cursor, counts)
        return Turn.MORE

    # --- renewing

    def _renew_some(self, standing: Pass, enough: Enough) -> Turn:
        while True:
            if not self._pace.begin(enough):
                return Turn.MORE
            if self._work.clock.now() - standing.started_at >= _DAY:
                return self._finish(_NONE)  # new files must be read, also while there is always more to renew
            with self._work.reading() as tx:
                due = tx.seal_lives.due(self._by(), standing.started_at, 1)
                file = tx.seal_lives.file(due[0].document_id) if due else None
            if not due:
                return self._finish(_DAY)
            if file is None:
                self._waits(due[0].document_id, "no sealed file in the books")
                continue
            if (
                file.level != LEVEL
            ):  # its first archive time stamp is still to come, and comes with its completion
                self._waits(file.document_id, "waits for its completion")
                continue
            # another version than the books of its life know: a renewal was killed behind its very end
            work = self._renew_one if file.version == due[0].version else self._read_one
            ended = work(file)
            if ended == "unread":
                self._waits(file.document_id, "its bytes cannot be read now")
            self._advance(_READ, Counter({ended: 1}))
            self._pace.spent(file.pdf.size)

    def _renew_one(self, file: SealedFile) -> str:
        return self._bring_on(file, self._write, "renewed")

    def _write(self, old: Path, out: Path) -> Written:
        crashpoint("renewal-before-stamp")
        made = self._renew(old, out)
        crashpoint("renewal-after-stamp")
        return Written(made.sha256, made.size, made.level, made.sealed_at, made.provable, _told(made))

    def _alarm(self, tx: Tx) -> str:
        """Say what a person must do something about."""
        late = tx.seal_lives.count_due(self._work.clock.now() - _LATE)
        listed = tx.seal_lives.count_listed()
        told = [f"{late} files due for renewal for more than {_LATE.days} days"] if late else []
        if listed:
            told.append(f"{listed} files do not pass the check and are not renewed")
        return "; ".join(told)


def _told(made: Renewed) -> dict[str, Scalar]:
    before = made.before.until.isoformat(timespec="seconds")
    return {"level": made.level, **stamp_told(made.provable), "provable_until_before": before}
