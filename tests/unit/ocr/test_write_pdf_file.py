"""The PDF writer: what it writes is a PDF, whatever the strings, and a broken promise is caught."""

import io
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr.pdf_file import PdfFile, number, text_string


def written(value: str = "x") -> bytes:
    out = io.BytesIO()
    pdf = PdfFile(out)
    pages = pdf.reserve()
    page = pdf.write(b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 10 10]>>" % pages)
    pdf.write(b"<</Type/Pages/Count 1/Kids[%d 0 R]>>" % page, pages)
    root = pdf.write(b"<</Type/Catalog/Pages %d 0 R>>" % pages)
    pdf.finish(root, pdf.write(b"<</Title%s>>" % text_string(value)))
    return out.getvalue()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back(value: str) -> None:
    with pikepdf.open(io.BytesIO(written(value))) as pdf:
        assert str(pdf.docinfo["/Title"]) == value
        assert len(pdf.pages) == 1


@given(st.floats(-20_000, 20_000))
def test_numbers_are_plain_decimals(value: float) -> None:
    text = number(value).decode()
    assert abs(float(text) - value) <= 0.0051
    assert "e" not in text
    assert text != "-0"


def test_same_content_same_identity() -> None:
    assert written("một") == written("một")
    assert written("một")[-200:] != written("hai")[-200:]


def test_a_stream_that_breaks_its_word_is_an_error() -> None:
    with pytest.raises(ValueError, match="announced 5"):
        PdfFile(io.BytesIO()).write_stream(b"", [b"ab"], 5)


def test_a_reserved_object_must_be_written(tmp_path: Path) -> None:
    pdf = PdfFile(io.BytesIO())
    pdf.reserve()
    with pytest.raises(ValueError, match="never written"):
        pdf.finish(pdf.write(b"<<>>"), pdf.write(b"<<>>"))


def test_an_object_is_written_once() -> None:
    pdf = PdfFile(io.BytesIO())
    one = pdf.write(b"<<>>")
    with pytest.raises(ValueError, match="twice"):
        pdf.write(b"<<>>", one)
