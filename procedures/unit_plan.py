"""Find each body of a list its place in the tree: which are there already, what is above which, what is wrong."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NoReturn

from procedures.office_list import LineFault, ListUnfit, Row, heading_key
from records.clock import new_id
from records.days import Span, read_day, written_day
from records.errors import Unfit
from records.units import (
    LEVEL_NAMES,
    System,
    Unit,
    UnitFacts,
    UnitLevel,
    check_place,
    checked_facts,
    code_key,
    codes_above,
)
from storage.units import NewUnit
from storage.work import Tx

_LEVELS = {heading_key(name): level for level, name in LEVEL_NAMES.items()} | {
    "tinh": UnitLevel.PROVINCE,
    "thanh pho": UnitLevel.PROVINCE,
    "xa": UnitLevel.UPPER,
    "phuong": UnitLevel.UPPER,
    "xa phuong": UnitLevel.UPPER,
    "cap tren truc tiep co so": UnitLevel.UPPER,
    "dang bo co so": UnitLevel.BASE,
    "chi bo co so": UnitLevel.BASE,
    "dang bo bo phan": UnitLevel.PART,
    "co quan": UnitLevel.BODY,
    "don vi": UnitLevel.BODY,
}
_SYSTEMS = {"": System.PARTY, "dang": System.PARTY, "nha nuoc": System.STATE, "chinh quyen": System.STATE}


@dataclass(slots=True)
class _Draft:
    """A line on its way into the tree; `unit_id` is there from the start, so that others can hang under it.

    `twin`: the body that is there already; `lost`: what is above it was not found.
    """

    row: Row
    system: System
    facts: UnitFacts
    since: date
    unit_id: str
    twin: Unit | None = None
    lost: bool = False


class UnitPlan:
    """Finds every body's place among those of the list and those there are, and collects what is wrong."""

    def __init__(self, tx: Tx, name: str) -> None:
        self.today = tx.units.today()
        self.name = name
        self.faults: list[LineFault] = []
        self.there = {unit.id: unit for unit in tx.units.all_on(self.today)}
        self.places = {
            (u.system, u.name, u.facts.parent_id): u for u in self.there.values() if not u.facts.code
        }
        self.namesakes: dict[tuple[System, str], list[Unit]] = {}
        for unit in self.places.values():
            self.namesakes.setdefault((unit.system, unit.name), []).append(unit)

    def made_of(self, rows: Sequence[Row]) -> tuple[list[NewUnit], int]:
        """Return the bodies to be entered, parents first, and how many lines are known. Raises `ListUnfit`."""
        drafts = [draft for row in rows if (draft := self._draft(row)) is not None]
        self._find_twins(drafts)
        self._find_parents(drafts)
        self._look_at_twins(drafts)
        ordered = self._placed(drafts)
        if self.faults:
            raise ListUnfit(self.name, sorted(self.faults, key=lambda fault: fault.line))
        new = [draft for draft in ordered if draft.twin is None]
        made = [NewUnit(d.system, d.facts, d.since, d.row.get("decision"), d.unit_id) for d in new]
        return made, len(drafts) - len(new)

    def _wrong(self, row: Row, code: str, tell: str) -> None:
        self.faults.append(LineFault(row.line, code, tell))

    def _draft(self, row: Row) -> _Draft | None:
        try:
            system = _SYSTEMS.get(heading_key(row.get("system"))) or _no_choice("hệ thống", row.get("system"))
            level = _LEVELS.get(heading_key(row.get("level"))) or _no_choice("cấp", row.get("level"))
            since = read_day(row.get("since")) if row.get("since") else self.today
            if since is None:
                raise Unfit("no day", code="list-day", tell=f"ngày “{row.get('since')[:20]}” không có thật.")
            facts = UnitFacts(
                level, row.get("name"), row.get("short_name"), row.get("abbreviation"), row.get("code")
            )
            return _Draft(row, system, checked_facts(system, facts), since, new_id())
        except Unfit as fault:
            self._wrong(row, fault.code, fault.tell)
            return None

    def _find_twins(self, drafts: Iterable[_Draft]) -> None:
        """Bodies that are there already: by code; without one, by a name that only one body without a code has."""
        codes = {code_key(unit.facts.code): unit for unit in self.there.values() if unit.facts.code}
        lines: dict[str, int] = {}
        for draft in drafts:
            key = code_key(draft.facts.code)
            if key and lines.setdefault(key, draft.row.line) != draft.row.line:
                tell = f"mã {draft.facts.code} đã có ở dòng {lines[key]}. Mỗi đơn vị một mã."
                self._wrong(draft.row, "unit-code-taken", tell)
            twins = (
                [codes[key]]
                if key in codes
                else []
                if key
                else self.namesakes.get((draft.system, draft.facts.name), [])
            )
            draft.twin = twins[0] if len(twins) == 1 else None
            if draft.twin is not None:
                draft.unit_id = draft.twin.id

    def _find_parents(self, drafts: Sequence[_Draft]) -> None:
        bodies = {unit.id: (unit.facts.code, unit.name) for unit in self.there.values()}
        bodies |= {draft.unit_id: (draft.facts.code, draft.facts.name) for draft in drafts}
        codes = {code_key(code): unit_id for unit_id, (code, _) in bodies.items() if code}
        names: dict[str, list[str]] = {}
        for unit_id, (_, name) in bodies.items():
            names.setdefault(name.casefold(), []).append(unit_id)
        for draft in drafts:
            told = draft.row.get("parent")
            if not told:
                above = codes_above(code_key(draft.facts.code)) if draft.facts.code else ()
                draft.facts = replace(
                    draft.facts, parent_id=next((codes[k] for k in above if k in codes), None)
                )
                continue
            found = (
                self._by_code(draft.row, told, codes) if _is_code(told) else names.get(told.casefold(), [])
            )
            if len(found) == 1:
                draft.facts = replace(draft.facts, parent_id=found[0])
            elif found:
                tell = f"có nhiều đơn vị tên “{told[:60]}”. Hãy ghi mã của đơn vị cấp trên."
                self._wrong(draft.row, "unit-parent", tell)
            else:
                tell = f"không có đơn vị cấp trên “{told[:60]}”. Hãy kiểm tra lại tên hoặc mã."
                self._wrong(draft.row, "unit-parent", tell)
            draft.lost = len(found) != 1

    def _by_code(self, row: Row, told: str, codes: dict[str, str]) -> list[str]:
        try:
            key = code_key(told)
        except Unfit as fault:
            self._wrong(row, fault.code, fault.tell)
            return []
        return [codes[key]] if key in codes else []

    def _look_at_twins(self, drafts: Sequence[_Draft]) -> None:
        """A line of a known body that says something else is wrong; a namesake elsewhere is another body."""
        seen: dict[tuple[System, str, str | None], int] = {}
        for draft in drafts:
            facts = draft.facts
            if not facts.code:
                place = (draft.system, facts.name, facts.parent_id)
                if seen.setdefault(place, draft.row.line) != draft.row.line:
                    self._wrong(draft.row, "unit-twice", f"“{facts.name}” đã có ở dòng {seen[place]}.")
                there = self.places.get(place)
                if draft.twin is not None and there is None and not draft.lost:
                    self._part(draft, drafts)
                elif there is not None:
                    draft.twin, draft.unit_id = there, there.id
            twin = draft.twin
            if twin is not None and not draft.lost and (twin.system, twin.facts) != (draft.system, facts):
                self._wrong(
                    draft.row,
                    "unit-differs",
                    f"“{facts.name}” đã có với thông tin khác: “{twin.name}”, {LEVEL_NAMES[twin.level]}, từ "
                    f"{written_day(twin.span.since)}. Danh sách chỉ thêm đơn vị mới; đổi tên, chuyển đi là việc riêng.",
                )

    def _part(self, draft: _Draft, drafts: Iterable[_Draft]) -> None:
        """Not the body it was taken for: whoever named it as the one above meant either of two."""
        for other in drafts:
            if other.row.get("parent").casefold() == draft.facts.name.casefold():
                tell = f"có nhiều đơn vị tên “{draft.facts.name}”. Hãy ghi mã của đơn vị cấp trên."
                self._wrong(other.row, "unit-parent", tell)
        draft.twin, draft.unit_id = None, new_id()

    def _placed(self, drafts: Sequence[_Draft]) -> list[_Draft]:
        """The drafts, parents first, each looked at in its place."""
        waiting = {draft.unit_id: draft for draft in drafts}
        done: dict[str, Unit] = dict(self.there)
        ordered: list[_Draft] = []
        children: dict[str, list[_Draft]] = {}
        ready: list[_Draft] = []
        for draft in waiting.values():
            above = draft.facts.parent_id
            if above in waiting and above not in self.there:
                children.setdefault(above, []).append(draft)
            else:
                ready.append(draft)
        while ready:
            draft = ready.pop()
            del waiting[draft.unit_id]
            self._look(draft, done)
            done.setdefault(draft.unit_id, Unit(draft.unit_id, draft.system, draft.facts, Span(draft.since)))
            ordered.append(draft)
            ready.extend(children.get(draft.unit_id, ()))
        for draft in waiting.values():
            self._wrong(
                draft.row, "unit-place", f"“{draft.facts.name}” trực thuộc chính nó qua các đơn vị khác."
            )
        return ordered

    def _look(self, draft: _Draft, done: dict[str, Unit]) -> None:
        if draft.lost or draft.twin is not None:
            return  # told already, or looked at when it came
        parent = done.get(draft.facts.parent_id or "")
        try:
            check_place(draft.facts, draft.system, parent)
        except Unfit as fault:
            self._wrong(draft.row, fault.code, fault.tell)
        if parent is not None and (parent.span.since > draft.since or parent.last_day is not None):
            self._wrong(
                draft.row,
                "unit-place",
                f"ngày {written_day(draft.since)} đơn vị cấp trên “{parent.name}” chưa có hoặc đã kết thúc.",
            )


def _is_code(told: str) -> bool:
    return told.replace(".", "").isdecimal()


def _no_choice(what: str, told: str) -> NoReturn:
    known = ", ".join(LEVEL_NAMES.values()) if what == "cấp" else "Đảng, Nhà nước"
    raise Unfit(
        f"{what}: {told[:40]!r}",
        code="list-choice",
        tell=f"{what} “{told[:40]}” không có. Chọn một trong: {known}.",
    )
