"""Words out of the PDF itself: each box lies on its ink, however the page is turned, and stamps of signatures count."""

from pathlib import Path

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from ocr.pdf_pages import claimed_pdfa, render
from ocr.pdf_words import page_words
from records.errors import Unfit
from records.page import PageText

STAMP = b"BT /F1 14 Tf 4 6 Td (Da ky) Tj ET"


def a_paper(
    path: Path, *, stamp: bool = False, text: bytes = b"(Quyet dinh so 12) Tj", **page: object
) -> Path:
    with pikepdf.new() as pdf:
        font = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
        made = pdf.add_blank_page(page_size=(300, 400))
        made.Resources = Dictionary(Font=Dictionary(F1=font))
        made.Contents = pdf.make_stream(b"BT /F1 18 Tf 40 300 Td " + text + b" ET")
        for name, value in page.items():
            made[f"/{name}"] = value
        if stamp:
            seen = pdf.make_stream(STAMP)
            seen.Type, seen.Subtype, seen.BBox = Name.XObject, Name.Form, Array([0, 0, 80, 24])
            seen.Resources = Dictionary(Font=Dictionary(F1=font))
            box = Dictionary(
                Type=Name.Annot, Subtype=Name.Widget, FT=Name.Sig, T="NguoiKy", Rect=Array([150, 100, 230, 124]), F=4,
                AP=Dictionary(N=seen),
            )  # fmt: skip
            field = pdf.make_indirect(box)
            made.Annots = Array([field])
            pdf.Root.AcroForm = Dictionary(Fields=Array([field]), SigFlags=3)
        pdf.save(path)
    return path


def read(path: Path) -> tuple[PageText, np.ndarray]:
    pixels, dpi = render(path, path.name, 1)
    return page_words(path, 1, pixels.shape[1], pixels.shape[0], dpi), pixels


@pytest.mark.parametrize(
    "page",
    [
        {},
        {"Rotate": 90},
        {"Rotate": 180},
        {"Rotate": 270},
        {"CropBox": Array([30, 50, 280, 390])},
        {"MediaBox": Array([-20, -30, 280, 370]), "Rotate": 90},
    ],
    ids=str,
)
def test_every_box_lies_on_its_ink(tmp_path: Path, page: dict[str, object]) -> None:
    text, pixels = read(a_paper(tmp_path / "a.pdf", stamp=True, **page))
    assert text.text.split() == ["Quyet", "dinh", "so", "12", "Da", "ky"]
    assert (text.state, text.rotation, (text.width, text.height)) == (
        "read",
        0,
        (pixels.shape[1], pixels.shape[0]),
    )
    ink = pixels < 128 if pixels.ndim == 2 else (pixels < 128).all(axis=2)
    for word in text.words:
        inside = ink[word.box.y0 : word.box.y1, word.box.x0 : word.box.x1]
        assert inside.mean() > 0.05, word
        ink[word.box.y0 : word.box.y1, word.box.x0 : word.box.x1] = False
    assert ink.sum() < 20  # and no ink is left outside


def test_what_a_signature_shows_is_on_the_picture_too(tmp_path: Path) -> None:
    """Without it a reader of the archive would see an unsigned paper."""
    plain, _ = render(a_paper(tmp_path / "a.pdf"), "a", 1)
    stamped, _ = render(a_paper(tmp_path / "b.pdf", stamp=True), "b", 1)
    assert (plain != stamped).any()


def test_words_are_cut_at_spaces_and_wide_gaps_and_keep_their_lines(tmp_path: Path) -> None:
    lines = b"(TINH UY) Tj 150 0 Td (DANG) Tj -150 -30 Td (* So 5-CV/TU) Tj"
    text, _ = read(a_paper(tmp_path / "a.pdf", text=lines))
    assert [" ".join(word.text for word in line) for line in text.lines] == [
        "TINH UY",
        "DANG",
        "* So 5-CV/TU",
    ]


def test_a_page_without_text_has_no_words_and_a_broken_file_is_refused(tmp_path: Path) -> None:
    text, _ = read(a_paper(tmp_path / "a.pdf", text=b"() Tj"))
    assert (text.words, text.text) == ((), "")
    broken = tmp_path / "b.pdf"
    for data in (b"", b"%PDF-1.7", b"not a pdf", (tmp_path / "a.pdf").read_bytes()[:200]):
        broken.write_bytes(data)
        with pytest.raises(Unfit):
            page_words(broken, 1, 100, 100, 72.0)
    assert claimed_pdfa(tmp_path / "a.pdf") == ""
