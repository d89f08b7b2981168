"""The register of outgoing papers as an inspector reads it: every line of a body between two days, voids as voids.

Lines come one by one from one snapshot of the rows, so a register of any length is read in bounded memory. Columns and
headings are data (`numbering.toml`). Printed by `register_print.py`, as a sheet by `register_xlsx.py`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from procedures.number_rules import BookRule, book_at
from records.errors import Unfit
from records.paper_types import LETTER
from records.units import System
from storage.number_values import EVERY_TYPE, Number, NumberState, PeriodKind, SeriesKey
from storage.work import Tx

Cell = str | int | date | None
_STATES = {NumberState.ISSUED: "đã ban hành", NumberState.HELD: "đang giữ", NumberState.VOID: "hủy"}


@dataclass(frozen=True, slots=True)
class BookWish:
    """Which register is wanted: a body's, between two days (both inclusive), of `types` (none: all).

    `organisation`, `superior`: as they stand in the heading. `secret`: secret papers only, or the others only; None:
    both. `show_secret`: what secret papers are about is for those who may know; else the line is there without words.
    """

    unit_id: str
    system: System
    organisation: str
    begins_on: date
    ends_on: date
    superior: str = ""
    types: tuple[str, ...] = ()
    secret: bool | None = None
    show_secret: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """A line across the book: where a series begins, or what the whole comes to."""

    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One number: a cell for each column of the book. `void`: to be shown struck through."""

    cells: tuple[Cell, ...]
    void: bool


def book_rule(tx: Tx, wish: BookWish) -> BookRule:
    """Return the form of the book. Raises `Unfit` (`book-days`): it ends before it begins; `ArchiveFault`."""
    if wish.ends_on < wish.begins_on:
        raise Unfit(
            f"from {wish.begins_on} to {wish.ends_on}",
            code="book-days",
            tell="Ngày cuối của sổ phải từ ngày đầu trở đi. Hãy chọn lại khoảng ngày.",
        )
    return book_at(wish.system, tx.numbers.today())


def book_lines(tx: Tx, wish: BookWish) -> Iterator[Heading | Row]:
    """Return the lines of the book in order, each series under its heading, and a last line that counts them."""
    form = book_rule(tx, wish)
    names = {
        period.id: period.name for kind in PeriodKind for period in tx.numbers.periods(wish.unit_id, kind)
    }
    counts: Counter[NumberState] = Counter()
    series = ""
    for number in tx.numbers.book(wish.unit_id, wish.begins_on, wish.ends_on, wish.types, wish.secret):
        if number.series.system != wish.system:
            continue
        if number.series_id != series:
            series = number.series_id
            yield Heading(_series_name(number.series, names))
        counts[number.state] += 1
        yield Row(
            tuple(_cell(number, column.field, wish) for column in form.columns),
            number.state is NumberState.VOID,
        )
    if not counts:
        yield Heading("Không có số nào trong thời gian này")
    else:
        told = "; ".join(f"{words}: {counts[state]}" for state, words in _STATES.items())
        yield Heading(f"Tổng số: {counts.total()} ({told})")


def _series_name(key: SeriesKey, names: dict[str, str]) -> str:
    kind = "Văn bản của đại hội (các loại)" if key.kind == EVERY_TYPE else key.kind
    period = names.get(key.period, f"Năm {key.period}")
    return f"{kind} – {period}" + (" – Văn bản mật" if key.secret else "")


def _cell(number: Number, field: str, wish: BookWish) -> Cell:
    issued = bool(number.paper_id)
    hidden = number.secret and not wish.show_secret
    match field:
        case "written":
            return number.written
        case "day":
            return number.day if issued else None
        case "subject":
            return _subject(number, issued, hidden)
        case "note":
            return _note(number, hidden)
        case "recipients" | "received_by" if hidden:
            return ""
        case "copies":
            return number.entry.copies or None
        case _:
            value: Cell = getattr(number.entry, field)
            return value


def _subject(number: Number, issued: bool, hidden: bool) -> str:
    if not issued:
        return f"{number.type_name} (số giữ trước)"
    if hidden:
        return f"{number.type_name} (văn bản mật)"
    subject = number.entry.subject
    if number.type_name == LETTER.name:
        return subject
    return f"{number.type_name} {'v' + subject[1:] if subject.startswith('Về ') else subject}"


def _note(number: Number, hidden: bool) -> str:
    told = [] if hidden else [number.entry.note]
    if number.secret:
        told.append("Mật")
    if number.state is NumberState.HELD and number.hold is not None:
        told.append(f"Giữ từ {number.hold.since:%d/%m/%Y} đến hết {number.hold.until:%d/%m/%Y}")
    if number.state is NumberState.VOID and number.void_on is not None:
        told.append(f"HỦY ngày {number.void_on:%d/%m/%Y}: {number.void_reason}")
    return "; ".join(one for one in told if one)
