"""Where a member is at home on a day, and what bars a procedure, with the sentence people read."""

from datetime import UTC, date, datetime, timedelta

import pytest

from records.days import Span
from records.membership import (
    SCOPE,
    TRANSFER_BARS,
    Mark,
    MarkKind,
    Membership,
    MembershipKind,
    Standing,
    scope_bar,
    transfer_bar,
)

TODAY = date(2026, 11, 23)
K = MembershipKind


def link(unit_id: str, since: int, until: int | None = None, kind: MembershipKind = K.OFFICIAL) -> Membership:
    end = None if until is None else TODAY + timedelta(days=until)
    span = Span(TODAY + timedelta(days=since), end)
    return Membership(
        unit_id, 1, "m", unit_id, kind, span, "", "", "x", datetime(2026, 1, 1, tzinfo=UTC), False
    )


def test_home_is_the_newest_branch_that_has_begun() -> None:
    standing = Standing(
        "m", (link("a", -90, -30), link("b", -20, -5), link("c", 5), link("t", -1, 9, K.TEMPORARY)), ()
    )
    homes = {day: standing.home(TODAY + timedelta(days=day)) for day in (-91, -90, -25, -20, 0, 5)}
    assert {day: home and home.unit_id for day, home in homes.items()} == {
        -91: None, -90: "a", -25: "a", -20: "b", 0: "b", 5: "c",
    }  # fmt: skip
    assert standing.link(K.OFFICIAL, TODAY) is None  # on the way
    assert [m.unit_id for m in standing.now(TODAY)] == ["b", "t"]


@pytest.mark.parametrize("rule", [*SCOPE, *TRANSFER_BARS], ids=lambda rule: rule.mark)
def test_a_bar_holds_on_its_days_and_says_what_to_do(rule) -> None:
    marked = Standing("m", (link("a", -9000),), (Mark("k", "m", rule.mark, Span(date(2020, 1, 1), TODAY)),))
    told = transfer_bar(marked, TODAY)
    assert told is not None
    assert (told.code, "Hãy" in told.tell, "{" in told.tell) == (rule.code, True, False)
    assert transfer_bar(marked, TODAY + timedelta(days=1)) is None  # the mark is over
    assert transfer_bar(marked, rule.days.since - timedelta(days=1)) is None  # the rule had not begun
    assert rule.source
    assert rule.grade in "PSM"


def test_who_is_gone_or_nowhere_is_told_so() -> None:
    gone = Standing("m", (link("a", -9),), (Mark("k", "m", MarkKind.ARMY, Span(TODAY)),), died_on=TODAY)
    assert scope_bar(gone, TODAY).code == "member-gone"
    assert scope_bar(gone, TODAY - timedelta(days=1)) is None
    assert scope_bar(Standing("m", (), (), left_on=TODAY), TODAY).code == "member-gone"
    assert transfer_bar(Standing("m", (link("a", -9, -1),), ()), TODAY).code == "member-without-branch"
