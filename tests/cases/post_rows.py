"""People in bodies: posts with days, delegations, and the one answer to who may act, on every database."""

from datetime import date, timedelta

import pytest

from records.acting import Form, PostRole
from records.days import Span
from records.errors import Conflict, Missing, Unfit
from storage.work import Work
from tests.cases.party import SINCE, TODAY, Party, PartyCases

R = PostRole
UNTIL = date(2026, 12, 31)


class PostRowCases(PartyCases):
    """What posts and delegations must do on every database."""

    def test_a_secretary_signs_for_the_collective_as_long_as_the_post_lasts(
        self, work: Work, party: Party
    ) -> None:
        with work.begin() as tx:
            first = party.holder(tx, "ward", R.SECRETARY, Span(SINCE, UNTIL), "BÍ THƯ")
            second = party.holder(tx, "ward", R.SECRETARY, Span(UNTIL + timedelta(days=1)), "BÍ THƯ")
        with work.reading() as tx:
            (now,) = tx.posts.who_may_act("ward", R.SECRETARY, TODAY)
            assert (now.account_id, now.form, now.title, now.by_account) == (first, Form.T_M, "BÍ THƯ", "")
            assert now.span == Span(SINCE, UNTIL)
            (then,) = tx.posts.who_may_act("ward", R.SECRETARY, UNTIL + timedelta(days=1))
            assert then.account_id == second
            assert tx.posts.who_may_act("ward", R.CLERK, TODAY) == ()
            with pytest.raises(Missing):
                tx.posts.who_may_act("ward", R.SECRETARY, SINCE - timedelta(days=1))

    def test_a_deputy_signs_in_the_place_of_the_secretary_while_both_hold(
        self, work: Work, party: Party
    ) -> None:
        span = Span(TODAY, TODAY + timedelta(days=10))
        with work.begin() as tx:
            head = party.holder(tx, "ward", R.SECRETARY)
            deputy = party.holder(tx, "ward", R.DEPUTY_SECRETARY, title="PHÓ BÍ THƯ")
            tx.posts.delegate("ward", R.SECRETARY, head, deputy, Form.K_T, span, "QĐ 5")
            given = tx.posts.who_may_act("ward", R.SECRETARY, TODAY)[1]
            assert (given.account_id, given.form, given.title, given.by_account) == (
                deputy, Form.K_T, "PHÓ BÍ THƯ", head,
            )  # fmt: skip
            assert given.span == span
            for day in (TODAY - timedelta(days=1), TODAY + timedelta(days=11)):
                assert len(tx.posts.who_may_act("ward", R.SECRETARY, day)) == 1
            mine = tx.posts.of_account(deputy, TODAY)[0]
            tx.posts.end_post(mine.id, TODAY + timedelta(days=3))
            assert len(tx.posts.who_may_act("ward", R.SECRETARY, TODAY + timedelta(days=3))) == 2
            assert len(tx.posts.who_may_act("ward", R.SECRETARY, TODAY + timedelta(days=4))) == 1
            tx.accounts.set_active(
                head, False
            )  # who is kept out acts no more, nor does whoever acts for them
            assert tx.posts.who_may_act("ward", R.SECRETARY, TODAY) == ()

    def test_the_head_of_an_office_signs_by_order_of_the_committee_above(
        self, work: Work, party: Party
    ) -> None:
        span = Span(TODAY, TODAY)
        with work.begin() as tx:
            head = party.holder(tx, "city", R.SECRETARY)
            chief = party.holder(tx, "office", R.HEAD, title="CHÁNH VĂN PHÒNG")
            made = tx.posts.delegate("city", R.SECRETARY, head, chief, Form.T_L, span)
            found = tx.posts.who_may_act("city", R.SECRETARY, TODAY)
            assert [(one.account_id, one.form) for one in found] == [(head, Form.T_M), (chief, Form.T_L)]
            assert tx.posts.who_may_act("office", R.HEAD, TODAY)[0].form is Form.OWN
            with pytest.raises(Conflict) as twice:
                tx.posts.delegate("city", R.SECRETARY, head, chief, Form.T_L, span)
            assert twice.value.code == "delegation-twice"
            tx.posts.end_delegation(made.id, TODAY - timedelta(days=1))
            assert len(tx.posts.who_may_act("city", R.SECRETARY, TODAY)) == 1
            with pytest.raises(Missing):
                tx.posts.end_delegation("ai", TODAY)

    def test_what_no_rule_allows_is_refused(self, work: Work, party: Party) -> None:
        span = Span(TODAY, UNTIL)
        with work.begin() as tx:
            head, deputy = party.holder(tx, "ward", R.SECRETARY), party.holder(tx, "ward", R.DEPUTY_SECRETARY)
            clerk, stranger = party.holder(tx, "ward", R.CLERK), party.holder(tx, "ward2", R.DEPUTY_SECRETARY)
            for arguments, code in (
                ((R.SECRETARY, head, deputy, Form.K_T, Span(TODAY)), "delegation-end"),
                ((R.SECRETARY, head, deputy, Form.K_T, Span(UNTIL, TODAY)), "span-order"),
                ((R.SECRETARY, head, deputy, Form.T_M, span), "delegation-form"),
                ((R.CLERK, clerk, deputy, Form.K_T, span), "delegation-form"),
                ((R.SECRETARY, deputy, deputy, Form.K_T, span), "delegation-giver"),
                ((R.SECRETARY, head, clerk, Form.K_T, span), "delegation-receiver"),
                ((R.SECRETARY, head, stranger, Form.K_T, span), "delegation-receiver"),
                ((R.SECRETARY, head, deputy, Form.T_L, span), "delegation-receiver"),
            ):
                with pytest.raises((Unfit, Conflict)) as fault:
                    tx.posts.delegate("ward", *arguments)
                assert fault.value.code == code
                assert fault.value.tell
            # a deputy with a delegation cannot pass it on
            tx.posts.delegate("ward", R.SECRETARY, head, deputy, Form.K_T, span)
            other = party.holder(tx, "ward", R.DEPUTY_SECRETARY)
            with pytest.raises(Conflict):
                tx.posts.delegate("ward", R.SECRETARY, deputy, other, Form.K_T, span)

    def test_one_secretary_a_day_and_only_roles_the_body_has(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            account = party.holder(tx, "ward", R.SECRETARY, Span(SINCE, TODAY))
            another = party.account(tx)
            for arguments, kind, code in (
                (("ward", another, R.SECRETARY, Span(TODAY)), Conflict, "post-taken"),
                (("ward", another, R.HEAD, Span(TODAY)), Unfit, "post-role"),
                (("office", another, R.SECRETARY, Span(TODAY)), Unfit, "post-role"),
                (("ward", another, R.CLERK, Span(TODAY, SINCE)), Unfit, "span-order"),
                (("ward", another, R.CLERK, Span(TODAY), "x" * 201), Unfit, "post-title"),
                (("ward", "ai", R.CLERK, Span(TODAY)), Missing, "not-found"),
                (("ai", another, R.CLERK, Span(TODAY)), Missing, "not-found"),
                (("ward", another, R.CLERK, Span(date(2020, 1, 1))), Missing, "not-found"),
            ):
                with pytest.raises(kind) as fault:
                    tx.posts.appoint(*arguments)
                assert fault.value.code == code
            tx.posts.appoint("ward", another, R.SECRETARY, Span(TODAY + timedelta(days=1)))
            tx.posts.appoint("ward", account, R.CLERK, Span(TODAY))
            tx.posts.appoint("ward", another, R.CLERK, Span(TODAY))
            with pytest.raises(Conflict):
                tx.posts.appoint("ward", account, R.CLERK, Span(SINCE))
            ended = tx.posts.of_account(account, TODAY)[0]
            with pytest.raises(Conflict) as late:
                tx.posts.end_post(ended.id, TODAY + timedelta(days=1))
            assert late.value.code == "post-ended"
            with pytest.raises(Unfit):
                tx.posts.end_post(ended.id, SINCE - timedelta(days=1))
            with pytest.raises(Missing):
                tx.posts.end_post("ai", TODAY)

    def test_nobody_acts_for_a_body_that_is_gone(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            account = party.holder(tx, "ward2", R.SECRETARY)
            tx.units.end("ward2", TODAY, "ward")
            assert len(tx.posts.who_may_act("ward2", R.SECRETARY, TODAY)) == 1
            assert tx.posts.of_account(account, TODAY + timedelta(days=1)) == []
            with pytest.raises(Missing):
                tx.posts.who_may_act("ward2", R.SECRETARY, TODAY + timedelta(days=1))
