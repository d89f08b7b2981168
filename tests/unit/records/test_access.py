"""The access rule as a table: a new action or role without a row fails, so that none is forgotten."""

from dataclasses import replace

import pytest

from records.access import (
    LOCAL,
    SYSTEM,
    Action,
    Actor,
    Level,
    Role,
    Thing,
    authorize,
    permits,
    readable_levels,
)
from records.errors import Missing, NotAllowed
from records.parties import body_party, parties_for

TABLE = {
    #                        reader, archivist, administrator, official, clerk, secrecy officer
    Action.READ: (True, True, False, False, False, False),
    Action.SEARCH: (True, True, False, False, False, False),
    Action.DIGITIZE: (False, True, False, False, False, False),
    Action.REVIEW: (False, True, False, False, False, False),
    Action.VERIFY: (True, True, True, True, True, True),
    Action.SIGN: (False, False, False, True, True, False),
    Action.SEAL: (False, False, False, False, True, False),
    Action.FOLLOW: (True, True, True, True, True, True),
    Action.MANAGE_ACCOUNTS: (False, False, True, False, False, False),
    Action.READ_AUDIT: (False, False, True, False, False, False),
    Action.OPERATE: (False, False, True, False, False, False),
    Action.DECIDE_HELD: (False, False, False, False, False, True),
}
ROLES = (Role.READER, Role.ARCHIVIST, Role.ADMINISTRATOR, Role.OFFICIAL, Role.CLERK, Role.SECRECY_OFFICER)


def actor(*roles: Role) -> Actor:
    return Actor("a1", "A", frozenset(roles))


def test_every_action_and_role_is_in_the_table() -> None:
    assert set(TABLE) == set(Action) and set(ROLES) == set(Role)


@pytest.mark.parametrize("action", Action)
def test_each_cell_is_as_written(action: Action) -> None:
    assert tuple(permits(actor(role), action) for role in ROLES) == TABLE[action]
    assert not permits(actor(), action)
    assert permits(actor(*ROLES), action)


def test_no_role_reads_what_is_held_and_only_the_engine_does() -> None:
    everybody = actor(*ROLES)
    assert Level.HELD not in readable_levels(everybody)
    assert not permits(everybody, Action.READ, Thing("document", Level.HELD))
    assert Level.HELD not in readable_levels(LOCAL)
    assert Level.HELD in readable_levels(SYSTEM)


def test_who_runs_the_system_reads_no_paper_by_that_alone() -> None:
    assert readable_levels(actor(Role.ADMINISTRATOR)) == frozenset()
    for level in Level:
        with pytest.raises(Missing):
            authorize(actor(Role.ADMINISTRATOR), Action.READ, Thing("document", level))


def test_what_a_reader_may_not_see_looks_absent_and_the_rest_is_refused() -> None:
    authorize(actor(Role.READER), Action.READ, Thing("document", Level.OPEN))
    with pytest.raises(Missing):
        authorize(actor(Role.READER), Action.READ, Thing("document", Level.SECRET))
    with pytest.raises(NotAllowed):
        authorize(actor(Role.READER), Action.OPERATE)


def test_what_came_out_of_a_case_is_for_its_parties_and_for_no_role() -> None:
    paper = Thing("document", Level.PARTIES, parties=frozenset({body_party("official-transfer", "u1")}))
    theirs = replace(actor(), parties=parties_for("a1", "", [("official-transfer", "u1")]))
    authorize(theirs, Action.READ, paper)
    authorize(theirs, Action.SEARCH)
    strangers = [
        parties_for("a1", "", [("official-transfer", "u2")]),
        parties_for("a1", "", [("temporary-transfer", "u1")]),
        parties_for("u1", "u1", []),
    ]
    for parties in strangers:
        with pytest.raises(Missing):
            authorize(replace(actor(*ROLES), parties=parties), Action.READ, paper)
    with pytest.raises(Missing):  # being a party of a case opens nothing that is not of a case
        authorize(theirs, Action.READ, Thing("document", Level.OPEN, parties=theirs.parties))
    for action in set(Action) - {Action.READ, Action.SEARCH}:
        assert not permits(theirs, action)
    authorize(SYSTEM, Action.READ, paper)
    with pytest.raises(Missing):  # whoever sits at the machine of the archive has no case in hand
        authorize(LOCAL, Action.READ, paper)


@pytest.mark.parametrize("part", [SYSTEM, LOCAL])
def test_parts_of_the_house_manage_nobody_and_operate_nothing(part: Actor) -> None:
    for action in (Action.MANAGE_ACCOUNTS, Action.READ_AUDIT, Action.OPERATE):
        assert not permits(part, action)
