"""Any order of taking, holding, using, striking out, giving up and waiting gives what a register on paper would."""

import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from procedures.number_holds import hold, lapse, use
from procedures.number_periods import begin_term
from procedures.number_rules import Notation
from procedures.number_steps import Wish
from procedures.numbering import take, take_all, void
from records.clock import VIETNAM, new_id
from records.errors import ArchiveFault
from records.units import System
from storage.number_values import Entry, Number
from storage.work import Work
from tests.cases.database import SqliteDatabase, TurnedClock, migrated

STATE = Wish("s", System.STATE, "Quyết định", Notation("UBND"), "", Entry("Thử"))
PARTY = Wish("p", System.PARTY, "Quyết định", Notation("TU"), "", Entry("Thử"))
KINDS = [STATE, replace(STATE, secret=True), PARTY, replace(PARTY, type_name="Quy định", secret=True)]
"""Few, so that what is done meets what was done."""
FIRST_TERM = date(2025, 10, 18)


@dataclass
class Line:
    """A line of the register on paper."""

    id: str
    kind: Wish
    state: str
    day: date
    paper: str = ""
    since: date | None = None
    until: date | None = None


class Register(RuleBasedStateMachine):
    """The house beside a register on paper: `books` maps a series to its lines, the n-th line is number n."""

    empty: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="numbers-"))
        self.clock = TurnedClock()
        self.papers = 0
        self.books: dict[tuple[object, ...], list[Line]] = {}
        self.terms = [FIRST_TERM]

    def teardown(self) -> None:
        self.tables.dispose()
        shutil.rmtree(self.folder)

    @initialize()
    def open(self) -> None:
        if not hasattr(Register, "empty"):
            Register.empty = Path(tempfile.mkdtemp(prefix="numbers-")) / "empty.db"
            tables = migrated(Register.empty)
            with Work(tables, self.clock).begin() as tx:
                begin_term(tx, "c", "p", "Nhiệm kỳ 0", FIRST_TERM)
            tables.dispose()
        shutil.copy(Register.empty, self.folder / "vanthu.db")
        self.tables = SqliteDatabase(self.folder / "vanthu.db").open()
        self.work = Work(self.tables, self.clock)

    # --- what a person with a paper register knows

    @property
    def today(self) -> date:
        return self.clock.now().astimezone(VIETNAM).date()

    def series(self, kind: Wish, day: date) -> tuple[object, ...]:
        """The State: body, type, year, secret ones apart. The Party: body, type, term."""
        if kind.system is System.STATE:
            return kind.unit_id, kind.type_name, day.year, kind.secret
        return kind.unit_id, kind.type_name, max(term for term in self.terms if term <= day)

    def lines(self) -> list[Line]:
        return [line for book in self.books.values() for line in book]

    def find(self, paper: str) -> Line | None:
        return next((one for one in self.lines() if one.paper == paper and one.state == "issued"), None)

    def number(self, line: Line) -> int:
        return next(book.index(line) + 1 for book in self.books.values() if line in book)

    # --- what happens

    @rule(kind=st.sampled_from(KINDS))
    def take_next(self, kind: Wish) -> None:
        self.papers += 1
        paper = f"p{self.papers}"
        with self.work.begin() as tx:
            given = take(tx, "c", replace(kind, paper_id=paper))
        book = self.books.setdefault(self.series(kind, self.today), [])
        book.append(Line(given.id, kind, "issued", self.today, paper))
        assert given.number == len(book)

    @rule(kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=5))
    def take_several(self, kinds: list[Wish]) -> None:
        wishes = [replace(kind, paper_id=f"p{self.papers + n}") for n, kind in enumerate(kinds, start=1)]
        self.papers += len(kinds)
        with self.work.begin() as tx:
            given = take_all(tx, "c", wishes)
        for wish, number in zip(wishes, given, strict=True):
            kind = replace(wish, paper_id="")
            book = self.books.setdefault(self.series(kind, self.today), [])
            book.append(Line(number.id, kind, "issued", self.today, wish.paper_id))
            assert number.number == len(book)

    @rule(kind=st.sampled_from(KINDS), days=st.integers(-400, 400).filter(bool))
    def ask_for_another_day(self, kind: Wish, days: int) -> None:
        wish = replace(kind, paper_id="never", issued_on=self.today + timedelta(days=days))
        assert self.refused(lambda tx: take(tx, "c", wish)) == (
            "number-future" if days > 0 else "number-back-dated"
        )

    @rule(kind=st.sampled_from(KINDS))
    def give_up(self, kind: Wish) -> None:
        try:
            with self.work.begin() as tx:
                take(tx, "c", replace(kind, paper_id="given-up"))
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass

    @precondition(lambda self: self.papers)
    @rule(data=st.data(), kind=st.sampled_from(KINDS))
    def ask_again(self, data: st.DataObject, kind: Wish) -> None:
        paper = f"p{data.draw(st.integers(1, self.papers))}"
        line = self.find(paper)
        if line is None:
            return
        if line.kind == kind:
            with self.work.begin() as tx:
                given = take(tx, "c", replace(kind, paper_id=paper))
            assert (given.id, given.number, given.day) == (line.id, self.number(line), line.day)
        else:
            wish = replace(kind, paper_id=paper)
            assert self.refused(lambda tx: take(tx, "c", wish)) == "paper-numbered"

    @rule(kind=st.sampled_from(KINDS), days=st.integers(0, 20))
    def hold_next(self, kind: Wish, days: int) -> None:
        until, hold_id = self.today + timedelta(days=days), new_id()
        if kind.system is System.STATE and until.year != self.today.year:
            doing = self.refused(lambda tx: hold(tx, "c", kind, hold_id, "a", "Chờ", until))
            assert doing == "hold-until"
            return
        with self.work.begin() as tx:
            given = hold(tx, "c", kind, hold_id, "a", "Chờ", until)
        book = self.books.setdefault(self.series(kind, self.today), [])
        book.append(Line(given.id, kind, "held", self.today, since=self.today, until=until))
        assert given.number == len(book)

    @precondition(lambda self: any(line.since for line in self.lines()))
    @rule(data=st.data(), back=st.integers(0, 6))
    def use_held(self, data: st.DataObject, back: int) -> None:
        line = data.draw(st.sampled_from([one for one in self.lines() if one.since]))
        day = self.today - timedelta(days=back)
        self.papers += 1
        wish = replace(line.kind, paper_id=f"p{self.papers}", issued_on=day)
        book = next(book for book in self.books.values() if line in book)
        at = book.index(line)
        fits = (
            line.since <= day
            and all(one.day <= day for one in book[:at] if one.state == "issued")
            and all(day <= one.day for one in book[at:] if one.state == "issued")
        )
        doing = lambda tx: use(tx, "c", line.id, wish, "a")  # noqa: E731
        if line.state != "held":
            assert self.refused(doing) == "number-not-held"
        elif line.until < self.today:
            assert self.refused(doing) == "hold-lapsed"
        elif not fits or self.series(line.kind, day) != self.series(line.kind, line.since):
            assert self.refused(doing) == "number-out-of-order"
        else:
            with self.work.begin() as tx:
                given = doing(tx)
            line.state, line.day, line.paper = "issued", day, wish.paper_id
            assert (given.id, given.number, given.day) == (line.id, at + 1, day)

    @precondition(lambda self: self.lines())
    @rule(data=st.data())
    def strike_out(self, data: st.DataObject) -> None:
        line = data.draw(st.sampled_from(self.lines()))
        with self.work.begin() as tx:
            void(tx, "c", line.kind.unit_id, line.id, "Sai")
        line.state = "void"

    @rule()
    def patrol(self) -> None:
        over = [one for one in self.lines() if one.state == "held" and one.until < self.today]
        with self.work.begin() as tx:
            assert {one.id for one in lapse(tx)} == {one.id for one in over}
        for one in over:
            one.state = "void"

    @rule(days=st.integers(0, 15))
    def wait(self, days: int) -> None:
        self.clock.turn(days=days, minutes=61)

    @rule(days=st.integers(-3, 3))
    def begin_next_term(self, days: int) -> None:
        day = self.today + timedelta(days=days)
        name = f"Nhiệm kỳ {day}"
        doing = lambda tx: begin_term(tx, "c", "p", name, day)  # noqa: E731
        newest = [
            max(one.day, one.since or one.day)
            for key, book in self.books.items()
            if key[0] == "p" and key[2] == self.terms[-1]
            for one in book
        ]
        if day in self.terms[1:]:
            return
        if day <= self.terms[-1]:
            assert self.refused(doing) == "term-order"
        elif any(day <= one for one in newest):
            assert self.refused(doing) == "term-numbered"
        else:
            with self.work.begin() as tx:
                doing(tx)
            self.terms.append(day)

    def refused(self, doing) -> str:
        try:
            with self.work.begin() as tx:
                doing(tx)
        except ArchiveFault as fault:
            assert fault.tell
            return fault.code
        return "done"

    @invariant()
    def the_register_is_the_one_on_paper(self) -> None:
        if not hasattr(self, "work"):
            return
        with self.work.reading() as tx:
            assert tx.numbers.faults() == []
            kept = [n for unit in "ps" for n in tx.numbers.book(unit, date.min, date.max)]
            assert tx.numbers.of_paper("given-up") is None

        def told(number: Number) -> tuple[object, ...]:
            return number.id, number.number, number.state.value, number.day, number.paper_id

        expected = {(one.id, self.number(one), one.state, one.day, one.paper) for one in self.lines()}
        assert {told(number) for number in kept} == expected
        assert len(kept) == len(expected)


Register.TestCase.settings = settings(
    max_examples=20, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestRegister = Register.TestCase
