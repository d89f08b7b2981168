"""Compare the archived documents with what the search index holds of them, and put right what has drifted apart.

The index is written by whoever drains the outbox and by nobody else: what is missing or stale is noted there again.
What it tells of documents that the archive does not hold (ghosts) is removed at the version it stands at, so that a
newer delivery, however late, still wins. See docs/decisions/0066.
"""

from dataclasses import dataclass
from itertools import takewhile

from records.access import SYSTEM
from records.document import DocumentState
from records.errors import ArchiveFault, Missing
from search.index import IndexedVersion, SearchIndex
from storage.document_values import ArchivedVersion
from storage.listing import Reader, Stretch, compare
from storage.outbox import INDEX, UNINDEX
from storage.progress import Enough, Turn, got_nowhere
from storage.reconcile import Drift, Kind, ReconcileOptions, Tell
from storage.work import Tx, Work

_AT_ONCE = 1000
_GHOSTS_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class _Found:
    """What is wrong in one stretch. `ahead`: the index is newer than the row, as after an old backup came back."""

    missing: list[ArchivedVersion]
    stale: list[tuple[ArchivedVersion, IndexedVersion]]
    ahead: list[tuple[ArchivedVersion, IndexedVersion]]
    ghosts: list[IndexedVersion]
    on_the_way: int


class IndexRound:
    """The round over rows and index. Progress is a stretch compared; the backlog is the unfinished pass."""

    def __init__(
        self, work: Work, index: SearchIndex, options: ReconcileOptions, tell: Tell, *, prefix: str = ""
    ) -> None:
        self.name = f"{prefix}reconcile:index"
        self.every = options.every
        self.away = ""
        self._work = work
        self._index = index
        self._options = options
        self._tell = tell
        self._listing: Reader[IndexedVersion] = Reader(index.documents, lambda known: known.document_id)

    def turn(self, enough: Enough) -> Turn:
        """Compare one stretch; when repairing, note what is to be indexed or forgotten."""
        self.away = ""
        with self._work.begin() as tx:
            standing = tx.passes.begin(self.name)
        try:
            stretch, found = self._compare(standing.cursor)
        except (
            ArchiveFault
        ) as fault:  # Away of any kind: no index, another version of it, a server that is down
            self.away = f"{fault.code}: {fault}"
            got_nowhere(self._work, self.name, self.away, self._options.patience)
            return Turn.WAITING
        counts = {
            "documents": len(stretch.left) + len(stretch.both),
            "missing": len(found.missing),
            "stale": len(found.stale),
            "ahead": len(found.ahead),
            "ghosts": len(found.ghosts),
            "on_the_way": found.on_the_way,
            "noted": 0,
        }
        with self._work.begin() as tx:
            if self._options.repair:
                counts["noted"] = _note(tx, found)
            summed = {name: standing.counts.get(name, 0) + count for name, count in counts.items()}
            if stretch.end:
                tx.passes.progress(self.name, stretch.end, summed)
            else:
                tx.passes.finish(self.name, summed)
        self._listing.passed(stretch.end)
        self._say(found)
        return Turn.MORE if stretch.end else Turn.DONE

    def _compare(self, after: str) -> tuple[Stretch[ArchivedVersion, IndexedVersion], _Found]:
        """Compare a stretch. Raises Away.

        The list may be older than the rows, so what looks wrong is looked up again: a row that no note waited for when
        it was read must be found, as it was then or newer, in an index that is read afterwards.
        """
        with self._work.reading() as tx:
            rows = tx.pages.archived_after(after, _AT_ONCE)
            noted = tx.outbox.noted_among(INDEX, [row.id for row in rows])
        lines = self._listing.next(after, _AT_ONCE)
        stretch = compare(rows, lines, _AT_ONCE, lambda row: row.id, lambda known: known.document_id)
        absent = [
            row for row in stretch.left if row.pages
        ]  # a document of which nothing was read has no entry
        odd = [*absent, *(row for row, known in stretch.both if not _agree(row, known))]
        doubtful = [row for row in odd if row.id not in noted]
        strange = [known.document_id for known in stretch.right]
        fresh = self._fresh(after, max([*strange, *(row.id for row in doubtful)], default=""))
        seen = [(row, fresh[row.id]) for row in doubtful if row.id in fresh]
        return stretch, _Found(
            missing=[row for row in doubtful if row.id not in fresh],
            stale=[(row, known) for row, known in seen if _behind(row, known)],
            ahead=[(row, known) for row, known in seen if self._is_ahead(row.id, known)],
            ghosts=[fresh[one] for one in strange if one in fresh and not self._is_archived(one)],
            on_the_way=len(odd) - len(doubtful),
        )

    def _fresh(self, after: str, last: str) -> dict[str, IndexedVersion]:
        if not last:
            return {}
        now = takewhile(lambda known: known.document_id <= last, self._index.documents(after))
        return {known.document_id: known for known in now}

    def _is_archived(self, document_id: str) -> bool:
        with self._work.reading() as tx:
            return _row_version(tx, document_id) is not None

    def _is_ahead(self, document_id: str, known: IndexedVersion) -> bool:
        with self._work.reading() as tx:
            version = _row_version(tx, document_id)
        return version is not None and known.version > version

    def _say(self, found: _Found) -> None:
        for row in found.missing:
            self._tell(Drift(Kind.NOT_INDEXED, "index", row.id, f"row version {row.row_version}"))
        for row, known in [*found.stale, *found.ahead]:
            detail = f"version {known.version} with {known.pages} pages, the row has {row.row_version} with {row.pages}"
            self._tell(Drift(Kind.STALE_INDEX, "index", row.id, detail))
        for known in found.ghosts:
            self._tell(Drift(Kind.GHOST, "index", known.document_id, f"{known.pages} pages"))


def forget_ghosts(work: Work, index: SearchIndex) -> int:
    """Do what the outbox holds of `unindex`, at most fifty at a time; return how many are done.

    For whoever drains the outbox. A note stays, with the reason, while the index cannot be written.
    """
    with work.reading() as tx:
        due = tx.outbox.due(_GHOSTS_AT_ONCE, UNINDEX)
    if not due:
        return 0
    failure = ""
    try:
        for note in due:
            with work.reading() as tx:
                back = _row_version(tx, note.object_id) is not None
            if not back:
                index.remove(note.object_id, int(note.payload["version"] or 0))
        index.commit()
    except ArchiveFault as fault:
        failure = f"index: {fault}"
    with work.begin() as tx:
        for note in due:
            if failure:
                tx.outbox.failed(note.id, failure[:500])
            else:
                tx.outbox.done(note.id)
    return 0 if failure else len(due)


def _note(tx: Tx, found: _Found) -> int:
    """Note what is to be done, unless it is noted already; return how much. What is `ahead` only a rebuild mends."""
    wanted = sorted([row.id for row in found.missing] + [row.id for row, _ in found.stale])
    noted = tx.outbox.noted_among(INDEX, wanted)
    for document_id in wanted:
        if document_id not in noted:
            tx.outbox.add(INDEX, document_id, {})
    ghosts = {known.document_id: known.version for known in found.ghosts}
    known_ghosts = tx.outbox.noted_among(UNINDEX, sorted(ghosts))
    for document_id in sorted(ghosts.keys() - known_ghosts):
        tx.outbox.add(UNINDEX, document_id, {"version": ghosts[document_id]})
    return len(wanted) - len(noted) + len(ghosts) - len(known_ghosts)


def _row_version(tx: Tx, document_id: str) -> int | None:
    """Return the row version of an archived document, None when the archive holds no such document."""
    try:
        document = tx.documents.get(SYSTEM, document_id)
    except Missing:
        return None
    return document.row_version if document.state is DocumentState.ARCHIVED else None


def _agree(row: ArchivedVersion, known: IndexedVersion) -> bool:
    return (row.row_version, row.pages) == (known.version, known.pages)


def _behind(row: ArchivedVersion, known: IndexedVersion) -> bool:
    return known.version < row.row_version or (known.version == row.row_version and known.pages != row.pages)
