"""Random moves by random people over all procedures, judged by a second reading of the rules.

`python -m tests.tools.random_moves 20000 [SEED]` (`make random-moves`). The judge reads the procedures' files by itself,
knows the days off as they were announced, and keeps its own book of who may see what; it shares no code with the machine.
"""

import random
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from procedures.asking import Ask
from procedures.cases import cases_of, move_case, open_case
from procedures.deadlines import due_now
from procedures.definition_read import FOLDER
from records.case import Acting, Case, Channel, Draft, Facts, InName, Person
from records.clock import VIETNAM
from records.errors import ArchiveFault, Missing, NotAllowed
from storage.work import Work
from tests.cases.database import SqliteDatabase, TurnedClock
from tests.cases.procedure_world import (
    CALENDAR,
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

RULES: dict[str, dict[str, Any]] = {
    rules["procedure"]["code"]: rules
    for rules in (tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.toml")))
}
FORMS = {
    "official-transfer": TRANSFER_FORM,
    "temporary-transfer": TEMPORARY_FORM,
    "residence-comment": COMMENT_FORM,
    "outgoing-document": DOCUMENT_FORM,
}
TREE = {"b1": ("b1", "s1", "t1"), "b2": ("b2", "s1", "t1"), "b3": ("b3", "s2", "t2"), "b4": ("b4", "s3", "t2")}
UNITS = sorted({unit for chain in TREE.values() for unit in chain})
MEMBERS = [f"m{n}" for n in range(8)]
OFF = {
    date(2025, 1, 1), *(date(2025, 1, n) for n in range(27, 32)), date(2025, 4, 7), date(2025, 4, 30),
    date(2025, 5, 1), date(2025, 5, 2), date(2025, 9, 1), date(2025, 9, 2),
    date(2026, 1, 1), date(2026, 1, 2), *(date(2026, 2, n) for n in range(16, 21)), date(2026, 4, 27), date(2026, 4, 30),
    date(2026, 5, 1), date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2), date(2026, 11, 24),
    date(2027, 1, 1), date(2027, 2, 5), *(date(2027, 2, n) for n in range(8, 12)), date(2027, 4, 16), date(2027, 4, 30),
    date(2027, 5, 3),
}  # fmt: skip
"""Weekdays that nobody worked or will work, as announced; 2027 by the general rule."""
WORKED = {date(2025, 4, 26), date(2026, 1, 10), date(2026, 8, 22)}
_DAY = timedelta(days=1)


class Broken(AssertionError):
    """A rule did not hold."""


@dataclass
class Judge:
    """What the judge knows of one case: the raw rules, which bodies it has reached, when each state was come to."""

    rules: dict[str, Any]
    reached: set[str] = field(default_factory=set)
    entered: dict[str, datetime] = field(default_factory=dict)
    bodies: dict[str, tuple[str, ...]] = field(default_factory=dict)
    state: str = ""

    def move(self, code: str) -> dict[str, Any] | None:
        return next((move for move in self.rules["move"] if move["code"] == code), None)

    def has_right(self, move: dict[str, Any], case: Case, who: Person, day: date) -> bool:
        return any(self._is(by, case, who, day) for by in move["by"])

    def _is(self, by: str, case: Case, who: Person, day: date) -> bool:
        if by == "member":
            return bool(case.member_id) and who.member_id == case.member_id
        if by == "opener":
            return who.account_id == case.opened_by
        role, body = by.split("@")
        return any(
            one.role == role and one.unit_id in case.bodies.get(body, ()) and _holds(one, day) for one in who.acting
        )

    def sees(self, case: Case, who: Person, day: date) -> bool:
        if (case.member_id and who.member_id == case.member_id) or (not case.member_id and who.account_id == case.opened_by):
            return True
        roles = {row["code"] for row in self.rules["role"]}
        here = {unit for body in self.reached for unit in self.bodies.get(body, ())}
        return any(one.unit_id in here and one.role in roles and _holds(one, day) for one in who.acting)

    def made(self, before: str, ask: Ask, case: Case, who: Person, facts: Facts, now: datetime) -> None:
        """Raise `Broken` unless this very move may have been made; then write it down."""
        move = self.move(ask.move)
        day = now.astimezone(VIETNAM).date()
        must(move is not None, "an unknown move was made")
        assert move is not None
        kind = move.get("kind", "forward")
        must((kind == "open") == (before == ""), "opened twice or moved before it was opened")
        must(before == "" or before in move["from"], f"{ask.move} from {before}")
        target = before if kind == "edit" else move["to"]
        must(case.state == target, f"{ask.move} led to {case.state}")
        must(self.has_right(move, case, who, day), f"{who.account_id} made {ask.move} without the right")
        guards = move.get("guards", [])
        own = bool(case.member_id) and case.member_id == who.member_id
        must(not ("not-own" in guards and own), "somebody decided their own case")
        must(not ("no-inspection" in guards and facts.under_inspection), "moved during an inspection")
        must(not ("in-scope" in guards and facts.service in ("army", "police")), "army or police")
        must(not move.get("comment") or bool(ask.comment.strip()), "without a comment")
        must(ask.channel in move.get("channels", list(Channel)), "by a closed channel")
        on_paper = ask.channel is Channel.PAPER
        must(not (on_paper and move.get("scan")) or bool(ask.scan_document_id), "on paper without a scan")
        signs = move.get("signs", [])
        must(on_paper or [one.profile for one in ask.signed] == signs or not signs, "without its signatures")
        ends = {row["code"] for row in self.rules["state"] if row.get("end")}
        must(case.ended == (target in ends), "ended or not")
        self.bodies = dict(case.bodies)
        if target != before and not (kind in ("return", "recall") and target in self.entered):
            self.entered[target] = now
        self.reached |= {
            by.partition("@")[2]
            for row in self.rules["move"]
            if target in row.get("from", [])
            for by in row["by"]
            if "@" in by and self.bodies.get(by.partition("@")[2])
        }
        if before == "":  # who opened it for somebody acts there
            acted = {by.partition("@")[2] for by in move["by"] if self._is(by, case, who, day) and "@" in by}
            self.reached |= acted
        self.state = target

    def dates(self, case: Case, today: date) -> None:
        """Raise `Broken` unless the deadlines are what counting day by day gives."""
        wanted = {}
        for row in self.rules.get("deadline", []):
            if case.state not in row["in"]:
                continue
            begin = self._begin(row, case)
            if begin is not None:
                wanted[row["code"]] = _count_on(begin, row["days"], row["unit"])
        definition = DEFINITIONS.get(case.procedure, case.version)
        told = {one.code: one.last_day for one in due_now(definition, case, CALENDAR, today)}
        must(told == wanted, f"deadlines {told}, counted {wanted}")

    def _begin(self, row: dict[str, Any], case: Case) -> date | None:
        if "from_field" in row:
            value = case.form.get(row["from_field"])
            return date.fromisoformat(str(value)) if value else None
        if "from_state" in row:
            entered = self.entered.get(row["from_state"])
            return entered.astimezone(VIETNAM).date() if entered else None
        counting = [paper for paper in case.papers if not paper.void]
        return counting[-1].dated if counting else None


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
        blank = Case("new", code, 1, "", 0, Channel.ELECTRONIC, member, "", self.clock.at, self.clock.at, bodies=bodies)
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
            must(isinstance(fault, Missing) != sees, f"{fault.code} to one who {'sees' if sees else 'does not see'} it")
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
                values |= {"from_date": today.isoformat(), "to_date": (today + timedelta(days=200)).isoformat()}
        elif move["code"] in ("write", "ask-extension", "branch-admit", "submit"):
            values = {
                "duties": "Tốt", "strengths": "Tốt", "limits": "Không", "rating": "good",
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

    def _history(self, case_id: str) -> None:
        case, _ = self.cases[case_id]
        with self.office.work.reading() as tx:
            must(tx.cases.get(case_id) == case, "the case is not as it was told")
            moves, versions = tx.cases.history(case_id), tx.cases.versions(case_id)
        must([move.ordinal for move in moves] == list(range(1, case.revision + 1)), "a gap in the history")
        states = ["", *(move.to_state for move in moves)]
        must([move.from_state for move in moves] == states[:-1], "the history does not follow on")
        must(states[-1] == case.state, "the history ends elsewhere")
        must([one.number for one in versions] == list(range(1, case.form_version + 1)), "a gap in the versions")
        must((versions[-1].form, versions[-1].draft) == (case.form, case.draft), "the last version is not the case")
        must(audited(self.office.work, case_id) == history_told(self.office.work, case_id), "history and audit differ")


def must(holds: bool, what: str) -> None:
    """Raise `Broken` unless it holds."""
    if not holds:
        raise Broken(what)


def _holds(one: Acting, day: date) -> bool:
    return one.since <= day and (one.until is None or one.until >= day)


def _home(member: str) -> tuple[str, ...]:
    return TREE[sorted(TREE)[int(member[1:]) % len(TREE)]]


def _people(chance: random.Random) -> Iterator[Person]:
    """Somebody with each role at each unit, members, deputies with dates, and strangers."""
    roles = ("secretary", "officer", "clerk", "head", "chief", "leader")
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


def _count_on(begin: date, days: int, unit: str) -> date:
    day = begin
    if unit == "calendar":
        day += timedelta(days)
        while not _worked(day):
            day += _DAY
        return day
    while days:
        day += _DAY
        days -= _worked(day)
    return day


def _worked(day: date) -> bool:
    return day in WORKED or (day.weekday() < 5 and day not in OFF)


def campaign(folder: Path, moves: int, seed: int) -> Campaign:
    """Run one campaign on a fresh database in `folder` and return what it saw."""
    clock = TurnedClock()
    clock.at = datetime(2025, 12, 1, 2, tzinfo=UTC)
    tables = SqliteDatabase(folder / "moves.db").open()
    tables.migrate()
    facts = {member: Facts(_home(member)) for member in MEMBERS}
    made = Campaign(Office(Work(tables, clock), facts), clock, random.Random(seed))  # noqa: S311
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
