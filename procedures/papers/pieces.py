"""What stands in a box of the transfer letter, broken into lines that fit: for box 1 and for every later one."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from procedures.papers.faces import Faces, Fitted, fit
from procedures.papers.layouts import Layout
from procedures.papers.sheet import Checked, Hop
from procedures.papers.ten_boxes import Area, Box
from records.errors import ArchiveFault, Unfit
from signing.geometry import MM_PER_POINT

_MOST_PT, _LEAST_PT = 12.0, 7.0
_WORDS_PT = 12.5
_LINE_MM = 1.25 * MM_PER_POINT
_STRUCK_PARTS = (0.34, 0.5, 0.62)
"""Of the room for words, where some are struck through: those below, the right ones above (12-HD/BTCTW 2022). The
least part that is enough; words that once had room must have it struck through too, so they may be smaller."""
_LEAST_STRUCK_PT = 5.0


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines at a place, in millimetres from the corner of what they lie in."""

    lines: tuple[str, ...]
    left: float
    top: float
    width: float
    pt: float
    bold: bool = False
    italic: bool = False
    align: Literal["left", "center"] = "left"
    struck: bool = False


def box_pieces(
    box: Box, hop: Hop, layout: Layout, faces: Faces, words: tuple[str, ...] | None = None
) -> tuple[Piece, ...]:
    """Return the pieces of `box` as `hop` fills it; `words`: instead of only whom it goes to (box 1 says more).

    Raises `ArchiveFault` (`paper-too-long`) naming what does not fit.
    """
    who = hop.signatory
    to = f"Ô {box.rule.number}: {box.letter.first if box.rule.number == 1 else box.letter.later}"
    size = _WORDS_PT if words else 11.0
    said, more = _words(box.words, words or _hop_words(hop), hop.struck, to, faces, size)
    above = _fitted((*who.authority, who.title), box.authority, "Quyền hạn và chức vụ người ký", faces)
    name = _fitted((who.name,), box.name, "Họ tên người ký", faces)
    line = layout.date_line(hop.place, hop.day, blank=not hop.dated)
    dated = _fitted((line,), box.dated, "Địa danh, ngày tháng", faces, 11.0)
    if hop.proof:
        proof = _fitted((hop.proof,), box.room, "Chữ ký", faces, 9.0)
        more.append(_piece(proof, box.room, box.room.top, italic=True, align="center"))
    return (
        said,
        *more,
        _piece(dated, box.dated, box.dated.top, italic=True, align="center"),
        _piece(
            above,
            box.authority,
            box.authority.top + box.authority.height - above.height_mm,
            bold=True,
            align="center",
        ),
        _piece(name, box.name, box.name.top, bold=True, align="center"),
    )


def _hop_words(hop: Hop) -> tuple[str, ...]:
    if hop.corrects:  # two lines at most: what was wrong stands below
        return (f"Ghi lại ô {hop.corrects}: {'; '.join(text for text in (hop.to, hop.note) if text)}",)
    return tuple(text for text in (hop.to, hop.note) if text)


def _words(
    area: Area, words: tuple[str, ...], struck: tuple[str, ...], label: str, faces: Faces, most: float
) -> tuple[Piece, list[Piece]]:
    """Return the words in their area and, below them, those that are struck through."""
    if not struck:
        return _piece(_fitted(words, area, label, faces, most), area, area.top), []
    for part in _STRUCK_PARTS:
        low = area.height * part
        upper = replace(area, height=area.height - low)
        lower = replace(area, top=area.top + area.height - low, height=low)
        try:
            right = _fitted(words, upper, label, faces, most)
            wrong = _fitted(struck, lower, label, faces, most, _LEAST_STRUCK_PT)
        except ArchiveFault:
            if part == _STRUCK_PARTS[-1]:
                raise
            continue
        return _piece(right, upper, upper.top), [replace(_piece(wrong, lower, lower.top), struck=True)]
    raise RuntimeError("no part was tried")


def member_words(checked: Checked) -> tuple[str, ...]:
    """Return what box 1 says: whom it goes to, and who the member is."""
    said = {
        name: f"{answer:%d/%m/%Y}" if isinstance(answer, date) else answer or ""
        for name, answer in checked.answers.items()
    }
    official = f"chính thức ngày {said['official_date']}" if said["official_date"] else "đảng viên dự bị"
    alias = f"; bí danh: {said['alias']}" if said["alias"] else ""
    numbers = {"Số TĐV": said["card_no"], "Số LL": said["cv_no"], "Số SĐV": said["branch_list_no"]}
    rows = (
        str(said["to"]),
        f"Giới thiệu đồng chí: {str(said['member_name']).upper()}{alias}",
        f"Sinh ngày {said['birth_date']}; quê quán: {said['hometown']}",
        f"Vào Đảng ngày {said['admission_date']}; {official}",
        "; ".join(f"{label}: {number}" for label, number in numbers.items() if number),
        f"Đang sinh hoạt tại: {said['from_unit']}",
        f"Được giới thiệu đến sinh hoạt đảng chính thức tại: {said['to_unit']}",
        f"Đã đóng đảng phí hết tháng {said['paid_until']}",
        f"Hồ sơ kèm theo: {said['enclosed']}" if said["enclosed"] else "",
        checked.sheet.note,
    )
    return tuple(row for row in rows if row)


def heading_pieces(checked: Checked, faces: Faces) -> tuple[Piece, ...]:
    """Return the heading of the letter: issuer, number, place and date, above box 1.

    Raises `ArchiveFault` (`paper-too-long`).
    """
    sheet, layout = checked.sheet, checked.layout
    pieces, top = [], 15.0
    for text, label, bold in (
        (sheet.organ.superior, "Tên cơ quan cấp trên", False),
        (sheet.organ.name, "Tên cơ quan ban hành", True),
    ):
        if text:
            area = Area(20.0, top, 88.0, 11.0)
            fitted = _fitted((text,), area, label, faces)
            pieces.append(_piece(fitted, area, top, bold=bold, align="center"))
            top += fitted.height_mm
    lines = (layout.under_organ, layout.number_line(sheet.number, sheet.notation))
    area = Area(20.0, top, 88.0, 11.0)
    fitted = _fitted(lines, area, "Số, ký hiệu", faces)
    pieces.append(_piece(fitted, area, top, align="center"))
    dated = Area(112.0, 24.0, 83.0, 11.0)
    line = layout.date_line(sheet.organ.place, sheet.day, blank=sheet.draft)
    fitted = _fitted((line,), dated, "Địa danh, ngày tháng", faces)
    return (*pieces, _piece(fitted, dated, dated.top, italic=True, align="center"))


def demand_bare(checked: Checked) -> None:
    """Refuse what a letter with boxes has no place for: `Unfit` (`paper-field-unknown`)."""
    sheet = checked.sheet
    given = {"Nơi nhận": sheet.recipients, "Mức độ khẩn": sheet.urgency, "Mức độ mật": sheet.secrecy}
    if extra := [label for label, said in given.items() if said]:
        raise Unfit(
            f"{sheet.kind}: {extra}",
            code="paper-field-unknown",
            tell=f"Giấy giới thiệu nhiều ô không có mục: {', '.join(extra)}. Hãy bỏ các mục này; chưa tạo gì.",
        )


def _fitted(
    texts: tuple[str, ...],
    area: Area,
    label: str,
    faces: Faces,
    most: float = _MOST_PT,
    least: float = _LEAST_PT,
) -> Fitted:
    # measured in bold, the widest of the four, so that it fits in whatever face it is set
    return fit(texts, faces.bold, label, width=area.width, height=area.height, most=most, least=least)


def _piece(
    fitted: Fitted,
    area: Area,
    top: float,
    *,
    bold: bool = False,
    italic: bool = False,
    align: Literal["left", "center"] = "left",
) -> Piece:
    return Piece(fitted.lines, area.left, top, area.width, fitted.pt, bold, italic, align)
