"""What the parts of a rebuild share: the stores, what was named on the way, and the question to the log."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingest.manifest import ManifestDamaged, unframed
from records.errors import ArchiveFault
from storage.blobs import BlobKeyRefused, BlobMissing, BlobStore, Measured
from storage.canonical import Scalar
from storage.work import Tx, Work

_MOST_NAMED = 10_000


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something in the stores that was left out, and why."""

    key: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Kept:
    """Something the archive wrote down beside its blobs: its key, what it is, what it tells."""

    key: str
    measured: Measured
    told: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How a rebuild ended: rows by kind, the last number of the log, and everything that was left out.

    `given_until`: the greatest audit number that a receipt in the stores tells of; beyond `log_until` the log is lost.
    """

    counts: Mapping[str, int]
    log_until: int
    given_until: int
    troubles: tuple[Trouble, ...]
    unnamed: int


class Rebuilding:
    """One rebuild under way."""

    def __init__(self, work: Work, blobs: BlobStore) -> None:
        self.work = work
        self.blobs = blobs
        self.log_until = 0
        self.given_until = 0
        self._troubles: list[Trouble] = []
        self._unnamed = 0

    def name(self, key: str, fault: ArchiveFault) -> None:
        """Remember what was left out, and why."""
        if len(self._troubles) < _MOST_NAMED:
            self._troubles.append(Trouble(key, fault.code, str(fault)))
        else:
            self._unnamed += 1

    def counts(self, tx: Tx) -> dict[str, int]:
        """Return how many rows of each kind there are, and how many things were left out."""
        kinds = ("batches", "files", "documents", "pages", "signings", "cases", "numbers")
        rows = {name: tx.catalogue.count(name) for name in kinds}
        troubles = len(self._troubles) + self._unnamed
        return {**rows, "left_out": troubles, "log_until": self.log_until, "given_until": self.given_until}

    def outcome(self) -> Rebuilt:
        """Return how it ended."""
        with self.work.reading() as tx:
            counts = self.counts(tx)
        return Rebuilt(counts, self.log_until, self.given_until, tuple(self._troubles), self._unnamed)


class LogSaysOtherwise(ArchiveFault):
    """Something in the stores contradicts the audit log; the log is chained and signed, so it is believed."""

    code = "log-says-otherwise"


def ask_log(tx: Tx, action: str, object_id: str, **wanted: Scalar) -> str | None:
    """Return when the log saw `action` on an object with these details, None when it tells of no such action.

    Raises `LogSaysOtherwise` when it tells of the action with other details only.
    """
    told: list[str] = []
    for event in tx.catalogue.rows("audit", object=object_id, action=action):
        details = json.loads(event["details"])
        if all(details.get(name, value) == value for name, value in wanted.items()):
            return str(event["time"])
        told.append(event["details"])
    if told:
        raise LogSaysOtherwise(f"{action} {object_id}: the log tells of {told[-1][:300]}")
    return None


def read_kept(blobs: BlobStore, key: str, kind: str) -> Kept:
    """Return what the archive wrote down under `key`. Raises `ManifestDamaged`, `BlobFault`, `Away`."""
    found = measured(blobs, key)
    return Kept(key, found, unframed(blobs.read(key, found.sha256), kind))


def measured(blobs: BlobStore, key: str) -> Measured:
    """Return what rests under `key`. Raises as `read_kept`."""
    try:
        found = blobs.measure(key)
    except BlobKeyRefused as fault:
        raise ManifestDamaged(str(fault)) from fault
    if found is None:
        raise BlobMissing(key)
    return found


def as_fault(fault: Exception) -> ArchiveFault:
    """Return `fault` as one of the family: whatever goes wrong with foreign JSON means that it is damaged."""
    return fault if isinstance(fault, ArchiveFault) else ManifestDamaged(f"{type(fault).__name__}: {fault}")
