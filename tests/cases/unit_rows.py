"""Bodies in a tree that changes with the days: renamed, moved, merged, and what was before stays true of its time."""

import threading
from dataclasses import replace
from datetime import date, timedelta

import pytest

from records.days import Span
from records.errors import Away, Conflict, Missing, Unfit
from records.units import System, UnitFacts, UnitLevel
from storage.units import NewUnit
from storage.work import Work
from tests.cases.party import SINCE, TODAY, Party, PartyCases, new_units

LATER = date(2026, 3, 1)


class UnitRowCases(PartyCases):
    """What the bodies must do on every database."""

    def test_a_tree_comes_back(self, work: Work, party: Party) -> None:
        with work.reading() as tx:
            assert len(tx.units.all_on(TODAY)) == 8
            assert [u.id for u in tx.units.all_on(TODAY, "ward")] == ["base", "branch", "branch2"]
            assert [u.id for u in tx.units.above("branch", TODAY)] == ["base", "ward", "city"]
            found = tx.units.by_code("38168053000001", TODAY)
            assert found is not None
            assert (found.id, found.facts.code) == ("branch", "38.168.053.000.001")
            assert tx.units.by_code("38.168.053.000.009", TODAY) is None
            assert tx.units.all_on(SINCE - timedelta(days=1)) == []
            for unit_id, day in (("branch", SINCE - timedelta(days=1)), ("ai", TODAY), ("\x00", TODAY)):
                with pytest.raises(Missing):
                    tx.units.get(unit_id, day)

    def test_a_rename_keeps_what_was_before(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            before = tx.units.get("branch", TODAY)
            after = tx.units.change("branch", replace(before.facts, name="Chi bộ Tổ Tự nhiên"), LATER, "QĐ 2")
        assert after.span == Span(LATER)
        with work.reading() as tx:
            assert tx.units.get("branch", LATER - timedelta(days=1)).name == "Chi bộ Tổ Toán"
            assert tx.units.get("branch", LATER).name == "Chi bộ Tổ Tự nhiên"
            spans = [unit.span for unit in tx.units.history("branch")]
        assert spans == [Span(SINCE, LATER - timedelta(days=1)), Span(LATER)]

    def test_a_move_changes_what_is_above_from_its_day_on(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            facts = tx.units.get("base", TODAY).facts
            tx.units.change("base", replace(facts, parent_id="ward2"), LATER)
        with work.reading() as tx:
            assert [u.id for u in tx.units.above("branch", LATER)] == ["base", "ward2", "city"]
            assert [u.id for u in tx.units.above("branch", LATER - timedelta(days=1))] == [
                "base",
                "ward",
                "city",
            ]
            assert tx.units.all_on(LATER, "ward") == []

    def test_a_merged_body_is_gone_and_those_under_it_hang_elsewhere(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            ended = tx.units.end("ward", LATER, "ward2", "QĐ sáp nhập")
        assert (ended.last_day, ended.successor_id) == (LATER, "ward2")
        with work.reading() as tx:
            assert tx.units.get("ward", LATER).successor_id == "ward2"
            with pytest.raises(Missing):
                tx.units.get("ward", LATER + timedelta(days=1))
            assert [u.id for u in tx.units.above("branch", TODAY)] == ["base", "ward2", "city"]
            assert [u.id for u in tx.units.above("branch", LATER)] == ["base", "ward", "city"]
        with work.begin() as tx:
            for again in (
                lambda: tx.units.end("ward", TODAY, "ward2"),
                lambda: tx.units.change("ward", tx.units.get("ward", LATER).facts, TODAY),
                lambda: tx.units.add(
                    System.PARTY, UnitFacts(UnitLevel.BASE, "Đảng bộ Chợ", parent_id="ward"), SINCE
                ),
            ):
                with pytest.raises(Conflict) as gone:
                    again()
                assert gone.value.code == "unit-ended"

    def test_a_body_with_something_in_it_does_not_vanish(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            with pytest.raises(Conflict) as full:
                tx.units.end("base", LATER)
            assert full.value.code == "unit-not-empty"
            party.member(tx, "branch")
            with pytest.raises(Conflict) as peopled:
                tx.units.end("branch", TODAY, "branch2")
            assert peopled.value.code == "unit-has-members"
            assert "1 đảng viên" in peopled.value.tell

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"parent_id": "branch"}, "unit-place"),
            ({"parent_id": "base"}, "unit-place"),
            ({"parent_id": None, "level": UnitLevel.BRANCH}, "unit-place"),
            ({"level": UnitLevel.BRANCH}, "unit-children"),
            ({"code": "38.169.001"}, "unit-code-taken"),
            ({"code": "38.16"}, "unit-code"),
            ({"name": " "}, "unit-name"),
            ({"name": "x" * 201}, "unit-name"),
            ({"name": "Chi\x00bộ"}, "unit-name"),
            ({"abbreviation": "Đ U"}, "unit-abbreviation"),
            ({"abbreviation": "../x"}, "unit-abbreviation"),
        ],
    )
    def test_a_change_that_cannot_be_changes_nothing(
        self, work: Work, party: Party, change: dict[str, object], code: str
    ) -> None:
        with work.begin() as tx:
            facts = tx.units.get("base", TODAY).facts
            with pytest.raises((Unfit, Conflict)) as fault:
                tx.units.change("base", replace(facts, **change), LATER)
        assert fault.value.code == code
        assert fault.value.tell
        with work.reading() as tx:
            assert len(tx.units.history("base")) == 1

    def test_a_body_never_hangs_under_itself(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            deep = tx.units.add(
                System.PARTY, UnitFacts(UnitLevel.BODY, "Phòng Tổng hợp", parent_id="office"), SINCE
            )
            facts = tx.units.get("office", TODAY).facts
            with pytest.raises(Unfit) as fault:
                tx.units.change("office", replace(facts, parent_id=deep.id), LATER)
        assert fault.value.code == "unit-place"

    def test_changes_come_in_the_order_of_their_days(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            facts = tx.units.get("base", TODAY).facts
            tx.units.change("base", replace(facts, name="Đảng bộ Trường Sen Mới"), LATER)
            for act in (
                lambda: tx.units.change("base", facts, LATER),
                lambda: tx.units.end("base", LATER - timedelta(days=2), "far"),
            ):
                with pytest.raises(Conflict) as fault:
                    act()
                assert fault.value.code == "unit-change-order"

    def test_a_code_is_free_again_when_its_body_is_gone(self, work: Work, party: Party) -> None:
        twin = NewUnit(System.PARTY, UnitFacts(UnitLevel.BRANCH, "Chi bộ Mới", code="38.168.053.000.002",
                                               parent_id="base"), LATER)  # fmt: skip
        with work.begin() as tx:
            with pytest.raises(Conflict) as taken:
                tx.units.add_many([twin])
            assert taken.value.code == "unit-code-taken"
            assert "Chi bộ Tổ Văn" in taken.value.tell
            tx.units.end("branch2", LATER - timedelta(days=1))
            made = tx.units.add_many([twin])[0]
            assert tx.units.by_code("38.168.053.000.002", TODAY) == made

    def test_state_bodies_have_no_code_and_no_party_level(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            board = tx.units.add(
                System.STATE, UnitFacts(UnitLevel.UPPER, "UBND phường Sen", "", "UBND"), SINCE
            )
            tx.units.add(System.STATE, UnitFacts(UnitLevel.BODY, "Phòng Văn hóa", parent_id=board.id), SINCE)
            for facts, code in (
                (UnitFacts(UnitLevel.UPPER, "UBND phường Lúa", code="38.170"), "unit-code"),
                (UnitFacts(UnitLevel.BRANCH, "Tổ"), "unit-level"),
                (UnitFacts(UnitLevel.BODY, "Phòng Y tế", parent_id="ward"), "unit-place"),
            ):
                with pytest.raises(Unfit) as fault:
                    tx.units.add(System.STATE, facts, SINCE)
                assert fault.value.code == code

    def test_all_of_a_list_or_none(self, work: Work) -> None:
        bad = [
            *new_units(),
            NewUnit(System.PARTY, UnitFacts(UnitLevel.BRANCH, "Chi bộ Lạc", parent_id="ai"), SINCE),
        ]
        with pytest.raises(Missing), work.begin() as tx:
            tx.units.add_many(bad)
        with work.reading() as tx:
            assert tx.units.all_on(TODAY) == []

    def test_one_code_for_one_of_two_writers(self, work: Work, party: Party) -> None:
        ends: list[str] = []

        def write() -> None:
            facts = UnitFacts(UnitLevel.BRANCH, "Chi bộ Tổ Anh", code="38.168.053.000.003", parent_id="base")
            try:
                with work.begin() as tx:
                    tx.units.add(System.PARTY, facts, SINCE)
                ends.append("done")
            except (Conflict, Away) as fault:
                ends.append(fault.code)

        writers = [threading.Thread(target=write) for _ in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert sorted(ends) == ["done", *["unit-code-taken"] * 3]
