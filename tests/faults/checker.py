"""The one judge of every fault: what the clients were promised against what rows, stores, audit and index hold.

(a) each acknowledged file: one row, the same bytes in every store, one audit event, the receipt always the same, and
numbered in the order in which the clients saw it happen; (b) an unknown one, asked again under its key, ends as exactly
one; (c) nothing is there that nobody asked for, and nobody was refused without reason; (d) one event for each effect;
(e) the index holds what the archive holds, each document once; every object of the register lies in every store.
Whether the audit log verifies is for the verifier to say, which is a program of its own.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from boot.house import House
from records.access import SYSTEM, Actor, Role
from records.document import BatchState, DocumentState, FileState
from storage.blobs import BlobStore
from storage.objects import KeptObject
from storage.paired import PairedStore
from tests.faults.history import History, Op

AUDITOR = Actor("system:checker", "checker", frozenset({Role.ADMINISTRATOR}))
ARCHIVIST = Actor("system:checker", "checker", frozenset({Role.ARCHIVIST}))
ONCE = (
    "batch-opened",
    "batch-started",
    "documents-proposed",
    "batch-finished",
    "document-archived",
    "file-received",
)
"""Audit actions that one thing has exactly once, whatever died how often."""
_EVENTS = 10**7


@dataclass
class Finding:
    """What the checker counted and what it found wrong (empty: all is well)."""

    acknowledged: int = 0
    documents: int = 0
    wrong: list[str] = field(default_factory=list)


def check(house: House, history: History, *, walked: bool) -> Finding:
    """Judge. Every operation must be settled before; `walked`: the started batches are through."""
    found = Finding()
    events = _events(house)
    for (action, thing), times in events.items():
        if action in ONCE and times != 1:
            found.wrong.append(f"{thing}: {times} events {action}")
    for op in history.ops:
        if op.outcome == "unknown":
            found.wrong.append(f"{op.key}: no answer after {op.tries} tries (last status {op.status})")
        elif op.outcome == "refused":
            found.wrong += _refused(house, op)
        else:
            found.acknowledged += 1
            found.wrong += _acknowledged(house, events, op)
    found.wrong += _order(history)
    found.wrong += _unasked(house, history)
    if walked:
        _documents(house, history, events, found)
    found.wrong += _stores(house)
    return found


def _events(house: House) -> Counter[tuple[str, str]]:
    with house.work.reading() as tx:
        return Counter((e.action, e.object_id) for e in tx.audit.list(AUDITOR, limit=_EVENTS))


def _acknowledged(house: House, events: Counter[tuple[str, str]], op: Op) -> Iterator[str]:
    told = op.told
    if len(op.receipts) != 1:
        yield f"{op.key}: different receipts {op.receipts}"
    if (told["sha256"], told["size"]) != (op.sha256, len(op.data)):
        yield f"{op.key}: receipt tells of other bytes"
    with house.work.reading() as tx:
        row = tx.batches.file_by_key(op.batch, op.key)
        event: list[dict[str, Any]] = list(tx.catalogue.rows("audit", seq=told["audit_seq"]))
        kept = tx.objects.get(row.blob_key) if row else None
    if row is None:
        yield f"{op.key}: ACKNOWLEDGED AND LOST (no row)"
        return
    if (row.id, row.sha256, row.size) != (told["file_id"], op.sha256, len(op.data)):
        yield f"{op.key}: row {row.id} is not what the receipt says"
    if row.state is FileState.REFUSED:
        yield f"{op.key}: acknowledged, then refused: {row.code} {row.reason}"
    if events["file-received", row.id] != 1:
        yield f"{op.key}: {events['file-received', row.id]} events of its receipt"
    if [(e["action"], e["object"]) for e in event] != [("file-received", row.id)]:
        yield f"{op.key}: event {told['audit_seq']} is not of its receipt"
    if kept is None or kept.sha256 != op.sha256:
        yield f"{op.key}: {row.blob_key} is not in the register"
    for store in sides(house.blobs):
        measured = store.measure(row.blob_key)
        if measured is None or measured.sha256 != op.sha256:
            yield f"{op.key}: ACKNOWLEDGED AND LOST ({store.probe()} holds {measured})"


def _refused(house: House, op: Op) -> Iterator[str]:
    if not op.may_be_refused:
        yield f"{op.key}: refused without reason (statuses {op.statuses})"
    with house.work.reading() as tx:
        row = tx.batches.file_by_key(op.batch, op.key)
    if row is not None and row.state is not FileState.REFUSED:
        yield f"{op.key}: refused, yet row {row.id} is {row.state}"


def _order(history: History) -> Iterator[str]:
    """Whoever was answered before another one asked has the lower number in the log."""
    answered = sorted((op for op in history.ops if op.outcome == "acknowledged"), key=lambda op: op.answered)
    highest: Op | None = None
    waiting = list(answered)
    for op in sorted(answered, key=lambda op: op.began):
        while waiting and waiting[0].answered < op.began:
            before = waiting.pop(0)
            if highest is None or before.told["audit_seq"] > highest.told["audit_seq"]:
                highest = before
        if highest is not None and op.told["audit_seq"] <= highest.told["audit_seq"]:
            numbers = f"{op.told['audit_seq']}, though {highest.told['audit_seq']} was answered before"
            yield f"{op.key}: number {numbers}"
    times_of = Counter(op.told["audit_seq"] for op in answered)
    yield from (f"number {seq} on {times} receipts" for seq, times in times_of.items() if times > 1)


def _unasked(house: House, history: History) -> Iterator[str]:
    """No batch and no file that nobody asked for, none twice."""
    asked = {(op.batch, op.key) for op in history.ops}
    with house.work.reading() as tx:
        batches, total = tx.batches.list(ARCHIVIST, limit=10**6)
        strange = [b.id for b in batches if b.id not in set(history.batches)]
        files = [row for batch in batches for row in tx.batches.files(SYSTEM, batch.id)]
    if len(strange) > history.unknown_batches:
        yield f"{len(strange)} batches nobody was told of, {history.unknown_batches} openings without an answer"
    if len(set(history.batches)) != len(history.batches) or len(set(history.batches)) > total:
        yield f"{len(history.batches)} openings were answered, {total} batches are there"
    for row in files:
        if (row.batch_id, row.idempotency_key) not in asked:
            yield f"file {row.id}: nobody sent it"


def _documents(house: House, history: History, events: Counter[tuple[str, str]], found: Finding) -> None:
    archived: dict[str, int] = {}
    with house.work.reading() as tx:
        for batch in history.batches:
            row = tx.batches.get(SYSTEM, batch)
            if row.state is BatchState.RECEIVING and batch not in history.started:
                continue
            if row.state is not BatchState.FINISHED or row.message:
                found.wrong.append(f"batch {batch} is {row.state} {row.message}")
                continue
            kept = Counter(
                op.sha256 for op in history.ops if op.batch == batch and op.outcome == "acknowledged"
            )
            pages = tx.pages.of_batch(batch)
            if Counter(p.image_sha256 for p in pages if p.document_id) != kept or len(pages) != kept.total():
                found.wrong.append(
                    f"batch {batch}: {len(pages)} pages, {kept.total()} files were acknowledged"
                )
            if unread := [p.id for p in pages if p.state != "read"]:
                found.wrong.append(f"batch {batch}: not read: {unread}")
            for document in tx.documents.of_batch(batch):
                if document.state is not DocumentState.ARCHIVED or document.version != 1:
                    why = f"{document.state} v{document.version} {document.code} {document.reason}"
                    found.wrong.append(f"document {document.id}: {why}")
                    continue
                archived[document.id] = document.row_version
                names = Counter(r.name for r in tx.documents.renditions(SYSTEM, document.id))
                if names["access.pdf"] != 1 or names["manifest.json"] != 1 or max(names.values()) > 1:
                    found.wrong.append(f"document {document.id}: renditions {dict(names)}")
                if document.page_count != sum(p.document_id == document.id for p in pages):
                    found.wrong.append(f"document {document.id}: {document.page_count} pages promised")
                if events["document-archived", document.id] != 1:
                    found.wrong.append(
                        f"document {document.id}: archived {events['document-archived', document.id]} times"
                    )
        waiting = tx.outbox.backlog().waiting
    found.documents = len(archived)
    indexed = {entry.document_id: entry.version for entry in house.index.documents()} if archived else {}
    if indexed != archived:
        missing, more = archived.keys() - indexed.keys(), indexed.keys() - archived.keys()
        found.wrong.append(f"index: {len(missing)} missing, {len(more)} too many, {waiting} waiting")


def _stores(house: House) -> Iterator[str]:
    """Every object of the register lies whole in every store; no received file lies there that no row tells of."""
    stores, key = sides(house.blobs), ""
    registered: set[str] = set()
    while True:
        with house.work.reading() as tx:
            some: list[KeptObject] = tx.objects.after(key, 500)
        for kept in some:
            registered.add(kept.key)
            for store in stores:
                measured = store.measure(kept.key)
                if measured is None or measured.sha256 != kept.sha256:
                    yield f"{kept.key}: {store.probe()} holds {measured}"
        if not some:
            break
        key = some[-1].key
    for store in stores:
        yield from (
            f"{k}: nobody's, in {store.probe()}" for k in store.keys("received/") if k not in registered
        )


def sides(blobs: BlobStore) -> list[BlobStore]:
    """Return the stores one by one."""
    return [blobs.first, blobs.copy] if isinstance(blobs, PairedStore) else [blobs]
