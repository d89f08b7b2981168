"""What kind of paper it is and what it is about: the name line under the heading and the trích yếu.

NĐ 30/2020 Phụ lục I, boxes 5a and 5b: a name in capitals in the middle and the summary below it, or, on a công văn,
no name and "V/v …" under the number. Party letters set the summary there without "V/v" (36-HD/VPTW).
"""

import re
from dataclasses import dataclass

from ingest.describe_header import SECRECY, URGENCY, Heading
from ingest.describe_lines import LONG, Line, Sheet, boxes_of, rows, trusted
from ingest.describe_match import allowed_slips, is_capital, letters, slips, starts_like
from language.fold import canonical, fold
from records.document import FieldValue
from records.paper_types import LETTER, TYPES, PaperType

TITLE_AREA = 0.62
"""Part of the page, from the top, in which the name of the paper can stand (an arrival stamp pushes it down)."""
MAX_SUBJECT = 500
"""Longest summary kept (TT 05/2025: subject is String(500))."""

_NAMES = {letters(kind.name): kind for kind in TYPES if kind is not LETTER}
_ABOUT = re.compile(r"^\W*(?:[vV]\s?[/l|1I]\s?[vV]|[vV]/?v)\b\s*[:.]?\s*")
_SUMMARY_LEAD = re.compile(r"^\W*tr[a-z]{2,3}h? ?y[a-z]{1,2}\s*[:.]\s*")
_BODY = re.compile(
    r"^\W*(?:kinh gui|can cu|dieu \d|hom nay|xet |theo de nghi|thuc hien |[ivx]{1,4}\s?[.\-]\s|phan thu|"
    r"chuong [ivx]|\(kem theo|\(ban hanh|tt |stt )"
)
_STROKES = re.compile(r"(?<!\S)[„‚`´ˆ¬|‹›]+")
_QUALIFIER = re.compile(r"^\(\s*lo[aạ]i\s+(?P<what>[^)]{2,60})\)?\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Title:
    """The name line: kind, the line, and the words of that line after the name."""

    kind: PaperType
    line: Line
    rest: Line | None
    confidence: float


def find_title(sheet: Sheet, heading: Heading, lines: tuple[Line, ...]) -> Title | None:
    """Return the first line in capitals in the middle of the page, above the body, that is the name of a kind."""
    left, right = sheet.margins
    body = 0
    for line in lines:
        if line.middle < heading.bottom - 0.5 * sheet.unit or line.middle > TITLE_AREA * sheet.height:
            continue
        found = _named(line, (left + right) / 2, sheet.unit)
        if found is not None:
            return found
        clean = trusted(line)
        if clean is not None and clean.x1 - clean.x0 > 0.75 * (right - left) and not is_capital(clean.text):
            body += 1
            if body > 2:
                return None
    return None


def read_subject(
    sheet: Sheet, heading: Heading, lines: tuple[Line, ...], title: Title | None
) -> FieldValue | None:
    """Return the trích yếu without its lead "V/v" or "Trích yếu:"; None when there is none."""
    if title is not None:
        below = _below_title(sheet, lines, title)
        kept = sum(len(line.plain) for line in below) / max(1, sum(_ink(lines, line) for line in below))
        return _transfer(title, below) or _joined(below, title.rest, 0.95 * min(1.0, kept) ** 2)
    return _after_lead(sheet, lines) or _under_number(sheet, heading, lines)


def addressed(lines: tuple[Line, ...]) -> Line | None:
    """Return the line "Kính gửi: …" of a page; None when there is none."""
    return next((line for line in lines if starts_like(line.text, "kinhgui")), None)


def _named(line: Line, middle: float, unit: float) -> Title | None:
    """The kind whose name begins at some word in capitals of `line`, when the name's run stands in the middle."""
    if len(line.words) > LONG:
        return None
    words = [item.word.text for item in line.words]
    plain = [letters(word) for word in words]
    best: tuple[float, int, int, PaperType] | None = None
    for start in range(len(words)):
        joined = ""
        for stop in range(start, min(start + 5, len(words))):
            joined += plain[stop]
            if not plain[start] or not plain[stop] or not is_capital(" ".join(words[start : stop + 1])):
                continue
            for name, kind in _NAMES.items():
                limit = allowed_slips(name)
                distance = slips(joined, name, limit)
                if distance <= limit:
                    score = len(name) - 3.0 * distance
                    if best is None or score > best[0]:
                        best = (score, start, stop + 1, kind)
    if best is None:
        return None
    score, start, stop, kind = best
    run = line.part(start, stop)
    rest = line.part(stop) if stop < len(words) else None
    tail = rest if rest is not None and is_capital(rest.text) else None
    whole = line.part(start)
    centred = any(abs(part.centre - middle) < 2.5 * unit for part in (run, whole, line))
    before = letters(" ".join(words[:start]))
    if (
        not centred
        or (tail is None and rest is not None and len(letters(rest.text)) > 3)
        or _heading_number(before)
    ):
        return None
    if (
        before
        and run.x0 - line.words[start - 1].x1 < 0.35 * unit
        and line.words[start - 1].word.confidence > 0.8
    ):
        return None  # "BAN TỔ CHỨC QUYẾT ĐỊNH:" is the verb of the body
    sure = 0.97 if score == len(letters(kind.name)) else 0.85
    return Title(kind, run, tail, sure * run.confidence)


def _heading_number(before: str) -> bool:
    return bool(re.fullmatch(r"[ivx]{1,4}|\d{1,2}", before))


def _below_title(sheet: Sheet, lines: tuple[Line, ...], title: Title) -> list[Line]:
    """The lines of the summary: in the middle, close under the name, before the body."""
    unit = sheet.unit
    taken: list[Line] = []
    last = title.line
    below = [line for line in lines if line.middle > title.line.middle + 0.6 * unit]
    for row in rows(below, unit):
        clean = [part for line in row if (part := trusted(line)) is not None and part.plain]
        line = _summary_part(sheet, clean, title)
        if line is None:
            if clean and any(part.x0 < title.line.centre < part.x1 for part in clean):
                break
            continue
        gap = line.y0 - last.y1
        if gap > (2.2 if not taken else 1.25) * unit or len(taken) > 8 or len(clean) > 3:
            break
        if _BODY.match(fold(canonical(line.text))):
            break
        if line.plain in URGENCY or line.plain in SECRECY:
            continue
        taken.append(line)
        last = line
    return taken


def _ink(lines: tuple[Line, ...], part: Line) -> int:
    """Letters that stand where `part` stands, read well or badly: what was left out makes the value less sure."""
    return sum(
        len(letters(item.word.text))
        for line in lines
        if abs(line.middle - part.middle) < 0.6 * (part.y1 - part.y0)
        for item in line.words
        if part.x0 <= (item.x0 + item.x1) / 2 <= part.x1
    )


def _summary_part(sheet: Sheet, row: list[Line], title: Title) -> Line | None:
    """What of a row stands in the middle of the page: all of it, or the one piece that does (stamps stand beside)."""
    if not row:
        return None
    left, right = sheet.margins
    whole = Line(row[0].page, tuple(item for part in row for item in part.words))
    for line in (whole, *row):
        off = min(abs(line.centre - title.line.centre), abs((line.x0 - left) - (right - line.x1)) / 2)
        if off < 0.85 * sheet.unit:
            return line
    return None


def _transfer(title: Title, below: list[Line]) -> FieldValue | None:
    """The summary of a printed form: "GIẤY GIỚI THIỆU SINH HOẠT ĐẢNG" over "(Loại chính thức)"."""
    if title.rest is None or title.kind.code != "27":
        return None
    name = canonical(title.kind.name).removeprefix("Giấy ").capitalize()
    parts = [name, canonical(title.rest.text).lower()]
    used = [title.line, title.rest]
    if below and (match := _QUALIFIER.match(canonical(below[0].text))):
        parts.append(match["what"].strip().lower())
        used.append(below[0])
    sure = 0.85 * sum(line.confidence for line in used) / len(used)
    return FieldValue(" ".join(parts), sure, title.line.page, boxes_of(used))


def _after_lead(sheet: Sheet, lines: tuple[Line, ...]) -> FieldValue | None:
    """The summary after "V/v" in the heading or "Trích yếu:" below it."""
    for index, line in enumerate(lines):
        if line.middle > 0.5 * sheet.height:
            return None
        text = canonical(line.text)
        about = _ABOUT.match(text)
        if about is None and _SUMMARY_LEAD.match(fold(text)) is None:
            continue
        cut = about.end() if about else _SUMMARY_LEAD.match(fold(text)).end()  # type: ignore[union-attr]
        taken = [line, *_same_column(sheet, lines[index + 1 :], line)]
        return _joined(taken, None, 0.95, cut)
    return None


def _under_number(sheet: Sheet, heading: Heading, lines: tuple[Line, ...]) -> FieldValue | None:
    """The summary of a Party letter: lines in lower case in the left column, close under the number."""
    number = heading.number_line
    if number is None:
        return None
    column = [line for line in lines if line.middle > number.line.middle + 0.7 * sheet.unit]
    taken = _same_column(sheet, tuple(column), number.line, heading.boundary)
    if not taken or is_capital(taken[0].text) or len(taken[0].plain) < 6:
        return None
    return _joined(taken, None, 0.8)


def _same_column(
    sheet: Sheet, lines: tuple[Line, ...], first: Line, boundary: float | None = None
) -> list[Line]:
    """Lines that go on under `first` in its column without a wider gap, up to the body, an address or a stamp."""
    unit = sheet.unit
    taken: list[Line] = []
    last = first
    for line in lines:
        clean = trusted(line)
        if clean is None or abs(clean.middle - first.middle) < 0.6 * unit:
            continue
        edge = boundary if boundary is not None else max(first.x1, last.x1) + 2 * unit
        if clean.x0 > edge or clean.centre > edge:
            continue
        gap = clean.y0 - last.y1
        lean = abs(clean.centre - first.centre)
        if gap > (1.5 if last is first and boundary is not None else 0.85) * unit or lean > 2.0 * unit:
            break
        folded = fold(canonical(clean.text))
        if _BODY.match(folded) or clean.plain in URGENCY or clean.plain in SECRECY or is_capital(clean.text):
            break
        taken.append(clean)
        last = clean
    return taken


def _joined(lines: list[Line], rest: Line | None, sure: float, cut: int = 0) -> FieldValue | None:
    """The text of `lines` as one value; `rest`: words of the name line that belong to it; `cut`: lead to leave out."""
    used = ([rest] if rest is not None else []) + lines
    if not used:
        return None
    texts = [canonical(line.text) for line in used]
    texts[0] = texts[0][cut:]
    if rest is not None:
        texts[0] = texts[0].capitalize()
    text = (
        _STROKES.sub("", " ".join(" ".join(texts).split()).replace("—", "–")).strip(" -–*_|").rstrip(" .;:,")
    )
    if len(letters(text)) < 4:
        return None
    confidence = sum(line.confidence for line in used) / len(used)
    return FieldValue(text[:MAX_SUBJECT], sure * confidence, used[0].page, boxes_of(used))
