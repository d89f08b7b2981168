"""Two long sorted lists compared stretch by stretch, so that no list of all keys is ever in memory.

Everything here is in the order of code points, which is the order of UTF-8 bytes: S3 lists so, `objects.after` asks the
database for it, and a folder is walked in it.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

from records.errors import ArchiveFault

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a store's list: the key, the size in bytes, seconds since it was written (on the store's clock).

    The key is as found and may be one that `check_key` refuses: a stranger's file.
    """

    key: str
    size: int
    age: float


class ListOutOfOrder(ArchiveFault):
    """A list that should be sorted is not, so what is compared with it would be wrong; a bug, or a store's."""

    code = "list-out-of-order"


@dataclass(frozen=True, slots=True)
class Stretch(Generic[A, B]):
    """Two lists up to the key `end` ("" when both came to their end): what only one has, and what both have."""

    left: list[A]
    right: list[B]
    both: list[tuple[A, B]]
    end: str


def compare(
    left: Sequence[A],
    right: Sequence[B],
    limit: int,
    left_key: Callable[[A], str],
    right_key: Callable[[B], str],
) -> Stretch[A, B]:
    """Compare the next lines of two lists, of each at most `limit`, as far as both are known.

    A list with fewer than `limit` lines has come to its end. Raises `ListOutOfOrder`.
    """
    lefts, rights = _by_key(left, left_key), _by_key(right, right_key)
    end = min((next(reversed(some)) for some in (lefts, rights) if len(some) >= limit), default="")
    if end:
        lefts = {key: line for key, line in lefts.items() if key <= end}
        rights = {key: line for key, line in rights.items() if key <= end}
    return Stretch(
        [line for key, line in lefts.items() if key not in rights],
        [line for key, line in rights.items() if key not in lefts],
        [(line, rights[key]) for key, line in lefts.items() if key in rights],
        end,
    )


def _by_key(lines: Sequence[A], key_of: Callable[[A], str]) -> dict[str, A]:
    last, found = "", {}
    for line in lines:
        key = key_of(line)
        if key <= last:
            raise ListOutOfOrder(f"{key!r} comes after {last!r}")
        found[key] = line
        last = key
    return found


class Reader(Generic[A]):
    """A list read on where the last stretch ended, without beginning it anew each time."""

    def __init__(self, begin: Callable[[str], Iterator[A]], key: Callable[[A], str]) -> None:
        """`begin(after)` opens the list behind a key."""
        self._begin = begin
        self._key = key
        self._at: str | None = None
        self._held: list[A] = []
        self._rest: Iterator[A] = iter(())

    def next(self, after: str, limit: int) -> list[A]:
        """Return the next lines behind `after`, at most `limit`. Raises what the list raises."""
        if self._at != after:
            self._held, self._rest = [], self._begin(after)
        self._at = None  # until this went well
        self._held += islice(self._rest, limit - len(self._held))
        self._at = after
        return self._held[:limit]

    def passed(self, end: str) -> None:
        """Say that everything up to `end` is done with; "" begins anew."""
        self._held = [line for line in self._held if self._key(line) > end]
        self._at = end or None


def walk_folder(root: Path, after: str) -> Iterator[Listed]:
    """Yield every file below `root` behind the key `after`, sorted by whole key; nothing that starts with a dot.

    One folder's names are in memory at a time. Raises OSError when a folder cannot be read (one that is gone
    meanwhile holds nothing).
    """
    yield from _walk(root, "", after, datetime.now(UTC).timestamp())


def _walk(folder: Path, begin: str, after: str, now: float) -> Iterator[Listed]:
    try:
        with os.scandir(folder) as entries:
            # a folder stands in the list where its first key stands: "a/…" comes after "a.b"
            names = sorted(
                (e.name + "/" * e.is_dir(follow_symlinks=False), e)
                for e in entries
                if not e.name.startswith(".")
            )
    except (FileNotFoundError, NotADirectoryError):
        return
    for name, entry in names:
        key = begin + name
        if name.endswith("/"):
            if key > after or after.startswith(key):
                yield from _walk(Path(entry.path), key, after, now)
        elif key > after and entry.is_file(follow_symlinks=False):
            try:
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            yield Listed(key, found.st_size, now - found.st_mtime)
