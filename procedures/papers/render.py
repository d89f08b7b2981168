"""Draw a paper: what a case says becomes a PDF/A-2b with number and date burnt in, or a draft that says so.

The finished file is read back as a stranger would: its number must stand on it and the room for the signature must be
found, or nothing is handed on.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from procedures.check_mark import CheckMark
from procedures.papers.faces import LINE, STYLES, Faces, fit
from procedures.papers.kinds import TEMPLATES, missing_fields
from procedures.papers.layouts import Layout, layout_at
from procedures.papers.parts import article, labelled
from procedures.papers.pieces import Piece, box_pieces, demand_bare, heading_pieces, member_words
from procedures.papers.sheet import BoxSheet, Checked, Hop, Sheet, check_sheet, clean_hop, demand_hop
from procedures.papers.ten_boxes import A4_MM, Box, BoxPlaces, LetterRule, letter_at
from records.clock import vietnam_iso
from records.errors import ArchiveFault
from signing.draft_fields import await_number
from signing.geometry import Place
from signing.page_text import open_pages, read_page
from signing.placement import find_signature_place
from signing.printing import print_page
from signing.stamp import Stamp
from signing.stamp_image import StampImage

_CHECK_SIDE_MM = 18.0
_CHECK_LEFT_MM = 22.0
_CHECK_FROM_EDGE_MM = 4.0
_PERSON_WIDTH_MM = 85.0
_LEAST_LINE_PT = 9.0
_LEFT_PART = 0.41
"""The column of the issuer takes this part of the heading, the national or party heading the rest."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A drawn paper. `signature`: the room for the first signature; `boxes`: of a transfer letter, else none.

    `draft`: it has no number and says so; the signing order lets no seal on it but those of boxes.
    """

    pdf: bytes = field(repr=False)
    title: str
    pages: int
    draft: bool
    signature: Place
    boxes: tuple[BoxPlaces, ...] = ()


def render(sheet: Sheet, faces: Faces, created: datetime, mark: CheckMark | None = None) -> Rendered:
    """Return `sheet` drawn. The same sheet, moment and mark give the same bytes.

    `mark`: for public checking, of the paper with this number. Raises what `check_sheet` does, and `ArchiveFault`:
    `paper-too-long`, `layout-not-in-force`, `paper-signature-block` (a title or name that nobody would take for one).
    """
    checked = check_sheet(sheet, faces)
    if mark is not None and not checked.sheet.number:
        raise ValueError("a draft, or a sheet without a number: nothing could be checked")
    letter = letter_at(sheet.day) if checked.kind.boxed else None
    title = _title(checked)
    said = _common(checked, faces, mark) | {"title": title, "created": vietnam_iso(created)}
    said |= _flowing(checked, faces) if letter is None else _boxed(checked, letter, faces)
    pdf = print_page(_draw(checked.kind.template, said), _things(faces), archival=True)
    if checked.sheet.draft:
        pdf = await_number(pdf)
    boxes = tuple(box.places() for box in letter.all()) if letter else ()
    printed = len(checked.sheet.printed)
    signature, pages = _read_back(pdf, checked, boxes[printed].room if printed else None)
    return Rendered(pdf, title, pages, checked.sheet.draft, signature, boxes)


def draw_hop(
    letter: LetterRule,
    number: int,
    hop: Hop,
    layout: Layout,
    faces: Faces,
    picture: StampImage | None = None,
) -> Stamp:
    """Return what box `number` (from 2) of the letter says, as large as its frame: the visible part of the signature of
    the body that fills it. `picture`: of the handwritten signature, as large as its room allows.

    Raises `Unfit` (`letter-box-unknown`, `paper-field-missing`, `paper-authority-wrong`, `paper-letter`),
    `ArchiveFault` (`paper-too-long`).
    """
    box = letter.box(number)
    hop = clean_hop(hop)
    demand_hop(hop, number, layout, faces)
    width, height = box.frame.width, box.frame.height
    said = _faces_said(faces) | {
        "parts": layout.parts,
        "number": number,
        "width": width,
        "height": height,
        "line_height": LINE,
        "pieces": box_pieces(box, hop, layout, faces),
        "picture": _contained(box, picture) if picture else None,
    }
    things = _things(faces) | ({"vanthu:image": picture.png} if picture else {})
    return Stamp(print_page(_draw("hop.html.j2", said), things), width, height)


def draw_box(box: BoxSheet, faces: Faces) -> bytes:
    """Return one box of a letter as a PDF of one page. The same box gives the same bytes. Raises as `draw_hop`."""
    layout = layout_at(box.system, box.hop.day)
    return draw_hop(letter_at(box.letter_day), box.number, box.hop, layout, faces).pdf


def _common(checked: Checked, faces: Faces, mark: CheckMark | None) -> dict[str, Any]:
    sheet, layout = checked.sheet, checked.layout
    margins = layout.margins if not checked.kind.boxed else None
    corner = (margins.left, margins.top) if margins else (0.0, 0.0)
    return _faces_said(faces) | {
        "sheet": sheet,
        "layout": layout,
        "parts": layout.parts,
        "answers": checked.answers,
        "heading": checked.kind.heading,
        "numbered": checked.kind.numbered,
        "check": None if mark is None else _check(mark, corner),
    }


def _check(mark: CheckMark, corner: tuple[float, float]) -> dict[str, Any]:
    """Return where the mark lies, in millimetres from the corner of what is printed on."""
    top = A4_MM[1] - _CHECK_FROM_EDGE_MM - _CHECK_SIDE_MM
    return {
        "mark": mark,
        "side_mm": _CHECK_SIDE_MM,
        "left_mm": _CHECK_LEFT_MM - corner[0],
        "top_mm": top - corner[1],
    }


def _flowing(checked: Checked, faces: Faces) -> dict[str, Any]:
    sheet, layout = checked.sheet, checked.layout
    width = A4_MM[0] - layout.margins.left - layout.margins.right
    number = layout.number_line(sheet.number, sheet.notation)
    dated = layout.date_line(sheet.organ.place, sheet.day, blank=sheet.draft)
    lines = {
        "number": (number, "Số, ký hiệu", _LEFT_PART * width - 2),
        "place_date": (dated, "Địa danh, ngày tháng", (1 - _LEFT_PART) * width),
        "person": (sheet.signatory.name, "Họ tên người ký", _PERSON_WIDTH_MM),
    }
    return {
        "margins": layout.margins,
        "left_part": _LEFT_PART * 100,
        "line_of": {part: _one_line(layout.parts[part].pt, *said, faces) for part, said in lines.items()},
    }


def _one_line(most: float, text: str, label: str, width: float, faces: Faces) -> dict[str, Any]:
    """Return a line that must not be broken, and the size at which it fits its column."""
    whole = text.replace(" ", "\N{NO-BREAK SPACE}")
    found = fit((whole,), faces.bold, label, width=width, height=most, most=most, least=_LEAST_LINE_PT)
    return {"text": text, "pt": found.pt}


def _boxed(checked: Checked, letter: LetterRule, faces: Faces) -> dict[str, Any]:
    demand_bare(checked)
    sheet, layout = checked.sheet, checked.layout
    own = Hop(str(checked.answers["to"]), sheet.organ.place, sheet.day, sheet.signatory)
    filled = sheet.printed or (own,)
    boxes = letter.all()

    def pieces(box: Box) -> tuple[Piece, ...]:
        number = box.rule.number
        if number > len(filled):
            return ()
        words = member_words(checked) if number == 1 else None
        return box_pieces(box, filled[number - 1], layout, faces, words)

    shown = [
        {
            "number": box.rule.number,
            "page": box.rule.page,
            "frame": box.frame,
            "caption": letter.first if box.rule.number == 1 else letter.later,
            "hint": "" if box.rule.number <= len(filled) else letter.hint,
            "hint_area": {"left": letter.pad, "top": box.dated.top, "width": box.dated.left - letter.pad},
            "pieces": pieces(box),
        }
        for box in boxes
    ]
    numbers = sorted({box.rule.page for box in boxes})
    return {
        "line_height": LINE,
        "heading_pieces": heading_pieces(checked, faces),
        "pages": [[box for box in shown if box["page"] == number] for number in numbers],
    }


def _contained(box: Box, picture: StampImage) -> dict[str, float]:
    room = box.room
    scale = min((room.width - 2) / picture.width, (room.height - 1) / picture.height)
    width, height = picture.width * scale, picture.height * scale
    return {
        "left": room.left + (room.width - width) / 2,
        "top": room.top + (room.height - height) / 2,
        "width": width,
        "height": height,
    }


def _title(checked: Checked) -> str:
    number = f" {checked.number_text}" if checked.sheet.number else ""
    about = checked.answers.get("subject") or checked.answers.get("member_name")
    return f"{'Dự thảo ' if checked.sheet.draft else ''}{checked.kind.type_name}{number}: {about}"


def _faces_said(faces: Faces) -> dict[str, Any]:
    return {"family": faces.family}


def _things(faces: Faces) -> dict[str, bytes]:
    names = ("regular", "bold", "italic", "bold_italic")
    assert len(names) == len(STYLES)  # noqa: S101
    return {f"vanthu:{name}": face.data for name, face in zip(names, faces.all(), strict=True)}


def _read_back(pdf: bytes, checked: Checked, room: Place | None) -> tuple[Place, int]:
    """Return the room for the signature and the number of pages, as the finished file shows them. `room`: is known."""
    sheet = checked.sheet
    with tempfile.TemporaryDirectory(prefix="paper-") as folder:
        path = Path(folder) / "paper.pdf"
        path.write_bytes(pdf)
        with open_pages(path) as document:
            pages = len(document)
            lines = [line.text for line in read_page(document, 1).lines]
        place = room or find_signature_place(path, sheet.signatory.name, sheet.signatory.title)
    number = checked.layout.number_line(sheet.number, sheet.notation)
    if sheet.number and not any(number in line for line in lines):
        raise ArchiveFault(f"{number!r} is not on the drawn page", code="paper-drawing")
    if place is None:
        raise ArchiveFault(
            f"no room found for {sheet.signatory}",
            code="paper-signature-block",
            tell=f"Không xác định được duy nhất một chỗ ký của {sheet.signatory.name} trên văn bản. Hãy kiểm tra "
            "chức vụ, họ tên người ký, và đừng lặp lại khối chữ ký trong nội dung.",
        )
    return place, pages


class _Asked(StrictUndefined):
    """What a template asks for and nobody gave: never printed, told by its name."""

    def _fail_with_undefined_error(self, *args: Any, **kwargs: Any) -> Any:
        raise missing_fields("Văn bản", [str(self._undefined_name)])

    __str__ = __iter__ = __len__ = __bool__ = __contains__ = _fail_with_undefined_error
    __getitem__ = __call__ = _fail_with_undefined_error


def _draw(template: str, said: Mapping[str, Any]) -> str:
    return _templates().get_template(template).render(said)


@lru_cache(maxsize=1)
def _templates() -> Environment:
    found = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=_Asked)
    found.filters |= {"day": _day, "closed": _closed, "recipient": _recipient, "tight": _tight}
    found.filters |= {"article": article, "labelled": labelled}
    return found


def _day(value: date) -> str:
    return f"{value:%d/%m/%Y}"


def _tight(text: str) -> str:
    """Return a heading whose last line has two words at least."""
    head, _, last = text.rpartition(" ")
    return f"{head}\N{NO-BREAK SPACE}{last}" if " " in head else text


@pass_context
def _closed(context: Context, text: str, last: bool) -> str:
    """Return the last piece of a text with the sign that ends it."""
    return text.removesuffix("./.").rstrip(" .;,") + context["layout"].end if last else text


@pass_context
def _recipient(context: Context, text: str, last: bool) -> str:
    return "- " + text.lstrip("- ").rstrip(" .;,") + ("." if last else context["layout"].recipients_end)
