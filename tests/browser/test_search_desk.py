"""The searcher's desk in a real browser: suggestions by keyboard, narrowing, what is kept and told, hits inside."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, Service, screens_folder, served
from tests.browser.test_walk import no_sideways_scroll, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.joined]

SAMPLES = ROOT / "samples" / "lo-mau"


def digitize(data: Path, *scans: Path) -> None:
    environment = {**os.environ, "VANTHU_DATA_DIR": str(data), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "boot", "digitize", *map(str, scans)]
    subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True)


@pytest.fixture(scope="module")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    def fill(data: Path) -> None:
        digitize(data, SAMPLES / "cong-van-1412.jpg", SAMPLES / "cong-van-361.pdf")

    with served(tmp_path_factory.mktemp("desk") / "data", fill) as running:
        yield running


def test_from_a_beginning_to_what_is_kept(
    page: Page, live_server: Service, console: list[str], tmp_path: Path
) -> None:
    screens = screens_folder(tmp_path)
    sign_in(page, live_server, "archivist")

    # the beginning of a number, chosen with the arrow keys
    page.goto("/search")
    box = page.get_by_role("combobox")
    box.press_sequentially("14")
    option = page.get_by_role("option").first
    expect(option).to_contain_text("1412")
    expect(box).to_have_attribute("aria-expanded", "true")
    page.screenshot(path=screens / "8-goi-y.png")
    box.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", "suggestion-0")
    box.press("Enter")
    expect(page).to_have_url(re.compile(r"q=1412"))
    expect(page.get_by_test_id("hit").first).to_be_visible()
    box.fill("15")
    box.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)

    # narrowed by a facet, and let go again
    page.goto("/search?q=đảng")
    expect(page.get_by_test_id("hit").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.screenshot(path=screens / "8-tim-thu-hep.png")
    page.get_by_test_id("facet-type").first.click()
    expect(page.get_by_test_id("chip")).to_have_count(1)
    page.get_by_test_id("chip").click()
    expect(page.get_by_test_id("chip")).to_have_count(0)

    # kept with an alert, and the list taken away
    page.get_by_test_id("save-open").click()
    page.get_by_label("Tên", exact=True).fill("Mọi văn bản của Đảng")
    page.get_by_test_id("save").click()
    expect(page.get_by_test_id("saved")).to_be_visible()
    with page.expect_download() as started:
        page.get_by_test_id("export-csv").click()
    told = tmp_path / "list.csv"
    started.value.save_as(told)
    assert told.read_bytes().startswith("\ufeff".encode()) and "Số, ký hiệu" in told.read_text("utf-8-sig")

    # nothing found: one click loosens, and the nearest spelling is at hand
    page.goto("/search?q=đảng&year=1999&exact=1")
    expect(page.get_by_test_id("nothing")).to_be_visible()
    page.screenshot(path=screens / "8-khong-thay.png")
    page.get_by_test_id("loosen").first.click()
    expect(page.get_by_test_id("hit").first).to_be_visible()
    expect(page.get_by_role("switch")).to_be_checked()
    page.get_by_role("switch").uncheck()
    expect(page).not_to_have_url(re.compile("exact"))
    assert console == []


def test_hits_inside_a_document_and_pages_like_it(
    page: Page, live_server: Service, console: list[str], tmp_path: Path
) -> None:
    screens = screens_folder(tmp_path)
    sign_in(page, live_server, "archivist")
    page.goto("/documents")
    page.locator("a.doc-card").first.click()
    page.get_by_test_id("inside-query").fill("đảng")
    page.get_by_test_id("inside-query").press("Enter")
    expect(page.get_by_test_id("inside-page").first).to_be_visible()
    expect(page.get_by_test_id("overlay").locator("rect").first).to_be_attached()
    page.wait_for_load_state("networkidle")
    page.screenshot(path=screens / "8-trong-tai-lieu.png")
    page.get_by_test_id("similar-open").click()
    expect(page.get_by_test_id("similar")).to_be_visible()
    assert console == []


def test_what_comes_later_is_told_and_can_be_put_away_and_back(
    page: Page, live_server: Service, console: list[str], tmp_path: Path
) -> None:
    """The search kept above is told of a paper that comes in by the watched door of every scan."""
    screens = screens_folder(tmp_path)
    sign_in(page, live_server, "archivist")
    page.goto("/batches")
    page.get_by_label("Tên lô").fill("Thông báo mới")
    page.get_by_test_id("create-batch").click()
    page.get_by_test_id("files").set_input_files(SAMPLES / "thong-bao-189.tif")
    expect(page.locator("#upload-summary")).to_contain_text("1/1 tệp", timeout=60_000)
    page.get_by_test_id("start").click()
    expect(page.locator("#batch-state")).to_contain_text("đã xong", timeout=180_000)
    for _ in range(60):  # the bell comes with the next page after the patrol went round
        page.goto("/saved-searches")
        if page.get_by_test_id("bell").count():
            break
        page.wait_for_timeout(500)
    expect(page.get_by_test_id("bell")).to_be_visible()
    page.goto("/saved-searches")  # the news may have come between the page's list and its bell
    page.screenshot(path=screens / "8-tim-da-luu.png")
    page.get_by_test_id("fresh").click()
    expect(page.get_by_test_id("saved-hit")).to_have_count(1)
    page.screenshot(path=screens / "8-ket-qua-moi.png")
    page.get_by_test_id("seen").click()
    expect(page.get_by_test_id("bell")).to_have_count(0)
    page.get_by_test_id("delete").click()
    expect(page.get_by_test_id("saved-search")).to_have_count(0)
    page.get_by_test_id("undo").click()
    expect(page.get_by_test_id("saved-search")).to_have_count(1)
    page.set_viewport_size({"width": 360, "height": 760})
    for address in ("/search", "/search?q=đảng", "/search?q=đảng&year=1999", "/saved-searches"):
        page.goto(address)
        no_sideways_scroll(page)
    assert console == []
