"""Find where a signature belongs by reading the paper: between the title and the name, and nowhere by guess.

A paper ends with the authority ("T/M", "KT.", "TL."), the title in capitals, room for the signature, and the name of
the person (NĐ 30/2020, Phụ lục I, ô số 7a-7c; party papers likewise). What is not found, or found twice, is for a
person to point at. The PDF may be a stranger's: call the functions that take a path in a limited child process.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from language.fold import canonical
from records.errors import ArchiveFault
from signing.geometry import PageView, Place
from signing.page_text import Line, PageText, is_blank, mentions, open_pages, read_page

MOST_PAGES = 30
"""So many pages from the end are read for the signature block; annexes may follow it."""

_LEAST_ROOM_MM, _MOST_ROOM_MM = 10.0, 70.0
_LEAST_WIDTH_MM = 30.0
_ASIDE = 0.12
"""Title and name stand on one axis: their middles may differ by this part of the page."""
_RIGHT_EDGE = 0.97
_MM_PER_POINT = 25.4 / 72

_AUTHORITY = re.compile(
    r"(?:T/M|TM\.?|K/T|KT\.?|T/L|TL\.?|TUQ\.?|T\.U\.Q\.?|Q\.|QUYỀN)(?=\s|$)", re.IGNORECASE
)
_TITLES = (
    "bí thư", "phó bí thư", "chánh văn phòng", "phó chánh văn phòng", "chủ tịch", "phó chủ tịch", "trưởng ban",
    "phó trưởng ban", "chủ nhiệm", "phó chủ nhiệm", "giám đốc", "phó giám đốc", "tổng giám đốc", "bộ trưởng",
    "thứ trưởng", "cục trưởng", "phó cục trưởng", "vụ trưởng", "chi cục trưởng", "trưởng phòng", "phó trưởng phòng",
    "viện trưởng", "chánh án", "hiệu trưởng", "phó hiệu trưởng", "ủy viên thường vụ", "ủy viên ban thường vụ",
    "tổng bí thư", "thường trực ban bí thư", "thủ tướng", "phó thủ tướng", "tổng cục trưởng", "chánh thanh tra",
    "chi cục phó", "chánh ủy", "chỉ huy trưởng", "tư lệnh", "kiểm toán trưởng",
)  # fmt: skip
_RANK = re.compile(
    r"(?:(?:gs|pgs|ts|ths|bs|bsckii?|ds|nsnd|nsưt|luật sư|(?:đại|thượng|trung|thiếu) (?:tướng|tá|úy))[.,]?\s*)+",
    re.IGNORECASE,
)
"""What may stand before a name (NĐ 30/2020, Phụ lục I, ô 7b)."""
_HEADINGS = (
    "cộng hòa xã hội chủ nghĩa việt nam",
    "độc lập - tự do - hạnh phúc",
    "đảng cộng sản việt nam",
)
_HEADING_PART = 0.35
"""The national heading and the party's name stand in this upper part of page one."""
_GAP_MM = 2.0
_NEAR_MM = 0.5
_EDGE_MM = 3.0
"""Printers leave this rim of a page white."""


def find_signature_place(path: Path, name: str, title: str | None = None) -> Place | None:
    """Return the blank room between the title and `name` on the right half of one of the last pages of a PDF.

    `title`: the line right above the room, when it is known; else an authority mark or a known title must stand
    there. None when no block is found, when there are several, or when something is already drawn in the room.
    Raises `Unfit` (`file-malformed`). Call it in a limited child process: it parses and draws foreign files.
    """
    wanted = _plain(name)
    if not wanted:
        return None
    with open_pages(path) as pdf:
        found = [
            place
            for number in range(max(1, len(pdf) - MOST_PAGES + 1), len(pdf) + 1)
            if mentions(pdf, number, wanted.split()[-1])
            for place in _blocks(read_page(pdf, number), wanted, _plain(title or ""))
        ]
        if len(found) != 1 or not is_blank(pdf, found[0]):
            return None
        return found[0]


def seal_place(signature: Place, seal_mm: float, view: PageView) -> Place:
    """Return the place of a round seal of `seal_mm` across, over the left third of the signature image.

    `signature`: the place of the image itself, not of the room around it. NĐ 30/2020, Điều 33 khoản 1 điểm b.
    Raises `ArchiveFault` (`place-outside`) when the seal would leave the page.
    """
    width, height = view.size_mm(signature)
    right = signature.x0 * view.width_mm + width / 3
    middle = signature.y0 * view.height_mm + height / 2
    return view.at_mm(right - seal_mm, middle - seal_mm / 2, seal_mm, seal_mm)


def free_top_right(path: Path, box: Place) -> Place:
    """Return `box`, moved straight down until it lies on no text and no earlier mark, and under the national heading.

    Where there is no room for it in the upper half of the page it moves up, above the heading, into the margin. A
    page without text is taken as it is. Raises `ArchiveFault`: `page-unknown`, `place-taken` when there is no room;
    `Unfit` (`file-malformed`). Call it in a limited child process.
    """
    with open_pages(path) as pdf:
        number = box.page if box.page > 0 else len(pdf) + 1 + box.page
        if not 1 <= number <= len(pdf):
            raise ArchiveFault(
                f"page {box.page} of {len(pdf)}",
                code="page-unknown",
                tell=f"Tài liệu có {len(pdf)} trang, không có trang {box.page}. Hãy chọn lại trang.",
            )
        page = read_page(pdf, number)
    if not page.height:
        return box
    millimetre = 1 / (page.height * _MM_PER_POINT)
    under = _downwards(box, page, millimetre)
    top = under if under + box.height <= max(0.5, box.y1) else _above_all(box, page, millimetre)
    if top is None:
        raise ArchiveFault(
            f"no room for {box} on page {number}",
            code="place-taken",
            tell="Góc trên bên phải trang không còn chỗ trống cho ký số. Hãy tự chọn khung trên trang.",
        )
    return Place(box.page, box.x0, top, box.x1, top + box.height)


def _downwards(box: Place, page: PageText, millimetre: float) -> float:
    """Return the top of the first free spot at or under `box`; beyond the page when there is none."""
    taken = [line.place for line in page.lines] + list(page.marks)
    headings = [line.place for line in page.lines if _is_heading(line)]
    top = box.y0
    if any(_over(box, top, place, _NEAR_MM * millimetre) for place in headings):
        # the rule under the motto is drawn, not written, so a gap is kept from the lowest line of the heading
        top = max(place.y1 for place in headings) + 2 * _GAP_MM * millimetre
    while blockers := [place for place in taken if _over(box, top, place, _NEAR_MM * millimetre)]:
        top = max(place.y1 for place in blockers) + 2 * _NEAR_MM * millimetre
    return top


def _above_all(box: Place, page: PageText, millimetre: float) -> float | None:
    """Return the top of the spot right above the first text or mark in the column of `box`, None in the white rim."""
    column = Place(box.page, box.x0, 0.0, box.x1, 1.0)
    taken = [place for place in (*(line.place for line in page.lines), *page.marks) if place.meets(column)]
    top = min(place.y0 for place in taken) - _NEAR_MM * millimetre - box.height
    return top if top >= _EDGE_MM * millimetre else None


def _over(box: Place, top: float, place: Place, gap: float) -> bool:
    meets = box.x0 < place.x1 and place.x0 < box.x1
    return meets and top < place.y1 + gap and place.y0 < top + box.height + gap


def _is_heading(line: Line) -> bool:
    text = _plain(line.text).replace("hoà", "hòa").replace("–", "-")
    return line.place.y0 < _HEADING_PART and any(heading in text for heading in _HEADINGS)


def _plain(text: str) -> str:
    return " ".join(canonical(text).casefold().split())


def _blocks(page: PageText, name: str, title: str) -> list[Place]:
    """Return the room of every signature block of `name` on the page."""
    places = []
    for line in page.lines:
        text = _plain(line.text)
        if line.middle > 0.5 and (text == name or _RANK.sub("", text, count=1).strip() == name):
            place = _room_above(line, page, title)
            if place is not None:
                places.append(place)
    return places


def _room_above(name: Line, page: PageText, title: str) -> Place | None:
    above = _column_above(name, page.lines)
    if not above or not _is_title(above, title):
        return None
    millimetre = 1 / (page.height * _MM_PER_POINT)
    upper, lower = above[0].place.y1 + millimetre, name.place.y0 - millimetre
    if not _LEAST_ROOM_MM * millimetre <= lower - upper <= _MOST_ROOM_MM * millimetre:
        return None
    if any(mark.x1 > 0.5 and mark.y0 < lower and mark.y1 > upper for mark in page.marks):
        return None
    half = min(name.middle - 0.5, _RIGHT_EDGE - name.middle)
    for other in page.lines:
        if other is not name and other.place.y0 < lower and other.place.y1 > upper:
            # a column of recipients may reach over the middle; text within the room itself leaves none
            half = min(half, name.middle - other.place.x1 if other.middle < name.middle else 0.0)
    if half * 2 * page.width * _MM_PER_POINT < _LEAST_WIDTH_MM:
        return None
    return Place(page.number, name.middle - half, upper, name.middle + half, lower)


def _column_above(name: Line, lines: Sequence[Line]) -> list[Line]:
    """Return the lines on the axis of the name above it, nearest first, as long as they follow each other closely."""
    on_axis = [
        line
        for line in lines
        if line.place.y1 <= name.place.y0 and line.place.x0 > 0.3 and abs(line.middle - name.middle) < _ASIDE
    ]
    on_axis.sort(key=lambda line: -line.place.y1)
    block = on_axis[:1]
    for line in on_axis[1:]:
        if block[-1].place.y0 - line.place.y1 > 1.2 * block[-1].place.height or len(block) == 5:
            break
        block.append(line)
    return block


def _is_title(block: Sequence[Line], title: str) -> bool:
    """Return whether the lowest line of the block is the title asked for, or, when none is, one that we know."""
    lowest = _plain(_AUTHORITY.sub("", block[0].text, count=1))
    if title:
        return title in (
            lowest,
            _plain(block[0].text),
            _plain(" ".join(line.text for line in reversed(block))),
        )
    if block[0].text.upper() != block[0].text:
        return False
    known = any(lowest == one or lowest.startswith(one + " ") for one in _TITLES)
    return known or any(_AUTHORITY.match(line.text) for line in block)
