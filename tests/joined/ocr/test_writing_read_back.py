"""Reading back: the measure falls when text is lost, and a missing or refusing reader is named."""

from dataclasses import replace
from pathlib import Path

import pytest

from ocr.compose import ComposePage, compose_pdfa
from ocr.read_back import compare, read_back
from records.errors import ToolMissing, Unfit
from records.page import PageText, Word
from tests.tools.made_pages import META, VIETNAMESE, laid_out, picture

pytestmark = pytest.mark.joined

LINES = [
    "ỦY BAN NHÂN DÂN XÃ BÌNH ĐẠO",
    "Số: 361/KT-NC",
    "V/v phối hợp thực hiện chỉnh lý tài liệu tồn đọng",
    "3 -",
]


def bind(text: PageText, folder: Path) -> Path:
    compose_pdfa([ComposePage(picture(text, folder / "a.png", "1"), text)], META, folder / "out.pdf")
    return folder / "out.pdf"


def changed(text: PageText, place: int, new: str) -> PageText:
    words = list(text.words)
    words[place] = replace(words[place], text=new)
    return replace(text, words=tuple(words))


def test_all_comes_back(tmp_path: Path) -> None:
    text = laid_out(LINES)
    trip = compare(bind(text, tmp_path), [text])
    assert (trip.letters, trip.words, trip.worst_page) == (1.0, 1.0, 1)


def test_a_changed_word_is_seen(tmp_path: Path) -> None:
    text = laid_out(LINES)
    trip = compare(bind(text, tmp_path), [changed(text, 1, "BANG")])
    assert trip.letters < 1.0
    assert trip.words < 1.0


def test_two_words_in_wrong_order_are_seen_in_the_letters(tmp_path: Path) -> None:
    text = laid_out(LINES[:2])
    swapped = changed(changed(text, 0, text.words[1].text), 1, text.words[0].text)
    assert compare(bind(text, tmp_path), [swapped]).letters < 1.0


def test_a_hyphen_at_a_line_end_is_forgiven_once(tmp_path: Path) -> None:
    text = laid_out(["ba mươi ki-", "lô-gam thóc giống"])
    pdf = bind(text, tmp_path)
    trip = compare(pdf, [text])
    assert (trip.letters, trip.words) == (1.0, 1.0)
    assert compare(pdf, [laid_out(["ba mươi ki-", "lô-gam thóc giốn"])]).letters < 1.0


def test_nothing_there_is_all_there(tmp_path: Path) -> None:
    text = laid_out([])
    assert compare(bind(text, tmp_path), [text]).letters == 1.0


def test_every_letter_for_poppler_too(tmp_path: Path) -> None:
    lines = [VIETNAMESE[at : at + 20] for at in range(0, len(VIETNAMESE), 20)]
    lines += ["“ngoặc kép” ‘đơn’ … § № © ° ½ × « » € ₫ ‰", "Я Ω 中文 ☑ 𝕏"]
    text = laid_out(lines)
    (page,) = read_back(bind(text, tmp_path))
    assert page.poppler_raw.split() == text.text.split()
    assert page.poppler.split() == text.text.split()


def test_columns_side_by_side_keep_their_order(tmp_path: Path) -> None:
    """A heading in two columns: all of the left one first, then the right one, whose lines stand at the same height."""
    left = laid_out(["ĐẢNG BỘ TỈNH", "HUYỆN ỦY", "Số 12-QĐ/HU"])
    right = laid_out(["ĐẢNG CỘNG SẢN", "VIỆT NAM", "Bình Đạo, ngày 3"])
    moved = [
        Word(w.text, replace(w.box, x0=w.box.x0 + 620, x1=w.box.x1 + 620), w.confidence, w.line + 3)
        for w in right.words
    ]
    for words in (
        (*left.words, *moved),
        (*(replace(w, line=w.line - 3) for w in moved), *(replace(w, line=w.line + 3) for w in left.words)),
    ):
        text = replace(left, words=tuple(words))
        (page,) = read_back(bind(text, tmp_path))
        assert page.poppler_raw.split() == text.text.split()
        assert page.pdfium.split() == text.text.split()


def test_another_number_of_pages_is_an_error(tmp_path: Path) -> None:
    text = laid_out(LINES)
    with pytest.raises(Unfit, match="2 readings"):
        compare(bind(text, tmp_path), [text, text])


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\nnothing"])
def test_no_pdf_is_unfit(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.pdf").write_bytes(data)
    with pytest.raises(Unfit):
        read_back(tmp_path / "a.pdf")


def test_without_poppler_the_tool_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pdf = bind(laid_out(LINES), tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing) as fault:
        read_back(pdf)
    assert "poppler-utils" in fault.value.tell
