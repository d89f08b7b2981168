"""Take a delivered file in: nothing is called received before it is durable, read back and written down.

Step 1 of the walk, the write protocol: look at the bytes in quarantine → note the intent → put them write-once into the
store(s) → row, audit event and register in one transaction → a note beside the blobs → receipt. Whatever dies between
two of these, the same request sent again goes on and gets the one receipt. See docs/decisions/0067.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.inspect import look
from ingest.keys import received_key
from ingest.names import clean_name, clean_path
from ingest.quarantine import hold, pieces, quarantined
from ingest.sidecars import RECEIVED, file_note, keep_file_note
from ingest.tools import IngestTools
from records.access import Action, Actor, authorize
from records.document import BatchState, FileState
from records.errors import Away, Conflict, Unfit
from records.outcome import Done, Later, Refused
from storage.batches import DeliveredFile, NewFile
from storage.blobs import Stored, Unavailable
from storage.canonical import Scalar
from storage.crashpoint import crashpoint
from storage.paired import PairedStore
from storage.work import Tx

_REFUSED = "file-refused"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the sender may rely on: these bytes are in the archive's stores and in its books.

    `audit_seq` is the number of the audit event of the delivery; `copies` in how many stores the bytes were read back.
    """

    file_id: str
    sha256: str
    size: int
    audit_seq: int
    pages: int
    media_type: str
    copies: int = 1


@dataclass(frozen=True, slots=True)
class _Held:
    """Bytes in quarantine with what is known of them: names, numbers, and what they turned out to be."""

    path: Path
    shown: str
    relative: str
    sha256: str
    size: int
    idempotency_key: str


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
    `batch-started`), `Away` when a store or the database cannot take it now: then nothing is acknowledged, and the same
    request may be sent again, also when it is not known whether it was written down (`commit-unknown`).
    """
    authorize(actor, Action.DIGITIZE)
    shown, path = clean_name(name), clean_path(relative_path or name)
    with tools.work.reading() as tx:
        batch = tx.batches.get(actor, batch_id)
        known = tx.batches.file_by_key(batch_id, idempotency_key)
    if known is None and batch.state is not BatchState.RECEIVING:
        raise Conflict(
            f"batch {batch_id} is {batch.state}",
            code="batch-started",
            tell="Lô này đã bắt đầu xử lý nên không nhận thêm tệp. Hãy tạo lô mới cho các tệp còn lại.",
        )
    with quarantined(tools.quarantine) as (held, out):
        sha256, size = hold(chunks, out, tools.limits.file_bytes, shown)
        demand_digest(shown, declared_sha256, sha256)
        if known is None:
            known = _keep(tools, actor, batch_id, _Held(held, shown, path, sha256, size, idempotency_key))
    if known.sha256 != sha256:
        raise Conflict(
            f"key {idempotency_key[:80]!r} of batch {batch_id} came with other bytes",
            code="idempotency-conflict",
            tell=f"Tệp {shown} được gửi lại với nội dung khác. Bản nhận trước vẫn được giữ; hãy gửi bản mới như một "
            "tệp riêng.",
        )
    return _receipt(tools, known)


def receive_path(
    tools: IngestTools, batch_id: str, source: Path, relative_path: str, actor: Actor, sha256: str
) -> Receipt:
    """Take a file of this machine in; its place in the delivery is its idempotency key.

    `sha256` is what the file had when the delivery was counted; another one is refused as `digest-mismatch`.
    """
    return receive_stream(
        tools, batch_id, source.name, relative_path, pieces(source), f"path:{relative_path}", actor, sha256
    )


def _keep(tools: IngestTools, actor: Actor, batch_id: str, held: _Held) -> DeliveredFile:
    """Bring the bytes into the store and the books; return the row, which may be another sender's who was faster."""
    looked = look(tools, held.path, held.shown)
    if isinstance(looked, Later):
        raise Away(
            looked.reason, tell="Chưa xem được tệp lúc này nên tệp chưa được nhận. Hãy thử lại sau ít phút."
        )
    with held.path.open("rb") as handle:
        key = received_key(held.sha256, handle.read(16))
    new = NewFile(
        name=held.shown,
        relative_path=held.relative,
        sha256=held.sha256,
        size=held.size,
        blob_key=key,
        media_type=looked.value.facts.media_type if isinstance(looked, Done) else "",
        idempotency_key=held.idempotency_key,
    )
    crashpoint("receive-before-intent")
    with tools.work.begin() as tx:
        intent = tx.intents.add(key, held.sha256, held.size, actor.id, batch_id)
    crashpoint("receive-after-intent")
    put_received(tools, intent, key, held.path, held.sha256)
    crashpoint("receive-after-put")
    with tools.work.begin() as tx:
        first = tx.batches.file_by_key(batch_id, held.idempotency_key) is None
        file = tx.batches.add_file(batch_id, new)
        tx.objects.keep(key, held.sha256, held.size)
        tx.intents.done(intent)
        if first:
            pages = looked.value.facts.pages if isinstance(looked, Done) else 0
            _write_down(tx, actor, file, pages, looked if isinstance(looked, Refused) else None)
        file = tx.batches.file(file.id)
        crashpoint("receive-before-commit")
    crashpoint("receive-after-commit")
    return file


def put_received(tools: IngestTools, intent: str, key: str, held: Path, sha256: str) -> None:
    """Put the bytes under their key and have them read back; nothing stored strikes the intent off. Raises `Away`."""
    stored = tools.blobs.put_once(key, held, sha256)
    if isinstance(stored, Stored):
        return
    with tools.work.begin() as tx:
        tx.intents.done(intent)
    if isinstance(stored, Unavailable):
        raise stored.fault(
            "Kho lưu trữ đã đầy; tệp chưa được nhận. Hãy báo quản trị viên giải phóng chỗ rồi gửi lại."
            if stored.full
            else "Kho lưu trữ chưa ghi được lúc này (mất kết nối hoặc chỉ đọc); tệp chưa được nhận. Hãy thử lại sau."
        )
    raise Away(
        f"{key} holds {stored.found_sha256}",
        code="blob-conflict",
        tell="Kho lưu trữ có tệp hỏng ở vị trí này; tệp chưa được nhận. Hãy báo quản trị viên.",
    )


def demand_digest(shown: str, declared: str | None, sha256: str) -> None:
    """Refuse bytes that are not those the sender declared. Raises `Unfit` (`digest-mismatch`)."""
    if declared and declared.lower() != sha256:
        raise Unfit(
            f"{shown}: declared {declared}, got {sha256}",
            code="digest-mismatch",
            tell=f"{shown}: nội dung nhận được không khớp mã băm đã khai báo. Hãy gửi lại tệp này.",
        )


def _write_down(tx: Tx, actor: Actor, file: DeliveredFile, pages: int, refused: Refused | None) -> None:
    state = FileState.RECEIVED if refused is None else FileState.REFUSED
    why = refused or Refused("", "", "")
    tx.batches.set_file(file.id, state, why.code, why.reason[:900], why.tell, pages)
    told: dict[str, Scalar] = {"batch": file.batch_id, "sha256": file.sha256, "size": file.size}
    tx.audit.append(actor.id, RECEIVED, file.id, "done", told)
    if refused is not None:
        tx.audit.append(actor.id, _REFUSED, file.id, refused.code, {"batch": file.batch_id})


def receipt_of(tools: IngestTools, file_id: str) -> Receipt:
    """Return the receipt of a file that is in the books, written down beside the stores first if a crash left that out.

    Raises `Unfit` when the file was refused, `Away`, `Missing`.
    """
    with tools.work.reading() as tx:
        file = tx.batches.file(file_id)
    return _receipt(tools, file)


def _receipt(tools: IngestTools, file: DeliveredFile) -> Receipt:
    """The one answer for this file, however often it is asked for and whatever the walk made of it since."""
    seq = keep_file_note(tools, file.id)
    if file.state is FileState.REFUSED and file_note(tools, file)["file"]["state"] == FileState.REFUSED:
        raise Unfit(file.reason, code=file.code, tell=file.tell)
    copies = 2 if isinstance(tools.blobs, PairedStore) else 1
    return Receipt(file.id, file.sha256, file.size, seq, file.pages, file.media_type, copies)
