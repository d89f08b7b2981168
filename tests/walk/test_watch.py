"""`vanthu watch` beside writers that are slow, rename or die, and killed itself: each file once, none of them half."""

import hashlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.tools.bad_inputs import bytes_of, paper
from tests.walk.conftest import Vanthu

pytestmark = pytest.mark.joined

SLOW = """
import sys, time
data = sys.stdin.buffer.read()
with open(sys.argv[1], "wb") as out:
    for n in range(0, len(data), len(data) // 12 + 1):
        out.write(data[n : n + len(data) // 12 + 1]); out.flush(); time.sleep(0.25)
"""
"""A writer that takes ten times the quiet while of this test (60 s against the usual 10 s would be six times)."""


def scan(shade: int) -> bytes:
    return bytes_of(paper(size=(400 + shade, 500)), "JPEG", dpi=(100, 100))


def received(vanthu: Vanthu) -> dict[str, str]:
    rows = sqlite3.connect(vanthu.data / "vanthu.db")
    try:
        found = rows.execute("select relative_path, sha256 from files").fetchall()
    finally:
        rows.close()
    assert len({path for path, _ in found}) == len(found), found
    return dict(found)


def wait(vanthu: Vanthu, count: int, seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while len(received(vanthu)) < count:
        assert time.monotonic() < until, received(vanthu)
        time.sleep(0.1)


def test_no_writer_makes_half_a_document(vanthu: Vanthu, tmp_path: Path) -> None:
    folder = tmp_path / "quet"
    folder.mkdir()
    slow, renamed, dead, stack = (scan(n) for n in range(4))
    words = ("watch", folder, "--quiet", "0.3", "--every", "0.1", "--json")
    log = tmp_path / "watch.log"
    watcher = vanthu.start(*words, log=log)
    writer = subprocess.Popen([sys.executable, "-c", SLOW, str(folder / "cham.jpg")], stdin=subprocess.PIPE)
    assert writer.stdin is not None
    writer.stdin.write(slow)
    writer.stdin.close()
    (folder / "hs1").mkdir()
    (folder / "hs1" / "1.jpg").write_bytes(stack)
    (folder / "hs1" / "2.jpg.part").write_bytes(renamed)
    (folder / "hs1" / "2.jpg.part").rename(folder / "hs1" / "2.jpg")
    (folder / "hs2").mkdir()
    (folder / "hs2" / "chet.jpg").write_bytes(dead[: len(dead) // 2])  # its writer died
    wait(vanthu, 2)
    os.kill(watcher.pid, signal.SIGKILL)
    watcher.wait()
    watcher = vanthu.start(*words, log=log)
    assert writer.wait() == 0
    wait(vanthu, 3)
    assert received(vanthu) == {
        "cham.jpg": hashlib.sha256(slow).hexdigest(),
        "1.jpg": hashlib.sha256(stack).hexdigest(),
        "2.jpg": hashlib.sha256(renamed).hexdigest(),
    }
    told = [json.loads(line) for line in log.read_text().splitlines() if line.startswith('{"source"')]
    assert {(Path(one["source"]).name, one["why"]) for one in told} >= {("chet.jpg", "half")}
    assert "cắt ngắn" in next(one["tell"] for one in told if one["why"] == "half")
    (folder / "hs2" / "chet.jpg").write_bytes(dead)  # scanned anew
    wait(vanthu, 4)
    watcher.send_signal(signal.SIGTERM)
    assert watcher.wait(timeout=60) == 0
    # what was received has left the folder; once more, from the beginning: nothing changes
    left = sorted(p.name for p in folder.rglob("*") if p.is_file() and ".da-giao" not in p.parts)
    assert left == []
    assert len([p for p in (folder / ".da-giao").rglob("*") if p.is_file()]) == 4
    assert vanthu.here("watch", folder, "--quiet", "0", "--every", "0.05", "--once").code == 0
    assert len(received(vanthu)) == 4


def test_killed_over_a_delivery(vanthu: Vanthu, tmp_path: Path) -> None:
    folder = tmp_path / "quet"
    (folder / "hs1").mkdir(parents=True)
    for n in range(2):
        (folder / "hs1" / f"{n}.jpg").write_bytes(scan(n))
    words = ("watch", folder, "--quiet", "0", "--every", "0.05", "--once", "--after", "keep")
    for point in ("watch-begun", "watch-handed-in", "watch-one-left"):
        assert vanthu(*words, VANTHU_CRASHPOINT=point).code == -signal.SIGKILL, point
    for _ in range(2):
        assert vanthu.here(*words).code == 0
        assert set(received(vanthu)) == {"0.jpg", "1.jpg"}


@pytest.mark.parametrize("who", ["worker", "serve"])
def test_who_works_watches_the_folder_of_its_settings(vanthu: Vanthu, tmp_path: Path, who: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path / "quet"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(scan(9))
    log = tmp_path / "worker.log"
    worker = vanthu.start(
        who, log=log, VANTHU_WATCH_FOLDER=str(folder), VANTHU_WATCH_QUIET="0.1", VANTHU_PORT=str(port)
    )
    wait(vanthu, 1)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=60) == {"worker": 0, "serve": -signal.SIGTERM}[who], log.read_text()
    assert not (folder / "a.jpg").exists()
