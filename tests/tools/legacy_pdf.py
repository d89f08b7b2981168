"""A PDF as word processors of 1998 made it: the page shows Vietnamese, the text says `Céng hoµ x· héi`."""

import io
from pathlib import Path

import pikepdf
from fontTools import subset
from fontTools.ttLib import TTFont
from pikepdf import Array, Dictionary, Name

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"


def legacy_pdf(path: Path, lines: list[bytes], letters: dict[int, str], font_name: str) -> Path:
    """Save a page whose `lines` are the bytes of the old code; `letters` says which letter each byte shows.

    `font_name` is the PostScript name of the embedded font, whose glyphs stand in the places of Western letters.
    """
    font, widths = _font(letters, font_name)
    with pikepdf.new() as pdf:
        file = pdf.make_stream(font, Length1=len(font))
        descriptor = pdf.make_indirect(
            Dictionary(
                Type=Name.FontDescriptor, FontName=Name(f"/{font_name}"), Flags=32,
                FontBBox=Array([-200, -250, 1500, 1000]), ItalicAngle=0, Ascent=900, Descent=-250,
                CapHeight=730, StemV=80, FontFile2=file,
            )
        )  # fmt: skip
        face = Dictionary(
            Type=Name.Font, Subtype=Name.TrueType, BaseFont=Name(f"/{font_name}"), FirstChar=32, LastChar=255,
            Widths=Array(widths), Encoding=Name.WinAnsiEncoding, FontDescriptor=descriptor,
        )  # fmt: skip
        page = pdf.add_blank_page(page_size=(420, 300))
        page.Resources = Dictionary(Font=Dictionary(F=pdf.make_indirect(face)))
        rows = b" ".join(b"<%s> Tj 0 -26 Td" % line.hex().encode() for line in lines)
        page.Contents = pdf.make_stream(b"BT /F 14 Tf 30 250 Td " + rows + b" ET")
        pdf.save(path)
    return path


def _font(letters: dict[int, str], name: str) -> tuple[bytes, list[int]]:
    """Return the program of a font that shows `letters` at their bytes, ASCII else, and the widths of 32 to 255."""
    font = TTFont(FONT)
    known = font.getBestCmap()
    shown = {byte: letters.get(byte, chr(byte) if byte < 127 else " ") for byte in range(32, 256)}
    chooser = subset.Subsetter(subset.Options(glyph_names=True, hinting=False, layout_features=[]))
    chooser.populate(unicodes={ord(letter) for letter in shown.values()})
    chooser.subset(font)
    codes = {_unicode_of(byte): known[ord(letter)] for byte, letter in shown.items()}
    for table in font["cmap"].tables:
        table.cmap = dict(codes)
    for record in font["name"].names:
        if record.nameID in (1, 4, 6):
            record.string = name
    advance, units = font["hmtx"], font["head"].unitsPerEm
    widths = [round(1000 * advance[known[ord(letter)]][0] / units) for letter in shown.values()]
    out = io.BytesIO()
    font.save(out)
    return out.getvalue(), widths


def _unicode_of(byte: int) -> int:
    try:
        return ord(bytes([byte]).decode("cp1252"))
    except UnicodeDecodeError:
        return byte
