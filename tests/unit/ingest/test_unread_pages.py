"""A page that hangs or eats memory costs its own reading only, and says what became of it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ingest.children import ChildDied, Kind
from ingest.handover_compare import compare_handover
from ingest.recognise import AskedPage, image_seconds, plain_seconds, read_image
from ingest.tools import WalkLimits
from jobs.children import READ_MEMORY, ChildPools, Limits, default_limits
from ocr.options import OcrOptions
from ocr.plain import PLAIN_PIXELS, PLAINLY, recognise_plainly
from records.errors import ToolMissing
from records.handover import DifferenceKind, FoundDocument, HandoverList, HandoverRow
from records.page import PageText

MIB = 1024 * 1024
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"
LINE = "Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2025"


@pytest.fixture(scope="module")
def pools() -> Iterator[ChildPools]:
    pools = ChildPools({"read": Limits(workers=1, memory=1150 * MIB)})
    yield pools
    pools.stop()


class Hangs:
    """Real children in which these functions sleep instead of reading, until they are killed.

    A short allowance alone would not do: a pool looks after its children twice a second, and a fast machine reads a
    small page between two looks.
    """

    INSTEAD: tuple[Any, ...] = (0.01, time.sleep, 60.0)

    def __init__(self, pools: ChildPools, *names: str) -> None:
        self._pools = pools
        self._names = names

    def run(
        self, kind: Kind, seconds: float, function: Callable[..., Any], /, *args: Any, **more: Any
    ) -> Any:
        if function.__name__ in self._names:
            return self._pools.run(kind, *self.INSTEAD)
        return self._pools.run(kind, seconds, function, *args, **more)


def sheet(path: Path, size: tuple[int, int], mode: str = "L", lines: int = 4) -> AskedPage:
    image = Image.new(mode, size, "white")
    draw, font = ImageDraw.Draw(image), ImageFont.truetype(FONT, 50)
    for row in range(lines):
        told = LINE if row % 2 == 0 else f"Điều {row}. Ủy ban nhân dân tỉnh, chính quyền địa phương Ghi nhận"
        draw.text((200, 300 + 110 * row), told, fill="black", font=font)
    image.save(path, dpi=(300, 300), compress_level=1)
    return AskedPage(path, 3, *size, 300.0, 0)


def test_a_page_on_which_the_usual_way_hangs_is_read_in_the_simpler_one(
    pools: ChildPools, tmp_path: Path
) -> None:
    asked = sheet(tmp_path / "p.png", (2480, 3508))
    text = read_image(Hangs(pools, "recognise"), WalkLimits(), OcrOptions(), asked)
    assert (text.state, text.notes, text.page) == ("read", (PLAINLY,), 3)
    assert text.text.count("chính quyền địa phương") == 4
    for word in text.words:  # boxes are those of the page as delivered, not of the small copy
        assert 190 < word.box.x0 < word.box.x1 < 2300 and 280 < word.box.y0 < word.box.y1 < 740


class Fails(Hangs):
    """Real children in which these functions have a fault."""

    INSTEAD = (30, divmod, 1, 0)


def test_a_fault_of_the_reader_costs_one_page_its_good_reading(
    pools: ChildPools, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked = sheet(tmp_path / "p.png", (2480, 3508))
    text = read_image(Fails(pools, "recognise"), WalkLimits(), OcrOptions(), asked)
    assert (text.state, text.notes) == ("read", (PLAINLY,))
    assert "a fault of recognise" in caplog.text and "ZeroDivisionError" in caplog.text
    text = read_image(Fails(pools, "recognise", "recognise_plainly"), WalkLimits(), OcrOptions(), asked)
    assert (text.state, text.notes, text.words) == ("failed", ("needs-review",), ())


def test_a_page_that_wants_too_much_memory_is_read_in_the_simpler_way(tmp_path: Path) -> None:
    asked = sheet(tmp_path / "large.png", (7000, 8500), "RGB")
    narrow = ChildPools({"read": Limits(workers=1, memory=800 * MIB)})
    try:
        text = read_image(narrow, WalkLimits(), OcrOptions(), asked)
    finally:
        narrow.stop()
    assert (text.state, text.notes, text.width, text.height) == ("read", (PLAINLY,), 7000, 8500)


def test_a_page_that_neither_way_reads_waits_for_eyes_and_the_next_one_goes_on(
    pools: ChildPools, tmp_path: Path
) -> None:
    asked = sheet(tmp_path / "p.png", (2480, 3508))
    hanging = Hangs(pools, "recognise", "recognise_plainly")
    text = read_image(hanging, WalkLimits(), OcrOptions(), asked)
    assert (text.state, text.notes, text.words, text.page) == ("timed-out", ("needs-review",), (), 3)
    after = read_image(pools, WalkLimits(), OcrOptions(), asked)
    assert after.state == "read" and not after.notes and len(after.words) > 40


def test_specks_read_as_letters_are_no_reading(pools: ChildPools, tmp_path: Path) -> None:
    specks = np.random.default_rng(11).random((1200, 1200)) < 0.3
    Image.fromarray(~specks).save(tmp_path / "p.png", dpi=(150, 150))
    asked = AskedPage(tmp_path / "p.png", 1, 1200, 1200, 150.0, 0)
    assert pools.run("read", 60, recognise_plainly, asked.image, OcrOptions()).words  # or this proves nothing
    text = read_image(Hangs(pools, "recognise"), WalkLimits(), OcrOptions(), asked)
    assert (text.state, text.words, text.notes) == ("timed-out", (), ("needs-review",))


def test_bytes_that_are_no_picture_are_tried_once(pools: ChildPools, tmp_path: Path) -> None:
    (tmp_path / "p.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))
    text = read_image(pools, WalkLimits(), OcrOptions(), AskedPage(tmp_path / "p.png", 1, 9, 9, 300.0, 0))
    assert (text.state, text.notes) == ("failed", ("needs-review",))


def test_a_missing_model_is_nobodys_bad_scan(pools: ChildPools, tmp_path: Path) -> None:
    asked = sheet(tmp_path / "p.png", (800, 600))
    with pytest.raises(ToolMissing):
        read_image(pools, WalkLimits(), OcrOptions(languages="khong_co"), asked)


def test_budgets_grow_with_the_page_and_the_second_is_no_longer_than_the_first() -> None:
    limits = WalkLimits()
    assert image_seconds(limits, 1, 1) < 21
    assert image_seconds(limits, 2480, 3508) == pytest.approx(20 + 4 * 8.7, abs=0.1)
    for side in (10, 1000, 2000, 5000, 12_000):
        assert (
            plain_seconds(limits, side, side) <= image_seconds(limits, side, side) + 0.2 * side * side / 1e6
        )
        assert plain_seconds(limits, side, side) <= 20 + 4 * PLAIN_PIXELS / 1e6 + 0.2 * side * side / 1e6
    assert default_limits(4)["read"].memory == READ_MEMORY <= 1700 * MIB
    assert default_limits(4)["read"].tasks <= 200  # workers are replaced


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("size", [(2480, 1754), (4960, 3000)])
def test_the_simpler_way_turns_pages_upright_and_boxes_back(
    turn: int, size: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / "p.png"
    sheet(path, size, lines=6)
    with Image.open(path) as image:
        image.rotate(turn, expand=True).save(path, dpi=(300, 300))  # Pillow turns the other way round
        ink = np.asarray(image.rotate(turn, expand=True)) < 128
    text = recognise_plainly(path, OcrOptions())
    assert text.rotation == turn and text.text.count("chính quyền") >= 5
    inside = np.zeros_like(ink)
    for word in text.words:
        inside[word.box.y0 : word.box.y1, word.box.x0 : word.box.x1] = True
    assert (ink & inside).sum() > 0.97 * ink.sum()


@pytest.mark.parametrize("size", [(1, 1), (1, 20_000), (20_000, 1), (3, 3)])
def test_the_simpler_way_ends_on_slivers(size: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    Image.new("L", size, 0).save(path)
    text: PageText = recognise_plainly(path, OcrOptions())
    assert (text.words, text.width, text.height) == ((), *size)


def test_the_hand_over_list_is_told_which_pages_nobody_compared() -> None:
    listed = HandoverList("a.csv", "utf-8", ",", (HandoverRow(2, 1, number="12/QĐ-UBND", pages=3),))
    found = FoundDocument(1, 3, number="12/QĐ-UBND", unread=(2, 3))
    (one,) = compare_handover(listed, [found]).differences
    assert (one.kind, one.order) == (DifferenceKind.UNREAD_PAGES, 1)
    assert "trang 2, 3" in one.tell and "mở ảnh" in one.tell
    assert compare_handover(listed, [replace(found, unread=())]).differences == ()


def test_no_memory_in_opencv_is_the_childs_end_and_no_riddle(pools: ChildPools) -> None:
    with pytest.raises(ChildDied):
        pools.run("read", 30, starve)


def starve() -> int:
    from ocr.images import memory_told, warped

    with memory_told():
        return warped(np.zeros((9, 9), np.uint8), np.eye(2, 3), (30_000, 30_000)).size
