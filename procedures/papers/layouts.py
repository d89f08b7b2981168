"""The layout rule of a paper: by system and by its day, read from `layouts.toml` and checked whole.

State papers follow NĐ 30/2020, party papers 36-HD/VPTW; a paper is laid out by the rule of its own day, so a new rule
is a new table with a date and no code changes.
"""

import string
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from records.errors import ArchiveFault
from records.units import System

RULES = Path(__file__).with_name("layouts.toml")

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
_Lines = Annotated[tuple[str, ...], Field(min_length=1)]
_PARTS = frozenset(
    "nation motto superior organ number place_date name subject letter_subject to grounds body authority title person "
    "recipients_name recipients mark page_number".split()
)


@dataclass(frozen=True, slots=True)
class Part:
    """How one part is printed. `pt`: size in points."""

    __pydantic_config__ = _STRICT

    pt: Annotated[float, Field(ge=6, le=36)]
    bold: bool = False
    italic: bool = False
    underline: bool = False


@dataclass(frozen=True, slots=True)
class Margins:
    """White around the text of an A4 page, in millimetres; the mark for checking lies within the lower one."""

    __pydantic_config__ = _STRICT

    top: Annotated[float, Field(ge=15, le=40)]
    right: Annotated[float, Field(ge=10, le=40)]
    bottom: Annotated[float, Field(ge=15, le=40)]
    left: Annotated[float, Field(ge=15, le=50)]


@dataclass(frozen=True, slots=True)
class Layout:
    """One rule in force from `effective_from` to `effective_to` (both inclusive; None: still).

    `nation`: the lines of the national or party heading, the last one ruled below. `under_organ`, `under_subject`:
    `rule` for a line, else what is printed there. `number`, `place_date`, `subject_of_letter`: patterns.
    `recipients_end`: what each recipient but the last ends with; `end`: what the text ends with. `authorities`: how a
    line of authority begins; `authority_example`: for the person who wrote it otherwise.
    """

    __pydantic_config__ = _STRICT

    system: System
    effective_from: date
    source: Annotated[str, Field(min_length=5)]
    checked: Literal["text", "secondary", "memory"]
    margins: Margins
    nation: _Lines
    under_organ: str
    number: str
    place_date: str
    subject_of_letter: str
    under_subject: str
    to: str
    recipients: str
    recipients_end: str
    end: str
    authorities: _Lines
    authority_example: str
    urgencies: _Lines
    secrecies: _Lines
    parts: dict[str, Part]
    effective_to: date | None = None

    def in_force(self, day: date) -> bool:
        """Return whether the rule holds on `day`."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)

    def number_line(self, number: str, notation: str) -> str:
        """Return the line of number and notation; without a number, room for it is left."""
        return self.number.format(number=number or "\N{NO-BREAK SPACE}" * 8, notation=notation)

    def date_line(self, place: str, day: date, *, blank: bool = False) -> str:
        """Return place and date; `blank`: room for day and month, as drafts have it.

        A day under 10 and the months 1 and 2 get a leading zero (NĐ 30/2020, Phụ lục I, mục II.4; party papers alike).
        """
        gap = "\N{NO-BREAK SPACE}" * 5
        month = f"{day.month:02d}" if day.month <= 2 else str(day.month)
        return self.place_date.format(
            place=place,
            day=gap if blank else f"{day.day:02d}",
            month=gap if blank else month,
            year=day.year,
        )


def load_layouts(path: Path = RULES) -> tuple[Layout, ...]:
    """Return every rule of the file. Raises `ArchiveFault` (`layout-rules`) naming what is wrong in it."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        rules = TypeAdapter(dict[Literal["layout"], tuple[Layout, ...]]).validate_python(content)["layout"]
    except (OSError, ValueError, KeyError, ValidationError) as fault:
        raise _wrong(path, str(fault)) from fault
    for rule in rules:
        if why := _nonsense(rule):
            raise _wrong(path, f"{rule.system}, {rule.effective_from}: {why}")
    _demand_one_at_a_time(path, rules)
    return rules


@lru_cache(maxsize=1)
def _layouts() -> tuple[Layout, ...]:
    return load_layouts()


def layout_at(system: System, day: date) -> Layout:
    """Return the layout of `system` on `day`. Raises `ArchiveFault` (`layout-not-in-force`): none held on that day."""
    for rule in _layouts():
        if rule.system == system and rule.in_force(day):
            return rule
    body = "cơ quan nhà nước" if system == System.STATE else "cơ quan đảng"
    raise ArchiveFault(
        f"no layout for {system} on {day}",
        code="layout-not-in-force",
        tell=f"Ngày {day:%d/%m/%Y} chưa có quy định nào về thể thức văn bản của {body} trong hệ thống. "
        "Hãy kiểm tra ngày văn bản, hoặc nhờ quản trị viên bổ sung quy định.",
    )


def _nonsense(rule: Layout) -> str:
    """Return what a table of types cannot say about one rule; empty when it is sound."""
    if rule.effective_to is not None and rule.effective_to < rule.effective_from:
        return "it ends before it begins"
    if wrong := _PARTS.symmetric_difference(rule.parts):
        return f"parts missing or unknown: {', '.join(sorted(wrong))}"
    patterns = {
        "number": (rule.number, {"number", "notation"}),
        "place_date": (rule.place_date, {"place", "day", "month", "year"}),
        "subject_of_letter": (rule.subject_of_letter, {"subject"}),
    }
    for name, (pattern, words) in patterns.items():
        try:
            found = {word for _, word, _, _ in string.Formatter().parse(pattern) if word is not None}
        except ValueError as fault:
            return f"{name}: {fault}"
        if found != words:
            return f"{name} must ask for {', '.join(sorted(words))}"
    return ""


def _demand_one_at_a_time(path: Path, rules: Sequence[Layout]) -> None:
    ordered = sorted(rules, key=lambda rule: (rule.system, rule.effective_from))
    for one, two in zip(ordered, ordered[1:], strict=False):
        if one.system == two.system and (one.effective_to is None or two.effective_from <= one.effective_to):
            raise _wrong(path, f"two rules at once: {one.system}, {two.effective_from}")


def _wrong(path: Path, why: str) -> ArchiveFault:
    return ArchiveFault(
        f"{path}: {why}",
        code="layout-rules",
        tell=f"Bảng quy định thể thức {path.name} có chỗ sai nên chưa soạn được văn bản. Hãy báo quản trị viên.",
    )
