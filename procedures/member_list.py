"""Take a list of members (CSV) in as one: files and the branches they belong to, or nothing and every fault by line."""

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from procedures.office_list import LineFault, ListUnfit, Row, heading_key, read_list
from procedures.unit_list import Imported
from records.days import Span, read_day
from records.errors import Conflict, Missing, Unfit
from records.members import PARTICULARS, Person, PersonUnfit
from records.membership import MarkKind, MembershipKind
from storage.audit import Scalar
from storage.work import Tx, Work

_DAYS = ("birth_date", "admission_decision", "admission_date", "official_date")
HEADINGS: Mapping[str, str] = {
    "ho ten": "full_name",
    "ho va ten": "full_name",
    "ma chi bo": "branch",
    "so the dang vien": "card_no",
    "so the": "card_no",
    "so ly lich": "cv_no",
    "cccd": "citizen_id",
    "so cccd": "citizen_id",
    "so dinh danh ca nhan": "citizen_id",
    "ngay sinh": "birth_date",
    "ngay quyet dinh ket nap": "admission_decision",
    "ngay ket nap": "admission_date",
    "ngay chinh thuc": "official_date",
    "ngay cong nhan chinh thuc": "official_date",
    "sinh hoat tu ngay": "since",
    "luc luong": "force",
    **{heading_key(label): name for name, label in PARTICULARS.items()},
}
_FORCES = {"quan doi": MarkKind.ARMY, "cong an": MarkKind.POLICE}


def import_members(work: Work, actor_id: str, data: bytes, name: str) -> Imported:
    """Enter the members of a list, each with an official membership and an audit event of its own.

    A member whose file is there already just so counts as known and is left alone. Raises `Unfit` (the file cannot be
    read, `read_list`), `ListUnfit`: nothing was entered.
    """
    rows = read_list(data, name, HEADINGS, ("full_name", "branch"))
    sha256 = hashlib.sha256(data).hexdigest()
    with work.begin() as tx:
        today = tx.units.today()
        added: list[str] = []
        faults: list[LineFault] = []
        known = 0
        for row in rows:
            try:
                member_id = _entered(tx, row, today, actor_id, sha256)
            except PersonUnfit as fault:
                faults.extend(LineFault(row.line, one.code, one.tell) for one in fault.faults)
            except (Unfit, Conflict, Missing) as fault:
                faults.append(LineFault(row.line, fault.code, fault.tell))
            else:
                known += member_id is None
                added += [] if member_id is None else [member_id]
        if faults:
            raise ListUnfit(name, faults)
        for member_id in added:
            tx.audit.append(actor_id, "member-added", member_id, "done", {"sha256": sha256})
        told: dict[str, Scalar] = {"list": name[:200], "sha256": sha256, "added": len(added), "known": known}
        tx.audit.append(actor_id, "members-imported", "members", "done", told)
    return Imported(len(added), known)


def _entered(tx: Tx, row: Row, today: date, by: str, sha256: str) -> str | None:
    """The id of the member of this line, now entered; None when the file is there just so."""
    days: dict[str, Any] = {name: _day(row, name) for name in _DAYS}
    person = Person(
        row.get("full_name"),
        row.get("card_no"),
        row.get("cv_no"),
        row.get("citizen_id"),
        **days,
        particulars={name: row.get(name) for name in PARTICULARS if row.get(name)},
    )
    since = _day(row, "since") or today
    branch = tx.units.by_code(row.get("branch"), since)
    if branch is None:
        raise Unfit(
            "no branch",
            code="unit-unknown",
            tell=f"không có chi bộ mã “{row.get('branch')[:40]}” vào ngày bắt đầu sinh hoạt. Hãy kiểm tra lại mã.",
        )
    force = _FORCES.get(heading_key(row.get("force")))
    if row.get("force") and force is None:
        raise Unfit(
            "no such force",
            code="list-choice",
            tell=f"lực lượng “{row.get('force')[:40]}” không có. Ghi Quân đội, Công an hoặc bỏ trống.",
        )
    if tx.members.is_there(person):
        return None
    member_id = tx.members.add(person)
    tx.memberships.join(
        member_id,
        branch.id,
        MembershipKind.OFFICIAL,
        Span(since),
        cause="nhập danh sách đảng viên",
        source=f"list:{sha256}",
        by=by,
    )
    if force is not None:
        tx.marks.add(member_id, force, Span(since))
    return member_id


def _day(row: Row, name: str) -> date | None:
    told = row.get(name)
    day = read_day(told)
    if told and day is None:
        heading = next(key for key, meaning in HEADINGS.items() if meaning == name)
        raise Unfit(
            f"{name} {told[:20]!r}",
            code="list-day",
            tell=f"cột “{heading}”: “{told[:20]}” không phải là ngày có thật (viết như 19/05/2005).",
        )
    return day
