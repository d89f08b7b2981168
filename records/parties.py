"""Whose affair a case is: the bodies it has reached, its member, who opened it. The access rule is built from these.

A document that came out of a case (`access.Level.PARTIES`) is seen by the parties of its case and by nobody else; an
account has parties by its posts and delegations of today, as the member it is, and as itself. The case exists for
somebody exactly when the two meet, which is `procedures.machine.may_see` (a test holds them together).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from records.case import Case


class PartyKind(StrEnum):
    """What makes a case somebody's affair."""

    BODY = "body"  # acts in a procedure for a unit
    MEMBER = "member"  # the case is about this member
    OPENER = "opener"  # the account opened it, and it is about no member


@dataclass(frozen=True, slots=True, order=True)
class Party:
    """One part in cases: `of` is the unit (in the procedure `procedure`), the member or the account."""

    kind: PartyKind
    of: str
    procedure: str = ""

    @property
    def token(self) -> str:
        """The party as one word, as the search index keeps it."""
        return ":".join(part for part in (self.kind.value, self.procedure, self.of) if part)


def body_party(procedure: str, unit_id: str) -> Party:
    """Return the party of whoever acts for a unit in a procedure."""
    return Party(PartyKind.BODY, unit_id, procedure)


def parties_of(case: Case) -> frozenset[Party]:
    """Return whose affair the case is by now; bodies whose turn has not come are not among them.

    Who opened a case about a member is no party by that: the data are the member's.
    """
    reached = (unit for body in case.reached for unit in case.bodies.get(body, ()))
    own = (
        Party(PartyKind.MEMBER, case.member_id) if case.member_id else Party(PartyKind.OPENER, case.opened_by)
    )
    return frozenset({own, *(body_party(case.procedure, unit) for unit in reached)})


def parties_for(account_id: str, member_id: str, acts: Iterable[tuple[str, str]]) -> frozenset[Party]:
    """Return the parties of an account: `acts` are (procedure, unit) of its posts, `member_id` "" when it is none."""
    found = {Party(PartyKind.OPENER, account_id), *(body_party(procedure, unit) for procedure, unit in acts)}
    if member_id:
        found.add(Party(PartyKind.MEMBER, member_id))
    return frozenset(found)
