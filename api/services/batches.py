"""Deliveries: open, hand files in, start, watch."""

from collections.abc import Iterator

from api.multipart import FilePart
from api.schemas.batches import BatchIn, BatchOut, FileOut, PageFlagOut, ProgressOut, ReceiptOut
from api.schemas.common import Listing
from api.tools import Tools
from ingest.page_flags import page_flags
from language.fold import canonical
from records.access import Actor
from records.document import BatchState
from records.errors import Conflict
from storage.batches import NewBatch
from storage.work import Tx


def open_batch(tx: Tx, actor: Actor, wanted: BatchIn) -> BatchOut:
    """Open a delivery for `actor`."""
    batch = tx.batches.add(NewBatch(canonical(wanted.title), canonical(wanted.dossier), actor.id))
    tx.audit.append(actor.id, "batch-opened", batch.id, "done", {})
    return BatchOut.of(batch)


def list_batches(tools: Tools, actor: Actor, limit: int, offset: int) -> Listing[BatchOut]:
    """Return a page of deliveries, newest first."""
    with tools.work.reading() as tx:
        found, total = tx.batches.list(actor, limit, offset)
    return Listing(items=[BatchOut.of(b) for b in found], total=total, limit=limit, offset=offset)


def get_batch(tools: Tools, actor: Actor, batch_id: str) -> BatchOut:
    """Return one delivery with its progress. Raises `Missing`."""
    with tools.work.reading() as tx:
        batch = tx.batches.get(actor, batch_id)
        progress = tx.batches.progress(actor, batch_id)
        files = tx.batches.files(actor, batch_id)
    return BatchOut.of(batch, ProgressOut.of(progress, files, tools.clock.now()))


def list_files(tools: Tools, actor: Actor, batch_id: str) -> list[FileOut]:
    """Return the files of a delivery in the order they came. Raises `Missing`."""
    with tools.work.reading() as tx:
        return [FileOut.of(file) for file in tx.batches.files(actor, batch_id)]


def list_checks(tools: Tools, actor: Actor, batch_id: str) -> list[PageFlagOut]:
    """Return the findings on the page images of a delivery, page by page. Raises `Missing`."""
    with tools.work.reading() as tx:
        return [PageFlagOut(**flag.as_json()) for flag in page_flags(tx, actor, batch_id)]


def take_in(
    tools: Tools,
    actor: Actor,
    batch_id: str,
    part: FilePart,
    relative_path: str,
    key: str,
    declared_sha256: str | None = None,
) -> tuple[ReceiptOut, bool]:
    """Hand one file to the archive; return the receipt once its bytes are durable, and whether it was given before.

    The row of the file is the memory of its key. Raises as `Receive` does.
    """
    with tools.work.reading() as tx:
        before = tx.batches.file_by_key(batch_id, key)
    chunks: Iterator[bytes] = part.chunks()
    receipt = tools.receive(batch_id, part.name, relative_path, chunks, key, actor, declared_sha256)
    with tools.work.reading() as tx:
        file = tx.batches.file(receipt.file_id)
    told = ReceiptOut(
        file_id=receipt.file_id,
        batch_id=batch_id,
        name=file.name,
        sha256=receipt.sha256,
        size=receipt.size,
        audit_seq=receipt.audit_seq,
        copies=receipt.copies,
    )
    return told, before is not None


def start(tx: Tx, actor: Actor, batch_id: str) -> BatchOut:
    """Close the delivery and let the walk begin: the row's state is the order, the engine's patrol picks it up.

    Starting again changes nothing. Raises `Missing`, `Conflict` (`batch-empty`).
    """
    batch = tx.batches.get(actor, batch_id)
    if batch.state is BatchState.RECEIVING:
        count = len(tx.batches.files(actor, batch_id))
        if count == 0:
            raise Conflict(
                f"batch {batch_id} has no files",
                code="batch-empty",
                tell="Lô này chưa có tệp nào. Hãy tải ít nhất một tệp lên rồi bắt đầu.",
            )
        batch = tx.batches.start(batch_id)
        tx.audit.append(actor.id, "batch-started", batch_id, "done", {"files": count})
    return BatchOut.of(batch)
