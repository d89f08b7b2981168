"""The folder keeps every promise of a blob store, and a few that only a folder can break."""

import errno
import fcntl
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.errors import Away
from storage import folder as folder_module
from storage.blobs import (
    BlobCorrupt,
    BlobKeyRefused,
    BlobMissing,
    BlobStore,
    BlobUnreadable,
    Measured,
    Stored,
    Unavailable,
    check_key,
    open_blobs,
)
from storage.folder import DAMAGED, INCOMING, FolderStore
from tests.cases.blob_store import KEY, BlobStoreCases, sha
from tests.cases.damage import Behind, BehindFolder, DamageCases


class TestFolderStore(BlobStoreCases, DamageCases):
    @pytest.fixture
    def behind(self, tmp_path: Path) -> Behind:
        return BehindFolder(tmp_path / "kho lưu")

    @pytest.fixture
    def store(self, tmp_path: Path) -> BlobStore:
        return open_blobs(f"file://{tmp_path}/kho%20l%C6%B0u")

    def test_address_is_decoded(self, store: BlobStore, tmp_path: Path) -> None:
        assert (tmp_path / "kho lưu").is_dir()

    def test_objects_are_read_only_and_nothing_is_left(
        self, store: BlobStore, source: Path, tmp_path: Path
    ) -> None:
        store.put_once(KEY, source)
        root = tmp_path / "kho lưu"
        assert (root / KEY).stat().st_mode & 0o777 == 0o444
        assert (root / KEY).stat().st_nlink == 1
        assert list((root / INCOMING).iterdir()) == []

    def test_flipped_bit_is_found(self, store: BlobStore, source: Path, tmp_path: Path) -> None:
        stored = store.put_once(KEY, source)
        assert isinstance(stored, Stored)
        path = tmp_path / "kho lưu" / KEY
        path.chmod(0o644)
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
        with pytest.raises(BlobCorrupt):
            store.read(KEY, stored.sha256)
        with pytest.raises(BlobCorrupt):
            list(store.stream(KEY, stored.sha256))

    def test_cut_and_emptied_objects_are_found(self, store: BlobStore, source: Path, tmp_path: Path) -> None:
        stored = store.put_once(KEY, source)
        assert isinstance(stored, Stored)
        path = tmp_path / "kho lưu" / KEY
        path.chmod(0o644)
        for size in (stored.size - 1, 0):
            os.truncate(path, size)
            with pytest.raises(BlobCorrupt):
                store.read(KEY, stored.sha256)

    @pytest.mark.parametrize("damage", ["flip", "cut", "emptied", "swapped", "link", "gone", "folder gone"])
    def test_damage_is_measured_mended_and_kept_aside(
        self, store: BlobStore, source: Path, tmp_path: Path, damage: str
    ) -> None:
        root = tmp_path / "kho lưu"
        path, good = root / KEY, source.read_bytes()
        store.put_once(KEY, source)
        bad = {"flip": good[:-1] + b"\x01", "cut": good[:-1], "emptied": b"", "swapped": b"of another"}.get(
            damage
        )
        path.unlink()
        if bad is not None:
            path.write_bytes(bad)
        elif damage == "link":
            path.symlink_to(source)
        elif damage == "folder gone":
            path.parent.rmdir()
        assert store.measure(KEY) == (None if bad is None else Measured(sha(bad), len(bad)))
        assert store.mend(KEY, source, sha(good)) == Stored(KEY, sha(good), len(good))
        assert store.read(KEY, sha(good)) == good
        assert path.stat().st_mode & 0o777 == 0o444
        assert list(store.keys()) == [KEY]
        assert list((root / INCOMING).iterdir()) == []
        aside = root / DAMAGED / KEY
        if bad is not None:
            assert (aside / sha(bad)).read_bytes() == bad
        elif damage == "link":
            assert (aside / "not-a-file").is_symlink()
        else:
            assert not aside.exists()

    def test_the_same_damage_again_is_kept_once(self, store: BlobStore, source: Path, tmp_path: Path) -> None:
        path, good = tmp_path / "kho lưu" / KEY, sha(source.read_bytes())
        for _ in range(2):
            store.mend(KEY, source, good)
            path.unlink()
            path.write_bytes(b"bad")
        store.mend(KEY, source, good)
        assert [p.name for p in (tmp_path / "kho lưu" / DAMAGED / KEY).iterdir()] == [sha(b"bad")]

    def test_bad_sector(
        self, store: BlobStore, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A file the disk refuses to give is unreadable, not away; mending gives it new blocks."""
        store.put_once(KEY, source)
        path, good = tmp_path / "kho lưu" / KEY, sha(source.read_bytes())
        inode, real = path.stat().st_ino, folder_module.measured

        def refuse(fd: int) -> Measured:
            if os.fstat(fd).st_ino == inode:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return real(fd)

        monkeypatch.setattr(folder_module, "measured", refuse)
        with pytest.raises(BlobUnreadable) as fault:
            store.measure(KEY)
        assert "khôi phục" in fault.value.tell
        with pytest.raises(BlobUnreadable):
            next(store.stream_range(KEY, good, 0, 1))
        assert isinstance(store.mend(KEY, source, good), Stored)
        assert store.measure(KEY) == Measured(good, source.stat().st_size)
        assert (tmp_path / "kho lưu" / DAMAGED / KEY / f"unreadable-{inode}").exists()

    def test_symbolic_link_is_not_an_object(self, store: BlobStore, source: Path, tmp_path: Path) -> None:
        (tmp_path / "kho lưu" / "link").symlink_to(source)
        assert store.size("link") is None
        with pytest.raises(BlobMissing):
            store.read("link", sha(source.read_bytes()))

    def test_key_through_another_object(self, store: BlobStore, source: Path) -> None:
        store.put_once("a/b", source)
        for key in ("a", "a/b/c"):
            with pytest.raises(BlobKeyRefused):
                store.put_once(key, source)
            assert store.size(key) is None

    @pytest.mark.parametrize("prefix", ["../", "/", "a/../", INCOMING + "/"])
    def test_listing_stays_inside(self, store: BlobStore, prefix: str) -> None:
        with pytest.raises(BlobKeyRefused):
            list(store.keys(prefix))


def test_litter_of_the_dead_is_swept_and_that_of_the_living_kept(tmp_path: Path) -> None:
    FolderStore(tmp_path)
    dead, living = tmp_path / INCOMING / "dead", tmp_path / INCOMING / "living"
    dead.write_bytes(b"half")
    with living.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        FolderStore(tmp_path)
        assert not dead.exists()
        assert living.exists()
    FolderStore(tmp_path)
    assert not living.exists()


def test_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Away) as fault:
        FolderStore(tmp_path / "file" / "store")
    assert fault.value.code == "store-away"


@pytest.mark.parametrize("url", ["", "/plain/path", "file://host/x", "s3://bucket", "file:relative"])
def test_addresses_no_profile_knows(url: str) -> None:
    with pytest.raises(ValueError, match="no blob store"):
        open_blobs(url)


def test_store_whose_folder_is_gone(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    source = tmp_path / "source"
    source.write_bytes(b"x")
    (tmp_path / "store" / INCOMING).rmdir()
    assert isinstance(store.put_once(KEY, source), Unavailable)
    assert isinstance(store.mend(KEY, source, sha(b"x")), Unavailable)
    with pytest.raises(Away):
        store.probe()


@given(st.text(max_size=300))
def test_accepted_keys_stay_inside_and_are_portable(key: str) -> None:
    try:
        check_key(key)
    except BlobKeyRefused:
        return
    path = os.path.normpath("/root/" + key)
    assert path == "/root/" + key
    assert len(key.encode()) <= 512
    assert "\x00" not in key
    assert not any(part.startswith(".") for part in key.split("/"))


@given(
    st.lists(
        st.from_regex(r"[0-9a-zA-Zăđơư][0-9a-zA-Zăđơư._-]{0,20}", fullmatch=True), min_size=1, max_size=6
    )
)
def test_ordinary_keys_are_accepted(names: list[str]) -> None:
    key = "/".join(names)
    assert check_key(key) == key
