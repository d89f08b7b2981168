"""What a paper of a case says: the sheet drawn for a move, from the form, the books of units and the member's file.

The unit that makes the move issues the sheet. Before it has a number whoever moves signs it; a numbered one is signed
by whoever may sign for the unit, the holder of the post before those it was delegated to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from procedures.case_facts import signs_for
from procedures.definition import Definition, PaperKind
from procedures.number_rules import Notation, rule_at
from procedures.papers.kinds import kind_named
from procedures.papers.sheet import Organ, Sheet, Signatory
from records.acting import Acting as Post
from records.acting import Form
from records.case import Case
from records.errors import Unfit
from records.members import Person as Particulars
from records.units import Unit, UnitLevel
from signing.appearance import System
from storage.work import Tx

DRAWN = frozenset({"transfer-letter", "temporary-letter"})
"""The templates whose papers are drawn from a case; the others go by the paper channel until a form fills them."""

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
_WAY = (
    "sending-branch", "home-branch", "sending-base", "home-base", "sending-upper",
    "receiving-upper", "host-base", "receiving-base", "host-branch", "receiving-branch",
)  # fmt: skip
"""The bodies in the order in which a letter passes through them."""
_SITES = frozenset({UnitLevel.UPPER, UnitLevel.PROVINCE, UnitLevel.CENTRAL})


@dataclass(frozen=True, slots=True)
class Issue:
    """Who issues a paper of a case, and on which day; `number` as it is written ("12-GT/ĐU"), "" for a draft."""

    unit_id: str
    role: str
    account_id: str
    day: date
    number: str = ""


def sheet_of(
    tx: Tx, definition: Definition, case: Case, kind: PaperKind, issue: Issue, member: Particulars
) -> Sheet:
    """Return the sheet of a paper of `case`, whose form and bodies are those asked for.

    Raises `Unfit`: `paper-template-missing` (no template fills it from a case), `nobody-signs`, `unit-place-missing`,
    `notation-unfit`.
    """
    demand_drawn(kind)
    unit = tx.units.get(issue.unit_id, issue.day)
    above = tx.units.above(unit.id, issue.day)
    system = System(str(unit.system))
    return Sheet(
        kind=kind.template,
        system=system,
        organ=Organ(unit.name.upper(), _place(unit, above), above[0].name.upper() if above else ""),
        notation=_notation(unit, kind, issue),
        day=issue.day,
        signatory=_signatory(tx, unit, issue),
        fields=_said(tx, definition, case, issue, member),
        number=issue.number.partition("-")[0],
    )


def demand_drawn(kind: PaperKind) -> None:
    """Refuse a paper whose template nothing of a case fills: `Unfit` (`paper-template-missing`)."""
    if kind.template not in DRAWN:
        raise Unfit(
            f"{kind.code}: {kind.template} is not drawn from a case",
            code="paper-template-missing",
            tell=f"“{kind.title}” chưa trình bày được trên hệ thống. Hãy làm bước này ở kênh giấy và kèm bản quét.",
        )


def notation_of(unit: Unit) -> Notation:
    """Return who stands in the numbers of a unit's papers."""
    return Notation(unit.facts.abbreviation)


def _notation(unit: Unit, kind: PaperKind, issue: Issue) -> str:
    system = System(str(unit.system))
    type_name = kind_named(kind.template, system).type_name
    written = issue.number or rule_at(system, issue.day).write(1, type_name, notation_of(unit))
    return written.partition("-")[2]


def _place(unit: Unit, above: list[Unit]) -> str:
    """Where a paper is dated: the short name of the nearest body that has a place, its own or one above."""
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


def _signatory(tx: Tx, unit: Unit, issue: Issue) -> Signatory:
    signers = signs_for(tx, unit.id, issue.role, issue.day)
    who = next((one for one in signers if issue.account_id in ("", one.account_id)), None)
    if who is None:
        raise Unfit(
            f"nobody signs for {unit.id} as {issue.role}",
            code="nobody-signs",
            tell=f"“{unit.name}” hiện chưa có người ký (bí thư hoặc người được giao ký thay). Hãy cập nhật chức vụ rồi "
            "làm lại.",
        )
    name = tx.accounts.get(who.account_id).name
    return Signatory(who.title or _TITLE, name, _authority(tx, unit, who, issue.day))


def _authority(tx: Tx, unit: Unit, who: Post, day: date) -> tuple[str, ...]:
    if who.form is Form.K_T:
        held = (one.title for one in tx.posts.who_may_act(unit.id, who.role, day) if not one.by_account)
        return (f"{Form.K_T.value} {next(held, '') or _TITLE}",)
    if who.form is Form.OWN:
        return ()
    return (f"{who.form.value} {COLLECTIVES.get(unit.level, unit.name.upper())}",)


def _said(tx: Tx, definition: Definition, case: Case, issue: Issue, member: Particulars) -> dict[str, object]:
    form, about = case.form, member.particulars
    year, _, month = str(form.get("dues_until", "")).partition("-")
    said: dict[str, object] = {
        "to": _addressee(tx, case, issue),
        "member_name": form.get("full_name") or member.full_name,
        "alias": about.get("aliases", ""),
        "birth_date": form.get("birth_date") or member.birth_date,
        "hometown": about.get("hometown", ""),
        "admission_date": member.admission_date,
        "official_date": member.official_date,
        "card_no": form.get("card_number") or member.card_no,
        "from_unit": _own_place(tx, case, issue.day),
        "to_unit": form.get("new_place", ""),
        "paid_until": f"{month}/{year}" if month else "",
    }
    if "from_date" in definition.fields:
        reason = str(form.get("reason", ""))
        said |= {
            "reason": definition.fields["reason"].choices.get(reason, reason),
            "from_date": form.get("from_date"),
            "to_date": form.get("to_date"),
        }
    else:
        said |= {
            "cv_no": form.get("cv_number") or member.cv_no,
            "branch_list_no": about.get("list_no", ""),
        }
    return said


def _addressee(tx: Tx, case: Case, issue: Issue) -> str:
    """The next unit on the way after the one that issues the sheet, as the form names it when it is elsewhere."""
    way = [case.bodies[body][0] for body in _WAY if case.bodies.get(body)]
    after = way[len(way) - way[::-1].index(issue.unit_id) :] if issue.unit_id in way else []
    return tx.units.get(after[0], issue.day).name if after else str(case.form.get("new_place", ""))


def _own_place(tx: Tx, case: Case, day: date) -> str:
    """Where the member belongs, as a paper says it: the branch and its base organisation."""
    own = [
        case.bodies.get(body, ("",))[0]
        for body in ("sending-branch", "home-branch", "sending-base", "home-base")
    ]
    return ", ".join(tx.units.get(unit, day).name for unit in dict.fromkeys(own) if unit)
