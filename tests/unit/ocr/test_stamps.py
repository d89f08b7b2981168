"""Stamps in frames: read in every ink, slant and turn; frames of tables and text are not taken for them."""

from pathlib import Path

import pytest
from PIL import ImageDraw

from ingest.secrecy import mark_of
from ocr.extract import extract_pages
from ocr.images import load_gray
from ocr.inspect_file import inspect_file
from ocr.options import OcrOptions
from ocr.stamps import frames
from tests.cases.secret_pages import saved, stamped_page
from tests.tools.length import sample

TRIALS = (
    ("MẬT", {}),
    ("TỐI MẬT", {"tilt": 6, "ink": "#303030"}),
    ("TUYỆT MẬT", {"turn": 180, "tilt": -4}),
    ("MẬT", {"turn": 90, "tilt": 3}),
    ("TỐI MẬT", {"turn": 270}),
    ("MẬT", {"dpi": 150, "ink": "#909090"}),
    ("TUYỆT MẬT", {"dpi": 300, "tilt": 8}),
    ("KHẨN", {"tilt": 4}),
    ("THƯỢNG KHẨN", {}),
    ("HỎA TỐC", {"turn": 180}),
    ("ĐÃ ĐẠT", {"ink": "#2030a0"}),
)


def marks(path: Path, tmp_path: Path) -> list[str]:
    (page,) = extract_pages(path, inspect_file(path, path.name), tmp_path / "out", stamps=OcrOptions())
    return [mark_of(stamp.readings) for stamp in page.stamps]


@pytest.mark.parametrize(("word", "how"), sample(TRIALS, 2))
def test_a_stamp_tells_its_level(word: str, how: dict[str, object], tmp_path: Path) -> None:
    page = stamped_page(word, **how)  # type: ignore[arg-type]
    path = saved(page, tmp_path / "p.png", int(str(how.get("dpi", 200))))
    secret = word if "MẬT" in word else ""
    assert [mark for mark in marks(path, tmp_path) if mark] == ([secret] if secret else [])


def test_a_page_without_frames_costs_no_reading(tmp_path: Path) -> None:
    path = saved(stamped_page(""), tmp_path / "p.png")
    (page,) = extract_pages(path, inspect_file(path, path.name), tmp_path / "out", stamps=OcrOptions())
    assert page.stamps == ()


def test_cells_of_a_table_are_no_stamps(tmp_path: Path) -> None:
    page = stamped_page("")
    pen = ImageDraw.Draw(page)
    for row in range(6):
        for column in range(4):
            x, y = 200 + column * 260, 200 + row * 70
            pen.rectangle((x, y, x + 260, y + 70), outline="black", width=3)
    assert list(frames(load_gray(saved(page, tmp_path / "p.png")), 200)) == []


def test_without_being_asked_nothing_is_read(tmp_path: Path) -> None:
    path = saved(stamped_page("MẬT"), tmp_path / "p.png")
    (page,) = extract_pages(path, inspect_file(path, path.name), tmp_path / "out")
    assert page.stamps == ()
