"""A PDF page however turned, cut and scaled: after reading and composing, the words of two readers lie on the ink."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2
import pytest
from pikepdf import Array, Dictionary, Name

from ocr.compose import ComposePage, compose_pdfa
from ocr.extract import extract_pages
from ocr.inspect_file import inspect_file
from ocr.options import OcrOptions
from ocr.read_back import render_page
from ocr.recognise import recognise
from tests.tools.made_pages import META

WORDS = ["QUYET", "DINH", "thanh", "lap", "doan", "kiem", "tra", "nam", "2025"]
DPI = 150
_WORD = re.compile(
    r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">([^<]*)</word>'
)


def paper(path: Path, rotate: int, crop: bool, unit: float) -> Path:
    """Nine rows of words on a page whose box does not begin at nought; what is cut off holds words as well."""
    with pikepdf.new() as pdf:
        font = pdf.make_indirect(
            Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name("/Times-Roman"))
        )
        page = pdf.add_blank_page(page_size=(360, 420))
        page.MediaBox = Array([-40, -60, 320, 360])
        page.Resources = Dictionary(Font=Dictionary(F=font))
        rows = b" ".join(b"(%s so %d) Tj 0 -30 Td" % (" ".join(WORDS).encode(), n) for n in range(1, 9))
        lost = b"BT /F 12 Tf -30 -50 Td (outside) Tj ET"
        page.Contents = pdf.make_stream(b"BT /F 12 Tf 5 300 Td " + rows + b" ET " + (lost if crop else b""))
        page.Rotate = rotate
        if crop:
            page.CropBox = Array([-10, -20, 310, 340])
        if unit != 1:
            page.UserUnit = unit
        pdf.save(path)
    return path


def boxes_of_poppler(pdf: Path) -> list[tuple[str, tuple[float, ...]]]:
    told = subprocess.run(["pdftotext", "-bbox", pdf, "-"], capture_output=True, text=True, check=True).stdout
    return [(word, tuple(map(float, box))) for *box, word in _WORD.findall(told)]


def boxes_of_pdfium(pdf: Path) -> list[tuple[str, tuple[float, ...]]]:
    document = pypdfium2.PdfDocument(pdf)
    page = document[0]
    text, height = page.get_textpage(), page.get_height()
    found: list[tuple[str, tuple[float, ...]]] = []
    word, box = "", (9e9, 9e9, -9e9, -9e9)
    for n in range(text.count_chars() + 1):
        char = text.get_text_range(n, 1) if n < text.count_chars() else " "
        if char.isspace() or not char:
            if word:
                found.append((word, box))
            word, box = "", (9e9, 9e9, -9e9, -9e9)
            continue
        x0, y0, x1, y1 = text.get_charbox(n)
        word += char
        box = (min(box[0], x0), min(box[1], height - y1), max(box[2], x1), max(box[3], height - y0))
    document.close()
    return found


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize(("crop", "unit"), [(False, 1.0), (True, 1.0), (False, 2.0), (True, 2.0)])
def test_words_of_two_readers_lie_on_the_ink(tmp_path: Path, rotate: int, crop: bool, unit: float) -> None:
    source = paper(tmp_path / "a.pdf", rotate, crop, unit)
    (image,) = extract_pages(source, inspect_file(source, "a.pdf"), tmp_path / "pages")
    text = recognise(image.path, OcrOptions(), dpi=image.dpi, hint_rotation=image.hint_rotation)
    out = tmp_path / "out.pdf"
    compose_pdfa([ComposePage(image.path, text)], META, out)
    ink = np.asarray(render_page(out, 1, DPI).convert("L")) < 128
    with pikepdf.open(out) as pdf:
        wide, high = (float(v) for v in list(pdf.pages[0].mediabox)[2:])
    shown = (300 + 20, 340 + 20) if crop else (360, 420)
    assert (wide, high) == pytest.approx([side * unit for side in shown], rel=0.02)
    for found in (boxes_of_poppler(out), boxes_of_pdfium(out)):
        assert [word for word, _ in found].count("kiem") >= 7 and "outside" not in dict(found)
        left = ink.copy()
        for word, box in found:
            x0, y0, x1, y1 = (round(v * DPI / 72) for v in box)
            assert ink[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1].mean() > 0.04, (word, box)
            left[max(y0 - 2, 0) : y1 + 3, max(x0 - 2, 0) : x1 + 3] = False
        assert left.sum() < 0.02 * ink.sum()
