"""The register of outgoing papers: a number is taken under the lock of its series, and no line ever goes away.

The next number is read and written in the transaction that enters the paper, so it is taken exactly when that commits.
Order of locks: paper, periods of a body, series by key, audit last. See docs/decisions/0092.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, insert, or_, select, update

from records.clock import VIETNAM, new_id
from records.errors import Conflict, Missing
from storage.ground import Ground
from storage.number_rows import KEY, day_of, iso, number_of, period_of, series_of, told_entry, told_hold
from storage.number_values import (
    Entry,
    NewNumber,
    Number,
    NumberState,
    Period,
    PeriodKind,
    Series,
    SeriesFault,
    SeriesKey,
)
from storage.schema import number_periods, number_series, numbers

_AT_ONCE = 500
_LINE: tuple[ColumnElement[Any], ...] = (*numbers.c, *(number_series.c[name] for name in KEY[:-1]))


class Numbers:
    """The register. Who may take, void or read is asked before (`records.access`)."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def today(self) -> date:
        """Return the day it is in Vietnam: the year of a number turns at midnight there."""
        return self._ground.clock.now().astimezone(VIETNAM).date()

    # --- terms and congresses

    def hold_periods(self, unit_id: str) -> None:
        """Keep others from changing the body's terms and congresses, or numbering by them, until the end."""
        self._ground.hold_name("number-periods", unit_id)

    def periods(self, unit_id: str, kind: PeriodKind) -> list[Period]:
        """Return the body's terms or congresses, oldest first."""
        found = (
            select(number_periods)
            .where(number_periods.c.unit_id == unit_id, number_periods.c.kind == kind)
            .order_by(number_periods.c.begins_on)
        )
        return [period_of(row) for row in self._ground.connection.execute(found).mappings()]

    def add_period(
        self, unit_id: str, kind: PeriodKind, name: str, begins_on: date, ends_on: date | None
    ) -> Period:
        """Enter a term or a congress; call `hold_periods` and look at the others before."""
        period = Period(new_id(), unit_id, kind, name, begins_on, ends_on)
        self._ground.connection.execute(
            insert(number_periods).values(
                id=period.id, unit_id=unit_id, kind=kind, name=name,
                begins_on=begins_on.isoformat(), ends_on=iso(ends_on),
            )
        )  # fmt: skip
        return period

    def last_day_in(self, unit_id: str, period: str) -> date | None:
        """Return the newest day of any number the body has taken in a period, None when there is none."""
        mine = (number_series.c.unit_id == unit_id) & (number_series.c.period == period)
        found = self._ground.connection.execute(select(func.max(number_series.c.last_day)).where(mine))
        return day_of(found.scalar() or "")

    # --- taking

    def hold_paper(self, paper_id: str) -> None:
        """Keep others from numbering the same paper until the end of the transaction."""
        self._ground.hold_name("number-of-paper", paper_id)

    def hold_series(self, key: SeriesKey) -> Series:
        """Return a series, begun when it is new; it is this writer's alone until the end of the transaction."""
        parts = {name: getattr(key, name) for name in KEY}
        self._ground.insert_new(number_series, [{"id": new_id(), **parts}], *KEY)
        mine = _all(number_series.c[name] == value for name, value in parts.items())
        self._ground.hold(mine)
        return series_of(self._ground.connection.execute(select(number_series).where(mine)).mappings().one())

    def take(self, series: Series, new: NewNumber) -> Number:
        """Enter the next number of a series that this writer holds (`hold_series`, asked in this transaction)."""
        number = series.last + 1
        hold, entry = new.hold, new.entry
        self._ground.connection.execute(
            update(number_series)
            .where(number_series.c.id == series.id)
            .values(last=number, last_day=new.day.isoformat())
        )
        self._ground.connection.execute(
            insert(numbers).values(
                id=new.id,
                series_id=series.id,
                number=number,
                state=NumberState.HELD if hold else NumberState.ISSUED,
                written=new.written,
                type_name=new.type_name,
                secret=new.secret,
                day=new.day.isoformat(),
                paper_id=new.paper_id,
                taken_by=new.taken_by,
                taken_at=self._ground.clock.now(),
                **told_hold(hold),
                **told_entry(entry),
            )
        )
        return self.get(series.key.unit_id, new.id)

    def carry_on(self, series: Series, last: int, last_day: date) -> None:
        """Let a held series that has no line begin after `last`, the last number of the register kept before."""
        self._ground.connection.execute(
            update(number_series)
            .where(number_series.c.id == series.id, number_series.c.last == 0)
            .values(begins_at=last + 1, last=last, last_day=last_day.isoformat())
        )

    # --- what becomes of a number

    def issue(self, number: Number, paper_id: str, day: date, entry: Entry) -> Number:
        """Give a held number to a paper. Raises `Conflict` (`number-changed`) when it is not held any more."""
        self._change(
            number,
            (NumberState.HELD,),
            state=NumberState.ISSUED,
            paper_id=paper_id,
            day=day.isoformat(),
            **told_entry(entry),
        )
        older = (number_series.c.id == number.series_id) & (number_series.c.last_day < day.isoformat())
        self._ground.connection.execute(update(number_series).where(older).values(last_day=day.isoformat()))
        return self.get(number.series.unit_id, number.id)

    def void(self, number: Number, reason: str) -> Number:
        """Strike a number out; it stays in the register and is never given again."""
        self._change(
            number,
            (NumberState.HELD, NumberState.ISSUED),
            state=NumberState.VOID,
            void_reason=reason,
            void_on=self.today().isoformat(),
        )
        return self.get(number.series.unit_id, number.id)

    def describe(self, number: Number, entry: Entry) -> Number:
        """Change what the register tells of an issued paper beside its number and date."""
        self._change(number, (NumberState.ISSUED,), **told_entry(entry))
        return self.get(number.series.unit_id, number.id)

    # --- reading

    def get(self, unit_id: str, number_id: str) -> Number:
        """Return a line of the body's register; another body's is not there. Raises `Missing`."""
        found = self._first((number_series.c.unit_id == unit_id) & (numbers.c.id == number_id))
        if found is None:
            raise Missing(f"number {number_id} of unit {unit_id}")
        return found

    def find(self, number_id: str) -> Number | None:
        """Return a line of any body's register by its id: for who makes the id, to see whether it was used."""
        return self._first(numbers.c.id == number_id)

    def of_paper(self, paper_id: str) -> Number | None:
        """Return the number a paper has been issued under, None when it has none (any more)."""
        return self._first((numbers.c.paper_id == paper_id) & (numbers.c.state == NumberState.ISSUED))

    def newest_of_paper(self, paper_id: str) -> Number | None:
        """Return the newest line of a paper, also one that was struck out; None when it never had a number."""
        found = (
            _lines()
            .where(numbers.c.paper_id == paper_id)
            .order_by(numbers.c.taken_at.desc(), numbers.c.number.desc())
        )
        row = self._ground.connection.execute(found.limit(1)).mappings().first()
        return None if row is None else number_of(row)

    def days_around(self, number: Number) -> tuple[date | None, date | None]:
        """Return the newest day of issue below a number in its series, and the oldest above it."""
        issued = (numbers.c.series_id == number.series_id) & (numbers.c.state == NumberState.ISSUED)
        below = select(func.max(numbers.c.day)).where(issued, numbers.c.number < number.number)
        above = select(func.min(numbers.c.day)).where(issued, numbers.c.number > number.number)
        connection = self._ground.connection
        return day_of(connection.execute(below).scalar() or ""), day_of(
            connection.execute(above).scalar() or ""
        )

    def lapsed(self, limit: int = 100) -> list[Number]:
        """Return held numbers whose last day is over, by series and number."""
        over = (numbers.c.state == NumberState.HELD) & (numbers.c.held_until < self.today().isoformat())
        found = _lines().where(over).order_by(*_by_series(), numbers.c.number).limit(limit)
        return [number_of(row) for row in self._ground.connection.execute(found).mappings()]

    def book(
        self,
        unit_id: str,
        begins_on: date,
        ends_on: date,
        types: Sequence[str] = (),
        secret: bool | None = None,
    ) -> Iterator[Number]:
        """Return the lines of a body's register between two days (both inclusive), a few hundred in memory at a time.

        By series (`EVERY_TYPE` first, then types by name), period and number; `types`: these only; `secret`: only
        secret papers, or only the others.
        """
        which = (number_series.c.unit_id == unit_id) & numbers.c.day.between(
            begins_on.isoformat(), ends_on.isoformat()
        )
        if types:
            which &= numbers.c.type_name.in_(types)
        if secret is not None:
            which &= numbers.c.secret == secret
        found = _lines().where(which).order_by(*_by_series(), numbers.c.number)
        with self._ground.connection.execute(found.execution_options(yield_per=_AT_ONCE)) as streamed:
            for row in streamed.mappings():
                yield number_of(row)

    def page(
        self,
        unit_id: str,
        begins_on: date,
        ends_on: date,
        types: Sequence[str] = (),
        state: NumberState | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[list[Number], int]:
        """Return lines of a body's register between two days (both inclusive), the newest first, and how many."""
        which = (number_series.c.unit_id == unit_id) & numbers.c.day.between(
            begins_on.isoformat(), ends_on.isoformat()
        )
        if types:
            which &= numbers.c.type_name.in_(types)
        if state is not None:
            which &= numbers.c.state == state
        ordered = numbers.c.day.desc(), *_by_series(), numbers.c.number.desc()
        found = _lines().where(which).order_by(*ordered).limit(limit).offset(offset)
        count = (
            select(func.count())
            .select_from(numbers.join(number_series, numbers.c.series_id == number_series.c.id))
            .where(which)
        )
        connection = self._ground.connection
        shown = [number_of(row) for row in connection.execute(found).mappings()]
        return shown, connection.execute(count).scalar_one()

    def types(self, unit_id: str) -> list[str]:
        """Return the names of the types that a body's register holds."""
        named = (
            select(numbers.c.type_name)
            .join(number_series, numbers.c.series_id == number_series.c.id)
            .where(number_series.c.unit_id == unit_id)
            .distinct()
            .order_by(numbers.c.type_name)
        )
        return list(self._ground.connection.execute(named).scalars())

    def faults(self, unit_id: str | None = None) -> list[SeriesFault]:
        """Return the series (of a body, or all) whose lines are not one after the other up to the last number."""
        lines, lowest, highest = (
            func.count(numbers.c.id),
            func.coalesce(func.min(numbers.c.number), 0),
            func.coalesce(func.max(numbers.c.number), 0),
        )
        due = number_series.c.last - number_series.c.begins_at + 1
        whole = (lines == due) & or_(
            due == 0, (lowest == number_series.c.begins_at) & (highest == number_series.c.last)
        )
        found = (
            select(number_series, lines.label("lines"), lowest.label("lowest"), highest.label("highest"))
            .outerjoin(numbers, numbers.c.series_id == number_series.c.id)
            .group_by(*number_series.c)
            .having(~whole)
            .order_by(*(number_series.c[name] for name in KEY))
        )
        if unit_id is not None:
            found = found.where(number_series.c.unit_id == unit_id)
        rows = self._ground.connection.execute(found).mappings()
        return [SeriesFault(series_of(row), row["lines"], row["lowest"], row["highest"]) for row in rows]

    def _change(self, number: Number, states: tuple[NumberState, ...], **values: Any) -> None:
        there = (numbers.c.id == number.id) & numbers.c.state.in_(states)
        done = self._ground.connection.execute(update(numbers).where(there).values(**values))
        if done.rowcount != 1:
            raise Conflict(
                f"number {number.id} is not {' or '.join(states)}",
                code="number-changed",
                tell=f"Số {number.written} vừa được người khác thay đổi. Chưa có gì được ghi; hãy xem lại rồi làm lại.",
            )

    def _first(self, which: ColumnElement[bool]) -> Number | None:
        row = self._ground.connection.execute(_lines().where(which).limit(1)).mappings().first()
        return None if row is None else number_of(row)


def _lines() -> Select[Any]:
    return select(*_LINE, number_series.c.secret.label("series_secret")).join(
        number_series, numbers.c.series_id == number_series.c.id
    )


def _by_series() -> tuple[ColumnElement[Any], ...]:
    return tuple(number_series.c[name] for name in ("kind", "secret", "period", "system", "id"))


def _all(parts: Iterable[ColumnElement[bool]]) -> ColumnElement[bool]:
    first, *rest = parts
    for part in rest:
        first &= part
    return first
