"""Handing files in: receipts that can be relied on, repeats that change nothing, names that go nowhere."""

import hashlib
import io
import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from api.tools import Limits
from tests.unit.api.api_house import House

API = "/api/v1"


def a_scan(shade: int = 255) -> bytes:
    out = io.BytesIO()
    Image.new("L", (600, 800), shade).save(out, "PNG", dpi=(150, 150))
    return out.getvalue()


@pytest.fixture
def batch(house: House) -> str:
    return (
        house.client("archivist")
        .post(f"{API}/batches", json={"title": "Hộp 13", "dossier": "12-03"})
        .json()["id"]
    )


def send(
    house: House, batch: str, data: bytes, key: str | None = "k1", name: str = "tờ 1.png", **fields: str
):
    headers = {} if key is None else {"Idempotency-Key": key}
    return house.client("archivist").post(
        f"{API}/batches/{batch}/files",
        files={"file": (name, data, "image/png")},
        data=fields,
        headers=headers,
    )


def test_a_receipt_tells_what_was_kept(house: House, batch: str) -> None:
    data = a_scan()
    answer = send(house, batch, data)
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    assert receipt["sha256"] == hashlib.sha256(data).hexdigest()
    assert receipt["size"] == len(data) and receipt["audit_seq"] > 0
    kept = house.client("archivist").get(f"{API}/batches/{batch}/files").json()
    assert [f["id"] for f in kept] == [receipt["file_id"]]
    assert not list((house.tools.data_dir / "cache" / "incoming").iterdir())


def test_the_same_key_gives_the_same_receipt(house: House, batch: str) -> None:
    first, again = send(house, batch, a_scan()), send(house, batch, a_scan())
    assert again.status_code == 201 and again.headers["idempotency-replayed"] == "true"
    assert again.content == first.content
    assert again.json()["file_id"] == first.json()["file_id"]
    other = send(house, batch, a_scan(200))
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-conflict")
    assert len(house.client("archivist").get(f"{API}/batches/{batch}/files").json()) == 1


@pytest.mark.parametrize("key", [None, "", "a" * 201, "khóa", "a\tb"])
def test_a_key_is_needed(house: House, batch: str, key: str | None) -> None:
    headers = [] if key is None else [(b"idempotency-key", key.encode())]
    answer = house.client("archivist").post(
        f"{API}/batches/{batch}/files", files={"file": ("a.png", a_scan())}, headers=headers
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-missing")


def test_a_declared_hash_is_checked(house: House, batch: str) -> None:
    data = a_scan()
    right = b64encode(hashlib.sha256(data).digest()).decode()
    for header, status in ((f"sha-256=:{right}:", 201), ("sha-256=:AAAA:", 422), ("sha-256=:%%:", 422)):
        answer = house.client("archivist").post(
            f"{API}/batches/{batch}/files",
            files={"file": ("a.png", data)},
            headers={"Idempotency-Key": header[-30:].strip(), "Content-Digest": header},
        )
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "file-empty"), (b"x", "file-truncated"), (b"MZ\x90\x00" * 500, "file-type-unsupported")],
)
def test_a_refused_file_is_told_and_kept_in_the_list(
    house: House, batch: str, data: bytes, code: str
) -> None:
    answer = send(house, batch, data)
    assert 400 <= answer.status_code < 500
    assert answer.json()["code"] == code and "tờ 1.png" in answer.json()["detail"]
    files = house.client("archivist").get(f"{API}/batches/{batch}/files").json()
    assert [(f["state"], f["code"]) for f in files] == [("refused", code)]


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd",
        "..\\..\\x.png",
        "/absolute.png",
        "C:\\scan\\1.png",
        "a" * 300 + ".png",
        "\u202egnp.exe.png",
        "Quyê\u0301t đi\u0323nh.png",
        "🗂️.png",
        "-rf.png",
        "CON",
        " ",
        'a"b.png',
        "tab\tnew\nline.png",
        "%00.png",
        "....//....//x.png",
    ],
    ids=range(15),
)
def test_names_are_only_shown_and_never_a_path(house: House, batch: str, name: str) -> None:
    answer = send(house, batch, a_scan(), name=name, relative_path=name)
    assert answer.status_code == 201, answer.text
    (file,) = house.client("archivist").get(f"{API}/batches/{batch}/files").json()
    for shown in (file["name"], file["relative_path"]):
        assert shown and not shown.startswith("/") and ".." not in shown.split("/")
        assert len(shown) <= 300 and "\u202e" not in shown and "\n" not in shown
    assert list(house.tools.data_dir.parent.rglob("*passwd*")) == []
    page = house.client("archivist").get(f"/batches/{batch}", headers={"accept": "text/html"})
    assert page.status_code == 200


FORM = "multipart/form-data; boundary=b"


def raw(house: House, batch: str, body: bytes, content_type: str = FORM):
    return house.client("archivist").post(
        f"{API}/batches/{batch}/files",
        content=body,
        headers={"content-type": content_type, "idempotency-key": "k"},
    )


PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (PART + b"x\r\n--b--\r\n", "multipart/form-data"),
        (PART + b"x\r\n--b--\r\n", "text/plain"),
        (PART + b"x\r\n--b--\r\n", "multipart/form-data; boundary="),
        (b"", FORM),
        (b"no boundary here", FORM),
        (PART + b"cut off", FORM),
        (b"--b\r\n\r\nx\r\n--b--\r\n", FORM),
        (
            b'--b\r\nContent-Disposition: attachment; name="file"\r\n\r\nx\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
        ),
        (b"--b\r\nX: " + b"h" * 100_000 + b"\r\n\r\nx\r\n--b--\r\n", FORM),
        (b"--b\r\n: \r\n\r\nx\r\n--b--\r\n", FORM),
        (
            b'--b\r\nContent-Disposition: form-data; name="t"\r\n\r\n' + b"x" * 70_000 + b"\r\n--b--",
            "multipart/form-data; boundary=b",
        ),
        (PART + b"x\r\n" + PART + b"y\r\n--b--\r\n", FORM),
        (
            b'--b\r\nContent-Disposition: form-data; name="t"\r\n\r\nx\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
        ),
        (PART.replace(b"a.png", b"a.png\x00\xff") * 5000, FORM),
    ],
    ids=range(14),
)
def test_a_malformed_body_is_refused_whole(house: House, batch: str, body: bytes, kind: str) -> None:
    answer = raw(house, batch, body, kind)
    assert (answer.status_code, answer.json()["code"]) == (400, "multipart-malformed"), answer.text
    assert house.client("archivist").get(f"{API}/batches/{batch}/files").json() == []
    assert not list((house.tools.data_dir / "cache" / "incoming").glob("*"))


def test_100_000_parts_are_stopped_early(house: House, batch: str) -> None:
    field = b'--b\r\nContent-Disposition: form-data; name="t"\r\n\r\nx\r\n'
    assert raw(house, batch, field * 100_000).status_code == 400


def test_a_file_over_the_cap_is_stopped_at_the_first_byte_too_many(make_house: Callable[..., House]) -> None:
    house = make_house(Limits(max_upload_bytes=100_000))
    batch = house.client("archivist").post(f"{API}/batches", json={}).json()["id"]
    answer = send(house, batch, b"x" * 100_001)
    assert (answer.status_code, answer.json()["code"]) == (413, "file-too-large")
    endless = (PART, *[b"y" * 60_000] * 3)
    answer = house.client("archivist").post(
        f"{API}/batches/{batch}/files",
        content=iter(endless),
        headers={"content-type": "multipart/form-data; boundary=b", "idempotency-key": "k"},
    )
    assert answer.status_code == 413
    assert not list((house.tools.data_dir / "cache" / "incoming").glob("*"))


def test_a_browser_may_send_its_token_as_a_field(house: House) -> None:
    browser = house.browser("archivist")
    batch = browser.post(f"{API}/batches", json={}).json()["id"]
    token = browser.headers.pop("X-CSRF-Token")
    where, files = f"{API}/batches/{batch}/files", {"file": ("a.png", a_scan())}
    keyed = {"Idempotency-Key": "k"}
    assert browser.post(where, files=files, headers=keyed).status_code == 403
    assert browser.post(where, files=files, data={"csrf": "wrong"}, headers=keyed).status_code == 403
    assert browser.post(where, files=files, data={"csrf": token}, headers=keyed).status_code == 201


def test_starting_is_one_event_and_closes_the_batch(house: House, batch: str) -> None:
    client = house.client("archivist")
    empty = client.post(f"{API}/batches/{batch}/start")
    assert (empty.status_code, empty.json()["code"]) == (409, "batch-empty")
    first = send(house, batch, a_scan()).json()
    for _ in range(2):
        assert client.post(f"{API}/batches/{batch}/start").json()["state"] == "started"
    assert [event for event in house.events("batch-started") if event[1] == batch] == [
        (house.seeded.accounts["archivist"], batch, "done")
    ]
    assert send(house, batch, a_scan(9), key="k2").status_code == 409
    assert send(house, batch, a_scan()).json()["file_id"] == first["file_id"]


def test_the_plain_form_works_without_script(house: House) -> None:
    browser = house.browser("archivist")
    csrf = {"csrf": browser.headers.pop("X-CSRF-Token")}
    made = browser.post("/batches", data={**csrf, "title": "Hộp 14"}, follow_redirects=False)
    where = made.headers["location"]
    files = [("file", ("1.png", a_scan())), ("file", ("2.png", a_scan(90))), ("file", ("hỏng.png", b"x"))]
    page = browser.post(f"{where}/files", data=csrf, files=files)
    assert page.status_code == 200 and "hỏng.png" in page.text and "2.png" in page.text
    assert "Cần xem lại (1)" in page.text
    started = browser.post(f"{where}/start", data=csrf)
    assert started.status_code == 200 and "Đang xử lý" in started.text
    assert browser.post(f"{where}/files", files=files).status_code == 403


def test_watching_tells_the_state_and_ends_when_finished(house: House) -> None:
    batch = house.seeded.ids["batch"]
    headers = {"Last-Event-ID": "no number"}
    with house.client("archivist").stream("GET", f"{API}/batches/{batch}/events", headers=headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = list(stream.iter_lines())
    assert "event: finished" in lines
    told = json.loads(next(line for line in lines if line.startswith("data: "))[6:])
    assert told["state"] == "finished" and told["progress"]["documents_archived"] == 2


def test_left_over_temporary_files_go_away_at_the_next_start(
    make_house: Callable[..., House], tmp_path: Path
) -> None:
    house = make_house()
    folder = house.tools.data_dir / "cache" / "incoming"
    folder.mkdir(parents=True)
    (folder / "incoming-left").write_bytes(b"x")
    from api.app import create_app

    create_app(house.tools)
    assert list(folder.iterdir()) == []
