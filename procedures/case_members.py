"""The books of members follow the cases: moved to the new branch, away as a guest, back at home.

Which state does what stands in the procedure's file (`membership` of a state). Everything is done in the transaction of
the move and may be done again: a link that is as it should be stays.
"""

from datetime import date

from procedures.definition import Definition
from procedures.forms import day_of
from records.case import Case, current
from records.days import Span
from records.membership import Membership, MembershipKind
from storage.canonical import Scalar
from storage.work import Tx

MOVED, AWAY, BACK = "moved", "away", "back"
NEW_HOME, HOST = "receiving-branch", "host-branch"
"""The bodies whose unit the member goes to; without one the place is outside the house."""


def follow_membership(tx: Tx, definition: Definition, case: Case, actor_id: str) -> None:
    """Let the member's links be what the state of the case says. Raises as `storage.memberships.Memberships`.

    Moved: official at the new branch from the day it took the member in, or at none when that is outside. Away: a guest
    from the first to the last day of the form. Back: no guest from the day after today on.
    """
    what = definition.states[case.state].membership
    change = {MOVED: _moved, AWAY: _away, BACK: _back}.get(what)
    if change is None or not case.member_id:
        return
    done = change(tx, definition, case, actor_id)
    if done is not None:
        told: dict[str, Scalar] = {
            "case": case.id,
            "unit": done.unit_id,
            "kind": done.kind.value,
            "revision": done.revision,
        }
        tx.audit.append(actor_id, f"membership-{what}", case.member_id, "done", told)


def _moved(tx: Tx, definition: Definition, case: Case, actor_id: str) -> Membership | None:
    today = tx.units.today()
    words = {"cause": definition.title, "source": case.id, "by": actor_id}
    branch = next(iter(case.bodies.get(NEW_HOME, ())), "")
    if branch:
        return tx.memberships.transfer(case.member_id, branch, _taken_in(case, today), **words)
    home = tx.memberships.standing(case.member_id).link(MembershipKind.OFFICIAL, today)
    return None if home is None else tx.memberships.change_end(home.id, today, **words)


def _taken_in(case: Case, today: date) -> date:
    paper = current(case)
    boxes = paper.boxes if paper else ()
    return next((box.day for box in reversed(boxes) if box.body == NEW_HOME), today)


def _away(tx: Tx, definition: Definition, case: Case, actor_id: str) -> Membership | None:
    branch = next(iter(case.bodies.get(HOST, ())), "")
    first, last = day_of(case.form, "from_date"), day_of(case.form, "to_date")
    if not branch or first is None or last is None:
        return None
    words = {"cause": definition.title, "source": case.id, "by": actor_id}
    known = _guest(tx, case)
    if known is None:
        return tx.memberships.join(
            case.member_id, branch, MembershipKind.TEMPORARY, Span(first, last), **words
        )
    return None if known.span.until == last else tx.memberships.change_end(known.id, last, **words)


def _back(tx: Tx, definition: Definition, case: Case, actor_id: str) -> Membership | None:
    known = _guest(tx, case)
    if known is None:
        return None
    last = max(known.span.since, tx.units.today())
    if known.span.until is not None and known.span.until <= last:
        return None
    return tx.memberships.change_end(known.id, last, cause=definition.title, source=case.id, by=actor_id)


def _guest(tx: Tx, case: Case) -> Membership | None:
    links = tx.memberships.of([case.member_id])
    return next((m for m in links if m.source == case.id and m.kind is MembershipKind.TEMPORARY), None)
