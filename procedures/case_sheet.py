"""The sheet of a paper of a case that is drawn for a move: who issues it, as what it is numbered, and who signs.

Before it has a number whoever signs the move signs it, else whoever may sign for the body whose paper it is: the
holder of the post before those it was delegated to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from procedures.case_facts import signs_for
from procedures.case_said import (
    COMMENT,
    DOCUMENT,
    URGENCIES,
    comment_fields,
    document_fields,
    letter_fields,
    recipients_of,
    template_of,
    type_of,
)
from procedures.definition import Definition, PaperKind
from procedures.number_rules import Notation, rule_at
from procedures.papers.kinds import kind_named
from procedures.papers.sheet import Organ, Sheet, Signatory
from records.acting import Acting as Post
from records.acting import Form, PostRole, written_form
from records.case import Case
from records.errors import Unfit
from records.members import Person as Particulars
from records.paper_types import LETTER
from records.units import System as Rules
from records.units import Unit, UnitLevel
from signing.appearance import System
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


@dataclass(frozen=True, slots=True)
class Issue:
    """Who issues a paper of a case, and on which day; `number` as it is written ("12-GT/ĐU"), "" for a draft."""

    unit_id: str
    role: str
    account_id: str
    day: date
    number: str = ""


def sheet_of(
    tx: Tx, definition: Definition, case: Case, kind: PaperKind, issue: Issue, member: Particulars | None
) -> Sheet:
    """Return the sheet of a paper of `case`, whose form and bodies are those asked for; `member`: None about nobody.

    Raises `Unfit`: `paper-template-missing` (no template fills it from a case), `nobody-signs`, `title-missing`,
    `unit-place-missing`, `notation-unfit`, `type-without-number`.
    """
    unit = tx.units.get(issue.unit_id, issue.day)
    above = tx.units.above(unit.id, issue.day)
    system = System(str(unit.system))
    template = template_of(definition, kind, case.form, system)
    numbered = kind_named(template, system).numbered
    written = written_number(tx, definition, case, kind, issue) if numbered else ""
    return Sheet(
        kind=template,
        system=system,
        organ=Organ(unit.name.upper(), _place(unit, above), above[0].name.upper() if above else ""),
        notation=apart(written, system)[1],
        day=issue.day,
        signatory=signatory_of(tx, unit, issue),
        fields=_said(tx, definition, case, kind, template, issue, member, system),
        number=apart(issue.number, system)[0],
        recipients=recipients_of(kind, case.form),
        urgency=URGENCIES.get(str(case.form.get("urgency", "")), "") if kind.template == DOCUMENT else "",
    )


def written_number(tx: Tx, definition: Definition, case: Case, kind: PaperKind, issue: Issue) -> str:
    """Return number and notation of a paper; before it has a number, with 1 in its place.

    Raises `Unfit` (`type-without-number`, `notation-unfit`).
    """
    if issue.number:
        return issue.number
    unit = tx.units.get(issue.unit_id, issue.day)
    system = System(str(unit.system))
    rule = rule_at(system, issue.day)
    type_name = rule.type_called(type_of(definition, kind, case.form, system))
    return rule.write(1, type_name, notation_of(tx, case, unit, type_name, issue.day))


def apart(written: str, system: System) -> tuple[str, str]:
    """Return the digits and the notation of a number.

    >>> apart("12-GT/ĐU", System.PARTY), apart("08/QĐ-UBND", System.STATE)
    (('12', 'GT/ĐU'), ('08', 'QĐ-UBND'))
    """
    number, _, notation = written.partition("-" if system is System.PARTY else "/")
    return number, notation


def notation_of(tx: Tx, case: Case, unit: Unit, type_name: str, day: date) -> Notation:
    """Return who stands in the number of a unit's paper: on a letter (công văn) of the State also who drafted it.

    NĐ 30/2020, Phụ lục I: "515/TTLTLS-NC".
    """
    drafting = next(iter(case.bodies.get("drafting", ())), unit.id)
    if unit.system is not Rules.STATE or type_name != LETTER.name or drafting == unit.id:
        return Notation(unit.facts.abbreviation)
    return Notation(unit.facts.abbreviation, tx.units.get(drafting, day).facts.abbreviation)


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


def signatory_of(tx: Tx, unit: Unit, issue: Issue) -> Signatory:
    """Return who signs a paper of `unit`. Raises `Unfit` (`nobody-signs`, `title-missing`)."""
    signers = signs_for(tx, unit.id, issue.role, issue.day)
    who = next((one for one in signers if issue.account_id in ("", one.account_id)), None)
    if who is None:
        raise Unfit(
            f"nobody signs for {unit.id} as {issue.role}",
            code="nobody-signs",
            tell=f"“{unit.name}” hiện chưa có người ký (bí thư, người đứng đầu hoặc người được giao ký thay). "
            "Hãy cập nhật chức vụ rồi làm lại.",
        )
    name = tx.accounts.get(who.account_id).name
    return Signatory(_title(unit, who), name, _authority(tx, unit, who, issue.day))


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
    state = unit.system is Rules.STATE
    if who.form is Form.K_T or (state and who.form is Form.T_L):  # for the head, whose title stands there
        held = (one.title for one in tx.posts.who_may_act(unit.id, who.role, day) if not one.by_account)
        return (f"{form} {next(held, '') or _TITLE}",)
    collective = unit.name.upper() if state else COLLECTIVES.get(unit.level, unit.name.upper())
    return (f"{form} {collective}",)


def _said(
    tx: Tx,
    definition: Definition,
    case: Case,
    kind: PaperKind,
    template: str,
    issue: Issue,
    member: Particulars | None,
    system: System,
) -> dict[str, object]:
    if kind.template == DOCUMENT:
        return document_fields(template, system, case.form)
    if member is None:
        raise RuntimeError(f"{kind.code}: a paper about nobody")
    if kind.template == COMMENT:
        return comment_fields(tx, definition, case, issue.day, member)
    return letter_fields(tx, definition, case, issue.unit_id, issue.day, member)
