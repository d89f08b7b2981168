"""The sheet of a paper of a case that is drawn for a move: who issues it, as what it is numbered, and who signs.

Before it has a number whoever signs the move signs it, else whoever may sign for the body whose paper it is: the
holder of the post before those it was delegated to. A letter with boxes is drawn with those in it that were filled
before it had its number.
"""

from dataclasses import dataclass
from datetime import date

from procedures.case_boxes import printed_hops
from procedures.case_people import place_of, signatory_of
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
from procedures.papers.sheet import Organ, Sheet
from records.case import Case, current
from records.members import Person as Particulars
from records.paper_types import LETTER
from records.units import System, Unit
from storage.work import Tx


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
    template, paper = template_of(definition, kind, case.form, unit.system), current(case)
    numbered, boxed = kind_named(template, unit.system).numbered, kind_named(template, unit.system).boxed
    printed = printed_hops(tx, case, paper) if paper is not None and boxed and issue.number else ()
    fields = _said(tx, definition, case, kind, template, issue, member, unit.system)
    if printed:
        fields["to"] = printed[0].to
    written = written_number(tx, definition, case, kind, issue) if numbered else ""
    return Sheet(
        kind=template,
        system=unit.system,
        organ=Organ(unit.name.upper(), place_of(tx, unit, issue.day), above[0].name.upper() if above else ""),
        notation=apart(written, unit.system)[1],
        day=issue.day,
        signatory=signatory_of(tx, unit, issue.role, issue.account_id, issue.day),
        fields=fields,
        number=apart(issue.number, unit.system)[0],
        recipients=recipients_of(kind, case.form),
        urgency=URGENCIES.get(str(case.form.get("urgency", "")), "") if kind.template == DOCUMENT else "",
        printed=printed,
        note=paper.boxes[0].note if paper is not None and boxed and paper.boxes else "",
    )


def written_number(tx: Tx, definition: Definition, case: Case, kind: PaperKind, issue: Issue) -> str:
    """Return number and notation of a paper; before it has a number, with 1 in its place.

    Raises `Unfit` (`type-without-number`, `notation-unfit`).
    """
    if issue.number:
        return issue.number
    unit = tx.units.get(issue.unit_id, issue.day)
    rule = rule_at(unit.system, issue.day)
    type_name = rule.type_called(type_of(definition, kind, case.form, unit.system))
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
    if unit.system is not System.STATE or type_name != LETTER.name or drafting == unit.id:
        return Notation(unit.facts.abbreviation)
    return Notation(unit.facts.abbreviation, tx.units.get(drafting, day).facts.abbreviation)


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
