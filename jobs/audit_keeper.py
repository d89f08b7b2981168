"""Keep the audit log provable: sign its head on a schedule, have it time-stamped, put it where nobody overwrites it.

Several processes may hold a keeper; a lease lets one work at a time. Every part begins again where a killed one
stopped: a head is a row, bytes in the store are the same bytes the second time, and what is done is noted last.
A head is only ever signed over a log that grew out of the head before it. See docs/decisions/0059 and 0060.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from jobs.audit_push import SIGNED, AuditPusher, Patience, keep_tree, tree_at
from records.clock import new_id
from records.errors import ArchiveFault, Away, Conflict
from signing.timestamps import TimeStamps, stamp_answer
from storage.audit import AuditAltered
from storage.audit_segments import events_after
from storage.blobs import BlobStore
from storage.crashpoint import crashpoint
from storage.heads import SignedHead
from storage.tree_notes import AuditKeys
from storage.work import Tx, Work

_log = logging.getLogger("vanthu.audit")

EVENTS = 1_000
"""So many events without a head make one due."""

EVERY = timedelta(minutes=5)
"""So long an event waits for a head at most."""

STAMP_EVERY = timedelta(hours=23)
"""Once a day at least; the hour in hand is for an authority that is away for a while."""

_STAMP, _STAMP_REST = "time-stamp", timedelta(minutes=10)
_LOG, _LOG_REST = "log", timedelta(minutes=5)
_LEASE, _LEASE_SECONDS = "audit-keeper", 60.0  # a round takes seconds; two at once do no harm


class AuditKeeper:
    """Keeps one log. Not for two threads at once; two processes are kept apart by the lease."""

    def __init__(
        self, work: Work, store: BlobStore, keys: AuditKeys, stamps: TimeStamps, folder: Path
    ) -> None:
        """`store` is the second store (the only one when there is no second); `folder` takes files on their way.

        `stamps` should give up within seconds: a round waits for it.
        """
        self._work, self._store, self._keys, self._stamps = work, store, keys, stamps
        self._patience = Patience(work.clock)
        self._pusher = AuditPusher(work, store, keys, folder, self._patience)
        self._me = new_id()

    def round(self) -> None:
        """Do what is due: sign a head, push, stamp. Cheap when nothing is; call it every few seconds.

        Raises `AuditAltered` when the log is not what was signed: nothing is signed or pushed then, an alarm stands in
        the round `audit-heads`, and it is looked at again every five minutes. Raises `Away` when store or authority
        do not answer; the other parts were done, and this one is tried again later.
        """
        if not self._patience.rested(_LOG, _LOG_REST) or not self._anything_due():
            return
        with self._lease() as mine:
            if not mine:
                return
            away: Away | None = None
            for part in (
                self._pusher.compare,
                self._sign_due,
                self._pusher.push,
                self._stamp,
                self._pusher.push_stamps,
            ):
                try:
                    part()
                except Away as fault:
                    away = away or fault
                except ArchiveFault as fault:
                    self._alarm(fault)
                    raise
            if away is not None:
                raise away

    def head_now(self, *, push: bool = False) -> SignedHead:
        """Sign a head over every event there is, whatever the schedule says, and return it; `push` it too if asked.

        Raises `AuditAltered`, `Conflict` (`audit-keeper-busy`, `audit-empty`), with `push` also `Away`.
        """
        with self._lease() as mine:
            if not mine:
                raise _busy()
            self._sign()
            if push:
                self._pusher.compare()
                self._pusher.push()
        with self._work.reading() as tx:
            head = tx.heads.last()
        if head is None:
            raise Conflict("no events", code="audit-empty", tell="Nhật ký chưa có sự kiện nào để ký.")
        return head

    def take_back(self) -> int:
        """Put back the events that the store holds and the database lacks (after a restore); return how many.

        To be done before anything else writes an event. Raises `AuditAltered` when the log went on differently in
        between (then nothing is changed), `Conflict` (`audit-keeper-busy`), `Away`.
        """
        with self._lease() as mine:
            if not mine:
                raise _busy()
            with self._work.begin() as tx:
                taken = tx.audit.take_back(events_after(self._store, tx.audit.newest()))
            crashpoint("audit-taken-back")
            self._pusher.compare()
        return taken

    def _anything_due(self) -> bool:
        with self._work.reading() as tx:
            return self._head_is_due(tx) or self._pusher.anything_due(tx) or self._unstamped(tx) is not None

    def _head_is_due(self, tx: Tx) -> bool:
        head, newest = tx.heads.last(), tx.audit.newest()
        if head is None:
            return newest > 0
        # a clock that was set back must not stop the heads, so any distance counts
        old = abs(self._work.clock.now() - head.made_at) >= EVERY
        return newest < head.count or newest - head.count >= EVENTS or (newest > head.count and old)

    def _unstamped(self, tx: Tx) -> SignedHead | None:
        """The head that should be stamped now, if any."""
        head, before = tx.heads.last(), tx.heads.last_stamped()
        if head is None or head.stamp is not None or not self._patience.rested(_STAMP, _STAMP_REST):
            return None
        moment = None if before is None else before.stamped_at
        return head if moment is None or abs(self._work.clock.now() - moment) >= STAMP_EVERY else None

    def _sign_due(self) -> None:
        with self._work.reading() as tx:
            due = self._head_is_due(tx)
        if due:
            self._sign()

    def _sign(self) -> None:
        with self._work.reading() as tx:
            head, newest = tx.heads.last(), tx.audit.newest()
            before = tree_at(tx, SIGNED, head, self._keys)
            if newest < before.count:
                raise AuditAltered(f"the log has {newest} events, a head was signed over {before.count}")
            if newest == before.count:
                return
            new = tx.audit.checked(before.count + 1, newest, before.last)
            tree = before.grown(leaf for _, leaf in new)
        note = self._keys.signer.sign_head(tree.count, tree.root())
        crashpoint("audit-head-signed")
        with self._work.begin() as tx:
            last = tx.heads.last()
            if (last and last.count) == (head and head.count):  # else somebody was faster
                tx.heads.add(tree.count, tree.root().hex(), note)
                keep_tree(tx, SIGNED, tree)
        crashpoint("audit-head-kept")

    def _stamp(self) -> None:
        with self._work.reading() as tx:
            head = self._unstamped(tx)
        if head is None:
            return
        with self._patience.asking(_STAMP):
            answer = stamp_answer(self._stamps, head.note.encode())
        crashpoint("audit-stamp-given")
        with self._work.begin() as tx:
            tx.heads.stamped(head.count, answer)
        crashpoint("audit-stamp-kept")

    @contextmanager
    def _lease(self) -> Iterator[bool]:
        with self._work.begin() as tx:
            mine = tx.leases.take(_LEASE, self._me, _LEASE_SECONDS)
        try:
            yield mine
        finally:
            if mine:
                with self._work.begin() as tx:
                    tx.leases.give_back(_LEASE, self._me)

    def _alarm(self, fault: ArchiveFault) -> None:
        _log.error("audit log: %s", fault)
        self._patience.failed(_LOG)
        with self._work.begin() as tx:
            tx.passes.begin(SIGNED)
            tx.passes.alarm(SIGNED, f"{fault.code}: {fault}")


def _busy() -> Conflict:
    return Conflict(
        "another process keeps the audit log now",
        code="audit-keeper-busy",
        tell="Một tiến trình khác đang ký hoặc chuyển nhật ký. Hãy thử lại sau ít phút.",
    )
