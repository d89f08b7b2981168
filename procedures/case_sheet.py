"""What a paper of a case says: the sheet drawn for a move, from the form, the books of units and the member's file.

The unit that makes the move issues the sheet. Before it has a number whoever moves signs it; a numbered one is signed
by whoever may sign for the unit, the holder of the post before those it was delegated to. A letter with boxes is drawn
with those in it that were filled before it had its number.
"""

from dataclasses import dataclass
from datetime import date

from procedures.case_boxes import printed_hops
from procedures.case_people import place_of, signatory_of
from procedures.definition import Definition, PaperKind
from procedures.number_rules import Notation, rule_at
from procedures.papers.kinds import kind_named
from procedures.papers.sheet import Organ, Sheet
from records.case import Case, current
from records.errors import Unfit
from records.members import Person as Particulars
from records.units import Unit
from signing.appearance import System
from storage.work import Tx

DRAWN = frozenset({"transfer-letter", "temporary-letter"})
"""The templates whose papers are drawn from a case; the others go by the paper channel until a form fills them."""

_WAY = (
    "sending-branch", "home-branch", "sending-base", "home-base", "sending-upper",
    "receiving-upper", "host-base", "receiving-base", "host-branch", "receiving-branch",
)  # fmt: skip
"""The bodies in the order in which a letter passes through them."""


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
    paper = current(case)
    boxed = paper is not None and kind_named(kind.template, system).boxed
    printed = printed_hops(tx, case, paper) if paper is not None and boxed and issue.number else ()
    fields = _said(tx, definition, case, issue, member)
    if printed:
        fields["to"] = printed[0].to
    return Sheet(
        kind=kind.template,
        system=system,
        organ=Organ(unit.name.upper(), place_of(tx, unit, issue.day), above[0].name.upper() if above else ""),
        notation=_notation(unit, kind, issue),
        day=issue.day,
        signatory=signatory_of(tx, unit, issue.role, issue.account_id, issue.day),
        fields=fields,
        number=issue.number.partition("-")[0],
        printed=printed,
        note=paper.boxes[0].note if paper is not None and boxed and paper.boxes else "",
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
