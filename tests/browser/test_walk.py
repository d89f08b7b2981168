"""A person's whole way, in a real browser: sign in, hand scans in, watch, search, open, verify, sign out."""

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import ROOT, Service, screens_folder
from tests.faults.client import noise

pytestmark = [pytest.mark.browser, pytest.mark.joined]

SAMPLES = ROOT / "samples" / "lo-mau"
MINUTES = 60_000


@pytest.fixture(scope="module")
def screens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return screens_folder(tmp_path_factory.mktemp("screens"))


def sign_in(page: Page, service: Service, role: str) -> None:
    login, password = service.account(role)
    page.goto("/sign-in")
    page.get_by_label("Tên đăng nhập").fill(login)
    page.get_by_label("Mật khẩu").fill(password)
    page.get_by_role("button", name="Đăng nhập").click()
    expect(page.get_by_role("heading", name="Xin chào")).to_be_visible()


def no_sideways_scroll(page: Page) -> None:
    assert (
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    ), page.url


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A delivery as it comes from a scanner: good files and one that is broken."""
    folder = tmp_path_factory.mktemp("giao") / "hop-12"
    shutil.copytree(SAMPLES, folder, ignore=shutil.ignore_patterns("xap-*"))
    good = next(folder.glob("*.jpg"))
    (folder / "bị cắt.jpg").write_bytes(good.read_bytes()[:20_000])
    return folder


def test_sign_in_upload_watch_search_open_verify(
    page: Page, live_server: Service, scans: Path, screens: Path, tmp_path: Path, console: list[str]
) -> None:
    screens.mkdir(parents=True, exist_ok=True)
    page.goto("/documents")
    expect(page).to_have_url(re.compile(r"/sign-in\?next=/documents"))
    page.screenshot(path=screens / "1-dang-nhap.png")
    sign_in(page, live_server, "archivist")

    # hand a folder in: one request a file, the broken one told at once, the others received
    page.get_by_role("link", name="Lô quét", exact=True).click()
    page.get_by_label("Tên lô").fill("Hộp 12, công văn năm 2025")
    page.get_by_test_id("create-batch").click()
    page.get_by_test_id("folder").set_input_files(scans)
    files = len([p for p in scans.rglob("*") if p.is_file()])
    expect(page.locator("#upload-summary")).to_contain_text(f"{files - 1}/{files} tệp", timeout=MINUTES)
    expect(page.locator("#upload-list .refused")).to_contain_text("bị cắt.jpg")
    expect(page.locator("#upload-list .refused")).to_contain_text("cắt ngắn")
    page.get_by_test_id("start").click()

    # watch it to the end without touching the page
    expect(page.locator("#batch-state")).to_contain_text("đang xử lý")
    expect(page.locator("#watch-pace")).to_contain_text("trang/giây", timeout=2 * MINUTES)
    page.screenshot(path=screens / "2-lo-dang-xu-ly.png")
    expect(page.locator("#batch-state")).to_contain_text("đã xong", timeout=5 * MINUTES)
    expect(page.get_by_role("heading", name="Cần xem lại (1)")).to_be_visible()
    page.screenshot(path=screens / "2-lo-quet.png", full_page=True)

    # search with the keyboard, without accents, and open the first hit
    page.keyboard.press("/")
    expect(page).to_have_url(re.compile("/search"))
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("cu can bo")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("hit").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"/search\?q=cu"))
    expect(page.locator(".hit .badge").first).to_be_visible()
    assert page.locator(".hit svg rect").count() >= 1
    page.wait_for_load_state("networkidle")
    page.screenshot(path=screens / "3-tim-kiem.png")
    page.get_by_role("combobox").blur()
    page.keyboard.press("j")
    page.keyboard.press("Enter")

    # the reading room: boxes lie on ink, hits can be walked, zoom works
    expect(page.get_by_test_id("overlay").locator("rect").first).to_be_attached()
    page.wait_for_load_state("networkidle")
    expect(page.locator("#hit-count")).to_contain_text("Chỗ khớp 1/")
    assert page.evaluate(INK_UNDER_BOXES) > 0.05
    expect(page.get_by_text("hợp lệ", exact=True).first).to_be_visible()
    page.screenshot(path=screens / "4-tai-lieu.png")
    page.keyboard.press("+")
    expect(page.locator("#zoom-value")).to_have_text("125%")
    page.keyboard.press("0")

    # what is downloaded verifies, and one changed byte does not
    with page.expect_download() as started:
        page.get_by_test_id("download").click()
    pdf = tmp_path / started.value.suggested_filename
    started.value.save_as(pdf)
    assert pdf.suffix == ".pdf"
    page.keyboard.press("g")
    page.keyboard.press("x")
    page.get_by_test_id("verify-file").set_input_files(pdf)
    page.get_by_test_id("verify").click()
    expect(page.get_by_test_id("verdict")).to_have_attribute("data-verdict", "VALID", timeout=2 * MINUTES)
    page.screenshot(path=screens / "5-kiem-tra-chu-ky.png")
    changed = tmp_path / "đã sửa.pdf"
    data = bytearray(pdf.read_bytes())
    data[len(data) // 3] ^= 1
    changed.write_bytes(data)
    page.get_by_test_id("verify-file").set_input_files(changed)
    page.get_by_test_id("verify").click()
    expect(page.get_by_test_id("verdict")).not_to_have_attribute("data-verdict", "VALID", timeout=2 * MINUTES)

    page.locator("details.me summary").click()
    page.get_by_test_id("sign-out").click()
    expect(page.get_by_role("heading", name="Đăng nhập")).to_be_visible()
    page.goto("/documents")
    expect(page).to_have_url(re.compile("/sign-in"))
    # the broken file's own 4xx is the one error the console may show
    assert [line for line in console if "422" not in line] == []


INK_UNDER_BOXES = """() => {
  const image = document.getElementById('page-image');
  const canvas = document.createElement('canvas');
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const pen = canvas.getContext('2d');
  pen.drawImage(image, 0, 0);
  const view = document.querySelector('.overlay').viewBox.baseVal;
  const sx = canvas.width / view.width, sy = canvas.height / view.height;
  let least = 1;
  for (const box of document.querySelectorAll('.overlay rect')) {
    const [x, y, w, h] = ['x', 'y', 'width', 'height'].map((name) => Number(box.getAttribute(name)));
    const data = pen.getImageData(x * sx, y * sy, Math.max(1, w * sx), Math.max(1, h * sy)).data;
    let dark = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i] < 140) dark += 1;
    least = Math.min(least, dark / (data.length / 4));
  }
  return least;
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_fits_a_phone_in_both_themes(
    page: Page, live_server: Service, screens: Path, theme: str, console: list[str]
) -> None:
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": 360, "height": 760})
    page.goto("/sign-in")
    no_sideways_scroll(page)
    sign_in(page, live_server, "archivist")
    page.goto("/documents")
    links = page.locator("a.doc-card")
    document = links.first.get_attribute("href") if links.count() else None
    for name, path in {
        "trang-chu": "/",
        "tai-lieu": "/documents",
        "tim-kiem": "/search?q=can bo",
        "lo-quet": "/batches",
        "kiem-tra": "/verify",
        "doc": f"{document}?q=can bo" if document else "/documents",
    }.items():
        page.goto(path)
        page.wait_for_load_state("networkidle")
        no_sideways_scroll(page)
        page.screenshot(path=screens / f"360-{name}-{theme}.png") if screens.name != "screens" else None
    assert console == []


def test_the_theme_button_and_language_work(page: Page, live_server: Service) -> None:
    sign_in(page, live_server, "reader")
    page.locator("#theme-button").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.get_by_role("button", name="Switch to English").click()
    expect(page.get_by_role("link", name="Documents", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Batches")).to_have_count(0)


def test_keys_show_help_and_stay_out_of_the_way_of_typing(page: Page, live_server: Service) -> None:
    sign_in(page, live_server, "reader")
    page.get_by_role("searchbox").fill("")
    page.get_by_role("searchbox").press_sequentially("g/h?j")
    expect(page.get_by_role("searchbox")).to_have_value("g/h?j")
    page.get_by_role("searchbox").blur()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_pages_work_without_script(browser: object, live_server: Service) -> None:
    context = browser.new_context(base_url=live_server.url, locale="vi-VN", java_script_enabled=False)  # type: ignore[attr-defined]
    page = context.new_page()
    sign_in(page, live_server, "archivist")
    page.goto("/batches")
    page.get_by_label("Tên lô").fill("Không cần script")
    page.get_by_test_id("create-batch").click()
    page.get_by_test_id("files").set_input_files(sorted(SAMPLES.glob("*.jpg"))[:1])
    page.get_by_role("button", name="Gửi các tệp đã chọn").click()
    expect(page.locator("#received li")).to_have_count(1)
    context.close()


def test_files_chosen_before_the_script_came_are_sent(page: Page, live_server: Service) -> None:
    """A slow line brings the page first and its script seconds later; people do not wait for what they cannot see."""
    sign_in(page, live_server, "archivist")
    page.goto("/batches")
    page.get_by_label("Tên lô").fill("Đường truyền chậm")
    page.get_by_test_id("create-batch").click()
    expect(page.get_by_role("heading", name="Đường truyền chậm")).to_be_visible()
    held: list[Route] = []
    page.route("**/upload.js*", lambda route: held.append(route))
    page.goto(page.url, wait_until="commit")
    page.get_by_test_id("files").set_input_files(sorted(SAMPLES.glob("*.jpg"))[:1])
    plainly = page.get_by_role("button", name="Gửi các tệp đã chọn")
    expect(plainly).to_be_visible()  # the form works all the while
    assert len(held) == 1, "the script was there before the files"
    held[0].continue_()
    expect(page.locator("#upload-summary")).to_contain_text("1/1 tệp")
    expect(plainly).to_be_hidden()


def test_a_large_file_goes_on_where_the_browser_was_closed(
    page: Page, live_server: Service, screens: Path, tmp_path: Path
) -> None:
    screens.mkdir(parents=True, exist_ok=True)
    large = tmp_path / "bản đồ.png"
    large.write_bytes(noise(9_000_000, 5))
    sign_in(page, live_server, "archivist")
    page.goto("/batches")
    page.get_by_label("Tên lô").fill("Bản đồ địa chính")
    page.get_by_test_id("create-batch").click()
    place = page.url
    sent: list[str] = []

    def cut(route: Route) -> None:  # the line breaks behind the first piece
        sent.append(route.request.headers.get("upload-offset", ""))
        route.abort() if sent[-1] not in ("", "0") else route.continue_()

    page.route("**/uploads/*", cut)
    page.get_by_test_id("files").set_input_files(large)
    expect(page.locator("#upload-list")).to_contain_text("Mất kết nối", timeout=MINUTES)
    page.unroute("**/uploads/*")
    page.goto("/batches")  # closed
    page.goto(place)
    expect(page.get_by_role("heading", name="1 tệp đang tải dở")).to_be_visible()
    page.screenshot(path=screens / "2-tep-tai-do.png", full_page=True)
    no_sideways_scroll(page)
    page.on("request", lambda request: sent.append(request.headers.get("upload-offset", "")))
    sent.clear()
    page.get_by_test_id("files").set_input_files(large)
    expect(page.locator("#upload-summary")).to_contain_text("1/1 tệp", timeout=MINUTES)
    assert [at for at in sent if at] == [str(8 * 1024 * 1024)]
