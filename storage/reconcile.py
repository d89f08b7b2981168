"""Compare the register with what a store lists, both ways, and tell the difference as numbers.

Existence and size only, from listings; hashes are fixity's. Reading by default: what is missing or of another size is
entered in the register, where the fixity round finds and mends it; nothing is deleted, ever. See docs/decisions/0066.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from records.errors import Away
from storage.blobs import is_key
from storage.listing import Listed, Reader, Stretch, compare
from storage.mending import LOG, Finding, Mended, Mender
from storage.objects import UNKNOWN_SIZE, KeptObject, Side
from storage.progress import PATIENCE, Enough, Turn, got_nowhere

_AT_ONCE = 1000
"""Lines compared before the figures are written down; a page of an S3 listing is as long."""


class Kind(StrEnum):
    """What is not as the rows say."""

    MISSING = "missing"
    WRONG_SIZE = "wrong-size"
    ORPHAN = "orphan"
    """Bytes that no row answers for."""
    STALE_INTENT = "stale-intent"
    """Bytes were announced and no row followed."""
    OLD_STAGING = "old-staging"
    NOT_INDEXED = "not-indexed"
    STALE_INDEX = "stale-index"
    GHOST = "ghost"
    """The index tells of a document that the archive does not hold."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference: its kind, where (`first`, `copy`, `index` …), the key or id, and what became of it."""

    kind: Kind
    where: str
    key: str
    detail: str


Tell = Callable[[Drift], None]


@dataclass(frozen=True, slots=True)
class ReconcileOptions:
    """`repair`: mend at once instead of leaving it to fixity. `grace`: bytes younger than this may still get a row.

    `elsewhere`: beginnings of keys that are looked after by others and therefore are no orphans.
    """

    repair: bool = False
    every: timedelta = timedelta(days=1)
    grace: timedelta = timedelta(hours=24)
    intent_age: timedelta = timedelta(hours=1)
    staging_age: timedelta = timedelta(days=7)
    patience: timedelta = PATIENCE
    elsewhere: tuple[str, ...] = (LOG,)


class StoreRound:
    """The round over one store and the register. Progress is a stretch compared; the backlog is the unfinished pass."""

    def __init__(
        self, mender: Mender, side: Side, options: ReconcileOptions, tell: Tell, *, prefix: str = ""
    ) -> None:
        self.name = f"{prefix}reconcile:{side.value}"
        self.every = options.every
        self.side = side
        self.away = ""
        self._mender = mender
        self._work = mender.work
        self._options = options
        self._tell = tell
        self._listing: Reader[Listed] = Reader(mender.stores.of(side).listing, lambda line: line.key)

    def turn(self, enough: Enough) -> Turn:
        """Compare one stretch, note what is wrong in it, mend it when asked to."""
        with self._work.begin() as tx:
            standing = tx.passes.begin(self.name)
        self.away = ""
        try:
            with self._work.reading() as tx:
                rows = tx.objects.after(standing.cursor, _AT_ONCE)
            lines = self._listing.next(standing.cursor, _AT_ONCE)
            stretch = compare(rows, lines, _AT_ONCE, lambda kept: kept.key, lambda line: line.key)
            bad = list(self._suspects(stretch))
            strangers = self._strangers(stretch)
        except Away as fault:
            self.away = f"{fault.code}: {fault}"
            got_nowhere(self._work, self.name, self.away, self._options.patience)
            return Turn.WAITING
        counts = _counted(stretch, bad, strangers) | self._settle(bad, enough)
        for key, line in strangers.orphans.items():
            detail = f"{line.size} bytes, {line.age / 86_400:.1f} days old"
            self._tell(Drift(Kind.ORPHAN, self.side.value, key, detail))
        with self._work.begin() as tx:
            before = tx.passes.begin(self.name).counts
            summed = {name: before.get(name, 0) + counts.get(name, 0) for name in sorted({*before, *counts})}
            if stretch.end:
                tx.passes.progress(self.name, stretch.end, summed)
            else:
                tx.passes.finish(self.name, summed, self._alarm(summed))
        self._listing.passed(stretch.end)
        return Turn.MORE if stretch.end else Turn.DONE

    def _suspects(self, stretch: Stretch[KeptObject, Listed]) -> Iterator[Finding]:
        """Look again, whole, at what the list has not or has otherwise; the list may be older than the row."""
        for kept in stretch.left:
            finding = self._mender.look(self.side, kept)
            if not finding.good:
                yield finding
        for kept, line in stretch.both:
            if kept.size not in (UNKNOWN_SIZE, line.size):
                yield self._mender.look(self.side, kept)

    def _strangers(self, stretch: Stretch[KeptObject, Listed]) -> "_Strangers":
        """Sort what no row names into bytes on their way and orphans; the row may be younger than the list."""
        lines = {line.key: line for line in stretch.right if not line.key.startswith(self._options.elsewhere)}
        possible = [key for key in lines if is_key(key)]
        if not lines:
            return _Strangers({}, 0)
        with self._work.reading() as tx:
            known = tx.objects.known(possible)
            coming = tx.intents.keys()
        grace = self._options.grace.total_seconds()
        left = {key: line for key, line in lines.items() if key not in known}
        on_the_way = {key for key, line in left.items() if key in coming or line.age < grace}
        return _Strangers({k: v for k, v in left.items() if k not in on_the_way}, len(on_the_way))

    def _settle(self, findings: list[Finding], enough: Enough) -> dict[str, int]:
        bad = [finding for finding in findings if not finding.good]
        ends = dict.fromkeys((end.value for end in Mended), 0) if self._options.repair else {}
        if bad:
            with self._work.begin() as tx:
                self._mender.tell(tx, self._mender.note(tx, bad))
        for finding in findings:
            became = "the register has another size" if finding.good else "left to fixity"
            if not finding.good and self._options.repair and not enough():
                end = self._mender.mend(self.side, finding.kept)
                ends[end.value] += 1
                became = end.value
            kind = Kind.MISSING if finding.sha256 == "" else Kind.WRONG_SIZE
            detail = f"{finding.reason}; {became}"
            self._tell(Drift(kind, self.side.value, finding.kept.key, detail))
        return ends

    def _alarm(self, counts: dict[str, int]) -> str:
        """A whole pass that was to repair, had something to repair and repaired nothing, got nowhere either."""
        wrong = counts.get("missing", 0) + counts.get("damaged", 0)
        if self._options.repair and wrong and not counts.get("mended", 0):
            return f"{wrong} objects are wrong in the {self.side} store and none could be mended"
        return ""


@dataclass(frozen=True, slots=True)
class _Strangers:
    orphans: dict[str, Listed]
    on_the_way: int


def _counted(
    stretch: Stretch[KeptObject, Listed], findings: list[Finding], strangers: _Strangers
) -> dict[str, int]:
    counts = {
        "objects": len(stretch.left) + len(stretch.both),
        "listed": len(stretch.right) + len(stretch.both),
        "missing": 0,
        "damaged": 0,
        "misnoted": sum(finding.good for finding in findings),
        "orphans": len(strangers.orphans),
        "orphan_bytes": sum(line.size for line in strangers.orphans.values()),
        "on_the_way": strangers.on_the_way,
    }
    for finding in findings:
        if not finding.good:
            counts[finding.state.value] += 1
    return counts
