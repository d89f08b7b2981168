import asyncio
import http.server
import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.errors import ArchiveFault
from signing.fetching import EVERYWHERE, Door, NotFetched, OffTheList, apart, networks_of, places_of

LISTED = "http://ocsp.ca.example.vn/ocsp"


class _Server(http.server.BaseHTTPRequestHandler):
    """Does what the path says."""

    def do_GET(self) -> None:
        self.server.seen.append(self.path)  # type: ignore[attr-defined]
        self.server.headers_seen.append(dict(self.headers))  # type: ignore[attr-defined]
        what = self.path.split("/")[-1].partition("?")[0]
        port = self.server.server_address[1]
        going = {
            "within": f"http://127.0.0.1:{port}/a/good",
            "relative": "good",
            "outside": f"http://127.0.0.1:{port}/b/good",
            "metadata": "http://169.254.169.254/latest/",
            "file": "file:///etc/passwd",
            "name": f"http://localhost:{port}/a/good",
            "round": f"http://127.0.0.1:{port}/a/round",
        }.get(what)
        if going:
            self.send_response(302)
            self.send_header("Location", going)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Set-Cookie", "who=you")
        if what == "packed":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if what == "drip":
            for _ in range(600):
                if self.server.closing.wait(0.1):  # type: ignore[attr-defined]
                    return
                self.wfile.write(b"x")
                self.wfile.flush()
        self.wfile.write(bytes(200_000) if what == "large" else b"good")

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[http.server.ThreadingHTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    server.seen, server.headers_seen, server.closing = [], [], threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.closing.set()  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(door: Door, url: str) -> bytes:
    async def work() -> bytes:
        async with door.open() as session, session.get(url, {}) as answer:
            return await answer.read()

    return apart(work)


def a_door(server, prefix: str = "/a/", **more) -> Door:
    return Door(places_of([f"http://127.0.0.1:{server.server_address[1]}{prefix}"]), **more)


def here(server, path: str) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}{path}"


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ldap://ocsp.ca.example.vn/ocsp",
        "ftp://ocsp.ca.example.vn/ocsp",
        "gopher://ocsp.ca.example.vn/ocsp",
        "https://ocsp.ca.example.vn/ocsp",
        "http://169.254.169.254/",
        "http://169.254.169.254/ocsp",
        "http://[::1]/ocsp",
        "http://[::ffff:127.0.0.1]/ocsp",
        "http://[::ffff:7f00:1]/ocsp",
        "http://127.0.0.1/ocsp",
        "http://2130706433/ocsp",
        "http://0x7f000001/ocsp",
        "http://0177.0.0.1/ocsp",
        "http://127.1/ocsp",
        "http://ocsp.ca.example.vn@evil.example/ocsp",
        "http://ocsp.ca.example.vn:80@evil.example/ocsp",
        "http://evil.example#@ocsp.ca.example.vn/ocsp",
        "http://evil.example\\@ocsp.ca.example.vn/ocsp",
        "http://ocsp.ca.example.vn\\@evil.example/ocsp",
        "http://ocsp.ca.example.vn.evil.example/ocsp",
        "http://ocsp.ca.example.vn./ocsp",
        "http://ocsp.ca.example.vn%2eevil.example/ocsp",
        "http://ocsp.ca.example.vn%00.evil.example/ocsp",
        "http://ocsp.ca.example.vn\r\nHost: evil/ocsp",
        "http://ocsp.ca.example.vn/ocsp\r\nX: y",
        "http://ocsp.ca.example.vn/ocsp x",
        "http://ocsp。ca。example。vn/ocsp",
        "http://ⓞcsp.ca.example.vn/ocsp",
        "http://ocsp.ca.example.vn:81/ocsp",
        "http://ocsp.ca.example.vn:0/ocsp",
        "http://ocsp.ca.example.vn:99999/ocsp",
        "http://ocsp.ca.example.vn:/ocsp",
        "http://ocsp.ca.example.vn/",
        "http://ocsp.ca.example.vn",
        "http://ocsp.ca.example.vn/ocspx",
        "http://ocsp.ca.example.vn/other?/ocsp",
        "http://ocsp.ca.example.vn/ocsp/../admin",
        "http://ocsp.ca.example.vn/ocsp/%2e%2e/admin",
        "http://ocsp.ca.example.vn/ocsp/%252e%252e/admin",
        "http://ocsp.ca.example.vn/ocsp/..%2fadmin",
        "http://ocsp.ca.example.vn/ocsp/..%5cadmin",
        "http://ocsp.ca.example.vn/ocsp/#/../x",
        "http:///ocsp",
        "http:/ocsp.ca.example.vn/ocsp",
        "//ocsp.ca.example.vn/ocsp",
        " http://ocsp.ca.example.vn/ocsp",
        "",
    ],
)
def test_what_is_not_listed_is_refused_before_any_name_is_looked_up(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reached(*_: object, **__: object) -> None:
        raise AssertionError("looked up or connected")

    monkeypatch.setattr(socket, "getaddrinfo", reached)
    monkeypatch.setattr(socket.socket, "connect", reached)
    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", reached)
    with pytest.raises(OffTheList):
        fetch(Door(places_of([LISTED])), url)
    with pytest.raises(AssertionError, match="looked up"):  # the traps do snap
        fetch(Door(places_of([LISTED])), LISTED)


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        (LISTED, "http://ocsp.ca.example.vn/ocsp"),
        ("HTTP://OCSP.CA.Example.VN/ocsp", "http://ocsp.ca.example.vn/ocsp"),
        ("http://ocsp.ca.example.vn:80/ocsp/a%2Fb", "http://ocsp.ca.example.vn/ocsp/a%2Fb"),
        (f"{LISTED}?x=http://evil/", "http://ocsp.ca.example.vn/ocsp?x=http://evil/"),
        (f"{LISTED}/user@host", "http://ocsp.ca.example.vn/ocsp/user@host"),
    ],
)
def test_what_is_listed_is_asked_as_it_stands(url: str, asked: str) -> None:
    assert str(Door(places_of([LISTED])).demand(url)).replace(":80/", "/") == asked


@given(st.text(alphabet="htps:/@.#?\\[]%2e0127ocspaexmlvn-\t", max_size=60))
def test_an_address_that_passes_names_the_listed_host_to_every_parser(text: str) -> None:
    from urllib.parse import urlsplit

    for url in (text, "http://" + text, LISTED + text):
        try:
            asked = Door(places_of([LISTED])).demand(url)
        except OffTheList:
            continue
        assert asked.host == "ocsp.ca.example.vn"
        assert urlsplit(url).hostname == "ocsp.ca.example.vn"
        assert asked.raw_path.startswith("/ocsp")


@pytest.mark.parametrize(
    "line", ["ftp://x/", "x.vn/crl", "http://u:p@x.vn/", "http://x.vn./", "http://x.vn/?a"]
)
def test_a_list_that_makes_no_sense_is_refused_with_a_sentence(line: str) -> None:
    with pytest.raises(ArchiveFault) as fault:
        places_of([line])
    assert fault.value.code == "signing-settings"
    with pytest.raises(ArchiveFault):
        networks_of(["10.1.2.3/8"])


def test_a_listed_address_answers_without_cookies_or_compression(server) -> None:
    door = a_door(server)
    assert fetch(door, here(server, "/a/good")) == b"good"

    async def twice() -> None:
        async with door.open() as session:
            for _ in range(2):
                async with session.get(here(server, "/a/good"), {}):
                    pass

    apart(twice)
    assert all("Cookie" not in one for one in server.headers_seen)
    assert {one["Accept-Encoding"] for one in server.headers_seen} == {"identity"}


def test_no_proxy_of_the_environment(server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9/")
    assert fetch(a_door(server), here(server, "/a/good")) == b"good"


@pytest.mark.parametrize("what", ["within", "relative"])
def test_a_redirect_inside_the_list_is_followed(server, what: str) -> None:
    assert fetch(a_door(server), here(server, f"/a/{what}")) == b"good"


@pytest.mark.parametrize("what", ["outside", "metadata", "file", "name"])
def test_a_redirect_to_elsewhere_is_refused(server, what: str) -> None:
    with pytest.raises(OffTheList):
        fetch(a_door(server), here(server, f"/a/{what}"))
    assert server.seen == [f"/a/{what}"]


def test_a_redirect_in_a_circle_ends(server) -> None:
    with pytest.raises(NotFetched, match="too many"):
        fetch(a_door(server), here(server, "/a/round"))
    assert len(server.seen) == 4


def test_a_question_is_never_redirected(server) -> None:
    async def work() -> None:
        async with (
            a_door(server).open() as session,
            session.post(here(server, "/a/within"), {}, b"question"),
        ):
            pass

    with pytest.raises(NotFetched, match="302"):
        apart(work)
    assert server.seen == ["/a/within"]


@pytest.mark.parametrize(
    ("what", "why"), [("large", "larger"), ("packed", "compressed"), ("drip", "within 1 s")]
)
def test_answers_out_of_bounds(server, what: str, why: str) -> None:
    with pytest.raises(NotFetched, match=why):  # the drip would take a minute
        fetch(a_door(server, whole=1.0), here(server, f"/a/{what}"))


def test_a_name_that_stands_for_a_machine_inside_is_refused(server) -> None:
    port = server.server_address[1]
    names = places_of([f"http://localhost:{port}/a/"])
    with pytest.raises(NotFetched, match="not allowed"):
        fetch(Door(names), f"http://localhost:{port}/a/good")
    assert server.seen == []
    allowed = Door(names, networks_of(["127.0.0.0/8", "::1/128"]))
    assert fetch(allowed, f"http://localhost:{port}/a/good") == b"good"
    assert fetch(Door(names, EVERYWHERE), f"http://localhost:{port}/a/good") == b"good"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "::1",
        "fe80::1",
        "::ffff:10.0.0.1",
        "0.0.0.0",
    ],
)
def test_whatever_the_name_server_says(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(family, socket.SOCK_STREAM, 6, "", (address, 80))]
    )
    with pytest.raises(NotFetched, match="not allowed"):
        fetch(Door(places_of([LISTED])), LISTED)


def test_one_address_inside_among_good_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 80)) for a in ("203.0.114.7", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(NotFetched, match="not allowed"):
        fetch(Door(places_of([LISTED])), LISTED)
