"""Random moves by random people over all procedures, judged by a second reading of the rules (`case_judge.py`).

`python -m tests.tools.random_moves 20000 [SEED]` (`make random-moves`).
"""

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from procedures.asking import Ask
from procedures.case_parties import parties_in
from procedures.case_said import DUTIES
from procedures.cases import cases_of, move_case, open_case
from records.case import Acting, Case, Channel, Draft, Facts, InName, Person
from records.clock import VIETNAM
from records.errors import ArchiveFault, Missing, NotAllowed
from records.parties import parties_of
from storage.work import Work
from tests.cases.database import TurnedClock, migrated
from tests.cases.procedure_world import (
    COMMENT_FORM,
    DEFINITIONS,
    DOCUMENT_FORM,
    TEMPORARY_FORM,
    TRANSFER_FORM,
    Office,
    audited,
    filled,
    history_told,
    key,
    sha,
)
from tests.tools.case_judge import RULES, Judge, must

FORMS = {
    "official-transfer": TRANSFER_FORM,
    "temporary-transfer": TEMPORARY_FORM,
    "residence-comment": COMMENT_FORM,
    "outgoing-document": DOCUMENT_FORM,
}
TREE = {
    "b1": ("b1", "s1", "t1"),
    "b2": ("b2", "s1", "t1"),
    "b3": ("b3", "s2", "t2"),
    "b4": ("b4", "s3", "t2"),
}
UNITS = sorted({unit for chain in TREE.values() for unit in chain})
MEMBERS = [f"m{n}" for n in range(8)]


@dataclass
class Campaign:
    """One run: `made` moves that were made, `asked` in all, and how each refusal was called."""

    office: Office
    clock: TurnedClock
    chance: random.Random
    cases: dict[str, tuple[Case, Judge]] = field(default_factory=dict)
    live: list[str] = field(default_factory=list)
    made: int = 0
    asked: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)

    def run(self, moves: int) -> None:
        """Go on until so many moves were made; raise `Broken` at the first rule that does not hold."""
        people = list(_people(self.chance))
        while self.made < moves:
            self.asked += 1
            self._turn_the_world()
            if len(self.live) < 6 or self.chance.random() < 0.03:
                self._open(people)
            else:
                self._move(people)
            if self.asked % 2_000 == 0:
                print(f"{self.made} moves made of {self.asked} asked for", file=sys.stderr, flush=True)
            if self.asked % 100 == 0:
                self._lists(self.chance.choice(people))
        for case_id in self.cases:
            self._history(case_id)

    def _turn_the_world(self) -> None:
        self.clock.turn(hours=self.chance.choice([0, 0, 0, 1, 5]))
        if self.clock.at > datetime(2027, 4, 1, tzinfo=UTC):
            self.clock.at = datetime(2025, 7, 2, 3, tzinfo=UTC) + timedelta(days=self.chance.randrange(200))
            self.live.clear()  # a case does not live backwards
        if self.chance.random() < 0.1:
            member = self.chance.choice(MEMBERS)
            service = self.chance.choice(["", "", "", "", "army", "police"])
            exempt = self.chance.choice(["", "", "rotated", "special-task"])
            inspected = self.chance.random() < 0.15
            chain = TREE[self.chance.choice(sorted(TREE))] if self.chance.random() < 0.1 else _home(member)
            self.office.facts[member] = Facts(chain, service, exempt, inspected)

    def _open(self, people: list[Person]) -> None:
        code = self.chance.choice(sorted(RULES))
        rules = RULES[code]
        move = self.chance.choice([row for row in rules["move"] if row.get("kind") == "open"])
        member = self.chance.choice(MEMBERS) if rules["procedure"]["about_member"] else ""
        bodies = self._bodies(rules, move, member)
        blank = Case(
            "new", code, 1, "", 0, Channel.ELECTRONIC, member, "", self.clock.at, self.clock.at, bodies=bodies
        )
        who = self._somebody(people, Judge(rules), move, blank)
        ask = self._ask(blank, move, code, bodies)
        facts = self.office.facts.get(member, Facts())
        try:
            case = open_case(self.office.tools, who, code, ask, member)
        except ArchiveFault as fault:
            self.refusals[fault.code] += 1
            return
        judge = Judge(rules)
        judge.made("", ask, case, who, facts, self.clock.at)
        self._written(case, judge)
        self.live.append(case.id)

    def _move(self, people: list[Person]) -> None:
        case, judge = self.cases[self.chance.choice(self.live)]
        if case.ended and self.chance.random() < 0.4:
            self.live.remove(case.id)
        now = [row for row in judge.rules["move"] if case.state in row.get("from", [])]
        onward = [row for row in now if row.get("kind", "forward") == "forward"]
        dice = self.chance.random()
        pool = onward if dice < 0.7 and onward else now if dice < 0.9 and now else judge.rules["move"]
        move = self.chance.choice(pool)
        who = self._somebody(people, judge, move, case)
        ask = self._ask(case, move, case.procedure, self._bodies(judge.rules, move, case.member_id))
        revision = case.revision - (self.chance.random() < 0.03)
        day = self.clock.at.astimezone(VIETNAM).date()
        facts = self.office.facts.get(case.member_id, Facts())
        try:
            moved = move_case(self.office.tools, who, case.id, revision, ask)
        except ArchiveFault as fault:
            self.refusals[fault.code] += 1
            sees = judge.sees(case, who, day)
            must(
                isinstance(fault, Missing) != sees,
                f"{fault.code} to one who {'sees' if sees else 'does not see'} it",
            )
            if isinstance(fault, NotAllowed):
                must(not judge.has_right(move, case, who, day), f"{who.account_id} was refused {ask.move}")
            if self.chance.random() < 0.3:
                with self.office.work.reading() as tx:
                    must(tx.cases.get(case.id) == case, "a refused move changed the case")
            return
        must(judge.sees(case, who, day), f"{who.account_id} moved what they may not see")
        must(revision == case.revision, "an old revision was moved")
        must(moved.revision == case.revision + 1, "revision")
        judge.made(case.state, ask, moved, who, facts, self.clock.at)
        self._written(moved, judge)

    def _written(self, case: Case, judge: Judge) -> None:
        self.made += 1
        self.states[f"{case.procedure} {case.state}"] += 1
        self.cases[case.id] = (case, judge)
        judge.dates(case, self.clock.at.astimezone(VIETNAM).date())

    def _somebody(self, people: list[Person], judge: Judge, move: dict[str, Any], case: Case) -> Person:
        day = self.clock.at.astimezone(VIETNAM).date()
        if self.chance.random() < 0.87:
            if "opener" in move["by"] and case.opened_by:
                fitting = [one for one in people if one.account_id == case.opened_by]
            else:
                fitting = [one for one in people if judge.has_right(move, case, one, day)]
            if fitting:
                return self.chance.choice(fitting)
        return self.chance.choice(people)

    def _bodies(self, rules: dict[str, Any], move: dict[str, Any], member: str) -> dict[str, tuple[str, ...]]:
        chain = self.office.facts.get(member, Facts()).member_units or TREE["b1"]
        wish: dict[str, tuple[str, ...]] = {}
        for body in move.get("sets", []):
            level = 0 if body.endswith("branch") else 1 if body.endswith("base") else 2
            home = body.startswith(("sending", "home", "work"))
            away = TREE[self.chance.choice(sorted(TREE))]
            wish[body] = ((chain if home else away)[level],)
            if body in ("drafting", "consulted"):
                wish[body] = tuple(self.chance.sample(sorted(TREE), 2 if body == "consulted" else 1))
        if wish and self.chance.random() < 0.05:
            wish[self.chance.choice([body["code"] for body in rules["body"]])] = (self.chance.choice(UNITS),)
        return wish

    def _ask(self, case: Case, move: dict[str, Any], code: str, bodies: dict[str, tuple[str, ...]]) -> Ask:
        values: dict[str, object] = {}
        if move.get("kind") == "open":
            today = self.clock.at.astimezone(VIETNAM).date()
            values = {name: value for name, value in FORMS[code].items() if name in move["edits"]}
            if "decision_date" in values:
                values["decision_date"] = (today - timedelta(days=self.chance.randrange(0, 110))).isoformat()
            if "from_date" in values:
                values |= {
                    "from_date": today.isoformat(),
                    "to_date": (today + timedelta(days=200)).isoformat(),
                }
        elif move["code"] in ("write", "ask-extension", "branch-admit", "submit"):
            values = {
                **dict.fromkeys(DUTIES, "Tốt"), "strengths": "Tốt", "limits": "Không", "rating": "good",
                "extension_to": (self.clock.at.date() + timedelta(days=self.chance.randrange(400))).isoformat(),
                "late_present_reason": "Ốm", "late_reason": "Đi xa",
            }  # fmt: skip
            values = {name: value for name, value in values.items() if name in move.get("edits", [])}
            if self.chance.random() < 0.2:
                values.clear()
        draft = None
        if move.get("draft") and self.chance.random() < 0.7:
            draft = Draft("vb.docx", "received/aa/1", sha(self.asked), 5)
        channel = Channel(self.chance.choice(move.get("channels", ["electronic"] * 5 + ["paper"])))
        ask = Ask(move["code"], key(), channel=channel, values=values, bodies=bodies, draft=draft)
        if move["code"].startswith("correct-"):
            ask = replace(ask, box=self.chance.randrange(0, 6), note="Viết lại")
        if self.chance.random() < 0.93:
            return filled(DEFINITIONS.get(code, 1), case, ask)
        return ask

    def _lists(self, who: Person) -> None:
        day = self.clock.at.astimezone(VIETNAM).date()
        found, count = cases_of(self.office.tools, who, limit=100_000)
        seen = {case_id for case_id, (case, judge) in self.cases.items() if judge.sees(case, who, day)}
        must({case.id for case in found} == seen and count == len(seen), f"the list of {who.account_id}")
        mine = parties_in(self.office.tools.definitions, who, day)
        must(
            {case_id for case_id, (case, _) in self.cases.items() if parties_of(case) & mine} == seen,
            f"what the index would let {who.account_id} find",
        )

    def _history(self, case_id: str) -> None:
        case, _ = self.cases[case_id]
        with self.office.work.reading() as tx:
            must(tx.cases.get(case_id) == case, "the case is not as it was told")
            moves, versions = tx.cases.history(case_id), tx.cases.versions(case_id)
        must([move.ordinal for move in moves] == list(range(1, case.revision + 1)), "a gap in the history")
        states = ["", *(move.to_state for move in moves)]
        must([move.from_state for move in moves] == states[:-1], "the history does not follow on")
        must(states[-1] == case.state, "the history ends elsewhere")
        must(
            [one.number for one in versions] == list(range(1, case.form_version + 1)), "a gap in the versions"
        )
        must(
            (versions[-1].form, versions[-1].draft) == (case.form, case.draft),
            "the last version is not the case",
        )
        must(
            audited(self.office.work, case_id) == history_told(self.office.work, case_id),
            "history and audit differ",
        )


def _home(member: str) -> tuple[str, ...]:
    return TREE[sorted(TREE)[int(member[1:]) % len(TREE)]]


def _people(chance: random.Random) -> Iterator[Person]:
    """Somebody with each role at each unit, members, deputies with dates, and strangers."""
    roles = ("secretary", "officer", "clerk", "head", "chief", "leader", "drafter")
    for member in MEMBERS:
        yield Person(f"acc-{member}", member)
    for unit in UNITS:
        for role in roles:
            member = chance.choice(MEMBERS) if chance.random() < 0.2 else ""
            yield Person(f"{role}-{unit}", member, (Acting(unit, role, InName.COMMITTEE, date(2020, 1, 1)),))
            since = date(2025, 7, 1) + timedelta(days=chance.randrange(500))
            until = since + timedelta(days=chance.randrange(200))
            yield Person(f"deputy-{role}-{unit}", "", (Acting(unit, role, InName.DEPUTY, since, until),))
    yield Person("stranger")
    yield Person("stranger-2", "m-none", (Acting("b1", "king", InName.ORDER, date(2020, 1, 1)),))


def campaign(folder: Path, moves: int, seed: int) -> Campaign:
    """Run one campaign on a fresh database in `folder` and return what it saw."""
    clock = TurnedClock()
    clock.at = datetime(2025, 12, 1, 2, tzinfo=UTC)
    tables = migrated(folder / "moves.db")
    facts = {member: Facts(_home(member)) for member in MEMBERS}
    made = Campaign(Office(Work(tables, clock), facts), clock, random.Random(seed))
    try:
        made.run(moves)
    finally:
        tables.dispose()
    return made


def main() -> None:
    """Run as many moves as asked for and print what was seen."""
    moves = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20261126
    with tempfile.TemporaryDirectory() as folder:
        seen = campaign(Path(folder), moves, seed)
    print(f"seed {seed}: {seen.made} moves made of {seen.asked} asked for, {len(seen.cases)} cases")
    print("refused:", ", ".join(f"{code} {count}" for code, count in seen.refusals.most_common()))
    print("states:", ", ".join(f"{state} {count}" for state, count in sorted(seen.states.items())))


if __name__ == "__main__":
    main()
