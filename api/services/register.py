"""The register of outgoing papers over HTTP: which one may open, its lines, a number kept or struck out, the book."""

import hashlib
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Semaphore

from api.schemas.common import Listing
from api.schemas.register import BookOut, HoldIn, NumberOut
from api.services.case_seals import acting_units
from api.services.signings import PaperFile
from api.tools import Tools
from procedures import register_desk
from procedures.case_facts import person_of
from procedures.case_numbers import holds_for
from procedures.cases import look
from procedures.number_rules import rule_at
from procedures.register_book import BookWish
from procedures.register_print import print_book
from procedures.register_xlsx import write_book
from records.access import Actor
from records.errors import Away, Unfit
from storage.audit import Scalar
from storage.number_values import NumberState
from storage.work import Tx

MOST_LINES = 1_000
"""Lines that are printed while somebody waits (about 35 ms each on paper); a longer book is asked for in parts."""
_PRINTING = Semaphore(1)
_PATIENCE = 20.0


def books(tools: Tools, actor: Actor) -> list[BookOut]:
    """Return the registers that the caller may open, with the types they hold."""
    with tools.work.reading() as tx:
        today = tx.numbers.today()
        return [
            BookOut.of(book, tx.numbers.types(book.unit.id), rule_at(book.unit.system, today))
            for book in register_desk.books_of(tx, actor.id)
        ]


def lines(
    tools: Tools,
    actor: Actor,
    unit_id: str,
    begins_on: date | None,
    ends_on: date | None,
    type_name: str,
    state: NumberState | None,
    limit: int,
    offset: int,
) -> Listing[NumberOut]:
    """Return lines of a register, this year's when no days are named. Raises as `register_desk.book_of`."""
    with tools.work.reading() as tx:
        register_desk.book_of(tx, actor.id, unit_id)
        first, last = days(tx, begins_on, ends_on)
        types = (type_name,) if type_name else ()
        found, total = tx.numbers.page(unit_id, first, last, types, state, limit, offset)
    items = [NumberOut.of(number) for number in found]
    return Listing(items=items, total=total, limit=limit, offset=offset)


def days(tx: Tx, begins_on: date | None, ends_on: date | None) -> tuple[date, date]:
    """Return the days of a register that are asked for; from the first of January to today when none are named."""
    today = tx.numbers.today()
    last = ends_on or today
    return begins_on or date(last.year, 1, 1), last


def strike(tx: Tx, actor: Actor, unit_id: str, number_id: str, reason: str) -> NumberOut:
    """Strike a number out. Raises as `register_desk.strike`."""
    return NumberOut.of(register_desk.strike(tx, actor.id, unit_id, number_id, reason))


def keep(tx: Tx, actor: Actor, unit_id: str, wanted: HoldIn, hold_id: str) -> NumberOut:
    """Keep the next number. Raises as `register_desk.keep`."""
    kept = register_desk.keep(
        tx, actor.id, unit_id, wanted.type_name, hold_id, wanted.purpose, wanted.until, secret=wanted.secret
    )
    return NumberOut.of(kept)


def held_for(tools: Tools, actor: Actor, case_id: str, move_code: str) -> list[NumberOut]:
    """Return the numbers the caller holds that a move could give to the paper of a case. Raises `Missing`."""
    with tools.work.reading() as tx:
        person = person_of(tx, actor.id)
        looked = look(tx, tools.cases.tools, person, case_id)
        units = acting_units(looked, looked.definition.moves[move_code], person)
        found = [
            number
            for unit in sorted(units)
            for number in holds_for(tx, looked.definition, looked.case, unit, actor.id)
        ]
    return [NumberOut.of(number) for number in found]


def book(
    tools: Tools, actor: Actor, unit_id: str, kind: str, begins_on: date | None, ends_on: date | None
) -> PaperFile:
    """Return the register as `pdf` or `xlsx`; having it is in the log.

    Raises as `register_desk.book_of` and `book_rule`, `Unfit` (`book-long`), `Away` (`book-busy`: another is printed).
    """
    with tools.work.reading() as tx:
        unit = register_desk.book_of(tx, actor.id, unit_id).unit
        first, last = days(tx, begins_on, ends_on)
        above = next(iter(tx.units.above(unit_id, tx.units.today())), None)
        wish = BookWish(
            unit_id=unit_id,
            system=unit.system,
            organisation=unit.name,
            begins_on=first,
            ends_on=last,
            superior=above.name if above else "",
        )
        _, total = tx.numbers.page(unit_id, first, last, (), None, 1, 0)
    if total > MOST_LINES:
        raise Unfit(
            f"{total} lines",
            code="book-long",
            tell=f"Sổ trong khoảng ngày này có {total} dòng, quá {MOST_LINES} dòng mỗi lần in. Hãy chọn ít ngày hơn.",
        )
    if not _PRINTING.acquire(timeout=_PATIENCE):
        raise Away(
            "another register is being printed",
            code="book-busy",
            tell="Đang in một sổ khác. Hãy đợi khoảng một phút rồi thử lại.",
        )
    try:
        with TemporaryDirectory(prefix="register-", dir=tools.data_dir / "work") as folder:
            out = Path(folder) / f"book.{kind}"
            with tools.work.reading() as tx:
                (print_book if kind == "pdf" else write_book)(tx, wish, out)
            data = out.read_bytes()
    finally:
        _PRINTING.release()
    with tools.work.begin() as tx:
        told: dict[str, Scalar] = {
            "unit": unit_id, "kind": kind, "from": first.isoformat(), "to": last.isoformat(), "lines": total,
        }  # fmt: skip
        tx.audit.append(actor.id, "register-printed", unit_id, "done", told)
    name = f"so-van-ban-di-{first:%Y%m%d}-{last:%Y%m%d}.{kind}"
    return PaperFile(name, len(data), hashlib.sha256(data).hexdigest(), iter((data,)))
