"""Take a delivered file in: nothing is called received before it is durable, read back and written down.

Step 1 of the walk. Bytes go to quarantine while they are hashed, then write-once into the store, then the row and
the audit event are committed together, and only then does the sender get a receipt.
"""

import fcntl
import hashlib
import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from ingest.inspect import look
from ingest.keys import received_key
from ingest.tools import IngestTools
from records.access import SYSTEM, Action, Actor, authorize
from records.clock import new_id
from records.document import BatchState, FileState
from records.errors import Away, Conflict, Unfit
from records.outcome import Done, Refused
from storage.batches import DeliveredFile, NewFile
from storage.blobs import Stored, Unavailable

_CHUNK = 1024 * 1024
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the sender may rely on: these bytes are in the archive's store and in its books."""

    file_id: str
    sha256: str
    size: int
    audit_seq: int
    pages: int
    media_type: str


def receive_stream(
    tools: IngestTools,
    batch_id: str,
    name: str,
    relative_path: str,
    chunks: Iterator[bytes],
    idempotency_key: str,
    actor: Actor,
    declared_sha256: str | None = None,
) -> Receipt:
    """Take one file of a delivery in and look at it; the same key and bytes again give the same receipt.

    `relative_path` places the file inside the delivery (it groups page images of a folder into a document).
    Raises `Unfit` when the bytes are refused (the refusal is kept in the batch), `Conflict` (`idempotency-conflict`,
    `batch-started`), `Away` when the store cannot take it now; then nothing is acknowledged.
    """
    authorize(actor, Action.DIGITIZE)
    shown, path = clean_name(name), clean_path(relative_path or name)
    with tools.work.reading() as tx:
        batch = tx.batches.get(actor, batch_id)
    if batch.state is not BatchState.RECEIVING:
        with tools.work.reading() as tx:
            known = tx.batches.file_by_key(batch_id, idempotency_key)
        if known is not None:
            return _again(known)
        raise Conflict(
            f"batch {batch_id} is {batch.state}",
            code="batch-started",
            tell="Lô này đã bắt đầu xử lý nên không nhận thêm tệp. Hãy tạo lô mới cho các tệp còn lại.",
        )
    with _quarantined(tools.quarantine) as (held, out):
        sha256, size = _hold(chunks, out, tools.limits.file_bytes, shown)
        if declared_sha256 and declared_sha256.lower() != sha256:
            raise Unfit(
                f"{shown}: declared {declared_sha256}, got {sha256}",
                code="digest-mismatch",
                tell=f"{shown}: nội dung nhận được không khớp mã băm đã khai báo. Hãy gửi lại tệp này.",
            )
        return _keep(tools, actor, batch_id, held, NewName(shown, path, sha256, size, idempotency_key))


def receive_path(
    tools: IngestTools, batch_id: str, source: Path, relative_path: str, actor: Actor, sha256: str
) -> Receipt:
    """Take a file of this machine in; its place in the delivery is its idempotency key.

    `sha256` is what the file had when the delivery was counted; another one is refused as `digest-mismatch`.
    """
    return receive_stream(
        tools, batch_id, source.name, relative_path, _chunks(source), f"path:{relative_path}", actor, sha256
    )


def _chunks(source: Path) -> Iterator[bytes]:
    try:
        with source.open("rb") as handle:
            while chunk := handle.read(_CHUNK):
                yield chunk
    except OSError as cause:
        raise Unfit(
            f"{source}: {cause}",
            code="file-unreadable",
            tell=f"{clean_name(source.name)}: không đọc được tệp ({cause.strerror}). Kiểm tra quyền đọc hoặc ổ đĩa.",
        ) from cause


@dataclass(frozen=True, slots=True)
class NewName:
    """A held file with the names and numbers its row will carry."""

    shown: str
    path: str
    sha256: str
    size: int
    key: str


def _keep(tools: IngestTools, actor: Actor, batch_id: str, held: Path, new: NewName) -> Receipt:
    with held.open("rb") as handle:
        head = handle.read(16)
    key = received_key(new.sha256, head)
    stored = tools.blobs.put_once(key, held, new.sha256)
    if isinstance(stored, Unavailable):
        raise Away(
            stored.reason,
            code="store-away",
            tell="Kho lưu trữ chưa ghi được lúc này (đầy hoặc mất kết nối); tệp chưa được nhận. Hãy thử lại sau.",
        )
    if not isinstance(stored, Stored):
        raise Away(
            f"{key} holds {stored.found_sha256}",
            code="blob-conflict",
            tell="Kho lưu trữ có tệp hỏng ở vị trí này; tệp chưa được nhận. Hãy báo quản trị viên.",
        )
    with tools.work.begin() as tx:
        known = tx.batches.file_by_key(batch_id, new.key)
        file = tx.batches.add_file(
            batch_id,
            NewFile(
                name=new.shown,
                relative_path=new.path,
                sha256=new.sha256,
                size=new.size,
                blob_key=key,
                media_type="",
                idempotency_key=new.key,
            ),
        )
        seq = 0
        if known is None:
            seq = tx.audit.append(
                actor.id,
                "file-received",
                file.id,
                "done",
                {"batch": batch_id, "sha256": new.sha256, "size": new.size},
            )
    if known is not None and (known.pages or known.state is not FileState.RECEIVED):
        return _again(known)
    outcome = look(tools, held, new.shown)
    if isinstance(outcome, Done):
        _note(tools, actor, file.id, FileState.RECEIVED, Refused("", "", ""), outcome.value.facts.pages)
        facts = outcome.value.facts
        return Receipt(file.id, new.sha256, new.size, seq, facts.pages, facts.media_type)
    if isinstance(outcome, Refused):
        _note(tools, actor, file.id, FileState.REFUSED, outcome, 0)
        raise Unfit(outcome.reason, code=outcome.code, tell=outcome.tell)
    raise Away(outcome.reason, tell="Chưa xem được tệp lúc này. Tệp đã được giữ an toàn; hãy thử lại.")


def _note(tools: IngestTools, actor: Actor, file_id: str, state: FileState, why: Refused, pages: int) -> None:
    """Write down what the file turned out to be, unless the walk has it already (two senders of one delivery)."""
    with tools.work.begin() as tx:
        file = tx.batches.file(file_id)
        walking = tx.batches.get(SYSTEM, file.batch_id).state is not BatchState.RECEIVING
        if file.state is not FileState.RECEIVED or walking:
            return
        tx.batches.set_file(file_id, state, why.code, why.reason[:900], why.tell, pages)
        if state is FileState.REFUSED:
            tx.audit.append(actor.id, "file-refused", file_id, why.code, {"batch": file.batch_id})


def _again(file: DeliveredFile) -> Receipt:
    """The answer given before to the same sender for the same key: the receipt, or the refusal."""
    if file.state is FileState.REFUSED:
        raise Unfit(file.reason, code=file.code, tell=file.tell)
    return Receipt(file.id, file.sha256, file.size, 0, file.pages, file.media_type)


@contextmanager
def _quarantined(folder: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """Give a fresh quarantine file that is gone at the end; its lock tells `documents.sweep` that it is in use."""
    while True:
        held = folder / new_id("in-")
        with held.open("xb") as out:
            fcntl.flock(out, fcntl.LOCK_EX)
            if not held.exists():  # swept in the moment before it was locked
                continue
            try:
                yield held, out
            finally:
                held.unlink(missing_ok=True)
            return


def _hold(chunks: Iterator[bytes], out: IO[bytes], most: int, shown: str) -> tuple[str, int]:
    """Write `chunks` durably into quarantine; return (SHA-256, size)."""
    digest, size = hashlib.sha256(), 0
    try:
        for chunk in chunks:
            size += len(chunk)
            if size > most:
                raise Unfit(
                    f"{shown}: more than {most} bytes",
                    code="file-too-large",
                    tell=f"{shown}: tệp lớn hơn giới hạn {most // 1024**2} MB. Hãy tách tệp rồi gửi lại.",
                )
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    except OSError as cause:
        raise Away(
            f"quarantine: {cause}",
            code="store-away",
            tell="Ổ đĩa tạm không ghi được (có thể đã đầy); tệp chưa được nhận. Hãy giải phóng chỗ rồi thử lại.",
        ) from cause
    return digest.hexdigest(), size


def clean_name(name: str) -> str:
    """Return `name` as people may read it: last path part, NFC, no control or direction marks, at most 200 letters.

    The name is for showing only; stored keys never contain it.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c)[0] != "C").strip()
    if len(kept) > _LONGEST_NAME:
        stem, dot, suffix = kept.rpartition(".")
        kept = (stem or kept)[: _LONGEST_NAME - 20] + "…" + (dot + suffix[:16] if stem and dot else "")
    return kept if kept not in ("", ".", "..") else "khong-ten"


def clean_path(path: str) -> str:
    """Return a delivery path whose parts are clean names and which never leaves the delivery."""
    parts = [p for p in path.replace("\\", "/").split("/") if p not in ("", ".", "..")]
    return str(PurePosixPath(*(clean_name(p) for p in parts))) if parts else "khong-ten"
