"""Start the real command in a fraction of a second: a process that has imported everything forks for each start.

A thousand kills need a thousand starts, and importing costs more than all the rest of a start. What runs in the fork is
the very command (`boot.cli.run`) in a process of its own; SIGKILL ends it like any other.

    python -m tests.faults.zygote    reads one JSON request a line, answers one JSON line
"""

import ctypes
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
ROOT = Path(__file__).resolve().parents[2]


class Running:
    """A command started by the zygote."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def alive(self) -> bool:
        """Return whether the process still runs (one that waits to be buried does not)."""
        with suppress(OSError):
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
            return state not in ("Z", "X")
        return False

    def kill(self, how: int = signal.SIGKILL) -> None:
        """Send a signal; one that is gone is no fault."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, how)

    def wait(self, seconds: float = 30) -> None:
        """Wait for the end of the process."""
        until = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > until:
                raise TimeoutError(f"process {self.pid} does not end")
            time.sleep(0.01)


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str


class Zygote:
    """The parent of every command of a campaign."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        with (folder / "zygote.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.zygote"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def __enter__(self) -> "Zygote":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(
        self,
        words: list[str],
        environment: dict[str, str],
        log: str,
        program: str = "boot.cli",
        out: str = "",
    ) -> Running:
        """Run `vanthu WORDS…` with these settings; what it prints is appended to the file `log` of the folder.

        `program`: another module whose `run(words)` is to be called. `out`: a file for standard output alone; the
        exit code is written beside it.
        """
        told = {
            "words": words,
            "environment": environment,
            "log": str(self._folder / log),
            "program": program,
            "out": out,
        }
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(told).encode() + b"\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        return Running(json.loads(answer)["pid"])

    def run(self, words: list[str], environment: dict[str, str], seconds: float = 180) -> Ran:
        """Run a command to its end. Raises TimeoutError, and kills it then."""
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            place = Path(name)
            running = self.start(words, environment, f"{name}/err", out=f"{name}/out")
            try:
                running.wait(seconds)
            except TimeoutError:
                running.kill()
                raise
            code = int((place / "out.code").read_text() or 1) if (place / "out.code").exists() else -1
            return Ran(code, (place / "out").read_text(), (place / "err").read_text())

    def close(self) -> None:
        """End the zygote; what it started must have ended before."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)
        assert self._process.stdout is not None
        self._process.stdout.close()


def _imported() -> None:
    """Import what any of the commands needs, and start nothing."""
    for name in (
        "tests.faults.engine_program",
        "boot.cli",
        "boot.digitize",
        "boot.serving",
        "boot.uploading",
        "boot.working",
        "search.elastic_index",
        "search.tantivy_index",
        "storage.migrate",
        "storage.postgres",
        "storage.s3",
    ):
        importlib.import_module(name)


def _child(told: dict[str, Any]) -> None:
    ctypes.CDLL(None).prctl(
        _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0
    )  # a test that ends leaves nobody behind
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    log = os.open(told["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    out = os.open(told["out"], os.O_WRONLY | os.O_CREAT, 0o600) if told["out"] else log
    for source, target in ((null, 0), (out, 1), (log, 2)):
        os.dup2(source, target)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.update(told["environment"])
    import storage.crashpoint

    storage.crashpoint._ASKED = os.environ.get("VANTHU_CRASHPOINT", "")
    code = 1
    try:
        code = importlib.import_module(told["program"]).run(told["words"])
    except BaseException:  # noqa: BLE001  told in the log, as the command itself does
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        if told["out"]:
            Path(told["out"] + ".code").write_text(str(int(code)))
        os._exit(code)


def main() -> None:
    """Serve requests until standard input ends."""
    _imported()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries them
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin.buffer:
        told = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _child(told)
        sys.stdout.write(json.dumps({"pid": pid}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
