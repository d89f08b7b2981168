"""Slow and many clients on the real HTTP server (fault F34, in small): they lose their place, readers keep theirs."""

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
import uvicorn

from api.listening import LineLimits, server_options
from api.tools import Limits
from tests.unit.api.api_house import House

API = "/api/v1"
GENEROUS = 60  # seconds a test waits for something that must come; nothing is measured


@contextmanager
def served(house: House, limits: LineLimits) -> Iterator[int]:
    """The house behind uvicorn with our options; gives the port."""
    server = uvicorn.Server(
        uvicorn.Config(
            house.app, host="127.0.0.1", port=0, timeout_graceful_shutdown=1, **server_options(limits)
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            thread.join(0.02)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def line_to(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=GENEROUS)


def until_closed(line: socket.socket) -> bytes:
    """What still comes until the server closes, in whatever way."""
    told = b""
    try:
        while piece := line.recv(65536):
            told += piece
    except ConnectionResetError:
        pass
    return told


def small_read(port: int, token: str) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=GENEROUS)) as client:
        client.request("GET", f"{API}/me", headers={"Authorization": f"Bearer {token}"})
        return client.getresponse().status


def upload_head(batch: str, token: str, key: str, length: int = 10_000_000) -> bytes:
    return (
        f"POST {API}/batches/{batch}/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Idempotency-Key: {key}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        f"Content-Length: {length}\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    ).encode()


def problem_in(told: bytes) -> tuple[int, dict[str, object]]:
    head, _, body = told.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), json.loads(body)


@pytest.fixture
def batch(house: House) -> str:
    return house.client("archivist").post(f"{API}/batches", json={}).json()["id"]


def test_an_ordinary_client_keeps_its_connection(house: House) -> None:
    with served(house, LineLimits()) as port:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=GENEROUS)
        for _ in range(3):
            client.request("GET", "/health/live")
            assert client.getresponse().read() == b'{"status":"ok"}'
            sock = client.sock
        assert sock is client.sock is not None
        client.close()


@pytest.mark.parametrize(
    "head", [b"", b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-A: "], ids=["silent", "half"]
)
def test_who_never_finishes_a_head_is_let_go(house: House, head: bytes) -> None:
    with served(house, LineLimits(head_seconds=0.3)) as port, line_to(port) as line:
        line.sendall(head)
        assert until_closed(line) == b""


def test_a_byte_now_and_then_does_not_buy_time(house: House) -> None:
    done = threading.Event()
    with served(house, LineLimits(head_seconds=0.5)) as port, line_to(port) as line:

        def drip() -> None:
            try:
                line.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-A: ")
                while not done.wait(0.05):
                    line.sendall(b"a")
            except OSError:
                return

        dripping = threading.Thread(target=drip)
        dripping.start()
        assert until_closed(line) == b""
        done.set()
        dripping.join()


def test_the_second_head_on_a_connection_is_watched_too(house: House) -> None:
    with served(house, LineLimits(head_seconds=0.3, idle_seconds=GENEROUS)) as port, line_to(port) as line:
        line.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /health/live HTTP/1.1\r\nHo")
        line.sendall(b"st: x")
        assert until_closed(line).startswith(b"HTTP/1.1 200")


def test_a_body_that_dawdles_ends_with_408_and_leaves_nothing(
    make_house: Callable[..., House],
) -> None:
    house = make_house(Limits(body_pause_seconds=0.3))
    archivist = house.client("archivist")
    batch = archivist.post(f"{API}/batches", json={}).json()["id"]
    with served(house, LineLimits(linger_seconds=0.3)) as port:
        for head in (
            upload_head(batch, house.seeded.tokens["archivist"], "k1"),
            b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 50\r\n\r\n{",
        ):
            with line_to(port) as line:
                line.sendall(head)
                status, told = problem_in(until_closed(line))
            assert (status, told["code"]) == (408, "body-too-slow")
        assert small_read(port, house.seeded.tokens["reader"]) == 200
    assert archivist.get(f"{API}/batches/{batch}/files").json() == []
    assert not list((house.tools.data_dir / "cache" / "incoming").iterdir())


def test_an_early_answer_arrives_although_the_body_still_comes(house: House) -> None:
    with served(house, LineLimits(linger_seconds=3)) as port, line_to(port) as line:
        line.sendall(upload_head("x", "vt_nobody", "k1"))
        line.sendall(b"x" * 200_000)
        status, told = problem_in(until_closed(line))
        assert (status, told["code"]) == (401, "not-signed-in")


def test_a_small_body_that_comes_late_keeps_the_connection(house: House) -> None:
    with served(house, LineLimits(linger_seconds=3, idle_seconds=GENEROUS)) as port, line_to(port) as line:
        line.sendall(b"PUT /api/v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n")
        assert line.recv(65536).startswith(b"HTTP/1.1 405")
        line.sendall(b"{}")
        with line_to(port) as other:  # while this one is let go, the first one must not be
            other.sendall(b"PUT /api/v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n")
            until_closed(other)
        line.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"HTTP/1.1 200" in until_closed(line)


def test_uploads_over_the_cap_are_told_to_wait_and_readers_notice_nothing(
    make_house: Callable[..., House],
) -> None:
    house = make_house(Limits(uploads_at_once=2))
    tokens = house.seeded.tokens
    batch = house.client("archivist").post(f"{API}/batches", json={}).json()["id"]
    with served(house, LineLimits(linger_seconds=0.3)) as port:
        under_way = [line_to(port) for _ in range(2)]
        for number, line in enumerate(under_way):
            line.sendall(upload_head(batch, tokens["archivist"], f"k{number}"))
        while house.app.state.desk.uploads.running < 2:
            threading.Event().wait(0.02)
        with line_to(port) as third:
            third.sendall(upload_head(batch, tokens["archivist"], "k3"))
            told = until_closed(third)
        status, problem = problem_in(told)
        assert (status, problem["code"]) == (503, "too-many-uploads")
        assert b"retry-after: 5" in told.lower()
        assert small_read(port, tokens["reader"]) == 200
        for line in under_way:
            line.close()
        while house.app.state.desk.uploads.running:
            threading.Event().wait(0.02)
    answer = house.client("archivist").post(
        f"{API}/batches/{batch}/files", files={"file": ("a.png", b"x")}, headers={"Idempotency-Key": "k4"}
    )
    assert answer.status_code == 422  # read again, and judged


def test_a_caller_who_goes_away_half_way_is_no_bug_and_leaves_nothing(
    house: House, batch: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = house.seeded.tokens["archivist"]
    with caplog.at_level("INFO"), served(house, LineLimits()) as port:
        with line_to(port) as line:
            line.sendall(upload_head(batch, token, "k1") + b"x" * 100_000)
            while not house.app.state.desk.uploads.running:
                threading.Event().wait(0.02)
        while house.app.state.desk.uploads.running:
            threading.Event().wait(0.02)
        assert small_read(port, token) == 200
    assert "went away" in caplog.text and "499" in caplog.text
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert not list((house.tools.data_dir / "cache" / "incoming").iterdir())


def test_many_slow_clients_make_room_for_readers(house: House) -> None:
    tokens = house.seeded.tokens
    with served(house, LineLimits(most_connections=32)) as port:
        slow = []
        for number in range(100):
            line = line_to(port)
            slow.append(line)
            line.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
            if number % 10 == 0:
                assert small_read(port, tokens["reader"]) == 200
        assert [small_read(port, tokens["reader"]) for _ in range(10)] == [200] * 10
        for line in slow:
            line.close()


def test_when_every_connection_works_the_newest_is_told_to_come_later(
    make_house: Callable[..., House],
) -> None:
    house = make_house(Limits(uploads_at_once=50))
    tokens = house.seeded.tokens
    batch = house.client("archivist").post(f"{API}/batches", json={}).json()["id"]
    with served(house, LineLimits(most_connections=4)) as port:
        busy = [line_to(port) for _ in range(4)]
        for number, line in enumerate(busy):
            line.sendall(upload_head(batch, tokens["archivist"], f"k{number}"))
        while house.app.state.desk.uploads.running < 4:
            threading.Event().wait(0.02)
        with line_to(port) as late:
            late.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            told = until_closed(late)
        assert problem_in(told)[1]["code"] == "too-many-connections" and b"retry-after: 5" in told.lower()
        busy.pop().close()
        while house.app.state.desk.uploads.running > 3:
            threading.Event().wait(0.02)
        assert small_read(port, tokens["reader"]) == 200
        for line in busy:
            line.close()


def test_a_client_that_takes_nothing_of_its_answer_is_let_go(house: House) -> None:
    head = (
        f"GET {API}/documents/{house.seeded.ids['letter']}/pdf HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {house.seeded.tokens['reader']}\r\n\r\n"
    ).encode()
    with served(house, LineLimits(stall_seconds=0.3)) as port, socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.settimeout(GENEROUS)
        line.connect(("127.0.0.1", port))
        line.sendall(head * 8)  # eight times 2.4 MB: more than the buffers between us hold
        while _connections(port):
            threading.Event().wait(0.05)


def _connections(port: int) -> int:
    """Established connections of the server on this port, as the kernel lists them."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table][1:]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "01" for row in rows)
