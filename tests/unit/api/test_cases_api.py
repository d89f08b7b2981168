"""Cases over HTTP: a request on its way, what waits for whom, drafts drawn and signed for, and who sees nothing."""

import hashlib
from typing import Any

import pytest

from storage.blobs import Unavailable
from storage.book_notes import case_note_key
from tests.unit.api.api_house import House
from tests.unit.api.case_seed import API, Office, enter_office


@pytest.fixture
def office(house: House) -> Office:
    return enter_office(house)


def see(office: Office, role: str, case: dict[str, Any]) -> Any:
    return office.house.client(role).get(f"{API}/cases/{case['id']}")


def test_a_member_opens_and_sees_and_the_branch_finds_it_waiting(office: Office) -> None:
    case = office.open()
    assert (case["state"], case["member_id"], case["title"]) == (
        "draft", office.member, "Chuyển sinh hoạt đảng chính thức",
    )  # fmt: skip
    assert see(office, "official", case).status_code == 200  # a draft may be helped with by the branch
    assert see(office, "clerk", case).status_code == 404  # its turn has not come
    case = office.move("reader", case, "submit")
    listed = office.house.client("official").get(f"{API}/cases").json()
    assert [(one["id"], one["waits"]) for one in listed["items"]] == [(case["id"], ["Tiếp nhận"])]
    own = office.house.client("reader").get(f"{API}/cases", params={"state": "submitted"}).json()
    assert (own["total"], own["items"][0]["waits"]) == (1, ["Rút hồ sơ"])
    assert office.house.client("clerk").get(f"{API}/cases").json()["total"] == 0
    seen = see(office, "official", office.move("official", case, "take")).json()
    assert [move["title"] for move in seen["history"]] == ["Mở hồ sơ", "Gửi chi bộ", "Tiếp nhận"]
    assert {"branch-approve", "return-to-member", "branch-reject"} <= {one["move"] for one in seen["choices"]}
    assert seen["versions"][0]["form"]["full_name"] == "Trần Thị Lan"
    assert (office.house.seeded.accounts["official"], case["id"], "done") in office.house.events("case-read")


def test_an_answer_is_given_once_it_is_written_down_beside_the_stores(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the store is away nobody is told of what was made; the same key gets the answer once it is noted."""
    tools, client = office.house.tools, office.house.client("reader")
    client.headers["Idempotency-Key"] = "mở hồ sơ".encode().hex()
    store = type(tools.blobs)
    whole = store.put_once

    def away(self: object, key: str, *rest: object) -> object:
        return Unavailable("away") if key.startswith("cases/") else whole(self, key, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "put_once", away)
    refused = client.post(f"{API}/cases", json=office.opening)
    assert refused.status_code == 503 and "Retry-After" in refused.headers
    monkeypatch.undo()
    answer = client.post(f"{API}/cases", json=office.opening)
    assert answer.status_code == 201
    with tools.work.reading() as tx:
        assert [row["id"] for row in tx.catalogue.rows("cases")] == [answer.json()["id"]]
        assert tx.objects.get(case_note_key(answer.json()["id"], 1)) is not None


def test_hidden_and_absent_are_the_same_bytes(office: Office) -> None:
    case, client = office.open(), office.house.client("archivist")
    absent = client.get(f"{API}/cases/nothing")
    tails = ("", "/papers/1/pdf")
    assert {client.get(f"{API}/cases/{case['id']}{tail}").content for tail in tails} == {absent.content}
    moved = client.post(f"{API}/cases/{case['id']}/moves", json={"move": "submit", "revision": 1})
    assert (moved.status_code, moved.content) == (404, absent.content)
    unsigned = office.house.client("clerk").post(
        f"{API}/cases/{case['id']}/signings", json={"move": "branch-approve", "revision": 1}
    )
    assert (unsigned.status_code, unsigned.content) == (404, absent.content)


def test_what_is_wrong_is_told_and_changes_nothing(office: Office) -> None:
    reader, case = office.house.client("reader"), office.open()
    moves = f"{API}/cases/{case['id']}/moves"

    def told(address: str, body: dict[str, Any], role: str = "reader") -> tuple[int, str]:
        answer = office.house.client(role).post(address, json=body)
        return answer.status_code, answer.json()["code"]

    submit = {"move": "submit", "revision": 1}
    assert told(moves, {**submit, "revision": 7}) == (409, "case-moved")
    assert told(moves, {**submit, "move": "no-such"}) == (422, "move-unknown")
    assert told(moves, {**submit, "move": "take"}, "official") == (409, "move-not-now")
    assert told(moves, {**submit, "values": {"birth_date": "31/02/1985"}}) == (422, "form-unfit")
    assert told(moves, {**submit, "values": {"card_number": "123456789"}}) == (422, "form-unfit")
    assert told(moves, {**submit, "surprise": 1}) == (422, "invalid-input")
    wrong = {**office.opening, "bodies": {**office.opening["bodies"], "sending-base": ["far"]}}
    assert told(f"{API}/cases", wrong) == (422, "not-of-this-unit")
    assert told(f"{API}/cases", {**office.opening, "procedure": "no-such"}) == (404, "not-found")
    other = {**office.opening, "member_id": office.member}
    assert told(f"{API}/cases", other, "archivist") == (403, "move-not-yours")
    assert see(office, "reader", case).json()["revision"] == 1
    assert reader.get(f"{API}/cases").json()["total"] == 1
    denied = [event for event in office.house.events("case-move-refused") if event[2] == "denied"]
    assert len(denied) == 1


def test_the_paper_to_be_signed_is_drawn_kept_and_bound_to_what_was_seen(office: Office) -> None:
    case = office.in_review()
    client = office.house.client("official")
    body = {"move": "branch-approve", "revision": case["revision"], "comment": "Đồng ý"}
    ordered = client.post(f"{API}/cases/{case['id']}/signings", json=body)
    assert ordered.status_code == 201, ordered.text
    batch, paper = ordered.json()["batch"], ordered.json()["paper"]
    assert (batch["profile"], batch["key"], batch["state"]) == ("hop", "ong-an", "open")
    shown = client.get(f"{API}/signing-batches/{batch['id']}/papers/{paper['id']}/source").content
    assert shown[:5] == b"%PDF-" and hashlib.sha256(shown).hexdigest() == paper["sha256"]
    at = f"{API}/signing-batches/{batch['id']}/papers/{paper['id']}/place"
    elsewhere = client.put(at, json={"page": 1, "x0": 0.1, "y0": 0.1, "x1": 0.4, "y1": 0.3})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "place-fixed")
    loose = client.post(f"{API}/signing-batches", json={"profile": "hop", "title": "Ký rời"})
    assert (loose.status_code, loose.json()["code"]) == (422, "box-of-a-case")
    moves = f"{API}/cases/{case['id']}/moves"
    early = client.post(moves, json={**body, "signings": [paper["id"]]})
    assert (early.status_code, early.json()["code"]) == (409, "paper-not-signed")
    none = client.post(moves, json=body)
    assert (none.status_code, none.json()["code"]) == (422, "not-signed")
    changed = client.post(moves, json={**body, "paper_sha256": "0" * 64})
    assert (changed.status_code, changed.json()["code"]) == (409, "revision-changed")
    nothing = client.post(f"{API}/cases/{case['id']}/signings", json={**body, "move": "return-to-member"})
    assert (nothing.status_code, nothing.json()["code"]) == (422, "nothing-to-sign")
    assert see(office, "official", case).json()["state"] == "branch-review"


def test_on_paper_the_same_states_and_no_file(office: Office) -> None:
    case = office.in_review()
    moved = office.move("official", case, "branch-approve", channel="paper", scan_document_id="quet-1")
    assert (moved["state"], moved["papers"][0]["sha256"]) == ("branch-approved", "")
    answer = office.house.client("official").get(f"{API}/cases/{case['id']}/papers/1/pdf")
    assert answer.status_code == 404


def test_units_for_a_form(office: Office) -> None:
    client = office.house.client("reader")
    bases = client.get(f"{API}/units", params={"level": "base"}).json()
    assert {one["id"] for one in bases} == {"base", "far"}
    under = client.get(f"{API}/units", params={"under": "base"}).json()
    assert [one["name"] for one in under] == ["Chi bộ Tổ Toán", "Chi bộ Tổ Văn"]
    assert client.get(f"{API}/units", params={"under": "no-such"}).status_code == 404
