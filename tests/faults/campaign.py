"""Kill -9 by the hundred: clients upload and start deliveries while door and workers are shot, at random moments and at
named points; then everything comes to its end and the checker judges.

    python -m tests.faults.campaign --kills N [--seed S]
"""

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from boot.house import House, open_house
from boot.settings import load_settings
from records.access import SYSTEM
from records.document import BatchState
from tests.faults.checker import Finding, check
from tests.faults.client import Client
from tests.faults.history import History
from tests.faults.zygote import ROOT, Running, Zygote

READY_SECONDS = 30.0
"""How long a restarted service may take until it is ready (reliability reference, oracle (f))."""
_CLIENTS = 3
_MOST_UNFINISHED = 6
"""Deliveries on the walk at once; clients wait when there are more, or the end would take for ever."""
DOOR_POINTS = (
    "receive-before-intent",
    "receive-after-intent",
    "receive-after-put",
    "receive-before-note",
    "receive-after-note",
    "receive-before-commit",
    "receive-after-commit",
    "rows-before-commit",
    "rows-after-commit",
)
WORKER_POINTS = (
    "split-before-commit",
    "split-after-commit",
    "sealed",
    "deposit-before",
    "deposit-after-manifest.json",
    "register-before",
    "register-before-commit",
    "register-after-commit",
    "finish-before-manifest",
    "finish-after-manifest",
    "finish-after-manifest-row",
    "rows-before-commit",
    "rows-after-commit",
)


@dataclass
class Report:
    """What a campaign did and what the checker said."""

    kills: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    slowest_ready: float = 0.0
    uploads: int = 0
    retried: int = 0
    seconds: float = 0.0
    finding: Finding = field(default_factory=Finding)

    def lines(self) -> list[str]:
        """Return the report for people."""
        total = sum(self.kills.values())
        return [
            f"{total} kills ({', '.join(f'{n} {who}' for who, n in sorted(self.kills.items()))}), "
            f"{sum(self.points.values())} of them at {len(self.points)} named points, in {self.seconds:.0f} s",
            f"{self.uploads} uploads, {self.retried} asked more than once; {self.finding.acknowledged} acknowledged, "
            f"{self.finding.documents} documents archived",
            f"slowest ready after a restart: {self.slowest_ready:.1f} s",
            f"wrong: {len(self.finding.wrong)}",
            *self.finding.wrong[:40],
        ]


class Campaign:
    """One house under fire."""

    def __init__(self, folder: Path, environment: dict[str, str], workers: int, seed: int) -> None:
        """`workers` is 0 on the embedded profile, whose door is the engine too."""
        self._folder = folder
        self._port = _free_port()
        self._environment = {**environment, "VANTHU_WORKERS": "2" if workers == 0 else "1"}
        self._zygote = Zygote(folder)
        self._rng = random.Random(seed)
        self._seed = seed
        self._workers = workers
        self._stop = threading.Event()
        self.history = History()
        self.report = Report()
        self._token = ""

    @property
    def address(self) -> str:
        """Where the door is."""
        return f"http://127.0.0.1:{self._port}"

    def run(self, kills: int) -> Report:
        """Shoot until `kills` are reached, let everything end, judge."""
        began = time.monotonic()
        self._prepare()
        victims = {"door": self._door()}
        for number in range(self._workers):
            victims[f"worker {number + 1}"] = self._worker()
        self._await_ready()
        threads = [threading.Thread(target=self._upload, args=(n,)) for n in range(_CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            while sum(self.report.kills.values()) < kills:
                name = self._rng.choice(sorted(victims))
                victims[name] = self._shoot(name, victims[name])
                if sum(self.report.kills.values()) % 50 == 0:
                    print(
                        f"  {sum(self.report.kills.values())} kills, {len(self.history.ops)} uploads",
                        flush=True,
                    )
        finally:
            self._stop.set()
        for thread in threads:
            thread.join(timeout=120)
        try:
            self._settle()
            self._await_end()
        finally:
            for victim in victims.values():
                victim.kill()
                victim.wait()
            self._zygote.close()
        self.report.finding = self._judge()
        self.report.uploads = len(self.history.ops)
        self.report.retried = sum(op.tries > 1 for op in self.history.ops)
        self.report.seconds = time.monotonic() - began
        return self.report

    # --- the house

    def _prepare(self) -> None:
        made = self._command("init", "--json")
        login = next(a["login"] for a in json.loads(made)["accounts"] if "archivist" in a["roles"])
        self._token = self._command("token", "create", "--user", login).split()[-1]

    def _command(self, *words: str) -> str:
        ran = subprocess.run(
            [sys.executable, "-m", "boot.cli", *words],
            env={**os.environ, **self._environment, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return ran.stdout

    def _door(self, point: str = "") -> Running:
        words = ["serve", "--port", str(self._port)]
        return self._zygote.start(words, {**self._environment, "VANTHU_CRASHPOINT": point}, "door.log")

    def _worker(self, point: str = "") -> Running:
        return self._zygote.start(["worker"], {**self._environment, "VANTHU_CRASHPOINT": point}, "worker.log")

    def _await_ready(self) -> None:
        began = time.monotonic()
        while True:
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.address}/health/ready", timeout=2).status_code == 200:
                    break
            waited = time.monotonic() - began
            if waited > READY_SECONDS * 2:
                raise RuntimeError(f"not ready {waited:.0f} s after a restart: {self._log('door.log')}")
            time.sleep(0.05)
        self.report.slowest_ready = max(self.report.slowest_ready, time.monotonic() - began)

    def _log(self, name: str) -> str:
        path = self._folder / name
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""

    # --- shooting

    def _shoot(self, name: str, victim: Running) -> Running:
        """Kill one process, at a random moment or at a named point of its next life; return its successor."""
        door = name == "door"
        start = self._door if door else self._worker
        # short lives hit the beginnings, long ones let the walk get on
        life = self._rng.choice((0.05, 0.2, 0.5, 1.0, 2.0, 4.0)) * self._rng.uniform(0.5, 1.5)
        point = ""
        if self._rng.random() < 0.4:
            points = DOOR_POINTS if door and self._workers else WORKER_POINTS
            if door and not self._workers:
                points = DOOR_POINTS + WORKER_POINTS
            point = self._rng.choice(points)
        if point:
            victim.kill()
            victim.wait()
            self.report.kills[name.split()[0]] += 1
            victim = start(f"{point}:{self._rng.randint(1, 3)}")
            life = 6.0
        until = time.monotonic() + life
        while victim.alive() and time.monotonic() < until:
            time.sleep(0.02)
        if point and not victim.alive():
            self.report.points[point] += 1
        victim.kill()
        victim.wait()
        self.report.kills[name.split()[0]] += 1
        successor = start()
        if door:
            self._await_ready()
        return successor

    # --- the clients

    def _upload(self, number: int) -> None:
        client = Client(self.address, self._token, self.history, self._seed * 10 + number)
        rng = random.Random(self._seed * 100 + number)
        try:
            while not self._stop.is_set():
                if self._unfinished(client) > _MOST_UNFINISHED:
                    time.sleep(0.3)
                    continue
                batch = client.open_batch(f"lô {number}")
                if batch is None:
                    continue
                for op in [client.upload(batch) for _ in range(rng.randint(1, 3))]:
                    client.settle(op, 90)
                client.start(batch)
        finally:
            client.close()

    def _unfinished(self, client: Client) -> int:
        with suppress(httpx.HTTPError):
            answer = client._http.get("/batches", params={"limit": 50})
            if answer.status_code == 200:
                return sum(b["state"] == "started" for b in answer.json()["items"])
        return _MOST_UNFINISHED + 1

    def _settle(self) -> None:
        self._await_ready()
        client = Client(self.address, self._token, self.history, 0)
        try:
            for op in self.history.ops:
                client.settle(op)
            for batch in self.history.batches:
                for _ in range(50):
                    if client.start(batch):
                        break
                    time.sleep(0.2)
        finally:
            client.close()

    def _await_end(self, seconds: float = 600) -> None:
        with self._opened() as house:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                with house.work.reading() as tx:
                    states = {tx.batches.get(SYSTEM, batch).state for batch in self.history.batches}
                    waiting = tx.outbox.backlog().waiting
                if states <= {BatchState.FINISHED} and not waiting:
                    return
                time.sleep(0.3)

    def _judge(self) -> Finding:
        with self._opened() as house:
            found = check(house, self.history, walked=True)
        verified = subprocess.run(
            [sys.executable, "-m", "boot.cli", "audit", "verify"],
            env={**os.environ, **self._environment, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        if verified.returncode:
            found.wrong.append(f"audit: {verified.stdout}{verified.stderr}")
        return found

    @contextmanager
    def _opened(self) -> "Iterator[House]":
        with _environment(self._environment), open_house(load_settings()) as house:
            yield house


@contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def campaign(folder: Path, environment: dict[str, str], kills: int, seed: int) -> Report:
    """Run a campaign on a fresh house with these settings; two workers on the cluster profile."""
    workers = 2 if environment.get("VANTHU_DATABASE_URL", "").startswith("postgresql") else 0
    return Campaign(folder, environment, workers, seed).run(kills)


def main() -> int:
    """Run the embedded campaign from the command line (the cluster one needs the servers of the tests)."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=20261126)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vanthu-faults-") as name:
        folder = Path(name)
        report = campaign(folder, {"VANTHU_DATA_DIR": str(folder / "data")}, given.kills, given.seed)
        print("\n".join(report.lines()))
        return 1 if report.finding.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
