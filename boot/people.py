"""`vanthu units` and `vanthu members`: lists of bodies and members taken in, the tree shown."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path

from boot.house import open_house
from boot.settings import Settings
from boot.speak import Exit, emit, result, say
from procedures.member_list import import_members
from procedures.office_list import MAX_BYTES
from procedures.unit_list import Imported, import_units
from records.access import LOCAL
from records.errors import Unfit
from records.units import LEVEL_NAMES
from storage.work import Work

_Import = Callable[[Work, str, bytes, str], Imported]


def take_in_units(settings: Settings, source: Path, *, as_json: bool) -> Exit:
    """Enter the bodies of a CSV list. Exit code 3: the list has faults, nothing was entered."""
    return _take_in(settings, source, import_units, "đơn vị", as_json=as_json)


def take_in_members(settings: Settings, source: Path, *, as_json: bool) -> Exit:
    """Enter the members of a CSV list. Exit code 3: the list has faults, nothing was entered."""
    return _take_in(settings, source, import_members, "đảng viên", as_json=as_json)


def list_units(settings: Settings, day: date | None, *, as_json: bool) -> Exit:
    """Print the bodies there are on `day` (today when None), one a line."""
    with open_house(settings) as house, house.work.reading() as tx:
        units = tx.units.all_on(day or tx.units.today())
    for unit in units:
        facts = unit.facts
        if as_json:
            named = {"id": unit.id, "system": unit.system, **asdict(facts)}
            emit(named | {"since": unit.span.since.isoformat(), "successor_id": unit.successor_id})
        else:
            result(
                "\t".join(
                    (facts.code or "-", LEVEL_NAMES[unit.level], unit.name, facts.abbreviation)
                ).rstrip()
            )
    return Exit.WELL


def _take_in(settings: Settings, source: Path, take: _Import, what: str, *, as_json: bool) -> Exit:
    if source.stat().st_size > MAX_BYTES:
        raise Unfit(
            f"list of {source.stat().st_size} bytes",
            code="list-too-large",
            tell=f"{source.name} quá lớn (trên {MAX_BYTES // 1024 // 1024} MB). Hãy chia thành nhiều tệp.",
        )
    with open_house(settings) as house:
        done = take(house.work, LOCAL.id, source.read_bytes(), source.name)
    if as_json:
        emit({"added": done.added, "known": done.known})
    else:
        say(f"Đã nhập {done.added} {what}; {done.known} đã có sẵn.")
    return Exit.WELL
