"""The rules of the procedures, walked through the pure machine: the whole chains, and everything they must refuse."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from procedures.case_said import DUTIES
from procedures.deadlines import due_now, last_day, measured
from procedures.machine import allowed_moves, may_see
from records.case import Channel, Facts, InName, Person, Signed, current
from records.clock import VIETNAM
from records.outcome import Done
from tests.cases.procedure_world import (
    APPROVE,
    BASE_ACCEPT,
    BASE_APPROVE,
    BODIES,
    CALENDAR,
    COMMENT_FORM,
    DOCUMENT_FORM,
    DRAFT,
    FACTS,
    LAN,
    MEMBER,
    PEOPLE,
    RECEIVE,
    SENDING,
    TEMPORARY_FORM,
    TO_REVIEW,
    TO_SEALED,
    TRANSFER_FORM,
    UPPER_ACCEPT,
    Walker,
    official,
    person,
    sha,
)


def in_transit(**parts: object) -> Walker:
    walker = official(**parts)
    walker.walk(f"{TO_REVIEW}, {TO_SEALED}, clerk@ct-di send-letter", **BODIES)
    return walker


def test_the_whole_chain_of_an_official_transfer() -> None:
    walker = in_transit()
    walker.walk(RECEIVE, **BODIES)
    case = walker.case
    assert (case.state, case.ended) == ("closed", True)
    assert walker.definition.states["closed"].membership == "moved"
    letter = current(case)
    assert letter is not None
    assert (letter.number, letter.dated) == ("12-GTSHĐ", date(2026, 11, 23))
    assert [(box.ordinal, box.unit_id, box.to_unit_id) for box in letter.boxes] == [
        (1, "cb-di", "cs-di"), (2, "cs-di", "ct-di"), (3, "ct-di", "ct-den"),
        (4, "ct-den", "cs-den"), (5, "cs-den", "cb-den"), (6, "cb-den", ""),
    ]  # fmt: skip
    assert [one.profile for one in letter.signed] == ["hop", "hop-seal"] * 6
    assert [(box.ordinal, box.number) for box in letter.boxes] == [(n, n) for n in range(1, 7)]
    assert [moved.move.ordinal for moved in walker.moves] == list(range(1, len(walker.moves) + 1))
    assert all(not allowed_moves(walker.definition, case, one, walker.world) for one in PEOPLE.values())


def test_nobody_sees_a_case_before_its_turn_has_come_to_them() -> None:
    walker = official()

    def seen_by() -> set[str]:
        return {n for n, one in PEOPLE.items() if may_see(walker.definition, walker.case, one, walker.world)}

    branch = {"secretary@cb-di", "officer@cb-di", "clerk@cb-di"}
    walker.go("lan", "save", values={"new_place": "Chi bộ 6"})
    assert seen_by() == {"lan", *branch}  # the branch's officer may help with the form
    walker.walk("lan submit, secretary@cb-di take")
    assert not any("cs-di" in one or "den" in one for one in seen_by())
    walker.go("secretary@cb-di", "branch-approve")
    assert {"secretary@cs-di"} < seen_by()
    walker.walk(f"clerk@cb-di seal-box-branch, {BASE_APPROVE}, clerk@ct-di number-letter", **BODIES)
    assert not any("den" in one for one in seen_by())
    gone = replace(
        PEOPLE["officer@cb-di"],
        acting=(replace(PEOPLE["officer@cb-di"].acting[0], until=date(2026, 11, 22)),),
    )
    assert not may_see(walker.definition, walker.case, gone, walker.world)


@pytest.mark.parametrize("form", list(InName))
def test_somebody_acts_by_delegation_in_its_time_and_the_history_says_so(form: InName) -> None:
    walker = official()
    walker.walk(TO_REVIEW)
    deputy = person("pho", "secretary@cb-di", form=form)
    early = replace(deputy, acting=(replace(deputy.acting[0], since=date(2026, 11, 24)),))
    late = replace(deputy, acting=(replace(deputy.acting[0], until=date(2026, 11, 22)),))
    elsewhere = person("pho", "secretary@cb-den", form=form)
    for nobody in (early, late, elsewhere, LAN, PEOPLE["clerk@cb-di"], Person("acc-x")):
        assert walker.refused(nobody, "branch-approve") == "move-not-yours"
    last_day = replace(deputy, acting=(replace(deputy.acting[0], until=date(2026, 11, 23)),))
    walker.go(last_day, "branch-approve")
    made = walker.moves[-1].move
    assert (made.form, made.role, made.unit_id, made.body) == (form, "secretary", "cb-di", "sending-branch")


def test_a_secretary_does_not_decide_their_own_case() -> None:
    own = replace(PEOPLE["secretary@cb-di"], member_id=MEMBER)
    walker = official()
    walker.walk(TO_REVIEW)
    assert walker.refused(own, "branch-approve") == "own-case"
    told = {
        choice.move.code: choice.refused
        for choice in allowed_moves(walker.definition, walker.case, own, walker.world)
    }
    assert told["branch-approve"] is not None and told["branch-approve"].code == "own-case"
    assert told["return-to-member"] is None


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (replace(FACTS, service="army"), "out-of-scope"),
        (replace(FACTS, service="police"), "out-of-scope"),
        (replace(FACTS, under_inspection=True), "under-inspection"),
        (replace(FACTS, member_units=("cb-khac", "cs-di", "ct-di")), "not-of-this-unit"),
        (Facts(), "not-of-this-unit"),
    ],
)
@pytest.mark.parametrize("code_of", ["official-transfer", "temporary-transfer"])
def test_whom_a_transfer_is_not_for(code_of: str, facts: Facts, code: str) -> None:
    bodies = (
        SENDING if code_of == "official-transfer" else {"home-branch": ("cb-di",), "home-base": ("cs-di",)}
    )
    form = TRANSFER_FORM if code_of == "official-transfer" else TEMPORARY_FORM
    walker = Walker(code_of)
    walker.go("lan", "open", bodies=bodies, values=form)
    walker.facts = facts
    assert walker.refused("lan", "submit") == code


def test_an_inspection_that_begins_on_the_way_stops_it_until_the_letter_is_signed() -> None:
    walker = official()
    walker.walk(TO_REVIEW)
    walker.facts = replace(FACTS, under_inspection=True)
    assert walker.refused("secretary@cb-di", "branch-approve") == "under-inspection"
    walker.go("secretary@cb-di", "return-to-member")


def test_only_bodies_above_the_branch_can_be_named() -> None:
    walker = Walker("official-transfer")
    wrong = {**SENDING, "sending-upper": ("ct-den",)}
    assert walker.refused("lan", "open", bodies=wrong, values=TRANSFER_FORM) == "not-of-this-unit"
    assert walker.refused("lan", "open", bodies={"sending-branch": ("cb-di",)}) == "body-missing"
    assert walker.refused("lan", "open", bodies={**SENDING, "receiving-base": ("x",)}) == "body-not-here"
    two = {**SENDING, "sending-base": ("cs-di", "ct-di")}
    assert walker.refused("lan", "open", bodies=two) == "body-unfit"
    assert walker.refused("lan", "open", bodies={**SENDING, "sending-base": ("",)}) == "body-unfit"


def test_a_branch_that_is_a_base_organisation_itself_stands_twice() -> None:
    walker = Walker("official-transfer", facts=replace(FACTS, member_units=("cb-di", "cb-di", "ct-di")))
    assert walker.refused("lan", "open", bodies=SENDING, values=TRANSFER_FORM) == "not-of-this-unit"
    walker.go("lan", "open", bodies={**SENDING, "sending-base": ("cb-di",)}, values=TRANSFER_FORM)
    walker.walk(f"{TO_REVIEW}, {APPROVE}, secretary@cb-di base-approve")
    letter = current(walker.case)
    assert letter is not None
    assert [(box.body, box.unit_id, box.to_unit_id) for box in letter.boxes] == [
        ("sending-branch", "cb-di", "cb-di"),
        ("sending-base", "cb-di", "ct-di"),
    ]


def test_sixty_working_days_over_tet_then_a_reason_is_asked_for() -> None:
    walker = Walker("official-transfer", now=datetime(2026, 2, 1, 9, tzinfo=VIETNAM))
    form = {**TRANSFER_FORM, "decision_date": "2026-01-05"}
    walker.go("lan", "open", bodies=SENDING, values=form)
    (due,) = due_now(walker.definition, walker.case, CALENDAR, walker.world.today)
    assert (due.code, due.last_day, due.overdue) == ("start", date(2026, 4, 3), False)
    walker.now = datetime(2026, 4, 3, 23, 0, tzinfo=VIETNAM)
    assert isinstance(walker.attempt("lan", "submit"), Done)
    walker.now += timedelta(hours=2)
    (due,) = due_now(walker.definition, walker.case, CALENDAR, walker.world.today)
    assert (due.overdue, due.working_days_left) == (True, 0)
    assert walker.refused("lan", "submit") == "late-without-reason"
    walker.go("lan", "submit", values={"late_reason": "Đi công tác dài ngày"})


@pytest.mark.parametrize("written", ["1900-01-01", "1985-03-08", "2020-12-31", "2021-01-01", "2026-11-23"])
def test_no_date_in_a_form_keeps_a_case_from_being_looked_at(written: str) -> None:
    walker = official()
    walker.go("lan", "save", values={"decision_date": written})
    (due,) = due_now(walker.definition, walker.case, CALENDAR, walker.world.today)
    assert due.overdue == (written < "2026-08")


def test_what_begins_at_the_end_of_the_calendar_is_not_due_in_it() -> None:
    walker = temporary("study", "2049-01-01", "2050-12-31")
    deadline = next(one for one in walker.definition.deadlines if one.code == "term-end")
    assert last_day(deadline, walker.case, CALENDAR) is None
    walker.case = replace(
        walker.case, form={**walker.case.form, "to_date": "2100-12-31", "from_date": "2100-01-01"}
    )
    assert last_day(deadline, walker.case, CALENDAR) is None
    walker.go("lan", "submit", values={"from_date": "2098-12-31", "to_date": "2100-12-31"})


def test_thirty_working_days_from_the_letter_and_returns_give_no_new_time() -> None:
    walker = in_transit(now=datetime(2027, 1, 18, 9, tzinfo=VIETNAM))
    walker.go("secretary@ct-den", "upper-accept", **{"bodies": BODIES["upper_accept"]})
    walker.now = datetime(2027, 3, 8, 9, tzinfo=VIETNAM)
    walker.go("secretary@cs-den", "base-back")
    (due,) = due_now(walker.definition, walker.case, CALENDAR, walker.world.today)
    assert (due.code, due.last_day, due.overdue) == ("present", date(2027, 3, 8), False)
    walker.now += timedelta(days=1)
    walker.walk(f"{UPPER_ACCEPT}, {BASE_ACCEPT}", **BODIES)
    assert walker.refused("secretary@cb-den", "branch-admit") == "late-without-reason"
    walker.go("secretary@cb-den", "branch-admit", values={"late_present_reason": "Ốm dài ngày"})


def test_an_error_in_box_1_means_a_new_letter_and_in_later_ones_legible_correction() -> None:
    walker = official()
    walker.walk(f"{TO_REVIEW}, {TO_SEALED}", **BODIES)
    assert walker.refused("secretary@ct-di", "correct-letter", box=1, note="Sai tên") == "first-box"
    assert walker.refused("secretary@ct-di", "correct-letter", box=2, note="x") == "box-of-others"
    assert walker.refused("secretary@ct-di", "correct-letter", box=9, note="x") == "box-unknown"
    assert walker.refused("secretary@ct-di", "correct-letter", box=3) == "note-unfit"
    walker.go("secretary@ct-di", "correct-letter", box=3, note="Kính chuyển lại", comment="Ghi nhầm nơi nhận")
    letter = current(walker.case)
    assert letter is not None
    assert letter.boxes[2].note == "Kính chuyển lại"
    assert [(old.note, old.reason) for old in letter.boxes[2].struck] == [("", "Ghi nhầm nơi nhận")]
    walker.walk("secretary@ct-di sign-letter, clerk@ct-di seal-letter")
    letter = current(walker.case)
    assert letter is not None
    assert [box.number for box in letter.boxes] == [1, 2, 4]  # what was signed into box 3 stays there
    walker.go("secretary@ct-di", "new-letter", comment="Ô 1 ghi sai ngày sinh")
    assert (walker.case.state, current(walker.case)) == ("branch-review", None)
    walker.walk(TO_SEALED, **BODIES)
    first, second = walker.case.papers
    assert (first.void, first.number, second.void) == ("Ô 1 ghi sai ngày sinh", "12-GTSHĐ", "")
    assert [box.ordinal for box in second.boxes] == [1, 2, 3]


def test_a_hop_is_not_made_without_its_signatures_on_the_very_paper() -> None:
    walker = official()
    walker.walk(f"{TO_REVIEW}, {APPROVE}, {BASE_APPROVE}", **BODIES)
    who = "clerk@ct-di", "number-letter"
    bodies = BODIES["number_letter"]
    assert walker.refused(*who, raw=True, bodies=bodies) == "number-missing"
    numbered = {"number": "1", "dated": date(2026, 11, 23), "bodies": bodies}
    assert walker.refused(*who, raw=True, **numbered) == "paper-not-drawn"
    assert walker.refused(*who, raw=True, **{**numbered, "paper_sha256": "A" * 64}) == "paper-not-drawn"
    assert walker.refused(*who, **{**numbered, "dated": date(2026, 11, 24)}) == "date-ahead"
    walker.go(*who, **numbered)
    shown = current(walker.case)
    assert shown is not None
    sign = "secretary@ct-di", "sign-letter"
    other, after = sha("other"), sha("after")
    for signed, code in (
        ((), "not-signed"),
        ((Signed("seal", shown.sha256, after, "s1"),), "not-signed"),
        ((Signed("hop", other, after, "s1"),), "paper-altered"),
        ((Signed("hop", shown.sha256, shown.sha256, "s1"),), "paper-altered"),
        ((Signed("hop", shown.sha256, "?", "s1"),), "paper-altered"),
        ((Signed("hop", shown.sha256, after, ""),), "paper-altered"),
    ):
        assert walker.refused(*sign, raw=True, signed=signed) == code
    walker.go(*sign)


def test_a_case_comes_in_on_paper_and_goes_the_same_states() -> None:
    walker = Walker("official-transfer")
    paper = {"bodies": {"receiving-upper": ("ct-den",)}, "values": {"full_name": "Trần Thị Lan"}}
    assert walker.refused("clerk@ct-den", "open-on-paper", **paper) == "channel-closed"
    on_paper = {**paper, "channel": Channel.PAPER, "number": "7-GTSHĐ", "dated": date(2026, 10, 1)}
    assert walker.refused("clerk@ct-den", "open-on-paper", raw=True, **on_paper) == "scan-missing"
    assert (
        walker.refused("clerk@ct-den", "open-on-paper", scan_document_id="../x", **on_paper) == "scan-unfit"
    )
    assert walker.refused("clerk@cs-den", "open-on-paper", **on_paper) == "move-not-yours"
    walker.go("clerk@ct-den", "open-on-paper", **on_paper)
    assert walker.case.channel is Channel.PAPER
    assert walker.moves[-1].move.evidence["scan"] == "doc-quet"
    (due,) = due_now(walker.definition, walker.case, CALENDAR, walker.world.today)
    assert due.overdue  # counted from the date of the letter, not from when it was brought
    assert walker.refused("secretary@ct-den", "return-to-sender") == "came-on-paper"
    assert (
        walker.refused("secretary@ct-den", "upper-accept", bodies=BODIES["upper_accept"]) == "paper-not-drawn"
    )
    for who, move in (("secretary@ct-den", "upper-accept"), ("secretary@cs-den", "base-accept")):
        walker.go(who, move, bodies=BODIES[move.replace("-", "_")], channel=Channel.PAPER)
    assert walker.case.state == "base-received"


def test_a_case_leaves_on_paper_and_is_closed_by_the_slip_that_comes_back() -> None:
    walker = official()
    walker.walk(f"{TO_REVIEW}, {TO_SEALED}, clerk@ct-di send-letter", **BODIES)
    assert walker.refused("clerk@ct-di", "confirm-on-paper") == "channel-closed"
    walker.go("clerk@ct-di", "confirm-on-paper", channel=Channel.PAPER)
    assert walker.case.state == "closed"


def test_a_hop_signed_by_hand_stands_beside_electronic_ones() -> None:
    walker = official()
    walker.walk(TO_REVIEW)
    walker.go("secretary@cb-di", "branch-approve", channel=Channel.PAPER)
    assert (
        walker.refused("secretary@cs-di", "base-approve") == "paper-not-drawn"
    )  # it lacks what was written by hand
    walker.go("secretary@cs-di", "base-approve", channel=Channel.PAPER)
    walker.walk(
        "clerk@ct-di number-letter, secretary@ct-di sign-letter", **BODIES
    )  # drawn with both boxes in it
    letter = current(walker.case)
    assert letter is not None
    assert [one.profile for one in letter.signed] == ["hop"]
    assert [box.number for box in letter.boxes] == [1, 2, 3]


def test_a_box_is_sealed_once_and_before_the_letter_goes_on() -> None:
    walker = official()
    walker.walk(f"{TO_REVIEW}, secretary@cb-di branch-approve")
    assert walker.refused("secretary@cs-di", "base-approve") == "box-not-sealed"
    assert walker.refused("secretary@cb-di", "seal-box-branch") == "move-not-yours"
    walker.go("clerk@cb-di", "seal-box-branch")
    assert walker.refused("clerk@cb-di", "seal-box-branch") == "box-not-to-seal"
    walker.go("secretary@cs-di", "base-approve")
    assert walker.refused("clerk@ct-di", "number-letter", bodies=BODIES["number_letter"]) == "box-not-sealed"
    walker.go("secretary@cs-di", "correct-box-base", box=2, note="Đảng bộ phường Sen")
    assert walker.refused("clerk@ct-di", "number-letter", bodies=BODIES["number_letter"]) == "box-not-sealed"
    walker.walk("clerk@cs-di seal-box-base, clerk@ct-di number-letter", **BODIES)
    letter = current(walker.case)
    assert letter is not None
    assert [box.number for box in letter.boxes] == [1, 2]  # drawn anew, each box with its right words


def test_a_letter_that_its_body_has_signed_is_not_drawn_anew() -> None:
    walker = official()
    walker.walk(f"{TO_REVIEW}, {TO_SEALED}", **BODIES)
    walker.go("secretary@ct-di", "correct-letter", box=3, note="Đảng bộ phường Lúa")
    walker.go("secretary@ct-di", "return-number")
    assert walker.refused("clerk@ct-di", "number-letter", bodies=BODIES["number_letter"]) == "letter-signed"
    walker.go("secretary@ct-di", "upper-return")
    assert current(walker.case) is None


def test_returned_recalled_withdrawn_rejected() -> None:
    walker = official()
    walker.go("lan", "submit")
    assert walker.refused("lan", "recall-request", raw=True) == "comment-missing"
    assert walker.refused("lan", "recall-request", raw=True, comment=" \n ") == "comment-missing"
    assert walker.refused("lan", "recall-request", comment="x" * 2001) == "comment-long"
    walker.walk(
        "lan recall-request, lan submit, secretary@cb-di return-to-member, lan submit, secretary@cb-di take"
    )
    walker.walk("secretary@cb-di branch-approve, secretary@cs-di base-return, secretary@cb-di branch-approve")
    assert [bool(paper.void) for paper in walker.case.papers] == [True, False]
    walker.walk("clerk@cs-di seal-box-branch, secretary@cs-di base-approve")
    assert walker.refused("lan", "withdraw") == "move-not-now"
    walker.walk("secretary@ct-di upper-reject")
    assert walker.case.ended
    assert walker.refused("lan", "submit") == "move-not-now"
    assert walker.refused("lan", "no-such-move") == "move-unknown"
    walker = in_transit()
    walker.walk("clerk@ct-den acknowledge, clerk@ct-di recall-letter, clerk@ct-di send-letter")
    walker.walk("secretary@ct-den upper-accept", **BODIES)
    assert walker.refused("clerk@ct-di", "recall-letter") == "move-not-now"
    walker.walk("officer@ct-den return-to-sender")
    assert walker.case.state == "letter-sealed"


def temporary(reason: str, first: str, last: str) -> Walker:
    walker = Walker("temporary-transfer")
    values = {**TEMPORARY_FORM, "reason": reason, "from_date": first, "to_date": last}
    walker.go("lan", "open", bodies={"home-branch": ("cb-di",), "home-base": ("cs-di",)}, values=values)
    return walker


@pytest.mark.parametrize(
    ("reason", "first", "last", "fits"),
    [
        ("work", "2026-12-01", "2027-03-01", True),
        ("work", "2026-12-01", "2027-02-28", False),
        ("work", "2026-12-01", "2027-11-30", True),
        ("work", "2026-12-01", "2027-12-01", False),  # a year: no longer temporary
        ("residence", "2026-11-30", "2027-02-28", True),  # three months end with February
        ("study", "2026-12-01", "2028-12-01", True),
        ("study", "2026-12-01", "2028-12-02", False),
        ("study", "2026-12-01", "2027-02-01", False),
    ],
)
def test_how_long_somebody_may_be_away(reason: str, first: str, last: str, fits: bool) -> None:
    walker = temporary(reason, first, last)
    if fits:
        walker.go("lan", "submit")
    else:
        assert walker.refused("lan", "submit") == "term-out-of-bounds"


def test_a_temporary_transfer_with_extension_and_return() -> None:
    walker = temporary("work", "2026-12-01", "2027-03-01")
    steps = (
        "lan submit, secretary@cb-di branch-approve, clerk@cs-di number-letter, secretary@cs-di sign-letter, "
        "clerk@cs-di seal-letter, clerk@cs-di send-letter, secretary@cs-den host-accept, secretary@cb-den branch-admit"
    )
    walker.walk(steps, number_letter={"host-base": ("cs-den",)}, host_accept={"host-branch": ("cb-den",)})
    assert walker.definition.states[walker.case.state].membership == "away"  # counted at home, not here
    for asked, code in (
        ("2027-02-01", "not-later"),
        ("2027-12-01", "term-out-of-bounds"),
        ("2027-02-30", "form-unfit"),
    ):
        assert walker.refused("lan", "ask-extension", values={"extension_to": asked}) == code
    assert walker.refused("lan", "ask-extension") == "form-incomplete"
    walker.go("lan", "ask-extension", values={"extension_to": "2027-06-01"})
    walker.go("secretary@cs-den", "refuse-extension")
    assert (walker.case.form["to_date"], "extension_to" in walker.case.form) == ("2027-03-01", False)
    walker.go("lan", "ask-extension", values={"extension_to": "2027-06-01"})
    walker.go("secretary@cs-den", "grant-extension")
    assert (walker.case.form["to_date"], "extension_to" in walker.case.form) == ("2027-06-01", False)
    (due,) = due_now(walker.definition, walker.case, CALENDAR, date(2027, 6, 3))
    assert (due.last_day, due.overdue) == (date(2027, 6, 2), True)
    walker.walk("secretary@cb-den go-home, secretary@cb-di home-again")
    assert walker.definition.states[walker.case.state].membership == "back"


RESIDENCE = {"residence-branch": ("cb-den",), "residence-ward": ("ct-den",)}


def comment(facts: Facts = FACTS, **values: object) -> Walker:
    walker = Walker("residence-comment", facts=facts)
    walker.go("lan", "open", bodies={"work-branch": ("cb-di",)}, values={**COMMENT_FORM, **values})
    return walker


WRITTEN: dict[str, object] = {
    **dict.fromkeys(DUTIES, "Tốt"),
    "strengths": "Gương mẫu",
    "limits": "Không",
    "rating": "good",
}


def test_a_residence_comment_and_the_minutes_it_took() -> None:
    walker = comment()
    walker.go("lan", "ask", bodies=RESIDENCE)
    walker.now += timedelta(minutes=3)
    assert walker.refused("officer@cb-den", "write", values={**WRITTEN, "limits": " "}) == "form-incomplete"
    walker.go("officer@cb-den", "write", values=WRITTEN)
    walker.go("secretary@cb-den", "return-to-writer")
    walker.go("officer@cb-den", "write", values=WRITTEN)
    walker.now += timedelta(minutes=4)
    history = [moved.move for moved in walker.moves]
    assert measured(walker.definition, history) == {}
    walker.go("secretary@cb-den", "sign")
    walker.go("clerk@ct-den", "return-to-signer")
    assert [paper.void for paper in walker.case.papers][-1]
    walker.go("officer@cb-den", "write", values=WRITTEN)
    walker.walk("secretary@cb-den sign, clerk@ct-den seal")
    history = [moved.move for moved in walker.moves]
    assert measured(walker.definition, history) == {"answering": timedelta(minutes=7)}
    walker.go("secretary@cb-den", "recall-answer")
    assert (walker.case.state, walker.case.ended) == ("requested", False)


@pytest.mark.parametrize("exempt", ["often-away", "rotated", "full-time-student"])
def test_no_yearly_comment_of_exempt_people_but_one_for_a_purpose(exempt: str) -> None:
    facts = replace(FACTS, exempt_class=exempt)
    assert comment(facts).refused("lan", "ask", bodies=RESIDENCE) == "exempt"
    assert comment(exempt_class=exempt).refused("lan", "ask", bodies=RESIDENCE) == "exempt"
    comment(facts, purpose="personnel").go("lan", "ask", bodies=RESIDENCE)


def test_special_tasks_are_never_commented_on_and_the_year_is_asked_for() -> None:
    for asked in (
        comment(replace(FACTS, exempt_class="special-task"), purpose="reward"),
        comment(purpose="reward", exempt_class="special-task"),
    ):
        assert asked.refused("lan", "ask", bodies=RESIDENCE) == "exempt"
    assert comment(year="").refused("lan", "ask", bodies=RESIDENCE) == "form-incomplete"


def test_an_outgoing_document_is_consulted_on_presented_signed_issued_and_recalled() -> None:
    walker = Walker("outgoing-document", member_id="", facts=Facts())
    both = {"drafting": ("phong",), "issuer": ("co-quan",)}
    secret = {**DOCUMENT_FORM, "secrecy": "C"}
    assert walker.refused("drafter@phong", "open", bodies=both, values=secret) == "secret-on-paper"
    walker.go("drafter@phong", "open", bodies=both, values=DOCUMENT_FORM)
    assert walker.refused("drafter@phong", "present") == "draft-missing"
    walker.go("drafter@phong", "save", draft=DRAFT)
    walker.go("drafter@phong", "consult", bodies={"consulted": ("ban", "phong")})
    walker.go("drafter@ban", "give-opinion", comment="Sửa trích yếu")
    assert walker.case.form_version == 2
    walker.go("drafter@phong", "collect")
    walker.go("drafter@phong", "present", values={"subject": "Về việc họp giao ban"})
    assert walker.refused("head@phong", "unit-approve", raw=True) == "comment-missing"
    assert walker.refused("drafter@phong", "unit-approve") == "move-not-yours"
    walker.walk(
        "drafter@phong recall-draft, drafter@phong present, head@phong unit-approve, chief@co-quan form-pass, "
        "leader@co-quan leader-approve, clerk@co-quan number, leader@co-quan return-number, clerk@co-quan number, "
        "leader@co-quan sign, clerk@co-quan seal"
    )
    (due,) = due_now(walker.definition, walker.case, CALENDAR, walker.world.today)
    assert due.last_day == date(2026, 11, 25)  # the next day is Ngày Văn hóa Việt Nam
    walker.walk("clerk@co-quan issue, leader@co-quan recall")
    assert walker.case.state == "recalled"


def test_a_case_never_rests_where_nobody_is() -> None:
    walker = official()
    walker.go("lan", "submit")
    bare = replace(walker.case, member_id="")  # as a case would be that came without a member
    onward = {code: walker.definition.moves[code] for code in ("take", "withdraw", "base-approve")}
    walker.case, walker.definition = bare, replace(walker.definition, moves=onward)
    assert walker.refused("secretary@cb-di", "take") == "nobody-next"
