"""The whole house as a person uses it: the command in a fresh data folder, nothing stubbed."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples" / "lo-mau"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if "document_id" in line]


@dataclass(frozen=True)
class Vanthu:
    data: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "VANTHU_DATA_DIR": str(self.data), "PYTHONPATH": str(ROOT), "COLUMNS": "200"}

    def __call__(self, *words: object, timeout: float = 600, **extra: str) -> Ran:
        ran = subprocess.run(
            self.command(*words),
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**self.environment, **extra},
            cwd=self.data.parent,
            check=False,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def here(self, *words: object) -> Ran:
        """Run a command that only looks in this process: a hundred questions need not load the program each."""
        from boot.cli import run

        with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
            code = run(["--data-dir", str(self.data), *map(str, words)])
        return Ran(code, out.getvalue(), err.getvalue())

    def command(self, *words: object) -> list[str]:
        return [sys.executable, "-m", "boot", *map(str, words)]

    def start(self, *words: object, log: Path | None = None, **extra: str) -> "subprocess.Popen[str]":
        """Start a command; `log`: a file for all it says, for one that says more than a pipe holds unread."""
        with ExitStack() as opened:
            out = opened.enter_context(log.open("a")) if log is not None else subprocess.PIPE
            return subprocess.Popen(
                self.command(*words),
                stdout=out,
                stderr=out,
                text=True,
                env={**self.environment, **extra},
                cwd=self.data.parent,
                # where the tests themselves run in the background, Ctrl+C would be ignored for good
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )


@pytest.fixture(scope="session")
def made_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as `vanthu init` leaves it. Making one takes longer than many a test that needs one."""
    house = Vanthu(tmp_path_factory.mktemp("made") / "data")
    assert house("init", "--json").code == 0
    return house.data


@pytest.fixture
def vanthu(made_house: Path, tmp_path: Path) -> Vanthu:
    """A fresh house."""
    shutil.copytree(made_house, tmp_path / "data")
    return Vanthu(tmp_path / "data")


@pytest.fixture(scope="session")
def corpus() -> Path:
    folder = Path(os.environ.get("VANTHU_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not (folder / "ground_truth.json").exists():
        pytest.skip(f"no corpus at {folder}; set VANTHU_CORPUS")
    return folder


@pytest.fixture(scope="session")
def digitized(tmp_path_factory: pytest.TempPathFactory, made_house: Path) -> tuple[Vanthu, Ran, Path]:
    """The sample batch, digitized once for every test that only looks."""
    folder = tmp_path_factory.mktemp("samples")
    house = Vanthu(Path(shutil.copytree(made_house, folder / "data")))
    out = folder / "out"
    ran = house("digitize", SAMPLES, "--dossier", "MAU-01", "--out", out, "--json")
    assert ran.code == 0, ran.err
    return house, ran, out


Start = Callable[..., Vanthu]
