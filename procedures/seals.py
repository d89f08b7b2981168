"""Which seal belongs to which body: what a step of a case seals is sealed with the seal of the body whose step it is.

A body's seal is in the keeping of its own clerical officer and goes on that body's papers alone (NĐ 30/2020, Điều 32
and 33). Which key is whose seal is data: the word `unit` of its entry in `keys.toml` is the body's id, its code, or
its name. See docs/decisions/0127.
"""

from collections.abc import Sequence

from language.fold import canonical
from procedures.order import NEEDS, KeyFacts
from records.errors import NotAllowed, Unfit
from records.units import Unit, code_key
from signing.key_table import KeyRole


def is_seal(profile: str) -> bool:
    """Return whether signatures of this profile are made with a body's seal."""
    return NEEDS.get(profile) is KeyRole.SEAL


def belongs(key: KeyFacts, unit: Unit, keys: Sequence[KeyFacts]) -> bool:
    """Return whether a seal is this body's. One that names no body is everybody's only where it is the only seal."""
    if key.role is not KeyRole.SEAL:
        return False
    said = canonical(key.unit).strip()
    if not said:
        return sum(one.role is KeyRole.SEAL for one in keys) == 1
    if said in (unit.id, canonical(unit.name).strip()):
        return True
    digits, code = said.replace(".", ""), code_key(unit.facts.code)
    return digits.isdecimal() and bool(code) and digits.ljust(len(code), "0") == code


def seals_of(units: Sequence[Unit], keys: Sequence[KeyFacts]) -> list[KeyFacts]:
    """Return the seals of these bodies."""
    return [key for key in keys if any(belongs(key, unit, keys) for unit in units)]


def without_strange_seals(units: Sequence[Unit], keys: Sequence[KeyFacts]) -> tuple[KeyFacts, ...]:
    """Return the keys but for seals that are none of the bodies somebody is clerk of.

    `units` (): the account is a clerk and holds no post, as in a house without bodies in its books; its role is then
    all there is to go by, and no seal is left out.
    """
    if not units:
        return tuple(keys)
    own = seals_of(units, keys)
    return tuple(key for key in keys if key.role is not KeyRole.SEAL or key in own)


def choose_seal(asked: str, units: Sequence[Unit], keys: Sequence[KeyFacts]) -> str:
    """Return the seal with which these bodies seal; `asked` may be "" where one body has one.

    Raises `NotAllowed` (`seal-of-another`: the seal asked for is another body's), `Unfit` (`seal-missing`: the body has
    none in the table; `key-choice`: it has several, or there are several bodies: name one).
    """
    own = seals_of(units, keys)
    if asked:
        demand_seal(asked, units, keys)
        return asked
    if not own:
        raise Unfit(
            f"no seal of {', '.join(unit.id for unit in units)}",
            code="seal-missing",
            tell=f"Chưa có con dấu của {_named(units)} trên hệ thống. Hãy báo quản trị viên khai báo trong keys.toml "
            "(mục `unit` là tên hoặc mã của đơn vị).",
        )
    if len(own) > 1:
        names = ", ".join(sorted(key.name for key in own))
        raise Unfit(
            f"several seals: {names}",
            code="key-choice",
            tell=f"Có nhiều con dấu dùng được: {names}. Hãy chọn một.",
        )
    return own[0].name


def demand_seal(name: str, units: Sequence[Unit], keys: Sequence[KeyFacts]) -> None:
    """Demand that the key `name` is a seal of one of these bodies. Raises `NotAllowed` (`seal-of-another`)."""
    if any(key.name == name for key in seals_of(units, keys)):
        return
    whose = next((key.unit for key in keys if key.name == name and key.role is KeyRole.SEAL), "")
    raise NotAllowed(
        f"{name} is no seal of {', '.join(unit.id for unit in units)}",
        code="seal-of-another",
        tell=f"Con dấu “{name}”{f' là của “{whose}”,' if whose else ''} không phải của {_named(units)} là đơn vị đóng "
        "dấu ở bước này. Chưa đóng dấu; hãy chọn con dấu của đúng đơn vị.",
    )


def _named(units: Sequence[Unit]) -> str:
    return " hoặc ".join(f"“{unit.name}”" for unit in units) or "đơn vị nào"
