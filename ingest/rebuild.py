"""Make the catalogue anew from what rests in the stores, when the database is lost.

The log first, since it bears witness; then finished batches from their manifests, unfinished ones from the notes of
their files, single documents from their own manifests, and papers to be signed from theirs. What is damaged or
contradicts the log is named and left out, and nothing is invented. Every part is one transaction keyed by what it
enters, so a killed rebuild goes on.
Numbers and cases come from the notes of every change. See docs/decisions/0068, 0106 and docs/howto/restore.md.
"""

from collections.abc import Callable, Sequence
from itertools import groupby, islice

from ingest.rebuild_arrangements import rebuild_arrangements
from ingest.rebuild_batches import Batchbook, rebuild_batch
from ingest.rebuild_books import rebuild_cases, rebuild_numbers
from ingest.rebuild_documents import rebuild_document
from ingest.rebuild_reviews import rebuild_reviews
from ingest.rebuild_round import REBUILD, begin_rebuild
from ingest.rebuild_signings import rebuild_signings
from ingest.rebuild_values import Rebuilding, Rebuilt
from records.access import SYSTEM
from records.errors import ArchiveFault, Away
from storage.audit import AuditAltered
from storage.audit_segments import events_after, head_counts, head_key, read_whole
from storage.audit_tree import leaf_hash, merkle_root
from storage.blobs import BlobFault, BlobStore
from storage.catalogue import RowUnfit
from storage.crashpoint import crashpoint
from storage.tree_notes import NoteRefused, NoteVerifier, open_note
from storage.work import Work

_EVENTS_AT_ONCE = 1000

Told = Callable[[str, int], None]
"""Is told what is being rebuilt (`log`, `batches`, `documents`, `signings`, `cases`) and how many are done."""


def rebuild(
    work: Work,
    blobs: BlobStore,
    logs: Sequence[BlobStore],
    told: Told,
    verifiers: Sequence[NoteVerifier] = (),
) -> Rebuilt:
    """Fill an empty database from `blobs`; the audit log from `logs`, the stores that may hold its segments.

    `blobs` must not write rows when it meets damage, for the rows are being filled. `verifiers`: the public keys of the
    log's heads, so that a log made anew is noticed.

    Goes on where a killed rebuild stopped. Raises `Conflict` (`database-not-empty`), `Away` when a store or the
    database does not answer: then the same call later goes on.
    """
    begin_rebuild(work)
    task = Rebuilding(work, blobs)
    _log(task, logs, verifiers, told)
    books = [
        _batch(task, batch_id, number, told) for number, batch_id in enumerate(_batch_ids(blobs), start=1)
    ]
    rebuild_arrangements(task)
    crashpoint("rebuild-after-arrangements")
    _documents(task, told)
    _existing(task, books)
    _signings(task, told)
    _books(task, told)
    _finish(task)
    return task.outcome()


def _log(task: Rebuilding, logs: Sequence[BlobStore], verifiers: Sequence[NoteVerifier], told: Told) -> None:
    """Take the log back as far as the stores hold it; what does not fit is named, and the log ends before it."""
    for store in logs:
        try:
            if _take_back(task.work, store, told):
                _take_confirmed(task.work, store, told)
            _confirm(task.work, store, verifiers)
        except (AuditAltered, NoteRefused, BlobFault) as fault:
            task.name("audit/segments", fault)
    with task.work.reading() as tx:
        task.log_until = tx.audit.newest()


def _take_back(work: Work, store: BlobStore, told: Told) -> bool:
    """Take the log back many events at a time; return whether that ended at something that does not fit."""
    newest = _newest(work)
    try:
        lines = events_after(store, newest)
        while some := list(islice(lines, _EVENTS_AT_ONCE)):
            with work.begin() as tx:
                tx.audit.take_back(some)
            crashpoint("rebuild-after-events")
            newest += len(some)
            told("log", newest)
    except (AuditAltered, BlobFault):
        return True
    return False


def _take_confirmed(work: Work, store: BlobStore, told: Told) -> None:
    """Take back one event after the other, each once the next one names it: an altered event is never the last.

    Raises `AuditAltered`, `BlobFault` at the end of what fits.
    """
    newest = _newest(work)
    lines = events_after(store, newest)
    held = next(lines, None)
    while held is not None:
        coming = next(lines, None)
        if coming is not None and leaf_hash(held).hex() not in coming.decode("utf-8", "replace"):
            raise AuditAltered(
                f"event {newest + 2} does not name event {newest + 1}; the log ends before both"
            )
        with work.begin() as tx:
            tx.audit.take_back([held])
        newest += 1
        told("log", newest)
        held = coming


def _confirm(work: Work, store: BlobStore, verifiers: Sequence[NoteVerifier]) -> None:
    """Raise `AuditAltered` unless the log is the one whose newest head was signed; without keys nobody can say."""
    newest = _newest(work)
    count = max((c for c in head_counts(store) if c <= newest), default=0)
    if not count or not verifiers:
        return
    head = open_note(read_whole(store, head_key(count)).decode("utf-8", "replace"), verifiers)
    with work.reading() as tx:
        root = merkle_root(tx.audit.leaves(1, count))
    if (head.count, head.root) != (count, root):
        raise AuditAltered(f"the first {count} events are not those of the signed head")


def _newest(work: Work) -> int:
    with work.reading() as tx:
        return tx.audit.newest()


def _batch_ids(blobs: BlobStore) -> list[str]:
    return sorted({key.split("/")[1] for key in blobs.keys("batches/") if key.count("/") >= 2})


def _batch(task: Rebuilding, batch_id: str, number: int, told: Told) -> Batchbook:
    book = rebuild_batch(task, batch_id)
    crashpoint("rebuild-after-batch")
    told("batches", number)
    return book


def _documents(task: Rebuilding, told: Told) -> None:
    """Enter what the batches' manifests did not know: documents of unfinished batches, later versions, corrections."""
    found = groupby(task.blobs.keys("documents/"), key=lambda key: key.split("/")[1])
    for number, (document_id, keys) in enumerate(found, start=1):
        rebuild_document(task, document_id, [key for key in keys if key.count("/") == 3])
        crashpoint("rebuild-after-document")
        told("documents", number)


def _existing(task: Rebuilding, books: Sequence[Batchbook]) -> None:
    """Enter which parts of a batch were archived before; those documents may be of any batch, so this comes last."""
    for book in books:
        for row in book.existing:
            try:
                with task.work.begin() as tx:
                    if not any(tx.catalogue.rows("documents", id=row["document_id"])):
                        raise RowUnfit(f"document {row['document_id']} is not there")
                    tx.batches.note_existing(book.batch_id, row["ordinal"], row["document_id"], row["source"])
            except Away:
                raise
            except ArchiveFault as fault:
                task.name(f"batches/{book.batch_id}: existing {row['ordinal']}", fault)


def _signings(task: Rebuilding, told: Told) -> None:
    """Enter batches of papers to be signed; they know nothing of documents."""
    found = sorted({key.split("/")[1] for key in task.blobs.keys("signings/") if key.count("/") >= 2})
    for number, batch_id in enumerate(found, start=1):
        rebuild_signings(task, batch_id)
        crashpoint("rebuild-after-signings")
        told("signings", number)


def _books(task: Rebuilding, told: Told) -> None:
    """Enter what people decided about readings, cases and the register; those know papers by name and number only."""
    rebuild_reviews(task)
    crashpoint("rebuild-after-reviews")
    rebuild_numbers(task)
    crashpoint("rebuild-after-numbers")
    for number, _ in enumerate(rebuild_cases(task), start=1):
        crashpoint("rebuild-after-case")
        told("cases", number)


def _finish(task: Rebuilding) -> None:
    with task.work.begin() as tx:
        done = task.counts(tx)
        tx.audit.append(SYSTEM.id, "catalogue-rebuilt", "catalogue", "done", dict(done))
        tx.passes.finish(REBUILD, done)
    crashpoint("rebuild-after-finish")
