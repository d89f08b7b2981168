"""Papers to be signed over HTTP: whose they are, what is taken in, what is handed out."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.cases.sealing import a_pdf
from tests.unit.api.api_house import House

API = "/api/v1/signing-batches"
PLACE = {"page": -1, "x0": 0.55, "y0": 0.7, "x1": 0.9, "y1": 0.8}


@pytest.fixture
def clerk(house: House) -> TestClient:
    return house.client("clerk")


@pytest.fixture
def batch(clerk: TestClient) -> str:
    made = clerk.post(API, json={"title": "Quyết định tháng 11", "profile": "copy"})
    assert made.status_code == 201, made.text
    assert made.json()["key"] == "con-dau"
    return made.json()["id"]


def give(client: TestClient, batch: str, path: Path, key: str, **headers: str):
    files = {"file": (path.name, path.read_bytes(), "application/pdf")}
    return client.post(f"{API}/{batch}/papers", files=files, headers={"Idempotency-Key": key, **headers})


def test_each_person_is_shown_their_own_keys(house: House) -> None:
    shown = {
        role: [(k["name"], k["profiles"]) for k in house.client(role).get("/api/v1/signing-keys").json()]
        for role in ("clerk", "official")
    }
    assert shown == {
        "clerk": [("con-dau", ["seal", "annex", "copy"])],
        "official": [("ong-an", ["official"])],
    }


@pytest.mark.parametrize(
    ("role", "order", "status", "code"),
    [
        ("clerk", {"profile": "official"}, 403, "not-allowed"),
        ("official", {"profile": "seal"}, 403, "not-allowed"),
        ("clerk", {"profile": "seal", "key": "ong-an"}, 403, "not-allowed"),
        ("clerk", {"profile": "king"}, 422, "profile-unknown"),
        ("clerk", {"profile": "seal", "key": "khong-co"}, 422, "no-key"),
        ("clerk", {"profile": "seal", "level": "B-T"}, 422, "invalid-input"),
        ("official", {"profile": "official"}, 201, None),
        ("clerk", {"profile": "annex"}, 422, "number-needed"),
        ("clerk", {"profile": "annex", "visible": {"number": "05-QĐ/TU"}}, 201, None),
        ("clerk", {"profile": "annex", "visible": {"hidden": True}}, 201, None),
        ("clerk", {"profile": "copy", "visible": {"form": "SAO LỤC", "system": "party"}}, 201, None),
        ("clerk", {"profile": "copy", "visible": {"place": PLACE | {"x1": 1.5}}}, 422, "invalid-input"),
        ("clerk", {"profile": "copy", "visible": {"place": PLACE | {"x1": 0.1}}}, 422, "place-wrong"),
        ("clerk", {"profile": "copy", "visible": {"place": PLACE | {"page": 0}}}, 422, "place-wrong"),
        ("clerk", {"profile": "copy", "visible": {"place": PLACE}}, 201, None),
    ],
)
def test_what_may_be_ordered(
    house: House, role: str, order: dict[str, str], status: int, code: str | None
) -> None:
    answer = house.client(role).post(API, json=order)
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert code is None or answer.json()["title"]


def test_a_paper_is_taken_in_once_and_is_what_will_be_signed(
    house: House, clerk: TestClient, batch: str, tmp_path: Path
) -> None:
    path = a_pdf(tmp_path / "qd.pdf")
    first = give(clerk, batch, path, "k1")
    assert first.status_code == 201, first.text
    again = give(clerk, batch, path, "k1")
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    assert house.events("paper-received") == [(house.seeded.accounts["clerk"], first.json()["id"], "done")]
    source = clerk.get(f"{API}/{batch}/papers/{first.json()['id']}/source")
    assert source.content == path.read_bytes()
    assert source.headers["ETag"] == f'"{first.json()["sha256"]}"'
    assert clerk.get(f"{API}/{batch}/papers").json() == [first.json()]
    assert clerk.get(f"{API}/{batch}").json()["papers"]["waiting"] == 1
    not_signed = clerk.get(f"{API}/{batch}/papers/{first.json()['id']}/pdf")
    assert (not_signed.status_code, not_signed.json()["code"]) == (409, "paper-not-signed")


@pytest.mark.parametrize(
    ("name", "data", "status", "code"),
    [
        ("a.jpg", b"\xff\xd8\xff\xe0" + b"\0" * 50, 422, None),
        ("a.pdf", b"", 422, "file-empty"),
        ("a.pdf", b"%PDF-1.7\nrac", 422, None),
        ("a.docx", b"PK\x03\x04" + b"\0" * 100, 422, None),
    ],
)
def test_what_is_no_sound_pdf_is_refused_and_leaves_nothing(
    clerk: TestClient, batch: str, name: str, data: bytes, status: int, code: str | None, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    answer = give(clerk, batch, path, "k1")
    assert answer.status_code == status, answer.text
    assert code is None or answer.json()["code"] == code
    assert answer.json()["detail"]
    assert clerk.get(f"{API}/{batch}/papers").json() == []


def test_other_bytes_under_a_key_a_twin_and_a_wrong_digest_are_refused(
    clerk: TestClient, batch: str, tmp_path: Path
) -> None:
    one, other = a_pdf(tmp_path / "1.pdf"), a_pdf(tmp_path / "2.pdf", words="Khac")
    assert give(clerk, batch, one, "k1").status_code == 201
    assert give(clerk, batch, other, "k1").json()["code"] == "idempotency-conflict"
    assert give(clerk, batch, one, "k2").json()["code"] == "paper-twice"
    wrong = give(clerk, batch, other, "k3", **{"X-Content-SHA256": "0" * 64})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "digest-mismatch")
    assert len(clerk.get(f"{API}/{batch}/papers").json()) == 1


def test_an_empty_batch_does_not_start_and_a_started_one_takes_no_more(
    house: House, clerk: TestClient, batch: str, tmp_path: Path
) -> None:
    empty = clerk.post(f"{API}/{batch}/start")
    assert (empty.status_code, empty.json()["code"]) == (409, "batch-empty")
    give(clerk, batch, a_pdf(tmp_path / "1.pdf"), "k1")
    assert clerk.post(f"{API}/{batch}/start").json()["state"] == "running"
    assert clerk.post(f"{API}/{batch}/start").status_code == 202
    late = give(clerk, batch, a_pdf(tmp_path / "2.pdf", words="Muon"), "k2")
    assert (late.status_code, late.json()["code"]) == (409, "batch-started")
    assert len(house.events("signing-batch-started")) == 1


def test_a_cancelled_batch_says_so_once(house: House, clerk: TestClient, batch: str, tmp_path: Path) -> None:
    give(clerk, batch, a_pdf(tmp_path / "1.pdf"), "k1")
    clerk.post(f"{API}/{batch}/start")
    for _ in range(2):
        told = clerk.post(f"{API}/{batch}/cancel").json()
        assert (told["state"], told["papers"]["cancelled"]) == ("cancelled", 1)
    assert len(house.events("signing-batch-cancelled")) == 1
    with clerk.stream("GET", f"{API}/{batch}/events") as events:
        assert "event: finished" in "".join(events.iter_text())


def test_another_persons_batch_looks_absent(
    house: House, batch: str, clerk: TestClient, tmp_path: Path
) -> None:
    paper = give(clerk, batch, a_pdf(tmp_path / "1.pdf"), "k1").json()["id"]
    other = house.client("official")
    for method, tail in (
        ("GET", ""),
        ("GET", "/papers"),
        ("POST", "/start"),
        ("POST", "/cancel"),
        ("GET", f"/papers/{paper}/source"),
        ("GET", "/events"),
    ):
        assert other.request(method, f"{API}/{batch}{tail}").status_code == 404, tail
    assert give(other, batch, a_pdf(tmp_path / "2.pdf"), "k9").status_code == 404
    assert other.get(API).json()["total"] == 0
    mine = other.post(API, json={"profile": "official"}).json()["id"]
    assert other.get(f"{API}/{mine}/papers/{paper}/source").status_code == 404  # through a batch of one's own
