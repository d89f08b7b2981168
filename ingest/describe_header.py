"""The heading of a paper: organs on the left, motto and date on the right, number line, stamps of urgency and secrecy.

Layout of NĐ 30/2020 Phụ lục I (boxes 1, 2, 3, 4, 10) and of Hướng dẫn 36-HD/VPTW: two columns at the top of page 1.
"""

from dataclasses import dataclass

from ingest.describe_lines import EDGE, LONG, Line, Sheet, trusted
from ingest.describe_match import find_phrase, is_capital, letters, like, slips
from ingest.describe_number import NumberLine, find_number_line
from language.dates import DateFound, date_frame, find_dates
from language.fold import canonical
from records.document import FieldValue

HEADING = 0.45
"""Part of the page, from the top, in which a heading can stand."""

MOTTOS = tuple(
    letters(text)
    for text in (
        "Cộng hòa xã hội chủ nghĩa Việt Nam",
        "Độc lập - Tự do - Hạnh phúc",
        "Đảng Cộng sản Việt Nam",
        "Việt Nam Dân chủ Cộng hòa",  # State papers until July 1976
        "Đảng Lao động Việt Nam",  # Party papers until December 1976
        "Đoàn TNCS Hồ Chí Minh",
    )
)
URGENCY = {letters(name): name for name in ("HỎA TỐC HẸN GIỜ", "HỎA TỐC", "THƯỢNG KHẨN", "KHẨN")}
SECRECY = {letters(name): name for name in ("TUYỆT MẬT", "TỐI MẬT", "MẬT")}


@dataclass(frozen=True, slots=True)
class Heading:
    """Where the heading stands on the first page: the column boundary, the date line and the number line."""

    boundary: float
    bottom: float
    mottos: tuple[Line, ...]
    date_line: Line | None
    number_line: NumberLine | None


def read_heading(sheet: Sheet) -> tuple[Heading, tuple[Line, ...]]:
    """Return the heading of a first page and the page's lines, cut once more at the column boundary."""
    lines = tuple(piece for line in sheet.lines for piece in _cut_at_motto(line, sheet))
    top = [line for line in lines if line.middle < HEADING * sheet.height]
    mottos = tuple(line for line in top if _motto(line) and line.centre > 0.4 * sheet.width)
    date_line = _date_line(top, sheet)
    anchors = [*mottos, *([date_line] if date_line else [])]
    boundary = min((line.x0 for line in anchors), default=0.5 * sheet.width)
    number_line = find_number_line(top, sheet, boundary)
    ends = [line.y1 for line in anchors] + ([number_line.line.y1] if number_line else [])
    return Heading(boundary, max(ends, default=0.0), mottos, date_line, number_line), lines


def read_number(heading: Heading) -> dict[str, FieldValue]:
    """Return `number`, `code_number` and `code_notation` from the number line."""
    found = heading.number_line
    if found is None:
        return {}
    where = found.line
    values = {"number": found.text, "code_number": found.number, "code_notation": found.notation}
    return {name: FieldValue(v, found.confidence, where.page, where.boxes) for name, v in values.items() if v}


def read_place_and_date(heading: Heading) -> dict[str, FieldValue]:
    """Return `place` and `issued_date` from the line "Hà Nội, ngày 09 tháng 7 năm 2025".

    Where the figures cannot be read the place still is.
    """
    line = heading.date_line
    if line is None:
        return {}
    found: dict[str, FieldValue] = {}
    date = _written_date(line.text)
    frame = date_frame(line.text)
    if date is not None:
        found["issued_date"] = FieldValue(date.day.isoformat(), 0.97 * line.confidence, line.page, line.boxes)
    starts = [
        start for start in (date.start if date else None, frame[0] if frame else None) if start is not None
    ]
    place = canonical(line.text)[: min(starts, default=0)]
    count = len(place.split())
    words = [bare for word in place.split() if (bare := word.strip(EDGE)) and any(c.isalpha() for c in bare)]
    while words and not words[0][0].isupper():
        words = words[1:]
    if words and len(words) <= 8:
        part = line.part(0, count)
        found["place"] = FieldValue(" ".join(words), 0.95 * part.confidence, line.page, part.boxes)
    return found


def read_stamps(sheet: Sheet, lines: tuple[Line, ...]) -> dict[str, FieldValue]:
    """Return `urgency` and `secrecy` when their word stands alone in capitals in the heading, as a stamp does.

    The same words inside a sentence or an organ's name are never a stamp.
    """
    found: dict[str, FieldValue] = {}
    top = [
        clean
        for line in lines
        if line.middle < HEADING * sheet.height and (clean := trusted(line)) is not None
    ]
    for name, stamps in (("urgency", URGENCY), ("secrecy", SECRECY)):
        for plain, shown in stamps.items():
            for line in top:
                exact = line.plain == plain
                near = exact or (len(plain) > 4 and slips(line.plain, plain, 1) <= 1)
                if near and is_capital(line.text) and _alone(line, top, sheet.unit):
                    sure = 0.95 if line.text == shown else 0.8
                    value = FieldValue(shown, sure * line.confidence, line.page, line.boxes)
                    if name not in found or value.confidence > found[name].confidence:
                        found[name] = value
            if name in found:
                break
    return found


def _cut_at_motto(line: Line, sheet: Sheet) -> list[Line]:
    if len(line.words) > LONG or line.middle > HEADING * sheet.height or line.centre < 0.25 * sheet.width:
        return [line]
    words = [item.word.text for item in line.words]
    for motto in MOTTOS:
        run = find_phrase(words, motto)
        if run and line.words[run[0]].x0 > 0.3 * sheet.width:
            return [part for part in (line.part(0, run[0]), line.part(*run), line.part(run[1])) if part.words]
    if (
        _written_date(line.text)
        and line.x0 < 0.3 * sheet.width
        and line.x1 > 0.7 * sheet.width
        and not line.text.endswith(".")
    ):
        return _cut_before_place(line, sheet)
    return [line]


def _cut_before_place(line: Line, sheet: Sheet) -> list[Line]:
    """Cut a line made of number line and date line at its widest gap in the middle of the page."""
    gaps = [
        (b.x0 - a.x1, index)
        for index, (a, b) in enumerate(zip(line.words, line.words[1:], strict=False), 1)
        if 0.25 * sheet.width < b.x0 < 0.7 * sheet.width
    ]
    if not gaps or max(gaps)[0] < 0.6 * sheet.unit:
        return [line]
    cut = max(gaps)[1]
    return [line.part(0, cut), line.part(cut)]


def _motto(line: Line) -> bool:
    return any(like(line.text, motto) for motto in MOTTOS)


def _written_date(text: str) -> DateFound | None:
    return next((found for found in find_dates(text) if found.in_words), None)


def _date_line(top: list[Line], sheet: Sheet) -> Line | None:
    """The first line with a date in words in the right half that is a line of its own, not part of a sentence."""
    for line in top:
        date = _written_date(line.text)
        span = (date.start, date.end) if date else date_frame(line.text)
        if span is None or line.centre < 0.5 * sheet.width or line.x0 < 0.3 * sheet.width:
            continue
        before, after = canonical(line.text)[: span[0]], canonical(line.text)[span[1] :]
        if len(before.split()) <= 8 and len(letters(after)) <= (3 if date else 6):
            return line
    return None


def _alone(line: Line, others: list[Line], unit: float) -> bool:
    """No other word stands in the same row within two letters' height."""
    return not any(
        other is not line
        and abs(other.middle - line.middle) < 0.7 * unit
        and other.x0 < line.x1 + 1.5 * unit
        and other.x1 > line.x0 - 1.5 * unit
        for other in others
    )
