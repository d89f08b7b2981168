"""`vanthu batch`: the account of a delivery, its hand-over list, what differs, and the minutes to be signed."""

import hashlib
from pathlib import Path

from rich.table import Table

from api.services.batch_account import differences, differences_sheet, draw_minutes, minutes, note_minutes
from boot.house import open_house
from boot.report import difference_json
from boot.settings import Settings
from boot.speak import Exit, console, emit, result, say
from ingest.accounting import account
from ingest.handover import MAX_BYTES, read_handover
from ingest.handover_report import came_late, give_list, given_list
from ingest.names import clean_name
from procedures.handover_minutes import DOCUMENT_NAMES, root_of
from records.access import LOCAL
from records.accounting import TOLD

_AT_ONCE = 500


def list_batches(settings: Settings, *, as_json: bool) -> Exit:
    """Print the deliveries, the newest first."""
    with open_house(settings) as house, house.work.reading() as tx:
        found, total = tx.batches.list(LOCAL, _AT_ONCE)
    for batch in found:
        if as_json:
            emit(
                {
                    "batch_id": batch.id,
                    "title": batch.title,
                    "dossier": batch.dossier,
                    "state": batch.state.value,
                }
            )
        else:
            result(f"{batch.id}  {batch.state.value:9}  {batch.dossier}  {batch.title}")
    if not as_json:
        say(f"{len(found)} trong {total} lô.")
    return Exit.WELL if found else Exit.NO


def show_batch(settings: Settings, batch_id: str, *, as_json: bool) -> Exit:
    """Print where every page of a delivery is, its documents and what differs from its list.

    Exit code 1 when the sums do not agree, 3 when something waits for a person. Raises `Missing`.
    """
    with open_house(settings) as house, house.work.reading() as tx:
        batch = tx.batches.get(LOCAL, batch_id)
        told = account(tx, LOCAL, batch_id)
        found = (
            ()
            if given_list(tx, LOCAL, batch_id) is None
            else differences(tx, LOCAL, batch_id).found.differences
        )
    waits = bool(found) or any(one.state in ("refused", "held") for one in told.documents)
    if as_json:
        emit(
            {
                "batch_id": batch.id,
                "state": batch.state.value,
                "files": len(told.files),
                "pages": told.total,
                "states": {state.value: count for state, count in told.states.items()},
                "agrees": told.agrees,
                "faults": list(told.faults),
                "root": root_of(told.files),
            }
        )
        for one in told.documents:
            emit(
                {
                    "document_id": one.id,
                    "order": one.order,
                    "source": one.source,
                    "state": one.state,
                    "pages": one.pages,
                }
            )
        for difference in found:
            emit(difference_json(difference))
    else:
        states = Table("Trạng thái của trang", "Số trang", box=None)
        for state, count in told.states.items():
            if count:
                states.add_row(TOLD[state], str(count))
        states.add_row("Cộng", str(sum(told.states.values())), style="bold")
        documents = Table("Thứ tự", "Nguồn", "Số, ký hiệu", "Trang", "Trạng thái", box=None)
        for one in told.documents:
            name = DOCUMENT_NAMES.get(one.state, one.state)
            documents.add_row(str(one.order), one.source, one.number, str(one.pages), name)
        where = f"hồ sơ {batch.dossier or 'không ghi'}"
        say(f"Lô {batch.title} ({batch.id}), {where}: {len(told.files)} tệp, {told.total} trang.")
        console.print(states)
        console.print(documents)
        for difference in found:
            say(f"≠ {difference.tell}")
    for fault in told.faults:
        say(f"✗ Số trang không khớp: {fault} Hãy báo quản trị viên.")
    if not told.agrees:
        return Exit.NO
    return Exit.REFUSED if waits else Exit.WELL


def give_handover(settings: Settings, batch_id: str, source: Path) -> Exit:
    """Give a delivery its list, or a newer one. Exit code 3 when it names levels of secrecy too late. Raises `Missing`,
    `Unfit`.
    """
    read_handover(source)  # too large a file is told before it is read whole
    with open_house(settings) as house, house.work.begin() as tx:
        listed = give_list(tx, LOCAL, batch_id, clean_name(source.name), source.read_bytes()[: MAX_BYTES + 1])
        late = came_late(tx, LOCAL, batch_id, listed)
    say(f"Đã nhận danh mục {source.name}: {len(listed.rows)} dòng.")
    if late:
        say(
            f"✗ {late} dòng ghi độ mật nhưng lô đã bắt đầu xử lý trước khi có danh mục này, nên tài liệu "
            "không bị giữ theo danh mục. Hãy báo cán bộ bảo mật ngay."
        )
    return Exit.REFUSED if late else Exit.WELL


def write_differences(settings: Settings, batch_id: str, out: Path) -> Exit:
    """Write the difference report as XLSX. Exit code 3 when something differs. Raises `Missing`."""
    with open_house(settings) as house, house.work.reading() as tx:
        data = differences_sheet(tx, LOCAL, batch_id, house.clock.now())
        count = len(differences(tx, LOCAL, batch_id).found.differences)
    out.write_bytes(data)
    say(f"Đã ghi {out}: {count} điểm khác.")
    return Exit.REFUSED if count else Exit.WELL


def write_minutes(settings: Settings, batch_id: str, out: Path) -> Exit:
    """Write the hand-over minutes as PDF/A-2b; the log keeps their hash. Raises `Missing`."""
    with open_house(settings) as house:
        with house.work.reading() as tx:
            told = minutes(tx, LOCAL, batch_id, settings.organisation, house.clock.now())
        data = draw_minutes(told)
        with house.work.begin() as tx:
            note_minutes(tx, LOCAL, told, hashlib.sha256(data).hexdigest())
    out.write_bytes(data)
    say(f"Đã ghi {out}. In thành hai bản để hai bên ký.")
    return Exit.WELL
