"""What the books of units, posts and members tell the procedures: facts about a member, who somebody acts as, places.

Asked in the transaction of the move, so that what was judged is what held when it was made. Exempt classes of the
residence comment are not in the books of members; they are told by whoever asks for the comment.
"""

from collections.abc import Mapping
from datetime import date

from procedures.definition import Definition
from records.acting import Acting as Post
from records.acting import Form, PostRole
from records.case import Acting, Facts, InName, Person
from records.errors import Missing, Unfit
from records.membership import MarkKind, MembershipKind
from records.units import HOLDS_MEMBERS, System, Unit, UnitLevel
from storage.work import Tx

PLAYS: Mapping[PostRole, tuple[str, ...]] = {
    PostRole.SECRETARY: ("secretary", "leader"),
    PostRole.HEAD: ("head", "chief", "leader"),
    PostRole.MEMBERS_OFFICER: ("officer", "drafter"),
    PostRole.STAFF: ("drafter",),
    PostRole.CLERK: ("clerk",),
}
"""The roles of the procedures that a post plays; which of them counts is said by the body its unit is in the case.

Deputies have none of their own: they act by a delegation, in the role of whom they stand in for.
"""

_NAMES = {
    Form.T_M: InName.COMMITTEE,
    Form.K_T: InName.DEPUTY,
    Form.T_L: InName.ORDER,
    Form.OWN: InName.COMMITTEE,
}
_UPPER = frozenset({UnitLevel.UPPER, UnitLevel.PROVINCE, UnitLevel.CENTRAL})
_LEVELS = {"branch": HOLDS_MEMBERS, "base": frozenset({UnitLevel.BASE}), "upper": _UPPER}
_SERVICES = (MarkKind.ARMY, MarkKind.POLICE)
_BARS = (MarkKind.INSPECTION, MarkKind.COMPLAINT)


def facts_of(tx: Tx, member_id: str) -> Facts:
    """Return what the rules need to know of a member today. Raises `Missing`: there is no such member.

    Whoever left the Party or died has no units here, so that nothing that needs the own branch can be done for them.
    """
    day = tx.units.today()
    standing = tx.memberships.standing(member_id)
    home = standing.link(MembershipKind.OFFICIAL, day)
    gone = any(last is not None and last <= day for last in (standing.left_on, standing.died_on))
    return Facts(
        member_units=() if home is None or gone else line_of(tx, home.unit_id, day),
        service=next((str(kind) for kind in _SERVICES if standing.marked(kind, day)), ""),
        under_inspection=any(standing.marked(kind, day) for kind in _BARS),
    )


def line_of(tx: Tx, branch_id: str, day: date) -> tuple[str, ...]:
    """Return a branch, its base organisation and the committee directly above that, as `Facts.member_units` has them.

    What is not in the house is left out at the end. Raises `Missing`: no such unit on that day.
    """
    above = (tx.units.get(branch_id, day), *tx.units.above(branch_id, day))
    base = _first(above, _LEVELS["base"])
    if base is None:
        return (branch_id,)
    upper = _first(tx.units.above(base.id, day), _UPPER)
    return (branch_id, base.id) if upper is None else (branch_id, base.id, upper.id)


def person_of(tx: Tx, account_id: str) -> Person:
    """Return an account with the member behind it and every role it plays today, by post or by delegation."""
    acting = tuple(
        Acting(one.unit_id, role, _NAMES[one.form], one.span.since, one.span.until)
        for one in tx.posts.acting_as(account_id, tx.units.today())
        for role in PLAYS.get(one.role, ())
    )
    return Person(account_id, tx.members.of_account(account_id), acting)


def signs_for(tx: Tx, unit_id: str, role: str, day: date) -> tuple[Post, ...]:
    """Return who may sign for a unit in a role of the procedures on `day`: the holder first, then delegates."""
    posts = (post for post, roles in PLAYS.items() if role in roles)
    return tuple(one for post in posts for one in tx.posts.who_may_act(unit_id, post, day))


def demand_places(tx: Tx, definition: Definition, bodies: Mapping[str, tuple[str, ...]]) -> None:
    """Demand that the units of a case are what their bodies say: there today, of that level, one right above the other.

    Raises `Unfit`: `unit-unknown`, `unit-level-wrong`, `unit-not-under`.
    """
    day = tx.units.today()
    for code, units in bodies.items():
        body = definition.bodies[code]
        for unit_id in units:
            unit = _there(tx, unit_id, day, body.title)
            if not body.level:
                continue
            if not stands_at(unit, body.level):
                raise Unfit(
                    f"{code}: {unit_id} is a {unit.system} {unit.level}",
                    code="unit-level-wrong",
                    tell=f"“{unit.name}” không chọn được cho “{body.title}” vì không ở cấp đó. Hãy chọn đơn vị khác.",
                )
            over = bodies.get(body.under, ())
            if over and not _right_under(tx, unit, over[0], definition.bodies[body.under].level, day):
                raise Unfit(
                    f"{code}: {unit_id} is not under {over[0]}",
                    code="unit-not-under",
                    tell=f"“{unit.name}” không trực thuộc đơn vị đã chọn là “{definition.bodies[body.under].title}”. "
                    "Hãy chọn đơn vị trực thuộc, hoặc trả lại nếu gửi nhầm nơi.",
                )


def stands_at(unit: Unit, level: str) -> bool:
    """Return whether a unit may be chosen for a body of this level of a procedure ("": any)."""
    return not level or (unit.system is System.PARTY and unit.level in _LEVELS[level])


def _there(tx: Tx, unit_id: str, day: date, title: str) -> Unit:
    try:
        unit = tx.units.get(unit_id, day)
    except Missing as fault:
        raise _unknown(unit_id, title) from fault
    if unit.last_day is not None and unit.last_day < day:
        raise _unknown(unit_id, title)
    return unit


def _unknown(unit_id: str, title: str) -> Unfit:
    return Unfit(
        f"no unit {unit_id[:80]!r} today",
        code="unit-unknown",
        tell=f"Đơn vị được chọn cho “{title}” không có hoặc đã kết thúc hoạt động. Hãy chọn lại từ danh sách đơn vị.",
    )


def _right_under(tx: Tx, unit: Unit, over: str, level: str, day: date) -> bool:
    """Whether `over` is the nearest unit of its level above; a branch that is a base organisation is its own base."""
    if unit.id == over:
        return level == "base"
    nearest = _first(tx.units.above(unit.id, day), _LEVELS[level])
    itself_base = level == "base" and unit.level is UnitLevel.BASE
    return not itself_base and nearest is not None and nearest.id == over


def _first(units: tuple[Unit, ...] | list[Unit], levels: frozenset[UnitLevel]) -> Unit | None:
    return next((unit for unit in units if unit.level in levels), None)
