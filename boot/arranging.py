"""`vanthu batch arrange` and `vanthu batch rescan`: the same commands as on the pages, pages named by their numbers."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from boot.childroom import open_children
from boot.house import House, open_house
from boot.settings import Settings
from boot.speak import Exit, emit, result, say
from boot.wiring import ingest_tools
from ingest import arrange, rescan
from ingest.arrange import Arranging
from ingest.arrange_base import documents_of
from records.access import LOCAL
from records.arrangement import Command, Kind, Mark, Where
from records.clock import vietnam_iso
from records.document import BatchState
from records.errors import Missing
from storage.arrangements import Rescan, RescanState
from storage.work import Tx

_MARKS = {
    Mark.PAGE: "",
    Mark.BLANK: "trang trắng",
    Mark.DUPLICATE: "quét lặp",
    Mark.OUT: "đã lấy ra",
    Mark.SEPARATOR: "tờ ngăn cách",
    Mark.REPLACED: "đã thay bằng bản quét lại",
}
_TICKETS = {
    RescanState.OPEN: "chờ trang quét lại",
    RescanState.DELIVERED: "đã có trang quét lại",
    RescanState.CANCELLED: "đã hủy",
}
_LOOKED = 500


def show(settings: Settings, batch: str, *, as_json: bool) -> Exit:
    """Print every document that is proposed, with its pages in order."""
    with open_house(settings) as house, house.work.reading() as tx:
        now = arrange.arranged(tx, LOCAL, _batch_id(tx, batch))
    number = 0
    for group in now.groups:
        [*made] = documents_of((group,), now.files, now.pages)
        number += len(made)
        if not as_json:
            result(f"Tài liệu {number}: {made[0].source}" if made else "Không thành tài liệu:")
        for sheet in group:
            page = now.pages[sheet.page]
            told: dict[str, Any] = {
                "document": number if made else 0,
                "page": page.ordinal,
                "file": now.files[page.file_id].relative_path,
                "frame": page.frame,
                "mark": sheet.mark.value,
                "turn": sheet.turn,
            }
            if as_json:
                emit(told)
                continue
            turned = f"xoay {sheet.turn}°" if sheet.turn else ""
            words = ", ".join(filter(None, (_MARKS[sheet.mark], turned)))
            result(f"  {page.ordinal:6}  {told['file']}#{page.frame}{f'  ({words})' if words else ''}")
    if as_json:
        emit({"batch_id": now.batch.id, "state": now.batch.state.value, "version": now.version})
    else:
        say(
            f"{now.documents} tài liệu, {len(now.pages)} trang; phiên bản {now.version}, hoàn tác được "
            f"{now.undo}, làm lại được {now.redo} thao tác."
        )
    return Exit.WELL


def do(
    settings: Settings,
    batch: str,
    version: int | None,
    word: str,
    pages: Sequence[int],
    *,
    where: str = "end",
    target: int | None = None,
    turn: int = 0,
    mark: str = "page",
) -> Exit:
    """Do one command. Raises as `ingest.arrange.command`."""

    def go(tx: Tx, batch_id: str, seen: int) -> Arranging:
        if word == "undo":
            return arrange.undo(tx, LOCAL, batch_id, seen)
        if word == "redo":
            return arrange.redo(tx, LOCAL, batch_id, seen)
        ids = tuple(arrange.page_numbered(tx, LOCAL, batch_id, page) for page in pages)
        beside = arrange.page_numbered(tx, LOCAL, batch_id, target) if target else ""
        wanted = Command(Kind(word), ids, beside, Where(where), turn, Mark(mark))
        return arrange.command(tx, LOCAL, batch_id, seen, wanted)

    made = _with_version(settings, batch, version, go)
    say(f"Đã làm. Lô có {made.documents} tài liệu; phiên bản {made.version}.")
    return Exit.WELL


def confirm(settings: Settings, batch: str, version: int | None) -> Exit:
    """Let the walk go on. Raises as `ingest.arrange.confirm`."""
    made = _with_version(settings, batch, version, lambda tx, b, seen: arrange.confirm(tx, LOCAL, b, seen))
    say(
        f"Đã xác nhận {made.documents} tài liệu. Dịch vụ đang chạy (`vanthu serve` hoặc `vanthu worker`) sẽ "
        "nhận dạng tiếp; nếu không có, hãy chạy lại đúng lệnh `vanthu digitize` đã dùng."
    )
    return Exit.WELL


def reopen(settings: Settings, batch: str) -> Exit:
    """Take the confirmation back. Raises as `ingest.arrange.reopen`."""
    with open_house(settings) as house, house.work.begin() as tx:
        arrange.reopen(tx, LOCAL, _batch_id(tx, batch))
    say("Đã mở lại việc sắp xếp.")
    return Exit.WELL


def ask_rescan(settings: Settings, batch: str, page: int, reason: str) -> Exit:
    """Ask for a page to be scanned again. Raises as `ingest.rescan.ask`."""
    with open_house(settings) as house, house.work.begin() as tx:
        batch_id = _batch_id(tx, batch)
        made = rescan.ask(tx, LOCAL, batch_id, arrange.page_numbered(tx, LOCAL, batch_id, page), reason)
    result(made.id)
    say(
        f"Đã lập phiếu quét lại trang {page}. Nộp trang mới: vanthu batch rescan deliver {batch_id[:12]} "
        f"{made.id[:12]} TỆP"
    )
    return Exit.WELL


def list_rescans(settings: Settings, batch: str, *, as_json: bool) -> Exit:
    """Print the tickets. Exit code 1 when there are none."""
    with open_house(settings) as house, house.work.reading() as tx:
        batch_id = _batch_id(tx, batch)
        found = [
            (one, tx.pages.one(batch_id, one.page_id).ordinal) for one in tx.arrangements.rescans(batch_id)
        ]
    for one, ordinal in found:
        if as_json:
            told = {"id": one.id, "page": ordinal, "reason": one.reason, "state": one.state.value}
            emit({**told, "made_at": vietnam_iso(one.made_at)})
        else:
            result(f"{one.id[:12]}  trang {ordinal}  {_TICKETS[one.state]}  {one.reason}")
    return Exit.WELL if found else Exit.NO


def deliver_rescan(settings: Settings, batch: str, ticket: str, file: Path) -> Exit:
    """Hand the newly scanned page in; the file itself is the key, so doing it again changes nothing."""
    with open_house(settings) as house, open_children(settings) as children:
        with house.work.reading() as tx:
            batch_id = _batch_id(tx, batch)
            one = _ticket(tx, batch_id, ticket)
        key = hashlib.sha256(file.read_bytes()).hexdigest()
        with file.open("rb") as handle:
            pieces = iter(lambda: handle.read(1 << 20), b"")
            tools = ingest_tools(house, children)
            rescan.deliver(tools, batch_id, one.id, file.name, pieces, key, LOCAL)
    say("Đã nhận trang quét lại; trang mới ở chỗ trang cũ, cả hai bản đều được giữ.")
    return Exit.WELL


def cancel_rescan(settings: Settings, batch: str, ticket: str) -> Exit:
    """Give a ticket up. Raises as `ingest.rescan.cancel`."""
    with open_house(settings) as house, house.work.begin() as tx:
        batch_id = _batch_id(tx, batch)
        rescan.cancel(tx, LOCAL, batch_id, _ticket(tx, batch_id, ticket).id)
    say("Đã hủy phiếu quét lại.")
    return Exit.WELL


def tell_waiting(house: House, batch_id: str) -> Exit:
    """Say that a delivery waits for people, and what they can do."""
    with house.work.reading() as tx:
        now = arrange.arranged(tx, LOCAL, batch_id)
    say(
        f"Lô {batch_id[:12]} chờ sắp xếp: máy đề xuất {now.documents} tài liệu từ {len(now.pages)} trang. Xem "
        f"và sửa trên trang web (Lô quét › Sắp xếp trang) hoặc bằng `vanthu batch arrange show "
        f"{batch_id[:12]}`, rồi `vanthu batch arrange confirm {batch_id[:12]}` và chạy lại đúng lệnh này."
    )
    return Exit.REFUSED


def waits(house: House, batch_id: str) -> bool:
    """Return whether a delivery waits to be arranged."""
    with house.work.reading() as tx:
        return tx.batches.get(LOCAL, batch_id).state is BatchState.ARRANGING


def _with_version(
    settings: Settings, batch: str, version: int | None, go: Callable[[Tx, str, int], Arranging]
) -> Arranging:
    with open_house(settings) as house, house.work.begin() as tx:
        batch_id = _batch_id(tx, batch)
        return go(tx, batch_id, tx.arrangements.version(batch_id) if version is None else version)


def _batch_id(tx: Tx, given: str) -> str:
    """Return the delivery that is meant by its id or the beginning of it. Raises `Missing`."""
    if len(given) < 32:
        found = [one.id for one in tx.batches.list(LOCAL, _LOOKED)[0] if one.id.startswith(given)]
        if len(given) >= 6 and len(found) == 1:
            return found[0]
        raise Missing(
            f"{len(found)} batches begin with {given!r}",
            tell=f"Không có lô nào (hoặc có nhiều lô) bắt đầu bằng “{given[:40]}”. Hãy dùng mã đầy đủ, hoặc ít "
            "nhất 6 ký tự đầu.",
        )
    return given


def _ticket(tx: Tx, batch_id: str, given: str) -> Rescan:
    found = [one for one in tx.arrangements.rescans(batch_id) if one.id.startswith(given)]
    if len(given) < 6 or len(found) != 1:
        raise Missing(
            f"{len(found)} tickets begin with {given!r}",
            tell=f"Không có phiếu nào (hoặc có nhiều phiếu) bắt đầu bằng “{given[:40]}”. Xem: vanthu batch "
            "rescan list.",
        )
    return found[0]
