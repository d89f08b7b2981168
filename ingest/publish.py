"""Put archived documents into the search index; a failed index never looks like a failed archive.

Step 10 of the walk. The outbox remembers what the index does not know yet, and the patrol tries again.
"""

from ingest.tools import IngestTools
from records.access import SYSTEM
from records.errors import ArchiveFault
from records.outcome import Done, Later, Outcome
from search.entry import IndexedDocument, entries_for
from storage.documents import Document
from storage.work import Tx

_AT_ONCE = 50


def publish(tools: IngestTools, document_id: str) -> Outcome[int]:
    """Index one archived document; Done carries its number of entries. Later: the index is away."""
    with tools.work.reading() as tx:
        document, texts = tx.documents.get(SYSTEM, document_id), tx.pages.readings(document_id)
    entries = entries_for(indexed(document), texts)
    try:
        tools.index.replace(document_id, entries)
        tools.index.commit()
    except (ArchiveFault, OSError, ValueError) as fault:
        return Later(f"index: {fault}", tools.clock.now())
    return Done(len(entries))


def indexed(document: Document) -> IndexedDocument:
    """Return what the index must know of a document besides its pages."""
    return IndexedDocument(document.id, document.fields, document.level, document.dossier)


def drain(tools: IngestTools) -> int:
    """Index what the outbox still holds, at most fifty documents; return how many are done."""
    with tools.work.reading() as tx:
        due = tx.outbox.due(_AT_ONCE)
    done = 0
    for note in due:
        outcome = publish(tools, note.object_id)
        with tools.work.begin() as tx:
            done += _settle(tx, note.id, outcome)
    return done


def _settle(tx: Tx, note_id: int, outcome: Outcome[int]) -> int:
    if isinstance(outcome, Done):
        tx.outbox.done(note_id)
        return 1
    tx.outbox.failed(note_id, outcome.reason)
    return 0
