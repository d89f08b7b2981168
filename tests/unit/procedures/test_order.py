"""Who may order which signature, as a table."""

import pytest

from procedures.order import NEEDS, KeyFacts, choose_desk_key, choose_key
from records.access import Role
from records.errors import ArchiveFault
from signing.key_table import KeyRole

KEYS = (
    KeyFacts("ong-an", KeyRole.OFFICIAL, "Văn phòng", "an"),
    KeyFacts("ba-binh", KeyRole.OFFICIAL, "Văn phòng", "binh"),
    KeyFacts("con-dau", KeyRole.SEAL, "Văn phòng", ""),
    KeyFacts("luu-tru", KeyRole.ARCHIVE, "", ""),
)
OFFICIAL, CLERK, READER = frozenset({Role.OFFICIAL}), frozenset({Role.CLERK}), frozenset({Role.READER})


@pytest.mark.parametrize(
    ("profile", "asked", "login", "roles", "expected"),
    [
        ("official", "", "an", OFFICIAL, "ong-an"),
        ("official", "ong-an", "an", OFFICIAL, "ong-an"),
        ("official", "ba-binh", "an", OFFICIAL, "not-allowed"),  # another person's key
        ("official", "con-dau", "an", OFFICIAL, "not-allowed"),  # the organisation's
        ("official", "", "an", CLERK, "not-allowed"),
        ("official", "", "chi", OFFICIAL, "no-key"),
        ("official", "khong-co", "an", OFFICIAL, "no-key"),
        ("seal", "", "vanthu", CLERK, "con-dau"),
        ("copy", "", "vanthu", CLERK, "con-dau"),
        ("annex", "", "vanthu", CLERK, "con-dau"),
        ("seal", "", "an", OFFICIAL, "not-allowed"),
        ("seal", "ong-an", "an", OFFICIAL | CLERK, "not-allowed"),
        ("seal", "luu-tru", "vanthu", CLERK, "not-allowed"),
        ("seal", "", "ban-doc", READER, "not-allowed"),
        ("archive", "", "vanthu", CLERK, "profile-unknown"),  # the walk's own, nobody orders it
        ("", "", "vanthu", CLERK, "profile-unknown"),
    ],
)
def test_each_case(profile: str, asked: str, login: str, roles: frozenset[Role], expected: str) -> None:
    try:
        told = choose_key(profile, asked, login, roles, KEYS).name
    except ArchiveFault as fault:
        told = fault.code
        assert fault.tell
    assert told == expected


def test_one_of_several_must_be_named() -> None:
    keys = (*KEYS, KeyFacts("con-dau-2", KeyRole.SEAL, "Đảng ủy", ""))
    with pytest.raises(ArchiveFault, match="several") as fault:
        choose_key("seal", "", "vanthu", CLERK, keys)
    assert fault.value.code == "key-choice" and "con-dau-2" in fault.value.tell
    assert choose_key("seal", "con-dau-2", "vanthu", CLERK, keys).name == "con-dau-2"


def test_every_profile_of_people_has_a_role() -> None:
    assert set(NEEDS.values()) == {KeyRole.OFFICIAL, KeyRole.SEAL}


@pytest.mark.parametrize(
    ("key", "login", "roles", "expected"),
    [
        ("tai-ban", "an", OFFICIAL, "tai-ban"),
        ("ong-an", "an", OFFICIAL, "key-not-at-desk"),
        ("tai-ban", "binh", OFFICIAL, "not-allowed"),
        ("tai-ban", "an", CLERK, "not-allowed"),
        ("da-bo", "an", OFFICIAL, "no-key"),  # taken out of the table since the batch was opened
    ],
)
def test_who_signs_at_the_desk_is_asked_anew(
    key: str, login: str, roles: frozenset[Role], expected: str
) -> None:
    keys = (*KEYS, KeyFacts("tai-ban", KeyRole.OFFICIAL, "Văn phòng", "an", at_desk=True))
    try:
        told = choose_desk_key("official", key, login, roles, keys).name
    except ArchiveFault as fault:
        told = fault.code
        assert fault.tell
    assert told == expected
