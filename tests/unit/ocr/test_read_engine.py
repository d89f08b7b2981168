import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr import second_engine, tesseract
from ocr.engine import clean, models, tessdata_folder, words_of
from ocr.options import OcrOptions
from records.errors import ToolMissing
from records.page import Trace


@given(st.text())
def test_cleaned_text_is_nfc_without_control_characters_or_stray_space(text: str) -> None:
    seen = clean(text)
    assert unicodedata.is_normalized("NFC", seen)
    assert not any(unicodedata.category(c).startswith("C") for c in seen)
    assert seen == " ".join(seen.split())
    assert clean(seen) == seen


@given(st.text(), st.integers(0, 500), st.integers(0, 500), st.integers(1, 300), st.integers(1, 60))
def test_words_have_no_space_and_real_boxes_in_order(text: str, x: int, y: int, wide: int, high: int) -> None:
    words = words_of(text, (x, y, x + wide, y + high), 0.5, 3)
    assert [w.text for w in words] == clean(text).split()
    assert all(w.text and w.x1 > w.x0 and w.y1 > w.y0 and w.line == 3 for w in words)
    assert [w.x0 for w in words] == sorted(w.x0 for w in words)
    assert all(w.x0 >= x for w in words)


def test_a_word_carries_what_the_engine_said_of_it() -> None:
    (word,) = words_of("Đảng", (0, 0, 9, 9), 0.9, 0, lowest=0.4, known=True)
    assert word.confidence == 0.9 and word.trace == Trace(0.9, 0.4, True)
    (plain,) = words_of("Đảng", (0, 0, 9, 9), 0.9, 0)
    assert plain.trace == Trace(0.9)


def test_missing_model_is_named_with_the_package_to_install(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing) as fault:
        tessdata_folder(OcrOptions(languages="xyz", tessdata=str(tmp_path)))
    assert fault.value.code == "tesseract-model-missing"
    assert "apt install tesseract-ocr-xyz" in fault.value.tell


def test_folder_may_be_given_by_option_or_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vie.traineddata").write_bytes(b"model")
    assert tessdata_folder(OcrOptions(tessdata=str(tmp_path))) == tmp_path
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    assert tessdata_folder(OcrOptions()) == tmp_path
    assert models(OcrOptions()).startswith("vie:")


def test_versions_name_engine_and_model() -> None:
    one, two = tesseract.version(OcrOptions()), second_engine.version(OcrOptions())
    assert one.startswith("tesseract 5.") and two.startswith("tesseract-cli 5.")
    assert one.split()[-1] == two.split()[-1] == models(OcrOptions())


@pytest.mark.parametrize("shape", [(1, 1), (2, 400), (400, 2), (300, 300)])
@pytest.mark.parametrize("shade", [0, 255])
def test_nothing_to_read_is_no_word(shape: tuple[int, int], shade: int) -> None:
    assert tesseract.read(np.full(shape, shade, np.uint8), OcrOptions()) == []
