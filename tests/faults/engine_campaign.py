"""Kill the engine's processes alone, hundreds of times: nothing enqueued is lost, only what was in hand is repeated."""

import json
import random
import threading
import time
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.faults.engine_program import PAGES, PLACES
from tests.faults.zygote import Running, Zygote

_LIVES = (0.02, 0.1, 0.3, 0.6)
_AT_WORK = 0.8
"""Share of the lives that are ended at work; the others may end while they start."""
_DOCUMENTS_A_LIFE = 4
_SLOW = 0.02


@dataclass
class EngineReport:
    """What the campaign did and what is wrong."""

    kills: int = 0
    documents: int = 0
    repeated: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def told(self) -> dict[str, object]:
        """Return the report for programs."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the report for people."""
        return [
            f"{self.kills} kills of the engine in {self.seconds:.0f} s: {self.documents} documents enqueued and ended, "
            f"{self.repeated} steps repeated that were in hand",
            f"wrong: {len(self.wrong)}",
            *self.wrong[:20],
        ]


class EngineCampaign:
    """An engine on one database and the processes that are shot on it."""

    def __init__(self, folder: Path, url: str, password_file: str, zygote: Zygote, seed: int) -> None:
        """On PostgreSQL two processes are shot at once, on SQLite the one there can be."""
        self._told = {"url": url, "password": password_file, "log": str(folder / "notes"), "slow": _SLOW}
        self._notes = folder / "notes"
        self._shared = not url.startswith("sqlite")
        self._log = str(folder / "engine.log")
        self._zygote = zygote
        self._seed = seed
        self._lock = threading.Lock()
        self._lives = 0
        self._next = 0
        self._dead: list[str] = []
        self._left = 0

    def run(self, kills: int) -> EngineReport:
        """Kill so often, let one life come to the end, judge."""
        began = time.monotonic()
        self._left = kills
        shooters = [
            threading.Thread(target=self._shoot, args=(random.Random(self._seed + n),))
            for n in range(2 if self._shared else 1)
        ]
        for shooter in shooters:
            shooter.start()
        for shooter in shooters:
            shooter.join()
        report = EngineReport(kills=kills - self._left)
        acknowledged = sorted({int(d) for _, what, d, *_ in self._lines() if what == "acknowledged"})
        last, _ = self._live(wait=acknowledged)
        try:
            last.wait(300)
        except TimeoutError:
            report.wrong.append("the last life did not come to its end")
            last.kill()
            last.wait()
        self._judge(report, acknowledged)
        report.seconds = time.monotonic() - began
        return report

    def _live(self, wait: list[int] | None = None) -> tuple[Running, str]:
        with self._lock:
            self._lives += 1
            life = f"life{self._lives}"
            executor = life if self._shared else "embedded"
            count = 0 if wait is not None else _DOCUMENTS_A_LIFE
            documents = (self._next, self._next + count)
            self._next += count
            dead = list(self._dead) if self._shared else []
        told = {
            **self._told,
            "life": life,
            "executor": executor,
            "documents": documents,
            "dead": dead,
            "wait": wait,
        }
        return self._zygote.start([json.dumps(told)], {}, self._log, "tests.faults.engine_program"), life

    def _shoot(self, rng: random.Random) -> None:
        while True:
            with self._lock:
                if self._left <= 0:
                    return
                self._left -= 1
            victim, life = self._live()
            if rng.random() < _AT_WORK:  # else it may die while it starts
                self._await_work(victim, life)
            time.sleep(rng.choice(_LIVES) * rng.uniform(0.5, 1.5))
            victim.kill()
            victim.wait()
            with self._lock:
                self._dead.append(life)

    def _await_work(self, victim: Running, life: str) -> None:
        until = time.monotonic() + 30
        while victim.alive() and time.monotonic() < until:
            if any(line[0] == life for line in self._lines()):
                return
            time.sleep(0.02)

    def _lines(self) -> list[list[str]]:
        return [line.split() for line in self._notes.read_text().splitlines()] if self._notes.exists() else []

    def _judge(self, report: EngineReport, acknowledged: list[int]) -> None:
        """Every document enqueued began, had each page read, and ended; what was done twice was in hand at a kill."""
        lines = [tuple(line) for line in self._lines()]
        report.documents = len(acknowledged)
        done = Counter(tuple(line[1:]) for line in lines)
        for document in acknowledged:
            wanted = [("begin", str(document)), ("end", str(document))]
            wanted += [("page", str(document), str(page)) for page in range(PAGES)]
            report.wrong += [f"LOST: {' '.join(step)}" for step in wanted if not done[step]]
        if not any(line[1] == "all-done" for line in lines):
            report.wrong.append("not every document answered what its pages said")
        last: dict[tuple[str, ...], str] = {}
        repeated: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
        for life, *step in lines:
            key = tuple(step)
            if key[0] not in ("begin", "page", "end"):
                continue
            if key in last:
                report.repeated += 1
                repeated[last[key]].append(key)
                if last[key] == life:
                    report.wrong.append(f"TWICE in one life: {life} {' '.join(key)}")
            last[key] = life
        for life, steps in repeated.items():
            kinds = Counter("pages" if step[0] == "page" else "documents" for step in steps)
            for queue, places in PLACES.items():
                if kinds[queue] > places:
                    report.wrong.append(
                        f"{life} had {places} places of {queue}, {kinds[queue]} were repeated"
                    )
