"""A transfer through the pages, from the member to the branch that takes her in; each signs in by themselves."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from procedures.definition_read import read_definitions
from signing.verdict import Answer
from signing.verify import verify_pdf
from tests.browser.conftest import Service, screens_folder, served
from tests.browser.test_walk import no_sideways_scroll
from tests.cases.served_town import PASSWORD, enter_town

pytestmark = [pytest.mark.browser, pytest.mark.joined]

MINUTES = 60_000
NAME = "Trần Thị Lan"
LUA, TRAM = "Đảng bộ phường Lúa – Đảng bộ thành phố Mẫu", "tram lua"
FORM = {
    "f.probationary": "full", "f.reason": "work", "f.decision_document": "qd-01", "f.self_review_document": "kd-01",
    "f.dues_until": "2026-10", "f.new_place": "Chi bộ Trạm Lúa, Đảng bộ phường Lúa",
}  # fmt: skip
STEPS = (
    # who, which move, the bodies it names; signed where the procedure says so
    ("an", "take", {}),
    ("an", "branch-approve", {}),
    ("nam", "seal-box-branch", {}),
    ("binh", "base-approve", {}),
    ("nam", "seal-box-base", {}),
    ("dung", "number-letter", {"receiving-upper": LUA}),
    ("cuong", "sign-letter", {}),
    ("dung", "seal-letter", {}),
    ("dung", "send-letter", {}),
    ("khanh", "acknowledge", {}),
    ("hoa", "upper-accept", {"receiving-base": TRAM}),
    ("khanh", "seal-box-receiving-upper", {}),
    ("long", "base-accept", {"receiving-branch": TRAM}),
    ("oanh", "seal-box-receiving-base", {}),
    ("long", "branch-admit", {}),
    ("oanh", "seal-box-receiving-branch", {}),
    ("mai", "close", {}),
)
SHOTS = {
    "branch-approve": "3-ho-so-chi-bo", "sign-letter": "6-ho-so-cap-tren", "acknowledge": "9-nhan-giay",
    "close": "10-ho-so-truoc-khi-dong",
}  # fmt: skip
PHONES = {("lan", "light"), ("dung", "dark")}
MOVES = read_definitions().get("official-transfer", 1).moves


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of its own, in which the town lives."""
    with served(tmp_path_factory.mktemp("town") / "data", enter_town) as running:
        yield running


@pytest.fixture(scope="module")
def screens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return screens_folder(tmp_path_factory.mktemp("screens"), "cases")


@contextmanager
def signed_in(browser: Browser, town: Service, login: str, **options: object) -> Iterator[Page]:
    """A window of this person's own, signed in by its form; the console must show nothing wrong."""
    context = browser.new_context(
        base_url=town.url,
        locale="vi-VN",
        viewport={"width": 1280, "height": 860},
        reduced_motion="reduce",
        **options,  # type: ignore[arg-type]
    )
    context.set_default_timeout(30_000)
    console: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: console.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: console.append(str(error)))
    sign_in(page, login)
    yield page
    context.close()
    assert [
        line for line in console if "401" not in line
    ] == []  # a wrong password is the one error there may be


def sign_in(page: Page, login: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("Tên đăng nhập").fill(login)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    expect(page.get_by_role("heading", name="Xin chào")).to_be_visible()


def shot(page: Page, path: Path) -> None:
    """Take a picture of the whole page, its head at the top."""
    page.evaluate("window.scrollTo(0, 0)")
    page.screenshot(path=path, full_page=True)


def open_case(page: Page, view: str) -> None:
    page.goto(f"/cases?view={view}")
    page.get_by_test_id("case-row").filter(has_text=NAME).first.click()
    expect(page.get_by_role("heading", name=NAME)).to_be_visible()


def fill_move(page: Page, move: str, bodies: dict[str, str]) -> None:
    """Open the form of a move and fill it in; a body is typed as people type it and chosen from what is suggested."""
    form = page.get_by_test_id(f"move-{move}")
    if form.get_attribute("open") is None:
        form.locator("summary").first.click()
    expect(form).to_have_attribute("open", "")
    for body, typed in bodies.items():
        box = form.locator(f'[name="b.{body}"]')
        box.fill("")
        box.press_sequentially(typed[:12])
        option = form.locator(f"datalist[id$='b-{body}-list'] option").first
        expect(option).to_be_attached()
        expect(option).to_have_attribute("value", re.compile("Lúa"))
        box.fill(option.get_attribute("value") or "")
    if MOVES[move].comment:
        form.locator('[name="comment"]').fill("Đồng ý giới thiệu")


def sign_batch(page: Page) -> None:
    """See every page of the papers, sign them with one password, and wait until the cases have moved."""
    expect(page.get_by_test_id("hash").first).to_have_text(re.compile("^[0-9a-f]{64}$"))
    for picture in page.locator(".sheets img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True, timeout=MINUTES)
        assert picture.evaluate("image => image.naturalWidth") > 500
    page.get_by_label("Mật khẩu của bạn").fill(PASSWORD)
    page.get_by_test_id("start").click()
    expect(page.get_by_text("hồ sơ đã chuyển").first).to_be_visible(timeout=4 * MINUTES)


def step(page: Page, move: str, bodies: dict[str, str], screens: Path) -> None:
    open_case(page, "incoming" if move == "acknowledge" else "waiting")
    fill_move(page, move, bodies)
    if move in SHOTS:
        shot(page, screens / f"{SHOTS[move]}.png")
    if MOVES[move].signs:
        page.get_by_test_id(f"sign-{move}").click()
        sign_batch(page)
    else:
        page.get_by_test_id(f"do-{move}").click()
        expect(page.get_by_test_id("problem")).to_have_count(0)


def test_from_the_member_to_the_branch_that_takes_her_in(
    browser: Browser, town: Service, screens: Path, tmp_path: Path
) -> None:
    with signed_in(browser, town, "lan") as page:
        page.goto("/cases")
        page.screenshot(path=screens / "1-ho-so-cua-toi-trong.png")
        page.get_by_test_id("new-case").click()
        page.get_by_test_id("open-official-transfer-open").click()
        expect(page.get_by_label("Họ và tên đang dùng")).to_have_value(NAME)
        expect(page.get_by_label("Chi bộ nơi đi")).to_have_value("Chi bộ Tổ Toán – Đảng bộ Trường Sen")
        for name, value in FORM.items():
            box = page.locator(f'[name="{name}"]')
            box.select_option(value) if box.evaluate("e => e.tagName") == "SELECT" else box.fill(value)
        page.locator('[name="f.decision_date"]').fill(page.evaluate("new Date().toISOString().slice(0, 10)"))
        shot(page, screens / "2-mo-ho-so.png")
        page.get_by_test_id("open-case").click()
        expect(page.get_by_test_id("case-state")).to_contain_text("Đang khai")
        expect(page.get_by_test_id("due")).to_contain_text("ngày làm việc")
        page.get_by_test_id("do-submit").click()
        expect(page.get_by_test_id("next-step")).to_contain_text("Chi bộ nơi đi tiếp nhận")
        expect(page.get_by_test_id("holders")).to_contain_text("Chi bộ Tổ Toán")
        case = page.url.rpartition("/")[2]

    steps = [(who, move, bodies) for who, move, bodies in STEPS if move in MOVES]
    for who, move, bodies in steps:
        with signed_in(browser, town, who) as page:
            if move == "sign-letter":
                sign_at_the_desk(page, screens)
            elif move == "send-letter":
                page.goto("/clerk")
                page.screenshot(path=screens / "7-ban-van-thu.png")
                page.get_by_test_id("do-send-letter").click()
                expect(page.get_by_test_id("case-state")).to_contain_text("Đang chuyển tới nơi đến")
                look_at_register(page, screens)
            else:
                if move == "acknowledge":
                    page.goto("/cases?view=incoming")
                    expect(page.get_by_test_id("case-row")).to_have_count(1)
                    page.screenshot(path=screens / "8-moi-den.png")
                step(page, move, bodies, screens)
        if move == "acknowledge":  # the sender sees that it was opened and acknowledged
            with signed_in(browser, town, "dung") as page:
                page.goto(f"/cases/{case}")
                expect(page.get_by_test_id("receipts").get_by_role("row").nth(1)).to_contain_text(
                    "Ngô Gia Khánh"
                )
                expect(page.get_by_test_id("receipts").get_by_role("row").nth(1)).to_contain_text(
                    "Đã báo nhận"
                )

    with signed_in(browser, town, "lan") as page:
        page.goto(f"/cases/{case}")
        expect(page.get_by_test_id("case-state")).to_contain_text("Hoàn thành")
        expect(page.get_by_test_id("measured")).to_be_visible()
        shot(page, screens / "11-hoan-thanh.png")
        signed = sum(len(MOVES[move].signs) for _, move, _ in steps if move in MOVES)
        assert page.get_by_test_id("signatures").locator("li").count() >= min(signed, 6)
        with page.expect_download() as started:
            page.get_by_test_id("paper-pdf").last.click()
        pdf = tmp_path / "giay.pdf"
        started.value.save_as(pdf)
        page.goto(f"/cases/{case}/papers/1")
        expect(page.locator(".sheets img").first).to_be_visible()
        page.wait_for_load_state("networkidle")
        shot(page, screens / "12-xem-giay.png")
    assert verify_pdf(pdf, [town.data / "keys" / "roots.pem"]).verdict is Answer.VALID
    with signed_in(
        browser, town, "nam"
    ) as page:  # whose seal was on it, and whom it does not concern any more
        page.goto("/cases?view=waiting")
        expect(page.get_by_test_id("case-row")).to_have_count(0)


def sign_at_the_desk(page: Page, screens: Path) -> None:
    """„Chờ tôi ký" by keyboard: tick, look, go away, come back, sign."""
    page.goto("/signing")
    expect(page.get_by_test_id("to-sign")).to_have_count(1)
    page.screenshot(path=screens / "4-cho-toi-ky.png")
    paper, everything = page.locator('input[name="paper"]'), page.locator("#pick-all")
    paper.focus()
    page.keyboard.press("Space")
    expect(everything).to_be_checked()  # "all" says what is ticked, whoever ticked it
    everything.uncheck()
    expect(paper).not_to_be_checked()
    everything.check()
    expect(paper).to_be_checked()
    page.get_by_test_id("look").click()
    expect(page.get_by_test_id("paper")).to_have_count(1)
    page.goto("/signing")  # a reload, another day
    page.get_by_test_id("begun").click()
    page.wait_for_load_state("networkidle")
    shot(page, screens / "5-xem-va-ky.png")
    page.get_by_label("Mật khẩu của bạn").fill("không phải")
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("problem")).to_contain_text("Chưa ký văn bản nào")
    sign_batch(page)
    page.screenshot(path=screens / "5-ket-qua-ky.png")


def look_at_register(page: Page, screens: Path) -> None:
    page.goto("/registers")
    expect(page.get_by_test_id("register")).to_contain_text(NAME)
    page.screenshot(path=screens / "7-so-van-ban-di.png")
    with page.expect_download() as started:
        page.get_by_test_id("book-xlsx").click()
    assert started.value.suggested_filename.endswith(".xlsx")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_fits_a_phone_in_both_themes(
    browser: Browser, town: Service, screens: Path, theme: str
) -> None:
    options = {"viewport": {"width": 360, "height": 760}, "color_scheme": theme}
    for who, pages in {
        "lan": ("/cases?view=mine", "/cases/new", "/cases/new/official-transfer/open"),
        "dung": ("/signing", "/clerk", "/registers", "/cases?view=incoming"),
    }.items():
        with phone(browser, town, who, options) as page:
            for address in pages:
                page.goto(address)
                no_sideways_scroll(page)
            row = page.get_by_test_id("case-row").first
            page.goto("/cases?view=mine")
            if row.count():
                row.click()
                page.wait_for_url("**/cases/*")
                no_sideways_scroll(page)
            if (who, theme) in PHONES:
                shot(page, screens / f"360-{who}-{theme}.png")


@contextmanager
def phone(browser: Browser, town: Service, login: str, options: dict[str, object]) -> Iterator[Page]:
    context = browser.new_context(base_url=town.url, locale="vi-VN", **options)  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page, login)
    yield page
    context.close()
