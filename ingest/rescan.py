"""Have a page of a waiting delivery scanned again: ask for it, take the new page in, put it in the old one's place.

Both pages keep their bytes and their rows; the old one is marked as replaced. docs/decisions/0159.
"""

from collections.abc import Iterator

from ingest.arrange import arranged, bring_in
from ingest.arrange_base import rescan_key
from ingest.keys import derived_id
from ingest.names import clean_name
from ingest.receive import Receipt, receive_stream
from ingest.split import split_file
from ingest.tools import IngestTools
from language.fold import canonical
from records.access import SYSTEM, Actor
from records.arrangement import Mark
from records.document import BatchState, FileState
from records.errors import Away, Conflict, Missing, Unfit
from records.outcome import Done, Refused
from storage.arrangements import Rescan, RescanState
from storage.batches import DeliveredFile
from storage.crashpoint import crashpoint
from storage.work import Tx

LONGEST_REASON = 300


def ask(tx: Tx, actor: Actor, batch_id: str, page_id: str, reason: str) -> Rescan:
    """Ask for a page to be scanned again, with the reason. Raises `Missing`, `NotAllowed`, `Unfit` (`rescan-reason`),
    `Conflict` (`rescan-open`, `rescan-closed`: the delivery does not wait, or its documents are archived).
    """
    told = " ".join(canonical(reason).split())
    if not 1 <= len(told) <= LONGEST_REASON:
        raise Unfit(
            f"a reason of {len(told)} characters",
            code="rescan-reason",
            tell=f"Hãy ghi lý do quét lại (mờ, mất góc, nghiêng…), dài nhất {LONGEST_REASON} ký tự.",
        )
    now = arranged(tx, actor, batch_id)
    if now.batch.state is not BatchState.ARRANGING:
        raise _closed(now.batch.state)
    mark = next((s.mark for group in now.groups for s in group if s.page == page_id), None)
    if mark is None:
        raise Missing(f"no page {page_id} in batch {batch_id}")
    if mark is not Mark.PAGE:
        raise Conflict(
            f"page {page_id} is {mark}",
            code="rescan-not-a-page",
            tell="Trang này không nằm trong tài liệu nào (tờ trắng, tờ ngăn cách, đã lấy ra hoặc đã thay), nên "
            "không cần quét lại. Hãy đưa trang trở lại trước.",
        )
    made = tx.arrangements.ask_rescan(batch_id, page_id, told, actor)
    tx.audit.append(actor.id, "rescan-asked", batch_id, "done", {"ticket": made.id, "page": page_id})
    return made


def cancel(tx: Tx, actor: Actor, batch_id: str, rescan_id: str) -> Rescan:
    """Give a ticket up: the page stays as it is. Raises `Missing`, `NotAllowed`, `Conflict` (`rescan-done`)."""
    tx.batches.get(actor, batch_id)
    known = tx.arrangements.rescan(batch_id, rescan_id)
    if known.state is not RescanState.OPEN:
        raise _done(known)
    made = tx.arrangements.close_rescan(known, RescanState.CANCELLED, actor)
    tx.audit.append(
        actor.id, "rescan-cancelled", batch_id, "done", {"ticket": rescan_id, "page": known.page_id}
    )
    return made


def deliver(
    tools: IngestTools,
    batch_id: str,
    rescan_id: str,
    name: str,
    chunks: Iterator[bytes],
    key: str,
    actor: Actor,
    declared_sha256: str | None = None,
) -> Rescan:
    """Take the newly scanned page in and put it in the place of the old one; the same key again changes nothing.

    Raises as `receive_stream`, and `Unfit` (`rescan-pages`: the file is not one page), `Conflict` (`rescan-done`,
    `rescan-closed`), `Missing`. What dies half-way goes on when the same request is sent again.
    """
    with tools.work.reading() as tx:
        batch = tx.batches.get(actor, batch_id)
        ticket = tx.arrangements.rescan(batch_id, rescan_id)
        before = tx.batches.file_by_key(batch_id, rescan_key(rescan_id, key))
    if before is None:
        if ticket.state is not RescanState.OPEN:
            raise _done(ticket)
        if batch.state is not BatchState.ARRANGING:
            raise _closed(batch.state)
    path = f"quet-lai/{rescan_id[:8]}/{clean_name(name)}"
    receipt = receive_stream(
        tools,
        batch_id,
        name,
        path,
        chunks,
        rescan_key(rescan_id, key),
        actor,
        declared_sha256,
        BatchState.ARRANGING,
    )
    crashpoint("rescan-received")
    return _put_in_place(tools, actor, ticket, receipt)


def _put_in_place(tools: IngestTools, actor: Actor, ticket: Rescan, receipt: Receipt) -> Rescan:
    with tools.work.reading() as tx:
        file = tx.batches.file(receipt.file_id)
        ordinal = tx.pages.last_ordinal(ticket.batch_id) + 1
    if file.state is FileState.REFUSED:
        raise Unfit(file.reason, code=file.code, tell=file.tell)
    if file.state is FileState.RECEIVED:
        _one_page(tools, file, ordinal)
    crashpoint("rescan-split")
    with tools.work.begin() as tx:
        known = tx.arrangements.rescan(ticket.batch_id, ticket.id)
        if known.state is not RescanState.OPEN:
            return known
        new = derived_id(file.id, "1")
        bring_in(tx, actor, ticket.batch_id, new, ticket.page_id)
        made = tx.arrangements.close_rescan(known, RescanState.DELIVERED, actor, new)
        told = {"ticket": ticket.id, "page": ticket.page_id, "new": new, "sha256": file.sha256}
        tx.audit.append(actor.id, "rescan-delivered", ticket.batch_id, "done", told)
        return made


def _one_page(tools: IngestTools, file: DeliveredFile, ordinal: int) -> None:
    """Cut the page out of the file. A file that is not one page is refused, its bytes kept with the reason."""
    outcome = split_file(tools, file, ordinal) if file.pages == 1 else _not_one(file)
    if isinstance(outcome, Done):
        return
    if isinstance(outcome, Refused):
        with tools.work.begin() as tx:
            tx.batches.set_file(
                file.id, FileState.REFUSED, outcome.code, outcome.reason[:900], outcome.tell, 0
            )
            tx.audit.append(SYSTEM.id, "file-refused", file.id, outcome.code, {"batch": file.batch_id})
        raise Unfit(outcome.reason, code=outcome.code, tell=outcome.tell)
    raise Away(
        outcome.reason,
        tell="Kho lưu trữ chưa ghi được lúc này nên trang quét lại chưa vào chỗ. Hãy gửi lại y như cũ sau ít phút.",
    )


def _not_one(file: DeliveredFile) -> Refused:
    return Refused(
        "rescan-pages",
        f"{file.pages} pages for one",
        f"{file.name} có {file.pages} trang. Mỗi phiếu quét lại chỉ nhận một trang; hãy nộp tệp một trang.",
    )


def _done(ticket: Rescan) -> Conflict:
    what = "đã có trang quét lại" if ticket.state is RescanState.DELIVERED else "đã bị hủy"
    return Conflict(
        f"rescan {ticket.id} is {ticket.state}",
        code="rescan-done",
        tell=f"Phiếu quét lại này {what}. Nếu trang vẫn chưa đạt, hãy lập phiếu mới.",
    )


def _closed(state: BatchState) -> Conflict:
    return Conflict(
        f"the batch is {state}",
        code="rescan-closed",
        tell="Chỉ quét lại được trang của lô đang chờ sắp xếp. Tài liệu đã lưu trữ giữ nguyên bản đã ký: hãy "
        "giao bản quét lại thành lô mới và ghi rõ lý do trong tên lô.",
    )
