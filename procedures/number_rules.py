"""How papers are numbered and how a number is written, by the rule in force on the day: data with dates and sources.

The rules are in `numbering.toml`; State and Party differ in all of it. See docs/decisions/0092.
"""

import string
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from records.errors import ArchiveFault, Unfit
from records.numbers import parse_number
from records.paper_types import type_named
from records.units import System

RULES = Path(__file__).with_name("numbering.toml")
FIELDS = frozenset(
    {
        "written",
        "day",
        "subject",
        "signer",
        "recipients",
        "keeper",
        "copies",
        "sent_on",
        "received_by",
        "note",
    }
)
"""What a column of the register may show."""

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
_WORDS = {"written": {"number", "type", "issuer"}, "written_without_type": {"number", "issuer"}}
_BODIES = {System.STATE: "cơ quan nhà nước", System.PARTY: "cơ quan đảng"}


@dataclass(frozen=True, slots=True)
class Notation:
    """Who stands in a notation: `issuer` ("TU", "UBND"); `drafter`, the unit that drafted a letter of a State body
    ("NC" in 515/TTLTLS-NC); `internal`: a Party paper for inside use ("/nb").
    """

    issuer: str
    drafter: str = ""
    internal: bool = False


@dataclass(frozen=True, slots=True)
class NumberRule:
    """How the bodies of one system number their papers, from `effective_from` to `effective_to` (both inclusive).

    What each field means stands at the head of `numbering.toml`.
    """

    __pydantic_config__ = _STRICT

    system: System
    effective_from: date
    source: Annotated[str, Field(min_length=5)]
    checked: Literal["text", "secondary"]
    period: Literal["year", "term"]
    secret_apart: bool
    congress: bool
    back_dated: Literal["never", "held"]
    digits: Annotated[int, Field(ge=1, le=6)]
    written: str
    written_without_type: str
    drafter: str
    internal: str
    types: Annotated[dict[str, str], Field(min_length=1)]
    unverified: tuple[str, ...] = ()
    effective_to: date | None = None

    def write(self, number: int, type_name: str, notation: Notation) -> str:
        """Return number and notation as they stand on the paper, e.g. `1593-CV/TU`, `08/QĐ-UBND`.

        Raises `Unfit` (`notation-unfit`) for a notation that this rule does not know or nobody could read back.
        """
        code = self.types[type_name]
        form = self.written if code else self.written_without_type
        text = form.format(number=f"{number:0{self.digits}}", type=code, issuer=_plain(notation.issuer))
        if notation.drafter:
            text += self.drafter.format(drafter=_plain(notation.drafter)) if not code else ""
        if notation.internal:
            text += self.internal
        unheard = (notation.drafter and (code or not self.drafter)) or (
            notation.internal and not self.internal
        )
        names = (_plain(name) for name in (notation.issuer, notation.drafter or notation.issuer))
        read = parse_number(text)
        odd = read is None or read.text != text or int(read.number) != number
        if unheard or odd or not all(name[:1].isupper() and "/" not in name for name in names):
            raise Unfit(
                f"{self.system} notation {notation} gives {text!r}",
                code="notation-unfit",
                tell=f"Ký hiệu “{text[:60]}” không đúng cách viết số, ký hiệu của {_BODIES[self.system]} "
                f"({self.source}). Hãy kiểm tra chữ viết tắt tên cơ quan, đơn vị soạn thảo.",
            )
        return text

    def type_called(self, name: str) -> str:
        """Return the type as the rule spells it. Raises `Unfit` (`type-without-number`) for one it does not number."""
        known = type_named(name)
        if known is None or known.name not in self.types:
            raise Unfit(
                f"{self.system} does not number {name[:60]!r}",
                code="type-without-number",
                tell=f"Chưa có cách viết số, ký hiệu cho loại “{name[:60]}” của {_BODIES[self.system]} "
                f"({self.source}). Hãy chọn loại khác, hoặc nhờ quản trị viên bổ sung quy định.",
            )
        return known.name


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the printed register: what it shows (one of `FIELDS`) and its heading."""

    __pydantic_config__ = _STRICT

    field: str
    head: Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class BookRule:
    """What the printed register looks like, from `effective_from` to `effective_to` (both inclusive)."""

    __pydantic_config__ = _STRICT

    system: System
    effective_from: date
    source: Annotated[str, Field(min_length=5)]
    checked: Literal["text", "secondary"]
    title: Annotated[str, Field(min_length=1)]
    columns: Annotated[tuple[Column, ...], Field(min_length=1)]
    effective_to: date | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything the file says."""

    __pydantic_config__ = _STRICT

    rule: tuple[NumberRule, ...]
    book: tuple[BookRule, ...]


_Dated = TypeVar("_Dated", NumberRule, BookRule)


def load_rules(path: Path = RULES) -> Rules:
    """Return every rule of the file. Raises `ArchiveFault` (`numbering-rules`) naming what is wrong in it."""
    try:
        rules = TypeAdapter(Rules).validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as fault:
        raise _wrong(path, str(fault)) from fault
    for rule in rules.rule:
        if why := _nonsense(rule):
            raise _wrong(path, f"{rule.system}, {rule.effective_from}: {why}")
    for book in rules.book:
        if odd := sorted({column.field for column in book.columns} - FIELDS):
            raise _wrong(path, f"{book.system}, {book.effective_from}: unknown columns: {', '.join(odd)}")
    _demand_one_at_a_time(path, rules.rule)
    _demand_one_at_a_time(path, rules.book)
    return rules


@lru_cache(maxsize=1)
def _rules() -> Rules:
    return load_rules()


def rule_at(system: System, day: date) -> NumberRule:
    """Return how bodies of `system` number on `day`. Raises `ArchiveFault` (`numbering-not-in-force`)."""
    return _at(_rules().rule, system, day)


def book_at(system: System, day: date) -> BookRule:
    """Return what the register of bodies of `system` looks like on `day`. Raises as `rule_at`."""
    return _at(_rules().book, system, day)


def _at(rules: Sequence[_Dated], system: System, day: date) -> _Dated:
    for rule in rules:
        begun = rule.effective_from <= day
        if rule.system == system and begun and (rule.effective_to is None or day <= rule.effective_to):
            return rule
    raise ArchiveFault(
        f"no numbering rule for {system} on {day}",
        code="numbering-not-in-force",
        tell=f"Ngày {day:%d/%m/%Y} chưa có quy định nào về số và sổ văn bản đi của {_BODIES[system]} trong hệ thống. "
        "Hãy kiểm tra ngày, hoặc nhờ quản trị viên bổ sung quy định.",
    )


def _nonsense(rule: NumberRule) -> str:
    """Return what a table of types cannot say about one rule; empty when it is sound."""
    if rule.effective_to is not None and rule.effective_to < rule.effective_from:
        return "it ends before it begins"
    bare = any(not code for code in rule.types.values())
    for name, words in _WORDS.items():
        if name == "written_without_type" and not bare:
            continue
        try:
            found = [
                word for _, word, _, _ in string.Formatter().parse(getattr(rule, name)) if word is not None
            ]
        except ValueError as fault:
            return f"{name}: {fault}"
        if sorted(found) != sorted(words):
            return f"{name} must say {', '.join(sorted(words))} once each"
    for name in (*rule.types, *rule.unverified):
        known = type_named(name)
        if known is None or known.name != name:
            return f"unknown type {name!r}"
    return ""


def _demand_one_at_a_time(path: Path, rules: Sequence[_Dated]) -> None:
    ordered = sorted(rules, key=lambda rule: (rule.system, rule.effective_from))
    for one, two in zip(ordered, ordered[1:], strict=False):
        if one.system == two.system and (one.effective_to is None or two.effective_from <= one.effective_to):
            raise _wrong(path, f"two rules at once: {one.system}, {two.effective_from}")


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _wrong(path: Path, why: str) -> ArchiveFault:
    return ArchiveFault(
        f"{path}: {why}",
        code="numbering-rules",
        tell=f"Bảng quy định đánh số {path.name} có chỗ sai nên chưa cấp số được. Hãy báo quản trị viên.",
    )
