"""What a killed process or a stuck worker leaves behind: intents nobody struck off, old drafts, an outbox that stands.

Small rounds beside the large ones of reconcile; each reads by default and tidies only when asked to repair.
"""

from datetime import timedelta

from records.access import SYSTEM
from records.errors import Away
from storage.blobs import BlobFault, BlobStore
from storage.progress import Enough, Turn, got_nowhere
from storage.reconcile import Drift, Kind, ReconcileOptions, Tell
from storage.staging import Staging
from storage.work import Work

_AT_ONCE = 200


class IntentRound:
    """Intents older than an hour: their sender died between the intent and the row. Progress is one looked into."""

    def __init__(
        self, work: Work, blobs: BlobStore, options: ReconcileOptions, tell: Tell, *, prefix: str = ""
    ) -> None:
        self.name = f"{prefix}reconcile:intents"
        self.every = options.every
        self.away = ""
        self._work = work
        self._blobs = blobs
        self._options = options
        self._tell = tell

    def turn(self, enough: Enough) -> Turn:
        """Say what became of the bytes of every dead intent; strike it off when repairing.

        Bytes without a row stay where they are and are then told as orphans.
        """
        self.away = ""
        old = self._work.clock.now() - self._options.intent_age
        with self._work.reading() as tx:
            stale = tx.intents.older_than(old, _AT_ONCE)
            kept = tx.objects.known([intent.key for intent in stale])
        counts = {"stale": len(stale), "with_row": 0, "bytes_only": 0, "nothing": 0, "struck": 0}
        try:
            for intent in stale:
                if intent.key in kept:
                    became = "with_row"
                else:
                    became = "nothing" if self._blobs.size(intent.key) is None else "bytes_only"
                counts[became] += 1
                age = (self._work.clock.now() - intent.created_at).total_seconds() / 3600
                detail = f"{became.replace('_', ' ')}, {age:.0f} hours old, of {intent.actor} for {intent.object_id}"
                self._tell(Drift(Kind.STALE_INTENT, "intents", intent.key, detail))
        except (Away, BlobFault) as fault:
            self.away = f"{fault.code}: {fault}"
            got_nowhere(self._work, self.name, self.away, self._options.patience)
            return Turn.WAITING
        with self._work.begin() as tx:
            standing = tx.passes.begin(self.name)
            if self._options.repair and stale:
                for intent in stale:
                    tx.intents.done(intent.id)
                counts["struck"] = len(stale)
                tx.audit.append(SYSTEM.id, "intents-struck", "", "done", counts)
            summed = {name: standing.counts.get(name, 0) + count for name, count in counts.items()}
            if counts["struck"] == _AT_ONCE:
                tx.passes.progress(self.name, "", summed)
                return Turn.MORE
            tx.passes.finish(self.name, summed)
        return Turn.DONE


class StagingRound:
    """Drafts between two workers. Progress is the list read to its end; those left for a week belong to nobody."""

    def __init__(
        self, work: Work, staging: Staging, options: ReconcileOptions, tell: Tell, *, prefix: str = ""
    ) -> None:
        self.name = f"{prefix}reconcile:staging"
        self.every = options.every
        self.away = ""
        self._work = work
        self._staging = staging
        self._options = options
        self._tell = tell

    def turn(self, enough: Enough) -> Turn:
        """Count the drafts; drop the old ones when repairing, the only thing that any round ever deletes."""
        self.away = ""
        counts = {"held": 0, "old": 0, "dropped": 0}
        try:
            for name, age in self._staging.names():
                counts["held"] += 1
                if timedelta(seconds=age) < self._options.staging_age:
                    continue
                counts["old"] += 1
                self._tell(Drift(Kind.OLD_STAGING, "staging", name, f"{age / 86_400:.1f} days old"))
                if self._options.repair:
                    self._staging.drop(name)
                    counts["dropped"] += 1
        except (Away, BlobFault) as fault:
            self.away = f"{fault.code}: {fault}"
            got_nowhere(self._work, self.name, self.away, self._options.patience)
            return Turn.WAITING
        with self._work.begin() as tx:
            tx.passes.begin(self.name)
            tx.passes.finish(self.name, counts)
        return Turn.DONE


class OutboxRound:
    """The notes of what must still happen. Progress is exactly this: a note that stood at the last look is gone.

    So an index that refuses every write is an alarm after an hour, however busy its workers look, and one note that
    always fails beside others that go through is not (it is in `failing`).
    """

    def __init__(self, work: Work, options: ReconcileOptions, *, prefix: str = "") -> None:
        self.name = f"{prefix}reconcile:outbox"
        self.every = timedelta(minutes=1)
        self.away = ""
        self._work = work
        self._options = options

    def turn(self, enough: Enough) -> Turn:
        """Compare the backlog with that of the last look that saw progress."""
        self.away = ""
        with self._work.reading() as tx:
            standing = tx.passes.get(self.name)
            upto, stood = map(int, standing.cursor.split(":")) if standing and standing.cursor else (0, 0)
            left = tx.outbox.waiting_upto(upto)
            backlog, newest = tx.outbox.backlog(), tx.outbox.newest()
        counts = {"waiting": backlog.waiting, "failing": backlog.failing}
        cursor = f"{newest}:{backlog.waiting}"
        if standing is not None and (standing.cursor, standing.counts) == (cursor, counts) and not stood:
            return Turn.DONE
        if not stood or left < stood:
            with self._work.begin() as tx:
                tx.passes.begin(self.name)
                tx.passes.progress(self.name, cursor, counts)
            return Turn.DONE
        self.away = f"{stood} notes wait and none was done"
        if standing is not None and standing.counts != counts:
            with self._work.begin() as tx:
                tx.passes.counted(self.name, counts)
        got_nowhere(self._work, self.name, self.away, self._options.patience)
        return Turn.WAITING
