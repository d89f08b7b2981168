"""Look at one object in one store, note how it is, and mend it from the other store.

What fixity and reconcile share. Every look ends in the register; every change for the worse or the better is an audit
event of its own (PREMIS: fixity check, replication) with store, expected and found SHA-256:
`object-damaged`, `object-mended`, and `object-lost` when no store holds the object any more.
"""

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from records.access import SYSTEM
from records.errors import Away
from storage.blobs import BlobFault, BlobKeyRefused, BlobStore, BlobUnreadable, StoreAway, Unavailable
from storage.canonical import Scalar
from storage.crashpoint import crashpoint
from storage.objects import UNKNOWN_SIZE, KeptObject, ObjectState, Side
from storage.work import Tx, Work

LOG = "audit/"
"""Beginning of the keys under which the audit log is kept; they are in no register and prove nothing of the archive."""
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores as they are, one by one; `copy` is None where there is only one."""

    first: BlobStore
    copy: BlobStore | None = None

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sides there are."""
        return (Side.FIRST,) if self.copy is None else (Side.FIRST, Side.COPY)

    def of(self, side: Side) -> BlobStore:
        """Return the store of a side. Raises KeyError when there is none."""
        if side is Side.FIRST:
            return self.first
        if self.copy is None:
            raise KeyError(side)
        return self.copy

    def other(self, side: Side) -> Side | None:
        """Return the side that can mend this one, None when there is none."""
        return next((other for other in self.sides if other is not side), None)


@dataclass(frozen=True, slots=True)
class Finding:
    """How one store holds one object now. `sha256` is what was found there, "" when nothing could be read.

    `size` is in bytes as found (-1 when nothing could be read). Bytes are judged by their SHA-256: with the right one
    they are good, and a size that the register has otherwise is the register's fault (`reason` says so).
    """

    kept: KeptObject
    side: Side
    state: ObjectState
    sha256: str
    size: int
    reason: str

    @property
    def good(self) -> bool:
        """Whether the store holds the bytes that the archive answers for."""
        return self.state is ObjectState.GOOD


class Mended(StrEnum):
    """How an attempt to mend ended."""

    MENDED = "mended"
    """The good bytes rest there again and were read back, twice."""
    LOST = "lost"
    """No store holds the bytes any more (or there is no other store): a person must bring them from a backup."""
    WAITING = "waiting"
    """Not now: the other store is away, or this one takes nothing. It is tried again."""


class Mender:
    """Looks, notes, mends. `scratch` is a folder for one object on its way from store to store.

    With `refill` an empty store is filled anew; without it an empty store that held objects once counts as away, for
    it is far more likely a disk that is not mounted than a disk that lost everything.
    """

    def __init__(self, work: Work, stores: Stores, scratch: Path, *, refill: bool = False) -> None:
        self.work = work
        self.stores = stores
        self._scratch = scratch
        self._refill = refill
        self._sweep()

    def look(self, side: Side, kept: KeptObject) -> Finding:
        """Read the whole object in the store of `side` and judge it. Raises `Away`."""
        try:
            found = self.stores.of(side).measure(kept.key)
        except BlobUnreadable as fault:
            return Finding(kept, side, ObjectState.DAMAGED, "", UNKNOWN_SIZE, f"unreadable: {fault}")
        except BlobKeyRefused as fault:  # a row that no store can hold must not stop the round for ever
            return Finding(kept, side, ObjectState.MISSING, "", UNKNOWN_SIZE, f"impossible key: {fault}")
        if found is None:
            self._must_hold_something(side)
            return Finding(kept, side, ObjectState.MISSING, "", UNKNOWN_SIZE, "absent")
        if found.sha256 != kept.sha256:
            reason = f"{found.size} bytes with another SHA-256"
            return Finding(kept, side, ObjectState.DAMAGED, found.sha256, found.size, reason)
        wrong = kept.size not in (UNKNOWN_SIZE, found.size)
        reason = f"the register says {kept.size} bytes, there are {found.size}" if wrong else ""
        return Finding(kept, side, ObjectState.GOOD, found.sha256, found.size, reason)

    def note(self, tx: Tx, findings: Sequence[Finding]) -> list["Event"]:
        """Enter findings in the register and return the events that `tell` must append in the same transaction.

        Apart, because the audit log comes after everything that may have to wait for another writer.
        """
        events: list[Event] = []
        quiet: dict[Side, list[str]] = {}
        standing = tx.objects.held([finding.kept.key for finding in findings])
        for finding in findings:
            kept, side = finding.kept, finding.side
            before = standing.get(kept.key)
            if before is None:  # struck from the register since it was drawn
                continue
            if finding.good and before.size == UNKNOWN_SIZE:
                tx.objects.measured(kept.key, finding.size)
            if not finding.good and before.state(side) is ObjectState.GOOD:
                finding = self._still(finding)  # noqa: PLW2901  what is true now is what is noted
            if not finding.good:
                events += self._note_bad(tx, before, finding)
            elif before.state(side) is ObjectState.GOOD:
                quiet.setdefault(side, []).append(kept.key)
            else:
                events.append(self._note_good(tx, before, side, "found-good"))
        for side, keys in quiet.items():
            tx.objects.found_good(keys, side)
        return events

    def _still(self, finding: Finding) -> Finding:
        """Look again at what is about to be called bad: another round may have told of it and mended it since.

        Under the books' lock, so that nobody mends and notes in between; harm is rare enough for that.
        """
        try:
            return self.look(finding.side, finding.kept)
        except Away:
            return finding

    def tell(self, tx: Tx, events: Iterable["Event"]) -> None:
        """Append the events to the audit log."""
        for event in events:
            tx.audit.append(SYSTEM.id, event.action, event.key, event.outcome, event.details)

    def mend(self, side: Side, kept: KeptObject) -> Mended:
        """Bring the good bytes from the other store and read them back; note how it ended."""
        other = self.stores.other(side)
        if other is None:
            return Mended.LOST
        try:
            found = self.look(other, kept)
            if not found.good:
                with self.work.begin() as tx:
                    self.tell(tx, self.note(tx, [found]))
                return Mended.LOST
            problem = self._carry(kept, other, side)
            again = self.look(side, kept)
        except (Away, BlobFault) as fault:
            problem, again = f"{fault.code}: {fault}", None
        with self.work.begin() as tx:
            before = tx.objects.held([kept.key]).get(kept.key, kept)
            if again is not None and again.good:
                if before.state(side) is ObjectState.GOOD:  # two at once, and the other one told of it
                    return Mended.MENDED
                self.tell(tx, [self._note_good(tx, before, side, str(other))])
                return Mended.MENDED
            if before.state(side) is not ObjectState.GOOD:
                why = f"{side} not mended: {problem or 'it gives back other bytes'}"[:_LONGEST_REASON]
                tx.objects.found(kept.key, side, before.state(side), why)
        return Mended.WAITING

    def attend(self, side: Side, key: str) -> Mended | None:
        """Look at one object that somebody complained about, mend it if need be; None when nothing is wrong.

        Raises `Away`.
        """
        with self.work.reading() as tx:
            kept = tx.objects.get(key)
        if kept is None or side not in self.stores.sides:
            return None
        finding = self.look(side, kept)
        with self.work.begin() as tx:
            self.tell(tx, self.note(tx, [finding]))
        return None if finding.good else self.mend(side, kept)

    def _carry(self, kept: KeptObject, source: Side, target: Side) -> str:
        """Copy one object across; return what went wrong, "" when nothing. Raises `Away`, `BlobFault`."""
        try:
            self._scratch.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="mend-", dir=self._scratch) as folder:
                good = Path(folder) / "object"
                self.stores.of(source).copy_out(kept.key, good, kept.sha256)
                crashpoint("mend-before-put")
                told = self.stores.of(target).mend(kept.key, good, kept.sha256)
                crashpoint("mend-after-put")
        except OSError as fault:
            return f"scratch folder: {fault}"
        return told.reason if isinstance(told, Unavailable) else ""

    def _holds_something(self, store: BlobStore) -> bool:
        """Tell whether there is any object but the log, which is pushed into whatever folder stands there."""
        found = next(store.listing(), None)
        if found is not None and found.key.startswith(LOG):
            found = next(store.listing(LOG.removesuffix("/") + "0"), None)  # 0 is the letter after /
        return found is not None

    def _sweep(self) -> None:
        """Remove what a killed mend left behind a day ago; a younger one may still be at work."""
        yesterday = self.work.clock.now().timestamp() - 86_400
        for left in self._scratch.glob("mend-*"):
            with suppress(FileNotFoundError):  # another process swept at the same moment
                if left.stat().st_mtime < yesterday:
                    shutil.rmtree(left)

    def _note_bad(self, tx: Tx, before: KeptObject, finding: Finding) -> Iterator["Event"]:
        side, reason = finding.side, f"{finding.side}: {finding.reason}"[:_LONGEST_REASON]
        tx.objects.found(before.key, side, finding.state, reason)
        if before.state(side) is finding.state:
            return
        told: dict[str, Scalar] = {
            "store": side.value,
            "state": finding.state.value,
            "expected_sha256": before.sha256,
            "found_sha256": finding.sha256,
            "expected_size": before.size,
            "found_size": finding.size,
            "reason": reason,
        }
        yield Event("object-damaged", before.key, finding.state.value, told)
        others = [before.state(other) for other in self.stores.sides if other is not side]
        if before.state(side) is ObjectState.GOOD and ObjectState.GOOD not in others:
            yield Event("object-lost", before.key, "failed", {"expected_sha256": before.sha256})

    def _note_good(self, tx: Tx, before: KeptObject, side: Side, source: str) -> "Event":
        """Note that what was bad is good again: mended from `source`, or by somebody else ("found-good")."""
        other = next(o for o in Side if o is not side)
        still = before.reason if before.state(other) is not ObjectState.GOOD else ""
        tx.objects.found(before.key, side, ObjectState.GOOD, still)
        told: dict[str, Scalar] = {"store": side.value, "source": source, "sha256": before.sha256}
        return Event("object-mended", before.key, "done", told)

    def _must_hold_something(self, side: Side) -> None:
        """An absent object is one thing, a store without any object another."""
        if self._refill or self._holds_something(self.stores.of(side)):
            return
        with self.work.reading() as tx:
            held = side is Side.FIRST or tx.objects.ever_checked(side)
        if held:
            raise StoreAway(
                f"the {side} store is empty: is its disk mounted, is it the right bucket?",
                tell="Kho không có tệp nào dù trước đây có: đĩa chưa gắn hoặc nhầm địa chỉ kho. Hãy kiểm tra đĩa và "
                "cấu hình. Nếu kho thật sự mất hết, chạy `vanthu reconcile --repair` để chép lại từ kho kia.",
            )


@dataclass(frozen=True, slots=True)
class Event:
    """What the audit log will say of one object."""

    action: str
    key: str
    outcome: str
    details: Mapping[str, Scalar]
