"""`digitize` beside a running `serve`: the work is handed over, and taken back when the server is killed."""

import json
import os
import signal
import socket
import time
import urllib.request
from pathlib import Path

import pytest

from tests.walk.conftest import SAMPLES, Vanthu

pytestmark = pytest.mark.joined


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_ready(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server did not come up")


def holder(vanthu: Vanthu) -> str:
    return str(json.loads((vanthu.data / "run" / "engine.lock").read_text()).get("kind"))


def test_handed_over_to_a_running_server(vanthu: Vanthu) -> None:
    port = free_port()
    server = vanthu.start("serve", "--port", port)
    try:
        wait_ready(port)
        ran = vanthu("digitize", SAMPLES / "cong-van-1412.jpg", "--json")
        assert ran.code == 0, ran.err
        assert [d["state"] for d in ran.documents] == ["archived"]
        assert holder(vanthu) == "serve"
        assert "Đã giao lô" in ran.err
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=60)


def test_taken_over_when_the_server_is_killed(vanthu: Vanthu, tmp_path: Path) -> None:
    port = free_port()
    server = vanthu.start("serve", "--port", port)
    wait_ready(port)
    running = vanthu.start("digitize", SAMPLES / "cong-van-so-66", SAMPLES / "thong-bao-189.tif", "--json")
    time.sleep(4)
    os.kill(server.pid, signal.SIGKILL)
    server.communicate()
    out, err = running.communicate(timeout=300)
    assert running.returncode == 0, err
    documents = [json.loads(line) for line in out.splitlines() if "document_id" in line]
    assert {d["state"] for d in documents} == {"archived"}
    assert vanthu("audit", "verify").code == 0
