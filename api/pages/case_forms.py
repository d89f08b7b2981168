"""Forms of procedures as people fill them in: what is shown for each field and body, and what was sent back.

Fields are named `f.CODE`, bodies `b.CODE`. A body may be typed by its name; what was not understood is asked again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.pages.render import one
from api.services.unit_choices import Meant, Named, meant
from api.tools import Tools
from procedures.definition import Body, Definition, FieldKind, Move
from records.case import Value


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field as the template draws it."""

    code: str
    kind: str
    label: str
    hint: str
    required: bool
    longest: int
    choices: Mapping[str, str]
    value: str


@dataclass(frozen=True, slots=True)
class BodyView:
    """A body to be chosen. `perhaps`: bodies that what was typed may have meant."""

    code: str
    title: str
    many: bool
    level: str
    value: str
    perhaps: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """What a form brought: values by field, units by body, and the bodies that were not understood."""

    values: dict[str, str | int | bool]
    bodies: dict[str, list[str]]
    unclear: dict[str, Meant] = field(default_factory=dict)

    @property
    def problem(self) -> str:
        """The sentence for the person about the bodies, "" when each was understood."""
        if not self.unclear:
            return ""
        if any(one.perhaps for one in self.unclear.values()):
            return "Có tên đơn vị chưa rõ là đơn vị nào. Hãy chọn một trong các đơn vị gợi ý. Chưa ghi gì."
        return "Không tìm thấy đơn vị có tên như đã ghi. Hãy gõ lại tên rồi chọn trong danh sách gợi ý. Chưa ghi gì."


def field_views(
    definition: Definition, codes: Sequence[str], form: Mapping[str, Value], typed: Mapping[str, str]
) -> list[FieldView]:
    """Return the fields of a move as they are drawn: with what was typed, else with what the case holds."""
    views = []
    for code in codes:
        found = definition.fields[code]
        kept = form.get(code, "")
        value = typed.get(code, ("yes" if kept else "") if found.kind is FieldKind.YES else str(kept))
        views.append(
            FieldView(
                code, found.kind, found.label, found.tell, found.required, found.longest, found.choices, value
            )
        )
    return views


def body_views(
    definition: Definition, codes: Sequence[str], words: Mapping[str, str], sent: Sent | None = None
) -> list[BodyView]:
    """Return the bodies of a move as they are drawn; `words`: what stands in each box."""
    views = []
    for code in codes:
        body = definition.bodies[code]
        unclear = sent.unclear.get(code) if sent else None
        perhaps = unclear.perhaps if unclear else ()
        views.append(BodyView(code, body.title, body.many, body.level, words.get(code, ""), perhaps))
    return views


def typed_fields(fields: dict[str, list[str]]) -> dict[str, str]:
    """Return what was typed into fields, by code."""
    return {name[2:]: one(fields, name) for name in fields if name.startswith("f.")}


def typed_bodies(fields: dict[str, list[str]]) -> dict[str, str]:
    """Return what was typed for bodies, by code."""
    return {name[2:]: one(fields, name) for name in fields if name.startswith("b.")}


def read_sent(tools: Tools, definition: Definition, move: Move, fields: dict[str, list[str]]) -> Sent:
    """Return what a form brought for a move: typed words become numbers, yes or no, and units."""
    values: dict[str, Any] = {}
    for code, text in typed_fields(fields).items():
        if code in move.edits and code in definition.fields:
            values[code] = _value(definition.fields[code].kind, text)
    for code in move.edits:
        if definition.fields[code].kind is FieldKind.YES and f"f.{code}.shown" in fields:
            values[code] = bool(one(fields, f"f.{code}"))
    bodies: dict[str, list[str]] = {}
    unclear: dict[str, Meant] = {}
    for code in move.sets:
        body = definition.bodies[code]
        chosen = one(fields, f"u.{code}")  # one of those that were suggested when the words were not clear
        if chosen and chosen == meant(tools, chosen, body.level).unit_id:
            bodies[code] = [chosen]
            continue
        found = [meant(tools, text, body.level) for text in _typed(body, one(fields, f"b.{code}"))]
        if any(not each.unit_id for each in found):
            unclear[code] = next(each for each in found if not each.unit_id)
        elif found:
            bodies[code] = [each.unit_id for each in found]
    return Sent(values, bodies, unclear)


def _typed(body: Body, text: str) -> list[str]:
    lines = text.splitlines() if body.many else [text]
    return [line.strip() for line in lines if line.strip()]


def _value(kind: FieldKind, text: str) -> str | int | bool:
    if kind is FieldKind.YES:
        return bool(text)
    if kind is FieldKind.INTEGER and text.strip().lstrip("-").isdecimal() and len(text) <= 20:
        return int(text)
    return text.replace("\r\n", "\n")
