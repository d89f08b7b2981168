"""A PDF that somebody drew elsewhere becomes a paper: number, date and mark are burnt into the room left for them.

The room is read off the first page ("Số:      /QĐ-UBND", "ngày      tháng      năm") or pointed at by a person; it must
be blank. What was burnt is read back from the finished file. Everything here parses a stranger's file: call it in a
limited child process.
"""

from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from procedures.check_mark import CheckMark
from procedures.papers.faces import Faces, fit
from procedures.papers.sheet import demand_letters
from records.errors import ArchiveFault, Unfit
from signing.burn import Burnt, burn
from signing.geometry import Place
from signing.page_text import Line, is_blank, open_pages, read_page
from signing.printing import print_page
from signing.stamp import Stamp

MARK_MM = 18.0
"""The least side of a mark for checking; smaller ones fail on office printers."""

_UPPER = 0.45
"""Number and date stand in this upper part of the first page."""
_MOST_PT, _LEAST_PT = 14.0, 8.0
_LINE_MORE = (0.4, 0.25, 0.1, 0.0)

_PAGE = Environment(autoescape=True, undefined=StrictUndefined).from_string(
    """<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>Văn bản</title><style>
{%- if not mark %}@font-face { font-family: "{{ family }}"; src: url("vanthu:face") }{% endif %}
@page { size: {{ width }}mm {{ height }}mm; margin: 0 }
html, body { margin: 0; padding: 0; color: #000 }
p { margin: 0; position: absolute; left: 0; width: {{ width }}mm; top: {{ top }}mm; text-align: center;
  white-space: pre; font: {{ pt }}pt/1.25 "{{ family }}"; font-kerning: none; font-variant-ligatures: none }
svg { position: absolute; left: 0; top: 0 }
</style></head><body>
{%- if mark %}<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{ mark.modules }} {{ mark.modules }}"
 width="{{ width }}mm" height="{{ height }}mm"><path d="{{ mark.path }}" fill="#000"/></svg>
{%- else %}<p>{{ text }}</p>{% endif -%}
</body></html>"""
)


@dataclass(frozen=True, slots=True)
class Written:
    """One text and the room it goes into. `label`: what people call it; dates are set in italic."""

    label: str
    text: str
    place: Place
    italic: bool = False


@dataclass(frozen=True, slots=True)
class Rooms:
    """The room left on the first page for the number, the day and the month.

    `notation`, `year`: what is printed after the room of the number ("-CV/ĐU") and of the month ("năm 2026").
    """

    number: Place
    day: Place
    month: Place
    notation: str = ""
    year: str = ""

    def filled(self, number: str, on: date) -> tuple[Written, ...]:
        """Return what goes where: the digits of `number`, day and month written as official papers do."""
        month = f"{on.month:02d}" if on.month <= 2 else str(on.month)
        return (
            Written("Số", number, self.number),
            Written("Ngày", f"{on.day:02d}", self.day, italic=True),
            Written("Tháng", month, self.month, italic=True),
        )


def demand_pdf(path: Path) -> None:
    """Refuse what is no PDF, and say why: by its content, not by its name.

    Raises `Unfit` (`paper-type`). Word files are made PDF when they are handed in (`ingest/receive_draft.py`).
    """
    with path.open("rb") as file:
        head = file.read(1024)
    if b"%PDF-" in head:
        return
    raise Unfit(
        f"{path}: no PDF",
        code="paper-type",
        tell=f"{path.name} không phải tệp PDF. Hãy xuất văn bản ra PDF/A rồi tải lên.",
    )


def find_rooms(path: Path) -> Rooms | None:
    """Return the blank room for number, day and month on the first page; None when any is missing or found twice.

    A gap counts when it is wider than a letter and a half. Raises `Unfit` (`file-malformed`).
    """
    with open_pages(path) as pdf:
        page = read_page(pdf, 1)
        lines = [line for line in page.lines if line.place.y0 < _UPPER]
        number = _gap(lines, lambda left: left.rstrip(" :") == "số", ("/", "-", "–"))
        day = _gap(lines, lambda left: left.endswith("ngày"), ("tháng",))
        month = _gap(lines, lambda left: left.endswith("tháng"), ("năm",))
        if number is None or day is None or month is None:
            return None
        rooms = tuple(_whole_line(pdf, one) for one, _ in (number, day, month))
    for_number, for_day, for_month = rooms
    if for_number is None or for_day is None or for_month is None:
        return None
    return Rooms(for_number, for_day, for_month, number[1], month[1])


def burn_paper(
    source: Path,
    target: Path,
    texts: Sequence[Written],
    faces: Faces,
    mark: tuple[CheckMark, Place] | None = None,
) -> None:
    """Write `source` with `texts`, and the mark for checking if one is given, burnt in to `target`.

    Raises `Unfit`: as `burn` and `demand_pdf`, `place-taken` (something stands there already), `paper-letter`;
    `ArchiveFault`: `place-too-small`, `page-unknown`, `paper-too-long`, `burn-not-shown` (the page hides what was
    burnt in; nothing is written then).
    """
    demand_pdf(source)
    for one in texts:
        demand_letters(one.label, one.text, faces)
    _demand_blank(source, [*texts, *([Written("Mã kiểm tra", "", mark[1])] if mark else [])])
    marks = [Burnt(one.place, partial(_draw_text, one, faces)) for one in texts]
    if mark is not None:
        marks.append(Burnt(mark[1], partial(_draw_mark, mark[0])))
    burn(source, target, marks)
    try:
        _demand_shown(target, texts, mark)
    except ArchiveFault:
        target.unlink()
        raise


def _draw_text(one: Written, faces: Faces, width: float, height: float) -> Stamp:
    text, face = one.text.replace(" ", "\N{NO-BREAK SPACE}"), faces.italic if one.italic else faces.regular
    fitted = fit((text,), face, one.label, width=width, height=height, most=_MOST_PT, least=_LEAST_PT)
    family = f"paper-{face.family}"
    top = (height - fitted.height_mm) / 2
    page = _PAGE.render(
        family=family, width=width, height=height, top=top, pt=fitted.pt, text=one.text, mark=None
    )
    return Stamp(print_page(page, {"vanthu:face": face.data}), width, height)


def _draw_mark(mark: CheckMark, width: float, height: float) -> Stamp:
    side = min(width, height)
    if side < MARK_MM - 0.1:
        raise ArchiveFault(
            f"a mark of {side:.1f} mm",
            code="place-too-small",
            tell=f"Khung đặt mã kiểm tra phải rộng và cao ít nhất {MARK_MM:.0f} mm. Hãy chọn khung lớn hơn.",
        )
    page = _PAGE.render(family="none", width=side, height=side, top=0, pt=10, text="", mark=mark)
    return Stamp(print_page(page), side, side)


def _demand_blank(source: Path, rooms: Sequence[Written]) -> None:
    with open_pages(source) as pdf:
        for one in rooms:
            if not is_blank(pdf, _on_page(pdf, one.place)):
                raise Unfit(
                    f"{one.label}: ink at {one.place}",
                    code="place-taken",
                    tell=f"Chỗ ghi “{one.label}” trên trang {one.place.page} đã có chữ hoặc hình. "
                    "Hãy để trống chỗ này trong văn bản, hoặc chọn chỗ khác.",
                )


def _demand_shown(target: Path, texts: Sequence[Written], mark: tuple[CheckMark, Place] | None) -> None:
    """Demand that a viewer shows what was burnt in: a page may clip, move or cover what is drawn on it."""
    with open_pages(target) as pdf:
        for one in texts:
            place = _on_page(pdf, one.place)
            lines = [line for line in read_page(pdf, place.page).lines if line.place.meets(place)]
            if not any(one.text.replace(" ", "") in line.text.replace(" ", "") for line in lines):
                raise _not_shown(one.label)
            if is_blank(pdf, place):
                raise _not_shown(one.label)
        if mark is not None and is_blank(pdf, _on_page(pdf, mark[1])):
            raise _not_shown("Mã kiểm tra")


def _on_page(pdf: Sized, place: Place) -> Place:
    """Return `place` with its page counted from 1. Raises `ArchiveFault` (`page-unknown`)."""
    count = len(pdf)
    number = place.page if place.page > 0 else count + 1 + place.page
    if not 1 <= number <= count:
        raise ArchiveFault(
            f"page {place.page} of {count}",
            code="page-unknown",
            tell=f"Tài liệu có {count} trang, không có trang {place.page}. Hãy chọn lại trang.",
        )
    return replace(place, page=number)


def _not_shown(label: str) -> Unfit:
    return Unfit(
        f"{label} is not seen where it was burnt in",
        code="burn-not-shown",
        tell=f"Đã ghi “{label}” nhưng trang không hiện ra đúng chỗ, vì tệp PDF được dựng khác thường. "
        "Hãy in ra PDF/A rồi tải lên lại; chưa tạo gì.",
    )


def _whole_line(pdf: Any, gap: Place) -> Place | None:
    """Return a gap as high as its line, when that is blank; None when ink is in the gap itself.

    The box of letters is that of their ink, and a line needs more: "Số" of 13 points is 9 points high.
    """
    for more in _LINE_MORE:
        by = more * gap.height
        taller = replace(gap, y0=max(0.0, gap.y0 - by), y1=min(1.0, gap.y1 + by))
        if is_blank(pdf, taller):
            return taller
    return None


def _gap(
    lines: Sequence[Line], ends: Callable[[str], bool], begins: Sequence[str]
) -> tuple[Place, str] | None:
    """Return the one gap between a piece that `ends` so and the next piece of its line, that `begins` so, and that."""
    found = []
    for left in lines:
        if not ends(left.text.casefold()):
            continue
        beside = [
            one
            for one in lines
            if one.place.x0 >= left.place.x1 and abs(one.place.y0 - left.place.y0) < 0.5 * left.place.height
        ]
        right = min(beside, key=lambda one: one.place.x0, default=None)
        if right is not None and right.text.casefold().startswith(tuple(begins)):
            top, bottom = min(left.place.y0, right.place.y0), max(left.place.y1, right.place.y1)
            found.append((Place(1, left.place.x1, top, right.place.x0, bottom), right.text))
    return found[0] if len(found) == 1 else None
