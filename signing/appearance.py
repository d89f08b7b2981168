"""How each kind of signature shows itself, by the rules in force on the day: data with dates, read and checked whole.

Rules change (in 2025 and 2026 several did) and a paper is drawn by those of its own day, so no rule lies in code.
The rules are in `appearances.toml`; what they say and how well we know them: docs/decisions/0072.
"""

import string
import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from records.clock import VIETNAM
from records.errors import ArchiveFault
from records.units import System
from signing.geometry import Corner

RULES = Path(__file__).with_name("appearances.toml")
WORDS = frozenset({"form", "organisation", "number", "time"})
"""What a line of text may ask for."""

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
_Millimetres = Annotated[float, Field(ge=0, le=420)]
_Points = Annotated[float, Field(ge=5, le=72)]


class Kind(StrEnum):
    """What the signature is; the Vietnamese for it stands in `KINDS`."""

    OFFICIAL = "official"
    SEAL = "seal"
    COPY = "copy"
    ANNEX = "annex"
    ARCHIVE = "archive"


KINDS = {
    Kind.OFFICIAL: "chữ ký của người có thẩm quyền",
    Kind.SEAL: "chữ ký số của cơ quan (con dấu)",
    Kind.COPY: "ký số bản sao",
    Kind.ANNEX: "ký số phụ lục",
    Kind.ARCHIVE: "ký số tài liệu số hóa",
}


@dataclass(frozen=True, slots=True)
class ImageRule:
    """What picture is shown. `colour`: what its ink must be, as a person would call it.

    `most_width_mm`, `most_height_mm`: it is shown as large as its box, never larger than this. `true_size`: shown at
    the organisation's own diameter and nothing else. `over_signature`: part of the signature that it covers, from
    the left.
    """

    __pydantic_config__ = _STRICT

    types: Annotated[tuple[Literal["png", "jpeg"], ...], Field(min_length=1)]
    transparent: bool
    colour: Literal["red", "blue"]
    most_width_mm: _Millimetres = 60.0
    most_height_mm: _Millimetres = 60.0
    true_size: bool = False
    over_signature: Annotated[float, Field(ge=0, lt=1)] = 0.0


@dataclass(frozen=True, slots=True)
class TextRule:
    """What text is shown, upright and black, and where.

    `font_pt` is the size the rule asks for; a long name may shrink it to `least_font_pt`. The box is `width_mm` wide
    and as high as its lines need, at most `most_height_mm`; it stands `aside_mm` from the side of its corner and
    `from_edge_mm` from the upper or lower edge.
    """

    __pydantic_config__ = _STRICT

    lines: Annotated[tuple[str, ...], Field(min_length=1)]
    font_pt: _Points
    least_font_pt: _Points
    align: Literal["left", "center", "right"]
    width_mm: Annotated[float, Field(ge=20, le=200)]
    most_height_mm: Annotated[float, Field(ge=5, le=100)]
    corner: Corner
    aside_mm: _Millimetres
    from_edge_mm: _Millimetres

    def words(self) -> frozenset[str]:
        """Return what the lines ask for."""
        found = (name for line in self.lines for _, name, _, _ in string.Formatter().parse(line))
        return frozenset(name for name in found if name is not None)


@dataclass(frozen=True, slots=True)
class Appearance:
    """One rule in force from `effective_from` to `effective_to` (both inclusive; None: still).

    `source`: the decree or instruction; `checked`: `text` when its wording was read, `secondary` when only an account
    of it. Either `image` or `text` is set. `forms`: what a copy may call itself.
    """

    __pydantic_config__ = _STRICT

    system: System
    kind: Kind
    effective_from: date
    source: Annotated[str, Field(min_length=5)]
    checked: Literal["text", "secondary"]
    effective_to: date | None = None
    image: ImageRule | None = None
    text: TextRule | None = None
    forms: tuple[str, ...] = ()

    def in_force(self, day: date) -> bool:
        """Return whether the rule holds on `day`."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)


def load_rules(path: Path = RULES) -> tuple[Appearance, ...]:
    """Return every rule of the file. Raises `ArchiveFault` (`appearance-rules`) naming what is wrong in it."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        rules = TypeAdapter(dict[Literal["rule"], tuple[Appearance, ...]]).validate_python(content)["rule"]
    except (OSError, ValueError, KeyError, ValidationError) as fault:
        raise _wrong(path, str(fault)) from fault
    for rule in rules:
        if why := _nonsense(rule):
            raise _wrong(path, f"{rule.system}, {rule.kind}, {rule.effective_from}: {why}")
    _demand_one_at_a_time(path, rules)
    return rules


@lru_cache(maxsize=1)
def _rules() -> tuple[Appearance, ...]:
    return load_rules()


def rules_at(system: System | str, kind: Kind | str, day: date) -> Appearance:
    """Return the rule of `system` for `kind` on `day` (a moment counts as its day in Vietnam).

    Raises `ArchiveFault`: `appearance-unknown` when there is no such system or kind, `appearance-not-in-force` when
    there is no rule on that day: nothing is drawn by a rule that did not hold.
    """
    if isinstance(day, datetime):
        day = day.astimezone(VIETNAM).date()
    if system not in set(System) or kind not in set(Kind):
        raise ArchiveFault(
            f"no appearance {system!r}, {kind!r}",
            code="appearance-unknown",
            tell=f"Chưa có mẫu thể hiện chữ ký “{kind}” cho hệ thống “{system}”. "
            f"Mẫu dùng được: {', '.join(Kind)}; hệ thống: {', '.join(System)}.",
        )
    for rule in _rules():
        if rule.system == system and rule.kind == kind and rule.in_force(day):
            return rule
    body = "cơ quan nhà nước" if system == System.STATE else "cơ quan đảng"
    raise ArchiveFault(
        f"no rule for {system}, {kind} on {day}",
        code="appearance-not-in-force",
        tell=f"Ngày {day:%d/%m/%Y} chưa có quy định nào về hình thức {KINDS[Kind(kind)]} của {body} "
        "trong hệ thống. Hãy kiểm tra ngày ký, hoặc nhờ quản trị viên bổ sung quy định.",
    )


def _nonsense(rule: Appearance) -> str:
    """Return what a table of types cannot say about one rule; empty when it is sound."""
    if rule.effective_to is not None and rule.effective_to < rule.effective_from:
        return "it ends before it begins"
    if (rule.image is None) == (rule.text is None):
        return "it needs either an image or a text"
    if rule.text is None:
        return "forms belong to a text" if rule.forms else ""
    try:
        words = rule.text.words()
    except ValueError as fault:
        return f"lines: {fault}"
    if unknown := words - WORDS:
        return f"unknown words: {', '.join(sorted(unknown))}"
    if rule.text.least_font_pt > rule.text.font_pt:
        return "the least font size is above the size"
    if ("form" in words) != bool(rule.forms):
        return "forms and {form} belong together"
    return ""


def _demand_one_at_a_time(path: Path, rules: tuple[Appearance, ...]) -> None:
    ordered = sorted(rules, key=lambda rule: (rule.system, rule.kind, rule.effective_from))
    for one, two in zip(ordered, ordered[1:], strict=False):
        same = (one.system, one.kind) == (two.system, two.kind)
        if same and (one.effective_to is None or two.effective_from <= one.effective_to):
            raise _wrong(path, f"two rules at once: {one.system}, {one.kind}, {two.effective_from}")


def _wrong(path: Path, why: str) -> ArchiveFault:
    return ArchiveFault(
        f"{path}: {why}",
        code="appearance-rules",
        tell=f"Bảng quy định hình thức chữ ký {path.name} có chỗ sai nên chưa ký được. Hãy báo quản trị viên.",
    )
