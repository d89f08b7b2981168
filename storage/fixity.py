"""Read every kept byte again within a settable period, and mend what rotted while the other copy still has it.

Where the round stands is in the rows: each object carries when each store was last looked at, so a killed round goes
on with whatever was looked at longest ago. Every object within 90 days is what APTrust and NDSA level 4 ask for.
See docs/howto/fixity.md and docs/decisions/0065.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from records.errors import ArchiveFault, Away
from storage.canonical import Scalar
from storage.crashpoint import crashpoint
from storage.mending import Event, Finding, Mended, Mender
from storage.objects import KeptObject, Side
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
    """`period`: every object is looked at within it. `retry`: how long a bad object rests before it is tried again."""

    period: timedelta = timedelta(days=90)
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

    def turn(self, enough: Enough) -> Turn:
        """Look at one batch at most, write down what was found, mend what is bad."""
        drawn, ended = self._draw()
        if ended:
            self._finish()
        if not drawn:
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
        self._mend([f for f in findings if not f.good])
        return Turn.WAITING if self.away else Turn.MORE

    def due(self) -> int:
        """Return how many objects this pass still has to look at."""
        with self._work.reading() as tx:
            return tx.objects.unchecked(self.side, self._before(tx.passes.get(self.name)))

    # --- which objects

    def _draw(self) -> tuple[list[KeptObject], bool]:
        """Return the next objects, and whether none is due any more.

        Half of a batch for known bad ones, then the neighbours of a bad one, then those longest unseen.
        """
        with self._work.reading() as tx:
            standing = tx.passes.get(self.name)
        if self._everything and (standing is None or standing.finished_at is not None):
            with self._work.begin() as tx:
                standing = tx.passes.begin(self.name)  # its beginning says what "everything" is
        with self._work.reading() as tx:
            again = max(self._born, self._work.clock.now() - self._options.retry)
            bad = tx.objects.troubled(self.side, again, _BATCH // 2)
            beside = self._neighbours(tx)
            due = tx.objects.longest_unchecked(self.side, self._before(standing), _BATCH - len(bad))
        return list({kept.key: kept for kept in [*bad, *(beside or due)]}.values()), not due

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

    # --- one batch

    def _look(self, drawn: Iterable[KeptObject], enough: Enough) -> tuple[list[Finding], str]:
        """Judge objects until the turn is over or the store is away; return the findings and why it is away."""
        findings: list[Finding] = []
        for kept in drawn:
            self._pace.begin()
            if enough():
                break
            try:
                finding = self._mender.look(self.side, kept)
            except Away as fault:
                return findings, f"{fault.code}: {fault}"
            self._pace.spent(max(finding.size, 0))
            findings.append(finding)
        return findings, ""

    def _batch_event(self, findings: list[Finding]) -> Event:
        """One event for many objects: the register says of each when it was looked at (PREMIS: fixity check)."""
        told: dict[str, Scalar] = {"store": self.side.value, **_counted(findings)}
        told |= {"from": findings[0].kept.key, "to": findings[-1].kept.key}
        worst = "done" if all(f.good for f in findings) else "damaged"
        return Event("fixity-checked", self.name, worst, told)

    def _mend(self, bad: list[Finding]) -> None:
        ends = {"mended": 0, "lost": 0, "waiting": 0}
        for finding in bad:
            end = self._mender.mend(self.side, finding.kept)
            ends[end.value] += 1
            if end is not Mended.WAITING:
                self._warm(finding.kept.key)
        if bad:
            with self._work.begin() as tx:
                self._advance(tx, bad[-1].kept.key, ends)

    def _warm(self, key: str) -> None:
        """Damage seldom comes alone: look at what lies beside it next, and again as long as more is found there."""
        folder, now = key.rpartition("/")[0], self._work.clock.now()
        spot = next((spot for spot in self._hot if spot.folder == folder), None)
        if not folder:
            return
        if spot is None:
            self._hot.append(_HotSpot(folder, now, _NEIGHBOURS))
        else:
            spot.left = _NEIGHBOURS

    # --- the pass

    def _advance(self, tx: Tx, cursor: str, counts: dict[str, int]) -> None:
        standing = tx.passes.begin(self.name)
        names = sorted({*standing.counts, *counts})
        summed = {name: standing.counts.get(name, 0) + counts.get(name, 0) for name in names}
        tx.passes.progress(self.name, cursor, summed, self._lost(tx))
        if not self._everything and self._work.clock.now() - standing.started_at >= _DAY:
            self._end(tx, summed)  # figures are of a day, even when work never ends

    def _finish(self) -> None:
        with self._work.reading() as tx:
            standing = tx.passes.get(self.name)
        if standing is None or standing.finished_at is None:
            with self._work.begin() as tx:
                self._end(tx, tx.passes.begin(self.name).counts)

    def _end(self, tx: Tx, counts: Mapping[str, int]) -> None:
        days = self._options.period.days
        late = tx.objects.overdue(self.side, self._work.clock.now() - self._options.period)
        told = [self._lost(tx), f"{late} objects not looked at for {days} days: read faster" if late else ""]
        tx.passes.finish(self.name, counts, "; ".join(part for part in told if part))

    def _lost(self, tx: Tx) -> str:
        lost = tx.objects.count_bad(*self._mender.stores.sides)
        return f"{lost} objects that no store holds" if lost else ""


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
