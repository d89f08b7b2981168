"""Read every kept byte again within a settable period, and mend what rotted while the other copy still has it.

Where the round stands is in the rows: each object carries when each store was last looked at, so a killed round goes
on with whatever was looked at longest ago. Every object within 90 days is what APTrust and NDSA level 4 ask for.
See docs/howto/fixity.md and docs/decisions/0065.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from records.errors import ArchiveFault, Away
from storage.canonical import Scalar
from storage.crashpoint import crashpoint
from storage.mending import Event, Finding, Mended, Mender
from storage.objects import KeptObject, ObjectState, Side
from storage.pace import Pace
from storage.passes import Pass
from storage.progress import PATIENCE, Enough, Turn, got_nowhere
from storage.work import Tx

_BATCH = 100
"""Objects looked at before what was found is written down; a kill repeats at most these."""
_NEIGHBOURS = 200
"""How many objects of the same folder are looked at next after a bad one; each further bad one renews it."""
_DAY = timedelta(days=1)
_EARLY = 0.8
"""An object is due after this part of the period, so that a slow night does not make it late."""


@dataclass(frozen=True, slots=True)
class FixityOptions:
    """`period`: every object is looked at within it. `retry`: how long a bad object rests before it is tried again.

    `fresh`: how old an object is when it is looked at first; it was read back and hashed when it was kept.
    """

    period: timedelta = timedelta(days=90)
    fresh: timedelta = timedelta(0)
    retry: timedelta = timedelta(minutes=15)
    patience: timedelta = PATIENCE

    def check(self) -> "FixityOptions":
        """Return the options when they make sense. Raises `ArchiveFault` (`bad-settings`)."""
        if self.period <= timedelta(0):
            raise ArchiveFault(
                f"fixity period {self.period}",
                code="bad-settings",
                tell="Chu kỳ kiểm tra kho (VANTHU_FIXITY_DAYS) phải lớn hơn 0 ngày.",
            )
        return self


class FixityRound:
    """The round over one store. With `everything` a pass takes in every object once, due or not.

    Progress is an object judged (good, missing or damaged); there is a backlog while an object is due or known bad.
    Mending that is tried and never goes well is an alarm too.
    """

    def __init__(
        self,
        mender: Mender,
        side: Side,
        pace: Pace,
        options: FixityOptions,
        *,
        everything: bool = False,
        prefix: str = "",
    ) -> None:
        """`prefix` tells the passes of a command from those of the standing round."""
        self.name = f"{prefix}fixity{'-all' if everything else ''}:{side.value}"
        self.every = timedelta(0)
        self.side = side
        self.away = ""
        self._mender = mender
        self._work = mender.work
        self._pace = pace
        self._options = options.check()
        self._everything = everything
        self._born = self._work.clock.now()
        self._hot: deque[_HotSpot] = deque()
        self._mended: Counter[str] = Counter()  # since the figures were last written down
        self._failing_since: datetime | None = None  # since when mending was tried and never went well

    def turn(self, enough: Enough) -> Turn:
        """Look at objects, write down what was found and mend what is bad, until told that it is enough."""
        while True:
            ended = self._batch(enough)
            if ended is not Turn.MORE or enough():
                break
        if self._mended:
            with self._work.begin() as tx:
                self._advance(tx, "", {})
        return ended

    def _batch(self, enough: Enough) -> Turn:
        began = self._work.clock.now()
        drawn = self._draw()
        if not drawn:
            self._finish()
            return Turn.DONE
        findings, self.away = self._look(drawn, enough)
        if not findings:
            if self.away:
                got_nowhere(self._work, self.name, self.away, self._options.patience)
                return Turn.WAITING
            return Turn.MORE
        crashpoint("fixity-before-note")
        with self._work.begin() as tx:
            events = self._mender.note(tx, findings)
            self._advance(tx, findings[-1].kept.key, _counted(findings))
            self._mender.tell(tx, [*events, self._batch_event(findings)])
        crashpoint("fixity-after-note")
        if not findings[-1].good:
            self._mend(findings[-1], began)
        return Turn.WAITING if self.away else Turn.MORE

    def due(self) -> int:
        """Return how many objects this pass still has to look at."""
        with self._work.reading() as tx:
            return tx.objects.unchecked(self.side, self._before(tx.passes.get(self.name)), self._kept_by())

    # --- which objects

    def _draw(self) -> list[KeptObject]:
        """Return the next objects: half a batch of known bad ones, then neighbours of one, else the longest unseen."""
        with self._work.reading() as tx:
            standing = tx.passes.get(self.name)
        if self._everything and (standing is None or standing.finished_at is not None):
            with self._work.begin() as tx:
                standing = tx.passes.begin(self.name)  # its beginning says what "everything" is
        with self._work.reading() as tx:
            again = max(self._born, self._work.clock.now() - self._options.retry)
            bad = tx.objects.troubled(self.side, again, _BATCH // 2)
            beside = self._neighbours(tx)
            due = beside or tx.objects.longest_unchecked(
                self.side, self._before(standing), _BATCH - len(bad), kept_by=self._kept_by()
            )
        return list({kept.key: kept for kept in [*bad, *due]}.values())

    def _neighbours(self, tx: Tx) -> list[KeptObject]:
        while self._hot:
            spot = self._hot[0]
            beside = tx.objects.longest_unchecked(
                self.side, spot.since, min(spot.left, _BATCH // 2), spot.folder
            )
            spot.left -= len(beside)
            if not beside or spot.left <= 0:
                self._hot.popleft()
            if beside:
                return beside
        return []

    def _before(self, standing: Pass | None) -> datetime:
        """Return the moment since which an object must have been looked at.

        Never later than now: a clock turned back, or another machine's, must not make the same objects due for ever.
        """
        now = self._work.clock.now()
        if not self._everything:
            return now - self._options.period * _EARLY
        begun = standing is not None and standing.finished_at is None
        return min(standing.started_at, now) if standing is not None and begun else now

    def _kept_by(self) -> datetime | None:
        return None if self._everything else self._work.clock.now() - self._options.fresh

    # --- one batch

    def _look(self, drawn: Iterable[KeptObject], enough: Enough) -> tuple[list[Finding], str]:
        """Judge objects up to the first bad one, or until the turn is over or the store away; say why it is away."""
        findings: list[Finding] = []
        for kept in drawn:
            if not self._pace.begin(enough):
                break
            try:
                finding = self._mender.look(self.side, kept)
            except Away as fault:
                return findings, f"{fault.code}: {fault}"
            self._pace.spent(max(finding.size, 0))
            findings.append(finding)
            if not finding.good:
                break
        return findings, ""

    def _batch_event(self, findings: list[Finding]) -> Event:
        """One event for many objects: the register says of each when it was looked at (PREMIS: fixity check)."""
        told: dict[str, Scalar] = {"store": self.side.value, **_counted(findings)}
        told |= {"from": findings[0].kept.key, "to": findings[-1].kept.key}
        worst = "done" if all(f.good for f in findings) else "damaged"
        return Event("fixity-checked", self.name, worst, told)

    def _mend(self, finding: Finding, began: datetime) -> None:
        end = self._mender.mend(self.side, finding.kept)
        self._mended[end.value] += 1
        if end is Mended.MENDED:
            self._failing_since = None
        elif end is Mended.WAITING:
            self._failing_since = self._failing_since or began
        if finding.kept.state(self.side) is ObjectState.GOOD:  # news, not a loss that is looked at once more
            self._warm(finding.kept.key, began)

    def _warm(self, key: str, since: datetime) -> None:
        """Damage seldom comes alone: look at what lies beside it next, and again as long as more is found there."""
        folder = key.rpartition("/")[0]
        spot = next((spot for spot in self._hot if spot.folder == folder), None)
        if not folder:
            return
        if spot is None:
            self._hot.append(_HotSpot(folder, since, _NEIGHBOURS))
        else:
            spot.left = _NEIGHBOURS

    # --- the pass

    def _advance(self, tx: Tx, cursor: str, counts: Mapping[str, int]) -> None:
        standing = tx.passes.begin(self.name)
        summed = self._summed(standing, counts)
        tx.passes.progress(self.name, cursor or standing.cursor, summed, self._alarm(tx))
        if not self._everything and self._work.clock.now() - standing.started_at >= _DAY:
            self._end(tx, summed)  # figures are of a day, even when work never ends

    def _finish(self) -> None:
        with self._work.reading() as tx:
            standing = tx.passes.get(self.name)
        if standing is None or standing.finished_at is None:
            with self._work.begin() as tx:
                self._end(tx, self._summed(tx.passes.begin(self.name), {}))

    def _summed(self, standing: Pass, counts: Mapping[str, int]) -> dict[str, int]:
        """Return the figures of the pass with what came since."""
        summed = Counter(standing.counts)
        summed.update(counts)
        summed.update(self._mended)
        self._mended.clear()
        return dict(sorted(summed.items()))

    def _end(self, tx: Tx, counts: Mapping[str, int]) -> None:
        late = tx.objects.overdue(self.side, self._work.clock.now() - self._options.period)
        told = [self._alarm(tx)]
        if late:
            told.append(f"{late} objects not looked at for {self._options.period.days} days: read faster")
        tx.passes.finish(self.name, counts, "; ".join(filter(None, told)))

    def _alarm(self, tx: Tx) -> str:
        """Say what a person must do something about: bytes that are gone, a store that takes no mending."""
        lost = tx.objects.count_bad(*self._mender.stores.sides)
        told = [f"{lost} objects that no store holds"] if lost else []
        since = self._failing_since
        if since is not None and self._work.clock.now() - since >= self._options.patience:
            waiting = tx.objects.count_bad(self.side) - lost
            told.append(f"{waiting} objects wait to be mended since {since.isoformat(timespec='seconds')}")
        return "; ".join(told)


@dataclass(slots=True)
class _HotSpot:
    """A folder where damage was found: objects not looked at since `since`, at most `left` of them."""

    folder: str
    since: datetime
    left: int


def _counted(findings: Iterable[Finding]) -> dict[str, int]:
    counts = {"objects": 0, "bytes": 0, "missing": 0, "damaged": 0, "misnoted": 0}
    for finding in findings:
        counts["objects"] += 1
        counts["bytes"] += max(finding.size, 0)
        if finding.good:
            counts["misnoted"] += bool(finding.reason)
        else:
            counts[finding.state.value] += 1
    return counts
