"""One engine a data folder: the kernel frees the lock when its holder dies, however it dies."""

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Any


class EngineLock:
    """The right to run the engine (and to write the index) on one data folder.

    The lock file holds a note about the holder for people; the lock itself is the kernel's.
    """

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / "engine.lock"
        self._held: IO[str] | None = None

    def take(self, note: dict[str, Any]) -> bool:
        """Take the lock if nobody has it; return whether this process holds it now."""
        if self._held is not None:
            return True
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = self._path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            return False
        handle.seek(0)
        handle.truncate()
        handle.write(json.dumps({"pid": os.getpid(), **note}))
        handle.flush()
        self._held = handle
        return True

    def holder(self) -> dict[str, Any]:
        """Return the note of the process that holds (or last held) the lock; empty when unknown."""
        try:
            told: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return told

    def release(self) -> None:
        """Give the lock back."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def __enter__(self) -> "EngineLock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None
    ) -> None:
        self.release()
