"""Draw the visible part of a signature as a one-page PDF, and hand it to pyHanko at its true size and upright.

WeasyPrint draws, because pyHanko's own text breaks PDF/A with most fonts and its image boxes are whole points only.
Nothing is fetched: the drawing knows one font and one picture, both handed over. See docs/decisions/0073.
"""

import io
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from jinja2 import Environment, StrictUndefined
from pyhanko.pdf_utils import generic, layout
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import BasePdfFileWriter, init_xobject_dictionary
from pyhanko.stamp.base import BaseStamp, BaseStampStyle

from records.clock import vietnam_iso
from records.errors import ArchiveFault
from signing.appearance import Appearance, ImageRule, TextRule
from signing.geometry import MM_PER_POINT, PageView, Place, Turn, upright
from signing.printing import print_page
from signing.stamp_font import StampFont
from signing.stamp_image import StampImage

_LINE = 1.2
"""Line height of a text stamp, as a part of its font size."""
_PAD_MM = 0.5
"""White around the text, so that the marks of capitals never touch the edge."""
_STEP_PT = 0.25
_MOST_LETTERS = 1000
_LEAST_SEAL_MM, _MOST_SEAL_MM = 20.0, 60.0

_PAGE = Environment(autoescape=True, undefined=StrictUndefined).from_string(
    """<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>Stamp</title><style>
{%- if font %}@font-face { font-family: "{{ font }}"; src: url("vanthu:{{ font }}") }{% endif %}
@page { size: {{ width }}mm {{ height }}mm; margin: 0 }
html, body { margin: 0; padding: 0 }
body { width: {{ width }}mm; height: {{ height }}mm; overflow: hidden; position: relative }
img { display: block; width: {{ width }}mm; height: {{ height }}mm; image-rendering: pixelated }
.text { position: absolute; left: {{ pad }}mm; right: {{ pad }}mm; top: {{ pad }}mm; color: #000;
  font: normal {{ size }}pt/{{ line }} "{{ font }}"; font-kerning: none; font-variant-ligatures: none;
  text-align: {{ align }}; white-space: pre }
</style></head><body>
{%- if image %}<img alt="" src="vanthu:image">{% endif -%}
{%- if lines %}<div class="text">{% for one in lines %}<div>{{ one }}</div>{% endfor %}</div>{% endif -%}
</body></html>"""
)


@dataclass(frozen=True, slots=True)
class StampTexts:
    """What a text stamp says. `moment`: aware; shown as ISO 8601 in Vietnamese time to the second."""

    moment: datetime
    organisation: str = ""
    form: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A drawn stamp: a PDF of one page, and the size at which it must be seen, in millimetres."""

    pdf: bytes = field(repr=False)
    width_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True)
class Inlay:
    """A stamp that lies upon another one, so many millimetres from its left and upper edge."""

    stamp: Stamp
    left_mm: float
    top_mm: float


def draw_text(rule: Appearance, texts: StampTexts, font: StampFont) -> Stamp:
    """Return the text stamp of `rule`, as high as its lines need.

    Raises `ArchiveFault`: `stamp-text` (the rule asks for a word that is empty, or for another form of copy),
    `stamp-letter` (a letter the font has not), `stamp-too-long` (not even in the least size do the words fit).
    """
    shape = rule.text
    if shape is None:
        raise ValueError(f"{rule.system}, {rule.kind} is drawn from an image")
    lines = _filled(rule, shape, texts)
    if sum(map(len, lines)) > _MOST_LETTERS:
        raise _too_long(shape, lines)
    size, rows = _fitted(shape, lines, font)
    height = len(rows) * size * _LINE * MM_PER_POINT + 2 * _PAD_MM
    pdf = _draw(shape.width_mm, height, font=font, lines=rows, size=size, align=shape.align)
    return Stamp(pdf, shape.width_mm, height)


def draw_image(rule: Appearance, image: StampImage, width_mm: float, height_mm: float = 0.0) -> Stamp:
    """Return the stamp that shows `image`.

    A seal (`true_size`): `width_mm` is the organisation's diameter and the picture must be as high as wide. Else:
    `width_mm` and `height_mm` are the room there is, and the stamp is the largest of the picture's own proportions
    in it and in what the rule allows. Raises `ArchiveFault` (`seal-size`, `seal-not-round`, `place-too-small`).
    """
    shape = rule.image
    if shape is None:
        raise ValueError(f"{rule.system}, {rule.kind} is drawn from text")
    width, height = (
        _true_size(image, width_mm) if shape.true_size else _contained(shape, image, width_mm, height_mm)
    )
    return Stamp(_draw_image(image.png, width, height), width, height)


@lru_cache(maxsize=32)
def _draw_image(png: bytes, width: float, height: float) -> bytes:
    """Return one picture at one size; an official who signs two hundred papers has it drawn once."""
    return _draw(width, height, image=png)


def _true_size(image: StampImage, diameter: float) -> tuple[float, float]:
    if not _LEAST_SEAL_MM <= diameter <= _MOST_SEAL_MM:
        raise ArchiveFault(
            f"a seal of {diameter} mm",
            code="seal-size",
            tell=f"Đường kính con dấu phải từ {_LEAST_SEAL_MM:.0f} đến {_MOST_SEAL_MM:.0f} mm. "
            "Hãy sửa trong thông tin cơ quan.",
        )
    if abs(image.width - image.height) > 0.02 * image.width:
        raise ArchiveFault(
            f"a round seal of {image.width} by {image.height} pixels",
            code="seal-not-round",
            tell="Ảnh con dấu phải vuông (cao bằng rộng) để hiện đúng kích thước thật. Hãy cắt lại ảnh sát viền dấu.",
        )
    return diameter, diameter


def _contained(shape: ImageRule, image: StampImage, width: float, height: float) -> tuple[float, float]:
    room = min(width, shape.most_width_mm), min(height, shape.most_height_mm)
    scale = min(room[0] / image.width, room[1] / image.height)
    size = image.width * scale, image.height * scale
    if min(size) < 3:
        raise ArchiveFault(
            f"{image.width} by {image.height} pixels into {width} by {height} mm",
            code="place-too-small",
            tell="Khung đặt chữ ký quá nhỏ nên chữ ký không nhìn rõ. Hãy chọn khung lớn hơn.",
        )
    return size


def _filled(rule: Appearance, shape: TextRule, texts: StampTexts) -> list[str]:
    words = {
        "form": _one_line(texts.form),
        "organisation": _one_line(texts.organisation),
        "number": _one_line(texts.number),
        "time": vietnam_iso(texts.moment),
    }
    if empty := sorted(name for name in shape.words() if not words[name]):
        raise _text_fault(f"empty: {', '.join(empty)}", "còn thiếu nội dung bắt buộc")
    if rule.forms and words["form"] not in rule.forms:
        raise _text_fault(f"form {texts.form!r}", f"phải là một trong: {', '.join(rule.forms)}")
    return [line.format_map(words) for line in shape.lines]


def _one_line(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _text_fault(reason: str, why: str) -> ArchiveFault:
    return ArchiveFault(
        reason, code="stamp-text", tell=f"Nội dung hiển thị của chữ ký {why}. Hãy bổ sung rồi ký lại."
    )


def _fitted(shape: TextRule, lines: list[str], font: StampFont) -> tuple[float, list[str]]:
    """Return the largest font size at which the words fit, and the lines broken for it; no word is ever broken."""
    room = shape.width_mm - 2 * _PAD_MM
    rise = shape.most_height_mm - 2 * _PAD_MM
    size = shape.font_pt
    while size >= shape.least_font_pt:
        rows = [row for line in lines for row in _balanced(line, room / MM_PER_POINT, size, font)]
        widest = max(font.width(row, size) for row in rows) * MM_PER_POINT
        if widest <= room and len(rows) * size * _LINE * MM_PER_POINT <= rise:
            return size, rows
        size -= _STEP_PT
    raise _too_long(shape, lines)


def _too_long(shape: TextRule, lines: list[str]) -> ArchiveFault:
    return ArchiveFault(
        f"{sum(map(len, lines))} letters do not fit {shape.width_mm} x {shape.most_height_mm} mm",
        code="stamp-too-long",
        tell="Tên cơ quan hoặc số ký hiệu quá dài, không vừa khung chữ ký kể cả khi thu nhỏ. Hãy viết ngắn lại.",
    )


def _balanced(line: str, room: float, size: float, font: StampFont) -> list[str]:
    """Return the rows of one line, about equally wide: a name must not end in a row of one syllable."""
    rows = font.wrapped(line, room, size)
    narrower = rows
    while len(narrower) == len(rows) and room > size:
        rows, room = narrower, room * 0.97
        narrower = font.wrapped(line, room, size)
    return rows


def _draw(
    width: float,
    height: float,
    *,
    font: StampFont | None = None,
    lines: list[str] | None = None,
    image: bytes | None = None,
    size: float = 10.0,
    align: str = "center",
) -> bytes:
    page = _PAGE.render(
        width=f"{width:.4f}", height=f"{height:.4f}", pad=_PAD_MM, size=size, line=_LINE, align=align,
        lines=lines or [], image=image is not None, font=font.family if font else "",
    )  # fmt: skip
    things = {f"vanthu:{font.family}": font.data} if font else {}
    if image is not None:
        things["vanthu:image"] = image
    return print_page(page, things)


class _StampContent(BaseStamp):
    """The appearance of one widget: the stamp imported whole, turned, in the middle of the widget's rectangle, and
    upon it what is laid in, turned with it.
    """

    style: "StampStyle"

    def render(self) -> bytes:
        """Return the operators that draw the stamp; the page becomes a form XObject of the file."""
        style = self.style
        shown = [f"q {_operands(style.matrix)} cm", self._draw("Stamp", style.stamp)]
        for number, inlay in enumerate(style.inlays, start=1):
            left = inlay.left_mm / MM_PER_POINT
            up = (style.stamp.height_mm - inlay.top_mm - inlay.stamp.height_mm) / MM_PER_POINT
            shown.append(
                f"q {_operands((1, 0, 0, 1, left, up))} cm {self._draw(f'Inlay{number}', inlay.stamp)} Q"
            )
        return " ".join((*shown, "Q")).encode()

    def _draw(self, name: str, stamp: Stamp) -> str:
        page = PdfFileReader(io.BytesIO(stamp.pdf))
        self.resources.xobject[pdf_name(f"/{name}")] = self._ensure_writer.import_page_as_xobject(page)
        return f"/{name} Do"

    def as_form_xobject(self) -> generic.StreamObject:
        """Return the form with its exact box; pyHanko's own would cut it to whole points."""
        commands = self.render()
        width, height = self.style.box
        return init_xobject_dictionary(
            commands, round(width, 5), round(height, 5), resources=self.resources.as_pdf_object()
        )


@dataclass(frozen=True)
class StampStyle(BaseStampStyle):
    """What `PdfSigner(stamp_style=…)` takes: no border, no background, the stamp as drawn.

    `box`: size of the widget's rectangle in points, `matrix`: from the stamp's page to it.
    """

    stamp: Stamp = field(default=Stamp(b"", 0, 0))
    box: tuple[float, float] = (0.0, 0.0)
    matrix: tuple[float, ...] = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    inlays: tuple[Inlay, ...] = ()
    border_width: int = 0
    background_opacity: float = 1.0

    def create_stamp(
        self, writer: BasePdfFileWriter, box: layout.BoxConstraints, text_params: dict[str, Any]
    ) -> _StampContent:
        """Return the appearance for one widget; `box` is whole points only and is passed over."""
        return _StampContent(writer, self)


def stamp_style(stamp: Stamp, view: PageView, place: Place, inlays: tuple[Inlay, ...] = ()) -> StampStyle:
    """Return the style that shows `stamp` upright and at its true size in the middle of `place`.

    The widget's rectangle must be `view.rectangle(place)`. Raises `ArchiveFault` (`place-too-small`): a stamp is
    never squeezed.
    """
    view.centred(place, stamp.width_mm, stamp.height_mm)
    wide, high = (side / MM_PER_POINT for side in view.size_mm(place))
    return StampStyle(stamp=stamp, inlays=inlays, **_turned(stamp, view.turn, wide, high))


def _operands(numbers: Iterable[float]) -> str:
    return " ".join(f"{number:.5f}" for number in numbers)


def _turned(stamp: Stamp, turn: Turn, wide: float, high: float) -> dict[str, Any]:
    a, b, c, d, e, f = upright(turn, wide, high)
    across = (wide - stamp.width_mm / MM_PER_POINT) / 2
    up = (high - stamp.height_mm / MM_PER_POINT) / 2
    # first to the middle of the upright box, then turned with it
    return {
        "box": (high, wide) if turn in (90, 270) else (wide, high),
        "matrix": (a, b, c, d, a * across + c * up + e, b * across + d * up + f),
    }
