"""Renew archive time stamps before they lose their force: every night, a little at a time, whatever is due.

A round like fixity (jobs/rounds.py): where it stands is in the rows, so a killed one goes on. First it reads until when
each file can be proven where that is not on record (new files, restored ones, those of older versions), then it renews
what is due, the most urgent first. Nothing is ever marked renewed but in the transaction that admits the new version.
"""

import logging
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ingest.children import ChildDied, ChildStuck
from ingest.renewed import RenewedPdf, admit_renewed, found_in_store, keep_renewed, settle
from ingest.tools import IngestTools
from records.access import SYSTEM
from records.errors import ArchiveFault, Away
from records.outcome import Done, Later
from signing.provable import TSA, NotProvable, ProvableUntil
from signing.renew import NotRenewable, RenewalUseless, Renewed
from storage.canonical import Scalar
from storage.crashpoint import crashpoint
from storage.pace import Pace
from storage.passes import Pass
from storage.progress import PATIENCE, Enough, Turn, got_nowhere
from storage.seal_life import KeptCertificate, LifeState, SealedFile, SealLife
from storage.work import Tx

_log = logging.getLogger("vanthu.renewal")

_STRETCH = 200
"""Documents looked at between two notes of how far the reading has come."""
_READ = "\U0010ffff"
"""The cursor of a pass whose reading is through: behind every id."""
_REST = timedelta(minutes=15)
"""How long the round rests when the time-stamp authority or a store is away; asking more often helps nobody."""
_DAY, _NONE = timedelta(days=1), timedelta(0)
_LATE = timedelta(days=30)
"""A file that is due for longer than this is an alarm: five months are left, and something is in the way."""
_ODD = (NotProvable, NotRenewable, ChildDied, ChildStuck)
"""Faults of the file itself: a person must look."""


@dataclass(frozen=True, slots=True)
class RenewalTools:
    """What the round is handed. `renew(source, out)` and `read(path)` run in children: the files are foreign by then.

    `renew` raises `NotRenewable`, `RenewalUseless`, `Away`; `read` raises `NotProvable`.
    """

    ingest: IngestTools
    renew: Callable[[Path, Path], Renewed]
    read: Callable[[Path], ProvableUntil]


class RenewalRound:
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
        self.name = f"{prefix}renewal"
        self.every = _DAY
        self.away = ""
        self._tools = tools
        self._ingest = tools.ingest
        self._work = tools.ingest.work
        self._pace = pace
        self._due_before = due_before
        self._patience = patience
        self._rest_until: datetime | None = None

    def turn(self, enough: Enough) -> Turn:
        """Read or renew files until told that it is enough."""
        now = self._work.clock.now()
        if self._rest_until is not None and now < self._rest_until:
            got_nowhere(self._work, self.name, self.away, self._patience)
            return Turn.WAITING
        self._rest_until, self.away = None, ""
        with self._work.begin() as tx:
            standing = tx.passes.begin(self.name)
        try:
            if standing.cursor != _READ:
                return self._read_some(standing, enough)
            return self._renew_some(standing, enough)
        except (Away, RenewalUseless) as fault:
            # not the files' doing: nothing is noted of them, and none is asked for again for a while
            self.away = f"{fault.code}: {fault}"
            self._rest_until = now + _REST
            _log.warning("renewal waits: %s", self.away)
            if isinstance(fault, RenewalUseless):
                with self._work.begin() as tx:
                    tx.passes.alarm(self.name, self.away[:500])
            else:
                got_nowhere(self._work, self.name, self.away, self._patience)
            return Turn.WAITING

    def due(self) -> int:
        """Return how many files are due."""
        with self._work.reading() as tx:
            return tx.seal_lives.count_due(self._by())

    def _by(self) -> datetime:
        return self._due_before or self._work.clock.now()

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

    def _read_one(self, file: SealedFile) -> str:
        """Put on record what a file says of itself; return how to count it."""
        folder = self._folder(file)
        try:
            if file.version > 1:
                self._settle(file.document_id)
            self._ingest.blobs.copy_out(file.pdf.key, folder / "read.pdf", file.pdf.sha256)
            provable = self._tools.read(folder / "read.pdf")
        except Away:
            raise
        except _ODD as fault:
            self._list(file, fault)
            return "listed"
        except ArchiveFault as fault:  # bytes lost or damaged: fixity mends them, the next pass reads them
            _log.warning("renewal: %s v%d: %s", file.document_id, file.version, fault)
            return "unread"
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        self._enter(file.document_id, file.version, provable)
        return "read"

    def _enter(self, document_id: str, version: int, provable: ProvableUntil) -> None:
        life, certificates = life_of(document_id, version, provable)
        with self._work.begin() as tx:
            tx.seal_lives.enter(life, certificates)

    def _list(self, file: SealedFile, fault: ArchiveFault) -> None:
        """Keep a file for a person, with what was known of its life before."""
        with self._work.begin() as tx:
            known = tx.seal_lives.get(file.document_id)
            if known is None or known.version != file.version:
                tx.seal_lives.enter(SealLife(file.document_id, file.version, LifeState.LISTED))
            tx.seal_lives.list_for_a_person(file.document_id, f"{fault.code}: {fault}")
            told: dict[str, Scalar] = {
                "version": file.version,
                "sha256": file.pdf.sha256,
                "reason": str(fault)[:300],
            }
            tx.audit.append(SYSTEM.id, "renewal-refused", file.document_id, fault.code, told)

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
            # another version than the books of its life know: a renewal was killed behind its very end
            work = self._renew_one if file.version == due[0].version else self._read_one
            ended = work(file)
            if ended == "unread":
                self._waits(file.document_id, "its bytes cannot be read now")
            self._advance(_READ, Counter({ended: 1}))
            self._pace.spent(file.pdf.size)

    def _renew_one(self, file: SealedFile) -> str:
        try:
            return self._renewed(file)
        except (Away, RenewalUseless):
            raise
        except _ODD as fault:
            self._list(file, fault)
            return "listed"
        except ArchiveFault as fault:
            _log.warning("renewal: %s v%d: %s", file.document_id, file.version, fault)
            self._waits(file.document_id, f"{fault.code}: {fault}")
            return "waiting"

    def _renewed(self, file: SealedFile) -> str:
        told: dict[str, Scalar] = {"adopted": True}
        provable: ProvableUntil | None = None
        kept = found_in_store(self._ingest, file)
        if kept is None:
            folder = self._folder(file)
            try:
                old, out = folder / "old.pdf", folder / "sealed.pdf"
                self._ingest.blobs.copy_out(file.pdf.key, old, file.pdf.sha256)
                crashpoint("renewal-before-stamp")
                made = self._tools.renew(old, out)
                crashpoint("renewal-after-stamp")
                told, provable = _told(made), made.provable
                pdf = RenewedPdf(out, made.sha256, made.size, made.level, made.sealed_at, told)
                outcome = keep_renewed(self._ingest, file, pdf)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            if isinstance(outcome, Later):
                raise Away(outcome.reason)
            if not isinstance(outcome, Done):
                raise ArchiveFault(outcome.reason, code=outcome.code, tell=outcome.tell)
            kept = outcome.value
        admit_renewed(self._ingest, file, kept, told)
        self._settle(file.document_id)
        if provable is not None:
            self._enter(file.document_id, kept.version, provable)
        else:  # found in the store: it tells of itself
            with self._work.reading() as tx:
                adopted = tx.seal_lives.file(file.document_id)
            if adopted is not None:
                self._read_one(adopted)
        return "renewed"

    def _settle(self, document_id: str) -> None:
        outcome = settle(self._ingest, document_id)
        if isinstance(outcome, Later):
            raise Away(outcome.reason)

    def _waits(self, document_id: str, reason: str) -> None:
        with self._work.begin() as tx:
            tx.seal_lives.waits(document_id, reason)

    def _folder(self, file: SealedFile) -> Path:
        folder = self._ingest.work_dir / f"renew-{file.document_id}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    # --- the pass

    def _advance(self, cursor: str, counts: Counter[str]) -> None:
        with self._work.begin() as tx:
            standing = tx.passes.begin(self.name)
            summed = Counter(standing.counts) + counts
            tx.passes.progress(self.name, cursor, dict(sorted(summed.items())), self._alarm(tx))

    def _finish(self, pause: timedelta) -> Turn:
        self.every = pause
        with self._work.begin() as tx:
            standing = tx.passes.begin(self.name)
            tx.passes.finish(self.name, standing.counts, self._alarm(tx))
        return Turn.DONE

    def _alarm(self, tx: Tx) -> str:
        """Say what a person must do something about."""
        late = tx.seal_lives.count_due(self._work.clock.now() - _LATE)
        listed = tx.seal_lives.count_listed()
        told = [f"{late} files due for renewal for more than {_LATE.days} days"] if late else []
        if listed:
            told.append(f"{listed} files do not pass the check and are not renewed")
        return "; ".join(told)


def life_of(
    document_id: str, version: int, provable: ProvableUntil
) -> tuple[SealLife, list[KeptCertificate]]:
    """Return what the books keep of a file's provability."""
    life = SealLife(
        document_id=document_id,
        version=version,
        state=LifeState.CURRENT,
        last_time_stamp=provable.last_time_stamp,
        time_stamps=provable.time_stamps,
        certificate_until=provable.certificate_until,
        algorithm=provable.algorithm,
        algorithm_until=provable.algorithm_until,
        provable_until=provable.until,
        why=provable.why,
        due_at=provable.due_at,
    )
    certificates = [
        KeptCertificate(document_id, c.serial, c.issuer, c.role, c.used_at, c.covered_at)
        for c in provable.certificates
    ]
    return life, certificates


def _told(made: Renewed) -> dict[str, Scalar]:
    """Return what the audit event says of a new time stamp: when, whose, and what it is good for."""
    tsa = [c for c in made.provable.certificates if c.role == TSA]
    return {
        "level": made.level,
        "stamped_at": made.stamped_at.isoformat(timespec="seconds"),
        "tsa_serial": tsa[-1].serial if tsa else "",
        "algorithm": made.provable.algorithm,
        "provable_until": made.provable.until.isoformat(timespec="seconds"),
        "provable_until_before": made.before.until.isoformat(timespec="seconds"),
    }
