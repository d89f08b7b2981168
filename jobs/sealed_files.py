"""What the rounds over sealed files share: a file is read, gets a further revision as a new version, or is listed.

Nothing is ever marked renewed or completed but in the transaction that admits the new version; a version that a killed
round left whole in the store is taken, not stamped again. What is not the file's doing (a time-stamp authority or a
store that is away, the house's keys) stops the round for a while and is noted of no file.
"""

import logging
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ingest.children import ChildDied, ChildStuck
from ingest.renewed import RenewedPdf, Why, admit_renewed, found_in_store, keep_renewed, settle
from ingest.tools import IngestTools
from records.access import SYSTEM
from records.clock import new_id
from records.errors import ArchiveFault, Away
from records.outcome import Done, Later
from signing.provable import TSA, NotProvable, ProvableUntil
from storage.canonical import Scalar
from storage.pace import Pace
from storage.passes import Pass
from storage.progress import Enough, Turn, got_nowhere
from storage.seal_life import KeptCertificate, LifeState, SealedFile, SealLife
from storage.work import Tx

_log = logging.getLogger("vanthu.sealed")

UNREADABLE = (NotProvable, ChildDied, ChildStuck)
"""Faults of a file that cannot be read: a person must look."""
_REST = timedelta(minutes=15)
"""How long a round rests when the time-stamp authority or a store is away; asking more often helps nobody."""

Read = Callable[[Path], ProvableUntil]
"""Reads in a child until when a file can be proven. Raises `NotProvable`."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file with a further revision: hash, size, level and proven time of its seal, its life, what the log is told."""

    sha256: str
    size: int
    level: str
    sealed_at: datetime
    provable: ProvableUntil
    told: dict[str, Scalar]


class SealedFilesRound:
    """One pass a night over sealed files, a little at a time. See `storage.progress.Round`.

    A round says with `_go` what a turn does, with `_stops` which faults are not the file's doing, with `_is_odd` which
    ones are and want a person, and with `_alarm` what is alarming.
    """

    every = timedelta(days=1)

    def __init__(
        self, why: Why, tools: IngestTools, read: Read, pace: Pace, *, prefix: str, patience: timedelta
    ) -> None:
        """`prefix` tells a command's passes from those of the standing rounds."""
        self.name = f"{prefix}{why}"
        self.away = ""
        self._why = why
        self._ingest = tools
        self._read = read
        self._work = tools.work
        self._pace = pace
        self._patience = patience
        self._rest_until: datetime | None = None

    def turn(self, enough: Enough) -> Turn:
        """Read, renew or complete files until told that it is enough."""
        now = self._work.clock.now()
        if self._rest_until is not None and now < self._rest_until:
            got_nowhere(self._work, self.name, self.away, self._patience)
            return Turn.WAITING
        self._rest_until, self.away = None, ""
        with self._work.begin() as tx:
            standing = tx.passes.begin(self.name)
        try:
            return self._go(standing, enough)
        except ArchiveFault as fault:
            if not self._stops(fault):
                raise
            # not the files' doing: nothing is noted of them, and none is asked for again for a while
            self.away = f"{fault.code}: {fault}"
            self._rest_until = now + _REST
            _log.warning("%s waits: %s", self.name, self.away)
            if isinstance(fault, Away):
                got_nowhere(self._work, self.name, self.away, self._patience)
            else:  # it does not come back by itself
                with self._work.begin() as tx:
                    tx.passes.alarm(self.name, self.away[:500])
            return Turn.WAITING

    def _go(self, standing: Pass, enough: Enough) -> Turn:
        raise NotImplementedError

    def _stops(self, fault: ArchiveFault) -> bool:
        return isinstance(fault, Away)

    def _is_odd(self, fault: ArchiveFault) -> bool:
        return isinstance(fault, UNREADABLE)

    def _alarm(self, tx: Tx) -> str:
        raise NotImplementedError

    # --- one file

    def _read_one(self, file: SealedFile) -> str:
        """Put on record what a file says of itself; return how to count it."""
        folder = self._folder(file)
        try:
            if file.version > 1:
                self._settle(file.document_id)
            self._ingest.blobs.copy_out(file.pdf.key, folder / "read.pdf", file.pdf.sha256)
            provable = self._read(folder / "read.pdf")
        except Away:
            raise
        except UNREADABLE as fault:
            self._list(file, fault)
            return "listed"
        except ArchiveFault as fault:  # bytes lost or damaged: fixity mends them, the next pass reads them
            _log.warning("%s: %s v%d: %s", self.name, file.document_id, file.version, fault)
            return "unread"
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        self._enter(file.document_id, file.version, provable)
        return "read"

    def _bring_on(self, file: SealedFile, write: Callable[[Path, Path], Written], done: str) -> str:
        """Give a file its next version, which `write(old, new)` makes; return `done`, `listed` or `waiting`."""
        try:
            self._next_version(file, write)
            return done
        except ArchiveFault as fault:
            if self._stops(fault):
                raise
            if self._is_odd(fault):
                self._list(file, fault)
                return "listed"
            _log.warning("%s: %s v%d: %s", self.name, file.document_id, file.version, fault)
            self._waits(file.document_id, f"{fault.code}: {fault}")
            return "waiting"

    def _next_version(self, file: SealedFile, write: Callable[[Path, Path], Written]) -> None:
        told: dict[str, Scalar] = {"adopted": True}
        provable: ProvableUntil | None = None
        new = found_in_store(self._ingest, file)
        if new is None:
            folder = self._folder(file)
            try:
                old, out = folder / "old.pdf", folder / "sealed.pdf"
                self._ingest.blobs.copy_out(file.pdf.key, old, file.pdf.sha256)
                made = write(old, out)
                told, provable = made.told, made.provable
                pdf = RenewedPdf(out, made.sha256, made.size, made.level, made.sealed_at, told)
                outcome = keep_renewed(self._ingest, file, pdf)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            if isinstance(outcome, Later):
                raise Away(outcome.reason)
            if not isinstance(outcome, Done):
                raise ArchiveFault(outcome.reason, code=outcome.code, tell=outcome.tell)
            new = outcome.value
        admit_renewed(self._ingest, file, new, self._why, told)
        self._settle(file.document_id)
        if provable is not None:
            self._enter(file.document_id, new.deposited.version, provable)
        else:  # found in the store: it tells of itself
            with self._work.reading() as tx:
                adopted = tx.seal_lives.file(file.document_id)
            if adopted is not None:
                self._read_one(adopted)

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
            tx.audit.append(SYSTEM.id, f"{self._why}-refused", file.document_id, fault.code, told)

    def _waits(self, document_id: str, reason: str) -> None:
        with self._work.begin() as tx:
            tx.seal_lives.waits(document_id, reason)

    def _settle(self, document_id: str) -> None:
        outcome = settle(self._ingest, document_id)
        if isinstance(outcome, Later):
            raise Away(outcome.reason)

    def _folder(self, file: SealedFile) -> Path:
        # a command and the standing round may have the same file in hand; what a kill leaves is swept at the next start
        folder = self._ingest.work_dir / f"{self._why}-{file.document_id}-{new_id()[:8]}"
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


def stamp_told(provable: ProvableUntil) -> dict[str, Scalar]:
    """Return what the log is told of the last archive time stamp of a file: when, whose, and what it is good for."""
    tsa = [c for c in provable.certificates if c.role == TSA]
    stamped = provable.last_time_stamp
    return {
        "stamped_at": stamped.isoformat(timespec="seconds") if stamped is not None else "",
        "tsa_serial": tsa[-1].serial if tsa else "",
        "algorithm": provable.algorithm,
        "provable_until": provable.until.isoformat(timespec="seconds"),
    }
