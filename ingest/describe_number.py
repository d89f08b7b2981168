"""The number line of a heading: "Số: 43/KH-UBND", "Số 1593-CV/TU", and what is left of it when it is badly read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.describe_lines import Line, Sheet
from ingest.describe_match import is_capital, letters
from records.numbers import DocumentNumber, find_numbers, parse_number, tidy

_NUMBER_LEAD = re.compile(r"^\W*(?:[sS$]\s?[ốỐoOóÓồỒôÔổỔỗỖộỘ06]|5\s?[ốỐóÓồỒôÔổỔ])\s*(?P<mark>[:.;,]?)\s*")
_NOTATION = r"[A-ZĐ][^\W\d_]{0,7}(?:\s?[-/&.]\s?[^\W\d_]{1,12}){0,3}"
_SPACED = re.compile(
    rf"(?P<number>[0-9]{{1,6}})\s+(?P<notation>[A-ZĐ][^\W\d_]{{0,7}}\s?[-/]\s?{_NOTATION})\W*"
)
_BROKEN = re.compile(r"(?P<number>[0-9]{1,6})\s?[-/]\s?\w")
_BLANK = re.compile(rf"[\W_]*(?P<notation>{_NOTATION})\W*")


@dataclass(frozen=True, slots=True)
class NumberLine:
    """The number line: its line, the value as printed, number and notation (either may be ""), how sure."""

    line: Line
    text: str
    number: str
    notation: str
    parsed: DocumentNumber | None
    confidence: float


def find_number_line(top: Sequence[Line], sheet: Sheet, boundary: float) -> NumberLine | None:
    """Return the best line that reads as a number line; the left column and the lead "Số" speak for it."""
    best: NumberLine | None = None
    for line in top:
        if line.x1 - line.x0 > 0.4 * sheet.width or len(line.words) > 12:
            continue
        for start in range(min(len(line.words), 6)):  # noise of a seal may stand before it
            found = _as_number(line.part(start))
            if found is None or (start and not _NUMBER_LEAD.match(tidy(found.line.text))):
                continue
            sure = found.confidence * (0.6 if line.centre > max(boundary, 0.5 * sheet.width) else 1.0)
            if best is None or sure > best.confidence + 0.05:
                best = replace(found, confidence=sure)
            break
    return best


def _as_number(line: Line) -> NumberLine | None:
    text = tidy(line.text).strip()
    if len(text) > 60:
        return None
    lead = _NUMBER_LEAD.match(text)
    rest = text[lead.end() :] if lead else text
    parsed = parse_number(rest)
    if parsed is None and lead is None:
        inside = find_numbers(text)  # noise before it: "*_~ Số 807-CV/ĐU"
        if len(inside) == 1 and len(letters(text)) - len(letters(inside[0].number.text)) <= 4:
            parsed = inside[0].number
    if parsed is None and lead is not None:
        inside = find_numbers(rest)
        if inside and inside[0].start <= 2 and len(letters(rest[inside[0].end :])) <= 3:
            parsed = inside[0].number
    if parsed is not None:
        # its words stand in no dictionary: engines give right ones confidence 0, and the grammar speaks for it
        sure = (0.97 if lead else 0.75) * (0.45 + 0.55 * line.confidence)
        return NumberLine(line, parsed.text, parsed.number, parsed.notation, parsed, sure)
    if lead is None:
        return None
    spaced = _SPACED.fullmatch(rest)
    if spaced:  # "Số 43 TC/UB" on typewritten papers
        notation = "".join(spaced["notation"].split())
        return NumberLine(
            line, f"{spaced['number']} {notation}", spaced["number"], notation, None, 0.6 * line.confidence
        )
    broken = _BROKEN.match(rest)
    if broken:  # "1143-1LT/UB": the digits are read, the notation is not
        return NumberLine(line, rest.strip(), broken["number"], "", None, 0.4 * line.confidence)
    blank = _BLANK.fullmatch(rest)
    if (
        blank and "/" in rest + blank["notation"] and is_capital(blank["notation"])
    ):  # number not filled in, or unread
        notation = "".join(blank["notation"].split())
        return NumberLine(line, "", "", notation, None, 0.5 * line.confidence)
    return None
