"""Pictures of pages made for the screen, kept so that they are made once. The whole folder may be deleted any time."""

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

from ocr.page_view import PageView
from records.clock import new_id

_AT_ONCE = 2  # pictures made at the same time: decoding a scan takes tens of megabytes
_CHECK_EVERY = 200  # pictures between two looks at the folder's size


class PageCache:
    """A folder of JPEG files by key, pruned to `most_bytes`, oldest first. Safe between threads and processes."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most = most_bytes
        self._making = threading.Semaphore(_AT_ONCE)
        self._made = 0

    def get(self, key: str, make: Callable[[], PageView]) -> PageView:
        """Return the picture under `key` (hexadecimal, then letters), made by `make` when it is not there.

        A cache that cannot be written (disk full) only makes the answer slower.
        """
        path = self._folder / key[:2] / f"{key}.jpg"
        found = _read(path)
        if found is not None:
            return found
        with self._making:
            found = _read(path)
            if found is not None:
                return found
            view = make()
        with contextlib.suppress(OSError):
            self._write(path, view.data)
        return view

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{new_id()}")
        draft.write_bytes(data)
        draft.replace(path)
        self._made += 1
        if self._made % _CHECK_EVERY == 0:
            self.prune()

    def prune(self) -> None:
        """Delete the oldest pictures until the folder is under its cap."""
        entries = []
        for folder, _, names in os.walk(self._folder):
            for name in names:
                with contextlib.suppress(OSError):
                    path = Path(folder) / name
                    facts = path.stat()
                    entries.append((facts.st_mtime, facts.st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries, key=lambda e: e[0]):
            if total <= self._most:
                return
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size


def _read(path: Path) -> PageView | None:
    try:
        return PageView(path.read_bytes(), "image/jpeg")
    except OSError:
        return None
