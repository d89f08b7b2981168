"""One batch of papers through the door and the engine of one machine: how fast, and each once though it is killed.

    bench/sign_batch.py [--papers N] [--level T|LTA] [--kills N]

The clerk hands N papers in over HTTP, starts the batch and waits; `--kills` ends the house with SIGKILL that often,
spread over the run, and starts it again. At the end: every paper signed, as many different files as papers, one event
each in the log, the log whole, and some of the files VALID. Demo keys and demo time stamps (embedded profile).
"""

import argparse
import platform
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from datetime import date
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from signing.verify import verify_pdf  # noqa: E402  the path is set one line above
from tests.cases.sealing import a_pdf  # noqa: E402
from tests.walk.conftest import Vanthu  # noqa: E402
from tests.walk.test_sign_papers import Served, begin, serve  # noqa: E402

_SAMPLE = 20


def hand_in(client: httpx.Client, folder: Path, level: str, papers: int) -> str:
    """Open a batch of copies and hand in `papers` different ones; return its id."""
    body = {"profile": "copy", "title": "Đợt đo", "level": f"PAdES-BASELINE-{level}"}
    opened = client.post("/signing-batches", json=body)
    opened.raise_for_status()
    batch = str(opened.json()["id"])
    for number in range(papers):
        path = a_pdf(folder / "next.pdf", words=f"Quyet dinh {number}")
        client.post(
            f"/signing-batches/{batch}/papers",
            files={"file": (f"qd-{number}.pdf", path.read_bytes(), "application/pdf")},
            headers={"Idempotency-Key": f"k{number}"},
        ).raise_for_status()
    return batch


def follow(house: Vanthu, running: Served, batch: str, papers: int, kills: int) -> tuple[Served, float]:
    """Wait until the batch is finished, killing the house now and then; return it and the largest memory, bytes."""
    client, most = running.client("vanthu"), 0.0
    due = [papers * (number + 1) // (kills + 1) for number in range(kills)]
    while True:
        told = client.get(f"/signing-batches/{batch}").json()
        if told["state"] == "finished":
            return running, most
        most = max(most, memory(running.process.pid))
        if due and told["papers"]["signed"] >= due[0]:
            due.pop(0)
            running.stop(signal.SIGKILL)
            running = serve(house)
            client = running.client("vanthu")
        time.sleep(0.5)


def memory(pid: int) -> float:
    """Return the resident bytes of a process and all its children."""
    main = psutil.Process(pid)
    total = 0.0
    for one in (main, *main.children(recursive=True)):
        try:
            total += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def judge(house: Vanthu, running: Served, batch: str, papers: int, folder: Path) -> None:
    """Demand that every paper is signed once, in files and in the log; some of the files are checked whole."""
    with closing(sqlite3.connect(house.data / "vanthu.db")) as rows:
        signed = rows.execute("SELECT signed_sha256, state FROM signings").fetchall()
        events = rows.execute("SELECT object FROM audit WHERE action = 'paper-signed'").fetchall()
    states = Counter(state for _, state in signed)
    once = len({sha256 for sha256, _ in signed}) == len(signed) == papers
    logged = len(events) == len(set(events)) == papers
    client, verdicts = running.client("vanthu"), Counter[str]()
    every = max(1, papers // _SAMPLE)
    for after in range(0, papers, every):
        (paper,) = client.get(f"/signing-batches/{batch}/papers", params={"limit": 1, "after": after}).json()
        path = folder / "check.pdf"
        path.write_bytes(client.get(f"/signing-batches/{batch}/papers/{paper['id']}/pdf").content)
        verdict = verify_pdf(path, [house.data / "keys" / "roots.pem"])
        verdicts[f"{verdict.verdict} {verdict.level}"] += 1
    print(
        f"rows {dict(states)}; files all different: {once}; one event each: {logged}; checked {dict(verdicts)}"
    )
    whole = house("audit", "verify").code == 0
    print(f"log whole: {whole}")
    if states != {"signed": papers} or not (once and logged and whole):
        raise SystemExit("not every paper was signed once")


def main() -> None:
    """Read the words and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--papers", type=int, default=10_000)
    parser.add_argument("--level", choices=["T", "LTA"], default="T")
    parser.add_argument("--kills", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vanthu-bench-batch-") as name:
        folder = Path(name)
        house = Vanthu(folder / "data")
        if house("init").code != 0:
            raise SystemExit("the house could not be set up")
        print(
            f"one batch of {given.papers} papers, B-{given.level}, Python {platform.python_version()}, {date.today()}"
        )
        running = serve(house)
        try:
            client = running.client("vanthu")
            began = time.perf_counter()
            batch = hand_in(client, folder, given.level, given.papers)
            given_in = time.perf_counter()
            begin(client, batch)
            running, most = follow(house, running, batch, given.papers, given.kills)
            ended = time.perf_counter()
            print(f"handed in: {given.papers / (given_in - began):.1f} papers/s")
            print(f"signed: {given.papers / (ended - given_in):.1f} papers/s, {given.kills} kills, "
                  f"door, engine and children together at most {most / 2**20:.0f} MiB")  # fmt: skip
            judge(house, running, batch, given.papers, folder)
        finally:
            running.stop()


if __name__ == "__main__":
    main()
