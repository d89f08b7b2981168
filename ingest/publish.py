"""Put archived documents into the search index; a failed index never looks like a failed archive.

Step 10 of the walk. The outbox remembers what the index does not know yet, and the patrol tries again.
"""

from collections.abc import Sequence

from ingest.tools import IngestTools
from records.access import SYSTEM, Level
from records.errors import ArchiveFault, Away, Missing
from records.parties import parties_of
from search.entry import IndexedDocument, entries_for
from storage.documents import Document
from storage.outbox import ALERT, INDEX, OutboxItem
from storage.work import Tx

_AT_ONCE = 50
_LONGEST_REASON = 500


def publish(tools: IngestTools, document_ids: Sequence[str]) -> int:
    """Index archived documents with one commit and return the number of entries. Raises what the index raises.

    The row version goes along, so that a slow writer never puts an older state over a newer one.
    """
    count = 0
    for document_id in document_ids:
        with tools.work.reading() as tx:
            document, texts = tx.documents.get(SYSTEM, document_id), tx.pages.readings(document_id)
            told = indexed(document, parties_of_document(tx, document))
        entries = entries_for(told, texts)
        tools.index.replace(document_id, entries, document.row_version)
        count += len(entries)
    tools.index.commit()
    return count


def indexed(document: Document, parties: tuple[str, ...] = ()) -> IndexedDocument:
    """Return what the index must know of a document besides its pages."""
    return IndexedDocument(document.id, document.fields, document.level, document.dossier, parties)


def parties_of_document(tx: Tx, document: Document) -> tuple[str, ...]:
    """Return whose affair a paper of a case is, as the index keeps it; () for every other document."""
    if document.level is not Level.PARTIES:
        return ()
    try:
        case = tx.cases.get(document.dossier)
    except Missing:  # a rebuild had to leave the case out: until it is back the paper is nobody's to find
        return ()
    return tuple(sorted(party.token for party in parties_of(case)))


def drain(tools: IngestTools) -> int:
    """Index what the outbox still holds, at most fifty documents; return how many are done.

    All together first, since a commit costs more than a document; one by one when that fails, so that a document the
    index does not take never holds up its neighbours.
    """
    with tools.work.reading() as tx:
        due = tx.outbox.due(_AT_ONCE, INDEX)
    if not due:
        return 0
    failure = _tried(tools, due)
    if failure is None or isinstance(failure, Away):
        return _settle(tools, due, failure)
    return sum(_settle(tools, [note], _tried(tools, [note])) for note in due)


def _tried(tools: IngestTools, notes: Sequence[OutboxItem]) -> Exception | None:
    try:
        publish(tools, [note.object_id for note in notes])
    except (ArchiveFault, OSError, ValueError) as fault:
        return fault
    return None


def _settle(tools: IngestTools, notes: Sequence[OutboxItem], failure: Exception | None) -> int:
    with tools.work.begin() as tx:
        awaited = failure is None and tx.saved_searches.any_alerting()
        told = tx.outbox.noted_among(ALERT, [note.object_id for note in notes]) if awaited else set()
        for note in notes:
            if failure is None:
                tx.outbox.done(note.id)
                if awaited and note.object_id not in told:
                    tx.outbox.add(ALERT, note.object_id)
                    told.add(note.object_id)
            else:
                tx.outbox.failed(note.id, f"index: {failure}"[:_LONGEST_REASON])
    return len(notes) if failure is None else 0
