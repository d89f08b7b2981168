"""How bodies come, change and go: entered, renamed, moved, merged; what was before stays in the history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import func, insert, select, update

from records.clock import new_id
from records.days import Span, day_after, day_before, written_day
from records.errors import Conflict, Unfit
from records.units import System, Unit, UnitFacts, check_place, checked_facts, code_key
from storage.schema import delegations, memberships, posts, unit_endings, unit_versions, units
from storage.unit_rows import UnitRows, everything, iso, unit_of
from storage.unit_tree import shares_days

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A body to be entered, from `since` on. With an `id` of its own, others of the same list can hang under it."""

    system: System
    facts: UnitFacts
    since: date
    decision: str = ""
    id: str = ""


class Units(UnitRows):
    """The bodies. Callers authorize and write the audit event. Writers of the tree come one after the other."""

    def hold(self) -> None:
        """Keep other writers off the tree until the end of the transaction, so that what is asked now stays true."""
        self._ground.hold_name("units", "tree")

    def add(
        self, system: System, facts: UnitFacts, since: date, decision: str = "", unit_id: str = ""
    ) -> Unit:
        """Enter one body; see `add_many`."""
        return self.add_many([NewUnit(system, facts, since, decision, unit_id)])[0]

    def add_many(self, new: Sequence[NewUnit]) -> list[Unit]:
        """Enter bodies, parents before children. All or none: the transaction is the caller's.

        Raises `Unfit` (`unit-name`, `unit-abbreviation`, `unit-code`, `unit-level`, `unit-place`), `Missing` (a
        parent that is not there on the day), `Conflict` (`unit-code-taken`).
        """
        self.hold()
        known: dict[str, Unit] = {}
        entered: list[Unit] = []
        codes: dict[str, Unit] = {}
        for one in new:
            facts = checked_facts(one.system, one.facts)
            unit = Unit(one.id or new_id(), one.system, facts, Span(one.since))
            check_place(facts, one.system, self._parent(facts.parent_id, one.since, known))
            if key := code_key(facts.code):
                twin = codes.setdefault(key, unit)
                if twin is not unit:
                    raise _code_taken(facts.code, twin)
            known[unit.id] = unit
            entered.append(unit)
        self._codes_free({key: unit.span for key, unit in codes.items()})
        now = self._ground.clock.now()
        connection = self._ground.connection
        for start in range(0, len(entered), _AT_ONCE):
            some = entered[start : start + _AT_ONCE]
            connection.execute(
                insert(units), [{"id": u.id, "system": u.system, "created_at": now} for u in some]
            )
            rows = [
                _version(u, one.decision) for u, one in zip(some, new[start : start + _AT_ONCE], strict=True)
            ]
            connection.execute(insert(unit_versions), rows)
        return entered

    def change(self, unit_id: str, facts: UnitFacts, since: date, decision: str = "") -> Unit:
        """Give a body another name, code or place from `since` on; what it was before stays in its history.

        Raises as `add_many`, and `Conflict`: `unit-ended`, `unit-change-order` (not after its last change),
        `unit-children` (a body under it could not stay there).
        """
        self.hold()
        last = self.history(unit_id)[-1]
        _must_live(last, since)
        if since <= last.span.since:
            raise Conflict(
                f"unit {unit_id} last changed on {last.span.since}, not before {since}",
                code="unit-change-order",
                tell=f"Thông tin hiện tại của “{last.name}” có hiệu lực từ {written_day(last.span.since)}; thay đổi "
                "mới phải sau ngày đó.",
            )
        clean = checked_facts(last.system, facts)
        after = replace(last, facts=clean, span=Span(since))
        parent = self._parent(clean.parent_id, since, {})
        check_place(clean, last.system, parent)
        if parent is not None and unit_id in (parent.id, *self._above_ids(parent.id, since)):
            raise Unfit(
                f"unit {unit_id} under itself",
                code="unit-place",
                tell=f"“{last.name}” không thể trực thuộc chính nó hoặc đơn vị cấp dưới của nó.",
            )
        self._children_can_stay(after, since)
        if key := code_key(clean.code):
            self._codes_free({key: after.span}, unit_id)
        self._close_version(last, day_before(since))
        self._ground.connection.execute(insert(unit_versions).values(_version(after, decision)))
        return after

    def end(self, unit_id: str, last_day: date, successor_id: str | None = None, decision: str = "") -> Unit:
        """Note that a body is gone after `last_day`, and which one took it over; its posts end with it.

        Bodies under it hang under the successor from the next day on. Raises `Missing`, `Unfit` (`unit-place`),
        `Conflict`: `unit-ended`, `unit-change-order`, `unit-not-empty` (bodies under it and no successor),
        `unit-has-members` (transfer them first).
        """
        self.hold()
        last = self.history(unit_id)[-1]
        _must_live(last, last_day)
        after = day_after(last_day)
        if last_day < last.span.since:
            raise Conflict(
                f"unit {unit_id} changed on {last.span.since}, after {last_day}",
                code="unit-change-order",
                tell=f"“{last.name}” có thay đổi từ {written_day(last.span.since)}, sau ngày kết thúc này. "
                "Hãy kiểm tra lại ngày.",
            )
        if successor_id is not None:
            successor = self.get(successor_id, after)
            if successor.id == unit_id or successor.system is not last.system:
                raise Unfit(
                    f"unit {successor_id} cannot take over {unit_id}",
                    code="unit-place",
                    tell=f"“{successor.name}” không thể kế thừa “{last.name}”. Hãy chọn đơn vị khác cùng hệ thống.",
                )
        self._no_members(last, after)
        self._hang_under(last, successor_id, after)
        self._close_version(last, last_day)
        connection = self._ground.connection
        connection.execute(
            insert(unit_endings).values(
                unit_id=unit_id, last_day=last_day.isoformat(), successor_id=successor_id, decision=decision
            )
        )
        day = last_day.isoformat()
        for table in (posts, delegations):
            late = (table.c.unit_id == unit_id) & (table.c.until.is_(None) | (table.c.until > day))
            connection.execute(update(table).where(late).values(until=day))
        return replace(
            last, span=Span(last.span.since, last_day), last_day=last_day, successor_id=successor_id
        )

    def _parent(self, parent_id: str | None, day: date, known: Mapping[str, Unit]) -> Unit | None:
        if parent_id is None:
            return None
        new = known.get(parent_id)
        if new is not None and new.span.holds(day):
            return new
        parent = self.get(parent_id, day)
        _must_live(parent, day)
        return parent

    def _codes_free(self, spans: Mapping[str, Span], but: str = "") -> None:
        keys = sorted(spans)
        for start in range(0, len(keys), _AT_ONCE):
            which = unit_versions.c.code_key.in_(keys[start : start + _AT_ONCE]) & (units.c.id != but)
            for row in self._ground.connection.execute(everything(which)).mappings():
                other = unit_of(row)
                if other.span.overlaps(spans[row["code_key"]]):
                    raise _code_taken(other.facts.code, other)

    def _children(self, unit_id: str, since: date) -> list[Unit]:
        which = (unit_versions.c.parent_id == unit_id) & shares_days(unit_versions, since, None)
        return [unit_of(row) for row in self._ground.connection.execute(everything(which)).mappings()]

    def _children_can_stay(self, after: Unit, since: date) -> None:
        for child in self._children(after.id, since):
            try:
                check_place(child.facts, child.system, after)
            except Unfit as fault:
                raise Conflict(
                    f"unit {child.id} could not stay under {after.id}",
                    code="unit-children",
                    tell=f"Không đổi được vì đơn vị cấp dưới “{child.name}” sẽ đặt sai chỗ. Hãy chuyển "
                    "đơn vị đó trước.",
                ) from fault

    def _hang_under(self, last: Unit, successor_id: str | None, after: date) -> None:
        children = self._children(last.id, after)
        if children and successor_id is None:
            raise Conflict(
                f"unit {last.id} has {len(children)} units below",
                code="unit-not-empty",
                tell=f"“{last.name}” còn {len(children)} đơn vị cấp dưới (ví dụ “{children[0].name}”). Hãy chọn đơn vị "
                "kế thừa hoặc chuyển các đơn vị đó trước.",
            )
        for child in children:
            if child.span.since >= after:  # was to hang here only from a later day on
                raise Conflict(
                    f"unit {child.id} is to move under {last.id} on {child.span.since}",
                    code="unit-not-empty",
                    tell=f"“{child.name}” sẽ trực thuộc đơn vị này từ {written_day(child.span.since)}. Hãy chuyển "
                    "đơn vị đó trước.",
                )
            self.change(child.id, replace(child.facts, parent_id=successor_id), after, "theo đơn vị cấp trên")

    def _no_members(self, last: Unit, after: date) -> None:
        self._ground.hold_name("unit-members", last.id)  # nobody joins while it goes: Memberships
        still = select(func.count(memberships.c.member_id.distinct())).where(
            memberships.c.unit_id == last.id,
            memberships.c.replaced.is_(False),
            shares_days(memberships, after, None),
        )
        count = self._ground.connection.execute(still).scalar_one()
        if count:
            raise Conflict(
                f"unit {last.id} has {count} members after {after}",
                code="unit-has-members",
                tell=f"“{last.name}” còn {count} đảng viên sinh hoạt sau ngày này. Hãy chuyển sinh hoạt cho các "
                "đồng chí đó trước.",
            )

    def _close_version(self, last: Unit, day: date) -> None:
        which = (unit_versions.c.unit_id == last.id) & (unit_versions.c.since == last.span.since.isoformat())
        self._ground.connection.execute(update(unit_versions).where(which).values(until=day.isoformat()))


def _version(unit: Unit, decision: str) -> dict[str, object]:
    return {
        "unit_id": unit.id,
        "since": unit.span.since.isoformat(),
        "until": iso(unit.span.until),
        "level": unit.level,
        "code_key": code_key(unit.facts.code),
        "name": unit.name,
        "short_name": unit.facts.short_name,
        "abbreviation": unit.facts.abbreviation,
        "parent_id": unit.facts.parent_id,
        "decision": decision,
    }


def _must_live(last: Unit, day: date) -> None:
    if last.last_day is not None:
        raise Conflict(
            f"unit {last.id} ended on {last.last_day}, asked for {day}",
            code="unit-ended",
            tell=f"“{last.name}” đã kết thúc hoạt động ngày {written_day(last.last_day)} nên không thay đổi được nữa.",
        )


def _code_taken(code: str, twin: Unit) -> Conflict:
    return Conflict(
        f"code {code} is that of unit {twin.id}",
        code="unit-code-taken",
        tell=f"Mã {code} đang là mã của “{twin.name}”. Mỗi tổ chức đảng có một mã; hãy kiểm tra lại.",
    )
