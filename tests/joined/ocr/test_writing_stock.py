"""The reference: stock OCRmyPDF runs, and says why when it cannot."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr.odd_pdf import stock_ocr
from ocr.read_back import read_back
from records.errors import ArchiveFault

pytestmark = pytest.mark.joined


def test_stock_reads_a_page(tmp_path: Path) -> None:
    image = Image.new("L", (1240, 600), "white")
    font = ImageFont.load_default(60)
    ImageDraw.Draw(image).text((80, 200), "VANTHU REFERENCE 2025", fill=0, font=font)
    image.save(tmp_path / "a.png", dpi=(150, 150))
    stock_ocr([tmp_path / "a.png"], tmp_path / "out.pdf", jobs=1)
    assert "2025" in read_back(tmp_path / "out.pdf")[0].pdfium


def test_failure_is_named(tmp_path: Path) -> None:
    Image.new("L", (300, 300), "white").save(tmp_path / "a.png", dpi=(150, 150))
    with pytest.raises(ArchiveFault) as fault:
        stock_ocr([tmp_path / "a.png"], tmp_path / "out.pdf", languages="khongco")
    assert fault.value.code == "stock-ocr-failed"
