"""Which worker processes are alive, and what becomes of a dead one's work: leases, one leader, the sweep.

The engine's library never takes up what another process left (decision 0046). Leases run on the database's clock;
on one machine a file lock tells of a death at once, because the kernel frees it however the process died.
"""

import fcntl
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from jobs.engine import Engine
from jobs.lead import Lead
from records.errors import ArchiveFault
from storage.leases import Lease
from storage.work import Work

_log = logging.getLogger("vanthu.crew")

WORKER = "worker:"
"""Prefix of the lease of each worker process."""
LEADER = "lead:engine"
LEASE_SECONDS = 30.0
"""How long a silent worker counts as alive. Its work goes on elsewhere at most this and one sweep later."""
_RENEW_SECONDS = 5.0
_FORGET_SECONDS = 3600.0
_FILES = "workers"


@dataclass(frozen=True, slots=True)
class Member:
    """One worker process: its engine name and the services it gives (`pages`, `documents`, `sign`, `index`)."""

    executor: str
    services: tuple[str, ...]


def boot_id() -> str:
    """Return the kernel's name for this boot of this machine; file locks of another boot mean nothing."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


class Crew:
    """The place of one process among the workers. A thread renews the lease; `round` is called by the patrol.

    `give_up` is called when the lease of a shared engine could not be renewed in time: others have this process's
    work by then, so it must stop at once, its children included.
    """

    def __init__(
        self, work: Work, member: Member, run_dir: Path, give_up: Callable[[], None] | None = None
    ) -> None:
        self.member = member
        self._work = work
        self._run_dir = run_dir / _FILES
        self._give_up = give_up
        self._lead = Lead(work, LEADER, member.executor, LEASE_SECONDS)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="crew", daemon=True)
        self._lock: IO[str] | None = None
        self._path = self._run_dir / f"{member.executor}.lock"
        self._note = ""

    def join(self) -> None:
        """Take the lease; to be done before the engine launches, so that no sweep takes this process for dead."""
        self._run_dir.mkdir(parents=True, exist_ok=True)
        self._lock = self._path.open("w", encoding="utf-8")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        told = {
            "host": socket.gethostname(),
            "boot": boot_id(),
            "pid": os.getpid(),
            "lock": str(self._path.absolute()),
            "services": list(self.member.services),
        }
        self._note = json.dumps(told)
        self._take()
        self._thread.start()

    def leave(self) -> None:
        """Give the lease back; what this process still held is taken up by the next sweep of another."""
        self._stop.set()
        self._thread.join(timeout=_RENEW_SECONDS)
        try:
            with self._work.begin() as tx:
                tx.leases.give_back(WORKER + self.member.executor, self.member.executor)
            self._lead.give_back()
        except ArchiveFault as fault:
            _log.warning("lease not given back, it will run out: %s", fault)
        if self._lock is not None:
            self._path.unlink(missing_ok=True)
            self._lock.close()

    def leads(self) -> bool:
        """Return whether this process is the one that does what only one should do; renews that right."""
        return self._lead.held()

    def sweep(self, engine: Engine) -> int:
        """Hand back the running workflows of every process without a living lease; return how many.

        Looks at every running row each time, not at one death once: a sweep that is cut short is made good by the next
        (dbos-transact-py issues 716, 804 and 453).
        """
        at_work = engine.executors_at_work() - {self.member.executor}
        if not at_work:
            return 0
        with self._work.reading() as tx:
            alive = {
                lease.holder for lease in tx.leases.all(WORKER) if lease.left > 0 and not _dead_here(lease)
            }
        dead = sorted(at_work - alive)
        if not dead:
            return 0
        taken = engine.hand_back(dead)
        if taken:
            _log.warning("%d jobs of dead workers (%s) are back on their queues", taken, ", ".join(dead))
        with self._work.begin() as tx:
            for executor in dead:
                tx.leases.give_back(WORKER + executor, executor)
            tx.leases.forget(WORKER, _FORGET_SECONDS)
        return taken

    def _take(self) -> bool:
        with self._work.begin() as tx:
            return tx.leases.take(
                WORKER + self.member.executor, self.member.executor, LEASE_SECONDS, self._note
            )

    def _renew(self) -> None:
        held = time.monotonic()
        while not self._stop.wait(_RENEW_SECONDS):
            before = time.monotonic()
            try:
                if self._take():
                    held = before
                    continue
                _log.error("the lease of %s is another's", self.member.executor)
            except ArchiveFault as fault:
                _log.warning("lease not renewed: %s", fault)
            except Exception:  # noqa: BLE001  whatever it was, the lease decides
                _log.exception("lease not renewed")
            if self._give_up is not None and time.monotonic() - held > LEASE_SECONDS - _RENEW_SECONDS:
                _log.error("no lease for %.0f s: this worker stops, others have its work", LEASE_SECONDS)
                self._give_up()
                return


def workers(leases: Sequence[Lease]) -> list[tuple[Lease, dict[str, Any]]]:
    """Return the leases of workers with what each told of itself."""
    return [(lease, json.loads(lease.note or "{}")) for lease in leases if lease.name.startswith(WORKER)]


def _dead_here(lease: Lease) -> bool:
    """Return whether the holder ran on this machine in this boot and its file lock is free: then it is dead, now."""
    told = json.loads(lease.note or "{}")
    if told.get("host") != socket.gethostname() or told.get("boot") != boot_id():
        return False
    try:
        with Path(told["lock"]).open("r+", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (KeyError, OSError):  # another container's folder: only the lease can tell
        return False
    return True
