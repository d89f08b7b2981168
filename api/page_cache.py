"""What was made for the screen or for a slow line (pictures, small copies), kept so that it is made once. The whole
folder may be deleted any time.
"""

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
    """A folder of files by key, pruned to `most_bytes`, oldest first. Safe between threads and processes.

    All are of one `media_type` and have the suffix of it.
    """

    def __init__(
        self, folder: Path, most_bytes: int, suffix: str = ".jpg", media_type: str = "image/jpeg"
    ) -> None:
        self._folder = folder
        self._suffix = suffix
        self._media_type = media_type
        self._most = most_bytes
        self._making = threading.Semaphore(_AT_ONCE)
        self._made = 0

    def get(self, key: str, make: Callable[[], PageView]) -> PageView:
        """Return what is under `key` (hexadecimal, then letters), made by `make` when it is not there.

        A cache that cannot be written (disk full) only makes the answer slower.
        """
        path = self._folder / key[:2] / f"{key}{self._suffix}"
        found = self._read(path)
        if found is not None:
            return found
        with self._making:
            found = self._read(path)
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

    def _read(self, path: Path) -> PageView | None:
        try:
            return PageView(path.read_bytes(), self._media_type)
        except OSError:
            return None

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
