"""Let people put the pages of a delivery in order: what stands, one command after the other, the last word.

Between steps 3 and 4 of the walk, for deliveries that ask for it: the documents are proposed, then the delivery waits.
Nothing here touches an image; a turn is a hint to the reading. docs/decisions/0157.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.arrange_base import RESCANNED, first_proposal, rescan_of, turned
from ingest.delivered import checks_of
from records.access import Actor
from records.arrangement import (
    Command,
    Entry,
    Groups,
    Kind,
    Mark,
    Sheet,
    Standing,
    Step,
    command_json,
    entry_of,
    fold,
    standing,
)
from records.document import BatchState
from records.errors import Conflict, Unfit
from storage.arrangements import Logged, RescanState
from storage.batches import Batch, DeliveredFile
from storage.book_notes import ARRANGED
from storage.crashpoint import crashpoint
from storage.pages import Page
from storage.work import Tx

ARRANGE = "arrange"
"""Batch option: the walk waits behind the proposal until a person confirms it."""

_PROPOSAL = "proposal"
"""Where the first entry of a log keeps what people started from: documents of (page, mark)."""


@dataclass(frozen=True, slots=True)
class Arranged:
    """A delivery as people have arranged it. `version` names this state: a command must name what it saw.

    `turned`: the turn each page that people turned is read with, once that is confirmed; empty before.
    """

    batch: Batch
    files: Mapping[str, DeliveredFile]
    pages: Mapping[str, Page]
    proposal: Sequence[Sequence[Sheet]]
    groups: Groups
    version: int
    undo: int
    redo: int
    turned: Mapping[str, int]

    @property
    def documents(self) -> int:
        """How many documents would be made."""
        return sum(any(sheet.mark is Mark.PAGE for sheet in group) for group in self.groups)


@dataclass(frozen=True, slots=True)
class Arranging:
    """What a command left: the new version, and how many can be undone and redone."""

    version: int
    documents: int
    undo: int
    redo: int


def arranged(tx: Tx, actor: Actor, batch_id: str) -> Arranged:
    """Return a delivery as it is arranged. Raises `Missing`, `NotAllowed`, `Conflict` (`arrange-not-asked`)."""
    batch = tx.batches.get(actor, batch_id)
    if not batch.options.get(ARRANGE):
        raise Conflict(
            f"batch {batch_id} does not ask for arranging",
            code="arrange-not-asked",
            tell="Lô này không chọn “sắp xếp trước khi nhận dạng” nên không có bước sắp xếp. Khi tạo lô mới, "
            "hãy chọn mục đó (hoặc dùng `vanthu digitize --arrange`).",
        )
    files = {file.id: file for file in tx.batches.files(actor, batch_id)}
    pages = {page.id: page for page in tx.pages.of_batch(batch_id)}
    logged = tx.arrangements.log(batch_id)
    log = [entry_of(one.step, one.told) for one in logged]
    stands = standing(log)
    proposal = _kept(logged) or first_proposal(files, pages, checks_of(tx, batch_id))
    groups = fold(proposal, (*stands.entries, *_strays(tx, batch_id, files, pages, log)))
    last = _confirmation(logged)
    turns = {} if last is None else dict(last.told["turned"])
    return Arranged(batch, files, pages, proposal, groups, len(log), stands.undo, stands.redo, turns)


def command(tx: Tx, actor: Actor, batch_id: str, version: int, wanted: Command) -> Arranging:
    """Do what a person asks for. Raises `Unfit` (what cannot be done), `Conflict` (`arrange-changed`,
    `arrange-closed`), `Missing`, `NotAllowed`.
    """
    return _enter(tx, actor, batch_id, version, Entry(Step.DO, wanted))


def undo(tx: Tx, actor: Actor, batch_id: str, version: int) -> Arranging:
    """Take the newest command back. Raises as `command`, and `Conflict` (`arrange-nothing-to-undo`)."""
    return _enter(tx, actor, batch_id, version, Entry(Step.UNDO))


def redo(tx: Tx, actor: Actor, batch_id: str, version: int) -> Arranging:
    """Do again what was taken back last. Raises as `command`, and `Conflict` (`arrange-nothing-to-redo`)."""
    return _enter(tx, actor, batch_id, version, Entry(Step.REDO))


def page_numbered(tx: Tx, actor: Actor, batch_id: str, ordinal: int) -> str:
    """Return the id of the page that has this number in the delivery. Raises `Unfit` (`arrange-no-page`), `Missing`."""
    tx.batches.get(actor, batch_id)
    page = tx.pages.numbered(batch_id, ordinal)
    if page is None:
        raise Unfit(
            f"no page {ordinal} in {batch_id}",
            code="arrange-no-page",
            tell=f"Lô này không có trang số {ordinal}. Số trang ghi dưới mỗi ảnh (và trong `vanthu batch "
            "arrange show`).",
        )
    return page.id


def bring_in(tx: Tx, actor: Actor, batch_id: str, page_id: str, of: str) -> Arranging:
    """Put a page that was scanned again beside the old one and in its place. The second part can be undone.

    Nobody's view has to be the newest for this. Raises as `command`.
    """
    now = arranged(tx, actor, batch_id)
    if now.batch.state is not BatchState.ARRANGING:
        raise _closed(now.batch)
    _log(tx, actor, now, Entry(Step.DELIVERED, None, page_id, of))
    return _log(tx, actor, now, Entry(Step.DO, Command(Kind.REPLACE, (of,), page_id)))


def confirm(tx: Tx, actor: Actor, batch_id: str, version: int) -> Arranging:
    """Say that the order is right: the walk goes on with it, whatever dies (the row is the order to go on).

    Raises as `command`, and `Conflict` (`arrange-empty`: no page is left; `arrange-rescans`: a page is still to be
    scanned again).
    """
    now = _open(tx, actor, batch_id, version)
    if not now.documents:
        raise Conflict(
            "no page is left",
            code="arrange-empty",
            tell="Lô không còn trang nào để làm tài liệu. Hãy đưa ít nhất một trang trở lại.",
        )
    waiting = tx.arrangements.rescans(batch_id, RescanState.OPEN)
    if waiting:
        raise Conflict(
            f"{len(waiting)} pages are to be scanned again",
            code="arrange-rescans",
            tell=f"Còn {len(waiting)} phiếu quét lại chưa xong. Hãy nộp trang quét lại, hoặc hủy phiếu, rồi xác nhận.",
        )
    made = _log(tx, actor, now, Entry(Step.CONFIRMED))
    tx.batches.arranged(batch_id)
    crashpoint("arrange-before-commit")
    return made


def reopen(tx: Tx, actor: Actor, batch_id: str) -> Arranging:
    """Take a confirmation back while nothing was made of it. Raises `Conflict` (`arrange-closed`), `Missing`."""
    now = arranged(tx, actor, batch_id)
    if (
        now.batch.state is not BatchState.STARTED
        or not confirmed(tx, batch_id)
        or tx.documents.of_batch(batch_id)
    ):
        raise _closed(now.batch)
    made = _log(tx, actor, now, Entry(Step.REOPENED))
    tx.batches.arrange(batch_id)
    return made


def confirmed(tx: Tx, batch_id: str) -> bool:
    """Return whether a person has confirmed the arrangement and nobody has taken that back."""
    return _confirmation(tx.arrangements.log(batch_id)) is not None


def must_wait(tx: Tx, batch: Batch) -> bool:
    """Return whether the walk stops here for people; the delivery then waits in a state of its own."""
    if not batch.options.get(ARRANGE) or confirmed(tx, batch.id):
        return False
    tx.batches.arrange(batch.id)
    return True


def _kept(logged: Sequence[Logged]) -> list[list[Sheet]]:
    """Return the proposal that the first entry keeps; none before it, and for a log of before it was kept."""
    groups = logged[0].told.get(_PROPOSAL, ()) if logged else ()
    return [[Sheet(str(page), Mark(mark)) for page, mark in group] for group in groups]


def _confirmation(logged: Sequence[Logged]) -> Logged | None:
    """Return the confirmation that stands."""
    last = next((one for one in reversed(logged) if one.step in (Step.CONFIRMED, Step.REOPENED)), None)
    return last if last is not None and last.step == Step.CONFIRMED else None


def _enter(tx: Tx, actor: Actor, batch_id: str, version: int, entry: Entry) -> Arranging:
    return _log(tx, actor, _open(tx, actor, batch_id, version), entry)


def _open(tx: Tx, actor: Actor, batch_id: str, version: int) -> Arranged:
    """Return the delivery when it waits and is still what the person saw."""
    now = arranged(tx, actor, batch_id)
    if now.batch.state is not BatchState.ARRANGING:
        raise _closed(now.batch)
    if version != now.version:
        raise Conflict(
            f"the arrangement of {batch_id} is at {now.version}, not at {version}",
            code="arrange-changed",
            tell="Lô này vừa được người khác sắp xếp nên thao tác của bạn chưa được làm; không có gì bị mất. "
            "Hãy tải lại trang rồi làm lại trên bản mới nhất.",
        )
    return now


def _log(tx: Tx, actor: Actor, now: Arranged, entry: Entry) -> Arranging:
    """Add an entry that can be done, with its event. What cannot be done raises and leaves nothing."""
    batch_id = now.batch.id
    log = [entry_of(one.step, one.told) for one in tx.arrangements.log(batch_id)]
    stands: Standing = standing([*log, entry])
    strays = _strays(tx, batch_id, now.files, now.pages, [*log, entry])
    groups = fold(now.proposal, (*stands.entries, *strays))
    _refuse_hiding(tx, now, groups)
    told: dict[str, Any] = command_json(entry.command) if entry.command is not None else {}
    if entry.step is Step.DELIVERED:
        told = {"page": entry.page, "of": entry.of}
    if entry.step is Step.CONFIRMED:
        told = {"turned": turned(groups, now.pages)}
    if not log:  # from now on the commands mean these documents, whatever later rules would propose
        told[_PROPOSAL] = [[[sheet.page, sheet.mark.value] for sheet in group] for group in now.proposal]
    ordinal = tx.arrangements.append(batch_id, entry.step.value, told, actor)
    kind = entry.step.value if entry.command is None else entry.command.kind.value
    pages = 0 if entry.command is None else len(entry.command.pages)
    tx.audit.append(actor.id, ARRANGED, batch_id, "done", {"step": ordinal, "kind": kind, "pages": pages})
    documents = sum(any(sheet.mark is Mark.PAGE for sheet in group) for group in groups)
    return Arranging(ordinal, documents, stands.undo, stands.redo)


def _refuse_hiding(tx: Tx, now: Arranged, groups: Groups) -> None:
    """Raise `Unfit` (`arrange-secret`) when a page with a mark of secrecy would leave its document.

    The document that bears the mark is held; a marked page of no document would be held by nobody.
    """
    gone = _inside(now.groups) - _inside(groups)
    if gone & tx.secrecy.of_batch(now.batch.id).keys():
        raise Unfit(
            f"pages with a mark of secrecy would leave their document in {now.batch.id}",
            code="arrange-secret",
            tell="Trang này có dấu mật nên không được lấy ra, đánh dấu trắng hay thay thế: tài liệu chứa nó sẽ được "
            "giữ lại cho cán bộ phụ trách bảo mật xem xét. Có thể tách, gộp hoặc chuyển trang như thường.",
        )


def _inside(groups: Groups) -> set[str]:
    return {sheet.page for group in groups for sheet in group if sheet.mark is Mark.PAGE}


def _strays(
    tx: Tx,
    batch_id: str,
    files: Mapping[str, DeliveredFile],
    pages: Mapping[str, Page],
    log: Sequence[Entry],
) -> list[Entry]:
    """Return an entry for every page that came as a new scan and is not in the log (a process died in between)."""
    told = {entry.page for entry in log if entry.step is Step.DELIVERED}
    late = [
        p
        for p in pages.values()
        if files[p.file_id].idempotency_key.startswith(RESCANNED) and p.id not in told
    ]
    tickets = {one.id: one.page_id for one in tx.arrangements.rescans(batch_id)} if late else {}
    return [Entry(Step.DELIVERED, None, p.id, tickets[rescan_of(files[p.file_id])]) for p in late]


def _closed(batch: Batch) -> Conflict:
    told = {
        BatchState.RECEIVING: "Lô này còn đang nhận tệp. Hãy bắt đầu lô; khi tách trang xong, lô sẽ chờ sắp xếp.",
        BatchState.STARTED: "Lô này đang được xử lý: trang chưa tách xong, hoặc thứ tự đã được xác nhận. Nếu "
        "vừa xác nhận và tài liệu chưa được lập, có thể mở lại việc sắp xếp.",
        BatchState.FINISHED: "Tài liệu của lô này đã được lưu trữ nên không sắp xếp lại được; bản đã ký không "
        "bao giờ bị sửa. Hãy giao lại các tệp thành lô mới có chọn sắp xếp và “tạo tài liệu mới dù đã có”.",
        BatchState.ARRANGING: "Lô này đang chờ sắp xếp và chưa được xác nhận, nên không có gì để mở lại.",
    }
    return Conflict(f"batch {batch.id} is {batch.state}", code="arrange-closed", tell=told[batch.state])
