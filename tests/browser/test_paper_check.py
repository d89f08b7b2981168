"""The page behind the code on a paper, as somebody without an account meets it: on a desk, on a phone, in the dark."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from procedures.number_periods import begin_term
from records.clock import SystemClock
from storage.tables import open_tables
from storage.work import Work
from tests.browser.conftest import Service, screens_folder
from tests.cases.party import SINCE, Party
from tests.cases.public_letter import DRAWN, FINAL, NAME, REASON, Letter, public_letter

pytestmark = [pytest.mark.browser, pytest.mark.joined]


@pytest.fixture(scope="module")
def letters(live_server: Service) -> tuple[Letter, Letter]:
    """One letter that counts and one that was made void, put into the books of the running service."""
    tables = open_tables(f"sqlite:///{live_server.data / 'vanthu.db'}")
    work = Work(tables, SystemClock())
    party = Party(work)
    with work.begin() as tx:
        facts = replace(tx.units.get("ward", SINCE).facts, short_name="Phường Sen")
        tx.units.change("ward", facts, date(2025, 8, 1))
        begin_term(tx, "system:test", "ward", "Nhiệm kỳ 2025–2030", date(2025, 8, 1))
        account = party.account(tx)
    made = public_letter(work, account), public_letter(work, account, void=REASON)
    tables.dispose()
    return made


def test_anybody_may_check_a_paper_and_their_copy(
    page: Page, letters: tuple[Letter, Letter], tmp_path: Path, console: list[str]
) -> None:
    screens = screens_folder(tmp_path)
    counts, void = letters
    page.goto(counts.path)
    expect(page.get_by_test_id("standing")).to_have_attribute("data-standing", "counts")
    expect(page.get_by_test_id("standing")).to_contain_text(counts.case.papers[0].number)
    expect(page.locator("body")).not_to_contain_text(NAME)
    for data, kind in ((FINAL, "same"), (DRAWN, "earlier"), (FINAL + b" ", "other")):
        copy = tmp_path / f"{kind}.pdf"
        copy.write_bytes(data)
        page.get_by_test_id("compare-file").set_input_files(copy)
        expect(page.locator(f'[data-copy="{kind}"]')).to_be_visible()
        expect(page.locator("[data-copy]:visible")).to_have_count(1)
    page.get_by_test_id("compare-file").set_input_files(tmp_path / "same.pdf")
    expect(page.locator('[data-copy="same"]')).to_be_visible()
    page.screenshot(path=screens / "6-kiem-tra-van-ban.png", full_page=True)
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.screenshot(path=screens / "6-kiem-tra-van-ban-360.png", full_page=True)
    page.emulate_media(color_scheme="dark")
    page.goto(void.path)
    expect(page.get_by_test_id("standing")).to_have_attribute("data-standing", "void")
    expect(page.locator("body")).not_to_contain_text(REASON)
    page.screenshot(path=screens / "6-kiem-tra-van-ban-huy-toi.png", full_page=True)
    assert console == []


def test_a_copy_chosen_before_the_script_came_is_compared(
    page: Page, letters: tuple[Letter, Letter], tmp_path: Path
) -> None:
    copy = tmp_path / "ban-sao.pdf"
    copy.write_bytes(FINAL)
    held: list[Route] = []
    page.route("**/check.js*", lambda route: held.append(route))
    page.goto(letters[0].path, wait_until="commit")
    page.get_by_test_id("compare-file").set_input_files(copy)
    expect(page.locator("[data-copy]:visible")).to_have_count(0)
    assert len(held) == 1, "the script was there before the copy"
    held[0].continue_()
    expect(page.locator('[data-copy="same"]')).to_be_visible()


def test_it_works_without_script(
    page: Page, live_server: Service, letters: tuple[Letter, Letter], tmp_path: Path
) -> None:
    browser = page.context.browser
    assert browser is not None
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False, locale="vi-VN")
    plain = context.new_page()
    plain.goto(letters[0].path)
    copy = tmp_path / "ban-sao.pdf"
    copy.write_bytes(FINAL)
    plain.get_by_test_id("compare-file").set_input_files(copy)
    plain.get_by_test_id("compare").click()
    expect(plain.locator('[data-copy="same"]')).to_be_visible()
    expect(plain.locator("#compare-hash")).to_be_visible()
    context.close()
