"""One whole house under fire: door and workers as real processes, clients, the end, and the judge over it all."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from boot.house import House, open_house
from boot.settings import load_settings
from records.access import SYSTEM
from records.document import BatchState
from tests.cases.sealing import lay_keys
from tests.faults.checker import Finding, check
from tests.faults.client import Client
from tests.faults.history import History
from tests.faults.zygote import Ran, Running, Zygote

READY_SECONDS = 30.0
"""How long a restarted service may take until it is ready (reliability reference, oracle (f))."""


class FaultHouse:
    """A fresh archive with these settings. Everything it started is gone when the block ends."""

    def __init__(self, folder: Path, environment: dict[str, str], zygote: Zygote) -> None:
        """`environment` are settings (VANTHU_…); the data folder is `folder`/data unless they name one."""
        self.folder = folder
        self.port = _free_port()
        self.environment = {"VANTHU_DATA_DIR": str(folder / "data"), "VANTHU_WORKERS": "1", **environment}
        self.history = History()
        self.slowest_ready = 0.0
        self._zygote = zygote
        self._lock = threading.Lock()
        self._running: list[Running] = []
        self._token = ""
        # one for all looks: making a client reads every authority of the web, longer than the house takes to answer
        self._looks = httpx.Client(verify=False, timeout=5)

    def __enter__(self) -> "FaultHouse":
        lay_keys(Path(self.environment["VANTHU_DATA_DIR"]) / "keys")
        self._accounts = json.loads(self.command("init", "--json").out)["accounts"]
        self._token = self.token("archivist")
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running:
            process.kill()
        for process in self._running:
            process.wait()
        self._looks.close()

    @property
    def address(self) -> str:
        """Where the door is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def shared(self) -> bool:
        """Whether workers do the walk (cluster profile); else the door does it."""
        return self.environment.get("VANTHU_DATABASE_URL", "").startswith("postgresql")

    # --- processes

    def command(self, *words: str, check: bool = True, **extra: str) -> Ran:
        """Run a command of the house to its end."""
        ran = self._zygote.run(list(words), {**self.environment, **extra, "VANTHU_CRASHPOINT": ""})
        assert not check or ran.code == 0, f"{words}: exit {ran.code}: {ran.out}{ran.err}"
        return ran

    def door(self, point: str = "", **extra: str) -> Running:
        """Start the door; `point` is where it is to die (see storage/crashpoint.py)."""
        return self._start(["serve", "--port", str(self.port)], point, extra, "door.log")

    def worker(self, point: str = "", *words: str, **extra: str) -> Running:
        """Start a worker."""
        return self._start(["worker", *words], point, extra, "worker.log")

    def start(self, *words: str, log: str, out: str = "", **extra: str) -> Running:
        """Start any other command; see `Zygote.start` for `out`."""
        return self._start(list(words), "", extra, log, out)

    def _start(self, words: list[str], point: str, extra: dict[str, str], log: str, out: str = "") -> Running:
        told = {**self.environment, **extra, "VANTHU_CRASHPOINT": point}
        process = self._zygote.start(words, told, str(self.folder / log), out=out)
        with self._lock:
            self._running = [p for p in self._running if p.alive()] + [process]
        return process

    def await_ready(self, door: Running | None = None, seconds: float = READY_SECONDS * 2) -> float:
        """Wait until the door says that it is ready (or, when it is given, has died); return how long that took."""
        began = time.monotonic()
        while True:
            if door is not None and not door.alive():
                return time.monotonic() - began
            with suppress(httpx.HTTPError):
                if self._looks.get(f"{self.address}/health/ready").status_code == 200:
                    break
            if time.monotonic() - began > seconds:
                raise AssertionError(f"not ready after {seconds:.0f} s: {self.log('door.log')}")
            time.sleep(0.05)
        took = time.monotonic() - began
        self.slowest_ready = max(self.slowest_ready, took)
        return took

    def log(self, name: str) -> str:
        """Return the end of a log."""
        path = self.folder / name
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""

    # --- people

    def client(self, seed: int) -> Client:
        """Return a client of the door; two with the same seed would send the same pages."""
        return Client(self.address, self._token, self.history, seed)

    def settle(self, seconds: float = 60, *, start: bool = True) -> None:
        """Ask for every upload without an answer again until there is one, and start every delivery that has files."""
        client = self.client(0)
        try:
            for op in self.history.ops:
                client.settle(op, seconds)
            for batch in self.history.batches if start else []:
                if not any(op.batch == batch and op.outcome == "acknowledged" for op in self.history.ops):
                    continue
                until = time.monotonic() + seconds
                while not client.start(batch) and time.monotonic() < until:
                    time.sleep(0.2)
        finally:
            client.close()

    def await_end(self, seconds: float = 600) -> None:
        """Wait until every started delivery is through and the index knows it; the judge says what is missing."""
        with self.opened() as house:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                with house.work.reading() as tx:
                    states = {tx.batches.get(SYSTEM, b).state for b in set(self.history.started)}
                    waiting = tx.outbox.backlog().waiting
                if states <= {BatchState.FINISHED} and not waiting:
                    return
                time.sleep(0.3)

    # --- the judge

    def token(self, role: str) -> str:
        """Return an access token of the demo account with this role and the fewest others."""
        some = [a for a in self._accounts if role in a["roles"]]
        login = min(some, key=lambda a: len(a["roles"]))["login"]
        return self.command("token", "create", "--user", login).out.split()[-1]

    def judge(self, *, walked: bool = True) -> Finding:
        """Let the checker look, then the commands an operator has: `audit verify` and `reconcile`."""
        with self.opened() as house:
            found = check(house, self.history, walked=walked)
        for words in (("audit", "verify"), ("reconcile", "--json")):
            ran = self.command(*words, check=False)
            if ran.code:
                found.wrong.append(f"{' '.join(words)}: exit {ran.code} {ran.out}{ran.err}")
        if self.slowest_ready > READY_SECONDS:
            found.wrong.append(f"ready only {self.slowest_ready:.1f} s after a restart")
        return found

    @contextmanager
    def opened(self) -> "Iterator[House]":
        """Open the stores of the house in this process."""
        before = dict(os.environ)
        os.environ.update(self.environment)
        try:
            with open_house(load_settings()) as house:
                yield house
        finally:
            os.environ.clear()
            os.environ.update(before)


def on_postgres(folder: Path, url: str, password: str) -> dict[str, str]:
    """Return the settings of a house whose rows and engine are on this PostgreSQL, the rest in folders."""
    secret = folder / "password"
    secret.write_text(password)
    return {"VANTHU_DATABASE_URL": url, "VANTHU_DATABASE_PASSWORD_FILE": str(secret)}


def on_stores(folder: Path, **stores: tuple[str, str, str]) -> dict[str, str]:
    """Return the settings of a house whose bytes are in these buckets (`blobs`, `copy`: address and two keys)."""
    told = {}
    for name, (url, access, secret) in stores.items():
        told[f"VANTHU_{name.upper()}_URL"] = url
        for kind, key in (("access", access), ("secret", secret)):
            path = folder / f"{name}-{kind}"
            path.write_text(key)
            told[f"VANTHU_{name.upper()}_{kind.upper()}_KEY_FILE"] = str(path)
    return told


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
