"""The rule for personal data as SQL: which members' rows a viewer's query may touch. From records.personal alone."""

from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import ColumnElement, Connection, exists, false, or_, select

from records.membership import Membership, MembershipKind
from records.personal import Place, Viewer, grants
from storage.schema import members, memberships
from storage.unit_tree import above, below, holds


def visible_members(viewer: Viewer, today: date) -> ColumnElement[bool]:
    """Return the condition on `members` that keeps only those that exist for `viewer` today."""
    given = grants(viewer)
    own = [grant.unit_id for grant in given if not grant.below]
    tops = [grant.unit_id for grant in given if grant.below]
    places = [memberships.c.unit_id.in_(own)] if own else []
    if tops:
        places.append(memberships.c.unit_id.in_(below(tops, today)))
    return or_(
        belonging(or_(false(), *places), today) if places else false(),
        members.c.account_id == viewer.account_id,
        members.c.id.in_(viewer.cases),
    )


def belonging(place: ColumnElement[bool], today: date) -> ColumnElement[bool]:
    """Return the condition on `members` that one belongs now, in any way, to a body for which `place` holds."""
    later = memberships.alias("later")
    official = memberships.c.kind == MembershipKind.OFFICIAL
    newer = exists().where(
        later.c.member_id == memberships.c.member_id,
        later.c.kind == MembershipKind.OFFICIAL,
        later.c.replaced.is_(False),
        later.c.since > memberships.c.since,
        later.c.since <= today.isoformat(),
    )
    # Standing.home: between two branches the last one keeps the file
    home = official & (memberships.c.since <= today.isoformat()) & ~newer
    guest = ~official & holds(memberships, today)
    return members.c.id.in_(
        select(memberships.c.member_id).where(memberships.c.replaced.is_(False), home | guest, place)
    )


def places_of(
    connection: Connection, links: Mapping[str, Iterable[Membership]], today: date
) -> dict[str, list[Place]]:
    """Return where each member belongs now, for `sight_of`; `links` are those of `Standing.now`, by member."""
    over = above(connection, {m.unit_id for several in links.values() for m in several}, today)
    return {
        member_id: [Place(m.kind, m.unit_id, frozenset(over[m.unit_id])) for m in several]
        for member_id, several in links.items()
    }
