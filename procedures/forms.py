"""Check what people write into a form: each field by kind, length, pattern and dates, each fault with its sentence.

Nothing is corrected silently but spaces at the ends and the Unicode form (NFC): what is kept is what was meant.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from procedures.definition import Definition, Field, FieldKind
from records.case import Value

TODAY = "today"
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(2100, 12, 31)
_MOST_FAULTS = 50


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What is wrong with one field, for the person who fills it in."""

    field: str
    label: str
    tell: str


def take_values(
    definition: Definition, allowed: tuple[str, ...], given: Mapping[str, object], today: date
) -> tuple[dict[str, Value], list[FieldFault]]:
    """Return the values as they are kept, and what is wrong with them. A field given as "" or None is emptied.

    Only fields in `allowed` may be given; dates are held against today at once, against each other by `whole_form`,
    when all are known.
    """
    taken: dict[str, Value] = {}
    faults: list[FieldFault] = []
    for code, value in list(given.items())[: len(definition.fields) + 1]:
        field = definition.fields.get(code)
        if field is None or code not in allowed:
            label = field.label if field else str(code)[:40]
            faults.append(FieldFault(str(code)[:40], label, f"Không được ghi mục “{label}” ở bước này."))
            continue
        kept = _kept(field, value)
        if kept is None or not _in_order(field, {code: kept} if kept != "" else {}, today):
            faults.append(FieldFault(code, field.label, field.tell))
        else:
            taken[code] = kept
    return taken, faults


def whole_form(definition: Definition, form: Mapping[str, Value], today: date) -> list[FieldFault]:
    """Return what keeps the form from being complete: fields that are missing and dates that contradict each other."""
    faults = [
        FieldFault(field.code, field.label, f"Chưa ghi mục “{field.label}”. {field.tell}")
        for field in definition.fields.values()
        if field.code not in form and needed(field, form)
    ]
    for field in definition.fields.values():
        if field.code in form and not _in_order(field, form, today):
            faults.append(FieldFault(field.code, field.label, field.tell))
    return faults[:_MOST_FAULTS]


def needed(field: Field, form: Mapping[str, Value]) -> bool:
    """Return whether the field must be filled, the other fields being what they are."""
    if field.needed_when is None:
        return field.required
    other, values = field.needed_when
    return field.required or str(form.get(other, "")) in values


def day_of(form: Mapping[str, Value], code: str) -> date | None:
    """Return a date of the form, None when it is not filled in."""
    value = form.get(code)
    return date.fromisoformat(str(value)) if value is not None else None


def _kept(field: Field, value: object) -> Value | None:
    """Return the value as it is kept, "" for an emptied one, None when the field does not take it."""
    if value is None or value == "":
        return ""
    if field.kind is FieldKind.YES:
        return value if isinstance(value, bool) else None
    if field.kind is FieldKind.INTEGER:
        return value if type(value) is int and field.least <= value <= field.most else None
    if not isinstance(value, str) or len(value) > 4 * field.longest + 100:
        return None
    text = unicodedata.normalize("NFC", value).strip()
    if not text:
        return ""
    if len(text) > field.longest or not _printable(text, field.kind is FieldKind.LONG):
        return None
    if field.kind is FieldKind.CHOICE:
        return text if text in field.choices else None
    if field.kind is FieldKind.DATE:
        return text if _is_day(text) else None
    if field.kind is FieldKind.MONTH:
        return text if len(text) == 7 and _is_day(f"{text}-01") else None
    if field.pattern is not None and not field.pattern.fullmatch(text):
        return None
    return text


def _printable(text: str, lines: bool) -> bool:
    """No control or unassigned letters, no lone surrogates, no letters that turn the direction of writing."""
    return all(
        (lines and letter in "\n\t")
        or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")
        for letter in text
    )


def _is_day(text: str) -> bool:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return False
    return found.isoformat() == text and _FIRST_DAY <= found <= _LAST_DAY


def _in_order(field: Field, form: Mapping[str, Value], today: date) -> bool:
    mine = day_of(form, field.code) if field.kind is FieldKind.DATE else None
    if mine is None:
        return True
    earliest = _bound(field.not_before, form, today)
    latest = _bound(field.not_after, form, today)
    return (earliest is None or mine >= earliest) and (latest is None or mine <= latest)


def _bound(name: str, form: Mapping[str, Value], today: date) -> date | None:
    if not name:
        return None
    return today if name == TODAY else day_of(form, name)
