"""A judge of moves who read the rules by himself.

He reads the procedures' files without the code that the machine reads them with, knows the days off as they were
announced, and keeps his own book of who may see what.
"""

import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from procedures.asking import Ask
from procedures.deadlines import due_now
from procedures.definition_read import FOLDER
from records.case import Acting, Case, Channel, Facts, Person
from records.clock import VIETNAM
from tests.cases.procedure_world import CALENDAR, DEFINITIONS

RULES: dict[str, dict[str, Any]] = {
    rules["procedure"]["code"]: rules
    for rules in (tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.toml")))
}
OFF = {
    date(2025, 1, 1), *(date(2025, 1, n) for n in range(27, 32)), date(2025, 4, 7), date(2025, 4, 30),
    date(2025, 5, 1), date(2025, 5, 2), date(2025, 9, 1), date(2025, 9, 2),
    date(2026, 1, 1), date(2026, 1, 2), *(date(2026, 2, n) for n in range(16, 21)), date(2026, 4, 27),
    date(2026, 4, 30), date(2026, 5, 1), date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2), date(2026, 11, 24),
    date(2027, 1, 1), date(2027, 2, 5), *(date(2027, 2, n) for n in range(8, 12)), date(2027, 4, 16),
    date(2027, 4, 30), date(2027, 5, 3), date(2027, 9, 1), date(2027, 9, 2), date(2027, 11, 24),
    date(2028, 1, 3), *(date(2028, 1, n) for n in range(25, 29)), date(2028, 1, 31), date(2028, 4, 4),
    date(2028, 5, 1), date(2028, 5, 2), date(2028, 9, 1), date(2028, 9, 4), date(2028, 11, 24),
}  # fmt: skip
"""Weekdays that nobody worked or will work, as announced; 2027 and 2028 by the general rule."""
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
            one.role == role and one.unit_id in case.bodies.get(body, ()) and _holds(one, day)
            for one in who.acting
        )

    def sees(self, case: Case, who: Person, day: date) -> bool:
        if (case.member_id and who.member_id == case.member_id) or (
            not case.member_id and who.account_id == case.opened_by
        ):
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


def must(holds: bool, what: str) -> None:
    """Raise `Broken` unless it holds."""
    if not holds:
        raise Broken(what)


def _holds(one: Acting, day: date) -> bool:
    return one.since <= day and (one.until is None or one.until >= day)


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
