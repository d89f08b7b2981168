"""The clerk's desk over the register: who may read and write it, its lines page by page, numbers struck out and kept.

The register of a body is its clerk's; who leads the body may read it (NĐ 30/2020, Điều 15, 16 and 32).
"""

from dataclasses import dataclass
from datetime import date

from procedures.case_numbers import paper_id
from procedures.number_holds import hold
from procedures.number_rules import Notation
from procedures.number_steps import Wish
from procedures.numbering import void
from records.acting import PostRole
from records.errors import Conflict, Missing, NotAllowed
from records.units import Unit
from storage.number_values import Entry, Number, NumberState
from storage.work import Tx

_WRITES = frozenset({PostRole.CLERK})
_READS = _WRITES | {
    PostRole.SECRETARY,
    PostRole.DEPUTY_SECRETARY,
    PostRole.HEAD,
    PostRole.DEPUTY_HEAD,
}


@dataclass(frozen=True, slots=True)
class Book:
    """A register somebody may open. `writes`: may strike numbers out and keep them."""

    unit: Unit
    writes: bool


def books_of(tx: Tx, account_id: str) -> list[Book]:
    """Return the registers that an account may open today, by name of the body."""
    day = tx.units.today()
    roles: dict[str, set[PostRole]] = {}
    for one in tx.posts.acting_as(account_id, day):
        roles.setdefault(one.unit_id, set()).add(one.role)
    found = [
        Book(tx.units.get(unit_id, day), bool(held & _WRITES))
        for unit_id, held in roles.items()
        if held & _READS and tx.units.is_there(unit_id, day)
    ]
    return sorted(found, key=lambda book: (book.unit.name, book.unit.id))


def book_of(tx: Tx, account_id: str, unit_id: str, *, write: bool = False) -> Book:
    """Return one register. Raises `Missing` (not theirs to open), `NotAllowed` (to read, and not to write)."""
    book = next((one for one in books_of(tx, account_id) if one.unit.id == unit_id), None)
    if book is None:
        raise Missing(f"no register of {unit_id} for {account_id}")
    if write and not book.writes:
        raise NotAllowed(
            f"{account_id} is no clerk of {unit_id}",
            code="register-not-yours",
            tell="Chỉ văn thư của đơn vị được giữ số và hủy số trong sổ này.",
        )
    return book


def strike(tx: Tx, account_id: str, unit_id: str, number_id: str, reason: str) -> Number:
    """Strike a number out for a reason. Raises as `book_of`, `numbering.void`, and `Conflict` (`number-of-case`)."""
    book_of(tx, account_id, unit_id, write=True)
    number = tx.numbers.get(unit_id, number_id)
    case_id, _, ordinal = number.paper_id.rpartition("-")
    if number.state is NumberState.ISSUED and ordinal.isdigit():
        try:
            case = tx.cases.get(case_id)
        except Missing:
            case = None
        if case is not None and paper_id(case, int(ordinal)) == number.paper_id:
            raise Conflict(
                f"{number.written} is of case {case_id}",
                code="number-of-case",
                tell=f"Số {number.written} thuộc một hồ sơ có trên hệ thống. Hãy hủy văn bản bằng một bước trong hồ sơ "
                "đó: số được hủy cùng văn bản, kèm lý do.",
            )
    return void(tx, account_id, unit_id, number_id, reason)


def keep(
    tx: Tx,
    account_id: str,
    unit_id: str,
    type_name: str,
    hold_id: str,
    purpose: str,
    until: date,
    *,
    secret: bool = False,
) -> Number:
    """Keep the next number of a type for a later paper of this account; `secret`: for a paper of state secrets.

    Raises as `book_of`, `number_holds.hold`.
    """
    unit = book_of(tx, account_id, unit_id, write=True).unit
    wish = Wish(
        unit_id, unit.system, type_name, Notation(unit.facts.abbreviation), "", Entry(), secret=secret
    )
    return hold(tx, account_id, wish, hold_id, account_id, purpose, until)
