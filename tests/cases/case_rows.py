"""Cases as rows: kept as they are, moved by whoever knew the newest revision, history and versions never changed."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from records.case import Box, Case, CaseMove, CasePaper, Channel, Draft, Signed, Struck
from records.clock import new_id
from records.errors import Conflict, Missing
from records.parties import parties_for
from storage.work import Work
from tests.cases.races import codes, race

DRAFT = Draft("Dự thảo.docx", "received/aa/1.docx", "a" * 64, 12)
BOX = Box(1, "home", "u1", "u2", "Kính chuyển", "acc", "secretary", "T/M", date(2026, 11, 23))
PAPER = CasePaper(
    1,
    "letter",
    "12-GTSHĐ",
    date(2026, 11, 23),
    "b" * 64,
    (Signed("official", "a" * 64, "b" * 64, "s1"),),
    (BOX, replace(BOX, ordinal=2, struck=(Struck("u3", "Nhầm", "Sai nơi nhận", "acc", date(2026, 11, 24)),))),
    "Ô 1 sai",
)


def a_case(work: Work, **parts: object) -> Case:
    now = work.clock.now()
    made = Case(
        id=new_id(),
        procedure="official-transfer",
        version=1,
        state="draft",
        revision=1,
        channel=Channel.ELECTRONIC,
        member_id="m1",
        opened_by="acc",
        opened_at=now,
        moved_at=now,
        bodies={"home": ("u1",), "consulted": ("u9", "u2", "u5"), "host": ("u7",)},
        reached=frozenset({"home", "consulted"}),
        form={"name": "Lan", "year": 2026, "again": False},
        draft=DRAFT,
        form_version=1,
        papers=(PAPER, CasePaper(2, "letter")),
        entered={"draft": now},
    )
    return replace(made, **parts)  # type: ignore[arg-type]


def a_move(case: Case, **parts: object) -> CaseMove:
    line = CaseMove(
        case.revision, "save", "", case.state, "acc", "home", "u1", "secretary", "T/M", Channel.PAPER, "Đồng ý\n",
        {"scan": "d1"}, case.form_version, case.moved_at, f"k{case.revision}",
    )  # fmt: skip
    return replace(line, **parts)  # type: ignore[arg-type]


def after(case: Case, **parts: object) -> Case:
    moved = replace(case, revision=case.revision + 1, moved_at=case.moved_at + timedelta(seconds=1))
    return replace(moved, **parts)  # type: ignore[arg-type]


class CaseRowCases:
    """What the rows must do on every database."""

    @pytest.fixture
    def case(self, work: Work) -> Case:
        case = a_case(work)
        with work.begin() as tx:
            tx.cases.add(case, a_move(case))
        return case

    def test_a_case_is_kept_as_it_is(self, work: Work, case: Case) -> None:
        with work.reading() as tx:
            assert tx.cases.get(case.id) == case
            assert tx.cases.history(case.id) == [a_move(case)]
            (version,) = tx.cases.versions(case.id)
            assert (version.number, version.form, version.draft, version.made_by) == (
                1,
                case.form,
                DRAFT,
                "acc",
            )
            assert tx.cases.opened_under("acc", "k1") == case
            assert tx.cases.opened_under("other", "k1") is None
            assert tx.cases.move_under(case.id, "k1") == a_move(case)
            assert tx.cases.move_under(case.id, "k2") is None
            with pytest.raises(Missing):
                tx.cases.get("none")

    def test_moves_are_added_and_versions_only_when_something_changed(self, work: Work, case: Case) -> None:
        second = after(case, state="submitted", bodies={"home": ("u8",)}, reached=frozenset({"home"}))
        third = after(second, form={"name": "Lân"}, draft=None, form_version=2, papers=(), ended=True)
        with work.begin() as tx:
            tx.cases.move(case, second, a_move(second))
            tx.cases.move(second, third, a_move(third))
        with work.reading() as tx:
            assert tx.cases.get(case.id) == third
            assert [move.ordinal for move in tx.cases.history(case.id)] == [1, 2, 3]
            assert [(v.number, v.ordinal, v.form) for v in tx.cases.versions(case.id)] == [
                (1, 1, case.form),
                (2, 3, third.form),
            ]

    def test_who_knew_an_older_revision_changes_nothing(self, work: Work, case: Case) -> None:
        second = after(case, state="submitted")
        with work.begin() as tx:
            tx.cases.move(case, second, a_move(second))
        with pytest.raises(Conflict) as late, work.begin() as tx:
            tx.cases.move(case, after(case, state="withdrawn"), a_move(case, key="other"))
        assert late.value.code == "case-moved"
        with work.reading() as tx:
            assert tx.cases.get(case.id) == second
            assert len(tx.cases.history(case.id)) == 2

    def test_one_of_many_at_once_moves_it(self, work: Work, case: Case) -> None:
        def step(number: int) -> None:
            with work.begin() as tx:
                seen = tx.cases.get(case.id)
                if seen.revision != case.revision:
                    raise Conflict("late", code="case-moved")
                moved = after(case, state=f"s{number}")
                tx.cases.move(case, moved, a_move(moved, key=f"n{number}"))

        assert codes(race(step)) == {"done": 1, "case-moved": 7}
        with work.reading() as tx:
            assert len(tx.cases.history(case.id)) == 2

    def test_one_opening_under_one_key(self, work: Work) -> None:
        def open_one(_: int) -> None:
            mine = a_case(work)
            with work.begin() as tx:
                tx.cases.add(mine, a_move(mine, key="same"))

        assert codes(race(open_one)) == {"done": 1, "case-opened": 7}

    def test_lists_show_what_may_be_seen_and_nothing_else(self, work: Work, case: Case) -> None:
        other = a_case(
            work, member_id="", opened_by="else", procedure="outgoing-document", reached=frozenset()
        )
        with work.begin() as tx:
            tx.cases.add(other, a_move(other, key="e"))
        transfer = "official-transfer"

        def seen(account: str, member: str, units: dict[str, set[str]], *states: str) -> set[str]:
            with work.reading() as tx:
                acts = [(procedure, unit) for procedure, named in units.items() for unit in named]
                found, count = tx.cases.visible(parties_for(account, member, acts), states)
            assert count == len(found)
            return {one.id for one in found}

        assert seen("x", "", {}) == set()
        assert seen("x", "m1", {}) == {case.id}
        assert seen("acc", "", {}) == set()  # opened it for a member and acts there no more
        assert seen("else", "", {}) == {other.id}
        assert seen("x", "", {transfer: {"u1"}}) == seen("x", "", {transfer: {"u5"}}) == {case.id}
        assert seen("x", "", {transfer: {"u7"}}) == set()  # its turn has not come
        assert seen("x", "", {"outgoing-document": {"u1"}}) == set()
        assert seen("else", "m1", {transfer: {"u1"}}) == {case.id, other.id}
        assert seen("else", "m1", {}, "draft") == {case.id, other.id}
        assert seen("else", "m1", {}, "closed") == set()
        with work.reading() as tx:
            first, count = tx.cases.visible(parties_for("else", "m1", ()), limit=1)
            second, _ = tx.cases.visible(parties_for("else", "m1", ()), limit=1, offset=1)
        assert count == 2
        assert {first[0].id, second[0].id} == {case.id, other.id}
