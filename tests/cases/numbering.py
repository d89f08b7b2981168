"""Numbers of outgoing papers: in order, each once, none lost, dated as the rule says. For every database."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from procedures.number_holds import hold, lapse, lapse_due, use
from procedures.number_periods import begin_term, open_congress
from procedures.number_rules import Notation
from procedures.number_steps import Wish
from procedures.numbering import carry_on, describe, take, take_all, void
from records.clock import VIETNAM, new_id
from records.errors import ArchiveFault, Away, Conflict, Missing, NotAllowed, Unfit
from records.units import System
from storage.number_values import Entry, Number, NumberState, SeriesKey
from storage.work import Tx, Work
from tests.cases.database import Database
from tests.cases.races import MANY, codes, race

CLERK = "acc-clerk"
STATE = Wish("u-state", System.STATE, "Quyết định", Notation("UBND"), "", Entry("Về việc thử nghiệm"))
PARTY = Wish("u-party", System.PARTY, "Công văn", Notation("TU"), "", Entry("Về việc thử nghiệm"))
TODAY = date(2026, 11, 23)


def state(paper: object, **change: object) -> Wish:
    return replace(STATE, paper_id=f"p{paper}", **change)


def party(paper: object, **change: object) -> Wish:
    return replace(PARTY, paper_id=f"p{paper}", **change)


def written(numbers: list[Number]) -> list[str]:
    return [number.written for number in numbers]


def sound(tx: Tx) -> bool:
    return tx.numbers.faults() == []


def at(clock, *moment: int) -> None:
    """Turn the clock to a moment of Vietnamese time."""
    year, month, day, hour, minute = (*moment, 0, 0)[:5]
    clock.at = datetime(year, month, day, hour, minute, tzinfo=VIETNAM)


class NumberingCases:
    @pytest.fixture(autouse=True)
    def term(self, work: Work) -> str:
        with work.begin() as tx:
            return begin_term(tx, CLERK, "u-party", "Nhiệm kỳ 2025–2030", date(2025, 10, 18)).id

    # --- counting

    def test_each_body_and_type_counts_for_itself(self, work: Work) -> None:
        with work.begin() as tx:
            one = take(tx, CLERK, state(1))
            two = take(tx, CLERK, state(2))
            other_type = take(tx, CLERK, state(3, type_name="THÔNG BÁO"))
            letter = take(tx, CLERK, state(4, type_name="Công văn", notation=Notation("UBND", drafter="NC")))
            other_body = take(tx, CLERK, state(5, unit_id="u-other"))
            ours = take(tx, CLERK, party(6))
            inside = take(tx, CLERK, party(7, notation=Notation("TU", internal=True)))
            assert sound(tx)
        assert written([one, two, other_type, letter, other_body, ours, inside]) == [
            "01/QĐ-UBND", "02/QĐ-UBND", "01/TB-UBND", "01/UBND-NC", "01/QĐ-UBND", "01-CV/TU", "02-CV/TU/nb",
        ]  # fmt: skip
        assert (other_type.type_name, one.day, one.state) == ("Thông báo", TODAY, NumberState.ISSUED)

    def test_party_decisions_and_rules_are_both_written_qd_and_count_apart(self, work: Work) -> None:
        with work.begin() as tx:
            decision = take(tx, CLERK, party(1, type_name="Quyết định"))
            rule = take(tx, CLERK, party(2, type_name="Quy định"))
        assert written([decision, rule]) == ["01-QĐ/TU", "01-QĐ/TU"]

    def test_secret_papers_count_apart_for_the_state_only(self, work: Work) -> None:
        with work.begin() as tx:
            apart = [take(tx, CLERK, state(n, secret=n == 2)) for n in (1, 2, 3)]
            along = [take(tx, CLERK, party(n, secret=n == 5)) for n in (4, 5, 6)]
        assert [n.number for n in apart] == [1, 1, 2]
        assert [n.number for n in along] == [1, 2, 3]
        assert [n.secret for n in (*apart, *along)] == [False, True, False] * 2

    def test_a_congress_counts_all_types_together(self, work: Work) -> None:
        with work.begin() as tx:
            open_congress(tx, CLERK, "u-party", "Đại hội lần thứ XX", TODAY, date(2026, 11, 25))
            there = [
                take(tx, CLERK, party(n, type_name=kind, notation=Notation("ĐH"), congress=True))
                for n, kind in enumerate(("Nghị quyết", "Báo cáo", "Nghị quyết"))
            ]
            beside = take(tx, CLERK, party(9, type_name="Nghị quyết"))
            assert sound(tx)
        assert written(there) == ["01-NQ/ĐH", "02-BC/ĐH", "03-NQ/ĐH"]
        assert beside.written == "01-NQ/TU"

    def test_no_congress_no_number(self, work: Work, clock) -> None:
        for wish in (party(1, congress=True), state(1, congress=True)):
            with pytest.raises(Unfit) as fault, work.begin() as tx:
                take(tx, CLERK, wish)
            assert fault.value.code == "no-congress"

    def test_the_year_turns_at_midnight_in_vietnam(self, work: Work, clock) -> None:
        given = []
        for n, moment in enumerate([(2026, 12, 31, 23, 59), (2027, 1, 1, 0, 0), (2027, 1, 1, 6, 59)]):
            at(clock, *moment)
            with work.begin() as tx:
                given += [take(tx, CLERK, state(n)), take(tx, CLERK, party(f"q{n}"))]
        assert written(given[::2]) == ["01/QĐ-UBND", "01/QĐ-UBND", "02/QĐ-UBND"]
        assert [n.day for n in given[::2]] == [date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 1)]
        assert written(given[1::2]) == ["01-CV/TU", "02-CV/TU", "03-CV/TU"]

    def test_midnight_strikes_while_waiting_for_the_series(self, work: Work, clock, monkeypatch) -> None:
        at(clock, 2026, 12, 31, 23, 59)
        from storage.numbers import Numbers

        waited = Numbers.hold_series

        def slowly(self: Numbers, key: SeriesKey):
            held = waited(self, key)
            at(clock, 2027, 1, 1)
            return held

        monkeypatch.setattr(Numbers, "hold_series", slowly)
        with work.begin() as tx:
            late = take(tx, CLERK, state(1))
        assert (late.day, late.series.period) == (date(2027, 1, 1), "2027")

    def test_a_clock_that_runs_behind_gives_no_number(self, work: Work, clock) -> None:
        with work.begin() as tx:
            take(tx, CLERK, state(1))
        clock.turn(days=-1)
        with pytest.raises(Away) as fault, work.begin() as tx:
            take(tx, CLERK, state(2))
        assert fault.value.code == "clock-behind"

    def test_a_new_term_begins_at_one(self, work: Work, clock) -> None:
        with work.begin() as tx:
            take(tx, CLERK, party(1))
            begin_term(tx, CLERK, "u-party", "Nhiệm kỳ 2026–2031", date(2026, 11, 25))
            before = take(tx, CLERK, party(2))
        clock.turn(days=2)
        with work.begin() as tx:
            after = take(tx, CLERK, party(3))
            assert sound(tx)
        assert written([before, after]) == ["02-CV/TU", "01-CV/TU"]

    def test_terms_follow_each_other(self, work: Work, term: str) -> None:
        with work.begin() as tx:
            take(tx, CLERK, party(1))
            again = begin_term(tx, CLERK, "u-party", " Nhiệm kỳ  2025–2030", date(2025, 10, 18))
            assert again.id == term
        for name, begins, code in [
            ("Nhiệm kỳ 2020–2025", date(2020, 10, 1), "term-order"),
            ("Nhiệm kỳ khác", date(2025, 10, 18), "term-order"),
            ("Nhiệm kỳ sau", TODAY, "term-numbered"),
            ("Nhiệm kỳ sau", date(2206, 1, 1), "period-day"),
            ("", date(2026, 12, 1), "period-name"),
            ("x" * 201, date(2026, 12, 1), "period-name"),
        ]:
            with pytest.raises(ArchiveFault) as fault, work.begin() as tx:
                begin_term(tx, CLERK, "u-party", name, begins)
            assert fault.value.code == code
        with pytest.raises(Unfit) as none, work.begin() as tx:
            take(tx, CLERK, party(2, unit_id="u-without-term"))
        assert none.value.code == "no-term"

    def test_congresses_do_not_overlap(self, work: Work) -> None:
        with work.begin() as tx:
            made = open_congress(tx, CLERK, "u-party", "Đại hội", TODAY, date(2026, 11, 25))
            assert open_congress(tx, CLERK, "u-party", "Đại hội", TODAY, date(2026, 11, 25)) == made
        for begins, ends, code in [
            (date(2026, 11, 25), date(2026, 11, 26), "congress-overlaps"),
            (date(2026, 11, 20), date(2026, 12, 26), "congress-overlaps"),
            (date(2026, 12, 3), date(2026, 12, 2), "period-day"),
            (date(2026, 12, 3), date(2027, 12, 2), "period-day"),
        ]:
            with pytest.raises(ArchiveFault) as fault, work.begin() as tx:
                open_congress(tx, CLERK, "u-party", "Đại hội khác", begins, ends)
            assert fault.value.code == code

    def test_a_register_kept_on_paper_is_carried_on(self, work: Work) -> None:
        with work.begin() as tx:
            for _ in range(2):  # asked twice
                carry_on(tx, CLERK, PARTY, 1592, date(2026, 11, 20))
            assert take(tx, CLERK, party(1)).written == "1593-CV/TU"
            carry_on(tx, CLERK, PARTY, 1592, date(2026, 11, 20))
            assert sound(tx)
        for last, day, code in [
            (1600, date(2026, 11, 20), "series-begun"),
            (0, date(2026, 11, 20), "carry-on"),
            (10**7, date(2026, 11, 20), "carry-on"),
            (5, date(2026, 11, 24), "carry-on"),
        ]:
            with pytest.raises(ArchiveFault) as fault, work.begin() as tx:
                carry_on(tx, CLERK, PARTY, last, day)
            assert fault.value.code == code
        with pytest.raises(Unfit), work.begin() as tx:
            carry_on(tx, CLERK, STATE, 5, date(2025, 12, 31))

    # --- one paper, one number

    def test_a_paper_that_asks_again_is_told_its_number(self, work: Work, clock, database: Database) -> None:
        with work.begin() as tx:
            first = take(tx, CLERK, state(1))
        clock.turn(days=60)  # and a year
        with work.begin() as tx:
            assert take(tx, CLERK, state(1)) == first
            assert take(tx, CLERK, state(1, issued_on=first.day)) == first
            assert take(tx, CLERK, state(2)).number == 1
        assert database.events() == 3  # the term's, and two

    @pytest.mark.parametrize(
        "change",
        [
            {"type_name": "Thông báo"},
            {"unit_id": "u-other"},
            {"secret": True},
            {"notation": Notation("HĐND")},
            {"issued_on": date(2026, 11, 24)},
        ],
    )
    def test_a_paper_has_one_number(self, work: Work, change: dict[str, object]) -> None:
        with work.begin() as tx:
            take(tx, CLERK, state(1))
        with pytest.raises(Conflict) as fault, work.begin() as tx:
            take(tx, CLERK, state(1, **change))
        assert fault.value.code == "paper-numbered"
        assert "01/QĐ-UBND" in fault.value.tell

    def test_many_at_once_come_in_order_or_not_at_all(self, work: Work) -> None:
        wishes = [state(n, type_name=("Quyết định", "Thông báo")[n % 2]) for n in range(6)]
        with work.begin() as tx:
            given = take_all(tx, CLERK, [*wishes, wishes[0]])
        assert [n.number for n in given] == [1, 1, 2, 2, 3, 3, 1]
        assert [n.paper_id for n in given[:6]] == [w.paper_id for w in wishes]
        bad = state(9, type_name="Kết luận")  # a Party type
        with pytest.raises(Unfit) as fault, work.begin() as tx:
            take_all(tx, CLERK, [state(7), bad])
        assert fault.value.code == "type-without-number"
        with work.begin() as tx:
            assert take_all(tx, CLERK, []) == []
            assert take(tx, CLERK, state(8)).number == 4
            with pytest.raises(ValueError, match="without a paper"):
                take(tx, CLERK, STATE)

    def test_a_number_of_a_transaction_that_failed_is_not_taken(self, work: Work, database: Database) -> None:
        with pytest.raises(ZeroDivisionError), work.begin() as tx:
            take(tx, CLERK, state(1))
            raise ZeroDivisionError
        with work.begin() as tx:
            assert take(tx, CLERK, state(2)).number == 1
            assert sound(tx)
        assert database.events() == 2

    # --- dates

    def test_a_paper_is_dated_the_day_it_is_numbered(self, work: Work) -> None:
        with pytest.raises(Conflict) as late, work.begin() as tx:
            take(tx, CLERK, state(1, issued_on=date(2026, 11, 20)))
        assert late.value.code == "number-back-dated"
        assert "Điều 15" in late.value.tell
        with pytest.raises(Unfit) as early, work.begin() as tx:
            take(tx, CLERK, state(1, issued_on=date(2026, 11, 24)))
        assert early.value.code == "number-future"
        with work.begin() as tx:
            assert take(tx, CLERK, state(1, issued_on=TODAY)).number == 1

    # --- holding

    def hold(
        self, work: Work, wish: Wish = STATE, until: date = date(2026, 12, 10), holder: str = "acc-a"
    ) -> str:
        hold_id = new_id()
        with work.begin() as tx:
            hold(tx, CLERK, wish, hold_id, holder, "Chờ ý kiến cuộc họp", until)
        return hold_id

    def test_a_held_number_waits_and_the_next_goes_on(self, work: Work, clock) -> None:
        held = self.hold(work)
        with work.begin() as tx:
            again = hold(tx, CLERK, STATE, held, "acc-a", "Chờ", date(2026, 12, 10))
            assert (again.number, again.state, again.paper_id) == (1, NumberState.HELD, "")
            assert again.hold is not None
            assert (again.hold.purpose, again.hold.since) == ("Chờ ý kiến cuộc họp", TODAY)
            assert take(tx, CLERK, state(1)).number == 2
            with pytest.raises(Conflict):
                hold(tx, CLERK, STATE, held, "acc-b", "Chờ", date(2026, 12, 10))
        with work.begin() as tx:
            used = use(tx, CLERK, held, state(2), "acc-a")
            assert use(tx, CLERK, held, state(2), "acc-a") == used
            assert (used.number, used.state, used.day, used.paper_id) == (1, NumberState.ISSUED, TODAY, "p2")
            assert tx.numbers.of_paper("p2") == used
            assert sound(tx)

    def test_an_earlier_date_only_between_the_neighbours(self, work: Work, clock) -> None:
        """Held on the 23rd, the next one issued on the 25th, used on the 27th."""
        held = self.hold(work)
        clock.turn(days=2)
        with work.begin() as tx:
            take(tx, CLERK, state(1))
        clock.turn(days=2)
        for day in (date(2026, 11, 22), date(2026, 11, 26), None):
            with pytest.raises(Conflict) as fault, work.begin() as tx:
                use(tx, CLERK, held, state(2, issued_on=day), "acc-a")
            assert fault.value.code == "number-out-of-order"
            assert "từ 23/11/2026 đến 25/11/2026" in fault.value.tell
        with pytest.raises(Unfit), work.begin() as tx:
            use(tx, CLERK, held, state(2, issued_on=date(2026, 11, 28)), "acc-a")
        with work.begin() as tx:
            assert use(tx, CLERK, held, state(2, issued_on=date(2026, 11, 24)), "acc-a").day == date(
                2026, 11, 24
            )

    def test_a_held_number_may_be_dated_today_when_nothing_follows_it(self, work: Work, clock) -> None:
        held = self.hold(work, PARTY)
        clock.turn(days=2)
        with work.begin() as tx:
            assert use(tx, CLERK, held, party(1), "acc-a").day == date(2026, 11, 25)
        with pytest.raises(Conflict) as fault, work.begin() as tx:  # its day counts for the term, too
            begin_term(tx, CLERK, "u-party", "Nhiệm kỳ sau", date(2026, 11, 25))
        assert fault.value.code == "term-numbered"

    def test_what_a_held_number_is_not_for(self, work: Work) -> None:
        held = self.hold(work)
        for wish, holder, kind in [
            (state(1), "acc-b", NotAllowed),
            (state(1, type_name="Thông báo"), "acc-a", Unfit),
            (state(1, notation=Notation("HĐND")), "acc-a", Unfit),
            (state(1, secret=True), "acc-a", Unfit),
            (state(1, unit_id="u-other"), "acc-a", Missing),  # another body's looks absent
            (state(1, entry=Entry("")), "acc-a", Unfit),
        ]:
            with pytest.raises(kind), work.begin() as tx:
                use(tx, CLERK, held, wish, holder)
        with work.begin() as tx:
            take(tx, CLERK, state(2))
            with pytest.raises(Conflict) as has:
                use(tx, CLERK, held, state(2), "acc-a")
            assert has.value.code == "paper-numbered"
            with pytest.raises(ValueError, match="for a paper"):
                use(tx, CLERK, held, STATE, "acc-a")

    @pytest.mark.parametrize("until", [date(2026, 11, 22), date(2027, 1, 1)])
    def test_a_number_is_held_within_its_year(self, work: Work, until: date) -> None:
        with pytest.raises(Unfit) as fault, work.begin() as tx:
            hold(tx, CLERK, STATE, new_id(), "acc-a", "Chờ", until)
        assert fault.value.code == "hold-until"
        with pytest.raises(Unfit) as why, work.begin() as tx:
            hold(tx, CLERK, STATE, new_id(), "acc-a", " \n", date(2026, 12, 1))
        assert why.value.code == "reason-missing"

    def test_a_hold_that_lapsed_is_struck_out_and_stays(self, work: Work, clock, database: Database) -> None:
        gone, stays = self.hold(work, until=TODAY), self.hold(work)
        clock.turn(days=1)
        with pytest.raises(Conflict) as late, work.begin() as tx:
            use(tx, CLERK, gone, state(1), "acc-a")
        assert late.value.code == "hold-lapsed"
        with work.begin() as tx:
            assert [n.id for n in lapse(tx)] == [gone]
            assert lapse(tx) == []
            assert take(tx, CLERK, state(1)).number == 3
            struck = tx.numbers.get("u-state", gone)
            assert (struck.number, struck.state, struck.void_on) == (1, NumberState.VOID, date(2026, 11, 24))
            assert "Hết hạn giữ số ngày 23/11/2026" in struck.void_reason
            assert tx.numbers.get("u-state", stays).state is NumberState.HELD
            assert sound(tx)
        assert database.events() == 5

    def test_the_patrol_strikes_out_slice_by_slice_and_writes_nothing_when_nothing_is_over(
        self, work: Work, clock, database: Database
    ) -> None:
        gone = [self.hold(work, until=TODAY) for _ in range(3)]
        assert lapse_due(work) == 0  # its last day is not over yet
        clock.turn(days=1)
        before = database.events()
        assert [lapse_due(work, limit=2) for _ in range(3)] == [2, 1, 0]
        assert database.events() == before + 3
        with work.reading() as tx:
            assert {tx.numbers.get("u-state", one).state for one in gone} == {NumberState.VOID}
            assert sound(tx)

    # --- striking out

    def test_a_void_number_keeps_its_line_and_is_never_given_again(self, work: Work) -> None:
        with work.begin() as tx:
            one, two = take(tx, CLERK, state(1)), take(tx, CLERK, state(2))
            struck = void(tx, CLERK, "u-state", one.id, "Ban hành nhầm")
            assert void(tx, CLERK, "u-state", one.id, "Lý do khác") == struck
            assert (struck.state, struck.void_reason, struck.paper_id) == (
                NumberState.VOID,
                "Ban hành nhầm",
                "p1",
            )
            anew = take(tx, CLERK, state(1))
            assert [n.number for n in (two, anew)] == [2, 3]
            assert [n.number for n in tx.numbers.book("u-state", TODAY, TODAY)] == [1, 2, 3]
            assert sound(tx)
        for unit, reason, kind in [
            ("u-state", "", Unfit),
            ("u-state", "x" * 501, Unfit),
            ("u-other", "Sai", Missing),
        ]:
            with pytest.raises(kind), work.begin() as tx:
                void(tx, CLERK, unit, two.id, reason)
        with pytest.raises(Missing), work.begin() as tx:
            void(tx, CLERK, "u-state", "none", "Sai")

    def test_a_held_number_may_be_struck_out_and_then_not_used(self, work: Work) -> None:
        held = self.hold(work)
        with work.begin() as tx:
            void(tx, CLERK, "u-state", held, "Không ban hành nữa")
            with pytest.raises(Conflict) as fault:
                use(tx, CLERK, held, state(1), "acc-a")
            assert fault.value.code == "number-not-held"

    # --- the line

    def test_a_line_tells_who_has_the_paper(self, work: Work, clock) -> None:
        with work.begin() as tx:
            line = take(
                tx, CLERK, state(1, entry=Entry("Về  việc\nthử", recipients="Như trên; Lưu: VT", copies=5))
            )
        assert line.entry.subject == "Về việc thử"
        clock.turn(days=1)
        told = replace(line.entry, sent_on=date(2026, 11, 24), received_by="Bưu điện", keeper="Văn thư")
        with work.begin() as tx:
            assert describe(tx, CLERK, "u-state", line.id, told).entry == told
            describe(tx, CLERK, "u-state", line.id, told)
        for odd in [
            replace(told, sent_on=date(2026, 11, 22)),
            replace(told, sent_on=date(2026, 11, 25)),
            replace(told, subject="\x00"),
            replace(told, subject="x" * 501),
            replace(told, copies=-1),
            replace(told, copies=1000),
        ]:
            with pytest.raises(Unfit) as fault, work.begin() as tx:
                describe(tx, CLERK, "u-state", line.id, odd)
            assert fault.value.code == "register-entry"
        with work.begin() as tx:
            held = self_held(tx)
            with pytest.raises(Conflict):
                describe(tx, CLERK, "u-state", held, told)

    def test_hostile_words_are_kept_as_words(self, work: Work) -> None:
        words = "'); DROP TABLE numbers; -- \x00\ud800=1+1 Nghị quyết"
        with work.begin() as tx:
            line = take(tx, CLERK, state("'\"", entry=Entry(words, note="x\x07y")))
        assert line.entry.subject == "'); DROP TABLE numbers; -- =1+1 Nghị quyết"
        assert line.entry.note == "xy"

    # --- many at once

    def test_writers_race_for_one_new_series(self, work: Work, database: Database) -> None:
        def write(writer: int) -> list[int]:
            got = []
            for turn in range(6):
                try:
                    with work.begin() as tx:
                        number = take(tx, CLERK, state(f"{writer}-{turn}")).number
                        if (writer + turn) % 4 == 0:
                            raise ZeroDivisionError
                    got.append(number)
                except ZeroDivisionError:
                    continue
            return got

        given = race(write)
        assert all(mine == sorted(mine) for mine in given)
        every = sorted(n for mine in given for n in mine)
        assert every == list(range(1, len(every) + 1))
        with work.reading() as tx:
            assert sound(tx)
        assert database.events() == len(every) + 1

    def test_one_paper_asked_for_by_many_gets_one_number(self, work: Work) -> None:
        given = race(lambda _: _in_one(work, lambda tx: take(tx, CLERK, state(1)).number))
        assert given == [1] * MANY
        types = ("Quyết định", "Thông báo")
        ends = race(
            lambda n: _in_one(work, lambda tx: take(tx, CLERK, state(2, type_name=types[n % 2])).number)
        )
        assert codes(ends) == {"done": MANY // 2, "paper-numbered": MANY // 2}

    def test_a_held_number_is_used_or_struck_out_once(self, work: Work) -> None:
        held = self.hold(work)

        def use_or_void(n: int) -> str:
            with work.begin() as tx:
                if n == 0:
                    return void(tx, CLERK, "u-state", held, "Thôi").state
                return use(tx, CLERK, held, state(n), "acc-a").paper_id

        ends = race(use_or_void)
        used = [end for end in ends[1:] if isinstance(end, str)]
        assert len(used) <= 1
        assert set(codes(ends)) <= {"done", "number-not-held"}
        with work.reading() as tx:
            assert tx.numbers.get("u-state", held).state is NumberState.VOID

    def test_a_term_begins_before_or_after_a_number_never_across(self, work: Work) -> None:
        def begin_or_take(n: int) -> str:
            with work.begin() as tx:
                if n == 0:
                    return begin_term(tx, CLERK, "u-party", "Nhiệm kỳ sau", TODAY).id
                return take(tx, CLERK, party(n)).series.period

        ends = race(begin_or_take)
        begun = ends[0] if isinstance(ends[0], str) else None
        assert begun is not None or ends[0].code == "term-numbered"
        assert all((period == begun) is (begun is not None) for period in ends[1:])

    # --- an inspector

    def test_an_inspector_finds_what_was_done_past_us(self, work: Work, database: Database) -> None:
        with work.begin() as tx:
            lines = [take(tx, CLERK, state(n)) for n in range(3)]
            take(tx, CLERK, party(9))
        database.ask(f"DELETE FROM numbers WHERE id = '{lines[1].id}'")
        with work.reading() as tx:
            (fault,) = tx.numbers.faults()
            assert (fault.series.key.unit_id, fault.series.last, fault.lines) == ("u-state", 3, 2)
            assert tx.numbers.faults("u-party") == []
        with pytest.raises(
            Exception, match=r"(?i)unique"
        ):  # no second line under one number, whoever writes it
            database.ask(f"UPDATE numbers SET number = 1 WHERE id = '{lines[2].id}'")


def self_held(tx: Tx) -> str:
    return hold(tx, CLERK, STATE, new_id(), "acc-a", "Chờ", date(2026, 12, 1)).id


def _in_one(work: Work, step):
    with work.begin() as tx:
        return step(tx)
