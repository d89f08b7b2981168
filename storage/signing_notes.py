"""What is written down beside the stores about papers to be signed, so that the stores alone give their books back.

    signings/<batch>/papers/<paper>.json         a paper as it was handed in, before its sender gets an answer
    signings/<batch>/papers/<paper>-ended.json   how it ended, signed or refused, before its row says so
    signings/<batch>/started.json                that the batch was closed and its signing began
    signings/<batch>/manifest[-<n>].json         every row of a batch at its end

All of it is written once: intent, put, read back, register. The note of an end comes before the row, and whoever would
sign a paper looks for it first: a paper that was signed is never signed again, even when its row was lost.
"""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from records.errors import Away
from storage.blobs import BlobFault, BlobStore, Conflict, Stored, Unavailable
from storage.catalogue import Row, RowUnfit, check_row, moment_from_json, moment_json
from storage.crashpoint import crashpoint
from storage.framed import Damaged, framed, unframed
from storage.signing_values import BatchStage, PaperStage, Signature, signature_columns
from storage.work import Tx, Work

FORMAT = 1
PAPER, END, START, BATCH = "signing-paper", "signing-end", "signing-start", "signing-batch"
"""Kinds of what is written down."""

_GIVEN = ("id", "title", "profile", "key", "level", "options", "created_by", "created_at")
"""What a batch is from its opening on."""
HANDED_IN: Row = {
    "state": PaperStage.WAITING.value,
    "code": "",
    "reason": "",
    "tell": "",
    "signed_key": "",
    "signed_sha256": "",
    "signed_size": 0,
    "level": "",
    "field": "",
    "signed_at": None,
    "certificate_sha256": "",
    "certificate_serial": "",
    "time_stamp_serial": "",
    "ended_at": None,
    "place": "",
}
"""The columns of a paper that change until its end, as they are when it is handed in."""


_SPOOL = "Ổ đĩa tạm đã đầy hoặc không ghi được; chưa có gì được ghi nhận. Hãy giải phóng chỗ rồi thử lại."
_STORE = "Kho lưu trữ chưa ghi được lúc này (đầy hoặc mất kết nối). Hãy thử lại sau."


@dataclass(frozen=True, slots=True)
class Notebook:
    """Where notes are written: the rows, the stores, and a folder of this machine for the bytes on their way."""

    work: Work
    blobs: BlobStore
    folder: Path


@dataclass(frozen=True, slots=True)
class End:
    """How a paper ended: its whole row, and where the note of it rests. `intent` is struck off with the row."""

    key: str
    sha256: str
    size: int
    row: Row
    intent: str | None = None

    @property
    def ended_at(self) -> datetime:
        """When it ended."""
        return moment_from_json(self.row["ended_at"])

    @property
    def signature(self) -> Signature | None:
        """The signature, None when the paper was refused."""
        if self.row["state"] != PaperStage.SIGNED:
            return None
        row = self.row
        return Signature(
            row["signed_key"],
            row["signed_sha256"],
            row["signed_size"],
            row["level"],
            row["field"],
            moment_from_json(row["signed_at"]),
            row["certificate_sha256"],
            row["certificate_serial"],
            row["time_stamp_serial"],
        )


def signing_key(batch_id: str, name: str) -> str:
    """Return the key of something that is kept about a batch of papers."""
    return f"signings/{batch_id}/{name}"


def paper_note_key(batch_id: str, paper_id: str) -> str:
    """Return the key of the note about a paper that was handed in."""
    return signing_key(batch_id, f"papers/{paper_id}.json")


def end_key(batch_id: str, paper_id: str) -> str:
    """Return the key of the note about how a paper ended."""
    return signing_key(batch_id, f"papers/{paper_id}-ended.json")


def manifest_name(number: int) -> str:
    """Return the name of a batch's `number`-th manifest (from 1)."""
    return "manifest.json" if number == 1 else f"manifest-{number}.json"


def keep_paper_note(book: Notebook, paper_id: str) -> None:
    """Write down that a paper was handed in, if that was not done yet. Safe to repeat. Raises `Away`, `BlobFault`."""
    with book.work.reading() as tx:
        row = _one(tx, "signings", paper_id)
        batch = _one(tx, "signing_batches", row["batch_id"])
        key = paper_note_key(batch["id"], paper_id)
        noted = tx.objects.get(key) is not None
    if not noted:
        told = {"paper": row | HANDED_IN, "batch": {name: batch[name] for name in _GIVEN}}
        _keep(book, key, framed(PAPER, FORMAT, told), batch["created_by"], paper_id)


def keep_start(book: Notebook, batch_id: str) -> None:
    """Write down that the signing of a batch began, and see that every paper has its note. As `keep_paper_note`."""
    key = signing_key(batch_id, "started.json")
    with book.work.reading() as tx:
        if tx.objects.get(key) is not None:  # it is written last, so every paper has its note
            return
        batch = _one(tx, "signing_batches", batch_id)
        ids = [row["id"] for row in tx.catalogue.rows("signings", batch_id=batch_id)]
        known = tx.objects.known([*(paper_note_key(batch_id, one) for one in ids)])
    for paper_id in ids:
        if paper_note_key(batch_id, paper_id) not in known:
            keep_paper_note(book, paper_id)
    stage = BatchStage.DESK if batch["state"] == BatchStage.DESK else BatchStage.RUNNING
    began = {"state": stage.value, "message": "", "finished_at": None}
    _keep(book, key, framed(START, FORMAT, {"batch": batch | began}), batch["created_by"], batch_id)


def find_end(book: Notebook, batch_id: str, paper_id: str) -> End | None:
    """Return how a paper ended when the stores know it, whatever its row says.

    Raises `Away`, also when the note is damaged or is about another paper (`signing-note-damaged`): then nobody knows
    whether it was signed, so it must wait for a person.
    """
    key = end_key(batch_id, paper_id)
    measured = book.blobs.measure(key)
    if measured is None:
        return None
    try:
        row = read_end(book.blobs.read(key, measured.sha256), batch_id, paper_id)
    except (Damaged, RowUnfit, BlobFault) as fault:
        raise Away(
            f"{key}: {fault}",
            code="signing-note-damaged",
            tell="Ghi chép trong kho về việc ký văn bản này bị hỏng nên chưa rõ đã ký hay chưa; văn bản chờ, không "
            "ký lại. Hãy báo quản trị viên.",
        ) from fault
    return End(key, measured.sha256, measured.size, row)


def read_end(data: bytes, batch_id: str, paper_id: str) -> Row:
    """Return the row of a paper that a note of its end tells. Raises `Damaged`, `RowUnfit`."""
    told = unframed(data, END, FORMAT)
    try:
        row = check_row("signings", told["paper"])
        state = PaperStage(row["state"])
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise Damaged(f"note of an end: {type(fault).__name__}: {fault}") from fault
    ended = state in (PaperStage.SIGNED, PaperStage.REFUSED) and row["ended_at"] is not None
    if (row["id"], row["batch_id"]) != (paper_id, batch_id) or not ended:
        raise RowUnfit("not the end of this paper")
    if state is PaperStage.SIGNED and (row["signed_at"] is None or not row["signed_key"]):
        raise RowUnfit("signed without a signature")
    return row


def put_end(book: Notebook, paper_id: str, made: Signature | None, refused: Mapping[str, str]) -> End:
    """Write down how a paper ends now: signed (`made`), or `refused` with its `code`, `reason` and `tell`.

    The caller enters it into the books: row, object and intent in one transaction. When two end a paper at once the
    first note holds, and both get it. Raises `Away`.
    """
    with book.work.reading() as tx:
        row = _one(tx, "signings", paper_id)
        owner = _one(tx, "signing_batches", row["batch_id"])["created_by"]
    key = end_key(row["batch_id"], paper_id)
    ended: dict[str, Any] = {"code": "", "reason": "", "tell": "", **refused}
    ended |= {"state": PaperStage.REFUSED.value, "ended_at": moment_json(book.work.clock.now())}
    if made is not None:
        columns = signature_columns(made)
        ended |= {**columns, "signed_at": moment_json(made.signed_at), "state": PaperStage.SIGNED.value}
    data = framed(END, FORMAT, {"paper": row | ended})
    intent = _intend(book, key, data, owner, paper_id)
    stored = put_note(book, key, data)
    crashpoint("paper-end-noted")
    if isinstance(stored, Conflict):
        with book.work.begin() as tx:
            tx.intents.done(intent)
        there = find_end(book, row["batch_id"], paper_id)
        if there is None:
            raise Away(f"{key} was there and is not", code="signing-note-damaged")
        return there
    return End(key, stored.sha256, stored.size, row | ended, intent)


def keep_manifest(book: Notebook, batch_id: str) -> str:
    """Write down every row of a batch that is at its end; return the key. Nothing is written when nothing has changed.

    Raises `Away`.
    """
    with book.work.reading() as tx:
        batch = _one(tx, "signing_batches", batch_id)
        papers = list(tx.catalogue.rows("signings", batch_id=batch_id))
        keys = {signing_key(batch_id, "started.json")}
        for row in papers:
            keys |= {row["source_key"], row["signed_key"]}
            keys |= {paper_note_key(batch_id, row["id"]), end_key(batch_id, row["id"])}
        told = {"batch": batch, "papers": papers, "objects": tx.catalogue.kept(sorted(keys - {""}))}
        newest, number = "", 0
        while (known := tx.objects.get(signing_key(batch_id, manifest_name(number + 1)))) is not None:
            newest, number = known.sha256, number + 1
    data = framed(BATCH, FORMAT, told, indent=None)
    if hashlib.sha256(data).hexdigest() == newest:
        return signing_key(batch_id, manifest_name(number))
    while True:
        number += 1
        key = signing_key(batch_id, manifest_name(number))
        intent = _intend(book, key, data, batch["created_by"], batch_id)
        stored = put_note(book, key, data)
        crashpoint("signing-manifest-stored")
        with book.work.begin() as tx:
            if isinstance(stored, Stored):
                tx.objects.keep(key, stored.sha256, stored.size)
            tx.intents.done(intent)
        if isinstance(stored, Stored):
            return key  # a conflict is what a killed process left, or another one at the same moment


def keep_missing_manifests(book: Notebook, limit: int = 100) -> int:
    """Write the manifest of batches at their end that have none (cancelled ones, after a crash); return how many.

    Raises `Away`.
    """
    with book.work.reading() as tx:
        due = tx.signings.ended_without(manifest_name(1), limit)
    for batch_id in due:
        keep_manifest(book, batch_id)
    return len(due)


def _keep(book: Notebook, key: str, data: bytes, actor: str, object_id: str) -> None:
    intent = _intend(book, key, data, actor, object_id)
    stored = put_note(book, key, data)
    crashpoint("signing-note-stored")
    if isinstance(stored, Conflict):  # what is told here never changes, so these are somebody else's bytes
        with book.work.begin() as tx:
            tx.intents.done(intent)
        raise BlobFault(f"{key} holds {stored.found_sha256}", code="blob-conflict")
    with book.work.begin() as tx:
        tx.objects.keep(key, stored.sha256, stored.size)
        tx.intents.done(intent)


def _intend(book: Notebook, key: str, data: bytes, actor: str, object_id: str) -> str:
    with book.work.begin() as tx:
        return tx.intents.add(key, hashlib.sha256(data).hexdigest(), len(data), actor, object_id)


def put_note(
    book: Notebook, key: str, data: bytes, spool_tell: str = _SPOOL, store_tell: str = _STORE
) -> Stored | Conflict:
    """Put a note into the stores by way of a file of this machine. Raises `Away`, with what people are told then."""
    try:
        book.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=book.folder, prefix="note-", suffix=".part") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
            stored = book.blobs.put_once(key, Path(out.name), hashlib.sha256(data).hexdigest())
    except OSError as fault:
        raise Away(
            f"{book.folder}: {fault}",
            code="spool-away",
            tell=spool_tell,
        ) from fault
    if isinstance(stored, Unavailable):
        raise stored.fault(store_tell)
    return stored


def _one(tx: Tx, table: str, row_id: str) -> Row:
    return next(tx.catalogue.rows(table, id=row_id))
