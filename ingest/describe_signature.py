"""The foot of a paper: who signed, in what office and for whom.

NĐ 30/2020 Phụ lục I, boxes 7a, 7b; 36-HD/VPTW: authority (TM., T/M, KT., K/T, TL., T/L, TUQ., Q.), office, name on
the right.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.describe_lines import EDGE, LONG, TRUSTED, Line, Sheet, boxes_of, rows, trusted
from ingest.describe_match import is_capital, letters
from ingest.describe_recipients import recipients_head
from ingest.describe_words import clipped_family_name, family_name, is_body, restored
from language.fold import canonical, fold
from records.document import FieldValue

_AUTHORITY = re.compile(
    r"^(?:t\s?[/.]?\s?m|k\s?[/.]?\s?t|t\s?[/.]?\s?l|t\s?[/.]?\s?u\s?q|t\s?/\s?q)\s?[./:]*\s+(?=[a-z])|^t/m(?=[a-z])"
)
_OFFICES = (
    "chu tich|bi thu|giam doc|truong ban|truong phong|truong ty|truong doan|truong cong an|truong khoa|truong tram|"
    "truong thon|chanh van phong|chanh thanh tra|chanh an|chu nhiem|bo truong|thu truong|thu tuong|tong bi thu|"
    "cuc truong|vu truong|vien truong|hieu truong|tong thu ky|to truong|tram truong|doi truong|hat truong|"
    "chi huy truong|chinh uy|ke toan truong|uy vien|thu ky|chu toa|ty truong|tong giam doc|tong cuc truong|"
    "thuong truc ban bi thu|chi cuc truong|kiem soat vien|tong bien tap|doan truong|truong tieu ban|tu lenh"
).split("|")
_RANKS = ("pho ", "quyen ", "tong ", "q. ", "p. ")
_GLUED = re.compile(r"(?:T/M|K/T|T/L|KT\.|TM\.|TL\.|PHÓ|CHÁNH|CHỦ|GIÁM|TRƯỞNG|BÍ)$")
_DEPUTY = re.compile(r"(?:^|\W)(?:PH|H|P)?Ó$")
CLOSE = 1.2
"""Words nearer than this, in word heights, stand in one run."""
NAME_GAP = 13.0
"""Largest room for a signature between office and name, in word heights (30 mm at 14 pt is about 8)."""


@dataclass(frozen=True, slots=True)
class _Head:
    """A row in capitals of a block: kind ("authority", "office", "capitals"), words, text without noise.

    `weight` is below 1.0 when part of the text may be hidden.
    """

    kind: str
    line: Line
    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature block: authority lines (may be empty), office lines, and the name line when one was found.

    `weight`: how far the office can be believed. `score`: how complete the block is.
    """

    authority: tuple[_Head, ...]
    office: tuple[_Head, ...]
    weight: float
    name: Line | None
    score: float


def read_signature(sheets: Sequence[Sheet], lines: Sequence[tuple[Line, ...]]) -> dict[str, FieldValue]:
    """Return `signer_authority`, `signer_title`, `signer_name` from the last page that has a signature block."""
    for sheet, page in zip(reversed(sheets), reversed(lines), strict=True):
        block = _best_block(sheet, page)
        if block is None:
            continue
        found: dict[str, FieldValue] = {}
        if block.authority:
            found["signer_authority"] = _capital_value(
                block.authority, 0.93 if block.office or block.name else 0.6
            )
        if block.office:
            found["signer_title"] = _capital_value(block.office, block.weight * (0.95 if block.name else 0.8))
        if block.name is not None:
            text, sure = _person(block.name)
            found["signer_name"] = FieldValue(
                text, sure * block.name.confidence, block.name.page, block.name.boxes
            )
        return found
    return {}


def _best_block(sheet: Sheet, lines: tuple[Line, ...]) -> Signature | None:
    """The block in the right half that has most of authority, office and name; the lowest of equals."""
    left, right = sheet.margins
    middle = (left + right) / 2
    column = [
        line
        for line in lines
        if line.centre > middle - 0.5 * sheet.unit
        and line.x1 > middle + 2 * sheet.unit
        and line.x0 > left + 0.25 * (right - left)
    ]
    grouped = [
        Line(row[0].page, tuple(w for line in row for w in line.words)) for row in rows(column, sheet.unit)
    ]
    heads = [_head(row, sheet.unit) for row in grouped]
    best: Signature | None = None
    for index, head in enumerate(heads):
        if head is not None and head.kind != "capitals":
            block = _block_from(sheet, grouped, heads, index)
            if block is not None and (best is None or block.score >= best.score):
                best = block
    return best or _beside_recipients(sheet, lines, grouped, heads)


def _beside_recipients(
    sheet: Sheet, lines: tuple[Line, ...], grouped: list[Line], heads: list[_Head | None]
) -> Signature | None:
    """A block known by its place alone: capitals beside "Nơi nhận" with a person's name below."""
    anchor = recipients_head(sheet, lines)
    if anchor is None:
        return None
    for index, head in enumerate(heads):
        if head is None or abs(head.line.middle - anchor.middle) > 1.5 * sheet.unit:
            continue
        name = _name(grouped[index + 1 :], head.line, head.line.centre, sheet.unit)
        if name is None:
            return None
        whole = len(head.line.words) == sum(any(map(str.isalnum, w.word.text)) for w in grouped[index].words)
        # a body's name is what is left of "T/M BAN THƯỜNG VỤ", and beside ink of the seal letters may be missing
        office = (head,) if whole and not is_body(head.text) else ()
        return Signature((), office, 0.65, name, 1.0)
    return None


def _head(row: Line, unit: float) -> _Head | None:
    """What a row is in a block: authority, office or other capitals; noise of seal and pen beside it is cut off."""
    words = [canonical(item.word.text) for item in row.words]
    if len(words) > LONG:
        return None
    for start in range(len(words)):
        stop = len(words)
        while stop > start and not (is_capital(words[stop - 1]) and len(letters(words[stop - 1])) > 1):
            stop -= 1
        if stop == start:
            break
        glued = _GLUED.search(words[start])
        first = glued[0] if glued else words[start]
        text = " ".join([first, *words[start + 1 : stop]]).lstrip(EDGE)
        folded = fold(text)
        authority = _AUTHORITY.match(folded) is not None
        if (
            not is_capital(text)
            or len(letters(text)) < 4
            or (sum(map(str.isalpha, first)) < 2 and not authority)
        ):
            continue
        if authority:
            return _Head("authority", row.part(start, stop), text, 1.0)
        if _is_office(folded):
            before = row.words[start - 1] if start else None
            if (
                before is None
                or row.words[start].x0 - before.x1 > 1.5 * unit
                or not letters(words[start - 1])
            ):
                return _Head("office", row.part(start, stop), text, 1.0)
            if _DEPUTY.search(words[start - 1]) and not folded.startswith("pho"):
                return _Head("office", row.part(start - 1, stop), f"PHÓ {text}", 0.7)
            return _Head("office", row.part(start, stop), text, 0.4)
    clean = trusted(row)
    if clean is not None and is_capital(clean.text) and len(clean.plain) > 3:
        return _Head("capitals", clean, canonical(clean.text), 1.0)
    return None


def _block_from(sheet: Sheet, grouped: list[Line], heads: list[_Head | None], index: int) -> Signature | None:
    """The block whose first row in capitals is `grouped[index]`; None when it names neither authority nor office."""
    unit = sheet.unit
    taken = _run_of_heads(grouped, heads, index, unit)
    authority = [head for head in taken if head.kind != "office"]
    office = [head for head in taken if head.kind == "office"]
    if not office:  # what goes on in capitals may be the office half hidden by the seal
        authority = [head for head in authority if head.kind == "authority"]
    if not office and not authority:
        return None
    weight = min((head.weight for head in office), default=1.0)
    if authority and office and _signed_for(authority[-1].text) == fold(office[0].text).strip(EDGE):
        weight = 0.4  # "K/T TRƯỞNG BAN / TRƯỞNG BAN": nobody signs for himself, "PHÓ" was not read
    last = taken[-1].line
    centre = (office or authority)[-1].line.centre
    below = [row for row in grouped[index + 1 :] if row.middle > last.middle + 0.5 * unit]
    name = _name(below, last, centre, unit)
    score = bool(office) + (name is not None) + 0.6 * bool(authority) + 0.3 * (last.y0 / sheet.height)
    return Signature(tuple(authority), tuple(office), weight, name, score)


def _run_of_heads(grouped: list[Line], heads: list[_Head | None], index: int, unit: float) -> list[_Head]:
    """Rows in capitals from `index` down that belong together: authority lines, then at most two office lines."""
    taken: list[_Head] = []
    offices = 0
    for row, found in zip(grouped[index:], heads[index:], strict=True):
        if taken and row.y0 - taken[-1].line.y1 > 1.5 * unit:
            break
        if found is None:
            continue
        head = found
        if (
            head.kind == "capitals"
            and offices == 1
            and abs(head.line.centre - taken[-1].line.centre) < 3 * unit
        ):
            head = replace(found, kind="office")  # "PHÓ CHỦ TỊCH / THƯỜNG TRỰC"
        if offices and head.kind != "office":
            break
        if offices > 1 or len(taken) > 5:
            break
        offices += head.kind == "office"
        taken.append(head)
    return taken


def _signed_for(text: str) -> str:
    """For whom a line in capitals signs, folded: "truong ban" of "K/T TRƯỞNG BAN"; "" when it is no authority."""
    folded = fold(text)
    match = _AUTHORITY.match(folded)
    return folded[match.end() :].strip(EDGE) if match else ""


def _is_office(folded: str) -> bool:
    """Whether a folded line begins with the name of an office, with or without its rank (Phó, Quyền, Tổng)."""
    words = " ".join(re.sub(r"[^a-z. ]", " ", folded).split())
    while words.startswith(_RANKS):
        words = words.split(" ", 1)[1]
    return any(words == office or words.startswith(office + " ") for office in _OFFICES)


def _name(below: list[Line], last: Line, centre: float, unit: float) -> Line | None:
    """The person's name nearest to the middle of the block, within the room that a signature takes."""
    best: tuple[float, Line] | None = None
    for line in below:
        if line.y0 - last.y1 > NAME_GAP * unit:
            break
        part = _name_words(line)
        if part is None or abs(part.centre - centre) > 3.5 * unit:
            continue
        score = part.confidence + 0.5 * _has_surname(part) - 0.1 * abs(part.centre - centre) / unit
        if best is None or score > best[0]:
            best = (score, part)
    return best[1] if best else None


def _has_surname(line: Line) -> bool:
    return bool(family_name(canonical(line.words[0].word.text).strip(EDGE)))


def _person(line: Line) -> tuple[str, float]:
    """A person's name with its family name as spelt, and how sure it is."""
    words = [canonical(item.word.text).strip(EDGE) for item in line.words]
    known = family_name(words[0])
    clipped = "" if known else clipped_family_name(words[0])
    words[0] = known or clipped or words[0]
    return " ".join(words), 0.95 if known else 0.75 if clipped else 0.7


def _name_words(line: Line) -> Line | None:
    """The run of words of `line` that is a person's name in full: 2–6 words, each a capital and small letters.

    A run without a family name counts from three words up: of a longer name the pen may have hidden the rest. A
    family name counts even where the pen made it hard to read, also without its first letter ("guyễn").
    """
    words = [canonical(item.word.text).strip(EDGE) for item in line.words]
    best: Line | None = None
    start: int | None = None
    for index in range(len(words) + 1):
        fits = index < len(words) and _is_name_word(words[index], line.words[index].word.confidence)
        if fits and start is None:
            clipped = index and line.words[index].x0 - line.words[index - 1].x1 < CLOSE * _height(line)
            start = index - 1 if clipped and clipped_family_name(words[index - 1]) else index
        elif not fits and start is not None:
            run, start = line.part(start, index), None
            known = _has_surname(run) or bool(
                clipped_family_name(canonical(run.words[0].word.text).strip(EDGE))
            )
            full = 2 <= len(run.words) <= 6 and (known or len(run.words) > 2)
            if full and (best is None or len(run.words) > len(best.words)):
                best = run
    return best


def _is_name_word(word: str, confidence: float) -> bool:
    shape = word.isalpha() and word[0].isupper() and word[1:].islower() and len(word) <= 7
    return shape and (confidence >= TRUSTED or bool(family_name(word)))


def _height(line: Line) -> float:
    return line.y1 - line.y0


def _capital_value(heads: Sequence[_Head], sure: float) -> FieldValue:
    text = " ".join(" ".join(head.text.upper() for head in heads).split()).strip(EDGE)
    confidence = sum(head.line.confidence for head in heads) / len(heads)
    return FieldValue(
        restored(text), sure * confidence, heads[0].line.page, boxes_of(head.line for head in heads)
    )
