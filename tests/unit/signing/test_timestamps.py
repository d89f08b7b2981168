import hashlib
import http.server
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import algos, core, tsp
from hypothesis import given, settings
from hypothesis import strategies as st

from records.clock import FixedClock
from records.errors import ArchiveFault, Away
from signing.options import SigningOptions
from signing.seal import LEVEL, SigningService
from signing.timestamps import DemoTimeStamps, HttpTimeStamps, time_stamps
from signing.trust import load_trust
from tests.cases.sealing import World, a_pdf


def _ask(stamps, digest: bytes, name: str = "sha256"):
    coroutine = stamps.async_timestamp(digest, name)
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("a time stamp does not wait")


def _status(answer: bytes) -> str:
    return str(tsp.PKIStatusInfo.load(core.Sequence.load(answer)[0].dump())["status"].native)


@pytest.mark.parametrize("name", ["sha256", "sha384", "sha512"])
def test_a_token_says_what_was_asked_and_openssl_agrees(world: World, tmp_path: Path, name: str) -> None:
    digest = hashlib.new(name, "Quyết định".encode()).digest()
    token = _ask(world.tsa, digest, name)
    (tmp_path / "token.der").write_bytes(token.dump())
    given = ["-digest", digest.hex(), "-in", str(tmp_path / "token.der"), "-CAfile", str(world.roots[0])]
    done = subprocess.run(
        ["openssl", "ts", "-verify", "-token_in", *given],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Verification: OK" in done.stdout + done.stderr
    assert done.returncode == 0


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_every_token_has_the_same_length(world: World, digest: bytes) -> None:
    assert len(_ask(world.tsa, digest).dump()) == len(_ask(world.tsa, bytes(32)).dump())


def test_serial_numbers_never_repeat(world: World) -> None:
    tokens = [_ask(world.tsa, bytes(32)) for _ in range(20)]
    numbers = {t["content"]["encap_content_info"]["content"].parsed["serial_number"].native for t in tokens}
    assert len(numbers) == 20


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_the_demo_authority_refuses_rubbish_politely(world: World, request_bytes: bytes) -> None:
    assert _status(world.tsa.ask(request_bytes)) == "rejection"


def test_the_demo_authority_refuses_sha1_and_wrong_lengths(world: World) -> None:
    for name, digest in (("sha1", bytes(20)), ("sha256", bytes(20))):
        imprint = {"hash_algorithm": algos.DigestAlgorithm({"algorithm": name}), "hashed_message": digest}
        asked = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "cert_req": True})
        assert _status(world.tsa.ask(asked.dump())) == "rejection"


class _Authority(http.server.BaseHTTPRequestHandler):
    """A time-stamp authority on loopback whose behaviour a test chooses."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, answer = self.server.behaviour(self, body)  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Content-Type", "application/timestamp-reply")
        if 300 <= status < 400:
            self.send_header("Location", "http://127.0.0.1:1/inside")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def authority(world: World) -> Iterator[http.server.ThreadingHTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Authority)
    server.behaviour = lambda _, body: (200, world.tsa.ask(body))  # type: ignore[attr-defined]
    server.calls = 0  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def _client(server, world: World, clock=None) -> HttpTimeStamps:
    return HttpTimeStamps(
        f"http://127.0.0.1:{server.server_address[1]}/tsa",
        clock or world.clock,
        timeout=5,
        pause=0.01,
        trust=load_trust(world.roots),
    )


def test_a_seal_with_an_authority_over_http(authority, world: World, tmp_path: Path) -> None:
    service = SigningService(world.ring, _client(authority, world), world.clock, world.roots)
    assert service.seal(a_pdf(tmp_path / "i.pdf"), tmp_path / "o.pdf").level == LEVEL


def test_one_failure_is_tried_again(authority, world: World) -> None:
    calls = []

    def flaky(_, body: bytes) -> tuple[int, bytes]:
        calls.append(1)
        return (503, b"") if len(calls) == 1 else (200, world.tsa.ask(body))

    authority.behaviour = flaky
    _ask(_client(authority, world), bytes(32))
    assert len(calls) == 2


def _replayed(world: World):
    old = world.tsa.ask(world.tsa.request_cms(bytes(32), "sha256")[1].dump())
    return lambda _, body: (200, old)


@pytest.mark.parametrize(
    "behaviour",
    [
        lambda world: lambda _, body: (500, b""),
        lambda world: lambda _, body: (403, b"no"),
        lambda world: lambda _, body: (302, b""),
        lambda world: lambda _, body: (200, b""),
        lambda world: lambda _, body: (200, b"<html>maintenance</html>"),
        lambda world: lambda _, body: (200, bytes(2 << 20)),
        lambda world: lambda _, body: (200, world.tsa.ask(b"rubbish")),
        _replayed,
    ],
)
def test_no_answer_or_a_wrong_one_means_no_time(authority, world: World, behaviour) -> None:
    authority.behaviour = behaviour(world)
    with pytest.raises(Away) as fault:
        _ask(_client(authority, world), bytes(32))
    assert fault.value.code == "time-stamp-away"
    assert "Chờ dấu thời gian" in fault.value.tell


def test_a_closed_port_means_no_time(world: World) -> None:
    stamps = HttpTimeStamps(
        "http://127.0.0.1:9/tsa", world.clock, timeout=2, pause=0.01, trust=load_trust(world.roots)
    )
    with pytest.raises(Away):
        _ask(stamps, bytes(32))


@pytest.mark.parametrize(("minutes", "refused"), [(0, False), (0.5, False), (2, True), (-2, True)])
def test_clock_skew_over_a_minute_refuses(authority, world: World, minutes: float, refused: bool) -> None:
    client = _client(authority, world, FixedClock(datetime.now(UTC) + timedelta(minutes=minutes)))
    if not refused:
        _ask(client, bytes(32))
        return
    with pytest.raises(Away) as fault:
        _ask(client, bytes(32))
    assert fault.value.code == "clock-skew"


def test_the_options_choose_the_authority(world: World) -> None:
    assert isinstance(time_stamps(SigningOptions(world.folder), world.clock), DemoTimeStamps)
    chosen = time_stamps(SigningOptions(world.folder, tsa_url="http://tsa.example.vn/"), world.clock)
    assert isinstance(chosen, HttpTimeStamps)


@pytest.mark.parametrize(
    "change",
    [
        {"tsa_url": "ftp://x/"},
        {"tsa_url": "tsa.example.vn"},
        {"tsa_url": "file:///etc/passwd"},
        {"tsa_url": "http://user:secret@tsa.example.vn/"},
        {"tsa_timeout": 0},
    ],
)
def test_nonsense_options_are_refused_with_a_sentence(tmp_path: Path, change) -> None:
    with pytest.raises(ArchiveFault) as fault:
        SigningOptions(tmp_path, **change).check()
    assert fault.value.code == "signing-settings"
    assert fault.value.tell
    assert "secret" not in str(fault.value)
