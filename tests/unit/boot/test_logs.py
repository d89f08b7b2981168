"""The log: one JSON object a line, ids of what is under way, and nothing that must not be there."""

import io
import json
import logging
import threading
from collections.abc import Iterator

import pytest

from boot.logs import scrub, set_up_logs
from records.context import context_fields, log_context


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """JSON lines of everything that is logged; the logging of the test run is put back afterwards."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    stream = io.StringIO()
    set_up_logs(worker="w1", stream=stream, as_json=True)
    yield stream
    logging.captureWarnings(False)
    root.handlers[:] = before
    root.setLevel(level)


def lines(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_tells_when_who_what_and_of_which_thing(out: io.StringIO) -> None:
    log = logging.getLogger("vanthu.test")
    with log_context(request_id="r1"):
        with log_context(document_id="d1", batch_id="b1"):
            log.warning("kho đầy: %s", "ổ 2")
        log.info("after")
    log.info("alone")
    first, second, third = lines(out)
    assert first.pop("time").endswith("Z")
    assert first == {
        "level": "warning", "logger": "vanthu.test", "message": "kho đầy: ổ 2", "worker": "w1",
        "request_id": "r1", "document_id": "d1", "batch_id": "b1",
    }  # fmt: skip
    assert second["request_id"] == "r1" and "document_id" not in second
    assert "request_id" not in third and context_fields() == {}


def test_ids_do_not_leak_between_threads(out: io.StringIO) -> None:
    log = logging.getLogger("vanthu.test")
    ready = threading.Barrier(8)

    def work(name: str) -> None:
        with log_context(document_id=name):
            ready.wait(10)
            log.info(name)

    threads = [threading.Thread(target=work, args=(f"d{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines(out)) == 8
    assert all(line["document_id"] == line["message"] for line in lines(out))


def test_an_exception_is_one_line_with_its_trace(out: io.StringIO) -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logging.getLogger("vanthu.test").exception("met")
    (line,) = lines(out)
    assert line["message"] == "met" and "ValueError: two" in str(line["exc_info"])


def test_only_known_extras_are_written(out: io.StringIO) -> None:
    logging.getLogger("lib").warning("x", extra={"status": 200, "subject": "Về việc mật", "body": b"%PDF"})
    (line,) = lines(out)
    assert line["status"] == 200 and "subject" not in line and "body" not in line


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("token vt_abcDEF123-_456789xyz refused", "vt_abcDEF123"),
        ("Authorization: Bearer abc.def.ghi", "abc.def"),
        ("connect to postgresql://van:s3cret@127.0.0.1/db failed", "s3cret"),
        ("{'password': 'mật_khẩu', 'login': 'a'}", "mật_khẩu"),
        ('{"message": "password=hunter2, x"}', "hunter2"),
        ("Cookie: vanthu=abcdef; x=1", "abcdef"),
        ("SECRET_KEY=AKIA12345", "AKIA12345"),
    ],
)
def test_secrets_that_slip_in_are_cut_out(line: str, secret: str) -> None:
    assert secret not in scrub(line)
    if line.startswith("{") and '"' in line:
        json.loads(scrub(line))


def test_ordinary_lines_stay_as_they_are() -> None:
    for line in ("GET /api/v1/batches 200", "key received/aa/bb.pdf: sha256 abc", "step seal waits 4 s: tsa"):
        assert scrub(line) == line


def test_libraries_do_not_chatter_and_uvicorn_speaks_through_us(out: io.StringIO) -> None:
    logging.getLogger("elastic_transport.transport").info("POST http://127.0.0.1/_search q=mật")
    logging.getLogger("uvicorn.access").info('127.0.0.1 - "GET /search?q=mật"')
    logging.getLogger("uvicorn.error").error("boom")
    assert [line["message"] for line in lines(out)] == ["boom"]


def test_a_terminal_gets_lines_for_people() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        stream = Terminal()
        set_up_logs(stream=stream)
        with log_context(batch_id="b7"):
            logging.getLogger("vanthu.x").info("hello")
        assert stream.getvalue().endswith("INFO    vanthu.x  hello  [batch_id=b7]\n")
    finally:
        logging.captureWarnings(False)
        root.handlers[:] = before
        root.setLevel(level)
