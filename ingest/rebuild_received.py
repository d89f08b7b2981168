"""Rebuild a batch that was not finished from the notes of its files, and leave it as it stood.

Its sender goes on where he was, or the walk takes it up again: pages and documents follow from the files.
"""

from collections.abc import Sequence
from typing import Any

from ingest.keys import file_note_key
from ingest.rebuild_values import Kept, LogSaysOtherwise, Rebuilding, as_fault, ask_log, read_kept
from ingest.sidecars import FILE, RECEIVED, START
from records.document import BatchState, FileState
from records.errors import ArchiveFault, Away
from storage.catalogue import Row, RowUnfit, check_row


def enter_received(task: Rebuilding, batch_id: str, start: str | None, notes: Sequence[str]) -> None:
    """Enter a batch and its files from the key `start` (None when its walk had not begun) and its `notes`.

    What is left out is named to `task`. Raises `Away`.
    """
    begun = None if start is None else _begun(task, batch_id, start)
    files = _apart(task, [note for key in notes if (note := _note(task, batch_id, key)) is not None])
    if begun is not None:
        batch = begun.told["batch"]
    elif files:
        batch = _opened(task, files[0].told["batch"])
    else:
        return  # a batch without files: nobody was promised anything
    try:
        with task.work.begin() as tx:
            tx.catalogue.add("batches", [batch])
            tx.catalogue.add("files", [note.told["file"] for note in files])
            for note in files:
                row = note.told["file"]
                tx.objects.keep(row["blob_key"], row["sha256"], row["size"])
            for kept in [*files, *([] if begun is None else [begun])]:
                tx.objects.keep(kept.key, kept.measured.sha256, kept.measured.size)
    except Away:
        raise
    except ArchiveFault as fault:
        task.name(f"batches/{batch_id}", fault)


def _begun(task: Rebuilding, batch_id: str, key: str) -> Kept | None:
    """Return what was written down when the walk of the batch began."""
    try:
        kept = read_kept(task.blobs, key, START)
        row = check_row("batches", kept.told["batch"])
        if (row["id"], row["state"]) != (batch_id, BatchState.STARTED):
            raise RowUnfit("not the start of this batch")
    except Away:
        raise
    except (KeyError, TypeError, ArchiveFault) as fault:
        task.name(key, as_fault(fault))
        return None
    return kept


def _note(task: Rebuilding, batch_id: str, key: str) -> Kept | None:
    """Return the note of a file when it is whole, of this batch, and nothing the log knows better."""
    try:
        kept = read_kept(task.blobs, key, FILE)
        row = check_row("files", kept.told["file"])
        if (row["batch_id"], file_note_key(batch_id, row["id"])) != (batch_id, key):
            raise RowUnfit("a note of another file")
        if kept.told["batch"]["id"] != batch_id:
            raise RowUnfit("a note of another batch")
        FileState(row["state"])
        _ask_about(task, row, kept.told["audit_seq"])
    except Away:
        raise
    except (KeyError, TypeError, ValueError, ArchiveFault) as fault:
        task.name(key, as_fault(fault))
        return None
    return kept


def _ask_about(task: Rebuilding, row: Row, seq: Any) -> None:
    if type(seq) is not int:
        raise TypeError("no audit number")
    with task.work.reading() as tx:
        seen = ask_log(tx, RECEIVED, row["id"], batch=row["batch_id"], sha256=row["sha256"], size=row["size"])
    if seen is None and seq <= task.log_until:
        raise LogSaysOtherwise(f"the log reaches beyond event {seq} and knows nothing of file {row['id']}")
    task.given_until = max(task.given_until, seq)


def _apart(task: Rebuilding, notes: Sequence[Kept]) -> list[Kept]:
    """Return the notes in the order of delivery without those whose place or key another one has already."""
    taken: set[object] = set()
    kept: list[Kept] = []
    for note in sorted(notes, key=lambda note: (note.told["file"]["ordinal"], note.told["audit_seq"])):
        row = note.told["file"]
        mine: set[object] = {row["ordinal"], row["idempotency_key"]}
        if mine & taken:
            task.name(note.key, RowUnfit(f"another file is number {row['ordinal']} or has its key"))
            continue
        taken |= mine
        kept.append(note)
    return kept


def _opened(task: Rebuilding, given: Row) -> Row:
    """Return the row of a batch that is known from its files only: open, or begun when the log says so."""
    row: Row = {**given, "state": BatchState.RECEIVING.value, "message": ""}
    row |= {"started_at": None, "finished_at": None}
    with task.work.reading() as tx:
        began = next(tx.catalogue.rows("audit", object=str(given["id"]), action="batch-started"), None)
    if began is not None:
        row |= {"state": BatchState.STARTED.value, "started_at": began["time"]}
    return row
