"""Take a delivered file in: nothing is called received before it is durable, read back and written down.

Step 1 of the walk. Bytes go to quarantine while they are hashed, then write-once into the store, then the row and
the audit event are committed together, and only then does the sender get a receipt.
"""

import hashlib
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ingest.inspect import Looked, look
from ingest.keys import received_key
from ingest.tools import IngestTools
from records.access import Action, Actor, authorize
from records.clock import new_id
from records.document import BatchState, FileState
from records.errors import Away, Conflict, Unfit
from records.outcome import Done, Refused
from storage.batches import NewFile
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
        known = _known(tools, actor, batch_id, idempotency_key)
        if known is not None:
            return known
        raise Conflict(
            f"batch {batch_id} is {batch.state}",
            code="batch-started",
            tell="Lô này đã bắt đầu xử lý nên không nhận thêm tệp. Hãy tạo lô mới cho các tệp còn lại.",
        )
    held = tools.quarantine / new_id("in-")
    try:
        sha256, size = _hold(chunks, held, tools.limits.file_bytes, shown)
        if declared_sha256 and declared_sha256.lower() != sha256:
            raise Unfit(
                f"{shown}: declared {declared_sha256}, got {sha256}",
                code="digest-mismatch",
                tell=f"{shown}: nội dung nhận được không khớp mã băm đã khai báo. Hãy gửi lại tệp này.",
            )
        return _keep(tools, actor, batch_id, held, NewName(shown, path, sha256, size, idempotency_key))
    finally:
        held.unlink(missing_ok=True)


def receive_path(
    tools: IngestTools, batch_id: str, source: Path, relative_path: str, actor: Actor
) -> Receipt:
    """Take a file of this machine in; its place in the delivery is its idempotency key."""
    with source.open("rb") as handle:
        return receive_stream(
            tools,
            batch_id,
            source.name,
            relative_path,
            iter(lambda: handle.read(_CHUNK), b""),
            f"path:{relative_path}",
            actor,
        )


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
        seq = tx.audit.append(
            actor.id,
            "file-received",
            file.id,
            "done",
            {"batch": batch_id, "sha256": new.sha256, "size": new.size},
        )
    outcome = look(tools, held, new.shown)
    if isinstance(outcome, Done):
        return _receipt(tools, file.id, new, seq, outcome.value)
    if isinstance(outcome, Refused):
        with tools.work.begin() as tx:
            tx.batches.set_file(file.id, FileState.REFUSED, outcome.code, outcome.reason, outcome.tell, 0)
            tx.audit.append(actor.id, "file-refused", file.id, outcome.code, {"batch": batch_id})
        raise Unfit(outcome.reason, code=outcome.code, tell=outcome.tell)
    raise Away(outcome.reason, tell="Chưa xem được tệp lúc này. Tệp đã được giữ an toàn; hãy thử lại.")


def _receipt(tools: IngestTools, file_id: str, new: NewName, seq: int, looked: Looked) -> Receipt:
    with tools.work.begin() as tx:
        tx.batches.set_file(file_id, FileState.RECEIVED, "", "", "", looked.facts.pages)
    return Receipt(file_id, new.sha256, new.size, seq, looked.facts.pages, looked.facts.media_type)


def _known(tools: IngestTools, actor: Actor, batch_id: str, idempotency_key: str) -> Receipt | None:
    """The receipt given earlier for this key, when the sender asks again after the batch was started."""
    with tools.work.reading() as tx:
        for file in tx.batches.files(actor, batch_id):
            if file.idempotency_key == idempotency_key and file.state is not FileState.REFUSED:
                return Receipt(file.id, file.sha256, file.size, 0, file.pages, file.media_type)
    return None


def _hold(chunks: Iterator[bytes], held: Path, most: int, shown: str) -> tuple[str, int]:
    """Write `chunks` durably into quarantine; return (SHA-256, size)."""
    digest, size = hashlib.sha256(), 0
    try:
        with held.open("xb") as out:
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
