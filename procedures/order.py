"""Who may order which signature: the profile asks for a key of one role, and a person's key is that person's alone.

Rule: the signature of a competent person is theirs (NĐ 30/2020 Điều 13), the organisation's seal is in the keeping of
the clerical officer (Điều 32): an official never seals, a clerk never signs for an official.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from records.access import Role
from records.errors import Conflict, NotAllowed, Unfit
from signing.key_table import KeyRole
from signing.profiles import ARCHIVE, BOXED, PROFILES

NEEDS = {name: profile.role for name, profile in PROFILES.items() if name != ARCHIVE}
"""The profiles that people sign under, and the role of the key each is made with. `archive` is the walk's own."""
ORDERED = tuple(name for name in NEEDS if name not in BOXED)
"""Those that anybody may order for any file. A box without its words and its place is worth nothing, so those of boxes
are ordered from the case of their letter."""


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What people are told of a key: never where it is, only whether it is on a device at its holder's desk."""

    name: str
    role: KeyRole
    unit: str
    holder: str
    at_desk: bool = False


def usable_keys(login: str, roles: frozenset[Role], keys: Sequence[KeyFacts]) -> list[KeyFacts]:
    """Return the keys that the account `login` may sign with: a clerk's are the seals, an official's their own."""
    return [
        key
        for key in keys
        if (key.role is KeyRole.SEAL and Role.CLERK in roles)
        or (key.role is KeyRole.OFFICIAL and Role.OFFICIAL in roles and key.holder == login)
    ]


def choose_key(
    profile: str, asked: str, login: str, roles: frozenset[Role], keys: Sequence[KeyFacts]
) -> KeyFacts:
    """Return the key that a batch of `profile` ordered by the account `login` is signed with; `asked` may be "".

    Raises `Unfit`: `profile-unknown`, `no-key` (none fits), `key-choice` (several do: name one); `NotAllowed`
    when the profile or the key is not this person's to use.
    """
    needs = NEEDS.get(profile)
    if needs is None:
        raise Unfit(
            f"profile {profile!r}",
            code="profile-unknown",
            tell=f"Chưa có kiểu ký “{profile[:40]}”. Kiểu dùng được: {', '.join(ORDERED)}.",
        )
    wanted = Role.OFFICIAL if needs is KeyRole.OFFICIAL else Role.CLERK
    if wanted not in roles:
        raise NotAllowed(f"{login} is no {wanted} and may not sign as {profile}")
    fitting = [key for key in usable_keys(login, roles, keys) if key.role is needs]
    if asked:
        named = [key for key in fitting if key.name == asked]
        if not named and any(key.name == asked for key in keys):
            raise NotAllowed(f"{login} may not sign as {profile} with the key {asked}")
        fitting = named
    if not fitting:
        raise Unfit(
            f"no key for {profile} of {login} named {asked!r}",
            code="no-key",
            tell="Chưa có chứng thư ký nào dùng được cho yêu cầu này. Hãy báo quản trị viên khai báo trong keys.toml.",
        )
    if len(fitting) > 1:
        names = ", ".join(sorted(key.name for key in fitting))
        raise Unfit(
            f"several keys for {profile}: {names}",
            code="key-choice",
            tell=f"Có nhiều chứng thư dùng được: {names}. Hãy chọn một.",
        )
    return fitting[0]


def choose_desk_key(
    profile: str, key: str, login: str, roles: frozenset[Role], keys: Sequence[KeyFacts]
) -> KeyFacts:
    """Return the key of a batch that the account `login` signs with a device at the desk, asked before each paper.

    Raises as `choose_key` (a role or a key may be taken away meanwhile), and `Conflict` (`key-not-at-desk`).
    """
    chosen = choose_key(profile, key, login, roles, keys)
    if not chosen.at_desk:
        raise Conflict(
            f"key {chosen.name} is not at a desk",
            code="key-not-at-desk",
            tell=f"Khóa “{chosen.name}” do máy chủ giữ nên đợt này được máy chủ ký, không ký bằng thiết bị tại bàn.",
        )
    return chosen
