"""Members for a form: shown as the one rule of personal data lets the caller see them, each look in the log."""

from api.schemas.case_desks import MemberOut
from api.schemas.common import Listing
from api.tools import Tools
from procedures.case_facts import line_of
from records.access import Actor
from records.errors import Missing
from records.members import Member
from records.membership import MembershipKind
from storage.work import Tx

MYSELF = "me"


def find(
    tools: Tools, actor: Actor, name: str, unit_id: str | None, limit: int, offset: int
) -> Listing[MemberOut]:
    """Return members by name. Raises as `storage.members.Members.find`."""
    with tools.work.begin() as tx:
        viewer = tx.posts.viewer(actor.id)
        found, total = tx.members.find(viewer, name=name, unit_id=unit_id, limit=limit, offset=offset)
        items = [_out(tx, member) for member in found]
    return Listing(items=items, total=total, limit=limit, offset=offset)


def one(tools: Tools, actor: Actor, member_id: str) -> MemberOut:
    """Return one member, the caller for `me`. Raises `Missing`: there is none, or none for the caller."""
    with tools.work.begin() as tx:
        wanted = tx.members.of_account(actor.id) if member_id == MYSELF else member_id
        if not wanted:
            raise Missing(f"{actor.id} is no member")
        # shown last: the look is written to the log, and nothing may wait after that
        belongs = _home(tx, wanted)
        return _out(tx, tx.members.show(tx.posts.viewer(actor.id), wanted).member, belongs)


def _out(tx: Tx, member: Member, belongs: tuple[str, ...] | None = None) -> MemberOut:
    person = member.person
    line = (*(_home(tx, member.id) if belongs is None else belongs), "", "", "")
    return MemberOut(
        id=member.id,
        sight=member.sight,
        full_name=person.full_name,
        card_no=person.card_no,
        cv_no=person.cv_no,
        birth_date=person.birth_date,
        official_date=person.official_date,
        unit_id=line[0],
        base_id=line[1],
        upper_id=line[2],
        unit_name=tx.units.get(line[0], tx.units.today()).name if line[0] else "",
    )


def _home(tx: Tx, member_id: str) -> tuple[str, ...]:
    day = tx.units.today()
    home = tx.memberships.standing(member_id).link(MembershipKind.OFFICIAL, day)
    return () if home is None else line_of(tx, home.unit_id, day)
