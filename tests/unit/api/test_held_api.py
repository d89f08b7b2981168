"""Held documents at the door: the officer alone knows of them, nobody sees them, both decisions are in the log."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from tests.unit.api.api_house import House
from tests.unit.api.held_seed import held_document

API = "/api/v1"


@pytest.fixture
def officer(house: House) -> TestClient:
    return house.client("secrecy-officer")


def test_nobody_sees_a_held_document_and_its_officer_sees_where_it_lies(
    house: House, officer: TestClient
) -> None:
    held = held_document(house)
    for role in ("reader", "archivist", "administrator", "clerk", "secrecy-officer"):
        for rest in ("", "/pdf", "/pages", "/pages/1/image?size=thumb", "/pages/1/words"):
            assert house.client(role).get(f"{API}/documents/{held}{rest}").status_code in (403, 404), (
                role,
                rest,
            )
    listed = house.client("archivist").get(f"{API}/documents", params={"state": "held"})
    assert held not in listed.text
    (told,) = officer.get(f"{API}/held").json()["items"]
    assert (told["document_id"], told["mark"], told["by"], told["page"]) == (held, "MẬT", "stamp", 1)
    assert told["places"] == [{"file": "to-trinh.png", "frames": [1]}]


def test_release(house: House, officer: TestClient) -> None:
    held = held_document(house)
    assert officer.post(f"{API}/held/{held}/release", json={"why": "declassified"}).status_code == 422
    done = officer.post(f"{API}/held/{held}/release", json={"why": "misread"})
    assert done.status_code == 200, done.text
    assert house.events("held-released") == [(house.seeded.accounts["secrecy-officer"], held, "misread")]
    assert officer.get(f"{API}/held").json()["total"] == 0
    assert house.client("archivist").get(f"{API}/documents/{held}").json()["state"] == "proposed"


def test_remove(house: House, officer: TestClient) -> None:
    held = held_document(house)
    done = officer.post(f"{API}/held/{held}/remove", json={"why": "secret", "note": "theo biên bản"})
    assert done.status_code == 200, done.text
    assert (done.json()["objects"], done.json()["pages"]) == (1, 1)
    assert [outcome for _, _, outcome in house.events("held-removed")] == ["secret"]
    assert [key for key in house.tools.blobs.keys("received/") if held in key] == []


def test_the_page_asks_before_it_erases(house: House) -> None:
    held = held_document(house)
    browser = house.browser("secrecy-officer")
    shown = browser.get("/held")
    assert "Có dấu trên trang 1" in shown.text
    assert "to-trinh.png" in shown.text
    token = browser.headers["X-CSRF-Token"]
    asked: Callable[..., object] = lambda **more: browser.post(  # noqa: E731
        f"/held/{held}/remove", data={"csrf": token, "why": "secret", **more}, follow_redirects=False
    )
    refused = asked()
    assert (refused.status_code, house.events("held-removed")) == (422, [])  # type: ignore[attr-defined]
    assert asked(sure="yes").headers["location"] == "/held?done=removed"  # type: ignore[attr-defined]
    assert "Không có tài liệu nào đang bị giữ" in browser.get("/held").text
