"""A whole house on the cluster profile for tests: fresh database, buckets and index, workers started and ended here."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.cases.sealing import lay_keys
from tests.walk.conftest import Vanthu


@dataclass(frozen=True)
class ClusterVanthu(Vanthu):
    """The command with the settings of a cluster house."""

    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self.settings}

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the rows themselves."""
        password = Path(self.settings["VANTHU_DATABASE_PASSWORD_FILE"]).read_text()
        with closing(psycopg.connect(self.settings["VANTHU_DATABASE_URL"], password=password)) as connection:
            return connection.execute(statement).fetchall()  # type: ignore[call-overload]

    @contextmanager
    def workers(self, count: int = 1, *words: str, **extra: str) -> "Iterator[list[subprocess.Popen[str]]]":
        """Run worker processes for the length of the block; each has one reading child unless told otherwise."""
        running = [self.worker(*words, **extra) for _ in range(count)]
        try:
            yield running
        finally:
            for process in running:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
            for process in running:
                try:
                    process.communicate(timeout=60)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.communicate()
                    raise

    def worker(self, *words: str, **extra: str) -> "subprocess.Popen[str]":
        """Start one worker; its log goes to a file beside the data folder."""
        number = len(list(self.data.parent.glob("worker-*.log")))
        log = self.data.parent / f"worker-{number}.log"
        with log.open("w") as out:
            return subprocess.Popen(
                self.command("worker", *words),
                stdout=out,
                stderr=out,
                text=True,
                env={**self.environment, "VANTHU_WORKERS": "1", **extra},
                cwd=self.data.parent,
            )

    def wait_for(self, statement: str, wanted: object, seconds: float = 240) -> None:
        """Wait until the first value the rows give for `statement` is at least `wanted`."""
        until = time.monotonic() + seconds
        while True:
            found = self.rows(statement)[0][0]
            if found >= wanted:
                return
            assert time.monotonic() < until, f"{statement}: {found}, not {wanted}; " + self.logs()
            time.sleep(0.1)

    def logs(self) -> str:
        return "\n".join(p.read_text()[-2000:] for p in sorted(self.data.parent.glob("worker-*.log")))


def cluster_house(environment: dict[str, str]) -> ClusterVanthu:
    """Return an initialised house with these settings."""
    house = ClusterVanthu(Path(environment["VANTHU_DATA_DIR"]), environment)
    lay_keys(house.data / "keys")
    made = house("init", "--json")
    assert made.code == 0, made.err
    return house
