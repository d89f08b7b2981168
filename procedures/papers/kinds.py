"""The kinds of paper and what each must be told: read from `kinds.toml`, and a case's answers held against it.

A missing or misspelt answer is told by the name people know, all of them at once, before anything is drawn.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from records.errors import ArchiveFault, Unfit
from records.units import System

TABLE = Path(__file__).with_name("kinds.toml")
TEMPLATES = Path(__file__).with_name("templates")

Pairs = tuple[tuple[str, str], ...]
Answer = str | date | tuple[str, ...] | Pairs | None
"""What a template is given for one field, by its `as`; an optional field left out is empty or None."""

_STRICT = ConfigDict(extra="forbid", populate_by_name=True)
_LONGEST_WORD, _MOST_ROWS = 120, 300
"""Beyond these the layout engine takes minutes: its time grows with the square of an unbroken word."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """One thing a paper says. `label`: its name on the form; `most`: letters at most; `told`: what `pattern` means."""

    __pydantic_config__ = _STRICT

    name: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    label: Annotated[str, Field(min_length=2)]
    form: Annotated[Literal["line", "paragraphs", "day", "pairs"], Field(alias="as")]
    most: Annotated[int, Field(ge=1)] = 500
    optional: bool = False
    pattern: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of paper. `type_name`: as in `records.paper_types`; `source`: the rule its template follows.

    `heading`: its name in the middle of the page; `boxed`: it has the boxes of the transfer letter, and neither
    recipients nor marks of urgency or secrecy. `numbered` false: it has a date and never a number.
    """

    __pydantic_config__ = _STRICT

    name: str
    type_name: str
    systems: tuple[System, ...]
    template: str
    source: str
    fields: tuple[FieldRule, ...]
    heading: str = ""
    boxed: bool = False
    numbered: bool = True

    def answers(self, given: Mapping[str, object]) -> dict[str, Answer]:
        """Return `given` checked and cleaned, one answer for every field.

        Days may be `date` or ISO text. Raises `Unfit`: `paper-field-missing`, `paper-field-unknown` (an answer that no
        place on the paper waits for), `paper-field-wrong`.
        """
        names = {rule.name for rule in self.fields}
        if unknown := sorted(str(name) for name in given if name not in names):
            raise Unfit(
                f"{self.name}: unknown fields {unknown}",
                code="paper-field-unknown",
                tell=f"{self.type_name} không có mục: {', '.join(unknown)}. Hãy bỏ các mục này; chưa tạo gì.",
            )
        missing = [rule.label for rule in self.fields if not rule.optional and _empty(given.get(rule.name))]
        if missing:
            raise missing_fields(self.type_name, missing)
        return {rule.name: _answer(rule, given.get(rule.name)) for rule in self.fields}


def missing_fields(paper: str, labels: Sequence[str]) -> Unfit:
    """Return the refusal of a paper that lacks the fields known to people as `labels`."""
    told = ", ".join(f"“{label}”" for label in labels)
    return Unfit(
        f"{paper}: missing {told}",
        code="paper-field-missing",
        tell=f"{paper} còn thiếu {told}. Hãy điền đủ rồi tạo lại; chưa tạo gì.",
    )


@lru_cache(maxsize=1)
def kinds() -> Mapping[str, Kind]:
    """Return every kind by name."""
    return load_kinds()


def kind_named(name: str, system: System) -> Kind:
    """Return the kind `name` for papers of `system`. Raises `Unfit` (`paper-kind-unknown`)."""
    kind = kinds().get(name)
    if kind is None or system not in kind.systems:
        known = ", ".join(sorted(one.name for one in kinds().values() if system in one.systems))
        raise Unfit(
            f"no kind {name!r} of {system}",
            code="paper-kind-unknown",
            tell=f"Chưa có mẫu văn bản “{name}” cho hệ thống này. Mẫu dùng được: {known}.",
        )
    return kind


def load_kinds(path: Path = TABLE) -> dict[str, Kind]:
    """Return the kinds of the table at `path`. Raises `ArchiveFault` (`paper-kinds`) naming what is wrong in it."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        found = TypeAdapter(dict[Literal["kind"], tuple[Kind, ...]]).validate_python(content)["kind"]
        for rule in (rule for kind in found for rule in kind.fields):
            re.compile(rule.pattern)
    except (OSError, ValueError, KeyError, re.error, ValidationError) as fault:
        raise _wrong(path, str(fault)) from fault
    if twice := _twice(kind.name for kind in found):
        raise _wrong(path, f"twice: {twice}")
    for kind in found:
        if twice := _twice(rule.name for rule in kind.fields):
            raise _wrong(path, f"{kind.name}: twice: {twice}")
        if not (TEMPLATES / kind.template).is_file():
            raise _wrong(path, f"{kind.name}: no template {kind.template}")
    return {kind.name: kind for kind in found}


def one_line(text: str) -> str:
    """Return `text` in composed form and on one line."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _twice(names: Iterable[str]) -> str:
    seen: set[str] = set()
    return next((name for name in names if name in seen or seen.add(name)), "")  # type: ignore[func-returns-value]


def _empty(value: object) -> bool:
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, Sequence):
        return not any(not _empty(one) for one in value)
    return value is None


def _answer(rule: FieldRule, value: object) -> Answer:
    if rule.form == "day":
        return None if _empty(value) else _day(rule, value)
    if rule.form == "line":
        return _line(rule, value)
    rows = value if isinstance(value, list | tuple) else None
    if rows is None and not _empty(value):
        raise _unfit(rule, "phải là nhiều đoạn")
    if len(rows or ()) > _MOST_ROWS:
        raise _unfit(rule, f"có quá {_MOST_ROWS} đoạn")
    cleaned: tuple[str, ...] | Pairs
    if rule.form == "pairs":
        cleaned = tuple(_pair(rule, row) for row in rows or ())
        size = sum(len(what) + len(said) for what, said in cleaned)
    else:
        cleaned = tuple(text for row in rows or () if (text := _text(rule, row)))
        size = sum(map(len, cleaned))
    _demand_short(rule, size)
    return cleaned


def _line(rule: FieldRule, value: object) -> str:
    text = "" if _empty(value) else _text(rule, value)
    _demand_short(rule, len(text))
    if text and rule.pattern and not re.fullmatch(rule.pattern, text, re.ASCII):
        raise _unfit(rule, rule.told or "ghi chưa đúng mẫu")
    return text


def _pair(rule: FieldRule, row: object) -> tuple[str, str]:
    if not isinstance(row, list | tuple) or len(row) != 2:
        raise _unfit(rule, "mỗi dòng phải gồm nhiệm vụ và nhận xét")
    what, said = (_text(rule, part) for part in row)
    if not what or not said:
        raise _unfit(rule, "mỗi nhiệm vụ phải có nhận xét")
    return what, said


def _text(rule: FieldRule, value: object) -> str:
    if not isinstance(value, str):
        raise _unfit(rule, "phải là chữ")
    text = one_line(value)
    if any(len(word) > _LONGEST_WORD for word in text.split(" ")):
        raise _unfit(rule, f"có chỗ viết liền quá {_LONGEST_WORD} chữ không dấu cách")
    return text


def _day(rule: FieldRule, value: object) -> date:
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError as fault:
        raise _unfit(rule, "không phải một ngày có thật") from fault


def _demand_short(rule: FieldRule, size: int) -> None:
    if size > rule.most:
        raise _unfit(rule, f"dài {size} chữ, nhiều nhất {rule.most} chữ")


def _unfit(rule: FieldRule, why: str) -> Unfit:
    return Unfit(
        f"{rule.name}: {why}",
        code="paper-field-wrong",
        tell=f"Mục “{rule.label}” {why}. Hãy sửa rồi tạo lại; chưa tạo gì.",
    )


def _wrong(path: Path, why: str) -> ArchiveFault:
    return ArchiveFault(
        f"{path}: {why}",
        code="paper-kinds",
        tell=f"Bảng mẫu văn bản {path.name} có chỗ sai nên chưa soạn được văn bản. Hãy báo quản trị viên.",
    )
