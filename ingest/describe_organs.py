"""Who issued a paper: the issuing body and the one above it, from the capitals at the top left."""

from ingest.describe_header import Heading
from ingest.describe_lines import EDGE, LONG, TRUSTED, Line, Sheet, boxes_of, rows
from ingest.describe_match import is_capital, letters, slips
from ingest.describe_words import restored
from language.fold import fold
from records.document import FieldValue

FAINT = 0.0
"""In the middle of the heading's column even badly read capitals are text (its words are in no dictionary)."""

_ORGANS = (
    "uy ban|ubnd|hoi dong|hdnd|dang uy|dang bo|dang doan|ban|bo|so|ty|phong|van phong|trung tam|chi cuc|cuc|tong cuc|"
    "vu|vien|truong|hoc vien|tinh uy|thanh uy|huyen uy|quan uy|thi uy|chi bo|chi uy|toa an|cong an|mat tran|hoi|doan|"
    "lien doan|cong doan|cong ty|tong cong ty|tap doan|xi nghiep|nha may|ngan hang|kho bac|bao|dai|thanh tra|tram|"
    "benh vien|hop tac xa|to|tieu ban|quoc hoi|chinh phu|bao hiem|khoi|nha xuat ban|quan uy|doi|hat|nong truong|"
    "lam truong"
).split("|")
"""First words (folded) of the name of a body; a heading line that begins with one may begin a new body."""
_PLACES = "tinh|thanh pho|huyen|quan|thi xa|thi tran|xa|phuong|dac khu".split("|")
_PARTS = "van phong|ban thuong vu|ban thuong truc|thuong truc|ban chap hanh".split("|")
"""Names that go on with the name of their body: "VĂN PHÒNG / TỈNH ỦY" is one organ on two lines."""
_COMMITTEES = (
    "dang uy|tinh uy|thanh uy|huyen uy|quan uy|thi uy|dang bo|quoc hoi|chinh phu|ubnd|trung uong".split("|")
)


def read_organs(sheet: Sheet, heading: Heading, lines: tuple[Line, ...]) -> dict[str, FieldValue]:
    """Return `superior_organ` and `organ_name` from the capitals above the number line in the left column.

    The column is set about one middle, that of the number line: ink of a seal stands beside it and is left out.
    """
    number = heading.number_line
    if number is not None:
        floor = number.line.y0
    elif heading.date_line is not None:
        floor = heading.date_line.y1
    else:
        floor = max((line.y1 for line in heading.mottos), default=0.0) + sheet.unit
    ceiling = min((line.y0 for line in heading.mottos), default=0.0) - 1.2 * sheet.unit
    column = [
        line
        for line in lines
        if line.middle < floor
        and line.y0 > ceiling
        and line.centre < heading.boundary
        and line not in heading.mottos
    ]
    middle = number.line.centre if number is not None and number.number else None
    named = [
        part
        for row in rows(sorted(column, key=lambda line: line.middle), sheet.unit)
        if (part := _in_column(row, middle, sheet.unit)) is not None
    ]
    if not named:
        return {}
    texts = [restored(_shown(line), units=True, loose=True) for line, _ in named]
    start = organ_start([" ".join(fold(text).split()) for text in texts])
    sure = 0.95 if heading.mottos and number is not None else 0.7
    if not _begins(fold(texts[0]), _ORGANS + _PLACES):
        sure *= 0.6  # the first words are hidden, or this is no heading
    found = {"organ_name": _value(named[start:], sure)}
    if start:
        found["superior_organ"] = _value(named[:start], sure)
    return found


def organ_start(names: list[str]) -> int:
    """Return the index of the line where the issuing body's own name begins; 0 when no superior body is named.

    `names`: folded heading lines. The last line that begins a body begins the issuing one, unless it can only go on
    with the line before ("VĂN PHÒNG / TỈNH ỦY …"). A first line that is a place alone ("TỈNH BẮC HÒA") is superior.
    """
    start = 0
    for index in range(1, len(names)):
        joins = _begins(names[start], _PARTS) and _begins(names[index], _COMMITTEES) and start == index - 1
        if _begins(names[index], _ORGANS) and not names[index].startswith("phong, chong") and not joins:
            start = index
    if start == 0 and len(names) > 1 and _begins(names[0], _PLACES):
        return 1
    return start


def _in_column(row: list[Line], middle: float | None, unit: float) -> tuple[Line, float] | None:
    """The capitals of a row that stand about `middle`, with a weight: 1.0, or less when noise cannot be told off."""
    joined = Line(row[0].page, tuple(item for line in row for item in line.words))
    if len(joined.words) > LONG:
        return None
    whole = _capitals(joined, TRUSTED)
    if middle is None:
        return (whole, 1.0) if whole is not None else None
    for weight, line, least in (
        (1.0, joined, FAINT),
        *((0.95, part, FAINT) for part in row),
        (0.9, joined, TRUSTED),
    ):
        part = _capitals(line, least)
        if part is not None and abs(part.centre - middle) < 0.9 * unit:
            return part, weight
    if whole is None:
        return None
    count = len(whole.words)
    runs = [
        run
        for start in range(count)
        for stop in range(start + 1, min(count, start + 16) + 1)
        if abs((run := whole.part(start, stop)).centre - middle) < 0.9 * unit
    ]
    best = max(runs, key=lambda run: len(run.plain), default=None)
    if best is not None and len(best.plain) >= 0.6 * len(whole.plain):
        return best, 0.8
    return (whole, 0.45) if whole.x1 > middle - unit else None


def _capitals(line: Line, least: float) -> Line | None:
    """The words of `line` in capitals read with at least `least`; None when they are none (rules, seal ink)."""
    kept = tuple(
        item for item in line.words if item.word.confidence >= least and _is_name_word(item.word.text)
    )
    if sum(len(letters(item.word.text)) for item in kept) < 2:
        return None
    return Line(line.page, kept)


def _is_name_word(text: str) -> bool:
    """Whether a word may belong to the name of a body: letters in capitals, no figures."""
    if any(c.isdigit() for c in text) or not any(c.isalpha() for c in text):
        return False
    return is_capital(text) or (len(text) > 1 and letters(text) in ("xa", "so", "vu"))


def _begins(name: str, heads: list[str]) -> bool:
    """Whether the folded `name` begins with one of `heads` as whole words; long heads may have one wrong letter."""
    words = name.split()
    for head in heads:
        count = head.count(" ") + 1
        first = " ".join(words[:count]).strip(" ,.;:")
        if first == head or (len(head) > 5 and slips(first, head, 1) <= 1):
            return True
    return False


def _value(named: list[tuple[Line, float]], sure: float) -> FieldValue:
    lines = [line for line, _ in named]
    text = " ".join(_shown(line) for line in lines)
    text = restored(text, units=True, loose=True).strip(EDGE)
    confidence = sum((0.3 + 0.7 * line.confidence) * weight for line, weight in named) / len(named)
    return FieldValue(text, sure * confidence, lines[0].page, boxes_of(lines))


def _shown(line: Line) -> str:
    """The words of a heading line in capitals, without the strokes that seal and rule leave at their edges."""
    return " ".join(bare for item in line.words if (bare := item.word.text.upper().strip(EDGE + "/\\")))
