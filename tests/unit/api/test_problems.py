"""Whatever comes in, the answer is a clean problem document and never a 5xx."""

import errno
import http.client
import json
import logging
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn

from records.errors import Away
from tests.unit.api.api_house import House

API = "/api/v1"
PARTS = {"type", "title", "status", "detail", "code", "next"}


def is_problem(answer: object, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) >= PARTS and body["status"] == status and body["code"] == code, body
    assert all(body[part] for part in PARTS)


def test_unknown_addresses_and_methods(house: House) -> None:
    client = house.client("archivist")
    is_problem(client.get(f"{API}/nothing-here"), 404, "not-found")
    is_problem(client.get(f"{API}/batches/"), 404, "not-found")
    is_problem(client.put(f"{API}/batches"), 405, "method-not-allowed")
    is_problem(client.get(f"{API}/documents/../../etc/passwd"), 404, "not-found")
    is_problem(client.get(f"{API}/documents/%2e%2e%2f%2e%2e"), 404, "not-found")
    is_problem(client.get(f"{API}/documents/a%00b"), 404, "not-found")
    is_problem(client.get(f"{API}/documents/{'a' * 5000}"), 404, "not-found")


@pytest.mark.parametrize("number", ["0", "-1", "1e9", "x", "9" * 30, "9" * 5000, "1.5", "%00", "٣"])
def test_odd_page_numbers_are_absent_pages(house: House, number: str) -> None:
    answer = house.client("reader").get(f"{API}/documents/{house.seeded.ids['letter']}/pages/{number}")
    is_problem(answer, 404, "not-found")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"title":' * 20_000,
        b"\xff\xfe\x00",
        b'{"title": NaN}',
        b'{"title": 1e999}',
        b'{"title": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"title": "x", "title": 3}',
        b'{"title": {"a": 1}}',
        b'{"unknown": 1}',
        b'"text"',
        b"null",
        json.dumps({"title": "x" * 301}).encode(),
    ],
    ids=range(15),
)
def test_odd_json_is_told_and_never_breaks(house: House, body: bytes) -> None:
    answer = house.client("archivist").post(
        f"{API}/batches", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code in (400, 422), answer.text
    assert set(answer.json()) >= PARTS


def test_nul_and_direction_marks_in_texts_are_harmless(house: House) -> None:
    client = house.client("archivist")
    made = client.post(f"{API}/batches", json={"title": "a\x00b\u202egnp.exe <script>alert(1)</script> 🗂"})
    assert made.status_code == 201
    page = client.get(f"/batches/{made.json()['id']}", headers={"accept": "text/html"})
    assert page.status_code == 200 and "<script>alert" not in page.text


def test_wrong_values_are_listed_by_name(house: House) -> None:
    answer = house.client("archivist").get(f"{API}/documents?limit=1000000000&year=12&state=lost")
    is_problem(answer, 422, "invalid-input")
    assert [e["field"] for e in answer.json()["errors"]] == ["year", "state", "limit"]


def test_bodies_addresses_and_headers_have_caps(house: House) -> None:
    client = house.client("archivist")
    big = json.dumps({"title": "x" * 300_000})
    json_type = {"content-type": "application/json"}
    is_problem(client.post(f"{API}/batches", content=big, headers=json_type), 413, "body-too-large")
    pieces = iter([b'{"title": "'] + [b"x" * 65_536] * 5 + [b'"}'])
    is_problem(client.post(f"{API}/batches", content=pieces, headers=json_type), 413, "body-too-large")
    is_problem(client.get(f"{API}/search?q={'a' * 9000}"), 414, "uri-too-long")
    is_problem(client.get(f"{API}/me", headers={"x-long": "a" * 40_000}), 431, "headers-too-large")


@pytest.mark.parametrize("token", ["", "x", "vt_" + "a" * 5000, "vt_\udc80", "Ä" * 10])
def test_odd_tokens_are_nobody(house: House, token: str) -> None:
    raw = f"Bearer {token}".encode("utf-8", "surrogateescape")
    is_problem(house.client().get(f"{API}/me", headers={b"authorization": raw}), 401, "not-signed-in")


def test_nobody_is_told_how_to_come_in(house: House) -> None:
    assert house.client().get(f"{API}/me").headers["www-authenticate"] == "Bearer"


def test_a_bug_gives_a_number_and_no_inside(
    make_house: Callable[..., House], caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def __getattr__(self, name: str) -> object:
            raise ZeroDivisionError("inner detail")

    house = make_house()
    object.__setattr__(
        house.app.state.desk, "tools", replace(house.tools, index=Broken())
    )  # the index has a bug
    with caplog.at_level(logging.ERROR):
        answer = house.client("reader").get(f"{API}/search?q=tin")
    is_problem(answer, 500, "internal-error")
    assert "inner detail" not in answer.text and answer.json()["error_id"] in caplog.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_missing_index_is_told_as_such(house: House) -> None:
    import shutil

    house.tools.index.close()
    shutil.rmtree(house.tools.data_dir / "index")
    answer = house.client("reader").get(f"{API}/search?q=tin")
    is_problem(answer, 503, "search-index-missing")
    assert "retry-after" in answer.headers
    assert answer.json()["part"] == "index"
    page = house.client("reader").get("/search?q=tin", headers={"accept": "text/html"})
    assert page.status_code == 503 and "vanthu reindex" in page.text


def test_every_answer_carries_the_security_headers(house: House) -> None:
    client = house.client("reader")
    for address in ("/", "/api/v1/me", "/api/v1/nothing", "/static/style/vanthu.css", "/health/live"):
        headers = client.get(address).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
    assert client.get("/api/v1/me").headers["cache-control"] == "no-store"
    assert "immutable" in client.get("/static/style/vanthu.css?v=1").headers["cache-control"]


def test_static_files_stay_inside(house: House) -> None:
    for path in (
        "/static/../templates/base.html",
        "/static/%2e%2e/strings.json",
        "/static/",
        "/static/style",
    ):
        assert house.client().get(path).status_code == 404


def test_a_person_gets_a_page_and_a_program_a_document(house: House) -> None:
    page = house.client("reader").get("/documents/none", headers={"accept": "text/html"})
    assert page.status_code == 404 and "Không tìm thấy" in page.text and "<html" in page.text
    assert house.client("reader").get("/documents/none").headers["content-type"] == "application/problem+json"


@pytest.fixture
def port(house: House) -> Iterator[int]:
    """The application behind the real HTTP server, for requests no client library would send."""
    server = uvicorn.Server(uvicorn.Config(house.app, port=0, log_level="critical", server_header=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize(
    "head",
    [
        b"GET /api/v1/me?q=\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/v1/documents/%FF%00%0d%0a HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nCookie: " + b"a" * 60_000 + b"\r\n\r\n",
        b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nCookie: vanthu=\xff\xfe; \x01=2\r\n\r\n",
        b"GET //evil.test/%2e%2e HTTP/1.1\r\nHost: x\r\n\r\n",
        b"BREW /api/v1/me HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xff\r\n\r\n",
        b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nX-HTTP-Method-Override: DELETE\r\n\r\n",
    ],
    ids=range(11),
)
def test_raw_requests_never_get_a_5xx(port: int, head: bytes) -> None:
    import socket

    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(head)
        line.shutdown(socket.SHUT_WR)
        answer = line.makefile("rb").read(64)
    assert answer == b"" or 200 <= int(answer.split(b" ")[1]) < 500, answer
    after = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    after.request("GET", "/health/live")
    assert after.getresponse().status == 200
    after.close()


def test_openapi_names_every_problem_and_loads(house: House, tmp_path: Path) -> None:
    told = house.client().get(f"{API}/openapi.json").json()
    assert told["openapi"].startswith("3.")
    assert f"{API}/batches/{{batch_id}}/files" in told["paths"]
    assert not [path for path in told["paths"] if not path.startswith((API, "/health"))]


@pytest.mark.parametrize(
    ("fault", "status", "part", "retry"),
    [
        (Away("x", code="database-away"), 503, "tables", "30"),
        (Away("x", code="database-busy"), 503, "tables", "5"),
        (Away("x", code="commit-unknown"), 503, "tables", "2"),
        (Away("x", code="database-full"), 507, "tables", "300"),
        (Away("x", code="store-full"), 507, "blobs", "300"),
        (Away("x", code="spool-full"), 507, "spool", "300"),
        (Away("x", code="search-index-missing"), 503, "index", "30"),
        (Away("x", code="time-stamp-away"), 503, "time-stamps", "30"),
        (Away("x"), 503, None, "30"),
    ],
    ids=lambda value: getattr(value, "code", None),
)
def test_what_is_away_is_named_and_when_to_come_back(
    make_house: Callable[..., House], fault: Away, status: int, part: str | None, retry: str
) -> None:
    """Whatever a route meets: here the index raises it, and the sentence for the person is the fault's own."""

    class Raises:
        def find(self, *_: object, **more: object) -> None:
            raise fault

        probe = find

    house = make_house(index=Raises())
    answer = house.client("reader").get(f"{API}/search?q=tin")
    is_problem(answer, status, fault.code)
    assert answer.json().get("part") == part and answer.headers["retry-after"] == retry
    assert answer.json()["detail"] == fault.tell
    page = house.client("reader").get("/search?q=tin", headers={"accept": "text/html"})
    assert page.status_code == status and fault.tell in page.text


def test_a_full_spool_is_507_and_leaves_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """F14 in small; the whole of it, on a real full file system, is in the fault campaign."""
    batch = house.client("archivist").post(f"{API}/batches", json={}).json()["id"]
    incoming = house.tools.data_dir / "cache" / "incoming"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal_before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    monkeypatch.setattr("api.multipart.FULL", frozenset({errno.EFBIG}))
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, before[1]))
        answer = house.client("archivist").post(
            f"{API}/batches/{batch}/files",
            files={"file": ("a.png", b"x" * 4_000_000)},
            headers={"Idempotency-Key": "k"},
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, signal_before)
    is_problem(answer, 507, "spool-full")
    assert list(incoming.iterdir()) == [] and house.app.state.desk.uploads.running == 0
    assert house.client("archivist").get(f"{API}/batches/{batch}/files").json() == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("abc-123_x.Y", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("", False),
        ("a b", False),
        ('a"b', False),
        ("a;b", False),
        ("é", False),
    ],
    ids=range(8),
)
def test_every_answer_has_a_number_of_its_own_or_the_callers(house: House, given: str, kept: bool) -> None:
    headers = [(b"x-request-id", given.encode())]
    answer = house.client("reader").get(f"{API}/accounts", headers=headers)
    number = answer.headers["x-request-id"]
    assert (number == given) is kept and 0 < len(number) <= 64
    assert answer.json()["request_id"] == number
    for same_bytes in (house.client().get(f"{API}/me"), house.client("reader").get(f"{API}/none")):
        assert "request_id" not in same_bytes.json() and same_bytes.headers["x-request-id"]
