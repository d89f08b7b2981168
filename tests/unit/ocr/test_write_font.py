"""The invisible font: every letter has a size, paints nothing, and the same letters give the same bytes."""

import io

import pikepdf
import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from ocr.invisible_font import InvisibleFont, shape
from ocr.pdf_file import PdfFile
from ocr.srgb import srgb_profile
from tests.tools.made_pages import VIETNAMESE


def written(text: str) -> bytes:
    out = io.BytesIO()
    pdf = PdfFile(out)
    font = InvisibleFont()
    font.encode(text)
    number = pdf.reserve()
    font.write(pdf, number)
    pages = pdf.write(b"<</Type/Pages/Count 0/Kids[]>>")
    pdf.finish(pdf.write(b"<</Type/Catalog/Pages %d 0 R/F %d 0 R>>" % (pages, number)), pdf.write(b"<<>>"))
    return out.getvalue()


@given(st.characters(exclude_categories=["Cs"]))
def test_every_character_has_a_size(char: str) -> None:
    one = shape(char)
    assert one.width > 0
    assert one.top > one.bottom


@pytest.mark.parametrize(
    ("low", "high"), [("x", "h"), ("a", "á"), ("â", "ấ"), ("A", "Á"), ("ơ", "ờ"), ("-", "x")]
)
def test_marks_and_stems_rise(low: str, high: str) -> None:
    assert shape(low).top < shape(high).top


@pytest.mark.parametrize("pair", ["aạ", "oộ", "xg", "nq", ".,"])
def test_dots_and_tails_hang(pair: str) -> None:
    assert shape(pair[1]).bottom < shape(pair[0]).bottom


def test_program_has_the_letters_and_no_area() -> None:
    with pikepdf.open(io.BytesIO(written(VIETNAMESE))) as pdf:
        descendant = pdf.Root.F.DescendantFonts[0]
        program = TTFont(io.BytesIO(descendant.FontDescriptor.FontFile2.read_bytes()))
        widths = [int(w) for w in descendant.W[1]]
        table = pdf.Root.F.ToUnicode.read_bytes().decode()
    letters = [" ", *dict.fromkeys(VIETNAMESE)]
    assert program["maxp"].numGlyphs == len(letters) + 1
    assert widths == [program["hmtx"][f"glyph{n:05d}"][0] for n in range(1, len(letters) + 1)]
    for n, letter in enumerate(letters, 1):
        assert len(program["glyf"][f"glyph{n:05d}"].coordinates) == 2  # a line there and back
        assert f"<{n:04X}><{letter.encode('utf-16-be').hex().upper()}>" in table


def test_same_letters_same_bytes() -> None:
    assert written("Đảng ủy") == written("Đảng ủy")


def test_srgb_profile_says_its_length() -> None:
    profile = srgb_profile()
    assert int.from_bytes(profile[:4], "big") == len(profile) < 600
