"""Who may act for a body: posts of people in it, delegations between them, and the form a signature then takes.

The rules are rows with their day and source. What a row does not allow is not allowed; T/Q and T.U.Q. have no row,
because no text we have says who may use them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from records.days import Span, written_day
from records.errors import Unfit
from records.units import AUTHORITIES, COMMITTEES, System, Unit, UnitLevel


class PostRole(StrEnum):
    """What a person is in a body."""

    SECRETARY = "secretary"  # bí thư
    DEPUTY_SECRETARY = "deputy-secretary"  # phó bí thư
    COMMITTEE_MEMBER = "committee-member"  # cấp ủy viên; in a branch: chi ủy viên
    HEAD = "head"  # người đứng đầu cơ quan: trưởng ban, chánh văn phòng, chủ tịch, giám đốc
    DEPUTY_HEAD = "deputy-head"  # cấp phó của người đứng đầu
    MEMBERS_OFFICER = "members-officer"  # cán bộ tổ chức, làm nghiệp vụ đảng viên
    CLERK = "clerk"  # văn thư: numbers, seals, sends
    RECEIVING_DESK = "receiving-desk"  # bộ phận tiếp nhận
    STAFF = "staff"  # chuyên viên: drafts papers, gives opinions on those of others


ROLE_NAMES = {
    PostRole.SECRETARY: "bí thư",
    PostRole.DEPUTY_SECRETARY: "phó bí thư",
    PostRole.COMMITTEE_MEMBER: "cấp ủy viên",
    PostRole.HEAD: "người đứng đầu",
    PostRole.DEPUTY_HEAD: "cấp phó của người đứng đầu",
    PostRole.MEMBERS_OFFICER: "cán bộ tổ chức",
    PostRole.CLERK: "văn thư",
    PostRole.RECEIVING_DESK: "bộ phận tiếp nhận",
    PostRole.STAFF: "chuyên viên",
}
"""What people read."""

_OF_COMMITTEES = frozenset({PostRole.SECRETARY, PostRole.DEPUTY_SECRETARY, PostRole.COMMITTEE_MEMBER})
_OF_HEADED = frozenset({PostRole.HEAD, PostRole.DEPUTY_HEAD})
ONE_AT_A_TIME = frozenset({PostRole.SECRETARY, PostRole.HEAD})
"""A body has one of these on a day."""


class Form(StrEnum):
    """In whose name a paper is signed, as the Party writes it. `own`: nothing stands before the title."""

    OWN = ""
    T_M = "T/M"  # thay mặt: for the collective
    K_T = "K/T"  # ký thay: a deputy for the head
    T_L = "T/L"  # thừa lệnh: the head of a body below, by order


@dataclass(frozen=True, slots=True)
class Post:
    """One person (an account) in one role of one body. `title` is the office as it is printed: "PHÓ BÍ THƯ"."""

    id: str
    unit_id: str
    account_id: str
    role: PostRole
    title: str
    span: Span


@dataclass(frozen=True, slots=True)
class Delegation:
    """The holder of `role` in a body lets somebody sign for that body in the form `form`; `note`: the decision."""

    id: str
    unit_id: str
    role: PostRole
    by_account: str
    to_account: str
    form: Form
    span: Span
    note: str = ""


@dataclass(frozen=True, slots=True)
class Acting:
    """An answer: this account may act in `role` for the body on the day asked, signing in `form` over `title`.

    `by_account`: who delegated it, "" for who holds the post. `span`: the days on which it stays so, as known now.
    """

    unit_id: str
    role: PostRole
    account_id: str
    form: Form
    title: str
    by_account: str
    span: Span


@dataclass(frozen=True, slots=True)
class FormRule:
    """One row: in bodies of `system` and `levels`, the form for `role` by its holder, or by a delegate.

    A delegate holds `delegate` in the same body, or (`below`) in a body right under it. `grade`: P text of the rule
    seen, S told by others, M known from practice and to be compared with the text before it is relied on.
    """

    system: System
    levels: frozenset[UnitLevel]
    role: PostRole
    form: Form
    days: Span
    source: str
    grade: str
    delegate: PostRole | None = None
    below: bool = False


_BODY = frozenset({UnitLevel.BODY})
_PARTY_DAYS = Span(date(2018, 4, 3))
_PARTY_TEXT = "Hướng dẫn 36-HD/VPTW, 3/4/2018, khối chữ ký"
_STATE_DAYS = Span(date(2020, 3, 5))
_STATE_TEXT = "Nghị định 30/2020/NĐ-CP, Điều 13"

RULES: tuple[FormRule, ...] = (
    FormRule(System.PARTY, COMMITTEES, PostRole.SECRETARY, Form.T_M, _PARTY_DAYS, _PARTY_TEXT, "P"),
    FormRule(
        System.PARTY, COMMITTEES, PostRole.SECRETARY, Form.K_T, _PARTY_DAYS, _PARTY_TEXT, "M", PostRole.DEPUTY_SECRETARY
    ),
    FormRule(
        System.PARTY, COMMITTEES, PostRole.SECRETARY, Form.T_L, _PARTY_DAYS, _PARTY_TEXT, "M", PostRole.HEAD, below=True
    ),
    FormRule(System.PARTY, _BODY, PostRole.HEAD, Form.OWN, _PARTY_DAYS, _PARTY_TEXT, "M"),
    FormRule(System.PARTY, _BODY, PostRole.HEAD, Form.K_T, _PARTY_DAYS, _PARTY_TEXT, "M", PostRole.DEPUTY_HEAD),
    FormRule(System.STATE, AUTHORITIES, PostRole.HEAD, Form.T_M, _STATE_DAYS, _STATE_TEXT, "M"),
    FormRule(System.STATE, _BODY, PostRole.HEAD, Form.OWN, _STATE_DAYS, _STATE_TEXT, "M"),
    FormRule(
        System.STATE, AUTHORITIES | _BODY, PostRole.HEAD, Form.K_T, _STATE_DAYS, _STATE_TEXT, "M", PostRole.DEPUTY_HEAD
    ),
    FormRule(
        System.STATE, AUTHORITIES | _BODY, PostRole.HEAD, Form.T_L, _STATE_DAYS, _STATE_TEXT, "M", PostRole.HEAD,
        below=True,
    ),
)  # fmt: skip
"""Seen in the Party: "T/M BỘ CHÍNH TRỊ". Roles without a row (clerk, desks …) act by their post and sign nothing."""


def roles_in(system: System, level: UnitLevel) -> frozenset[PostRole]:
    """Return the roles that a body of this system and level can have."""
    committee = system is System.PARTY and level in COMMITTEES
    other = frozenset(PostRole) - _OF_COMMITTEES - _OF_HEADED
    return other | (_OF_COMMITTEES if committee else _OF_HEADED)


def written_form(form: Form, system: System) -> str:
    """Return the form as it is printed: the State writes "TM.", "KT.", "TL." (NĐ 30/2020, Phụ lục I).

    >>> written_form(Form.K_T, System.STATE), written_form(Form.T_M, System.PARTY)
    ('KT.', 'T/M')
    """
    return form.value if system is System.PARTY or not form else form.value.replace("/", "") + "."


def delegable(system: System, level: UnitLevel, role: PostRole, form: Form, day: date) -> FormRule:
    """Return the rule under which the holder of `role` may delegate that form on `day`. Raises `Unfit`
    (`delegation-form`).
    """
    for rule in RULES:
        if rule.delegate is not None and rule.form is form and _meant(rule, system, level, role, day):
            return rule
    raise Unfit(
        f"{role} of {system} {level} delegates no {form.value!r} on {day}",
        code="delegation-form",
        tell=f"Quy định hiện có không cho {ROLE_NAMES[role]} của cấp này giao người khác ký "
        f"“{written_form(form, system) or 'trực tiếp'}” vào ngày {written_day(day)}. Hãy chọn hình thức khác.",
    )


def acting(
    unit: Unit, role: PostRole, day: date, posts: Iterable[Post], delegations: Iterable[Delegation]
) -> tuple[Acting, ...]:
    """Return who may act for `unit` in `role` on `day`, and in which form: holders first, then by account.

    `unit`: as it is on that day; `posts`: those of the body and of the bodies right under it; `delegations`: those of
    the body. A delegation holds only while who gave it holds the role and who has it holds the post it rests on; it
    cannot be passed on. A body that is gone has nobody.
    """
    if not unit.span.holds(day) or (unit.last_day is not None and day > unit.last_day):
        return ()
    there = [post for post in posts if post.span.holds(day)]
    holders = [post for post in there if post.unit_id == unit.id and post.role is role]
    own = next((r.form for r in RULES if r.delegate is None and _fits(r, unit, role, day)), Form.OWN)
    found = [Acting(unit.id, role, post.account_id, own, post.title, "", post.span) for post in holders]
    givers = {post.account_id: post for post in holders}
    for given in delegations:
        giver = givers.get(given.by_account)
        if given.unit_id != unit.id or given.role is not role or giver is None or not given.span.holds(day):
            continue
        rests_on = _resting_post(unit, given, day, there)
        if rests_on is not None:
            span = _common(given.span, giver.span, rests_on.span)
            found.append(
                Acting(unit.id, role, given.to_account, given.form, rests_on.title, given.by_account, span)
            )
    return tuple(sorted(found, key=lambda one: (one.by_account != "", one.account_id, one.form)))


def _resting_post(unit: Unit, given: Delegation, day: date, posts: Iterable[Post]) -> Post | None:
    """The post by which the delegate may have it. `posts` of other bodies than `unit` are of those right under it."""
    for rule in RULES:
        if rule.delegate is None or rule.form is not given.form or not _fits(rule, unit, given.role, day):
            continue
        for post in posts:
            same_place = (post.unit_id != unit.id) is rule.below
            if post.account_id == given.to_account and post.role is rule.delegate and same_place:
                return post
    return None


def _fits(rule: FormRule, unit: Unit, role: PostRole, day: date) -> bool:
    return _meant(rule, unit.system, unit.level, role, day)


def _meant(rule: FormRule, system: System, level: UnitLevel, role: PostRole, day: date) -> bool:
    return rule.system is system and level in rule.levels and rule.role is role and rule.days.holds(day)


def _common(*spans: Span) -> Span:
    ends = [span.until for span in spans if span.until is not None]
    return Span(max(span.since for span in spans), min(ends) if ends else None)
