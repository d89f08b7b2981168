"""A small town of units and people for the procedures: who they are, what they write, and how a letter gets signed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import count

from procedures.asking import Ask, World
from procedures.calendar import WorkingDays, read_calendar
from procedures.cases import CaseTools, move_case, move_details, open_case
from procedures.definition import Definition
from procedures.definition_read import Definitions, read_definitions
from procedures.machine import Moved, apply
from records.access import Actor, Role
from records.case import Acting, Case, Channel, Draft, Facts, InName, Person, Signed, current
from records.clock import VIETNAM
from records.outcome import Done, Refused
from storage.work import Work

CALENDAR: WorkingDays = read_calendar()
DEFINITIONS: Definitions = read_definitions()
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=VIETNAM)
SINCE = date(2025, 7, 1)

SENDING = {"sending-branch": ("cb-di",), "sending-base": ("cs-di",), "sending-upper": ("ct-di",)}
MEMBER = "m-lan"
FACTS = Facts(member_units=("cb-di", "cs-di", "ct-di"))
DRAFT = Draft("du-thao.docx", "received/aa/1.docx", "a" * 64, 10)
_COUNT = count()


def person(name: str, *roles: str, member: str = "", form: InName = InName.COMMITTEE) -> Person:
    """`person("an", "secretary@cb-di")`."""
    acting = []
    for said in roles:
        role, _, unit = said.partition("@")
        acting.append(Acting(unit, role, form, SINCE))
    return Person(f"acc-{name}", member, tuple(acting))


LAN = person("lan", member=MEMBER)
PEOPLE = {
    "lan": LAN,
    **{
        f"{role}@{unit}": person(f"{role}-{unit}", f"{role}@{unit}", member=f"m-{role}-{unit}")
        for unit in ("cb-di", "cs-di", "ct-di", "ct-den", "cs-den", "cb-den")
        for role in ("secretary", "officer", "clerk")
    },
    **{
        f"{role}@{unit}": person(f"{role}-{unit}", f"{role}@{unit}")
        for unit, role in (
            ("phong", "drafter"), ("phong", "head"), ("ban", "drafter"), ("co-quan", "chief"),
            ("co-quan", "leader"), ("co-quan", "clerk"),
        )
    },
}  # fmt: skip

TRANSFER_FORM: dict[str, object] = {
    "full_name": "Trần Thị Lan",
    "birth_date": "1985-03-08",
    "card_number": "01234567",
    "probationary": "full",
    "cv_number": "012345HN",
    "reason": "work",
    "decision_date": "2026-11-02",
    "decision_document": "doc-1",
    "self_review_document": "doc-2",
    "dues_until": "2026-10",
    "new_place": "Chi bộ 5, Đảng bộ phường Đông",
}
TEMPORARY_FORM = {
    name: value
    for name, value in TRANSFER_FORM.items()
    if name not in ("decision_date", "decision_document", "self_review_document")
} | {"reason": "study", "from_date": "2026-12-01", "to_date": "2028-11-30"}
COMMENT_FORM = {
    name: TRANSFER_FORM[name] for name in ("full_name", "birth_date", "card_number", "probationary")
} | {"address": "Số 5, ngõ 3", "purpose": "yearly", "year": 2026, "exempt_class": "none"}
DOCUMENT_FORM: dict[str, object] = {"type": "22", "subject": "Về việc họp", "recipients": "- Như trên"}


def sha(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def signed(move_signs: tuple[str, ...], before: str) -> tuple[Signed, ...]:
    """Signatures one upon the other, as the signing service would report them."""
    made = []
    for profile in move_signs:
        after = sha(before, profile)
        made.append(Signed(profile, before, after, f"s-{after[:8]}"))
        before = after
    return tuple(made)


def filled(definition: Definition, case: Case, ask: Ask) -> Ask:
    """`ask` with what the move needs besides: a drawn paper, signatures on it, a number, a comment, a scan."""
    move = definition.moves[ask.move]
    effects = {rule.name for rule in move.effects}
    if move.comment and not ask.comment:
        ask = replace(ask, comment="Đồng ý, đề nghị giải quyết")
    if "number-paper" in effects and not ask.number:
        ask = replace(ask, number="12-GTSHĐ", dated=ask.dated or case.opened_at.astimezone(VIETNAM).date())
    if ask.channel is Channel.PAPER:
        return replace(ask, scan_document_id=ask.scan_document_id or "doc-quet") if move.scan else ask
    if "draw-paper" in effects and not ask.paper_sha256:
        ask = replace(ask, paper_sha256=sha("drawn", case.id, case.revision, ask.move))
    paper = current(case)
    before = ask.paper_sha256 or (paper.sha256 if paper else "")
    return replace(ask, signed=signed(move.signs, before)) if move.signs and not ask.signed else ask


def key() -> str:
    return f"k{next(_COUNT)}"


@dataclass
class Walker:
    """Walks one case through the pure machine, without rows."""

    code: str
    member_id: str = MEMBER
    facts: Facts = FACTS
    now: datetime = NOW
    definition: Definition = field(init=False)
    case: Case = field(init=False)
    moves: list[Moved] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.definition = DEFINITIONS.in_force(self.code, self.now.date())
        self.case = Case(
            "c1", self.code, 1, "", 0, Channel.ELECTRONIC, self.member_id, "", self.now, self.now
        )

    @property
    def world(self) -> World:
        return World(self.now, CALENDAR, self.facts)

    def attempt(
        self, who: Person | str, move: str, raw: bool = False, **parts: object
    ) -> Done[Moved] | Refused:
        ask = Ask(move, key(), **parts)  # type: ignore[arg-type]
        if move in self.definition.moves and not raw:
            ask = filled(self.definition, self.case, ask)
        actor = PEOPLE[who] if isinstance(who, str) else who
        return apply(self.definition, self.case, actor, ask, self.world)

    def go(self, who: Person | str, move: str, **parts: object) -> Case:
        outcome = self.attempt(who, move, **parts)
        assert isinstance(outcome, Done), (move, outcome)
        self.moves.append(outcome.value)
        self.case = outcome.value.case
        return self.case

    def refused(self, who: Person | str, move: str, **parts: object) -> str:
        """The code of the refusal; the sentence is Vietnamese and says something."""
        outcome = self.attempt(who, move, **parts)
        assert isinstance(outcome, Refused), (move, outcome)
        assert len(outcome.tell) > 20
        assert outcome.tell.endswith((".", ")"))
        return outcome.code

    def walk(self, steps: str, **bodies: Mapping[str, tuple[str, ...]]) -> Case:
        """`"lan submit, secretary@cb-di take"`; bodies by move, with `_` for `-`."""
        for step in steps.split(","):
            who, move = step.split()
            self.go(
                who,
                move,
                **({"bodies": bodies[move.replace("-", "_")]} if move.replace("-", "_") in bodies else {}),
            )
        return self.case


def official(**parts: object) -> Walker:
    """An official transfer just opened by the member, with a whole form."""
    walker = Walker("official-transfer", **parts)  # type: ignore[arg-type]
    walker.go("lan", "open", bodies=SENDING, values=TRANSFER_FORM)
    return walker


TO_REVIEW = "lan submit, secretary@cb-di take"
APPROVE = "secretary@cb-di branch-approve, clerk@cb-di seal-box-branch"
BASE_APPROVE = "secretary@cs-di base-approve, clerk@cs-di seal-box-base"
TO_SEALED = (
    f"{APPROVE}, {BASE_APPROVE}, clerk@ct-di number-letter, secretary@ct-di sign-letter, "
    "clerk@ct-di seal-letter"
)
UPPER_ACCEPT = "secretary@ct-den upper-accept, clerk@ct-den seal-box-receiving-upper"
BASE_ACCEPT = "secretary@cs-den base-accept, clerk@cs-den seal-box-receiving-base"
RECEIVE = (
    f"{UPPER_ACCEPT}, {BASE_ACCEPT}, secretary@cb-den branch-admit, clerk@cb-den seal-box-receiving-branch, "
    "officer@cs-den close"
)
BODIES = {
    "number_letter": {"receiving-upper": ("ct-den",)},
    "upper_accept": {"receiving-base": ("cs-den",)},
    "base_accept": {"receiving-branch": ("cb-den",)},
}


@dataclass
class Office:
    """The same people on real rows: every move through `procedures.cases`, facts as this office has them."""

    work: Work
    facts: dict[str, Facts] = field(default_factory=lambda: {MEMBER: FACTS})

    @property
    def tools(self) -> CaseTools:
        return CaseTools(
            self.work,
            DEFINITIONS,
            CALENDAR,
            lambda _, member: self.facts.get(member, Facts()),
            lambda *_: (
                None
            ),  # the units and members of this town are in no book; `case_town` has some that are
            lambda *_: None,
        )

    def open(self, who: Person | str, procedure: str, ask: Ask, member_id: str = "") -> Case:
        actor = PEOPLE[who] if isinstance(who, str) else who
        return open_case(self.tools, actor, procedure, ask, member_id)

    def transfer(self) -> Case:
        return self.open(
            "lan", "official-transfer", Ask("open", key(), bodies=SENDING, values=TRANSFER_FORM), MEMBER
        )

    def ask(self, case: Case, move: str, **parts: object) -> Ask:
        definition = DEFINITIONS.get(case.procedure, case.version)
        return filled(definition, case, Ask(move, key(), **parts))  # type: ignore[arg-type]

    def go(self, who: Person | str, case: Case, move: str, **parts: object) -> Case:
        actor = PEOPLE[who] if isinstance(who, str) else who
        return move_case(self.tools, actor, case.id, case.revision, self.ask(case, move, **parts))

    def walk(self, case: Case, steps: str, **bodies: Mapping[str, tuple[str, ...]]) -> Case:
        for step in steps.split(","):
            who, move = step.split()
            named = bodies.get(move.replace("-", "_"))
            case = self.go(who, case, move, **({"bodies": named} if named else {}))
        return case


def audited(work: Work, case_id: str) -> list[dict[str, object]]:
    """What the audit log tells of a case, oldest first, as `history_told` tells its history."""
    auditor = Actor("acc-auditor", "", frozenset({Role.ADMINISTRATOR}))
    with work.reading() as tx:
        events = tx.audit.list(auditor, case_id, limit=10_000)
    done = [event for event in reversed(events) if event.outcome == "done"]
    return [
        {"actor": event.actor, **{n: v for n, v in event.details.items() if n != "procedure"}}
        for event in done
    ]


def history_told(work: Work, case_id: str) -> list[dict[str, object]]:
    with work.reading() as tx:
        return [{"actor": move.actor, **move_details(move)} for move in tx.cases.history(case_id)]
