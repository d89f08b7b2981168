"""F19, F22, F25, F27: many at once under one key, a tool that is gone, no time to be had, a polite end in between."""

import http.client
import http.server
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from records.clock import SystemClock
from records.document import BatchState, DocumentState
from signing.timestamps import DemoTimeStamps
from tests.faults.client import Client, noise
from tests.faults.history import History
from tests.faults.house import FaultHouse
from tests.faults.zygote import Zygote

pytestmark = pytest.mark.joined


def test_fifty_at_once_under_one_key(house: FaultHouse) -> None:
    """F19: one file and one receipt; other bytes under the same key are a conflict, whoever comes when."""
    house.door()
    house.await_ready()
    client = house.client(1)
    batch = client.open_batch("cùng một khóa")
    assert batch
    op = client.upload(batch)
    other = replace(op, data=noise(2_000, 1), outcome="unknown", told={}, receipts=set(), statuses=[])
    twins = [replace(op, receipts=set(), statuses=[], outcome="unknown") for _ in range(50)]
    apart = Client(house.address, house.token("archivist"), History(), 2)
    with ThreadPoolExecutor(50) as many:
        list(many.map(apart.settle, twins))
        list(many.map(apart.send, [replace(other, statuses=other.statuses) for _ in range(5)]))
    assert {t.outcome for t in twins} == {"acknowledged"}
    op.receipts |= {r for t in twins for r in t.receipts}
    assert set(other.statuses) == {409}
    client.close()
    apart.close()
    assert house.judge(walked=False).wrong == []


def test_a_tool_that_is_missing(house: FaultHouse) -> None:
    """F22: without poppler nothing is sealed unread and nothing refused; the walk waits and goes on when it is back."""
    empty = house.folder / "no-tools"
    empty.mkdir()
    assert house.command("worker", check=False, PATH=str(empty)).code == 4
    door = house.door(PATH=str(empty))
    house.await_ready()
    batch = _two_pages(house)
    _await_word(house, "waits")
    assert _states(house, batch) <= {DocumentState.READING, DocumentState.COMPOSED}
    door.kill()
    door.wait()
    house.door()
    house.await_end(180)
    assert house.judge().wrong == []


def test_no_time_to_be_had(tmp_path: Path, zygote: Zygote) -> None:
    """F25: no authority, then one that lies, then a good one: no seal without time, no time made up, nothing lost."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with FaultHouse(tmp_path, {"VANTHU_TSA_URL": f"http://127.0.0.1:{port}/tsa"}, zygote) as house:
        house.door()
        house.await_ready()
        batch = _two_pages(house)
        _await_word(house, "seal waits")
        assert not _states(house, batch) & {DocumentState.ARCHIVED, DocumentState.REFUSED}
        good = DemoTimeStamps(house.folder / "data" / "keys", SystemClock())
        with _authority(port, lambda _: b"0\x03\x02\x01\x00") as asked:
            until = time.monotonic() + 120
            while not asked and time.monotonic() < until:
                time.sleep(0.1)
            time.sleep(1)
            assert asked
            assert not _states(house, batch) & {DocumentState.ARCHIVED, DocumentState.REFUSED}
        with _authority(port, good.ask):
            house.await_end(300)
            assert house.judge().wrong == []


def test_asked_to_stop_during_an_upload(house: FaultHouse) -> None:
    """F27: the door ends within 30 s whatever hangs on it; the client's retry is the one receipt."""
    door = house.door()
    house.await_ready()
    client = house.client(9)
    batch = client.open_batch("dừng giữa chừng")
    assert batch
    done = client.upload(batch)
    assert done.outcome == "acknowledged"
    data = noise(8_000_000, 3)
    half = threading.Event()
    threading.Thread(target=_dawdle, args=(house, client, batch, data, half), daemon=True).start()
    assert half.wait(30)
    door.kill(signal.SIGTERM)
    door.wait(30)
    client.close()
    house.door()
    house.await_ready()
    again = house.client(10)
    op = again.upload(batch, data, "to.png")
    again.settle(op)
    again.close()
    assert op.outcome == "acknowledged"
    assert house.judge(walked=False).wrong == []


def _dawdle(house: FaultHouse, client: Client, batch: str, data: bytes, half: threading.Event) -> None:
    """Send half a body and no more."""
    at = http.client.HTTPConnection("127.0.0.1", house.port, timeout=60)
    at.putrequest("POST", f"/api/v1/batches/{batch}/files")
    for name, value in (
        ("Authorization", client.authorization),
        ("Idempotency-Key", "half-sent"),
        ("Content-Type", "multipart/form-data; boundary=x"),
        ("Content-Length", str(len(data) + 1000)),
    ):
        at.putheader(name, value)
    at.endheaders()
    at.send(b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n')
    at.send(data[: len(data) // 2])
    half.set()
    with pytest.raises((OSError, http.client.HTTPException)):
        at.getresponse().read()
        raise ConnectionError  # answered: told that it goes


def _two_pages(house: FaultHouse) -> str:
    client = house.client(20)
    batch = client.open_batch("hai trang")
    assert batch
    for _ in range(2):
        client.settle(client.upload(batch))
    assert client.start(batch)
    client.close()
    return batch


def _await_word(house: FaultHouse, word: str, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    path = house.folder / "door.log"
    while word not in path.read_text(errors="replace"):
        assert time.monotonic() < until, house.log("door.log")
        time.sleep(0.1)


def _states(house: FaultHouse, batch: str) -> set[DocumentState]:
    from records.access import SYSTEM

    with house.opened() as opened, opened.work.reading() as tx:
        assert tx.batches.get(SYSTEM, batch).state is BatchState.STARTED
        return {d.state for d in tx.documents.of_batch(batch)}


@contextmanager
def _authority(port: int, answer) -> Iterator[list[bytes]]:
    """Run a time-stamp authority on `port`; yields what it was asked."""
    asked: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(answer(asked[-1]))

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
