"""What a body of the Party or the State is: its code, level, names and place in the tree, each with its days.

Code: five groups of 2.3.3.3.3 digits, compared on the digits alone (`38.168.053.000.001` a branch, `38.168.053` its
base organisation); a group of zeros is a level the body does not have. Source: export of the member system, seen in
an implementation only; levels after the reorganisation of 2025 (294-QĐ/TW, in force 2025-07-01, no district level).
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from records.days import Span
from records.errors import Unfit


class System(StrEnum):
    """Whose rules bind the body: numbering, layout, stamps and forms of signature differ."""

    STATE = "state"
    PARTY = "party"


class UnitLevel(StrEnum):
    """Where a body stands. Committees and authorities from the top down; `body` serves the one it hangs under."""

    CENTRAL = "central"  # Trung ương
    PROVINCE = "province"  # tỉnh, thành phố
    UPPER = "upper"  # Party: cấp trên trực tiếp của tổ chức cơ sở đảng; State: xã, phường
    BASE = "base"  # tổ chức cơ sở đảng: đảng bộ cơ sở, chi bộ cơ sở
    PART = "part"  # đảng bộ bộ phận
    BRANCH = "branch"  # chi bộ
    GROUP = "group"  # tổ đảng
    BODY = "body"  # ban, văn phòng, sở, phòng: serves the committee or authority above it


LEVEL_NAMES = {
    UnitLevel.CENTRAL: "Trung ương",
    UnitLevel.PROVINCE: "Tỉnh, thành phố",
    UnitLevel.UPPER: "Cấp trên trực tiếp cơ sở (xã, phường)",
    UnitLevel.BASE: "Cơ sở",
    UnitLevel.PART: "Bộ phận",
    UnitLevel.BRANCH: "Chi bộ",
    UnitLevel.GROUP: "Tổ đảng",
    UnitLevel.BODY: "Cơ quan, đơn vị",
}
"""What people read, and what a list may say."""

_RANK = {level: rank for rank, level in enumerate(UnitLevel)}
COMMITTEES = frozenset(UnitLevel) - {UnitLevel.BODY, UnitLevel.GROUP}
"""Party levels that have a committee or, as a small branch, at least a secretary."""
AUTHORITIES = frozenset({UnitLevel.CENTRAL, UnitLevel.PROVINCE, UnitLevel.UPPER})
"""State levels beside `body`."""
_ROOTS = frozenset({UnitLevel.CENTRAL, UnitLevel.PROVINCE, UnitLevel.UPPER, UnitLevel.BASE})
"""Party levels that may be the top of an installation."""
HOLDS_MEMBERS = frozenset({UnitLevel.BRANCH, UnitLevel.BASE})
"""Where a member belongs: a branch, or a base organisation that is one branch itself (chi bộ cơ sở)."""

GROUPS = (2, 3, 3, 3, 3)
_CODE = re.compile(r"[0-9]{2}(?:\.?[0-9]{3}){0,4}")
_ABBREVIATION = re.compile(r"[^\W_]{1,15}(?:[-/.][^\W_]{1,15})*")
LONGEST_NAME = 200
"""Letters: OrganName, NĐ 30/2020 Phụ lục VI."""
LONGEST_ABBREVIATION = 20
"""Letters: it must leave room for the rest of a notation, which has 30 (CodeNotation, NĐ 30/2020 Phụ lục VI)."""


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What may change about a body when it is renamed or moved. `abbreviation` stands in numbers: "QU", "UBND"."""

    level: UnitLevel
    name: str
    short_name: str = ""
    abbreviation: str = ""
    code: str = ""
    parent_id: str | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """A body as it is in `span`. `last_day`: of the body itself, None while it lives; then `successor_id` may say
    which one took it over.
    """

    id: str
    system: System
    facts: UnitFacts
    span: Span
    last_day: date | None = None
    successor_id: str | None = None

    @property
    def name(self) -> str:
        """Its full name."""
        return self.facts.name

    @property
    def level(self) -> UnitLevel:
        """Where it stands."""
        return self.facts.level


def code_key(code: str) -> str:
    """Return the 14 digits that codes are compared on, "" for no code; groups left out at the end are zeros.

    Raises `Unfit` (`unit-code`).

    >>> code_key("38.168.053"), code_key("38168053000001")
    ('38168053000000', '38168053000001')
    """
    plain = "".join(code.split())
    if not plain:
        return ""
    digits = plain.replace(".", "")
    if not _CODE.fullmatch(plain) or not digits.strip("0"):
        raise Unfit(
            f"unit code {code[:40]!r}",
            code="unit-code",
            tell=f"Mã tổ chức đảng “{code[:40]}” không đúng: mã gồm các nhóm 2.3.3.3.3 chữ số, ví dụ "
            "38.168.053.000.001. Hãy kiểm tra lại mã (bảng tính có thể đã bỏ số 0 ở đầu).",
        )
    return digits.ljust(sum(GROUPS), "0")


def written_code(key: str) -> str:
    """Return the code of 14 digits in groups, without the groups of zeros at its end.

    >>> written_code("38168053000001"), written_code("38168053000000")
    ('38.168.053.000.001', '38.168.053')
    """
    groups = _split(key)
    while groups and not groups[-1].strip("0"):
        groups.pop()
    return ".".join(groups)


def codes_above(key: str) -> tuple[str, ...]:
    """Return the codes that bodies above the one with this code would have, nearest first.

    >>> codes_above("38168053000001")
    ('38168053000000', '38168000000000', '38000000000000')
    """
    groups = _split(key)
    found: list[str] = []
    for length in range(len(groups) - 1, 0, -1):
        above = "".join(groups[:length]).ljust(len(key), "0")
        if above.strip("0") and above not in (key, *found):
            found.append(above)
    return tuple(found)


def checked_facts(system: System, facts: UnitFacts) -> UnitFacts:
    """Return the facts in their one form (NFC, single spaces, code in groups).

    Raises `Unfit`: `unit-name`, `unit-abbreviation`, `unit-code`, `unit-level`.
    """
    clean = replace(
        facts,
        name=_plain(facts.name),
        short_name=_plain(facts.short_name),
        abbreviation=_plain(facts.abbreviation),
        code=written_code(code_key(facts.code)),
    )
    for name in (clean.name, clean.short_name):
        if len(name) > LONGEST_NAME or any(unicodedata.category(c) in ("Cc", "Cs", "Co") for c in name):
            raise _unfit(
                "unit-name", name, f"dài quá {LONGEST_NAME} ký tự hoặc có ký tự lạ. Hãy nhập lại tên."
            )
    if not any(c.isalpha() for c in clean.name):
        raise _unfit("unit-name", clean.name, "không phải là tên. Hãy nhập tên đầy đủ của đơn vị.")
    if clean.abbreviation and (
        len(clean.abbreviation) > LONGEST_ABBREVIATION or not _ABBREVIATION.fullmatch(clean.abbreviation)
    ):
        raise _unfit(
            "unit-abbreviation",
            clean.abbreviation,
            "không dùng được làm chữ viết tắt trong số, ký hiệu (chỉ chữ và số, không dấu cách, tối đa "
            f"{LONGEST_ABBREVIATION} ký tự). Ví dụ: QU, ĐU, UBND.",
        )
    if system is System.STATE and clean.code:
        raise _unfit(
            "unit-code", clean.code, "là mã tổ chức đảng; cơ quan nhà nước không có mã này. Hãy bỏ trống."
        )
    if system is System.STATE and clean.level not in AUTHORITIES | {UnitLevel.BODY}:
        raise _unfit(
            "unit-level", LEVEL_NAMES[clean.level], "là cấp của tổ chức đảng, không của cơ quan nhà nước."
        )
    return clean


def check_place(unit: UnitFacts, system: System, parent: Unit | None) -> None:
    """Return when a body may hang under `parent` (None: at the top). Raises `Unfit` (`unit-place`)."""
    if parent is None:
        if system is System.STATE or unit.level in _ROOTS:
            return
        why = f"cấp “{LEVEL_NAMES[unit.level]}” phải có đơn vị cấp trên"
    elif parent.system is not system:
        why = f"đơn vị cấp trên “{parent.name}” thuộc hệ thống khác"
    elif parent.level is UnitLevel.BODY and unit.level is not UnitLevel.BODY:
        why = f"“{parent.name}” là cơ quan, đơn vị, không có tổ chức cấp dưới loại này"
    elif unit.level is not UnitLevel.BODY and _RANK[parent.level] >= _RANK[unit.level]:
        why = f"đơn vị cấp trên “{parent.name}” không ở cấp cao hơn"
    else:
        return
    raise _unfit(
        "unit-place", unit.name, f"chưa đặt được vào hệ thống: {why}. Hãy kiểm tra cấp và đơn vị cấp trên."
    )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _split(key: str) -> list[str]:
    groups, at = [], 0
    for size in GROUPS:
        groups.append(key[at : at + size])
        at += size
    return groups


def _unfit(code: str, what: str, why: str) -> Unfit:
    return Unfit(f"{code}: {what[:80]!r}", code=code, tell=f"“{what[:80]}” {why}")
