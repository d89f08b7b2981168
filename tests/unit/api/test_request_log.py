"""The log of the door: a line for each request with its ids, and nothing anybody typed, signed in with or read."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from boot.logs import set_up_logs
from records.trace import use_tracer
from tests.unit.api.api_house import House
from tests.unit.api.api_seed import LETTER, PASSWORD, SECRET
from tests.unit.api.test_uploads import a_scan

API = "/api/v1"


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    stream = io.StringIO()
    set_up_logs(logging.DEBUG, stream=stream, as_json=True)
    yield stream
    logging.captureWarnings(False)
    root.handlers[:] = before
    root.setLevel(level)


def lines(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_request_is_one_line_with_its_ids(house: House, out: io.StringIO) -> None:
    letter = house.seeded.ids["letter"]
    answer = house.client("reader").get(
        f"{API}/documents/{letter}/pages/1?x=secret", headers={"X-Request-ID": "r-1"}
    )
    (line,) = [entry for entry in lines(out) if entry["logger"] == "vanthu.request"]
    assert line["request_id"] == "r-1" == answer.headers["x-request-id"]
    assert line["document_id"] == letter and line["status"] == 200 and line["method"] == "GET"
    assert line["route"] == f"{API}/documents/{{document_id}}/pages/{{number}}"
    assert line["bytes"] == len(answer.content) and line["milliseconds"] > 0 and line["level"] == "info"


def test_what_went_wrong_carries_the_number_that_the_caller_was_told(house: House, out: io.StringIO) -> None:
    house.tools.index.close()
    import shutil

    shutil.rmtree(house.tools.data_dir / "index")
    answer = house.client("reader").get(f"{API}/search?q=tin")
    told = [entry for entry in lines(out) if entry["level"] == "warning"]
    assert {entry["request_id"] for entry in told} == {answer.json()["request_id"]}
    assert {entry["logger"] for entry in told} == {"vanthu.api", "vanthu.request"}


def test_nothing_secret_or_read_gets_into_the_log(house: House, out: io.StringIO) -> None:
    archivist, browser = house.client("archivist"), house.browser("archivist")
    house.client().post(f"{API}/sessions", json={"login": "archivist", "password": "mật khẩu đoán"})
    letter, secret = house.seeded.ids["letter"], house.seeded.ids["secret"]
    for address in (
        f"{API}/search?q=bảo vệ chính trị", f"{API}/documents?subject=hướng dẫn", f"{API}/documents/{letter}/pages/1",
        f"{API}/documents/{secret}/pages/1", f"{API}/documents/{letter}/pdf", f"/documents/{letter}?q=sinh hoạt",
        f"{API}/documents/{letter}/pages/999", "/search?q=chuyển sinh hoạt đảng", f"{API}/nothing/Nguyễn-Văn-A",
    ):  # fmt: skip
        archivist.get(address)
        browser.get(address)
    batch = archivist.post(
        f"{API}/batches", json={"title": "Hộp tối mật"}, headers={"Idempotency-Key": "key-777"}
    ).json()
    archivist.post(
        f"{API}/batches/{batch['id']}/files",
        files={"file": ("Đơn của Nguyễn Văn A.png", a_scan())},
        headers={"Idempotency-Key": "key-888"},
    )
    made = house.client("administrator").post(
        f"{API}/accounts", json={"login": "nva", "name": "Nguyễn Văn A", "roles": ["reader"]}
    )
    text = out.getvalue()
    known = [
        PASSWORD, "đoán", "bảo vệ", "sinh hoạt", "hướng dẫn", "Nguyễn", "tối mật", "key-777", "key-888",
        made.json()["password"], *house.seeded.tokens.values(), browser.headers["X-CSRF-Token"],
        browser.cookies["vanthu"], *(line for line in (*LETTER, *SECRET) if len(line) > 10),
    ]  # fmt: skip
    assert len(lines(out)) > 20
    assert [word for word in known if word in text or json.dumps(word)[1:-1] in text] == []


def test_a_request_is_a_span_with_its_template(house: House) -> None:
    from contextlib import contextmanager

    spans: list[tuple[str, dict[str, object], object]] = []

    @contextmanager
    def tracer(name: str, attributes: dict[str, object], carrier: object) -> Iterator[object]:
        noted: dict[str, object] = dict(attributes)
        spans.append((name, noted, carrier))

        class Noted:
            def note(self, key: str, value: object) -> None:
                noted[key] = value

        yield Noted()

    use_tracer(tracer)
    try:
        house.client("reader").get(f"{API}/documents?subject=mật", headers={"traceparent": "00-1-2-01"})
    finally:
        use_tracer(None)
    assert spans == [
        (
            "HTTP GET",
            {"http.route": f"{API}/documents", "http.response.status_code": 200},
            {"traceparent": "00-1-2-01"},
        )
    ]
