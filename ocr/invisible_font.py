"""The font of the invisible text: every glyph paints nothing, but is as large as the ink of its letter usually is.

Viewers take the rectangle of a search hit from the font: from glyph bounds, advance widths, ascent and descent. A
font with blank glyphs of one width gives hits as high as the line and letters that slide away from the ink. Here each
letter has the advance and the bounds of a common book face, and its outline is a line there and back, which encloses
no area. One font object serves the whole document and holds only the letters used. See docs/decisions/0016.
"""

import io
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from ocr.pdf_file import PdfFile

UNITS = 1000
ASCENT, DESCENT = 900, -220
"""Of the whole font, in thousandths of its size: poppler's word boxes reach from one to the other."""

NAME = b"VANTHU+Invisible"
_EPOCH = 3_818_534_400  # 2025-01-01, in seconds since 1904: the same letters give the same bytes


@dataclass(frozen=True, slots=True)
class Shape:
    """Advance width and vertical bounds of a letter's ink, in thousandths of the font size."""

    width: int
    bottom: int
    top: int


SPACE = Shape(250, 0, 450)
"""Bounds for the space too: pdfium drops text whose bounds are empty, and a search hit then runs through."""

_WIDTHS: dict[int, str] = {
    200: "'’‘|",
    260: ".,:;!iíìỉĩịjlftJ·`",
    330: '()[]r-‐"“”I/',
    400: "csz*°",
    450: "aeăâêkvxy?",
    500: "bdđghnopquôơư0123456789$–_«»<>=+#§",
    600: "LSFPZTE&ELÊ",
    670: "BCR~ABCRVXYĂÂK",
    740: "wDĐGHNOQUÔƠƯ",
    790: "mM@%",
    900: "W…©®№",
    1000: "—",
}
_WIDTH = {char: width for width, chars in _WIDTHS.items() for char in chars}

_SMALL = frozenset("acemnorsuvwxzơư")
_BOUNDS: dict[str, tuple[int, int]] = {  # bottom, top of what is neither a capital, a digit nor a plain small letter
    **dict.fromkeys("gpqy", (-215, 460)),
    "j": (-215, 680), "i": (0, 680), "t": (0, 580), "Q": (-170, 665), "J": (-10, 665),
    **dict.fromkeys(".…", (-10, 105)), **dict.fromkeys(",", (-140, 105)), ":": (-10, 455), ";": (-140, 455),
    **dict.fromkeys("-‐", (190, 260)), **dict.fromkeys("–—", (200, 250)), **dict.fromkeys("=~+<>·«»", (70, 500)),
    **dict.fromkeys("\"'“”‘’*°`", (430, 685)), "_": (-125, -75),
    **dict.fromkeys("()[]{}|", (-170, 680)), **dict.fromkeys("/\\", (-15, 680)),
}  # fmt: skip


@lru_cache(maxsize=4096)
def shape(char: str) -> Shape:
    """Return the usual size of the ink of `char` (one code point)."""
    if char == " ":
        return SPACE
    marks = unicodedata.normalize("NFD", char)
    # ơ and ư are letters with a horn, ô â ê ă carry one mark; only marks above the letter raise its top
    base, above = marks[0], sum(1 for m in marks[1:] if m not in "\u0323\u031b\u0327\u0328")
    if base in _BOUNDS:
        bottom, top = _BOUNDS[base]
    elif base in _SMALL:
        bottom, top = -10, 460
    elif base == "\u0111" or not base.isupper():
        bottom, top = -10, 680
    else:
        bottom, top = -10, 665
    if above:
        top = (660 if base != "i" else 680) if base.islower() else 865
        top += 150 * (above - 1)
    if "\u031b" in marks and base.islower() and not above:
        top = 530  # the horn of ơ and ư
    if "\u0323" in marks:
        bottom = min(bottom, -190)
    width = _WIDTH.get(char) or _WIDTH.get(base) or (670 if base.isupper() else 500)
    return Shape(width, bottom, top)


class InvisibleFont:
    """The letters used so far by one document. `code` numbers them; `write` makes the font of exactly those."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {" ": 1}

    def code(self, char: str) -> int:
        """Return the character code of `char`, a new one at its first use."""
        return self._codes.setdefault(char, len(self._codes) + 1)

    def encode(self, text: str) -> bytes:
        """Return `text` as the two-byte codes of a PDF string, with its brackets."""
        return b"<" + "".join(f"{self.code(char):04X}" for char in text).encode() + b">"

    def write(self, pdf: PdfFile, number: int) -> None:
        """Write the font as object `number` of `pdf`, together with its parts."""
        shapes = [shape(char) for char in self._codes]
        program = _program(shapes)
        file = pdf.write_flate(b"/Length1 %d" % len(program), program)
        bottom, top = min(s.bottom for s in shapes), max(s.top for s in shapes)
        box = b"[0 %d %d %d]" % (bottom, max(s.width for s in shapes), top)
        descriptor = pdf.write(
            b"<</Type/FontDescriptor/FontName/%s/Flags 4/FontBBox%s/ItalicAngle 0/Ascent %d/Descent %d/CapHeight 665"
            b"/StemV 80/FontFile2 %d 0 R>>" % (NAME, box, ASCENT, DESCENT, file)
        )
        widths = b" ".join(b"%d" % s.width for s in shapes)
        descendant = pdf.write(
            b"<</Type/Font/Subtype/CIDFontType2/BaseFont/%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
            b"/Supplement 0>>/CIDToGIDMap/Identity/DW 500/W[1[%s]]/FontDescriptor %d 0 R>>"
            % (NAME, widths, descriptor)
        )
        to_unicode = pdf.write_flate(b"", _to_unicode(self._codes))
        pdf.write(
            b"<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/Identity-H/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>"
            % (NAME, descendant, to_unicode),
            number,
        )


def _program(shapes: list[Shape]) -> bytes:
    """Return a TrueType font whose glyph n+1 is the closed line across the bounds of shape n."""
    names = [".notdef", *(f"c{n}" for n in range(1, len(shapes) + 1))]
    blank = TTGlyphPen(None).glyph()
    glyphs = {".notdef": blank}
    for name, one in zip(names[1:], shapes, strict=True):
        if one.top == one.bottom:
            glyphs[name] = blank
            continue
        pen = TTGlyphPen(None)
        pen.moveTo((0, one.bottom))
        pen.lineTo((one.width, one.top))
        pen.closePath()
        glyphs[name] = pen.glyph()
    builder = FontBuilder(UNITS, isTTF=True)
    builder.font.recalcTimestamp = False
    builder.setupGlyphOrder(names)
    builder.setupGlyf(glyphs)
    widths = {".notdef": (500, 0)} | {n: (s.width, 0) for n, s in zip(names[1:], shapes, strict=True)}
    builder.setupHorizontalMetrics(widths)
    builder.setupHorizontalHeader(ascent=ASCENT, descent=DESCENT)
    builder.setupCharacterMap({})
    builder.setupPost(keepGlyphNames=False)
    builder.updateHead(created=_EPOCH, modified=_EPOCH)
    out = io.BytesIO()
    builder.font.save(out, reorderTables=False)
    return out.getvalue()


def _to_unicode(codes: dict[str, int]) -> bytes:
    rows = [
        b"<%04X><%s>" % (code, char.encode("utf-16-be").hex().upper().encode())
        for char, code in codes.items()
    ]
    blocks = [rows[start : start + 100] for start in range(0, len(rows), 100)]  # the limit of one operator
    body = b"\n".join(b"%d beginbfchar\n%s\nendbfchar" % (len(block), b"\n".join(block)) for block in blocks)
    return (
        b"/CIDInit/ProcSet findresource begin 12 dict begin begincmap\n"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def\n/CMapName/Adobe-Identity-UCS def\n"
        b"/CMapType 2 def\n1 begincodespacerange\n<0000><FFFF>\nendcodespacerange\n"
        + body
        + b"\nendcmap CMapName currentdict/CMap defineresource pop end end\n"
    )
