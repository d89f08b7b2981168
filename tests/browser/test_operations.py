"""The operations page in a real browser: it keeps itself fresh, fits a phone, and says so when the line is lost."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Service
from tests.browser.test_walk import no_sideways_scroll, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.joined]


REFRESH = "**/operations?lang=*"


def fault_page(route: Route) -> None:
    route.fulfill(status=503, content_type="text/html", body="<h1>503</h1>")


def no_answer(route: Route) -> None:
    route.abort()


def test_the_page_keeps_itself_fresh_until_the_line_is_lost(
    page: Page, live_server: Service, console: list[str]
) -> None:
    sign_in(page, live_server, "administrator")
    page.get_by_role("link", name="Vận hành").click()
    expect(page.get_by_test_id("ops-verdict")).to_be_visible()
    expect(page.locator("#parts")).to_contain_text("Cơ sở dữ liệu")
    told = page.locator("#told-at").inner_text()
    expect(page.locator("#told-at")).not_to_have_text(told)
    expect(page.locator("#live")).not_to_have_class(re.compile("lost"))
    page.set_viewport_size({"width": 420, "height": 900})
    no_sideways_scroll(page)
    assert console == []
    # a fault page instead of the figures must not wipe out what is on the screen
    for answer in (fault_page, no_answer):
        page.route(REFRESH, answer)
        expect(page.locator("#live")).to_have_class(re.compile("lost"))
        expect(page.locator("#live")).to_contain_text("Mất kết nối")
        expect(page.locator("#parts")).to_contain_text("Cơ sở dữ liệu")
        page.unroute(REFRESH)
        expect(page.locator("#live")).not_to_have_class(re.compile("lost"))
