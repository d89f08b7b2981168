"""Where cases wait, as SQL: built from the places that the procedures name, so lists and counts need no looking."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, false, or_

from storage.schema import case_bodies, cases


@dataclass(frozen=True, slots=True)
class Place:
    """Cases of one version of a procedure in one state, where `units` play the part `body`.

    Without `body`: those of the member, or (`opened`) those that the account opened.
    """

    procedure: str
    version: int
    state: str
    body: str = ""
    units: frozenset[str] = frozenset()
    opened: bool = False


def waiting(places: Iterable[Place], account_id: str, member_id: str) -> ColumnElement[bool]:
    """Return the condition that a case stands in one of these places."""
    found = [_at(place, account_id, member_id) for place in places if place.body or place.opened or member_id]
    return or_(false(), *found)


def _at(place: Place, account_id: str, member_id: str) -> ColumnElement[bool]:
    stands = (
        (cases.c.procedure == place.procedure)
        & (cases.c.version == place.version)
        & (cases.c.state == place.state)
    )
    if place.body:
        here = exists().where(
            case_bodies.c.case_id == cases.c.id,
            case_bodies.c.body == place.body,
            case_bodies.c.unit_id.in_(sorted(place.units)),
        )
        return and_(stands, here)
    return stands & (cases.c.opened_by == account_id if place.opened else cases.c.member_id == member_id)
