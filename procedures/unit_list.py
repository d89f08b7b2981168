"""Take a list of bodies (CSV) in as one: every line is right and the whole tree is entered, or nothing is."""

import hashlib
from dataclasses import dataclass

from procedures.office_list import read_list
from procedures.unit_plan import UnitPlan
from storage.audit import Scalar
from storage.work import Work

HEADINGS = {
    "ten": "name",
    "ten don vi": "name",
    "ten to chuc dang": "name",
    "cap": "level",
    "ma": "code",
    "ma to chuc dang": "code",
    "he thong": "system",
    "ten goi tat": "short_name",
    "ten ngan": "short_name",
    "viet tat": "abbreviation",
    "chu viet tat": "abbreviation",
    "don vi cap tren": "parent",
    "cap tren": "parent",
    "tu ngay": "since",
    "ngay hieu luc": "since",
    "quyet dinh": "decision",
    "so quyet dinh": "decision",
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What a list brought: how many are new, how many were there already just so."""

    added: int
    known: int


def import_units(work: Work, actor_id: str, data: bytes, name: str) -> Imported:
    """Enter the bodies of a list and write one audit event; a line that is there already just so changes nothing.

    Lines come in any order. What is above a body: the column “Đơn vị cấp trên” (a code, or a name that only one body
    has), else the nearest code above its own. Raises `Unfit` (the file cannot be read, `read_list`), `ListUnfit`.
    """
    rows = read_list(data, name, HEADINGS, ("name", "level"))
    with work.begin() as tx:
        tx.units.hold()
        new, known = UnitPlan(tx, name).made_of(rows)
        tx.units.add_many(new)
        told: dict[str, Scalar] = {
            "list": name[:200],
            "sha256": hashlib.sha256(data).hexdigest(),
            "added": len(new),
            "known": known,
        }
        tx.audit.append(actor_id, "units-imported", "units", "done", told)
    return Imported(len(new), known)
