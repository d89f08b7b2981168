"""PDFs whose text is in a code from before Unicode: what is read from the file is what stands on the page."""

from pathlib import Path

import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein

from ocr.images import save_pixels
from ocr.options import OcrOptions
from ocr.pdf_pages import render
from ocr.pdf_words import page_words
from ocr.recognise import recognise
from tests.tools.legacy_pdf import legacy_pdf

TCVN3 = {
    **dict(zip(range(0xA1, 0xAF), "ĂÂÊÔƠƯĐăâêôơưđ", strict=True)),
    0xB5: "à", 0xB7: "ã", 0xB8: "á", 0xB9: "ạ", 0xCB: "ậ", 0xD5: "ế", 0xD6: "ệ", 0xDC: "ĩ", 0xDE: "ị", 0xE9: "ộ",
    0xEA: "ờ", 0xEE: "ợ", 0xF1: "ủ", 0xF3: "ú", 0xF9: "ự", 0xD2: "ề",
}  # fmt: skip
OLD = [b"C\xe9ng ho\xb5 x\xb7 h\xe9i ch\xf1 ngh\xdca Vi\xd6t Nam", b"\xa7\xe9c l\xcbp - T\xf9 do - H\xb9nh ph\xf3c",
       b"Nh\xadng ng\xad\xeai \xae\xad\xeec quy\xd2n"]  # fmt: skip
WANTED = ["Cộng hoà xã hội chủ nghĩa Việt Nam", "Độc lập - Tự do - Hạnh phúc", "Nhưng người được quyền"]


def read(path: Path):  # type: ignore[no-untyped-def]
    pixels, dpi = render(path, path.name, 1)
    return page_words(path, 1, pixels.shape[1], pixels.shape[0], dpi), pixels, dpi


@pytest.mark.parametrize("name", [".VnTime", "ABCDEF+.VnTime", "Unknown-Face"])
def test_tcvn3_is_read_as_it_is_printed(tmp_path: Path, name: str) -> None:
    text, pixels, dpi = read(legacy_pdf(tmp_path / "a.pdf", OLD, TCVN3, name))
    assert [" ".join(word.text for word in line) for line in text.lines] == WANTED
    ink = pixels < 128
    for word in text.words:
        assert ink[word.box.y0 : word.box.y1, word.box.x0 : word.box.x1].mean() > 0.03, word
        ink[word.box.y0 : word.box.y1, word.box.x0 : word.box.x1] = False
    assert ink.sum() < 0.01 * (pixels < 128).sum()
    save_pixels(pixels, tmp_path / "a.png", dpi)
    seen = recognise(tmp_path / "a.png", OcrOptions()).text  # and so reads an eye that knows no fonts
    assert Levenshtein.normalized_distance(" ".join(seen.split()), " ".join(WANTED)) < 0.1


def test_capitals_of_an_h_font_and_ascii_beside_them(tmp_path: Path) -> None:
    shown = {byte: letter.upper() for byte, letter in TCVN3.items()}
    shown |= {byte: chr(byte).upper() for byte in range(97, 123)}
    text, _, _ = read(legacy_pdf(tmp_path / "a.pdf", [OLD[0], b"S\xe8 12-Q\xa7/TU"], shown, ".VnTimeH"))
    assert text.text.splitlines()[0] == WANTED[0].upper()
    assert "12-QĐ/TU" in text.text


def test_vni_is_read_as_it_is_meant(tmp_path: Path) -> None:
    line = "Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam, Töï do".encode("cp1252")
    text, _, _ = read(legacy_pdf(tmp_path / "a.pdf", [line], {}, "VNI-Times"))
    assert text.text == "Cộng hòa xã hội chủ nghĩa Việt Nam, Tự do"


def test_text_that_says_nothing_is_left_to_the_picture(tmp_path: Path) -> None:
    rubbish = bytes(np.random.default_rng(4).choice(list(range(0xC0, 0xFF)), 80).tolist())
    cut = b" ".join(rubbish[at : at + 5] for at in range(0, 80, 5))
    text, _, _ = read(legacy_pdf(tmp_path / "a.pdf", [cut], {}, "Unknown-Face"))
    assert (text.words, text.state) == ((), "read")
