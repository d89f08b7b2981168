"""Saved searches over HTTP and as pages: keep, be told, look, put away and bring back; each sees only their own."""

import re
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from jobs.alerts import AlertTools, alert
from records.access import SYSTEM, Level
from storage.outbox import ALERT
from tests.unit.api.api_house import House
from tests.unit.api.test_search_desk_api import copied, retold

API = "/api/v1/saved-searches"
QUERY = "chuyển sinh hoạt đảng"


def keep(client: TestClient, **more: object) -> dict[str, object]:
    answer = client.post(API, json={"query": QUERY, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def told(house: House, *names: str) -> int:
    """Let the duty look at documents as if they had just been indexed."""
    with house.tools.work.begin() as tx:
        for name in names:
            tx.outbox.add(ALERT, house.seeded.ids[name])
    tools = house.tools
    return alert(AlertTools(tools.work, tools.index, tools.cases.tools.definitions))


def opened(house: House, name: str, level: Level = Level.OPEN) -> None:
    with house.tools.work.reading() as tx:
        fields = tx.documents.get(SYSTEM, house.seeded.ids[name]).fields
    retold(house, name, fields, level)


def test_only_what_comes_later_is_news(house: House) -> None:
    client = house.client("reader")
    kept = keep(client, name="Chuyển sinh hoạt")
    assert (kept["name"], kept["fresh"], kept["alert"]) == ("Chuyển sinh hoạt", 0, True)
    assert told(house, "letter") == 0, "it was there when the search was kept"
    copied(house, "letter", "secret")
    assert told(house, "secret") == 0, "its owner may not see it"
    opened(house, "secret")
    assert told(house, "secret", "letter") == 1 and told(house, "secret") == 0
    assert [one["fresh"] for one in client.get(API).json()] == [1]
    hits = client.get(f"{API}/{kept['id']}/hits").json()
    assert [(hit["document_id"], hit["page"]) for hit in hits["items"]] == [(house.seeded.ids["secret"], 1)]
    seen = client.post(f"{API}/{kept['id']}/seen", json={"until": hits["items"][0]["found_at"]})
    assert seen.json() == {"seen": 1}
    assert client.get(f"{API}/{kept['id']}/hits").json()["total"] == 0
    assert client.get(f"{API}/{kept['id']}/hits", params={"fresh": False}).json()["total"] == 2


def test_a_right_that_ends_ends_the_news(house: House) -> None:
    client = house.client("reader")
    kept = keep(client)
    copied(house, "letter", "secret")
    opened(house, "secret")
    assert told(house, "secret") == 1
    assert "1 kết quả mới" in house.browser("reader").get("/").text
    opened(house, "secret", Level.SECRET)
    assert client.get(API).json()[0]["fresh"] == 0
    assert client.get(f"{API}/{kept['id']}/hits", params={"fresh": False}).json()["total"] == 1
    assert "kết quả mới" not in house.browser("reader").get("/").text


def test_filters_and_the_switch_hold_for_alerts_too(house: House) -> None:
    client = house.client("archivist")
    keep(client, filters={"type": ["02"]}, name="khác loại")
    keep(client, filters={"since": "2025-01-01", "until": "2025-12-31"}, exact=True, name="trong năm")
    copied(house, "letter", "secret")
    with house.tools.work.reading() as tx:
        fields = tx.documents.get(SYSTEM, house.seeded.ids["secret"]).fields
    retold(house, "secret", replace(fields, type_code="17", issued_date="2025-03-01"))
    assert told(house, "secret") == 1
    assert {one["name"]: one["fresh"] for one in client.get(API).json()} == {"khác loại": 0, "trong năm": 1}
    shown = client.get(API).json()[0]
    assert (
        shown["filters"] == {"since": "2025-01-01", "until": "2025-12-31"}
        and "since=2025-01-01" in shown["page"]
    )


def test_nobody_is_told_who_is_off_or_asked_not_to_be(house: House) -> None:
    keep(house.client("reader"))
    quiet = keep(house.client("archivist"))
    assert (
        house.client("archivist").patch(f"{API}/{quiet['id']}", json={"alert": False}).json()["alert"]
        is False
    )
    copied(house, "letter", "secret")
    opened(house, "secret")
    with house.tools.work.begin() as tx:
        tx.accounts.set_active(house.seeded.accounts["reader"], active=False)
    assert told(house, "secret") == 0


def test_what_is_only_the_closest_of_a_few_is_no_news(house: House) -> None:
    client = house.client("archivist")
    keep(client, query="báo cáo tổng kết phong trào thi đua")
    assert told(house, "secret") == 0


def test_put_away_and_brought_back(house: House) -> None:
    client = house.client("reader")
    kept = keep(client)
    assert client.delete(f"{API}/{kept['id']}").json()["deleted_at"]
    assert client.get(API).json() == [] and client.get(f"{API}/{kept['id']}/hits").status_code == 404
    assert [one["id"] for one in client.get(API, params={"deleted": True}).json()] == [kept["id"]]
    assert client.post(f"{API}/{kept['id']}/restore").json()["deleted_at"] is None
    assert [one["id"] for one in client.get(API).json()] == [kept["id"]]


def test_other_peoples_searches_do_not_exist(house: House) -> None:
    kept = keep(house.client("reader"))
    other = house.client("archivist")
    address = f"{API}/{kept['id']}"
    answers = [
        other.get(f"{address}/hits"),
        other.patch(address, json={"name": "x"}),
        other.delete(address),
        other.post(f"{address}/restore"),
        other.post(f"{address}/seen", json={"until": "2026-01-01T00:00:00Z"}),
    ]
    assert {answer.status_code for answer in answers} == {404} and other.get(API).json() == []


@pytest.mark.parametrize(
    "body",
    [{}, {"query": ""}, {"query": "x", "filters": {"colour": ["red"]}}, {"query": "x", "filters": {"year": [1]}},
     {"query": "x" * 501}],
)  # fmt: skip
def test_what_is_no_search_is_not_kept(house: House, body: dict[str, object]) -> None:
    answer = house.client("reader").post(API, json=body)
    assert (answer.status_code, house.client("reader").get(API).json()) == (422, [])


def test_the_pages_keep_tell_and_bring_back(house: House) -> None:
    browser = house.browser("reader")
    csrf = {"csrf": browser.headers.pop("X-CSRF-Token")}
    asked = {"q": QUERY, "type": "17"}
    page = browser.post("/saved-searches", params=asked, data={**csrf, "name": "Của tôi", "alert": "1"})
    assert page.status_code == 200 and 'data-testid="saved"' in page.text and page.url.params["type"] == "17"
    copied(house, "letter", "secret")
    with house.tools.work.reading() as tx:
        fields = tx.documents.get(SYSTEM, house.seeded.ids["secret"]).fields
    retold(house, "secret", replace(fields, type_code="17"), Level.OPEN)
    assert told(house, "secret") == 1
    listed = browser.get("/saved-searches").text
    assert "Của tôi" in listed and "1 kết quả mới" in listed and 'data-testid="bell"' in listed
    found = re.search(r'href="(/saved-searches/[0-9a-f-]+)" data-testid="fresh"', listed)
    assert found
    hits = browser.get(found[1]).text
    assert hits.count('data-testid="saved-hit"') == 1
    until = re.search(r'name="until" value="([^"]+)"', hits)
    assert until
    assert browser.post(f"{found[1]}/seen", data={**csrf, "until": "hôm nay"}).status_code == 422
    assert browser.post(f"{found[1]}/seen", data={**csrf, "until": until[1]}).status_code == 200
    assert 'data-testid="bell"' not in browser.get("/saved-searches").text
    assert "saved-hit" in browser.get(found[1], params={"all": "1"}).text
    renamed = browser.post(f"{found[1]}/change", data={**csrf, "name": "<b>Khác"}).text
    assert "&lt;b&gt;Khác" in renamed
    assert "Không báo" in browser.post(f"{found[1]}/change", data={**csrf, "alert": "off"}).text
    gone = browser.post(f"{found[1]}/delete", data=csrf).text
    assert "Hoàn tác" in gone and 'data-testid="saved-search"' not in gone
    assert 'data-testid="saved-search"' in browser.post(f"{found[1]}/restore", data=csrf).text
    assert browser.post(f"{found[1]}/delete", data={"csrf": "other"}).status_code == 403
    assert "Khác" in browser.get("/search").text
