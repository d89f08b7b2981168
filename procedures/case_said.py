"""What a paper of a case says in its places: from the form, the books of units and the member's file.

Letters and comments are about a member; an outgoing document is about nobody, and its form says which template it is.
"""

import re
from collections.abc import Mapping
from datetime import date

from procedures.definition import Definition, PaperKind
from procedures.definition_read import Definitions
from procedures.papers.kinds import kind_named
from records.case import Case, Value, current
from records.errors import Unfit
from records.members import Person as Particulars
from records.units import System
from storage.work import Tx

DOCUMENT = "document"
"""The template of an outgoing document: the type that the form names, or the file that was handed in."""
COMMENT = "residence-comment"
LETTERS = frozenset({"transfer-letter", "temporary-letter"})
DRAWN = LETTERS | {COMMENT, DOCUMENT}
"""The templates whose papers are drawn from a case; others would go by the paper channel until a form fills them."""

TEMPLATES: Mapping[str, str] = {
    "01": "resolution",
    "02": "decision",
    "03": "directive",
    "05": "regulation",
    "07": "notice",
    "08": "guidance",
    "10": "plan",
    "14": "report",
    "15": "submission",
    "22": "dispatch",
    "26": "invitation",
    "32-KL": "conclusion",
}
"""The kind of paper of `papers/kinds.toml` by the type in the form of an outgoing document (codes of TT 05/2025)."""

URGENCIES = {"urgent": "KHẨN", "very-urgent": "THƯỢNG KHẨN", "express": "HỎA TỐC"}
DUTIES = ("duty_example", "duty_citizen", "duty_meetings", "duty_people", "duty_building")
"""What a comment speaks of one by one (213-QĐ/TW; wording of the form, grade M)."""

_WAY = (
    "sending-branch", "home-branch", "sending-base", "home-base", "sending-upper",
    "receiving-upper", "host-base", "receiving-base", "host-branch", "receiving-branch",
)  # fmt: skip
"""The bodies in the order in which a letter passes through them."""
_ARTICLE = re.compile(r"Điều\s+\d+\s*[.:]\s*", re.IGNORECASE)


def issuing_system(tx: Tx, definitions: Definitions, case_id: str) -> System:
    """Return whose rules the paper of a case follows: those of the body that signs it first."""
    case = tx.cases.get(case_id)
    definition = definitions.get(case.procedure, case.version)
    paper = current(case)
    kinds = [definition.papers[paper.kind]] if paper else list(definition.papers.values())
    unit = next(iter(case.bodies.get(kinds[0].signatures[0][1].body, ())), "")
    return tx.units.get(unit, tx.units.today()).system if unit else System.PARTY


def template_of(definition: Definition, kind: PaperKind, form: Mapping[str, Value], system: System) -> str:
    """Return the kind of paper that is drawn. Raises `Unfit` (`paper-template-missing`): there is none for it."""
    if kind.template not in DRAWN:
        raise _no_template(kind.title, "Hãy làm bước này ở kênh giấy và kèm bản quét.")
    if kind.template != DOCUMENT:
        return kind.template
    type_code = str(form.get("type", ""))
    name = TEMPLATES.get(type_code, "")
    try:
        return kind_named(name, system).name
    except Unfit as fault:
        label = definition.fields["type"].choices.get(type_code, "")
        raise _no_template(label, "Hãy tải tệp PDF hoặc DOCX của văn bản lên thay cho mẫu.") from fault


def type_of(definition: Definition, kind: PaperKind, form: Mapping[str, Value], system: System) -> str:
    """Return the type under which a paper of this kind is numbered."""
    if kind.template == DOCUMENT:
        return definition.fields["type"].choices[str(form["type"])]
    return kind_named(kind.template, system).type_name


def document_fields(template: str, system: System, form: Mapping[str, Value]) -> dict[str, object]:
    """Return what an outgoing document says, for the places that its kind has."""
    said: dict[str, object] = {
        "subject": form.get("subject", ""),
        "competence": form.get("competence", ""),
        **{name: lines(form.get(name)) for name in ("to", "grounds", "body")},
        "articles": [_ARTICLE.sub("", one, count=1) for one in lines(form.get("body"))],
    }
    wanted = {rule.name for rule in kind_named(template, system).fields}
    return {name: value for name, value in said.items() if name in wanted}


def comment_fields(
    tx: Tx, definition: Definition, case: Case, day: date, member: Particulars
) -> dict[str, object]:
    """Return what the branch where a member lives says of them."""
    form = case.form
    purpose = definition.fields["purpose"].choices.get(str(form.get("purpose", "")), "")
    year = f" năm {form['year']}" if "year" in form else ""
    rating = definition.fields["rating"].choices.get(str(form.get("rating", "")), "")
    return {
        "purpose": f"{purpose}{year}",
        "member_name": form.get("full_name") or member.full_name,
        "birth_date": form.get("birth_date") or member.birth_date,
        "card_no": form.get("card_number") or member.card_no,
        "position": form.get("position", ""),
        "work_unit": _places(tx, case, day, "work-branch") or "ngoài hệ thống (theo phiếu đề nghị)",
        "residence_unit": _places(tx, case, day, "residence-branch", "residence-ward"),
        "address": form.get("address", ""),
        "duties": [(definition.fields[code].label, form.get(code, "")) for code in DUTIES],
        "strengths": lines(form.get("strengths")),
        "limits": lines(form.get("limits")),
        "rating": rating,
    }


def letter_fields(
    tx: Tx, definition: Definition, case: Case, unit_id: str, day: date, member: Particulars
) -> dict[str, object]:
    """Return what a letter of transfer says that `unit_id` issues."""
    form, about = case.form, member.particulars
    year, _, month = str(form.get("dues_until", "")).partition("-")
    said: dict[str, object] = {
        "to": _addressee(tx, case, unit_id, day),
        "member_name": form.get("full_name") or member.full_name,
        "alias": about.get("aliases", ""),
        "birth_date": form.get("birth_date") or member.birth_date,
        "hometown": about.get("hometown", ""),
        "admission_date": member.admission_date,
        "official_date": member.official_date,
        "card_no": form.get("card_number") or member.card_no,
        "from_unit": _places(tx, case, day, "sending-branch", "home-branch", "sending-base", "home-base"),
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


def recipients_of(kind: PaperKind, form: Mapping[str, Value]) -> tuple[str, ...]:
    """Return who gets a paper, as it is printed at its end."""
    if kind.template == COMMENT:
        return ("Chi bộ nơi công tác", "Đảng viên được nhận xét", "Lưu")
    return tuple(lines(form.get("recipients"))) if kind.template == DOCUMENT else ()


def lines(value: Value | None) -> list[str]:
    """Return the lines of a text of several lines, without empty ones."""
    return [line.strip() for line in str(value or "").splitlines() if line.strip()]


def _addressee(tx: Tx, case: Case, unit_id: str, day: date) -> str:
    """The next unit on the way after the one that issues the sheet, as the form names it when it is elsewhere."""
    way = [case.bodies[body][0] for body in _WAY if case.bodies.get(body)]
    after = way[len(way) - way[::-1].index(unit_id) :] if unit_id in way else []
    return tx.units.get(after[0], day).name if after else str(case.form.get("new_place", ""))


def _places(tx: Tx, case: Case, day: date, *bodies: str) -> str:
    """The units of these bodies as a paper names them, each once, those that are not in the house left out."""
    units = [case.bodies.get(body, ("",))[0] for body in bodies]
    return ", ".join(tx.units.get(unit, day).name for unit in dict.fromkeys(units) if unit)


def _no_template(what: str, instead: str) -> Unfit:
    return Unfit(
        f"{what}: no template",
        code="paper-template-missing",
        tell=f"“{what}” chưa có mẫu trình bày trên hệ thống. {instead}",
    )
