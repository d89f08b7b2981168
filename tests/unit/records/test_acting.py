"""Who may act and in which form, as a pure question over posts, delegations and days."""

import doctest
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from records import acting as module
from records.acting import ROLE_NAMES, RULES, Delegation, Form, Post, PostRole, acting, roles_in
from records.days import Span
from records.units import System, Unit, UnitFacts, UnitLevel

TODAY = date(2026, 11, 23)
R = PostRole


def unit(level: UnitLevel = UnitLevel.UPPER, system: System = System.PARTY, **change: object) -> Unit:
    return Unit("u", system, UnitFacts(level, "Đảng bộ phường Sen"), Span(date(2018, 1, 1)), **change)  # type: ignore[arg-type]


def test_examples_in_the_text_are_true() -> None:
    tried = doctest.testmod(module)
    assert tried.attempted
    assert not tried.failed


def test_every_role_has_a_name_and_every_rule_a_source() -> None:
    assert set(ROLE_NAMES) == set(PostRole)
    for rule in RULES:
        assert rule.source
        assert rule.grade in "PSM"
        assert rule.role in roles_in(rule.system, next(iter(rule.levels)))


def test_a_form_is_offered_only_while_its_rule_is_in_force() -> None:
    post = Post("p", "u", "a", R.SECRETARY, "BÍ THƯ", Span(date(2018, 1, 1)))
    assert acting(unit(), R.SECRETARY, TODAY, [post], [])[0].form is Form.T_M
    assert acting(unit(), R.SECRETARY, date(2018, 1, 2), [post], [])[0].form is Form.OWN


def test_an_authority_of_the_state_is_headed_and_signs_its_own_way() -> None:
    head = Post("p", "u", "a", R.HEAD, "CHỦ TỊCH", Span(date(2018, 1, 1)))
    deputy = Post("q", "u", "b", R.DEPUTY_HEAD, "PHÓ CHỦ TỊCH", Span(date(2018, 1, 1)))
    given = Delegation("d", "u", R.HEAD, "a", "b", Form.K_T, Span(TODAY, TODAY))
    found = acting(unit(system=System.STATE), R.HEAD, TODAY, [head, deputy], [given])
    assert [(one.account_id, one.form) for one in found] == [("a", Form.T_M), ("b", Form.K_T)]


def test_nobody_acts_for_a_body_after_its_last_day() -> None:
    post = Post("p", "u", "a", R.SECRETARY, "", Span(date(2018, 1, 1)))
    assert acting(unit(last_day=TODAY - timedelta(days=1)), R.SECRETARY, TODAY, [post], []) == ()


SPANS = st.builds(
    lambda start, length: Span(TODAY + timedelta(days=start), TODAY + timedelta(days=start + length)),
    st.integers(-9, 9),
    st.integers(0, 9),
)
ACCOUNTS, ROLES, IDS = st.sampled_from("abc"), st.sampled_from(R), st.uuids().map(str)
PLACES = st.sampled_from(["u", "below"])
POSTS = st.lists(st.builds(Post, IDS, PLACES, ACCOUNTS, ROLES, st.just("T"), SPANS), max_size=8)
GIVEN = st.lists(
    st.builds(Delegation, IDS, st.just("u"), ROLES, ACCOUNTS, ACCOUNTS, st.sampled_from(Form), SPANS),
    max_size=8,
)


@given(POSTS, GIVEN, st.sampled_from(R), st.sampled_from(UnitLevel), st.sampled_from(System))
def test_nobody_acts_without_a_post_and_nobody_for_an_absent_giver(
    posts: list[Post], given_: list[Delegation], role: PostRole, level: UnitLevel, system: System
) -> None:
    found = acting(unit(level, system), role, TODAY, posts, given_)
    holders = {p.account_id for p in posts if p.unit_id == "u" and p.role is role and p.span.holds(TODAY)}
    assert {one.account_id for one in found if not one.by_account} == holders
    for one in found:
        assert one.span.holds(TODAY)
        if one.by_account:
            assert one.by_account in holders
            assert one.form in (Form.K_T, Form.T_L)
            assert any(p.account_id == one.account_id and p.span.holds(TODAY) for p in posts)
            assert any(
                d.to_account == one.account_id
                and d.form is one.form
                and d.role is role
                and d.span.holds(TODAY)
                for d in given_
            )
