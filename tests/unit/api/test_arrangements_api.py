"""Arranging over HTTP and as a page: windows, commands, pictures, rescans, and every refusal as a sentence."""

import re

from records.page_checks import Finding, PageCheck
from tests.unit.api.api_house import House
from tests.unit.api.arranging import API, waiting_batch
from tests.unit.api.test_uploads import a_scan


def test_a_window_of_the_arrangement_and_its_commands(house: House) -> None:
    batch, pages = waiting_batch(house)
    client, address = house.client("archivist"), f"{API}/batches/{batch}/arrangement"
    told = client.get(address).json()
    assert (told["state"], told["version"], told["documents"], told["total"]) == ("arranging", 0, 1, 4)
    assert [s["page"] for s in told["groups"][0]["sheets"]] == pages

    made = client.post(f"{address}/commands", json={"version": 0, "kind": "split", "pages": [pages[2]]})
    assert made.json() == {"version": 1, "documents": 2, "undo": 1, "redo": 0}
    mark = {"version": 1, "kind": "mark", "pages": [pages[1]], "mark": "blank"}
    assert client.post(f"{address}/commands", json=mark).status_code == 200
    late = client.post(f"{address}/commands", json=mark)
    assert (late.status_code, late.json()["code"]) == (409, "arrange-changed")
    turn = {"version": 2, "kind": "turn", "pages": [pages[0]], "turn": 90}
    assert client.post(f"{address}/commands", json=turn).json()["version"] == 3
    window = client.get(address, params={"limit": 2, "offset": 1}).json()
    assert [(g["number"], g["first"], g["last"], len(g["sheets"])) for g in window["groups"]] == [
        (1, False, True, 1),
        (2, True, False, 1),
    ]
    assert window["marks"] == {"blank": 1, "page": 3}
    undone = client.post(f"{address}/commands", json={"version": 3, "kind": "undo"}).json()
    assert (undone["undo"], undone["redo"]) == (2, 1)

    odd = client.post(f"{address}/commands", json={"version": 4, "kind": "merge", "pages": [pages[0]]})
    assert (odd.status_code, odd.json()["code"]) == (422, "arrange-no-previous")
    assert client.post(f"{address}/confirm", json={"version": 4}).status_code == 202
    assert house.client("archivist").get(f"{API}/batches/{batch}").json()["state"] == "started"


def test_a_page_is_seen_by_who_may_digitize_turned_as_asked(house: House) -> None:
    batch, pages = waiting_batch(house)
    client, address = house.client("archivist"), f"{API}/batches/{batch}/pages/{pages[0]}/image"
    upright = client.get(address)
    assert (upright.status_code, upright.headers["content-type"]) == (200, "image/jpeg")
    assert upright.headers["cache-control"] == "private, no-cache"
    turned = client.get(address, params={"turn": 90})
    assert turned.content != upright.content
    same = client.get(address, headers={"If-None-Match": upright.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert client.get(address, params={"turn": 45}).status_code == 422
    other, _ = waiting_batch(house)
    assert client.get(f"{API}/batches/{other}/pages/{pages[0]}/image").status_code == 404
    assert house.client("reader").get(address).status_code == 403
    assert not house.events("document-read")
    assert client.get(address, params={"size": "screen"}).status_code == 200
    assert [thing for _, thing, _ in house.events("document-read")] == [batch]


def test_the_page_works_without_script(house: House) -> None:
    batch, pages = waiting_batch(house)
    browser, address = house.browser("archivist"), f"/batches/{batch}/arrange"
    shown = browser.get(address)
    assert shown.status_code == 200 and "Tách tài liệu tại trang 2" in shown.text
    assert "Lô đang chờ sắp xếp" in browser.get(f"/batches/{batch}").text
    signed = {"csrf": browser.headers["X-CSRF-Token"], "offset": "0"}

    def press(button: str, version: int, **more: object):
        fields = {**signed, "version": str(version), "do": button, **more}
        return browser.post(address, data=fields, follow_redirects=False)

    split = press(f"split:{pages[1]}", 0)
    assert (split.status_code, split.headers["location"]) == (303, f"{address}#p-{pages[1]}")
    assert press("left", 1, page=[pages[2], pages[3]]).status_code == 303
    assert press("move", 2, page=[pages[3]], where="before", to="1").status_code == 303
    stale = press("undo", 1)
    assert stale.status_code == 409 and "vừa được người khác sắp xếp" in stale.text
    assert press("undo", 3).status_code == 303
    nothing = press("blank", 4)
    assert nothing.status_code == 422 and 'role="alert"' in nothing.text
    told = browser.get(f"{API}/batches/{batch}/arrangement").json()
    assert [[s["rotation"] for s in g["sheets"]] for g in told["groups"]] == [[0], [0, 270, 270]]

    asked = press("rescan", 4, page=[pages[0]], reason="mờ")
    assert asked.headers["location"].endswith("#rescans")
    waits = browser.get(address).text
    ticket = re.search(rf"/batches/{batch}/rescans/([0-9a-f]+)/file", waits)
    assert ticket and "Phiếu quét lại chưa xong (1)" in waits
    refused = browser.post(f"{address}/confirm", data={**signed, "version": "4"})
    assert refused.status_code == 409 and "phiếu quét lại chưa xong" in refused.text
    sent = browser.post(ticket[0], data=signed, files={"file": ("moi.png", a_scan())}, follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (303, address)
    assert "Đã thay bằng bản quét lại" in browser.get(address).text
    done = browser.post(f"{address}/confirm", data={**signed, "version": "6"}, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, f"/batches/{batch}")
    assert "Mở lại việc sắp xếp" in browser.get(address).text
    reopened = browser.post(f"{address}/reopen", data=signed, follow_redirects=False)
    assert reopened.headers["location"] == address


def test_what_was_found_on_a_page_is_seen_where_it_is_arranged(house: House) -> None:
    batch, pages = waiting_batch(house)
    found = {pages[1]: [PageCheck(Finding.BLURRED, 0.9)], pages[2]: [PageCheck(Finding.TOO_LIGHT, 0.1)]}
    with house.tools.work.begin() as tx:
        tx.page_checks.add(found)
    told = house.client("archivist").get(f"{API}/batches/{batch}/arrangement").json()
    sheets = {s["page"]: [f["finding"] for f in s["flags"]] for g in told["groups"] for s in g["sheets"]}
    # the small drawn pages are of too few dots an inch besides; a doubt below one half is not told
    assert [sheets[page] for page in pages[1:3]] == [["low-dpi", "blurred"], ["low-dpi"]]
    page = house.browser("archivist").get(f"/batches/{batch}/arrange").text
    assert page.count("ảnh mờ, nét chữ nhòe") == 1 and page.count('data-testid="flag"') == 1 + len(pages)
