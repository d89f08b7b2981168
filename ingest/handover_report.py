"""Hold a delivery against its hand-over list: the newest one that was given, the documents as they stand now."""

from ingest.handover import parse_handover
from ingest.handover_compare import compare_handover
from ingest.secrecy import secret_rows
from records.access import Actor
from records.document import DocumentState
from records.handover import Comparison, FoundDocument, HandoverList
from storage.canonical import Scalar
from storage.pages import UNREAD
from storage.work import Tx


def given_list(tx: Tx, reader: Actor, batch_id: str) -> HandoverList | None:
    """Return the list that counts for a delivery, None when none was given. Raises `Missing`, `NotAllowed`, `Unfit`."""
    tx.batches.get(reader, batch_id)
    kept = tx.handover_lists.newest(batch_id)
    return None if kept is None else parse_handover(kept.data, kept.name)


def give_list(tx: Tx, actor: Actor, batch_id: str, name: str, data: bytes) -> HandoverList:
    """Keep a list with its delivery; a newer one takes its place and both stay. Given before the walk begins, its
    levels of secrecy hold documents. Raises `Missing`, `NotAllowed`, `Unfit` as `parse_handover`.
    """
    tx.batches.get(actor, batch_id)
    listed = parse_handover(data, name)
    before = tx.handover_lists.newest(batch_id)
    kept = tx.handover_lists.give(batch_id, name, data, actor.id)
    if before is None or kept.ordinal != before.ordinal:
        facts: dict[str, Scalar] = {"sha256": kept.sha256, "rows": len(listed.rows), "ordinal": kept.ordinal}
        tx.audit.append(actor.id, "handover-given", batch_id, "done", facts)
    return listed


def came_late(tx: Tx, reader: Actor, batch_id: str, listed: HandoverList) -> int:
    """Return how many rows of a list name a level of secrecy although the walk had begun when it came: their documents
    were not held for it. Raises `Missing`, `NotAllowed`.
    """
    batch, kept = tx.batches.get(reader, batch_id), tx.handover_lists.newest(batch_id)
    late = batch.started_at is not None and kept is not None and kept.given_at > batch.started_at
    return len(secret_rows(listed)) if late else 0


def compared(tx: Tx, reader: Actor, batch_id: str, listed: HandoverList) -> Comparison:
    """Return which row is which document, and every difference, in sentences. Raises `Missing`, `NotAllowed`.

    Of a held document only its place and its pages are compared: nothing else of it is known.
    """
    tx.batches.get(reader, batch_id)
    unread: dict[str, list[int]] = {}
    for page in tx.pages.of_batch(batch_id):
        if page.document_id is not None and page.state in UNREAD:
            unread.setdefault(page.document_id, []).append(page.number or 0)
    found = [
        FoundDocument(
            order=document.ordinal,
            pages=document.page_count,
            separator=document.title,
            number=document.fields.number,
            issued_date=document.fields.issued_date,
            unread=tuple(sorted(unread.get(document.id, ()))),
        )
        for document in tx.documents.of_batch(batch_id)
        if document.state is not DocumentState.REMOVED
    ]
    return compare_handover(listed, found)
