"""The account of a delivery, what differs from its list, and the minutes to sign: for the door and the command."""

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from api.i18n import moment
from ingest.accounting import account
from ingest.handover_report import came_late, compared, given_list
from procedures.handover_minutes import Listed, Minutes, print_minutes
from procedures.plain_sheet import write_sheet
from records.access import Actor
from records.clock import VIETNAM
from records.document import FileState
from records.errors import Conflict
from records.handover import Comparison, Difference, DifferenceKind, HandoverList
from storage.canonical import Scalar
from storage.work import Tx

KINDS = {
    DifferenceKind.MISSING: "thiếu",
    DifferenceKind.UNLISTED: "ngoài danh mục",
    DifferenceKind.FEWER_PAGES: "thiếu trang",
    DifferenceKind.MORE_PAGES: "thừa trang",
    DifferenceKind.OTHER_NUMBER: "khác số",
    DifferenceKind.OTHER_DATE: "khác ngày",
    DifferenceKind.LISTED_TWICE: "kê hai lần",
    DifferenceKind.UNREAD_PAGES: "chưa đọc được",
}
"""In what way list and delivery differ, in words."""

_HEADS = (("Dòng danh mục", 12), ("Tài liệu trong lô", 12), ("Khác gì", 18), ("Mô tả và việc cần làm", 110))


@dataclass(frozen=True, slots=True)
class Differences:
    """A list held against its delivery; `late`: rows with a level of secrecy that came after the walk had begun."""

    listed: HandoverList
    found: Comparison
    late: int


def differences(tx: Tx, reader: Actor, batch_id: str) -> Differences:
    """Return how a delivery differs from its list. Raises `Missing`, `Conflict` (`handover-missing`)."""
    listed = given_list(tx, reader, batch_id)
    if listed is None:
        raise Conflict(
            f"batch {batch_id} has no hand-over list",
            code="handover-missing",
            tell="Lô này chưa có danh mục bàn giao. Nộp danh mục (CSV hoặc XLSX) rồi đối chiếu lại.",
        )
    late = came_late(tx, reader, batch_id, listed)
    return Differences(listed, compared(tx, reader, batch_id, listed), late)


def differences_sheet(tx: Tx, reader: Actor, batch_id: str, now: datetime) -> bytes:
    """Return the difference report as XLSX; no cell is ever reckoned as a formula. Raises as `differences`."""
    batch, told = tx.batches.get(reader, batch_id), differences(tx, reader, batch_id)
    found = told.found.differences
    above = [
        "BÁO CÁO ĐỐI CHIẾU DANH MỤC BÀN GIAO",
        f"Lô {batch.title or batch.id}, hồ sơ {batch.dossier or 'không ghi'}, mã lô {batch.id}",
        f"Danh mục {told.listed.name}: {len(told.listed.rows)} dòng, {len(found)} điểm khác; lập lúc {moment(now)}",
    ]
    with tempfile.TemporaryDirectory(prefix="differences-") as folder:
        path = Path(folder) / "differences.xlsx"
        write_sheet(path, "Điểm khác", above, _HEADS, [_row(one) for one in found])
        return path.read_bytes()


def minutes(tx: Tx, reader: Actor, batch_id: str, organisation: str, now: datetime) -> Minutes:
    """Return what the minutes of a hand-over say. Raises `Missing`, `NotAllowed`."""
    batch = tx.batches.get(reader, batch_id)
    files = [file for file in tx.batches.files(reader, batch_id) if file.state is not FileState.REFUSED]
    kept = tx.handover_lists.newest(batch_id)
    told = None if kept is None else differences(tx, reader, batch_id)
    listed = None
    if kept is not None and told is not None:
        pages = sum(row.pages or 0 for row in told.listed.rows)
        listed = Listed(kept.name, kept.sha256, len(told.listed.rows), pages, len(told.found.pairs))
    received = sorted(file.received_at for file in files)
    return Minutes(
        batch_id=batch.id,
        title=batch.title,
        dossier=batch.dossier,
        organisation=organisation,
        superior="",
        giver="",
        day=now.astimezone(VIETNAM).date(),
        first_at=moment(received[0]) if received else "",
        last_at=moment(received[-1]) if received else "",
        made_at=moment(now),
        account=account(tx, reader, batch_id),
        listed=listed,
        differences=() if told is None else tuple(one.tell for one in told.found.differences),
    )


def draw_minutes(told: Minutes) -> bytes:
    """Return the minutes as PDF/A-2b, ready to be printed and signed."""
    return print_minutes(told)


def note_minutes(tx: Tx, reader: Actor, told: Minutes, sha256: str) -> None:
    """Write into the log which minutes were handed out, so that a signed sheet can be held against what was said."""
    facts: dict[str, Scalar] = {
        "sha256": sha256,
        "root": told.root,
        "pages": told.account.total,
        "differences": len(told.differences),
    }
    tx.audit.append(reader.id, "handover-minutes", told.batch_id, "done", facts)


def _row(one: Difference) -> list[str | int]:
    return [one.line or "", one.order or "", KINDS[one.kind], one.tell]
