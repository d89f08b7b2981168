"""What a store must say of bytes that were edited behind its back, and that a mend brings the good ones back.

A new adapter inherits `DamageCases` and supplies `store` and `behind`: the hand that edits.
"""

import os
from pathlib import Path
from typing import Protocol

import pytest

from storage.blobs import BlobFault, BlobStore, BlobUnreadable, Measured, Stored
from tests.cases.blob_store import KEY, sha

OTHER = "documents/d2/v1/access.pdf"
DAMAGES = ("flip", "cut", "emptied", "removed", "swapped")


class Behind(Protocol):
    """A hand that edits what rests under a key, as a bad disk or a bad person would."""

    def flip(self, key: str) -> None: ...
    def cut(self, key: str) -> None: ...
    def empty(self, key: str) -> None: ...
    def remove(self, key: str) -> None: ...
    def swap(self, key: str, other: str) -> None: ...


class BehindFolder:
    """Edits the files of a `FolderStore`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def flip(self, key: str) -> None:
        data = bytearray((self.root / key).read_bytes())
        data[len(data) // 2] ^= 1
        self._write(key, bytes(data))

    def cut(self, key: str) -> None:
        self._write(key, (self.root / key).read_bytes()[:-1])

    def empty(self, key: str) -> None:
        self._write(key, b"")

    def remove(self, key: str) -> None:
        (self.root / key).unlink()

    def swap(self, key: str, other: str) -> None:
        one, two, between = self.root / key, self.root / other, self.root / ".between"
        one.rename(between)
        two.rename(one)
        between.rename(two)

    def _write(self, key: str, data: bytes) -> None:
        path = self.root / key
        path.chmod(0o644)
        path.write_bytes(data)


def do_damage(behind: Behind, how: str, key: str = KEY, other: str = OTHER) -> None:
    match how:
        case "flip":
            behind.flip(key)
        case "cut":
            behind.cut(key)
        case "emptied":
            behind.empty(key)
        case "removed":
            behind.remove(key)
        case "swapped":
            behind.swap(key, other)


class DamageCases:
    SIZES = (1000, 3 << 20)
    """One object small enough to be kept inside an index of the store, one that is not."""

    @pytest.mark.parametrize("size", SIZES)
    @pytest.mark.parametrize("how", DAMAGES)
    def test_damage_is_found_never_handed_out_and_mended(
        self, store: BlobStore, behind: Behind, tmp_path: Path, how: str, size: int
    ) -> None:
        source, second = tmp_path / "one", tmp_path / "two"
        source.write_bytes(os.urandom(size))
        second.write_bytes(os.urandom(size))
        good, other = sha(source.read_bytes()), sha(second.read_bytes())
        store.put_once(KEY, source)
        store.put_once(OTHER, second)
        do_damage(behind, how)
        assert _found(store, KEY) != good
        with pytest.raises(BlobFault):
            store.read(KEY, good)
        with pytest.raises(BlobFault):
            store.copy_out(KEY, tmp_path / "out", good)
        assert not (tmp_path / "out").exists()
        got = bytearray()
        with pytest.raises(BlobFault):
            for piece in store.stream(KEY, good, 4096):
                got += piece
        assert len(got) < size
        with pytest.raises(BlobFault):
            next(store.stream_range(KEY, good, 0, 10))
        assert store.mend(KEY, source, good) == Stored(KEY, good, size)
        assert store.measure(KEY) == Measured(good, size)
        assert store.read(KEY, good) == source.read_bytes()
        if how == "swapped":
            assert store.mend(OTHER, second, other) == Stored(OTHER, other, size)
        assert _found(store, OTHER) == other
        assert sorted(store.keys()) == [KEY, OTHER]


def _found(store: BlobStore, key: str) -> str:
    try:
        measured = store.measure(key)
    except BlobUnreadable:
        return "unreadable"
    return "absent" if measured is None else measured.sha256
