#!/usr/bin/env python3
"""The real servers of the cluster profile on loopback, without a container engine: started, stopped, killed by name.

    tests/tools/servers.py get | start | stop | kill | status [NAME…] [--folder DIR]      (no name: all of them)

Names: `postgres`, `store` and `copy` (two MinIO with their own keys), `elastic`. Everything is safe to repeat and
after a kill -9. `state.json` in the folder tells addresses, user names, files with secrets, folders and logs.
Exit codes: 0 done; 1 a server did not start, or `status` finds one that does not run; 4 a program is missing.
"""

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tests.tools import server_process, server_programs  # noqa: E402  the path is set one line above
from tests.tools.server_kinds import Elastic, Kind, Minio, Place, Postgres  # noqa: E402

COMMON = ROOT / ".tools" / "servers"
NAMES = ("elastic", "postgres", "store", "copy")  # the slowest first


class Servers:
    """The servers of one folder (default: VANTHU_SERVERS_DIR, else .tools/servers).

    The programs are common to all folders. A test that kills servers or damages their bytes takes its own folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = (folder or Path(os.environ.get("VANTHU_SERVERS_DIR", COMMON))).absolute()
        private = self.folder / "secrets"
        private.mkdir(parents=True, exist_ok=True)
        private.chmod(0o700)
        account = server_process.unprivileged()
        programs, self.home = (_reachable(place, account) for place in (COMMON, self.folder))
        (self.home / "logs").mkdir(exist_ok=True)
        places = {name: Place(name, self.home, programs, private, account) for name in NAMES}
        self.kinds: dict[str, Kind] = {
            "elastic": Elastic(places["elastic"]),
            "postgres": Postgres(places["postgres"]),
            "store": Minio(places["store"]),
            "copy": Minio(places["copy"]),
        }

    def get(self, *names: str) -> None:
        """Bring the programs of `names` and make their folders. Raises Missing."""
        with self._alone():
            for name in names or NAMES:
                self.kinds[name].prepare()

    def start(self, *names: str) -> list[str]:
        """Start `names` (none: all) and return, once all are ready, those that did not run before.

        A server that was killed comes back on its port with its data. Raises Missing, DidNotStart.
        """
        chosen, begun = names or NAMES, []
        with self._alone():
            for name in chosen:
                kind = self.kinds[name]
                kind.prepare()
                if not server_process.processes(kind.mark):
                    port = server_process.free_port(int(self.state.get(name, {}).get("port", 0)))
                    self._note(name, port)
                    kind.launch(port)
                    begun.append(name)
            for name in chosen:
                kind, port = self.kinds[name], int(self.state[name]["port"])
                server_process.wait_ready(
                    name,
                    kind.mark,
                    lambda kind=kind, port=port: kind.ready(port),
                    kind.place.log,
                    kind.patience,
                )
        return begun

    @contextmanager
    def used(self, *names: str) -> Iterator[None]:
        """Have `names` (none: all) run meanwhile. The last of several users stops those that users began, no others."""
        note = self.folder / "begun"
        with (self.folder / "users").open("w") as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                before = {name for name in names or NAMES if self.pid(name)}
                try:
                    self.start(*names)
                finally:
                    with note.open("a") as lines:
                        lines.writelines(f"{name}\n" for name in names or NAMES if name not in before)
                yield
            finally:
                fcntl.flock(users, fcntl.LOCK_UN)
                with suppress(BlockingIOError):  # somebody else is still at work, and will see to it
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if begun := set(note.read_text().split()):
                        self.stop(*sorted(begun))
                    note.unlink()

    def stop(self, *names: str) -> None:
        """End `names` (none: all) the way an administrator would, and wait for it."""
        with self._alone():
            for name in names or NAMES:
                kind = self.kinds[name]
                server_process.end(kind.mark, kind.graceful, 60)

    def kill(self, *names: str) -> None:
        """SIGKILL `names` and all their children at once, and wait until they are gone."""
        with self._alone():
            for name in names or NAMES:
                server_process.end(self.kinds[name].mark, signal.SIGKILL, 60)

    def remove(self) -> None:
        """Kill all servers of this folder and delete it with everything they hold."""
        self.kill()
        for place in {self.folder, self.home}:
            shutil.rmtree(place)

    def pid(self, name: str) -> int | None:
        """Return the process of the server, None when it does not run."""
        found = server_process.processes(self.kinds[name].mark)
        return min(found) if found else None

    @property
    def state(self) -> dict[str, dict[str, str]]:
        """What state.json says, by name: port, url, user, password_file | access_key_file and secret_key_file,
        folder (the data), log.
        """
        path = self.folder / "state.json"
        known: dict[str, dict[str, str]] = json.loads(path.read_text()) if path.exists() else {}
        return known

    def url(self, name: str) -> str:
        """Return the address of a server that was started once."""
        return self.state[name]["url"]

    def secret(self, name: str, kind: str = "password") -> str:
        """Return a secret of a server: `password`, `access_key` or `secret_key`."""
        return Path(self.state[name][f"{kind}_file"]).read_text()

    def _note(self, name: str, port: int) -> None:
        place = self.kinds[name].place
        facts = {
            "port": str(port),
            **self.kinds[name].facts(port),
            "folder": str(place.folder),
            "log": str(place.log),
        }
        fresh = self.folder / "state.json.new"
        fresh.write_text(json.dumps({**self.state, name: facts}, indent=1))
        fresh.replace(self.folder / "state.json")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock of the folder: two starts at once must not build, or start, a thing twice."""
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _reachable(folder: Path, account: server_process.Account) -> Path:
    """Make and return `folder`, or one under /var/tmp when the unprivileged account cannot walk into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    if account.run(["test", "-x", folder], cwd="/").returncode == 0:
        return folder
    other = Path("/var/tmp") / f"vanthu-servers-{hashlib.sha256(bytes(folder)).hexdigest()[:12]}"
    other.mkdir(mode=0o755, exist_ok=True)
    if other.is_symlink() or other.stat().st_uid != os.geteuid():
        raise server_programs.Missing(f"{other} thuộc về người khác / belongs to somebody else")
    return other


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        description="PostgreSQL, two MinIO and Elasticsearch on loopback, for the tests"
    )
    parser.add_argument("verb", choices=["get", "start", "stop", "kill", "status"])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(NAMES):
        parser.error(f"no such server: {', '.join(sorted(unknown))}")
    servers = Servers(asked.folder)
    try:
        if asked.verb != "status":
            getattr(servers, asked.verb)(*asked.names)
    except server_programs.Missing as missing:
        print(missing, file=sys.stderr)
        return 4
    except server_process.DidNotStart as trouble:
        print(trouble, file=sys.stderr)
        return 1
    if asked.verb == "get":
        return 0
    pids = {name: servers.pid(name) for name in asked.names or NAMES}
    for name, pid in pids.items():
        address = servers.state.get(name, {}).get("url", "-")
        print(f"{name:9} {address:50} {f'pid {pid}' if pid else 'không chạy / stopped'}")
    return 1 if asked.verb == "status" and None in pids.values() else 0


if __name__ == "__main__":
    sys.exit(main())
