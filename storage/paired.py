"""Keep every object twice: nothing counts as stored before both stores gave the bytes back.

A read that the first store cannot serve whole is served by the copy, and somebody is told. See docs/decisions/0056.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar

from records.errors import Away
from storage.blobs import (
    CHUNK,
    BlobCorrupt,
    BlobFault,
    BlobKeyRefused,
    BlobMissing,
    BlobStore,
    BlobUnreadable,
    Conflict,
    Measured,
    StoreAway,
    Stored,
    TargetAway,
    Unavailable,
)
from storage.crashpoint import crashpoint
from storage.disk import measured
from storage.listing import Listed
from storage.objects import Side

SPOOL = 8 << 20
"""Objects up to this many bytes are verified in memory, larger ones through a temporary file."""

_T = TypeVar("_T")


class PairedStore:
    """A blob store over two others that share no disk, no server and no credentials.

    `on_damage(side, key, reason)` is called for every object that one side could not serve; `reason` starts with the
    code of the fault (`blob-missing`, `blob-corrupt`, `blob-unreadable`, `store-away` …). It must not raise, for a
    reader is waiting. `first` and `copy` are open to fixity, which looks at each by itself.
    """

    def __init__(
        self, first: BlobStore, copy: BlobStore, on_damage: Callable[[Side, str, str], None]
    ) -> None:
        self.first = first
        self.copy = copy
        self._on_damage = on_damage

    def put_once(self, key: str, source: Path, sha256: str | None = None) -> Stored | Conflict | Unavailable:
        """See `BlobStore.put_once`; `Stored` only when both stores answered `Stored`.

        The side that holds the key already is asked first: a put of other bytes must not slip into the gap that a
        lost object left in the other.
        """
        with source.open("rb") as coming:
            promised = sha256 or measured(coming.fileno()).sha256
        try:
            held = self.copy.size(key) is not None
        except Away as fault:
            return Unavailable(f"{Side.COPY} store: {fault}")
        one, other = (Side.COPY, Side.FIRST) if held else (Side.FIRST, Side.COPY)
        end = self._put(one, key, source, promised)
        if not isinstance(end, Stored):
            return end
        crashpoint("paired-between-puts")
        end = self._put(other, key, source, promised)
        if isinstance(end, Conflict):  # the sides differ, and the register knows which is right
            self._tell(other, key, BlobCorrupt(key, promised, end.found_sha256))
        return end

    def read(self, key: str, sha256: str) -> bytes:
        """See `BlobStore.read`; both sides bad raises the fault of the first."""
        return self._either(key, lambda store: store.read(key, sha256))

    def copy_out(self, key: str, target: Path, sha256: str) -> None:
        """See `BlobStore.copy_out`; both sides bad raises the fault of the first."""
        self._either(key, lambda store: store.copy_out(key, target, sha256))

    def stream(self, key: str, sha256: str, chunk: int = CHUNK) -> Iterator[bytes]:
        """See `BlobStore.stream`; the whole object is verified before its first byte leaves."""
        self._must_exist(key)
        return self._stream(key, sha256, None, chunk)

    def stream_range(
        self, key: str, sha256: str, start: int, stop: int, chunk: int = CHUNK
    ) -> Iterator[bytes]:
        """See `BlobStore.stream_range`."""
        self._must_exist(key)
        return self._stream(key, sha256, (start, stop), chunk)

    def size(self, key: str) -> int | None:
        """See `BlobStore.size`; the copy answers when the first has no such key or is away."""
        return self._if_there(key, lambda store: store.size(key))

    def keys(self, prefix: str = "") -> Iterator[str]:
        """See `BlobStore.keys`; lists the first store, the copy when the first is away from the beginning.

        Raises `Away` when the first goes away half-way: half a list must not look like a whole one.
        """
        return self._listed(prefix, lambda store: store.keys(prefix))

    def listing(self, after: str = "") -> Iterator[Listed]:
        """See `BlobStore.listing`; as `keys`."""
        return self._listed(after, lambda store: store.listing(after))

    def measure(self, key: str) -> Measured | None:
        """See `BlobStore.measure`; the copy answers when the first has nothing to measure."""
        return self._if_there(key, lambda store: store.measure(key))

    def mend(self, key: str, source: Path, sha256: str) -> Stored | Unavailable:
        """See `BlobStore.mend`; mends both sides."""
        end = self.first.mend(key, source, sha256)
        return self.copy.mend(key, source, sha256) if isinstance(end, Stored) else end

    def erase(self, key: str) -> bool:
        """See `BlobStore.erase`; the copy first, since it is what the first is mended from."""
        found = self.copy.erase(key)
        return self.first.erase(key) or found

    def probe(self) -> str:
        """See `BlobStore.probe`; says which of the two is away."""
        said = self.first.probe()
        try:
            return f"{said}; copy: {self.copy.probe()}"
        except Away as fault:
            raise StoreAway(
                f"copy: {fault}",
                tell="Kho bản sao đang không nhận dữ liệu nên chưa thể lưu thêm. Chưa có gì bị mất; "
                "hãy thử lại sau hoặc báo quản trị viên kiểm tra kho bản sao.",
            ) from fault

    # --- one side and the other

    def _put(self, side: Side, key: str, source: Path, promised: str) -> Stored | Conflict | Unavailable:
        store = self.first if side is Side.FIRST else self.copy
        end = store.put_once(key, source, promised)
        if isinstance(end, Conflict) and key.rpartition("/")[2].startswith(promised):
            # the name says which bytes belong here: what rests there is damaged, and the good bytes are at hand
            self._tell(side, key, BlobCorrupt(key, promised, end.found_sha256))
            end = store.mend(key, source, promised)
        if isinstance(end, Unavailable):
            return replace(end, reason=f"{side} store: {end.reason}")
        return end

    def _either(self, key: str, ask: Callable[[BlobStore], _T]) -> _T:
        """Ask the first store, the copy when it fails; a fault of the reader's own disk is no fault of a store."""
        try:
            return ask(self.first)
        except (BlobFault, Away) as fault:
            if isinstance(fault, BlobKeyRefused | TargetAway):
                raise
            self._tell(Side.FIRST, key, fault)
            try:
                return ask(self.copy)
            except TargetAway:
                raise
            except (BlobFault, Away) as second:
                self._tell(Side.COPY, key, second)
                raise fault from second

    def _if_there(self, key: str, ask: Callable[[BlobStore], _T | None]) -> _T | None:
        """Ask the first store; the copy when the first has nothing there or fails. Absent in both is no damage."""
        failed: BlobFault | Away | None = None
        try:
            found = ask(self.first)
            if found is not None:
                return found
        except (BlobUnreadable, Away) as fault:
            failed = fault
            self._tell(Side.FIRST, key, fault)
        try:
            found = ask(self.copy)
        except (BlobUnreadable, Away) as fault:
            self._tell(Side.COPY, key, fault)
            raise failed or fault from fault
        if found is None and failed is not None:
            raise failed  # "absent" is only certain when the first store said so
        if found is not None and failed is None:
            self._tell(Side.FIRST, key, BlobMissing(key))
        return found

    def _listed(self, what: str, ask: Callable[[BlobStore], Iterator[_T]]) -> Iterator[_T]:
        try:
            lines = ask(self.first)
            begun = list(islice(lines, 1))
        except Away as fault:
            self._tell(Side.FIRST, what, fault)
            lines, begun = ask(self.copy), []
        yield from begun
        yield from lines

    def _tell(self, side: Side, key: str, fault: BlobFault | Away) -> None:
        self._on_damage(side, key, f"{fault.code}: {fault}")

    def _must_exist(self, key: str) -> None:
        if self.size(key) is None:
            raise BlobMissing(key)

    def _stream(self, key: str, sha256: str, wanted: tuple[int, int] | None, chunk: int) -> Iterator[bytes]:
        with ExitStack() as kept:
            source = self._either(key, lambda store: _verified(kept, store, key, sha256))
            start, stop = wanted or (0, source.seek(0, os.SEEK_END))
            source.seek(start)
            while start < stop and (piece := source.read(min(chunk, stop - start))):
                start += len(piece)
                yield piece


def _verified(kept: ExitStack, store: BlobStore, key: str, sha256: str) -> BinaryIO:
    """Return the object as an open file whose every byte was verified; closed and removed by `kept`."""
    size = store.size(key)
    if size is None:
        raise BlobMissing(key)
    if size <= SPOOL:
        return BytesIO(store.read(key, sha256))
    try:
        folder = Path(kept.enter_context(tempfile.TemporaryDirectory(prefix="vanthu-spool-")))
        store.copy_out(key, folder / "object", sha256)
        return kept.enter_context((folder / "object").open("rb"))
    except OSError as fault:
        raise TargetAway(f"spool: {fault}") from fault
