"""A made-up Party town on real rows in which a transfer can be walked: units with places, terms, people with posts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from procedures.asking import Ask
from procedures.case_desk import CaseDesk, move_with_paper, prepare
from procedures.case_facts import demand_places, facts_of, person_of
from procedures.case_members import follow_membership
from procedures.cases import CaseTools, open_case
from procedures.difference import compare
from procedures.number_periods import begin_term
from procedures.papers.faces import load_faces
from procedures.papers.fill import fill_upload
from procedures.papers.render import draw_box, render
from procedures.papers.sheet import BoxSheet, Sheet
from records.acting import PostRole
from records.case import Case, Channel, Person, Signed
from storage.blobs import open_blobs
from storage.work import Tx, Work
from tests.cases.party import SINCE, Party
from tests.cases.procedure_world import CALENDAR, DEFINITIONS, TEMPORARY_FORM, TRANSFER_FORM, key, sha

SENDING = {"sending-branch": ("branch",), "sending-base": ("base",), "sending-upper": ("ward",)}
HOME = {"home-branch": ("branch",), "home-base": ("base",)}
ARRIVAL: dict[str, Mapping[str, tuple[str, ...]]] = {
    "number-letter": {"receiving-upper": ("ward2",)},
    "upper-accept": {"receiving-base": ("far",)},
    "base-accept": {"receiving-branch": ("far",)},
}
AWAY: dict[str, Mapping[str, tuple[str, ...]]] = {
    "number-letter": {"host-base": ("far",)},
    "host-accept": {"host-branch": ("far",)},
}
POSTS = (
    ("branch", PostRole.SECRETARY), ("base", PostRole.SECRETARY), ("ward", PostRole.SECRETARY),
    ("ward", PostRole.CLERK), ("ward2", PostRole.SECRETARY), ("ward2", PostRole.CLERK),
    ("base", PostRole.CLERK), ("far", PostRole.SECRETARY), ("far", PostRole.MEMBERS_OFFICER), ("far", PostRole.CLERK),
)  # fmt: skip


def take_office(tx: Tx) -> None:
    """Give the wards the names that their papers are dated at, and each issuing committee its term."""
    for unit, name in (("ward", "Phường Sen"), ("ward2", "Phường Lúa")):
        facts = replace(tx.units.get(unit, SINCE).facts, short_name=name)
        tx.units.change(unit, facts, date(2025, 8, 1))
    for unit in ("ward", "ward2", "base"):
        begin_term(tx, "system:test", unit, "Nhiệm kỳ 2025–2030", date(2025, 8, 1))


@dataclass
class Town:
    """People by `role@unit` and the member `lan`; `go` makes a move with all that belongs to its paper."""

    party: Party
    folder: Path
    accounts: dict[str, str] = field(default_factory=dict)
    drawn: list[Sheet] = field(default_factory=list)
    boxes: list[BoxSheet] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("blobs", "work"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        work = self.party.work
        self.blobs = open_blobs(f"file://{self.folder / 'blobs'}")
        with work.begin() as tx:
            take_office(tx)
            for unit, role in POSTS:
                self.accounts[f"{role}@{unit}"] = self.party.holder(tx, unit, role, title="BÍ THƯ")
            self.accounts["lan"] = self.party.account(tx, "lan")
            self.member = self.party.member(
                tx, account_id=self.accounts["lan"], full_name="Trần Thị Lan", birth_date=date(1985, 3, 8)
            )
        tools = CaseTools(work, DEFINITIONS, CALENDAR, facts_of, demand_places, follow_membership)
        self.desk = CaseDesk(
            tools,
            self.blobs,
            self._draw,
            self._draw_box,
            self.folder / "work",
            "https://vanban.example.vn",
            fill=lambda path, filling: fill_upload(path, filling, load_faces()),
            compare=compare,
        )

    @property
    def work(self) -> Work:
        return self.party.work

    def _draw(self, sheet: Sheet, created: object, mark: object) -> bytes:
        self.drawn.append(sheet)
        return render(sheet, load_faces(), created, mark).pdf  # type: ignore[arg-type]

    def _draw_box(self, box: BoxSheet) -> bytes:
        self.boxes.append(box)
        return draw_box(box, load_faces())

    def person(self, who: str) -> Person:
        with self.work.reading() as tx:
            return person_of(tx, self.accounts[who])

    def open_temporary(self, **values: object) -> Case:
        ask = Ask("open", key(), bodies=HOME, values=TEMPORARY_FORM | values)
        return open_case(self.desk.tools, self.person("lan"), "temporary-transfer", ask, self.member)

    def open(self) -> Case:
        ask = Ask("open", key(), bodies=SENDING, values=TRANSFER_FORM)
        return open_case(self.desk.tools, self.person("lan"), "official-transfer", ask, self.member)

    def ask(self, who: str, case: Case, move: str, **parts: object) -> Ask:
        """An asking with a comment, the units of the way, and signatures on what would be drawn."""
        way = AWAY if case.procedure == "temporary-transfer" else ARRIVAL
        parts = {"comment": "Đồng ý", "bodies": way.get(move, {}), **parts}
        ask = Ask(move, key(), **parts)  # type: ignore[arg-type]
        signs = DEFINITIONS.get(case.procedure, case.version).moves[move].signs
        if signs and not ask.signed and ask.channel is Channel.ELECTRONIC:
            ready = prepare(self.desk, self.person(who), case.id, case.revision, ask)
            if ready.kept is not None:  # the batch that is signed points at the bytes
                with self.work.begin() as tx:
                    ready.kept.enter(tx)
            at = ready.ask.paper_sha256
            at = at or case.papers[-1].sha256
            made = tuple(Signed(one, at, sha(at, one), f"s-{one}") for one in signs)
            ask = replace(ask, signed=made, words_sha256=ready.ask.words_sha256)
        return ask

    def go(self, who: str, case: Case, move: str, **parts: object) -> Case:
        ask = self.ask(who, case, move, **parts)
        return move_with_paper(self.desk, self.person(who), case.id, case.revision, ask)

    def walk(self, case: Case, steps: str) -> Case:
        for step in steps.split(","):
            who, move = step.split()
            case = self.go(who, case, move)
        return case


RECEIVE = (
    "clerk@ward send-letter, secretary@ward2 upper-accept, clerk@ward2 seal-box-receiving-upper, "
    "secretary@far base-accept, clerk@far seal-box-receiving-base, secretary@far branch-admit, "
    "clerk@far seal-box-receiving-branch, members-officer@far close"
)
TO_AWAY = (
    "lan submit, secretary@branch branch-approve, clerk@base number-letter, secretary@base sign-letter, "
    "clerk@base seal-letter, clerk@base send-letter, secretary@far host-accept, secretary@far branch-admit"
)
TO_REVIEW = "lan submit, secretary@branch take"
BASE_APPROVE = "secretary@base base-approve, clerk@base seal-box-base"
APPROVE = f"secretary@branch branch-approve, clerk@base seal-box-branch, {BASE_APPROVE}"
TO_APPROVED = f"{TO_REVIEW}, {APPROVE}"
TO_SEALED = "clerk@ward number-letter, secretary@ward sign-letter, clerk@ward seal-letter"
