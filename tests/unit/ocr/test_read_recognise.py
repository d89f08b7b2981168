import io
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from rapidfuzz.distance import Levenshtein

from ocr.engine import tessdata_folder
from ocr.options import OcrOptions
from ocr.recognise import engine_version, recognise
from records.errors import ToolMissing, Unfit
from records.page import dump_page, load_page


def letters_of(words) -> str:
    return "".join(sorted("".join(words)))


def test_a_page_is_read_whole_with_boxes_on_the_ink(any_page) -> None:
    page = recognise(any_page.path, OcrOptions())
    assert (page.width, page.height, round(page.dpi)) == (any_page.width, any_page.height, any_page.dpi)
    assert (page.rotation + any_page.rotation) % 360 == 0
    assert page.skew == pytest.approx(any_page.skew, abs=0.12)
    hit = sum(max((w.box.overlap(box) for w in page.words), default=0.0) >= 0.5 for _, box in any_page.words)
    assert hit >= 0.97 * len(any_page.words)
    same = sum(
        any(w.text == text and w.box.overlap(box) >= 0.5 for w in page.words) for text, box in any_page.words
    )
    assert same >= 0.87 * len(any_page.words)


def test_words_keep_their_contract(small_page) -> None:
    page = recognise(small_page.path, OcrOptions(), page=7)
    assert page.page == 7 and page.state == "read" and page.words
    for word in page.words:
        assert word.text and not any(c.isspace() for c in word.text)
        assert unicodedata.is_normalized("NFC", word.text)
        assert 0.0 <= word.confidence <= 1.0
        assert 0 <= word.box.x0 < word.box.x1 <= page.width
        assert 0 <= word.box.y0 < word.box.y1 <= page.height
    lines = [word.line for word in page.words]
    assert lines == sorted(lines) and set(lines) == set(range(max(lines) + 1))
    assert load_page(dump_page(page)) == page


def test_same_bytes_same_reading_whatever_was_read_before(small_page, fax_page) -> None:
    first = recognise(small_page.path, OcrOptions())
    recognise(fax_page.path, OcrOptions())
    assert dump_page(recognise(small_page.path, OcrOptions())) == dump_page(first)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_page_reads_as_the_upright_one(small_page, tmp_path: Path, turn: int) -> None:
    upright = recognise(small_page.path, OcrOptions())
    path = tmp_path / "turned.png"
    with Image.open(small_page.path) as image:
        image.transpose({90: Image.ROTATE_270, 180: Image.ROTATE_180, 270: Image.ROTATE_90}[turn]).save(
            path, dpi=(150, 150)
        )
    page = recognise(path, OcrOptions())
    assert (page.rotation + turn) % 360 == 0
    assert page.text == upright.text
    assert [page.upright_box(w.box) for w in page.words] == [w.box for w in upright.words]


def picture(path: Path, text: str, turn: int = 0) -> Path:
    font_page = Image.new("L", (1240, 1754), 255)
    from PIL import ImageFont

    font = ImageFont.truetype("DejaVuSerif.ttf", 40)
    ImageDraw.Draw(font_page).multiline_text((200, 300), text, font=font, fill=0, spacing=24)
    font_page.rotate(-turn, expand=True, fillcolor=255).save(path, dpi=(150, 150))
    return path


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_page_of_one_line_is_turned_by_reading_it(tmp_path: Path, turn: int) -> None:
    page = recognise(picture(tmp_path / "p.png", "Phụ lục kèm theo", turn), OcrOptions())
    assert page.text == "Phụ lục kèm theo"
    assert (page.rotation + turn) % 360 == 0


def test_where_the_page_does_not_tell_the_container_decides(tmp_path: Path) -> None:
    path = tmp_path / "blank.png"
    Image.new("L", (1240, 1754), 250).save(path)
    page = recognise(path, OcrOptions(), hint_rotation=90)
    assert (page.words, page.state, page.rotation, page.skew) == ((), "read", 90, 0.0)


def test_a_wrong_hint_does_not_turn_a_clear_page(small_page) -> None:
    assert recognise(small_page.path, OcrOptions(), hint_rotation=180).rotation == 0


@pytest.mark.parametrize("shade", [0, 128, 255])
@pytest.mark.parametrize("size", [(1, 1), (5, 2000), (1240, 1754)])
def test_blank_and_black_pages_have_no_words(tmp_path: Path, shade: int, size: tuple[int, int]) -> None:
    path = tmp_path / "p.png"
    Image.new("L", size, shade).save(path)
    page = recognise(path, OcrOptions())
    assert page.words == () and page.state == "read" and page.text == "" and page.confidence == 0.0


def test_noise_is_not_an_error(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    Image.fromarray(np.random.default_rng(3).integers(0, 256, (700, 500), dtype=np.uint8)).save(path)
    assert recognise(path, OcrOptions()).state == "read"


def test_seal_ink_is_lifted_only_when_asked(tmp_path: Path) -> None:
    from PIL import ImageFont

    page = Image.new("RGB", (1240, 1754), (252, 250, 245))
    draw = ImageDraw.Draw(page)
    font = ImageFont.truetype("DejaVuSerif.ttf", 36)
    for ring in (120, 150, 190, 230):
        draw.ellipse((560 - ring, 560 - ring, 560 + ring, 560 + ring), outline=(225, 40, 50), width=9)
    for row in range(12):  # over the seal: ink multiplies, so black under red stays black
        draw.text(
            (150, 200 + 70 * row), "Căn cứ Luật Tổ chức chính quyền địa phương", font=font, fill=(25, 25, 25)
        )
    path = tmp_path / "p.png"
    page.save(path, dpi=(150, 150))
    wanted = "\n".join(["Căn cứ Luật Tổ chức chính quyền địa phương"] * 12)
    lifted = Levenshtein.distance(recognise(path, OcrOptions()).text, wanted)
    left = Levenshtein.distance(recognise(path, OcrOptions(lift_ink=False)).text, wanted)
    assert lifted <= 5 < left


def test_what_cannot_be_decoded_is_unfit(tmp_path: Path) -> None:
    path = tmp_path / "p.jpg"
    for data in (b"", b"\xff", b"\xff\xd8\xff\xe0" + b"\0" * 90):
        path.write_bytes(data)
        with pytest.raises(Unfit) as fault:
            recognise(path, OcrOptions())
        assert fault.value.code == "image-broken"


def test_too_large_is_refused_before_decoding(tmp_path: Path) -> None:
    target = io.BytesIO()
    Image.new("1", (20_000, 20_000), 1).save(target, "PNG")
    path = tmp_path / "p.png"
    path.write_bytes(target.getvalue())
    with pytest.raises(Unfit) as fault:
        recognise(path, OcrOptions())
    assert fault.value.code == "image-too-large"


def test_missing_model_is_said_not_guessed(small_page, tmp_path: Path) -> None:
    with pytest.raises(ToolMissing):
        recognise(small_page.path, OcrOptions(tessdata=str(tmp_path)))


def test_the_version_names_engine_model_and_our_path() -> None:
    assert engine_version(OcrOptions()).startswith("tesseract 5.")
    assert "vie:" in engine_version(OcrOptions()) and "vanthu-ocr" in engine_version(OcrOptions())
    assert " second Vietnamese:" in engine_version(OcrOptions())
    assert "Vietnamese" not in engine_version(OcrOptions(second=""))


def test_a_model_of_the_second_look_that_is_missing_is_told(small_page, tmp_path: Path) -> None:
    first = tessdata_folder(OcrOptions()) / "vie.traineddata"
    (tmp_path / "vie.traineddata").write_bytes(first.read_bytes())
    with pytest.raises(ToolMissing) as fault:
        recognise(small_page.path, OcrOptions(tessdata=str(tmp_path)))
    assert "tesseract-ocr-script-viet" in fault.value.tell
    assert recognise(small_page.path, OcrOptions(tessdata=str(tmp_path), second="")).words


@pytest.mark.parametrize("lever", ["even_paper", "clear_edges", "clear_rules"])
def test_levers_of_the_bench_keep_the_page_readable(small_page, lever: str) -> None:
    plain = recognise(small_page.path, OcrOptions(second=""))
    changed = recognise(small_page.path, OcrOptions(second="", **{lever: True}))
    assert Levenshtein.normalized_distance(plain.text, changed.text) < 0.1
