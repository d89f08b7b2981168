"""The review list over HTTP and as pages: who may, what is shown, what a decision leaves, and the way back."""

import re

import pytest

from ingest.review_items import UNREAD
from records.access import SYSTEM
from records.page import PageText
from storage.reviews import NewReview
from tests.unit.api.api_house import House

API = "/api/v1/reviews"


def enter(house: House, name: str = "letter", part: str = "page-1", rank: float = 5.0) -> str:
    """List a part of a seeded document; return its address."""
    document = house.seeded.ids[name]
    page = int(part[5:]) if part.startswith("page-") else 1
    with house.tools.work.begin() as tx:
        tx.reviews.propose([NewReview(document, part, page, 0.9, rank if rank < UNREAD else 0.0, rank)])
    return f"{document}/{part}"


def words_of(house: House) -> PageText:
    with house.tools.work.reading() as tx:
        reading = tx.pages.reading(SYSTEM, house.seeded.ids["letter"], 1)
    assert reading is not None
    return reading


def doubt(house: House, n: int) -> str:
    """Make word `n` of the letter doubtful behind everybody's back; return what it says."""
    from dataclasses import replace

    from records.page import dump_page

    page = words_of(house)
    words = list(page.words)
    words[n] = replace(words[n], confidence=0.2, meant="ĐẢNG")
    changed = replace(page, words=tuple(words))
    with house.tools.work.begin() as tx:
        tx.pages.correct(f"{house.seeded.ids['letter']}-1", changed, dump_page(changed), "")
    return words[n].text


def test_the_most_useful_look_comes_first_and_nobody_else_sees_it(house: House) -> None:
    enter(house, part="number", rank=2.0)
    enter(house, part="page-2", rank=UNREAD)
    enter(house, "secret", rank=7.0)
    told = house.client("archivist").get(API).json()
    assert [item["part"] for item in told["items"]] == ["page-2", "page-1", "number"] and told["total"] == 3
    assert house.client("reader").get(API).status_code == 403
    assert house.client("archivist").get(API, params={"state": "accepted"}).json()["total"] == 0
    assert house.client("archivist").get(API, params={"document": "x"}).json()["items"] == []


def test_an_item_shows_its_doubtful_words_with_strips_of_the_page(house: House) -> None:
    address, text = enter(house), doubt(house, 3)
    told = house.client("archivist").get(f"{API}/{address}").json()
    assert [(word["n"], word["text"], word["meant"]) for word in told["words"]] == [(3, text, "ĐẢNG")]
    strip = house.client("archivist").get(told["words"][0]["crop"]["url"])
    assert (strip.status_code, strip.headers["content-type"]) == (200, "image/jpeg")


def test_correct_find_take_back(house: House) -> None:
    address, text = enter(house), doubt(house, 3)
    client = house.client("archivist")
    body = {"words": [{"n": 3, "was": text, "becomes": "LỘC-NINH"}]}
    assert client.post(f"{API}/{address}/corrections", json=body).json()["state"] == "corrected"
    assert words_of(house).words[3].text == "LỘC-NINH"
    stale = client.post(f"{API}/{address}/corrections", json=body)
    assert (stale.status_code, stale.json()["code"]) == (409, "review-changed")
    assert client.get(API).json()["total"] == 0
    told = client.get(f"{API}/{address}").json()["decisions"]
    assert told[0]["changes"] == [{"n": 3, "was": text, "becomes": "LỘC-NINH"}]
    assert told[0]["made_by"] == house.seeded.accounts["archivist"]
    assert client.post(f"{API}/{address}/undo").json()["state"] == "open"
    assert words_of(house).words[3].text == text


def test_a_field_takes_a_value_and_a_page_takes_words(house: House) -> None:
    client, field, page = house.client("archivist"), enter(house, part="number"), enter(house)
    assert client.post(f"{API}/{field}/corrections", json={"value": "1594-CV/TU"}).status_code == 200
    document = house.seeded.ids["letter"]
    assert client.get(f"/api/v1/documents/{document}").json()["fields"]["number"] == "1594-CV/TU"
    assert client.get("/api/v1/documents", params={"number": "1594 cv tu"}).json()["total"] == 1
    for address, body in (
        (page, {"value": "x"}),
        (field, {"words": [{"n": 0, "was": "a", "becomes": "b"}]}),
        (page, {}),
    ):
        answer = client.post(f"{API}/{address}/corrections", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "review-empty")


@pytest.mark.parametrize("part", ["page-0", "page-", "secrecy", "page-1x", "page-99999999"])
def test_parts_that_are_none(house: House, part: str) -> None:
    document = house.seeded.ids["letter"]
    assert house.client("archivist").get(f"{API}/{document}/{part}").status_code in (404, 422)
    assert house.client("archivist").post(f"{API}/{document}/{part}/accept").status_code in (404, 422)


def test_a_document_that_may_not_be_seen_has_no_items(house: House) -> None:
    refused = house.seeded.ids["refused"]
    assert house.client("archivist").post(f"{API}/{refused}/page-1/accept").status_code == 404


def test_the_page_lists_shows_corrects_and_takes_back(house: House) -> None:
    address, text = enter(house), doubt(house, 3)
    browser = house.browser("archivist")
    assert f'href="/reviews/{address}"' in browser.get("/reviews").text
    shown = browser.get(f"/reviews/{address}").text
    assert 'name="n-3"' in shown and "ĐẢNG" in shown
    csrf = re.search(r'name="csrf" value="([^"]+)"', shown)
    assert csrf
    form = {"csrf": csrf[1], "n-3": "<b>X", "was-3": text}
    done = browser.post(f"/reviews/{address}/corrections", data=form)
    assert done.status_code == 200 and f"/reviews/{address}/undo" in done.text
    assert "&lt;b&gt;X" in browser.get(f"/reviews/{address}").text
    assert words_of(house).words[3].text == "<b>X"
    again = browser.post(f"/reviews/{address}/corrections", data=form)
    assert again.status_code == 409 and "vừa được sửa" in again.text
    nothing = browser.post(
        f"/reviews/{address}/corrections", data={"csrf": csrf[1], "n-3": "a", "was-3": "a"}
    )
    assert nothing.status_code == 422
    assert browser.post(f"/reviews/{address}/undo", data={"csrf": csrf[1]}).status_code == 200
    assert words_of(house).words[3].text == text
    assert browser.post(f"/reviews/{address}/accept", data={"csrf": "other"}).status_code == 403
    assert browser.post(f"/reviews/{address}/accept", data={"csrf": csrf[1]}).status_code == 200
    assert browser.get("/reviews").text.count("doc-card") == 0


def test_unread_pages_fields_and_other_states_have_pages_too(house: House) -> None:
    browser = house.browser("archivist")
    unread, number = enter(house, part="page-2", rank=UNREAD), enter(house, part="number")
    with house.tools.work.begin() as tx:
        document = house.seeded.ids["letter"]
        tx.reviews.propose([NewReview(document, "page-2", 2, 1.0, 0.0, UNREAD)])
    for address in ("/reviews", "/reviews?state=accepted", "/reviews?state=corrected", "/reviews?state=gì"):
        assert browser.get(address).status_code == 200
    assert "quét lại" in browser.get(f"/reviews/{unread}").text
    assert 'name="value" value="1593-CV/TU"' in browser.get(f"/reviews/{number}").text
    assert house.browser("reader").get("/reviews").status_code == 403
