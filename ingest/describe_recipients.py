"""Who gets a copy: the list under "Nơi nhận" at the foot on the left (NĐ 30/2020 Phụ lục I, box 9b; 36-HD/VPTW)."""

import re
from collections.abc import Sequence

from ingest.describe_lines import Line, Sheet, boxes_of
from ingest.describe_match import letters, starts_like
from ingest.describe_words import restored
from language.fold import canonical, fold
from records.document import FieldValue

_ITEM = re.compile(r"^\s*[-–—−+•*~=_.·]+\s*")
_KEPT = re.compile(r"^[Ll][uưừứửữự]u\b")


def read_recipients(sheets: Sequence[Sheet], lines: Sequence[tuple[Line, ...]]) -> FieldValue | None:
    """Return the list under "Nơi nhận" as one value with a line feed between recipients; None when there is none."""
    for sheet, page in zip(reversed(sheets), reversed(lines), strict=True):
        head = recipients_head(sheet, page)
        if head is not None:
            items, used = _items(sheet, head, page[page.index(head) + 1 :])
            if items:
                confidence = sum(part.confidence for part in used) / len(used)
                return FieldValue("\n".join(items), 0.93 * confidence, head.page, boxes_of([head, *used]))
    return None


def recipients_head(sheet: Sheet, lines: tuple[Line, ...]) -> Line | None:
    """Return the line "Nơi nhận:" of a page, None when there is none."""
    for line in lines:
        if _is_head(line) and line.x0 < 0.45 * sheet.width and line.middle > 0.04 * sheet.height:
            return line
    return None


def _is_head(line: Line) -> bool:
    """Whether a line is "Nơi nhận:", alone or before the first recipient; the first word may be unreadable."""
    if starts_like(line.text, "noinhan"):
        return len(line.plain) <= 9 or ":" in line.text
    words = line.text.split()
    return len(words) == 2 and letters(words[1]) == "nhan" and words[1].endswith(":")


def _items(sheet: Sheet, head: Line, below: tuple[Line, ...]) -> tuple[list[str], list[Line]]:
    unit = sheet.unit
    left, right = sheet.margins
    items: list[str] = []
    used: list[Line] = []
    last, ended = head, True
    for line in below:
        if (
            line.middle < head.middle + 0.5 * unit
            or line.centre > (left + right) / 2
            or line.x0 > head.x0 + 5 * unit
        ):
            continue
        if not any(c.isalnum() for c in line.text) or line.confidence < 0.25:
            continue
        if line.y0 - last.y1 > 3.0 * unit or len(items) > 60:
            break
        text = canonical(line.text).replace("—", "–")
        if ";" in text and not _ITEM.match(text.split(";", 1)[1].lstrip()):
            text = text.split(";", 1)[0] + ";"  # what stands behind is ink of seal or pen
        bullet = _ITEM.match(text)
        body = text[bullet.end() :] if bullet else text
        if not items or bullet or ended:
            items.append(body)
        else:
            items[-1] = f"{items[-1]} {body}"
        used.append(line)
        last, ended = line, body.rstrip().endswith((";", ".", ",")) and not _enumerates(body)
        if fold(body).startswith("luu") and body.rstrip().endswith("."):
            break
    return [
        _KEPT.sub("Lưu", restored(text)) for item in items if len(letters(text := item.strip(" ;,:"))) > 1
    ], used


def _enumerates(body: str) -> bool:
    """Whether a recipient line ends in a comma of its own enumeration."""
    return body.rstrip().endswith(",") and body.count(",") > 1
