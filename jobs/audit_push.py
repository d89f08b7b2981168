"""Put signed heads, the events between them and their time stamps where nobody overwrites them.

Bytes first, the note that they are there last; the same bytes twice are one object, so a killed push is repeated.
Nothing leaves that is not exactly what was signed. See docs/decisions/0060.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from records.clock import Clock
from records.errors import Away
from storage.audit import AuditAltered
from storage.audit_segments import head_key, newest_head, read_whole, segment_key, stamp_key
from storage.audit_tree import Frontier
from storage.blobs import BlobStore, Conflict, Unavailable
from storage.crashpoint import crashpoint
from storage.heads import SignedHead
from storage.tree_notes import AuditKeys, NoteRefused, open_note
from storage.work import Tx, Work

SIGNED, PUSHED = "audit-heads", "audit-push"
"""Rounds (`storage/passes.py`) whose cursors hold the tree as far as it is signed, and as far as it is pushed."""

_STAMPS = "stamps"
_STORE, _STORE_REST = "store", timedelta(minutes=1)


class Patience:
    """Who did not answer is left alone for a while. A clock that is set back does not make it longer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failed: dict[str, datetime] = {}

    def rested(self, who: str, pause: timedelta) -> bool:
        """Return whether `who` may be asked: never failed, or `pause` ago."""
        failed = self._failed.get(who)
        return failed is None or abs(self._clock.now() - failed) >= pause

    def failed(self, who: str) -> None:
        """Remember that `who` failed now."""
        self._failed[who] = self._clock.now()

    @contextmanager
    def asking(self, who: str) -> Iterator[None]:
        """Remember it when `who` turns out to be away."""
        try:
            yield
        except Away:
            self.failed(who)
            raise
        self._failed.pop(who, None)


class AuditPusher:
    """Brings the log to the second store. Its owner sees to it that only one works at a time."""

    def __init__(
        self, work: Work, store: BlobStore, keys: AuditKeys, folder: Path, patience: Patience
    ) -> None:
        self._work, self._store, self._keys = work, store, keys
        self._folder, self._patience = folder, patience
        self._compared = False

    def anything_due(self, tx: Tx) -> bool:
        """Return whether the store lacks something and may be asked."""
        if not self._patience.rested(_STORE, _STORE_REST):
            return False
        return not self._compared or bool(tx.heads.unpushed()) or bool(_unpushed_stamps(tx))

    def compare(self) -> None:
        """Once a process: the newest head in the store must be one of this log (a cut or restored log shows here).

        Raises `AuditAltered`, `Away`.
        """
        if self._compared or not self._patience.rested(_STORE, _STORE_REST):
            return
        with self._patience.asking(_STORE):
            count = newest_head(self._store)
            note = read_whole(self._store, head_key(count)).decode("utf-8", "replace") if count else ""
        if count:
            self._adopt(count, note)
        self._compared = True

    def push(self) -> None:
        """Put every head that waits, oldest first, each after its events. Raises `AuditAltered`, `Away`."""
        if not self._compared or not self._patience.rested(_STORE, _STORE_REST):
            return
        with self._work.reading() as tx:
            waiting = tx.heads.unpushed()
        for head in waiting:
            with self._patience.asking(_STORE):
                self._push_head(head)

    def push_stamps(self) -> None:
        """Put every time stamp whose head rests in the store. Raises `AuditAltered`, `Away`."""
        if not self._compared or not self._patience.rested(_STORE, _STORE_REST):
            return
        with self._work.reading() as tx:
            waiting = _unpushed_stamps(tx)
        for head in waiting:
            with self._patience.asking(_STORE), self._aside() as folder:
                stamp = folder / "stamp"
                stamp.write_bytes(head.stamp or b"")
                self._put(stamp_key(head.count), stamp)
            crashpoint("audit-stamp-stored")
            with self._work.begin() as tx:
                kept = tx.passes.begin(PUSHED)
                tx.passes.progress(PUSHED, kept.cursor, {**kept.counts, _STAMPS: head.count})

    def _adopt(self, count: int, note: str) -> None:
        """Take the store's newest head for ours once the log bears it out; it may be gone from the rows."""
        with self._work.reading() as tx:
            known, newest = tx.heads.get(count), tx.audit.newest()
            if known is not None and known.note == note:
                return
            if newest < count:
                raise AuditAltered(
                    f"the log has {newest} events, the store a head over {count}: "
                    "the others must be taken back from its segments"
                )
            try:
                signed = open_note(note, self._keys.verifiers)
            except NoteRefused as fault:
                raise AuditAltered(f"{head_key(count)}: {fault}") from fault
            tree = Frontier().grown(tx.audit.leaves(1, count))
        if (signed.count, signed.root) != (tree.count, tree.root()):
            raise AuditAltered(f"the first {count} events are not those of the head in the store")
        with self._work.begin() as tx:
            last = tx.heads.last()
            tx.heads.add(count, tree.root().hex(), note)
            tx.heads.pushed(count)
            if last is None or last.count <= count:
                keep_tree(tx, SIGNED, tree)
            keep_tree(tx, PUSHED, tree)

    def _push_head(self, head: SignedHead) -> None:
        with self._aside() as folder:
            with self._work.reading() as tx:
                tree = tree_at(tx, PUSHED, tx.heads.last_pushed(), self._keys)
                first, segment = tree.count + 1, folder / "segment"
                if head.count >= first:
                    events = tx.audit.checked(first, head.count, tree.last)
                    tree = tree.grown(_written(events, segment))
                    if tree.root().hex() != head.root:
                        raise AuditAltered(f"the events up to {head.count} are not those that were signed")
            if head.count >= first:  # else a head older than the newest there: its events are there too
                self._put(segment_key(first, head.count), segment)
            crashpoint("audit-segment-stored")
            note = folder / "note"
            note.write_bytes(head.note.encode())
            self._put(head_key(head.count), note)
        crashpoint("audit-head-stored")
        with self._work.begin() as tx:
            tx.heads.pushed(head.count)
            keep_tree(tx, PUSHED, tree)

    def _put(self, key: str, source: Path) -> None:
        match self._store.put_once(key, source):
            case Conflict(found):
                raise AuditAltered(f"{key}: the store holds other bytes ({found})")
            case Unavailable(why):
                raise Away(f"{key}: {why}", code="store-away")

    @contextmanager
    def _aside(self) -> Iterator[Path]:
        """A folder for files on their way; the disk being full is somebody away, not a bug."""
        try:
            with tempfile.TemporaryDirectory(dir=self._folder, prefix="audit-") as folder:
                yield Path(folder)
        except OSError as fault:
            raise Away(f"{self._folder}: {fault}", code="work-folder-away") from fault


def tree_at(tx: Tx, kept: str, head: SignedHead | None, keys: AuditKeys) -> Frontier:
    """Return the tree under `head`: as the round `kept` holds it, else out of every leaf.

    Raises `AuditAltered` unless it has the root that was signed; so whatever grows from it is consistent with `head`.
    """
    if head is None:
        return Frontier()
    try:
        signed = open_note(head.note, keys.verifiers)
    except NoteRefused as fault:
        raise AuditAltered(f"head {head.count}: {fault}") from fault
    if signed.count != head.count:
        raise AuditAltered(f"head {head.count}: its note is about {signed.count} events")
    found = tx.passes.get(kept)
    try:
        tree = Frontier.from_text(found.cursor if found else "")
    except ValueError:  # never kept, or not ours any more
        tree = Frontier()
    if (tree.count, tree.root()) != (signed.count, signed.root):
        tree = Frontier().grown(tx.audit.leaves(1, signed.count))
    if (tree.count, tree.root()) != (signed.count, signed.root):
        raise AuditAltered(f"the first {signed.count} events are not those that were signed")
    return tree


def keep_tree(tx: Tx, name: str, tree: Frontier) -> None:
    """Note in the round `name` how far the tree has come; this also ends its alarm."""
    kept = tx.passes.begin(name)
    tx.passes.progress(name, tree.to_text(), {**kept.counts, "events": tree.count})


def _unpushed_stamps(tx: Tx) -> list[SignedHead]:
    done = tx.passes.get(PUSHED)
    stamped = tx.heads.stamped_after(0 if done is None else done.counts.get(_STAMPS, 0))
    return [head for head in stamped if head.pushed_at is not None]


def _written(events: Iterator[tuple[bytes, bytes]], target: Path) -> Iterator[bytes]:
    """Write each event's bytes to `target` as a line on the way, and hand its leaf on."""
    with target.open("wb") as file:
        for data, leaf in events:
            file.write(data + b"\n")
            yield leaf
