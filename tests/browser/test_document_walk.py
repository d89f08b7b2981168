"""An outgoing document through the pages: a Word file, opinions, two versions, approvals, signed, sealed, issued."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from records.clock import VIETNAM
from signing.verdict import Answer
from signing.verify import verify_pdf
from tests.browser.conftest import Service, screens_folder, served
from tests.browser.test_transfer_walk import MINUTES, shot, sign_batch, signed_in
from tests.browser.test_walk import no_sideways_scroll
from tests.cases.served_town import enter_offices
from tests.cases.word_files import GAP, a_letter, a_word_file, demand_converter

pytestmark = [pytest.mark.browser, pytest.mark.joined]

SUBJECT = "rà soát tài liệu lưu trữ"
STEPS = (
    ("tuan", "unit-approve"), ("yen", "form-pass"), ("giang", "leader-approve"), ("yen", "number"),
    ("giang", "sign"), ("yen", "seal"), ("yen", "issue"),
)  # fmt: skip


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of its own, in which the office works."""
    demand_converter()
    with served(tmp_path_factory.mktemp("office") / "data", enter_offices) as running:
        yield running


@pytest.fixture(scope="module")
def screens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return screens_folder(tmp_path_factory.mktemp("screens"), "documents")


def letter(path: Path, day: str) -> Path:
    year = datetime.now(VIETNAM).year
    dated = f"Mẫu, ngày{GAP * 10}tháng{GAP * 10}năm {year}"
    text = f"Đề nghị các đơn vị rà soát tài liệu lưu trữ và báo cáo trước ngày {day} tháng 12."
    return a_word_file(path, a_letter(dated=dated, signer="Phan Hương Giang", text=text))


def hand_in(page: Page, path: Path) -> None:
    page.locator('#draft input[type="file"]').set_input_files(path)
    page.get_by_test_id("hand-in").click()
    expect(page.get_by_test_id("draft")).to_contain_text(path.name, timeout=MINUTES)
    expect(page.get_by_test_id("problem")).to_have_count(0)


def opened(page: Page, move: str) -> Locator:
    form = page.get_by_test_id(f"move-{move}")
    if form.get_attribute("open") is None:
        form.locator("summary").first.click()
    return form


def do(page: Page, move: str, comment: str = "", **fields: str) -> None:
    form = opened(page, move)
    for name, value in fields.items():
        form.locator(f'[name="b.{name}"]').fill(value)
    if comment:
        form.locator('[name="comment"]').fill(comment)
    page.get_by_test_id(f"do-{move}").click()
    expect(page.get_by_test_id("problem")).to_have_count(0)


def preview(page: Page, move: str) -> None:
    """See every page of a preview, and that it is held by its hash."""
    opened(page, move).get_by_test_id(f"preview-{move}").click()
    expect(page.get_by_test_id("hash")).to_have_text(re.compile("^[0-9a-f]{64}$"))
    for picture in page.locator(".sheets img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True, timeout=MINUTES)
        assert picture.evaluate("image => image.naturalWidth") > 500


def test_from_a_word_file_to_the_issued_paper(
    browser: Browser, office: Service, screens: Path, tmp_path: Path
) -> None:
    with signed_in(browser, office, "thu") as page:
        page.goto("/cases/new/outgoing-document/open")
        page.locator('[name="b.drafting"]').fill("Phòng Tổng hợp")
        page.locator('[name="b.issuer"]').fill("Văn phòng Thành ủy Mẫu")
        page.locator('[name="f.type"]').select_option("22")
        page.locator('[name="f.subject"]').fill(SUBJECT)
        page.locator('[name="f.recipients"]').fill("- Như trên\n- Lưu: VT")
        page.get_by_test_id("open-case").click()
        expect(page.get_by_test_id("case-state")).to_contain_text("Đang soạn thảo")
        case = page.url.partition("#")[0].rpartition("/")[2]
        hand_in(page, letter(tmp_path / "cong-van.docx", "10"))
        shot(page, screens / "1-du-thao.png")
        do(page, "consult", consulted="Phòng Lưu trữ")
        expect(page.get_by_test_id("opinions")).to_contain_text("chưa góp ý")

    with signed_in(browser, office, "kien") as page:
        page.goto(f"/cases/{case}")
        expect(page.get_by_test_id("hand-in")).to_have_count(0)
        do(page, "give-opinion", "Nên lùi hạn báo cáo đến ngày 15 tháng 12")

    with signed_in(browser, office, "thu") as page:
        page.goto(f"/cases/{case}")
        expect(page.get_by_test_id("opinions")).to_contain_text("Nên lùi hạn")
        hand_in(page, letter(tmp_path / "cong-van-sua.docx", "15"))
        do(page, "collect")
        page.get_by_test_id("compare").click()
        expect(page.get_by_test_id("difference").locator("del")).to_have_text(["10"])
        expect(page.get_by_test_id("difference").locator("ins")).to_have_text(["15"])
        shot(page, screens / "2-gop-y-va-so-sanh.png")
        no_sideways_scroll(page)
        preview(page, "present")
        shot(page, screens / "3-xem-truoc-khi-trinh.png")
        page.get_by_test_id("do-present").click()
        expect(page.get_by_test_id("case-state")).to_contain_text("Trình lãnh đạo đơn vị")

    for who, move in STEPS:
        with signed_in(browser, office, who) as page:
            page.goto(f"/cases/{case}")
            if move == "number":
                preview(page, "number")
                page.get_by_test_id("do-number").click()
                expect(page.locator("#papers")).to_contain_text("01-CV/VPTU")
            elif move in ("sign", "seal"):
                page.get_by_test_id(f"sign-{move}").click()
                sign_batch(page)
            else:
                if move == "leader-approve":
                    shot(page, screens / "4-duyet.png")
                do(page, move, "Đồng ý" if move.endswith("approve") else "")

    with signed_in(browser, office, "thu") as page:
        page.goto(f"/cases/{case}")
        expect(page.get_by_test_id("case-state")).to_contain_text("Đã phát hành")
        expect(page.get_by_test_id("signatures").locator("li")).to_have_count(2)
        page.set_viewport_size({"width": 360, "height": 760})
        no_sideways_scroll(page)
        page.set_viewport_size({"width": 1280, "height": 860})
        shot(page, screens / "5-da-phat-hanh.png")
        with page.expect_download() as started:
            page.get_by_test_id("paper-pdf").last.click()
        pdf = tmp_path / "cong-van.pdf"
        started.value.save_as(pdf)
    assert verify_pdf(pdf, [office.data / "keys" / "roots.pem"]).verdict is Answer.VALID
