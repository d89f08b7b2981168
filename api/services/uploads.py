"""Files that come in pieces: announce one, go on with it, and its receipt once it is whole."""

from contextlib import suppress

from api.schemas.batches import ReceiptOut
from api.schemas.uploads import UploadOut
from api.tools import Tools
from ingest.resumable import Announced, Upload, UploadShelf, row_key
from records.access import Action, Actor, authorize
from records.document import BatchState
from records.errors import Conflict, Missing, Unfit
from storage.batches import DeliveredFile
from storage.crashpoint import crashpoint


def announce(tools: Tools, shelf: UploadShelf, actor: Actor, told: Announced) -> UploadOut:
    """Begin an upload, or find the one begun under this key, received or not.

    Raises `Missing` (batch), `Conflict` (`batch-started`; `idempotency-conflict`: received before with other bytes),
    `Unfit` (`file-too-large`).
    """
    file = _file(tools, actor, told.batch_id, told.upload_id)
    if file is not None:
        if (file.size, told.sha256 or file.sha256) != (told.length, file.sha256):
            raise Conflict(
                f"upload {told.upload_id} of batch {told.batch_id} was received with other bytes",
                code="idempotency-conflict",
                tell=f"Tệp {file.name} được gửi lại với nội dung khác. Bản nhận trước vẫn được giữ; hãy gửi bản mới "
                "như một tệp riêng.",
            )
        return _received(tools, shelf, file, told.upload_id)
    with tools.work.reading() as tx:
        if tx.batches.get(actor, told.batch_id).state is not BatchState.RECEIVING:
            raise Conflict(
                f"batch {told.batch_id} takes no more files",
                code="batch-started",
                tell="Lô này đã bắt đầu xử lý nên không nhận thêm tệp. Hãy tạo lô mới cho các tệp còn lại.",
            )
    if told.length > tools.limits.max_upload_bytes:
        raise Unfit(
            f"{told.name}: {told.length} bytes announced",
            code="file-too-large",
            tell=f"{told.name}: tệp lớn hơn giới hạn {tools.limits.max_upload_bytes // 1024**2} MB. "
            "Hãy tách tệp rồi gửi lại.",
        )
    upload = shelf.announce(told)
    return finish(tools, shelf, actor, upload) if upload.whole else _under_way(upload)


def find(tools: Tools, shelf: UploadShelf, actor: Actor, batch_id: str, upload_id: str) -> UploadOut:
    """Return how far an upload is. One whose bytes are all here is received first: whole means received.

    Raises `Missing`, and what receiving raises.
    """
    file = _file(tools, actor, batch_id, upload_id)
    if file is not None:
        return _received(tools, shelf, file, upload_id)
    upload = shelf.get(batch_id, upload_id)
    return finish(tools, shelf, actor, upload) if upload.whole else _under_way(upload)


def under_way(tools: Tools, shelf: UploadShelf, actor: Actor, batch_id: str, upload_id: str) -> Upload:
    """Return an upload that still lacks bytes, or lacks its receipt. Raises `Missing`, `Conflict` (received)."""
    if _file(tools, actor, batch_id, upload_id) is not None:
        raise Conflict(
            f"upload {upload_id} is received",
            code="upload-offset",
            tell="Tệp này đã được nhận đủ, không cần gửi tiếp.",
        )
    return shelf.get(batch_id, upload_id)


def finish(tools: Tools, shelf: UploadShelf, actor: Actor, upload: Upload) -> UploadOut:
    """Receive an upload whose bytes are all here; its place on the shelf is free then.

    A refused file is received too, with its reason. Raises `Unfit` (`digest-mismatch`: not what the sender announced;
    it must be sent anew), `Away` and `Conflict` as receiving does: the bytes stay and asking again goes on.
    """
    told = upload.told
    crashpoint("upload-before-receive")
    try:
        tools.receive(
            told.batch_id,
            told.name,
            told.relative_path,
            upload.chunks(),
            row_key(told.upload_id),
            actor,
            told.sha256 or None,
        )
    except Unfit as refused:
        if _file(tools, actor, told.batch_id, told.upload_id) is None:
            if refused.code == "digest-mismatch":
                shelf.forget(upload)
            raise
    crashpoint("upload-after-receive")
    file = _file(tools, actor, told.batch_id, told.upload_id)
    if file is None:
        raise Missing(f"upload {told.upload_id}: its file is gone")
    return _received(tools, shelf, file, told.upload_id)


def give_up(tools: Tools, shelf: UploadShelf, actor: Actor, batch_id: str, upload_id: str) -> None:
    """Throw the bytes of an unfinished upload away. Raises `Missing`, `Conflict` (`upload-received`, `upload-busy`)."""
    if _file(tools, actor, batch_id, upload_id) is not None:
        raise Conflict(
            f"upload {upload_id} is received",
            code="upload-received",
            tell="Tệp này đã được nhận và đã có biên nhận nên không bỏ được nữa.",
        )
    shelf.forget(shelf.get(batch_id, upload_id))


def give_up_all(tools: Tools, shelf: UploadShelf, actor: Actor, batch_id: str) -> int:
    """Throw away every unfinished upload of a batch; return how many that were. Raises `Missing`, `Conflict`."""
    with tools.work.reading() as tx:
        tx.batches.get(actor, batch_id)
    left = shelf.of_batch(batch_id)
    for upload in left:
        shelf.forget(upload)
    return len(left)


def unfinished(tools: Tools, shelf: UploadShelf, actor: Actor, batch_id: str) -> list[UploadOut]:
    """Return the uploads of a batch that are not received. Raises `Missing`."""
    with tools.work.reading() as tx:
        tx.batches.get(actor, batch_id)
        left = [
            u
            for u in shelf.of_batch(batch_id)
            if tx.batches.file_by_key(batch_id, row_key(u.told.upload_id)) is None
        ]
    return [_under_way(upload) for upload in left]


def demand_none_unfinished(tools: Tools, shelf: UploadShelf, actor: Actor, batch_id: str) -> None:
    """Raise `Conflict` (`uploads-unfinished`) while a file of the batch is half here: starting now would lose it."""
    left = []
    for upload in shelf.of_batch(batch_id):
        if upload.whole:
            finish(tools, shelf, actor, upload)
        else:
            left.append(upload.told.name)
    if left:
        names = ", ".join(left[:3]) + (" …" if len(left) > 3 else "")
        raise Conflict(
            f"batch {batch_id}: {len(left)} uploads are unfinished",
            code="uploads-unfinished",
            tell=f"Còn {len(left)} tệp đang tải dở ({names}) nên chưa bắt đầu được. Hãy gửi tiếp cho xong, hoặc bỏ "
            "các tệp tải dở trên trang của lô.",
        )


def _file(tools: Tools, actor: Actor, batch_id: str, upload_id: str) -> DeliveredFile | None:
    authorize(actor, Action.DIGITIZE)
    with tools.work.reading() as tx:
        tx.batches.get(actor, batch_id)
        return tx.batches.file_by_key(batch_id, row_key(upload_id))


def _under_way(upload: Upload) -> UploadOut:
    told = upload.told
    return UploadOut(
        id=told.upload_id,
        batch_id=told.batch_id,
        name=told.name,
        relative_path=told.relative_path,
        sha256=told.sha256,
        offset=upload.offset,
        length=told.length,
        state="coming",
        expires=upload.expires,
    )


def _received(tools: Tools, shelf: UploadShelf, file: DeliveredFile, upload_id: str) -> UploadOut:
    """Return a received upload with its receipt; only then its place on the shelf is free."""
    found = UploadOut(
        id=upload_id,
        batch_id=file.batch_id,
        name=file.name,
        relative_path=file.relative_path,
        sha256=file.sha256,
        offset=file.size,
        length=file.size,
        state="received",
    )
    try:
        receipt = tools.receipt(file.id)
    except Unfit as refused:
        _clear(shelf, file.batch_id, upload_id)
        return found.model_copy(update={"state": "refused", "code": refused.code, "tell": refused.tell})
    _clear(shelf, file.batch_id, upload_id)
    told = ReceiptOut(
        file_id=receipt.file_id,
        batch_id=file.batch_id,
        name=file.name,
        sha256=receipt.sha256,
        size=receipt.size,
        audit_seq=receipt.audit_seq,
        copies=receipt.copies,
    )
    return found.model_copy(update={"receipt": told})


def _clear(shelf: UploadShelf, batch_id: str, upload_id: str) -> None:
    with suppress(Missing, Conflict):  # somebody looks at it this moment: the next look clears it away
        shelf.forget(shelf.get(batch_id, upload_id))
