"""What changed between two versions of a document, line by line and within a line word by word, as people read it.

A version says its form, field by field, and the text of its file, page by page. Parses a stranger's file: call
`compare` in a limited child process.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from procedures.definition import Definition, FieldKind
from records.case import CaseVersion, Value
from records.errors import Unfit
from signing.page_text import open_pages, read_page

MOST_LINES = 4_000
"""A version with more is not compared: comparing takes time that grows with the square."""
_WORDS = re.compile(r"\s+|[^\s]+")

Change = Literal["same", "gone", "new"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a line, and whether they are in both versions, in the old one only, or in the new one only."""

    change: Change
    text: str


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """A line of either version: `same` in both, `gone`, `new`, or `changed` with its words told apart."""

    change: Literal["same", "gone", "new", "changed"]
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """What one version says: the lines of its form, and its file when one was handed in."""

    lines: tuple[str, ...]
    pdf: Path | None = None


def form_lines(definition: Definition, version: CaseVersion) -> tuple[str, ...]:
    """Return the form of a version as lines, each field by the name people know."""
    return tuple(
        f"{field.label}: {line}" if n == 0 else line
        for field in definition.fields.values()
        if field.code in version.form
        for n, line in enumerate(_said(field.choices, field.kind, version.form[field.code]))
    )


def compare(old: Side, new: Side) -> tuple[ChangedLine, ...]:
    """Return every line of both versions in order. Raises `Unfit` (`file-malformed`, `version-too-long`)."""
    before, after = (_whole(side) for side in (old, new))
    found: list[ChangedLine] = []
    for what, a0, a1, b0, b1 in difflib.SequenceMatcher(None, before, after).get_opcodes():
        if what == "equal":
            found += [ChangedLine("same", (Piece("same", line),)) for line in before[a0:a1]]
            continue
        pairs = min(a1 - a0, b1 - b0)
        for n in range(pairs):
            found += _line(before[a0 + n], after[b0 + n])
        found += [ChangedLine("gone", (Piece("gone", line),)) for line in before[a0 + pairs : a1]]
        found += [ChangedLine("new", (Piece("new", line),)) for line in after[b0 + pairs : b1]]
    return tuple(found)


def _line(old: str, new: str) -> Iterator[ChangedLine]:
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    if matcher.quick_ratio() < 0.3:  # hardly a word in common: two lines, not one that changed
        yield ChangedLine("gone", (Piece("gone", old),))
        yield ChangedLine("new", (Piece("new", new),))
        return
    pieces: list[Piece] = []
    for what, a0, a1, b0, b1 in matcher.get_opcodes():
        if what == "equal":
            pieces.append(Piece("same", "".join(before[a0:a1])))
            continue
        if a1 > a0:
            pieces.append(Piece("gone", "".join(before[a0:a1])))
        if b1 > b0:
            pieces.append(Piece("new", "".join(after[b0:b1])))
    yield ChangedLine("changed", tuple(pieces))


def _whole(side: Side) -> list[str]:
    lines = list(side.lines)
    if side.pdf is not None:
        with open_pages(side.pdf) as pdf:
            for number in range(1, len(pdf) + 1):
                lines.append(f"[Trang {number}]")
                lines += [line.text for line in read_page(pdf, number).lines]
                if len(lines) > MOST_LINES:
                    break
    if len(lines) > MOST_LINES:
        raise Unfit(
            f"more than {MOST_LINES} lines",
            code="version-too-long",
            tell=f"Văn bản dài quá {MOST_LINES} dòng nên không so sánh được trên màn hình. "
            "Hãy tải hai bản về để so sánh.",
        )
    return lines


def _said(choices: Mapping[str, str], kind: FieldKind, value: Value) -> Sequence[str]:
    if kind is FieldKind.YES:
        return ["Có" if value else "Không"]
    return str(choices.get(str(value), value)).splitlines() or [""]
