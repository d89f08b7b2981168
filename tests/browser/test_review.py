"""The review list in a real browser: a bad scan is on it, is corrected, found by its new word, taken back."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageFilter
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, Service, screens_folder, served
from tests.browser.test_walk import no_sideways_scroll, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.joined]


def hand_in(data: Path) -> None:
    """Digitize a letter scanned far out of focus."""
    letter = data.parent / "mờ.jpg"
    with Image.open(ROOT / "samples" / "lo-mau" / "cong-van-1412.jpg") as sharp:
        sharp.filter(ImageFilter.GaussianBlur(sharp.width / 620)).save(letter, dpi=(200, 200))
    environment = {**os.environ, "VANTHU_DATA_DIR": str(data), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "boot", "digitize", str(letter)]
    subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True)


@pytest.fixture(scope="module")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with served(tmp_path_factory.mktemp("review") / "data", hand_in) as running:
        yield running


def test_from_the_list_to_a_correction_and_back(
    page: Page, live_server: Service, console: list[str], tmp_path: Path
) -> None:
    screens = screens_folder(tmp_path)
    sign_in(page, live_server, "archivist")
    page.get_by_role("link", name="Rà soát").click()
    expect(page.locator("[data-item]").first).to_be_visible()
    page.screenshot(path=screens / "7-ra-soat.png", full_page=True)
    item = page.locator("[data-item]", has_text="Trang 1")
    item.click()
    first = page.locator("input[name^='n-']").first
    expect(first).to_be_visible()
    expect(page.locator("svg.review-strip image").first).to_be_visible()
    page.screenshot(path=screens / "7-ra-soat-trang.png")
    page.set_viewport_size({"width": 420, "height": 900})
    no_sideways_scroll(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    read = first.input_value()
    first.fill("Khuyếnnghị")
    page.get_by_test_id("correct").click()
    expect(page.locator("[role=status]")).to_contain_text("Đã ghi lại")
    expect(page.locator("[data-item]", has_text="Trang 1")).to_have_count(0)
    for _ in range(40):  # the index follows within seconds
        page.goto("/search?q=Khuyếnnghị")
        if page.locator("[data-item]").count():
            break
        page.wait_for_timeout(250)
    expect(page.locator("[data-item]")).to_have_count(1)
    page.goto("/reviews?state=corrected")
    page.locator("[data-item]").first.click()
    page.get_by_test_id("undo").click()
    expect(page.locator("input[name^='n-']").first).to_have_value(read)
    assert console == []
