"""Who may see a member's file: the one rule for personal data. The SQL filter is built from `grants` alone.

Seen whole by the member, by the branch that keeps the file (its secretary, deputies and committee), by the officers
for members' affairs of the bodies above it, and by whoever has a case of that member in hand. Leaders, clerks and
desks above, and the branch where a member is a guest, see the brief form. For everybody else, administrators and
archivists included, the member does not exist.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from records.acting import PostRole
from records.members import Sight
from records.membership import MembershipKind

_OWN, _BELOW = 0, 1
_SEES: dict[PostRole, tuple[Sight, Sight]] = {
    #                            members of the body itself, of the bodies below it
    PostRole.SECRETARY: (Sight.FULL, Sight.BRIEF),
    PostRole.DEPUTY_SECRETARY: (Sight.FULL, Sight.BRIEF),
    PostRole.COMMITTEE_MEMBER: (Sight.FULL, Sight.ABSENT),
    PostRole.MEMBERS_OFFICER: (Sight.FULL, Sight.FULL),
    PostRole.CLERK: (Sight.BRIEF, Sight.BRIEF),
    PostRole.RECEIVING_DESK: (Sight.BRIEF, Sight.BRIEF),
    PostRole.STAFF: (Sight.ABSENT, Sight.ABSENT),
    PostRole.HEAD: (Sight.ABSENT, Sight.ABSENT),
    PostRole.DEPUTY_HEAD: (Sight.ABSENT, Sight.ABSENT),
}
_ORDER = {Sight.ABSENT: 0, Sight.BRIEF: 1, Sight.FULL: 2}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: an account, its posts on this day as (body, role), and the members whose case it has in hand."""

    account_id: str
    posts: frozenset[tuple[str, PostRole]]
    cases: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Grant:
    """What a post lets one see: members of `unit_id` itself, or (`below`) of every body under it."""

    unit_id: str
    below: bool
    sight: Sight


@dataclass(frozen=True, slots=True)
class Place:
    """One body a member belongs to now, and the bodies above it."""

    kind: MembershipKind
    unit_id: str
    above: frozenset[str]


def grants(viewer: Viewer) -> frozenset[Grant]:
    """Return everything the posts of `viewer` let through."""
    found = (
        Grant(unit_id, bool(where), _SEES[role][where])
        for unit_id, role in viewer.posts
        for where in (_OWN, _BELOW)
    )
    return frozenset(grant for grant in found if grant.sight is not Sight.ABSENT)


def capped(sight: Sight, kind: MembershipKind) -> Sight:
    """Return what is left of a sight in a body where the member belongs in this way: guests are seen in brief."""
    return sight if kind is MembershipKind.OFFICIAL or sight is Sight.ABSENT else Sight.BRIEF


def best(sights: Iterable[Sight]) -> Sight:
    """Return the widest of several sights, `absent` for none."""
    return max(sights, key=_ORDER.__getitem__, default=Sight.ABSENT)


def sight_of(viewer: Viewer, member_id: str, account_id: str | None, places: Iterable[Place]) -> Sight:
    """Return how much `viewer` sees of a member with this account who belongs to `places` now."""
    if member_id in viewer.cases or (account_id is not None and account_id == viewer.account_id):
        return Sight.FULL
    given = grants(viewer)
    return best(
        capped(grant.sight, place.kind)
        for place in places
        for grant in given
        if (grant.unit_id in place.above if grant.below else grant.unit_id == place.unit_id)
    )
