"""Facts, roles and places as the books have them: posts and delegations by day, who is barred, wrong units."""

from datetime import date, timedelta

import pytest

from procedures.asking import Ask
from procedures.case_facts import demand_places, facts_of, line_of, person_of, signs_for
from procedures.case_members import follow_membership
from procedures.cases import CaseTools, open_case
from records.acting import Form, PostRole
from records.case import Acting, Facts, InName
from records.days import Span
from records.errors import Missing, Unfit
from records.membership import MarkKind
from records.units import System, UnitFacts, UnitLevel
from storage.work import Work
from tests.cases.party import SINCE, TODAY, Party, PartyCases
from tests.cases.procedure_world import CALENDAR, DEFINITIONS, TRANSFER_FORM

TRANSFER = DEFINITIONS.get("official-transfer", 1)
HOME = ("branch", "base", "ward")
SENDING = {"sending-branch": ("branch",), "sending-base": ("base",), "sending-upper": ("ward",)}
SOON = TODAY + timedelta(days=10)


class TestFacts(PartyCases):
    def test_a_member_in_a_branch(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            member = party.member(tx)
            assert facts_of(tx, member) == Facts(HOME)
            assert facts_of(tx, party.member(tx, None)) == Facts()
            with pytest.raises(Missing):
                facts_of(tx, "nobody")

    def test_a_branch_that_is_a_base_stands_twice_and_a_part_is_passed_over(
        self, work: Work, party: Party
    ) -> None:
        with work.begin() as tx:
            assert line_of(tx, "far", TODAY) == ("far", "far", "ward2")
            part = tx.units.add(
                System.PARTY, UnitFacts(UnitLevel.PART, "Đảng bộ bộ phận", parent_id="base"), SINCE
            )
            below = tx.units.add(
                System.PARTY, UnitFacts(UnitLevel.BRANCH, "Chi bộ Sâu", parent_id=part.id), SINCE
            )
            assert line_of(tx, below.id, TODAY) == (below.id, "base", "ward")

    @pytest.mark.parametrize(
        ("kind", "expected"),
        [
            (MarkKind.ARMY, Facts(HOME, "army")),
            (MarkKind.POLICE, Facts(HOME, "police")),
            (MarkKind.INSPECTION, Facts(HOME, under_inspection=True)),
            (MarkKind.COMPLAINT, Facts(HOME, under_inspection=True)),
        ],
    )
    def test_marks_count_on_their_days(
        self, work: Work, party: Party, kind: MarkKind, expected: Facts
    ) -> None:
        with work.begin() as tx:
            member, before = party.member(tx), party.member(tx)
            tx.marks.add(member, kind, Span(TODAY))
            tx.marks.add(before, kind, Span(SINCE, TODAY - timedelta(days=1)))
            assert facts_of(tx, member) == expected
            assert facts_of(tx, before) == Facts(HOME)

    def test_whoever_left_has_no_units(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            assert facts_of(tx, party.member(tx, left_on=TODAY)) == Facts()


class TestPersons(PartyCases):
    def test_posts_delegations_and_the_member_behind_the_account(self, work: Work, party: Party) -> None:
        span = Span(TODAY, SOON)
        with work.begin() as tx:
            head = party.holder(tx, "ward", PostRole.SECRETARY)
            deputy = party.holder(tx, "ward", PostRole.DEPUTY_SECRETARY)
            assert person_of(tx, deputy).acting == ()  # a deputy acts by delegation alone
            tx.posts.delegate("ward", PostRole.SECRETARY, head, deputy, Form.K_T, span)
            member = party.member(tx, account_id=head)
            person = person_of(tx, head)
            assert (person.account_id, person.member_id) == (head, member)
            assert Acting("ward", "secretary", InName.COMMITTEE, SINCE) in person.acting
            assert Acting("ward", "secretary", InName.DEPUTY, TODAY, SOON) in person_of(tx, deputy).acting
            names = [one.account_id for one in signs_for(tx, "ward", "secretary", TODAY)]
            assert names == [head, deputy]
            nobody = person_of(tx, party.account(tx))
            assert (nobody.member_id, nobody.acting) == ("", ())

    def test_clerks_and_officers_of_a_unit_that_is_gone_act_for_nobody(
        self, work: Work, party: Party
    ) -> None:
        with work.begin() as tx:
            clerk = party.holder(tx, "branch2", PostRole.CLERK)
            assert [one.role for one in person_of(tx, clerk).acting] == ["clerk"]
            tx.units.end("branch2", TODAY - timedelta(days=1))
            assert person_of(tx, clerk).acting == ()


class TestPlaces(PartyCases):
    @pytest.mark.parametrize(
        ("bodies", "code"),
        [
            ({"receiving-upper": ("ward2",)}, ""),
            ({"receiving-upper": ("ward2",), "receiving-base": ("far",), "receiving-branch": ("far",)}, ""),
            (
                {"receiving-upper": ("ward",), "receiving-base": ("base",), "receiving-branch": ("branch",)},
                "",
            ),
            ({"receiving-base": ("base",)}, ""),  # it came on paper: nobody is above it here
            ({"receiving-upper": ("ward2",), "receiving-base": ("base",)}, "unit-not-under"),
            ({"receiving-base": ("base",), "receiving-branch": ("far",)}, "unit-not-under"),
            ({"receiving-upper": ("city",), "receiving-base": ("base",)}, "unit-not-under"),
            ({"receiving-upper": ("base",)}, "unit-level-wrong"),
            ({"receiving-upper": ("office",)}, "unit-level-wrong"),
            ({"receiving-upper": ("no\x00such",)}, "unit-unknown"),
        ],
    )
    def test_each_unit_is_what_its_body_says(
        self, work: Work, party: Party, bodies: dict[str, tuple[str, ...]], code: str
    ) -> None:
        with work.reading() as tx:
            if not code:
                demand_places(tx, TRANSFER, bodies)
                return
            with pytest.raises(Unfit) as fault:
                demand_places(tx, TRANSFER, bodies)
            assert fault.value.code == code

    def test_a_case_is_opened_on_the_books_and_not_beside_them(self, work: Work, party: Party) -> None:
        tools = CaseTools(work, DEFINITIONS, CALENDAR, facts_of, demand_places, follow_membership)
        with work.begin() as tx:
            account = party.account(tx)
            member = party.member(tx, account_id=account)
            lan = person_of(tx, account)
        with pytest.raises(Unfit) as fault:
            wrong = {**SENDING, "sending-base": ("far",)}
            open_case(
                tools, lan, "official-transfer", Ask("open", "k1", bodies=wrong, values=TRANSFER_FORM), member
            )
        assert fault.value.code == "not-of-this-unit"
        case = open_case(
            tools, lan, "official-transfer", Ask("open", "k2", bodies=SENDING, values=TRANSFER_FORM), member
        )
        assert (case.state, case.opened_at.date() >= date(2026, 11, 22)) == ("draft", True)
