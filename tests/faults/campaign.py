"""Kill -9 by the hundred: clients upload and start deliveries while door and workers are shot, at random moments and at
named points; then everything comes to its end and the checker judges.

    python -m tests.faults.campaign --kills N [--seed S]        the embedded profile, on a fresh archive
"""

import argparse
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import httpx

from tests.faults.checker import Finding
from tests.faults.client import Client
from tests.faults.house import FaultHouse
from tests.faults.zygote import Running, Zygote

WORKERS = 2
_CLIENTS = 3
_MOST_UNFINISHED = 6
"""Deliveries on the walk at once; clients wait when there are more, or the end would take for ever."""
_DOOR_LIVES = (0.05, 0.15, 0.4, 0.8, 1.5, 3.0)
_WALK_LIVES = (0.2, 0.8, 1.5, 3.0, 6.0, 9.0)
"""Seconds until a kill at random: short lives hit the beginnings, long ones let the walk get on."""
_FILES_A_KILL = 5
"""A campaign goes on until there was a file for so many kills (or twice the kills): to shoot the idle proves little."""
_AT_POINT = 0.4
"""Share of the victims whose next life is to end at a named point."""
_POINT_SECONDS = 5.0
_READY_FIRST = 0.7
"""Share of the successors that may get ready; the others may be shot while they start."""
DOOR_POINTS = (
    "receive-before-intent",
    "receive-after-intent",
    "receive-after-put",
    "receive-before-note",
    "receive-after-note",
    "receive-after-note-row",
    "receive-before-commit",
    "receive-after-commit",
    "rows-before-commit",
    "rows-after-commit",
)
WORKER_POINTS = (
    "split-before-commit",
    "split-after-commit",
    "proposed-after-commit",
    "sealed",
    "deposit-before",
    "deposit-after-access.pdf",
    "deposit-after-pages.json",
    "deposit-after-manifest.json",
    "register-before",
    "register-before-commit",
    "register-after-commit",
    "finish-after-commit",
    "finish-before-manifest",
    "finish-after-manifest",
    "finish-after-manifest-row",
    "rows-before-commit",
    "rows-after-commit",
)
FOLDER_POINTS = ("folder-before-link", "folder-after-link")
S3_POINTS = ("s3-before-put", "s3-after-put", "paired-between-puts")


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

    @property
    def total(self) -> int:
        """How many processes were killed."""
        return sum(self.kills.values())

    def told(self) -> dict[str, object]:
        """Return the report for programs. A counter must be a plain dictionary before `asdict` may see it."""
        plain = replace(self, kills=dict(self.kills), points=dict(self.points))  # type: ignore[arg-type]
        return asdict(plain)

    def lines(self) -> list[str]:
        """Return the report for people."""
        return [
            f"{self.total} kills ({', '.join(f'{n} {who}' for who, n in sorted(self.kills.items()))}), "
            f"{sum(self.points.values())} of them at {len(self.points)} named points, in {self.seconds:.0f} s",
            f"{self.uploads} uploads, {self.retried} asked more than once; {self.finding.acknowledged} acknowledged, "
            f"{self.finding.documents} documents archived",
            f"slowest ready after a restart: {self.slowest_ready:.1f} s",
            f"wrong: {len(self.finding.wrong)}",
            *self.finding.wrong[:40],
        ]


@dataclass
class _Victim:
    """One process that is shot again and again: how it is started, the points it passes, its present life."""

    who: str
    start: Callable[[str], Running]
    points: tuple[str, ...]
    lives: tuple[float, ...]
    rng: random.Random
    running: Running
    await_ready: Callable[[Running], object]


class Campaign:
    """One house under fire."""

    def __init__(self, house: FaultHouse, kills: int, seed: int) -> None:
        self._house = house
        self._kills = kills
        self._seed = seed
        self._lock = threading.Lock()
        self._full = threading.Event()
        self._failures: list[BaseException] = []
        self.report = Report()

    def run(self) -> Report:
        """Shoot until the number of kills is reached, let everything end, judge."""
        began = time.monotonic()
        victims = self._victims()
        self._house.await_ready()
        clients = [self._thread(self._upload, number) for number in range(_CLIENTS)]
        while not self._house.history.count("acknowledged") and not self._full.is_set():
            time.sleep(0.05)
        shooters = [self._thread(self._shoot, victim) for victim in victims]
        for thread in (*shooters, *clients):
            thread.join()
        if self._failures:
            raise self._failures[0]
        self._house.settle()
        self._house.await_end()
        self.report.finding = self._house.judge()
        self.report.slowest_ready = self._house.slowest_ready
        self.report.uploads = len(self._house.history.ops)
        self.report.retried = sum(op.tries > 1 for op in self._house.history.ops)
        self.report.seconds = time.monotonic() - began
        return self.report

    def _victims(self) -> list[_Victim]:
        house, seed = self._house, self._seed
        if not house.shared:
            points = DOOR_POINTS + WORKER_POINTS + FOLDER_POINTS
            rng = random.Random(seed)
            return [_Victim("door", house.door, points, _WALK_LIVES, rng, house.door(), house.await_ready)]
        door = _Victim(
            "door",
            house.door,
            DOOR_POINTS + S3_POINTS,
            _DOOR_LIVES,
            random.Random(seed),
            house.door(),
            house.await_ready,
        )
        return [
            door,
            *(
                _Victim(
                    "worker",
                    house.worker,
                    WORKER_POINTS + S3_POINTS,
                    _WALK_LIVES,
                    random.Random(seed + 1 + number),
                    house.worker(),
                    lambda _: time.sleep(1),
                )
                for number in range(WORKERS)
            ),
        ]

    def _thread(self, target: Callable[..., None], *args: object) -> threading.Thread:
        def run() -> None:
            try:
                target(*args)
            except BaseException as fault:  # noqa: BLE001  told by whoever joins
                self._failures.append(fault)
                self._full.set()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    # --- shooting

    def _shoot(self, victim: _Victim) -> None:
        while not self._full.is_set():
            life = victim.rng.choice(victim.lives) * victim.rng.uniform(0.5, 1.5)
            point = victim.rng.choice(victim.points) if victim.rng.random() < _AT_POINT else ""
            if point:
                self._kill(victim)
                victim.running = victim.start(f"{point}:{victim.rng.choice((1, 1, 1, 2, 3))}")
                victim.await_ready(victim.running)
                life = _POINT_SECONDS
            until = time.monotonic() + life
            while victim.running.alive() and time.monotonic() < until:
                time.sleep(0.02)
            if point and not victim.running.alive():
                with self._lock:
                    self.report.points[point] += 1
            self._kill(victim)
            victim.running = victim.start("")
            if victim.rng.random() < _READY_FIRST:
                victim.await_ready(victim.running)

    def _kill(self, victim: _Victim) -> None:
        victim.running.kill()
        victim.running.wait()
        with self._lock:
            self.report.kills[victim.who] += 1
            if self.report.total % 50 == 0:
                print(f"  {self.report.total} kills, {len(self._house.history.ops)} uploads", flush=True)
            enough = self._house.history.count("acknowledged") * _FILES_A_KILL >= self.report.total
            if self.report.total >= self._kills and (enough or self.report.total >= 2 * self._kills):
                self._full.set()

    # --- the clients

    def _upload(self, number: int) -> None:
        client = self._house.client(self._seed * 10 + number + 1)
        rng = random.Random(self._seed * 100 + number)
        try:
            while not self._full.is_set():
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
            answer = client.get("/batches", limit=50)
            if answer.status_code == 200:
                return sum(b["state"] == "started" for b in answer.json()["items"])
        return _MOST_UNFINISHED + 1


def campaign(folder: Path, environment: dict[str, str], kills: int, seed: int, zygote: Zygote) -> Report:
    """Run a campaign on a fresh house with these settings; two workers on the cluster profile."""
    with FaultHouse(folder, environment, zygote) as house:
        return Campaign(house, kills, seed).run()


def main() -> int:
    """Run the embedded campaign from the command line (the cluster one needs the servers of the tests)."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=20261126)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vanthu-faults-") as name, Zygote(Path(name)) as zygote:
        report = campaign(Path(name), {}, given.kills, given.seed, zygote)
        print("\n".join(report.lines()))
        return 1 if report.finding.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
