"""Find, start and end the process of a server. A process is known by its command line, never by a stale pid file."""

import os
import pwd
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

PORTS = range(20000, 32000)
"""Below the ports the kernel gives to outgoing connections, so a killed server finds its port again."""


class DidNotStart(Exception):
    """A server did not come up; the message ends with the last lines of its log."""


@dataclass(frozen=True)
class Account:
    """Whom the servers run as that refuse to be root; `user` is None when we are not root anyway."""

    user: int | None = None
    group: int | None = None

    def run(self, command: Sequence[str | Path], **more: object) -> "subprocess.CompletedProcess[bytes]":
        """Run `command` as this account; arguments as for `subprocess.run`."""
        if self.user is not None:
            more |= {"user": self.user, "group": self.group, "extra_groups": []}
        return subprocess.run([str(word) for word in command], check=False, **more)  # type: ignore[call-overload]

    def own(self, path: Path) -> None:
        """Give `path` and everything below it to this account."""
        if self.user is not None and self.group is not None:
            for each in (path, *path.rglob("*")):
                os.chown(each, self.user, self.group, follow_symlinks=False)


def unprivileged() -> Account:
    """Return `nobody` when we are root, else ourselves."""
    if os.geteuid() != 0:
        return Account()
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def processes(mark: str) -> list[int]:
    """Return the processes that have `mark` as an argument on their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and mark in _arguments(entry):
            found.append(int(entry.name))
    return found


def spawn(command: Sequence[str | Path], account: Account, log: Path, environment: Mapping[str, str]) -> None:
    """Start `command` in a session of its own, so that neither Ctrl-C nor our end takes it along."""
    with log.open("ab") as lines:
        done = account.run(
            ["setsid", "--fork", *command],
            stdin=subprocess.DEVNULL,
            stdout=lines,
            stderr=lines,
            env={**os.environ, **environment},
            cwd="/",
        )
    if done.returncode != 0:
        raise DidNotStart(f"{command[0]}\n{tail(log)}")


def wait_ready(name: str, mark: str, ready: Callable[[], bool], log: Path, patience: float) -> None:
    """Return when `ready()`; raise DidNotStart when the process is gone or `patience` seconds are over."""
    began, last_seen = time.monotonic(), time.monotonic()
    while not ready():
        now = time.monotonic()
        if processes(mark):
            last_seen = now
        if now - began > patience or now - last_seen > 20:
            raise DidNotStart(f"{name} không khởi động được / did not start; {log}:\n{tail(log)}")
        time.sleep(0.2)


def end(mark: str, sign: signal.Signals, patience: float) -> None:
    """Send `sign` to the processes with `mark` and wait until they and their children are gone.

    SIGKILL goes to the children too, like a loss of power. After `patience` seconds everything left is killed.
    """
    first = processes(mark)
    family = [*first, *(child for pid in first for child in _children(pid))]
    for pid in family if sign == signal.SIGKILL else first:
        _send(pid, sign)
    deadline = time.monotonic() + patience
    while left := [pid for pid in family if _lives(pid)]:
        if time.monotonic() > deadline:
            for pid in left:
                _send(pid, signal.SIGKILL)
            deadline = time.monotonic() + patience
        time.sleep(0.05)


def free_port(wanted: int) -> int:
    """Return `wanted` when it is free (0: none wanted), else another free port on loopback.

    The last threads of a killed server may hold its port a moment longer than the process is to be seen.
    """
    deadline = time.monotonic() + 10
    while True:
        port = wanted or secrets.choice(PORTS)
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                if time.monotonic() > deadline:
                    wanted = 0
                time.sleep(0.05 if wanted else 0)
                continue
            return port


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of `log`."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


def _arguments(entry: Path) -> list[str]:
    try:
        return (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []  # it ended while we looked


def _children(pid: int) -> list[int]:
    return [
        int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _parent(entry) == pid
    ]


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _send(pid: int, sign: signal.Signals) -> None:
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        return  # it ended by itself
