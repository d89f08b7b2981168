"""What the archive writes down beside its blobs, so that the stores alone are enough to rebuild its books.

A received file gets a note before its sender gets a receipt; a batch gets one when its walk begins and a manifest when
it is finished. All of it is written once; what changes later is a new file with a higher number.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from ingest.keys import batch_key, document_key, file_note_key
from ingest.manifest import framed, readings_bytes, unframed
from ingest.quarantine import quarantined
from ingest.tools import IngestTools
from records.document import BatchState, DocumentState, FileState
from records.errors import Away
from records.outcome import Done, Later, Outcome
from storage.batch_values import FILE_RECEIVED
from storage.batches import DeliveredFile
from storage.blobs import BlobFault, BlobMissing, Conflict, Stored, Unavailable
from storage.catalogue import Row
from storage.crashpoint import crashpoint
from storage.work import Tx

FILE, START, BATCH, RECORD = "file", "batch-start", "batch", "record"
"""Kinds of what is written down."""

RECEIVED = FILE_RECEIVED
"""The audit action whose number a receipt carries."""

_GIVEN = ("id", "title", "dossier", "created_by", "fingerprint", "options", "created_at")
"""What a batch is from its opening on."""


def keep_file_note(tools: IngestTools, file_id: str) -> int:
    """Write down a received file beside the stores, if that was not done yet; return the number of its audit event.

    Safe to repeat and for two at once. Raises `Away` when the store does not take it; `Missing`.
    """
    with tools.work.reading() as tx:
        file = tx.batches.file(file_id)
        key = file_note_key(file.batch_id, file_id)
        event = next(tx.catalogue.rows("audit", object=file_id, action=RECEIVED), None)
        noted = tx.objects.get(key) is not None
        batch, row = _one(tx, "batches", file.batch_id), _one(tx, "files", file_id)
    if noted:  # without the event the row was rebuilt from this very note, and the end of the log was lost
        return int(event["seq"] if event is not None else file_note(tools, file)["audit_seq"])
    if event is None:
        raise RuntimeError(f"file {file_id} has neither a note nor an event")
    seq = int(event["seq"])
    # the note tells of the receiving; what the walk made of it comes later
    row["state"] = FileState.RECEIVED.value if row["state"] == FileState.ACCEPTED else row["state"]
    told = {"file": row, "batch": {name: batch[name] for name in _GIVEN}, "audit_seq": seq}
    crashpoint("receive-before-note")
    stored = _put(tools, key, framed(FILE, told))
    if isinstance(stored, Conflict):  # written before the books said so; the row has moved on since
        stored = _as_it_lies(tools, key, file_id, stored.found_sha256)
    crashpoint("receive-after-note")
    with tools.work.begin() as tx:
        tx.objects.keep(key, stored.sha256, stored.size)
    crashpoint("receive-after-note-row")
    return seq


def file_note(tools: IngestTools, file: DeliveredFile) -> dict[str, Any]:
    """Return what was written down when a file was received. Raises `BlobFault`, `ManifestDamaged`, `Away`."""
    key = file_note_key(file.batch_id, file.id)
    with tools.work.reading() as tx:
        kept = tx.objects.get(key)
    if kept is None:
        raise BlobMissing(key)
    return unframed(tools.blobs.read(key, kept.sha256), FILE)


def keep_batch_start(tools: IngestTools, batch_id: str) -> Outcome[int]:
    """Write down that the walk of a batch has begun, and see that every file of it has its note.

    Done carries how many files there are. Safe to repeat. Later: the store is away.
    """
    try:
        with tools.work.reading() as tx:
            batch = _one(tx, "batches", batch_id)
            notes = {
                file_note_key(batch_id, f["id"]): f["id"]
                for f in tx.catalogue.rows("files", batch_id=batch_id)
            }
            known = tx.objects.known([*notes, batch_key(batch_id, "started.json")])
        for key, file_id in notes.items():
            if key not in known:
                keep_file_note(tools, file_id)
        key = batch_key(batch_id, "started.json")
        if key not in known and batch["state"] == BatchState.STARTED:
            _keep(tools, key, framed(START, {"batch": batch}))
        return Done(len(notes))
    except Away as fault:
        return Later(str(fault), tools.clock.now())


def keep_batch_manifest(tools: IngestTools, batch_id: str) -> Outcome[str]:
    """Write down everything the books say of a finished batch; Done carries the key.

    Safe to repeat: when nothing has changed since, nothing is written; else a manifest with the next number. Later: the
    store is away.
    """
    try:
        return Done(_keep_batch(tools, batch_id))
    except Away as fault:
        return Later(str(fault), tools.clock.now())


def keep_missing_manifests(tools: IngestTools, limit: int = 100) -> int:
    """Write the manifest of finished batches that have none (of an older version, or after a crash); return how many.

    Raises `Away` when the store does not take one.
    """
    with tools.work.reading() as tx:
        due = tx.catalogue.finished_without(manifest_name(1), limit)
    for batch_id in due:
        _keep_batch(tools, batch_id)
    return len(due)


def keep_record(tools: IngestTools, document_id: str) -> Outcome[str]:
    """Write down the row of an archived document as it is now, after a correction; Done carries the key.

    Safe to repeat. Later: the store is away.
    """
    try:
        with tools.work.reading() as tx:
            row = _one(tx, "documents", document_id)
        key = document_key(document_id, row["version"], f"record-{row['row_version']}.json")
        _keep(tools, key, framed(RECORD, {"document": row}))
        return Done(key)
    except Away as fault:
        return Later(str(fault), tools.clock.now())


def manifest_name(number: int) -> str:
    """Return the name of a batch's `number`-th manifest (from 1)."""
    return "manifest.json" if number == 1 else f"manifest-{number}.json"


def _keep_batch(tools: IngestTools, batch_id: str) -> str:
    with tools.work.reading() as tx:
        told, unread = _whole_batch(tx, batch_id)
        newest, number = "", 0
        while (known := tx.objects.get(batch_key(batch_id, manifest_name(number + 1)))) is not None:
            newest, number = known.sha256, number + 1
    if unread:
        data = readings_bytes(list(unread.values()))
        name = f"readings-{hashlib.sha256(data).hexdigest()[:16]}.json"
        kept = _keep(tools, batch_key(batch_id, name), data)
        told["readings"] = {"key": kept.key, "sha256": kept.sha256, "size": kept.size, "pages": list(unread)}
    data = framed(BATCH, told, indent=None)
    if hashlib.sha256(data).hexdigest() == newest:
        return batch_key(batch_id, manifest_name(number))
    while True:
        number += 1
        key = batch_key(batch_id, manifest_name(number))
        crashpoint("finish-before-manifest")
        stored = _put(tools, key, data)
        if isinstance(stored, Stored):
            break  # a conflict is what a killed process left, or another one at the same moment
    crashpoint("finish-after-manifest")
    with tools.work.begin() as tx:
        tx.objects.keep(key, stored.sha256, stored.size)
    crashpoint("finish-after-manifest-row")
    return key


def _whole_batch(tx: Tx, batch_id: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return every row of a batch, and the readings of pages that no archived document keeps (by page id)."""
    files = list(tx.catalogue.rows("files", batch_id=batch_id))
    documents = list(tx.catalogue.rows("documents", batch_id=batch_id))
    pages = list(tx.catalogue.rows("pages", batch_id=batch_id))
    renditions = [r for d in documents for r in tx.catalogue.rows("renditions", document_id=d["id"])]
    archived = {d["id"] for d in documents if d["state"] == DocumentState.ARCHIVED}
    loose = [p["id"] for p in pages if p["state"] and p["document_id"] not in archived]
    readings = tx.catalogue.readings(loose)
    keys = {batch_key(batch_id, "started.json")}
    keys |= {file_note_key(batch_id, f["id"]) for f in files}
    keys |= {f["blob_key"] for f in files} | {p["image_key"] for p in pages} | {r["key"] for r in renditions}
    told = {
        "batch": _one(tx, "batches", batch_id),
        "files": files,
        "documents": documents,
        "renditions": renditions,
        "pages": pages,
        "page_checks": tx.page_checks.rows_of_batch(batch_id),
        "existing": list(tx.catalogue.rows("existing", batch_id=batch_id)),
        "objects": tx.catalogue.kept(sorted(keys)),
        "readings": None,
    }
    return told, {page_id: readings[page_id] for page_id in loose if page_id in readings}


def _keep(tools: IngestTools, key: str, data: bytes) -> Stored:
    """Store `data` and enter it in the register; other bytes in its place are a fault of ours (`blob-conflict`)."""
    stored = _put(tools, key, data)
    if isinstance(stored, Conflict):
        raise BlobFault(f"{key} holds {stored.found_sha256}", code="blob-conflict")
    with tools.work.begin() as tx:
        tx.objects.keep(key, stored.sha256, stored.size)
    return stored


def _put(tools: IngestTools, key: str, data: bytes) -> Stored | Conflict:
    with quarantined(tools.quarantine) as (held, out):
        out.write(data)
        out.flush()
        stored = tools.blobs.put_once(key, held, hashlib.sha256(data).hexdigest())
    if isinstance(stored, Unavailable):
        raise stored.fault("Kho lưu trữ chưa ghi được lúc này (đầy hoặc mất kết nối). Hãy thử lại sau.")
    return stored


def _as_it_lies(tools: IngestTools, key: str, file_id: str, sha256: str) -> Stored:
    """Return the note that rests under `key` already, when it is whole and of this file."""
    data = tools.blobs.read(key, sha256)
    if unframed(data, FILE)["file"]["id"] != file_id:
        raise BlobFault(f"{key} is about another file", code="blob-conflict")
    return Stored(key, sha256, len(data))


def _one(tx: Tx, table: str, row_id: str) -> Row:
    found: Sequence[Row] = list(tx.catalogue.rows(table, id=row_id))
    return found[0]
