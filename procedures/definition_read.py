"""Read the procedures out of their files, strictly, once at the start: a slip is told with its place."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from procedures.definition import (
    LEVELS,
    MEMBER,
    OPENER,
    SAME,
    Body,
    By,
    DayUnit,
    Deadline,
    Definition,
    Excluded,
    Field,
    FieldKind,
    Measure,
    Move,
    MoveKind,
    PaperKind,
    Rule,
    State,
    Term,
)
from procedures.definition_check import check
from procedures.toml_words import Entry
from records.case import Channel, InName
from records.errors import ArchiveFault, Missing

FOLDER = Path(__file__).parent / "definitions"
_MEMBERSHIP = ("stays", "moved", "away", "back")
_LONGEST = 40_000


class Definitions:
    """All procedures, by code and version."""

    def __init__(self, every: Iterable[Definition]) -> None:
        self._every = {(one.code, one.version): one for one in every}

    def get(self, code: str, version: int) -> Definition:
        """Return one version of a procedure. Raises `ArchiveFault` (`procedure-gone`): its cases need the file."""
        found = self._every.get((code, version))
        if found is None:
            raise ArchiveFault(
                f"procedure {code!r} version {version} has no file",
                code="procedure-gone",
                tell="Thiếu dữ liệu của thủ tục mà hồ sơ này đang theo nên chưa xử lý được; hồ sơ không bị thay đổi. "
                "Hãy báo quản trị viên.",
            )
        return found

    def in_force(self, code: str, day: date) -> Definition:
        """Return the version by which cases are opened on `day`. Raises `Missing` (`procedure-not-in-force`)."""
        for one in self._every.values():
            if one.code == code and one.in_force_on(day):
                return one
        raise Missing(
            f"procedure {code!r} on {day}",
            code="procedure-not-in-force",
            tell=f"Không có thủ tục “{code[:40]}” đang áp dụng vào ngày {day:%d/%m/%Y}. Hãy chọn thủ tục khác.",
        )

    def all(self) -> Sequence[Definition]:
        """Return every version of every procedure."""
        return tuple(self._every.values())


def read_definitions(folder: Path = FOLDER) -> Definitions:
    """Return the procedures of `folder`. Raises `ArchiveFault` (`procedure-data`) with file, table and word."""
    every = [read_definition(path) for path in sorted(folder.glob("*.toml"))]
    if not every:
        raise _fault(folder, "there is no procedure")
    for one in every:
        for other in every:
            if one is other or one.code != other.code:
                continue
            if one.version == other.version:
                raise _fault(folder, f"{one.code} version {one.version} is there twice")
            later = max(one.effective_from, other.effective_from)
            if one.in_force_on(later) and other.in_force_on(later):
                raise _fault(
                    folder, f"{one.code}: versions {one.version} and {other.version} are in force at once"
                )
    return Definitions(every)


def read_definition(path: Path) -> Definition:
    """Return the procedure of one file, checked. Raises `ArchiveFault` (`procedure-data`)."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise _fault(path, str(fault)) from fault
    top = Entry("the file", content, lambda why: _fault(path, why))
    head = top.table("procedure")
    made = Definition(
        code=head.text("code"),
        version=head.integer("version", 1, 9999),
        title=head.text("title"),
        effective_from=head.day("effective_from"),
        effective_until=head.day("effective_until") if head.has("effective_until") else None,
        about_member=head.yes("about_member"),
        roles=dict(map(_role, top.tables("role"))),
        bodies={body.code: body for body in map(_body, top.tables("body"))},
        states={state.code: state for state in map(_state, top.tables("state"))},
        moves={move.code: move for move in map(_move, top.tables("move"))},
        deadlines=tuple(map(_deadline, top.tables("deadline", needed=False))),
        measures=tuple(map(_measure, top.tables("measure", needed=False))),
        fields={field.code: field for field in map(_field, top.tables("field"))},
        papers={paper.code: paper for paper in map(_paper, top.tables("paper", needed=False))},
        terms=tuple(map(_term, top.tables("term", needed=False))),
        out_of_scope=tuple(map(_excluded, top.tables("out_of_scope", needed=False))),
        exempt=tuple(map(_excluded, top.tables("exempt", needed=False))),
    )
    for kind in ("role", "body", "state", "move", "field", "paper", "deadline", "measure"):
        codes = [row.text("code") for row in top.tables(kind, needed=False)]
        if twice := sorted({code for code in codes if codes.count(code) > 1}):
            raise top.wrong(f"[[{kind}]] twice: {', '.join(twice)}")
    _sourced(head)
    top.done()
    check(made, top.wrong)
    return made


def _role(row: Entry) -> tuple[str, str]:
    made = row.text("code"), row.text("title")
    row.done()
    return made


def _body(row: Entry) -> Body:
    level = row.one_of("level", list(LEVELS)) if row.has("level") else ""
    made = Body(row.text("code"), row.text("title"), row.yes("many"), level, row.text("under", ""))
    row.done()
    return made


def _state(row: Entry) -> State:
    made = State(
        row.text("code"),
        row.text("title"),
        row.text("next", ""),
        row.yes("end"),
        row.one_of("membership", _MEMBERSHIP, "stays"),
        row.yes("issues"),
    )
    row.done()
    return made


def _move(row: Entry) -> Move:
    kind = MoveKind(row.one_of("kind", list(MoveKind), MoveKind.FORWARD))
    made = Move(
        code=row.text("code"),
        title=row.text("title"),
        kind=kind,
        sources=() if kind is MoveKind.OPEN else row.texts("from"),
        target=row.text("to", SAME) if kind is MoveKind.EDIT else row.text("to"),
        by=tuple(_by(row, one) for one in row.texts("by")),
        guards=_rules(row, "guards"),
        effects=_rules(row, "effects"),
        comment=row.yes("comment"),
        channels=tuple(Channel(one) for one in row.choices("channels", list(Channel), tuple(Channel))),
        forms=tuple(InName(one) for one in row.choices("forms", list(InName), tuple(InName))),
        edits=row.texts("edits", ()),
        sets=row.texts("sets", ()),
        draft=row.yes("draft"),
        signs=row.texts("signs", ()),
        scan=row.yes("scan"),
    )
    row.done()
    return made


def _by(row: Entry, said: str) -> By:
    if said in (MEMBER, OPENER):
        return By(said, "")
    role, at, body = said.partition("@")
    if not at or not role or not body:
        raise row.wrong(f"by: {said!r} must be {MEMBER}, {OPENER} or role@body")
    return By(role, body)


def _rules(row: Entry, word: str) -> tuple[Rule, ...]:
    """`name` or `name:argument:argument`."""
    return tuple(Rule(name, tuple(rest)) for name, *rest in (one.split(":") for one in row.texts(word, ())))


def _deadline(row: Entry) -> Deadline:
    if sum(row.has(word) for word in ("from_field", "from_state", "from_paper")) != 1:
        raise row.wrong("counts from one of from_field, from_state and from_paper")
    made = Deadline(
        row.text("code"),
        row.text("title"),
        row.integer("days", 1, 1_000),
        DayUnit(row.one_of("unit", list(DayUnit))),
        row.text("from_field", ""),
        row.text("from_state", ""),
        row.yes("from_paper"),
        row.texts("in"),
    )
    _sourced(row)
    return made


def _measure(row: Entry) -> Measure:
    made = Measure(row.text("code"), row.text("title"), row.text("from_state"), row.text("to_state"))
    row.done()
    return made


def _field(row: Entry) -> Field:
    kind = FieldKind(row.one_of("kind", list(FieldKind)))
    choices: dict[str, str] = {}
    if kind is FieldKind.CHOICE:
        for said in row.tables("choices"):
            choices[said.text("value")] = said.text("label")
            said.done()
    written = kind in (FieldKind.TEXT, FieldKind.LONG)
    try:
        pattern = re.compile(row.text("pattern")) if written and row.has("pattern") else None
    except re.error as fault:
        raise row.wrong(f"pattern: {fault}") from fault
    when = row.table("needed_when") if row.has("needed_when") else None
    made = Field(
        code=row.text("code"),
        kind=kind,
        label=row.text("label"),
        tell=row.text("tell"),
        required=row.yes("required"),
        pattern=pattern,
        longest=row.integer("longest", 1, _LONGEST) if written else 100,
        least=row.integer("least", -(10**12), 10**12) if kind is FieldKind.INTEGER else 0,
        most=row.integer("most", -(10**12), 10**12) if kind is FieldKind.INTEGER else 0,
        choices=choices,
        needed_when=None if when is None else (when.text("field"), frozenset(when.texts("values"))),
        not_before=row.text("not_before", "") if kind is FieldKind.DATE else "",
        not_after=row.text("not_after", "") if kind is FieldKind.DATE else "",
    )
    row.done()
    return made


def _paper(row: Entry) -> PaperKind:
    signatures = []
    for said in row.tables("signatures"):
        signatures.append((said.text("profile"), _by(said, said.text("by"))))
        said.done()
    made = PaperKind(
        row.text("code"), row.text("title"), row.text("template"), row.yes("numbered"), tuple(signatures)
    )
    row.done()
    return made


def _term(row: Entry) -> Term:
    made = Term(
        row.text("reason"),
        row.integer("least_months", 0, 600),
        row.integer("most_months", 1, 600),
        row.yes("open_end"),
    )
    if made.least_months > made.most_months:
        raise row.wrong("least_months is more than most_months")
    _sourced(row)
    return made


def _excluded(row: Entry) -> Excluded:
    values = frozenset(row.texts("values")) if row.has("field") else frozenset()
    made = Excluded(row.text("code"), row.text("field", ""), values, row.text("tell"))
    _sourced(row)
    return made


def _sourced(row: Entry) -> None:
    row.text("source")
    row.one_of("grade", ("P", "S", "M"))
    row.done()


def _fault(path: Path, why: str) -> ArchiveFault:
    return ArchiveFault(
        f"{path.name}: {why}",
        code="procedure-data",
        tell="Dữ liệu thủ tục bị sai nên hệ thống chưa chạy được phần này. Hãy báo quản trị viên.",
    )
