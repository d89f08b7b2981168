"""What of a watched folder was delivered, and what is being delivered now: written down before it is begun.

A process that dies in between finds its delivery here and ends it, so that the same files never become two deliveries.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ingest.watched import Print


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery that was begun: its title, and per file path, place in it, SHA-256 and print; markers go with it."""

    title: str
    files: tuple[tuple[str, str, str, Print], ...]
    markers: tuple[str, ...] = ()


@dataclass(slots=True)
class WatchLedger:
    """One file in the data folder for each watched folder."""

    path: Path
    kept: dict[str, Print] = field(default_factory=dict)
    """Files that were received and stay where they are, by their place in the watched folder."""
    begun: Delivery | None = None

    @classmethod
    def of(cls, data_dir: Path, folder: Path) -> "WatchLedger":
        """Return the ledger of `folder`, empty when there is none yet."""
        name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
        ledger = cls(data_dir / "watched" / f"{name}.json")
        if ledger.path.exists():
            told: dict[str, Any] = json.loads(ledger.path.read_bytes())
            ledger.kept = {place: Print(**known) for place, known in told["kept"].items()}
            if told["begun"] is not None:
                files = tuple((p, r, h, Print(**known)) for p, r, h, known in told["begun"]["files"])
                ledger.begun = Delivery(told["begun"]["title"], files, tuple(told["begun"]["markers"]))
        return ledger

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Hold this ledger against the other processes of this machine for the block; False: one of them has it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def knows(self, place: str, print_: Print) -> bool:
        """Return whether the file at `place` was received as it is now."""
        return self.kept.get(place) == print_

    def write(self) -> None:
        """Make what is said here durable. Raises OSError."""
        told = {
            "kept": {place: asdict(known) for place, known in self.kept.items()},
            "begun": None if self.begun is None else asdict(self.begun),
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        coming = self.path.with_suffix(".part")
        with coming.open("w", encoding="utf-8") as out:
            json.dump(told, out, ensure_ascii=False)
            out.flush()
            os.fsync(out.fileno())
        coming.replace(self.path)
        fd = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
