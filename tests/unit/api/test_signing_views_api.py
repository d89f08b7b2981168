"""Seen before it is signed, over HTTP: place and pages of a paper, what was seen is signed, one paper at once."""

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageChops

from boot.papers import key_facts
from procedures.sign_papers import order_of
from signing.page_picture import page_png
from tests.cases.desk_keys import Desks, make_desks
from tests.cases.papers import Paper, a_paper
from tests.cases.sealing import a_pdf
from tests.unit.api.api_house import House

API = "/api/v1/signing-batches"
ONE = "/api/v1/signatures"
BOX = {"page": 1, "x0": 0.1, "y0": 0.1, "x1": 0.7, "y1": 0.4}


@pytest.fixture(scope="module")
def desks(filled: tuple[Path, object], tmp_path_factory: pytest.TempPathFactory) -> Desks:
    return make_desks(filled[0] / "keys", tmp_path_factory.mktemp("desks") / "keys")


@pytest.fixture
def house(make_house: Callable[..., House], desks: Desks) -> House:
    return make_house(keys=desks.folder, signing_keys=lambda: key_facts(desks.folder))


@pytest.fixture
def clerk(house: House) -> TestClient:
    return house.client("clerk")


def opened(client: TestClient, *paths: Path, **order: Any) -> tuple[str, list[dict[str, Any]]]:
    made = client.post(API, json={"profile": "copy", "key": "con-dau", **order})
    assert made.status_code == 201, made.text
    papers = []
    for path in paths:
        sent = client.post(
            f"{API}/{made.json()['id']}/papers",
            files={"file": (path.name, path.read_bytes(), "application/pdf")},
            headers={"Idempotency-Key": path.name},
        )
        assert sent.status_code == 201, sent.text
        papers.append(sent.json())
    return made.json()["id"], papers


def test_a_person_chooses_where_one_paper_is_marked(house: House, clerk: TestClient, tmp_path: Path) -> None:
    batch, (one, two) = opened(
        clerk,
        a_paper(tmp_path / "1.pdf", Paper(again="yes")),
        a_paper(tmp_path / "2.pdf", Paper(name="Lê Văn Cường")),
    )
    at = f"{API}/{batch}/papers/{one['id']}/place"
    found = clerk.get(at).json()
    assert (found["how"], found["page_count"], found["code"]) == ("corner", 2, "")
    assert [round(page["height_mm"]) for page in found["pages"]] == [297, 297]
    chosen = clerk.put(at, json=BOX)
    assert (chosen.status_code, chosen.json()["how"]) == (200, "chosen"), chosen.text
    place = chosen.json()["place"]
    assert BOX["x0"] <= place["x0"] < place["x1"] <= BOX["x1"] and place["page"] == 1
    assert clerk.get(at).json() == chosen.json()
    assert clerk.get(f"{API}/{batch}/papers/{two['id']}/place").json()["how"] == "corner"
    with house.tools.work.reading() as tx:
        order = order_of(tx.signings.batch(batch), tx.signings.paper(one["id"]))
    assert dict(order.options)["place"] == "1 0.1 0.1 0.7 0.4"
    assert clerk.delete(at).json()["how"] == "corner"
    assert house.events("paper-placed") == [(house.seeded.accounts["clerk"], one["id"], "done")] * 2


@pytest.mark.parametrize(
    ("box", "code"),
    [
        ({**BOX, "page": 9}, "page-unknown"),
        ({**BOX, "page": 0}, "place-wrong"),
        ({**BOX, "x1": 0.1}, "place-wrong"),
        ({**BOX, "x1": 0.12, "y1": 0.11}, "place-too-small"),
        ({**BOX, "x1": 1.5}, "invalid-input"),
        ({**BOX, "x1": "NaN"}, "invalid-input"),
        ({"page": 1}, "invalid-input"),
    ],
)
def test_a_place_that_would_be_refused_is_refused_now(
    clerk: TestClient, tmp_path: Path, box: dict[str, Any], code: str
) -> None:
    batch, (paper,) = opened(clerk, a_pdf(tmp_path / "a.pdf"))
    at = f"{API}/{batch}/papers/{paper['id']}/place"
    before = clerk.get(at).json()
    refused = clerk.put(at, json=box)
    assert (refused.status_code, refused.json()["code"]) == (422, code), refused.text
    assert refused.json()["detail"]
    assert clerk.get(at).json() == before


def test_no_place_is_moved_once_the_engine_signs(clerk: TestClient, tmp_path: Path) -> None:
    batch, (paper,) = opened(clerk, a_pdf(tmp_path / "a.pdf"))
    clerk.post(f"{API}/{batch}/start")
    for method, body in (("PUT", BOX), ("DELETE", None)):
        late = clerk.request(method, f"{API}/{batch}/papers/{paper['id']}/place", json=body)
        assert (late.status_code, late.json()["code"]) == (409, "place-too-late")


def test_a_paper_without_room_says_so_and_a_box_heals_it(house: House, tmp_path: Path) -> None:
    official = house.client("official")
    batch, (paper,) = opened(official, a_pdf(tmp_path / "a.pdf"), profile="official", key="ba-man")
    at = f"{API}/{batch}/papers/{paper['id']}"
    told = official.get(f"{at}/place").json()
    assert (told["how"], told["code"], told["place"]) == ("refused", "place-needed", None) and told["tell"]
    refused = official.get(f"{at}/pages/1.png", params={"with_mark": True})
    assert (refused.status_code, refused.json()["code"]) == (422, "place-needed")
    assert official.put(f"{at}/place", json=BOX).json()["how"] == "chosen"
    assert official.get(f"{at}/pages/1.png", params={"with_mark": True}).status_code == 200


def test_a_page_is_drawn_from_the_very_bytes(clerk: TestClient, tmp_path: Path) -> None:
    path = a_paper(tmp_path / "a.pdf", Paper())
    batch, (paper,) = opened(clerk, path)
    at = f"{API}/{batch}/papers/{paper['id']}/pages"
    page = clerk.get(f"{at}/1.png", params={"width": 700})
    assert (page.status_code, page.headers["content-type"]) == (200, "image/png")
    assert page.headers["vanthu-source-sha256"] == paper["sha256"]
    assert page.headers["cache-control"] == "private, no-cache"
    assert page.content == page_png(path, 1, 700)
    tag = {"If-None-Match": page.headers["etag"]}
    assert clerk.get(f"{at}/1.png", params={"width": 700}, headers=tag).status_code == 304
    assert clerk.get(f"{at}/1.png", params={"width": 701}, headers=tag).status_code == 200
    marked = clerk.get(f"{at}/1.png", params={"width": 700, "with_mark": True})
    assert "etag" not in marked.headers and marked.headers["cache-control"] == "private, no-store"
    one, other = (Image.open(io.BytesIO(answer.content)) for answer in (page, marked))
    ink = ImageChops.difference(one, other).getbbox()
    place = clerk.get(f"{API}/{batch}/papers/{paper['id']}/place").json()["place"]
    assert ink is not None
    assert place["x0"] * one.width - 2 <= ink[0] < ink[2] <= place["x1"] * one.width + 2
    assert place["y0"] * one.height - 2 <= ink[1] < ink[3] <= place["y1"] * one.height + 2
    for number, width, status in (
        ("2", 700, 404),
        ("0", 700, 404),
        ("x", 700, 404),
        ("1", 63, 422),
        ("1", 9999, 422),
    ):
        assert clerk.get(f"{at}/{number}.png", params={"width": width}).status_code == status


def test_only_what_was_seen_is_started(house: House, clerk: TestClient, tmp_path: Path) -> None:
    batch, (one, two) = opened(clerk, a_pdf(tmp_path / "1.pdf"), a_pdf(tmp_path / "2.pdf", words="Khac"))
    right = {one["id"]: one["sha256"].upper(), two["id"]: two["sha256"]}
    for seen in (
        {},
        {one["id"]: one["sha256"]},
        {**right, two["id"]: one["sha256"]},
        {**right, "no-such": "0" * 64},
        {one["id"]: one["sha256"], "no-such": two["sha256"]},
    ):
        refused = clerk.post(f"{API}/{batch}/start", json={"seen": seen})
        assert (refused.status_code, refused.json()["code"]) == (409, "revision-changed"), seen
        assert clerk.get(f"{API}/{batch}").json()["state"] == "open"
    assert clerk.post(f"{API}/{batch}/start", json={"seen": 1}).status_code == 422
    assert clerk.post(f"{API}/{batch}/start", json={"seen": right}).json()["state"] == "running"
    assert len(house.events("signing-batch-started")) == 1


# --- one paper at once


def sign_one(client: TestClient, path: Path, once: str = "k1", **fields: str):
    return client.post(
        ONE,
        files={"file": (path.name, path.read_bytes(), "application/pdf")},
        data={"profile": "copy", "key": "con-dau", **fields},
        headers={"Idempotency-Key": once} if once else {},
    )


def test_one_paper_is_handed_in_and_started(house: House, clerk: TestClient, tmp_path: Path) -> None:
    path = a_pdf(tmp_path / "a.pdf")
    made = sign_one(clerk, path, visible=json.dumps({"form": "SAO LỤC", "place": BOX}), title="Một bản")
    assert made.status_code == 202, made.text
    batch, paper = made.json()["batch"], made.json()["paper"]
    assert (batch["state"], batch["papers"]["waiting"], paper["state"]) == ("running", 1, "waiting")
    assert clerk.get(f"{API}/{batch['id']}/papers").json() == [paper]
    with house.tools.work.reading() as tx:
        assert tx.signings.batch(batch["id"]).options["form"] == "SAO LỤC"
        assert [one.id for one in tx.signings.unfinished()] == [batch["id"]]
        assert tx.intents.older_than(house.tools.clock.now()) == []
    mine = house.seeded.accounts["clerk"]
    assert house.events("paper-received") == [(mine, paper["id"], "done")]
    assert house.events("signing-batch-started") == [(mine, batch["id"], "done")]
    again = sign_one(clerk, path, visible=json.dumps({"form": "SAO LỤC", "place": BOX}), title="Một bản")
    assert (again.status_code, again.json()) == (202, made.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    other = sign_one(clerk, a_pdf(tmp_path / "a.pdf", words="Khac"), title="Một bản")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-conflict")
    assert clerk.get(API).json()["total"] == 1


@pytest.mark.parametrize(
    ("role", "fields", "status", "code"),
    [
        ("clerk", {"visible": "{"}, 400, "json-malformed"),
        ("clerk", {"visible": "[]"}, 422, "invalid-input"),
        ("clerk", {"visible": '{"x": 1}'}, 422, "invalid-input"),
        ("clerk", {"visible": json.dumps({"place": {**BOX, "x1": 0.1}})}, 422, "place-wrong"),
        ("clerk", {"nonsense": "1"}, 422, "invalid-input"),
        ("clerk", {"profile": "king"}, 422, "profile-unknown"),
        ("clerk", {"profile": "annex"}, 422, "number-needed"),
        ("clerk", {"profile": "official"}, 403, "not-allowed"),
        ("clerk", {"key": "ba-man"}, 403, "not-allowed"),
        ("official", {"profile": "official", "key": ""}, 422, "key-choice"),
        ("reader", {}, 403, "not-allowed"),
    ],
)
def test_an_order_that_will_not_do_keeps_nothing(
    house: House, tmp_path: Path, role: str, fields: dict[str, str], status: int, code: str
) -> None:
    refused = sign_one(house.client(role), a_pdf(tmp_path / "a.pdf", words=role), **fields)
    assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    assert refused.json()["detail"]
    assert house.events("paper-received") == house.events("signing-batch-opened") == []
    with house.tools.work.reading() as tx:
        assert tx.intents.keys() == set()


def test_a_file_that_will_not_do_opens_no_batch(clerk: TestClient, tmp_path: Path) -> None:
    bad = tmp_path / "a.pdf"
    for data in (b"", b"%PDF-1.7\nrac", b"PK\x03\x04" + b"\0" * 100):
        bad.write_bytes(data)
        assert sign_one(clerk, bad).status_code == 422
    assert sign_one(clerk, a_pdf(tmp_path / "b.pdf"), once="").json()["code"] == "idempotency-key-missing"
    assert clerk.post(ONE, data={"profile": "copy"}, headers={"Idempotency-Key": "k"}).status_code == 400
    assert clerk.get(API).json()["total"] == 0


def test_a_large_paper_passes_the_door(clerk: TestClient, tmp_path: Path) -> None:
    """Larger than what a body of JSON may be; into a batch and at once."""
    path = a_pdf(tmp_path / "a.pdf", words=os.urandom(300_000).hex())
    assert path.stat().st_size > 256 * 1024
    made = sign_one(clerk, path)
    assert made.status_code == 202, made.text
    _, (paper,) = opened(clerk, path)
    assert paper["size"] == path.stat().st_size


def test_one_paper_for_a_device_waits_at_the_desk(house: House, tmp_path: Path) -> None:
    made = sign_one(house.client("official"), a_pdf(tmp_path / "a.pdf"), profile="official", key="ba-man-ec")
    assert (made.status_code, made.json()["batch"]["state"]) == (202, "desk")
