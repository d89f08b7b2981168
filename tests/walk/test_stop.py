"""Ctrl+C ends the command within seconds, leaves no child behind, and loses nothing."""

import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.walk.conftest import SAMPLES, Vanthu

pytestmark = pytest.mark.joined


def interrupt(running: "subprocess.Popen[str]", most: float = 20) -> int:
    """Send Ctrl+C; return the exit code of the ended command, sure that all its children ended too."""
    children = psutil.Process(running.pid).children(recursive=True)
    assert running.poll() is None
    began = time.monotonic()
    os.kill(running.pid, signal.SIGINT)
    try:
        _, err = running.communicate(timeout=most)
    except subprocess.TimeoutExpired:
        running.kill()
        raise
    print(f"{len(children)} children, ended after {time.monotonic() - began:.1f} s", err[-400:], sep="\n")
    assert "leaked" not in err, err
    assert "Traceback" not in err, err
    alive = psutil.wait_procs(children, timeout=5)[1]
    assert alive == []
    return running.returncode


@pytest.mark.parametrize("after", [3.0, 8.0])  # not while Python still loads the command
def test_an_interrupted_digitize_ends_and_the_next_one_finishes(vanthu: Vanthu, after: float) -> None:
    running = vanthu.start("digitize", SAMPLES, "--json")
    time.sleep(after)
    assert interrupt(running) == 130
    again = vanthu("digitize", SAMPLES, "--json")
    assert again.code == 0, again.err
    assert {d["state"] for d in again.documents} == {"archived"}
    assert vanthu("audit", "verify").code == 0


def test_an_interrupted_serve_ends(vanthu: Vanthu) -> None:
    running = vanthu.start("serve", "--port", "18473")
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen("http://127.0.0.1:18473/", timeout=5):
                break
        except OSError:
            time.sleep(0.2)
    assert interrupt(running) in (0, 130)


def test_an_interrupted_serve_that_is_digitizing_ends(vanthu: Vanthu) -> None:
    handing_in = vanthu.start("digitize", SAMPLES, "--json")
    time.sleep(4)
    assert interrupt(handing_in) == 130
    running = vanthu.start("serve", "--port", "18474")  # takes the half-done batch up
    time.sleep(6)
    assert interrupt(running) in (0, 130)
    again = vanthu("digitize", SAMPLES, "--json")
    assert again.code == 0, again.err


def test_an_interrupted_ocr_drops_its_queue(vanthu: Vanthu, tmp_path: Path) -> None:
    page = next(SAMPLES.glob("*.jpg")).read_bytes()
    many = tmp_path / "many"
    many.mkdir()
    for number in range(150):
        (many / f"{number:03}.jpg").write_bytes(page + bytes([number]))
    out, temporary = tmp_path / "out", tmp_path / "tmp"
    temporary.mkdir()
    running = vanthu.start("ocr", many, "--out", out, TMPDIR=str(temporary))
    time.sleep(6)
    assert interrupt(running) == 130
    assert len(list(out.glob("*.txt"))) < 150
    assert list(temporary.glob("vanthu-ocr-*")) == []
