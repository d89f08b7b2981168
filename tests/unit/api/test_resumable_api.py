"""Files in pieces: the offset is what is durable, whole means received, and a repeat changes nothing."""

import hashlib
import os
from base64 import b64encode
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from ingest.resumable import Announced, UploadShelf
from records.clock import FixedClock, SystemClock
from tests.unit.api.api_house import House
from tests.unit.api.test_uploads import a_scan

API = "/api/v1"
TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def batch(house: House) -> str:
    return house.client("archivist").post(f"{API}/batches", json={"title": "Hộp 13"}).json()["id"]


def told(data: bytes, name: str = "tờ 1.png", sha256: str = "", key: str = "") -> dict[str, str]:
    names = {
        "filename": name,
        "relative_path": f"hs1/{name}",
        "sha256": sha256 or hashlib.sha256(data).hexdigest(),
    }
    return {
        **TUS,
        "Upload-Length": str(len(data)),
        "Upload-Metadata": ",".join(f"{k} {b64encode(v.encode()).decode()}" for k, v in names.items()),
        **({"Idempotency-Key": key} if key else {}),
    }


def announce(client: TestClient, batch: str, data: bytes, **more: str) -> Response:
    return client.post(f"{API}/batches/{batch}/uploads", headers=told(data, **more))


def send(client: TestClient, place: str, data: bytes, at: int, **headers: str) -> Response:
    return client.patch(place, content=data, headers={**BYTES, "Upload-Offset": str(at), **headers})


def test_a_file_in_three_pieces(house: House, batch: str) -> None:
    client, data = house.client("archivist"), a_scan()
    made = announce(client, batch, data)
    assert (made.status_code, made.headers["upload-offset"]) == (201, "0")
    assert made.headers["tus-resumable"] == "1.0.0" and "upload-expires" in made.headers
    place = made.headers["location"]
    third = len(data) // 3
    for at in (0, third):
        answer = send(client, place, data[at : at + third], at)
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(at + third))
    assert client.get(f"{API}/batches/{batch}/files").json() == []
    asked = client.head(place, headers=TUS)
    assert (asked.status_code, asked.headers["upload-offset"]) == (200, str(2 * third))
    assert asked.headers["upload-length"] == str(len(data)) and asked.headers["cache-control"] == "no-store"
    last = send(client, place, data[2 * third :], 2 * third)
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(data)))
    found = client.get(place).json()
    assert found["state"] == "received" and found["receipt"]["sha256"] == hashlib.sha256(data).hexdigest()
    [file] = client.get(f"{API}/batches/{batch}/files").json()
    assert (file["relative_path"], file["id"]) == ("hs1/tờ 1.png", found["receipt"]["file_id"])
    assert not any((house.tools.data_dir / "uploads" / batch).iterdir())
    # announced again, asked again: the same upload, the same receipt, no second file
    again = announce(client, batch, data)
    assert again.json()["receipt"] == found["receipt"] and again.headers["location"] == place
    assert client.head(place, headers=TUS).headers["upload-offset"] == str(len(data))
    assert len(client.get(f"{API}/batches/{batch}/files").json()) == 1
    assert len(house.events("file-received")) == 1


def test_announced_with_its_bytes(house: House, batch: str) -> None:
    client, data = house.client("archivist"), a_scan()
    address = f"{API}/batches/{batch}/uploads"
    begun = announce(client, batch, data)
    assert send(client, begun.headers["location"], data[:100], 0).status_code == 204
    for _ in range(2):  # what is here is skipped, and a received one is only told of
        answer = client.post(address, content=data, headers={**told(data), **BYTES})
        assert (answer.status_code, answer.json()["state"]) == (201, "received"), answer.text
    assert len(client.get(f"{API}/batches/{batch}/files").json()) == 1


def test_pieces_that_do_not_fit(house: House, batch: str) -> None:
    client, data = house.client("archivist"), a_scan()
    place = announce(client, batch, data).headers["location"]
    assert send(client, place, data[:50], 0).status_code == 204
    wrong = send(client, place, data[40:], 40)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "upload-offset")
    bad = send(client, place, data[50:90], 50, **{"Upload-Checksum": f"sha1 {b64encode(b'x' * 20).decode()}"})
    assert (bad.status_code, bad.json()["code"]) == (460, "checksum-mismatch")
    long = send(client, place, data[50:] + b"x", 50)
    assert (long.status_code, long.json()["code"]) == (413, "upload-too-long")
    assert client.head(place, headers=TUS).headers["upload-offset"] == "50"
    good = b64encode(hashlib.sha256(data[50:]).digest()).decode()
    assert send(client, place, data[50:], 50, **{"Upload-Checksum": f"sha256 {good}"}).status_code == 204
    over = send(client, place, b"x", len(data))
    assert (over.status_code, over.json()["code"]) == (409, "upload-offset")


def test_a_file_that_is_not_what_was_announced_is_sent_anew(house: House, batch: str) -> None:
    client, data = house.client("archivist"), a_scan()
    wrong = hashlib.sha256(b"khac").hexdigest()
    place = announce(client, batch, data, sha256=wrong).headers["location"]
    answer = send(client, place, data, 0)
    assert (answer.status_code, answer.json()["code"]) == (422, "digest-mismatch")
    assert client.head(place, headers=TUS).status_code == 404
    assert client.get(f"{API}/batches/{batch}/files").json() == []


def test_a_refused_file_is_kept_with_its_reason(house: House, batch: str) -> None:
    client, data = house.client("archivist"), b"MZ\x90\x00" * 500
    place = announce(client, batch, data, name="x.pdf").headers["location"]
    answer = send(client, place, data, 0)
    assert (answer.status_code, answer.json()["code"]) == (422, "file-type-unsupported")
    found = client.get(place).json()
    assert (found["state"], found["code"]) == ("refused", "file-type-unsupported") and "x.pdf" in found[
        "tell"
    ]
    assert announce(client, batch, data, name="x.pdf").status_code == 422
    [file] = client.get(f"{API}/batches/{batch}/files").json()
    assert file["state"] == "refused"
    empty = announce(client, batch, b"", name="rong.pdf")
    assert (empty.status_code, empty.json()["code"]) == (422, "file-empty")


def test_one_key_is_one_file(house: House, batch: str) -> None:
    client, data, other = house.client("archivist"), a_scan(), a_scan(200)
    place = announce(client, batch, other, key="k").headers["location"]
    assert send(client, place, other[:60], 0).status_code == 204
    changed = announce(client, batch, data, key="k")  # half of another file was promised to nobody
    assert (changed.headers["location"], changed.headers["upload-offset"]) == (place, "0")
    assert send(client, place, data, 0).status_code == 204
    clash = announce(client, batch, other, key="k")
    assert (clash.status_code, clash.json()["code"]) == (409, "idempotency-conflict")


def test_no_start_over_half_a_file(house: House, batch: str) -> None:
    client, data = house.client("archivist"), a_scan()
    client.post(f"{API}/batches/{batch}/uploads", content=data, headers={**told(data), **BYTES})
    rest = a_scan(90)
    place = announce(client, batch, rest, name="tờ 2.png").headers["location"]
    refused = client.post(f"{API}/batches/{batch}/start")
    assert (refused.status_code, refused.json()["code"]) == (409, "uploads-unfinished")
    assert "tờ 2.png" in refused.json()["detail"]
    assert [u["name"] for u in client.get(f"{API}/batches/{batch}/uploads").json()] == ["tờ 2.png"]
    page = client.get(f"/batches/{batch}", headers={"accept": "text/html"}).text
    assert "1 tệp đang tải dở" in page and "hs1/tờ 2.png" in page
    assert client.delete(place, headers=TUS).status_code == 204
    assert client.delete(place, headers=TUS).status_code == 404
    assert client.post(f"{API}/batches/{batch}/start").status_code == 202
    late = announce(client, batch, rest, name="tờ 3.png")
    assert (late.status_code, late.json()["code"]) == (409, "batch-started")


def test_requests_that_are_not_the_protocol(house: House, batch: str) -> None:
    client, data = house.client("archivist"), a_scan()
    address = f"{API}/batches/{batch}/uploads"
    abilities = client.options(address)
    assert "checksum" in abilities.headers["tus-extension"] and abilities.headers["tus-version"] == "1.0.0"
    without = client.post(address, headers={k: v for k, v in told(data).items() if k != "Tus-Resumable"})
    assert (without.status_code, without.headers["tus-version"]) == (412, "1.0.0")
    for name, value in (
        ("Upload-Length", "-1"), ("Upload-Length", "viel"), ("Upload-Defer-Length", "1"),
        ("Upload-Metadata", "filename ###"), ("Upload-Metadata", f"sha256 {b64encode(b'abc').decode()}"),
    ):  # fmt: skip
        answer = client.post(address, headers={**told(data), name: value})
        assert (answer.status_code, answer.json()["code"]) == (400, "upload-malformed"), (name, value)
    large = client.post(address, headers={**told(data), "Upload-Length": str(10**12)})
    assert (large.status_code, large.json()["code"]) == (413, "file-too-large")
    place = announce(client, batch, data).headers["location"]
    assert client.patch(place, content=data, headers=TUS).status_code == 415
    assert client.patch(place, content=data, headers=BYTES).status_code == 400
    hidden = client.post(address, headers=told(data, name="../../etc/passwd"))
    assert (hidden.json()["relative_path"], hidden.json()["name"]) == ("hs1/etc/passwd", "passwd")
    assert client.get(f"{address}/no-such").status_code == 404
    assert house.client("reader").get(place).status_code == 403


def test_bytes_of_a_killed_writer_do_not_count(house: House) -> None:
    shelf = UploadShelf(house.tools.data_dir / "uploads", SystemClock())
    upload = shelf.announce(Announced("b", "k", "a.png", "a.png", 100))
    with shelf.writing(upload) as pen:
        pen.write(b"x" * 40)
        pen.keep()
        pen.write(b"y" * 30)  # and dies here: written, never forced to disk
    assert os.stat(upload.folder / "data").st_size == 70
    assert shelf.get("b", upload.folder.name).offset == 40
    with shelf.writing(upload) as pen:
        assert pen.offset == 40
        pen.write(b"z" * 60)
        pen.keep()
    assert b"".join(shelf.get("b", upload.folder.name).chunks()) == b"x" * 40 + b"z" * 60


def test_what_nobody_goes_on_with_goes(house: House) -> None:
    folder = house.tools.data_dir / "uploads"
    shelf = UploadShelf(folder, SystemClock())
    shelf.announce(Announced("b", "k", "a.png", "a.png", 100))
    assert shelf.sweep() == 0
    later = UploadShelf(folder, FixedClock(SystemClock().now() + timedelta(days=8)))
    assert later.sweep() == 1 and not (folder / "b").exists()
