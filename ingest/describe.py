"""Read the parts of an official paper ("thể thức") from its recognised pages. Step 5 of the walk.

Rules come from the two layouts that official papers follow: State (NĐ 30/2020/NĐ-CP, Phụ lục I) and Party (Hướng dẫn
36-HD/VPTW). Matching is on folded letters, values keep the marks that were read. What is not found stays "".
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from ingest.describe_header import (
    Heading,
    read_heading,
    read_number,
    read_place_and_date,
    read_stamps,
)
from ingest.describe_lines import Line, Sheet, lay_out
from ingest.describe_match import starts_like
from ingest.describe_organs import read_organs
from ingest.describe_recipients import read_recipients
from ingest.describe_signature import read_signature
from ingest.describe_subject import Title, addressed, find_title, read_subject
from ingest.describe_words import family_name
from language.fold import canonical
from records.document import Fields, FieldValue
from records.page import PageText
from records.paper_types import LETTER, PaperType, code_for

FIRST_PAGES = 2
"""A cover sheet may come before the heading: so many pages are tried."""
ADDRESSED = frozenset({"Tờ trình", "Báo cáo", "Công điện", "Giấy mời"})
"""Kinds with a printed name that are addressed ("Kính gửi") like a công văn."""
SURE_ENOUGH = 0.45
"""Below this a reading is shown as evidence only; the field itself stays empty."""
EXTRA = ("signer_authority", "member_name")
"""Names that stand in `evidence` only: `Fields` has no place of its own for them."""


def _as_felt(page: PageText) -> PageText:
    """Return the page with what the engine felt of each word: the thresholds of these rules were set on that.

    What a person typed has no trace and stays sure.
    """
    words = (w if w.trace is None else replace(w, confidence=w.trace.engine) for w in page.words)
    return replace(page, words=tuple(words))


def describe(pages: Sequence[PageText], received: date | None = None) -> Fields:
    """Return the descriptive fields of the document made of `pages` (in order).

    `received`: the day the paper came in; a date of issue after it was misread (2025 as 2095) and is not taken.
    Every field found has evidence: value, confidence 0.0–1.0, page number and delivered boxes. `evidence` may also
    hold `signer_authority` ("T/M BAN THƯỜNG VỤ") and `member_name` (transfer letters), and for `recipients` one value
    with a line feed between recipients. A field that is not found is "" and has no evidence; one that was read too
    badly (`SURE_ENOUGH`) is "" and keeps its evidence, for a person to decide. Never raises on any page text.
    """
    sheets = [lay_out(_as_felt(page)) for page in pages]
    written = [sheet for sheet in sheets if sheet.lines]
    if not written:
        return Fields()
    sheet, heading, lines = _first_sheet(written)
    bodies = [lines if other is sheet else other.lines for other in written]
    found: dict[str, FieldValue] = {}
    found.update(read_organs(sheet, heading, lines))
    found.update(read_number(heading))
    found.update(read_place_and_date(heading))
    if received is not None and "issued_date" in found and found["issued_date"].value > received.isoformat():
        found["issued_date"] = replace(found["issued_date"], confidence=0.3 * found["issued_date"].confidence)
    found.update(read_stamps(sheet, lines))
    title = find_title(sheet, heading, lines)
    subject = read_subject(sheet, heading, lines, title)
    if subject is not None:
        found["subject"] = subject
    found.update(_type(heading, lines, title, subject))
    found.update(read_signature(written, bodies))
    recipients = read_recipients(written, bodies)
    if recipients is not None:
        found["recipients"] = recipients
    if title is not None and title.kind.code == "27":
        found.update(_member(lines))
    return _fields(found)


def _first_sheet(written: list[Sheet]) -> tuple[Sheet, Heading, tuple[Line, ...]]:
    """The page with the heading: the first one with a motto or a number line, else the first page."""
    tried = [(sheet, *read_heading(sheet)) for sheet in written[:FIRST_PAGES]]
    for found in tried:
        if found[1].mottos or found[1].number_line is not None:
            return found
    return tried[0]


def _type(
    heading: Heading, lines: tuple[Line, ...], title: Title | None, subject: FieldValue | None
) -> dict[str, FieldValue]:
    """`type_name` and `type_code`: the printed name decides; without one the paper is a công văn or unknown.

    The notation only helps: "QĐ" is Quyết định or Quy định and never decides, and on older letters its first part
    is the writing office ("683-TC/UB").
    """
    found = heading.number_line
    kinds: tuple[PaperType, ...] = found.parsed.types if found and found.parsed else ()
    if title is not None:
        sure = title.confidence if not kinds or title.kind in kinds else 0.8 * title.confidence
        return _typed(title.kind, sure, title.line)
    if kinds == (LETTER,) and found is not None:
        return _typed(LETTER, 0.95 * found.confidence, found.line)
    address = addressed(lines)
    if address is not None and (found is not None or subject is not None):
        addressable = any(kind.name in ADDRESSED for kind in kinds)
        return {} if addressable else _typed(LETTER, (0.6 if kinds else 0.85) * address.confidence, address)
    if found is not None and len(kinds) == 1:
        return _typed(kinds[0], 0.6 * found.confidence, found.line)
    if found is not None and not kinds and subject is not None:
        return _typed(LETTER, 0.6 * found.confidence, found.line)
    return {}


def _typed(kind: PaperType, sure: float, line: Line) -> dict[str, FieldValue]:
    return {
        "type_name": FieldValue(kind.name, sure, line.page, line.boxes),
        "type_code": FieldValue(code_for(kind.name), sure, line.page, line.boxes),
    }


def _member(lines: tuple[Line, ...]) -> dict[str, FieldValue]:
    """The member a transfer letter is about: "Đồng chí: TRẦN QUỐC TRƯỜNG" (12-HD/BTCTW, form of the letter)."""
    for line in lines:
        text = canonical(line.text)
        if not starts_like(text, "dongchi") or ":" not in text:
            continue
        name = re.sub(r"[^\w\s]", " ", text.split(":", 1)[1])
        words = [word for word in name.split() if word.isalpha()]
        if 2 <= len(words) <= 6:
            shown = " ".join([family_name(words[0].capitalize()) or words[0], *words[1:]]).title()
            return {"member_name": FieldValue(shown, 0.9 * line.confidence, line.page, line.boxes)}
    return {}


def _fields(found: dict[str, FieldValue]) -> Fields:
    evidence = {
        name: FieldValue(value.value, min(max(value.confidence, 0.0), 1.0), value.page, value.boxes)
        for name, value in found.items()
        if value.value
    }
    sure = {
        name: value.value
        for name, value in evidence.items()
        if value.confidence >= SURE_ENOUGH
        or name == "secrecy"  # a doubtful stamp closes the paper until a person looked
    }
    plain = {name: value for name, value in sure.items() if name not in EXTRA and name != "recipients"}
    recipients = tuple(sure["recipients"].split("\n")) if "recipients" in sure else ()
    return Fields(**plain, recipients=recipients, evidence=evidence)
