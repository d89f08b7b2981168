"""The proxy that spoils what passes really does: a tool that spoils nothing would prove nothing."""

import http.client
import http.server
import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from tests.tools.fault_proxy import Fault, FaultProxy

BODY = bytes(range(256)) * 40


class _Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY))
            return
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def do_PUT(self) -> None:
        got = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200 if got == BODY else 400)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while piece := self.request.recv(100):
            self.request.sendall(piece)


def _serving(server: socketserver.BaseServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.server_address[1]  # type: ignore[index, misc]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def web() -> Iterator[FaultProxy]:
    for port in _serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Web)):
        with FaultProxy("127.0.0.1", port) as proxy:
            yield proxy


@pytest.fixture
def echo() -> Iterator[FaultProxy]:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo)
    server.daemon_threads = True
    for port in _serving(server):
        with FaultProxy("127.0.0.1", port, http=False) as proxy:
            yield proxy


def _ask(
    proxy: FaultProxy, method: str = "GET", path: str = "/a", body: bytes | None = None
) -> tuple[int, bytes]:
    client = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=1)
    try:
        client.request(method, path, body)
        answer = client.getresponse()
        return answer.status, answer.read()
    finally:
        client.close()


def test_everything_passes_untouched(web: FaultProxy) -> None:
    assert _ask(web) == _ask(web, path="/chunked") == (200, BODY)
    assert _ask(web, "PUT", body=BODY) == (200, b"")
    assert (web.calls(), web.calls("PUT"), web.calls("", "chunk")) == (3, 1, 1)
    web.forget()
    assert web.calls() == 0


def test_answers_are_spoilt(web: FaultProxy) -> None:
    web.spoil(Fault("flip", after=300))
    got = _ask(web)[1]
    assert [(at, a ^ b) for at, (a, b) in enumerate(zip(got, BODY, strict=True)) if a != b] == [(300, 1)]
    web.spoil(Fault("shorten", after=9))
    assert _ask(web) == (200, BODY[:9])
    web.spoil(Fault("foreign", body=b"else"))
    assert _ask(web) == (200, b"else")
    web.spoil(Fault("status", status=418, body=b"tea"))
    assert _ask(web) == (418, b"tea")
    web.heal()
    assert _ask(web) == (200, BODY)


@pytest.mark.parametrize("kind", ["cut", "reset", "lose", "refuse", "blackhole"])
def test_answers_that_do_not_come(web: FaultProxy, kind: str) -> None:
    web.spoil(Fault(kind, after=100))
    with pytest.raises((OSError, http.client.HTTPException)):
        _ask(web)
    web.hang_up()
    web.heal()
    assert _ask(web) == (200, BODY)


def test_bytes_drip(web: FaultProxy) -> None:
    web.spoil(Fault("slow", rate=1))
    with socket.create_connection(("127.0.0.1", web.port), timeout=5) as client:
        client.sendall(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        got = client.recv(4096)
        while b"\r\n\r\n" not in got:
            got += client.recv(4096)
        assert len(got.partition(b"\r\n\r\n")[2]) < 10
    web.spoil(Fault("slow", rate=20_000))
    assert _ask(web) == (200, BODY)


def test_requests_are_spoilt_at_the_nth_call(web: FaultProxy) -> None:
    web.spoil(Fault("flip", side="request", method="PUT", path="/a", nth=2, times=2, after=7))
    assert [_ask(web, "PUT", body=BODY)[0] for _ in range(5)] == [200, 400, 400, 200, 200]
    assert _ask(web, "PUT", "/b", BODY)[0] == 200


def test_any_protocol_from_a_word_on(echo: FaultProxy) -> None:
    def say(*words: bytes) -> list[bytes]:
        with socket.create_connection(("127.0.0.1", echo.port), timeout=1) as client:
            heard = []
            for word in words:
                client.sendall(word)
                heard.append(client.recv(100))
            return heard

    assert say(b"BEGIN", b"COMMIT") == [b"BEGIN", b"COMMIT"]
    echo.spoil(Fault("cut", path="COMMIT"))
    assert say(b"BEGIN", b"COMMIT") == [b"BEGIN", b""]
    for kind in ("reset", "blackhole"):
        echo.spoil(Fault(kind, path="COMMIT"))
        with pytest.raises(OSError):
            say(b"BEGIN", b"COMMIT")
    echo.heal()
    assert say(b"COMMIT") == [b"COMMIT"]
