"""What every blob store must do. A new adapter inherits this and supplies the fixture `store`."""

import hashlib
import threading
from pathlib import Path

import pytest

from storage.blobs import (
    BlobCorrupt,
    BlobKeyRefused,
    BlobMissing,
    BlobStore,
    Conflict,
    Measured,
    Stored,
)

KEY = "documents/d1/v1/access.pdf"
BAD_KEYS = [
    "",
    "staging/x",
    "damaged/x/y",
    "probe/object",
    "/etc/passwd",
    "../x",
    "a/../../x",
    "a//b",
    "a/",
    ".",
    "a/.hidden",
    "a\x00b",
    "a\nb",
    "a\\b",
    "e\u0302",
    "x" * 256,
    "\ud800",
    "a/" * 256 + "b",
]


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class BlobStoreCases:
    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        path = tmp_path / "source.bin"
        path.write_bytes(b"m\xe1\xbb\x99t trang" * 1000)
        return path

    def test_what_was_put_comes_back(self, store: BlobStore, source: Path) -> None:
        data = source.read_bytes()
        assert store.put_once(KEY, source) == Stored(KEY, sha(data), len(data))
        assert store.read(KEY, sha(data)) == data
        assert store.size(KEY) == len(data)

    def test_same_bytes_again_are_stored(self, store: BlobStore, source: Path) -> None:
        assert store.put_once(KEY, source) == store.put_once(KEY, source, sha(source.read_bytes()))

    def test_second_put_of_other_bytes_is_a_conflict(
        self, store: BlobStore, source: Path, tmp_path: Path
    ) -> None:
        first = source.read_bytes()
        store.put_once(KEY, source)
        other = tmp_path / "other"
        other.write_bytes(b"other")
        assert store.put_once(KEY, other) == Conflict(sha(first))
        assert store.read(KEY, sha(first)) == first

    def test_empty_object(self, store: BlobStore, tmp_path: Path) -> None:
        empty = tmp_path / "empty"
        empty.touch()
        assert store.put_once(KEY, empty) == Stored(KEY, sha(b""), 0)
        assert store.read(KEY, sha(b"")) == b""
        assert list(store.stream(KEY, sha(b""))) == []
        assert store.size(KEY) == 0

    def test_source_that_changed_since_it_was_promised(self, store: BlobStore, source: Path) -> None:
        with pytest.raises(BlobCorrupt):
            store.put_once(KEY, source, sha(b"what the receipt says"))
        assert store.size(KEY) is None

    def test_absent_source(self, store: BlobStore, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            store.put_once(KEY, tmp_path / "nothing")
        assert store.size(KEY) is None

    def test_absent_key(self, store: BlobStore, tmp_path: Path) -> None:
        assert store.size(KEY) is None
        for ask in (
            lambda: store.read(KEY, sha(b"")),
            lambda: store.stream(KEY, sha(b"")),
            lambda: store.stream_range(KEY, sha(b""), 0, 1),
            lambda: store.copy_out(KEY, tmp_path / "out", sha(b"")),
        ):
            with pytest.raises(BlobMissing) as fault:
                ask()
            assert fault.value.code == "blob-missing"
            assert "khôi phục" in fault.value.tell
        assert list(tmp_path.glob("*.part")) == []

    def test_wrong_hash_never_leaves_whole(self, store: BlobStore, source: Path, tmp_path: Path) -> None:
        store.put_once(KEY, source)
        size, wrong = source.stat().st_size, sha(b"wrong")
        with pytest.raises(BlobCorrupt) as fault:
            store.read(KEY, wrong)
        assert fault.value.code == "blob-corrupt"
        target = tmp_path / "out"
        target.write_bytes(b"kept")
        with pytest.raises(BlobCorrupt):
            store.copy_out(KEY, target, wrong)
        assert target.read_bytes() == b"kept"
        for chunk in (1, 7, 4096, size - 1, size, size + 1):
            got = 0
            with pytest.raises(BlobCorrupt):
                for piece in store.stream(KEY, wrong, chunk):
                    got += len(piece)
            assert got < size
        with pytest.raises(BlobCorrupt):
            next(store.stream_range(KEY, wrong, 0, 10))

    def test_stream_gives_every_byte_in_order(self, store: BlobStore, source: Path) -> None:
        data = source.read_bytes()
        store.put_once(KEY, source)
        for chunk in (1000, 4096, len(data), 1 << 20):
            pieces = list(store.stream(KEY, sha(data), chunk))
            assert b"".join(pieces) == data
            assert max(map(len, pieces)) <= chunk

    def test_range(self, store: BlobStore, source: Path) -> None:
        data = source.read_bytes()
        store.put_once(KEY, source)
        for start, stop in [(0, 1), (5, 5), (3, 4000), (10_999, 99_999), (99_999, 100_000)]:
            assert b"".join(store.stream_range(KEY, sha(data), start, stop, 1024)) == data[start:stop]

    def test_copy_out(self, store: BlobStore, source: Path, tmp_path: Path) -> None:
        store.put_once(KEY, source)
        store.copy_out(KEY, tmp_path / "out.pdf", sha(source.read_bytes()))
        assert (tmp_path / "out.pdf").read_bytes() == source.read_bytes()

    def test_keys_by_prefix(self, store: BlobStore, source: Path) -> None:
        put = ["pages/aa/1.png", "pages/ab/2.png", "received/aa/thư.pdf", "top"]
        for key in put:
            store.put_once(key, source)
        assert sorted(store.keys()) == put
        assert sorted(store.keys("pages/a")) == put[:2]
        assert sorted(store.keys("pages/ab/")) == put[1:2]
        assert list(store.keys("received/aa/thư")) == ["received/aa/thư.pdf"]
        assert list(store.keys("absent/")) == []

    def test_listing_is_sorted_and_goes_on_behind_a_key(
        self, store: BlobStore, source: Path, tmp_path: Path
    ) -> None:
        put = sorted(["a.b", "a/1", "a/b/c", "a-b", "ab", "thư", "z/1", "ở"])
        for key in put:
            store.put_once(key, source)
        lines = list(store.listing())
        assert [line.key for line in lines] == put
        assert {line.size for line in lines} == {source.stat().st_size}
        assert all(-60 < line.age < 3600 for line in lines)
        for number, key in enumerate(put):
            assert [line.key for line in store.listing(key)] == put[number + 1 :]
        assert [line.key for line in store.listing("a/2")] == ["a/b/c", "ab", "thư", "z/1", "ở"]

    def test_refused_keys(self, store: BlobStore, source: Path) -> None:
        for key in BAD_KEYS:
            with pytest.raises(BlobKeyRefused):
                store.put_once(key, source)
            with pytest.raises(BlobKeyRefused):
                store.size(key)

    def test_many_writers_of_one_key(self, store: BlobStore, tmp_path: Path) -> None:
        """Whoever loses the race gets `Conflict` for other bytes, `Stored` for the same."""
        ends: list[tuple[bytes, object]] = []

        def put(number: int) -> None:
            data = b"even" * 50_000 if number % 2 == 0 else b"odd!" * 50_000
            path = tmp_path / str(number)
            path.write_bytes(data)
            ends.append((data, store.put_once(KEY, path)))

        threads = [threading.Thread(target=put, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        winners = {data for data, end in ends if isinstance(end, Stored)}
        assert len(winners) == 1
        winner = winners.pop()
        assert all(end == Conflict(sha(winner)) for data, end in ends if data != winner)
        assert len(ends) == 8
        assert store.read(KEY, sha(winner)) == winner

    def test_erased_bytes_are_gone_for_good(self, store: BlobStore, source: Path, tmp_path: Path) -> None:
        """Also what was written in its place before, and what a neighbour's key begins with stays."""
        key, neighbour = "pages/aa/secret.jpg", "pages/aa/secret.jpg-2"
        store.put_once(key, source)
        store.put_once(neighbour, source)
        other = tmp_path / "other"
        other.write_bytes(b"other bytes")
        assert isinstance(store.mend(key, other, sha(b"other bytes")), Stored)
        assert store.erase(key)
        assert store.size(key) is None
        assert store.size(neighbour) == source.stat().st_size
        assert not store.erase(key)
        assert isinstance(store.put_once(key, source), Stored)

    def test_probe_says_where(self, store: BlobStore) -> None:
        assert store.probe()
        assert list(store.keys()) == []

    # --- what fixity needs: look behind the promise, and put the good bytes back

    def test_measure_says_what_rests_there(self, store: BlobStore, source: Path) -> None:
        assert store.measure(KEY) is None
        store.put_once(KEY, source)
        assert store.measure(KEY) == Measured(sha(source.read_bytes()), source.stat().st_size)
        with pytest.raises(BlobKeyRefused):
            store.measure("../x")

    def test_mend_of_a_lost_object(self, store: BlobStore, source: Path) -> None:
        data = source.read_bytes()
        assert store.mend(KEY, source, sha(data)) == Stored(KEY, sha(data), len(data))
        assert store.read(KEY, sha(data)) == data
        assert list(store.keys()) == [KEY]

    def test_mend_of_a_good_object_changes_nothing(self, store: BlobStore, source: Path) -> None:
        stored = store.put_once(KEY, source)
        assert store.mend(KEY, source, sha(source.read_bytes())) == stored
        assert list(store.keys()) == [KEY]

    def test_mend_with_other_bytes_is_refused(self, store: BlobStore, source: Path, tmp_path: Path) -> None:
        data, other = source.read_bytes(), tmp_path / "other"
        other.write_bytes(b"other")
        store.put_once(KEY, source)
        with pytest.raises(BlobCorrupt):
            store.mend(KEY, other, sha(data))
        with pytest.raises(BlobKeyRefused):
            store.mend("a/../b", source, sha(data))
        with pytest.raises(FileNotFoundError):
            store.mend(KEY, tmp_path / "nothing", sha(data))
        assert store.read(KEY, sha(data)) == data
