"""What one look tells of a page: blank on any paper, blurred, cut, dark, faint, turned; and what is said about it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ingest.page_findings import SURE, findings
from ocr.extract import extract_pages
from ocr.images import Gray
from ocr.inspect_file import inspect_file
from ocr.page_look import PageLook, likeness, look_at
from records.page_checks import Finding, PageCheck, scan_rules

SIZE = (1240, 1754)  # A4 at 150 dpi
FONT = "/usr/share/fonts/truetype/croscore/Tinos-Regular.ttf"
TEXT = "Thực hiện chương trình công tác năm, ban chấp hành đã tổ chức hội nghị quán triệt nghị quyết"


def written(lines: int = 30, left: int = 130, paper: int = 250, ink: int = 20) -> Gray:
    page = Image.new("L", SIZE, paper)
    font = ImageFont.truetype(FONT, 27)
    for n in range(lines):
        ImageDraw.Draw(page).text((left, 150 + 46 * n), f"{n}. {TEXT}"[: 70 + n % 9], font=font, fill=ink)
    return np.asarray(page)


def paper(shade: int, seed: int = 1) -> Gray:
    noise = np.random.default_rng(seed).normal(0, 4, (SIZE[1], SIZE[0]))
    return np.clip(shade + noise, 0, 255).astype(np.uint8)


def shining_through(strength: float) -> Gray:
    """Yellow paper with the other side showing: mirrored, soft, weak."""
    back = cv2.GaussianBlur(255 - written()[:, ::-1].astype(np.float32), (0, 0), 1.5)
    return np.clip(paper(205) - strength * back, 0, 255).astype(np.uint8)


def told(image: Gray, tmp_path: Path, dpi: int = 150, mode: str = "RGB") -> dict[Finding, PageCheck]:
    path = tmp_path / "page.png"
    Image.fromarray(image).convert(mode).save(path, dpi=(dpi, dpi))
    [page] = extract_pages(path, inspect_file(path, path.name), tmp_path / "out")
    return {check.finding: check for check in findings(page, scan_rules())}


@pytest.mark.parametrize("shade", [252, 205, 160], ids=["white", "yellow", "gray"])
def test_an_empty_sheet_is_blank(tmp_path: Path, shade: int) -> None:
    assert told(paper(shade), tmp_path)[Finding.BLANK].score >= SURE


def test_what_shines_through_is_no_writing(tmp_path: Path) -> None:
    assert told(shining_through(0.13), tmp_path)[Finding.BLANK].score >= SURE


def test_weak_and_soft_but_stronger_than_what_shines_through_is_left_to_a_person(tmp_path: Path) -> None:
    assert told(shining_through(0.27), tmp_path)[Finding.BLANK].score < SURE


def test_holes_and_specks_are_nothing(tmp_path: Path) -> None:
    image = paper(240)
    for y in (640, 1110):
        cv2.circle(image, (70, y), 17, 40, -1)
    for x, y in ((500, 400), (900, 1200)):
        cv2.circle(image, (x, y), 2, 30, -1)
    assert told(image, tmp_path)[Finding.BLANK].score >= SURE


def test_one_short_line_is_not_blank(tmp_path: Path) -> None:
    image = np.array(Image.fromarray(paper(215)))
    picture = Image.fromarray(image)
    ImageDraw.Draw(picture).text((600, 800), "Đã xem", font=ImageFont.truetype(FONT, 27), fill=60)
    check = told(np.asarray(picture), tmp_path).get(Finding.BLANK)
    assert check is None or check.score < SURE


def test_faint_but_sharp_writing_is_not_blank(tmp_path: Path) -> None:
    found = told(written(paper=225, ink=185), tmp_path)
    assert Finding.BLANK not in found
    assert Finding.TOO_LIGHT in found


def test_a_good_page_has_nothing_to_be_told(tmp_path: Path) -> None:
    assert set(told(written(), tmp_path)) == {Finding.LOOK, Finding.LOW_DPI}
    big = np.asarray(Image.fromarray(written()).resize((1654, 2339), Image.Resampling.LANCZOS))
    assert set(told(big, tmp_path, 200)) == {Finding.LOOK}


def test_blur_shows(tmp_path: Path) -> None:
    assert Finding.BLURRED in told(cv2.GaussianBlur(written(), (0, 0), 2.4), tmp_path)


def test_dark_paper_shows(tmp_path: Path) -> None:
    assert told(written(paper=110, ink=5), tmp_path)[Finding.TOO_DARK].detail == {"value": 110}


def test_letters_at_the_edge_show(tmp_path: Path) -> None:
    check = told(written(left=-20), tmp_path)[Finding.CUT_OFF]
    assert "mép trái" in check.sentence()


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_page_says_how_to_turn_it(tmp_path: Path, turn: int) -> None:
    image = np.ascontiguousarray(np.rot90(written(), turn // 90))
    assert told(image, tmp_path)[Finding.TURNED].detail == {"value": turn}


def test_resolution_by_the_size_of_the_paper(tmp_path: Path) -> None:
    small = told(written(), tmp_path, 150)[Finding.LOW_DPI]
    assert (small.detail["least"], small.detail["value"]) == (200, 150)
    drawing = np.full((4700, 3300), 250, np.uint8)  # A2 at 200 dpi
    cv2.circle(drawing, (1600, 2000), 900, 20, 9)
    found = told(drawing, tmp_path, 200)[Finding.LOW_DPI]
    assert found.detail["least"] == 300 and "bản vẽ" in found.sentence()


def test_gray_scans_are_noted_softly(tmp_path: Path) -> None:
    assert told(written(), tmp_path, mode="L")[Finding.NOT_COLOR].score < 0.5


def test_fingerprints_bear_a_turn_and_tell_pages_apart() -> None:
    first, other = look_at(written(), 150), look_at(written(lines=12), 150)
    turned: PageLook = look_at(np.ascontiguousarray(np.rot90(written(), 2)), 150)
    assert likeness(first.grid, turned.grid) > 0.98
    assert likeness(first.grid, other.grid) < 0.8
    assert likeness(look_at(paper(250), 150).grid, first.grid) == 0.0
