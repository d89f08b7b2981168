"""The one judge of every fault: what the clients were promised against what rows, both stores, audit and index hold.

(a) each acknowledged file: one row, the same bytes in every store, one audit event, the receipt always the same;
(b) an unknown one, asked again under its key, ends as exactly one; (c) a refused one left no row that counts;
(d) the audit log verifies; (e) the index holds what the archive holds; documents once, none missing.
"""

from collections import Counter
from dataclasses import dataclass, field

from boot.house import House
from records.access import SYSTEM, Actor, Role
from records.document import BatchState, DocumentState
from storage.blobs import BlobStore
from storage.paired import PairedStore
from tests.faults.history import History, Op


AUDITOR = Actor("system:checker", "checker", frozenset({Role.ADMINISTRATOR}))


@dataclass
class Finding:
    """What the checker counted and what it found wrong (empty: all is well)."""

    acknowledged: int = 0
    documents: int = 0
    wrong: list[str] = field(default_factory=list)


def check(house: House, history: History, *, walked: bool) -> Finding:
    """Judge. Every operation must be settled before; `walked`: the started batches are through."""
    found = Finding()
    events = _received(house)
    stores = _stores(house.blobs)
    for op in history.ops:
        if op.outcome == "unknown":
            found.wrong.append(f"{op.key}: no answer after {op.tries} tries (last status {op.status})")
        elif op.outcome == "acknowledged":
            found.acknowledged += 1
            found.wrong += _acknowledged(house, stores, events, op)
    for file_id, times in events.items():
        if times != 1:
            found.wrong.append(f"file {file_id}: {times} events of its receipt")
    _rows_match_history(house, history, found)
    if walked:
        _documents(house, history, found)
    return found


def _stores(blobs: BlobStore) -> list[BlobStore]:
    return [blobs.first, blobs.copy] if isinstance(blobs, PairedStore) else [blobs]


def _received(house: House) -> Counter[str]:
    with house.work.reading() as tx:
        return Counter(
            e.object_id for e in tx.audit.list(AUDITOR, limit=10**7) if e.action == "file-received"
        )


def _acknowledged(house: House, stores: list[BlobStore], events: Counter[str], op: Op) -> list[str]:
    wrong: list[str] = []
    told = op.told
    if len(op.receipts) != 1:
        wrong.append(f"{op.key}: different receipts {op.receipts}")
    if (told["sha256"], told["size"]) != (op.sha256, len(op.data)):
        wrong.append(f"{op.key}: receipt tells of other bytes")
    with house.work.reading() as tx:
        row = tx.batches.file_by_key(op.batch, op.key)
    if row is None:
        return [*wrong, f"{op.key}: ACKNOWLEDGED AND LOST (no row)"]
    if (row.id, row.sha256, row.size) != (told["file_id"], op.sha256, len(op.data)):
        wrong.append(f"{op.key}: row {row.id} is not what the receipt says")
    if events[row.id] != 1:
        wrong.append(f"{op.key}: {events[row.id]} events of its receipt")
    for store in stores:
        measured = store.measure(row.blob_key)
        if measured is None or measured.sha256 != op.sha256:
            wrong.append(f"{op.key}: ACKNOWLEDGED AND LOST ({store.probe()} holds {measured})")
    return wrong


def _rows_match_history(house: House, history: History, found: Finding) -> None:
    """No row that nobody asked for, none twice."""
    asked = {(op.batch, op.key) for op in history.ops}
    with house.work.reading() as tx:
        for batch in history.batches:
            for row in tx.batches.files(SYSTEM, batch):
                if (batch, row.idempotency_key) not in asked:
                    found.wrong.append(f"file {row.id}: nobody sent it")


def _documents(house: House, history: History, found: Finding) -> None:
    archived: set[str] = set()
    with house.work.reading() as tx:
        events = Counter(
            e.object_id for e in tx.audit.list(AUDITOR, limit=10**7) if e.action == "document-archived"
        )
        for batch in history.batches:
            row = tx.batches.get(SYSTEM, batch)
            if row.state is BatchState.RECEIVING:
                continue
            if row.state is not BatchState.FINISHED:
                found.wrong.append(f"batch {batch} is {row.state}")
                continue
            if row.message:
                found.wrong.append(f"batch {batch}: {row.message}")
            kept = {op.sha256 for op in history.ops if op.batch == batch and op.outcome == "acknowledged"}
            pages = [p for p in tx.pages.of_batch(batch) if p.document_id]
            if {p.image_sha256 for p in pages} != kept or len(pages) != len(kept):
                found.wrong.append(
                    f"batch {batch}: {len(pages)} pages in documents, {len(kept)} were acknowledged"
                )
            for document in tx.documents.of_batch(batch):
                if document.state is not DocumentState.ARCHIVED:
                    found.wrong.append(
                        f"document {document.id}: {document.state} {document.code} {document.reason}"
                    )
                    continue
                archived.add(document.id)
                if events[document.id] != 1:
                    found.wrong.append(f"document {document.id}: archived {events[document.id]} times")
    found.documents = len(archived)
    stores = _stores(house.blobs)
    for document_id in archived:
        with house.work.reading() as tx:
            renditions = tx.documents.renditions(SYSTEM, document_id)
        for rendition in renditions:
            for store in stores:
                measured = store.measure(rendition.key)
                if measured is None or measured.sha256 != rendition.sha256:
                    found.wrong.append(f"{rendition.key}: {store.probe()} holds {measured}")
    indexed = {entry.document_id for entry in house.index.documents()}
    if indexed != archived:
        found.wrong.append(f"index: {len(archived - indexed)} missing, {len(indexed - archived)} too many")
