"""Who signs for a body on a paper of a case, in which name, and at which place the paper is dated."""

from collections.abc import Mapping
from datetime import date

from procedures.case_facts import signs_for
from procedures.papers.sheet import Signatory
from records.acting import Acting as Post
from records.acting import Form, PostRole, written_form
from records.errors import Unfit
from records.units import System, Unit, UnitLevel
from storage.work import Tx

COLLECTIVES: Mapping[UnitLevel, str] = {
    UnitLevel.BRANCH: "CHI BỘ",
    UnitLevel.PART: "ĐẢNG ỦY",
    UnitLevel.BASE: "ĐẢNG ỦY",
    UnitLevel.UPPER: "BAN THƯỜNG VỤ",
    UnitLevel.PROVINCE: "BAN THƯỜNG VỤ",
    UnitLevel.CENTRAL: "BAN CHẤP HÀNH TRUNG ƯƠNG",
}
"""For whom a committee's papers are signed (36-HD/VPTW, khối chữ ký; grade M: known from practice)."""

_TITLE = "BÍ THƯ"
_SITES = frozenset({UnitLevel.UPPER, UnitLevel.PROVINCE, UnitLevel.CENTRAL})


def place_of(tx: Tx, unit: Unit, day: date) -> str:
    """Return where a paper is dated: the short name of the nearest body that has a place, its own or one above.

    Raises `Unfit` (`unit-place-missing`).
    """
    above = tx.units.above(unit.id, day)
    site = next((one for one in (unit, *above) if one.level in _SITES), None)
    if site is not None and site.facts.short_name:
        return site.facts.short_name
    named = unit.name if site is None else site.name
    raise Unfit(
        f"unit {unit.id}: no place in short names above",
        code="unit-place-missing",
        tell=f"Chưa có địa danh để ghi lên văn bản: “{named}” chưa có tên ngắn (ví dụ “Phường Sen”). Hãy nhờ quản trị "
        "viên bổ sung tên ngắn của đơn vị rồi làm lại.",
    )


def signatory_of(tx: Tx, unit: Unit, role: str, account_id: str, day: date) -> Signatory:
    """Return who signs for a unit in a role on a day; `account_id` "": whoever may, the holder of the post first.

    Raises `Unfit` (`nobody-signs`, `title-missing`).
    """
    signers = signs_for(tx, unit.id, role, day)
    who = next((one for one in signers if account_id in ("", one.account_id)), None)
    if who is None:
        raise Unfit(
            f"nobody signs for {unit.id} as {role}",
            code="nobody-signs",
            tell=f"“{unit.name}” hiện chưa có người ký (bí thư, người đứng đầu hoặc người được giao ký thay). "
            "Hãy cập nhật chức vụ rồi làm lại.",
        )
    name = tx.accounts.get(who.account_id).name
    return Signatory(_title(unit, who), name, _authority(tx, unit, who, day))


def _title(unit: Unit, who: Post) -> str:
    if who.title or who.role is PostRole.SECRETARY:
        return who.title or _TITLE
    raise Unfit(
        f"post of {who.account_id} in {unit.id} has no title",
        code="title-missing",
        tell=f"Người ký của “{unit.name}” chưa có chức danh để ghi lên văn bản (ví dụ “CHÁNH VĂN PHÒNG”). "
        "Hãy bổ sung chức danh rồi làm lại.",
    )


def _authority(tx: Tx, unit: Unit, who: Post, day: date) -> tuple[str, ...]:
    if who.form is Form.OWN:
        return ()
    form = written_form(who.form, unit.system)
    state = unit.system is System.STATE
    if who.form is Form.K_T or (state and who.form is Form.T_L):  # for the head, whose title stands there
        held = (one.title for one in tx.posts.who_may_act(unit.id, who.role, day) if not one.by_account)
        return (f"{form} {next(held, '') or _TITLE}",)
    collective = unit.name.upper() if state else COLLECTIVES.get(unit.level, unit.name.upper())
    return (f"{form} {collective}",)
