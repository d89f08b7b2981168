"""What every place for drafts must do. A new adapter inherits this and supplies `staging` and `store` (beside it)."""

import threading
from pathlib import Path

import pytest

from storage.blobs import BlobCorrupt, BlobKeyRefused, BlobMissing, BlobStore, TargetAway
from storage.staging import NameTaken, Staging
from tests.cases.blob_store import sha

NAME = "d41d8cd9/upload-1"


class StagingCases:
    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        path = tmp_path / "source"
        path.write_bytes("bản nháp ".encode() * 5000)
        return path

    def test_what_is_held_can_be_fetched(self, staging: Staging, source: Path, tmp_path: Path) -> None:
        good = staging.hold(NAME, source)
        assert good == sha(source.read_bytes())
        assert staging.hold(NAME, source) == good
        staging.fetch(NAME, good, tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == source.read_bytes()
        [(name, age)] = staging.names()
        assert name == NAME
        assert age < 3600

    def test_other_bytes_under_the_same_name(self, staging: Staging, source: Path, tmp_path: Path) -> None:
        good = staging.hold(NAME, source)
        other = tmp_path / "other"
        other.write_bytes(b"other")
        with pytest.raises(NameTaken) as fault:
            staging.hold(NAME, other)
        assert fault.value.tell
        staging.fetch(NAME, good, tmp_path / "out")

    def test_wrong_hash_leaves_no_file(self, staging: Staging, source: Path, tmp_path: Path) -> None:
        good = staging.hold(NAME, source)
        with pytest.raises(BlobCorrupt):
            staging.fetch(NAME, sha(b"wrong"), tmp_path / "out")
        with pytest.raises(BlobMissing):
            staging.fetch("absent", good, tmp_path / "out")
        with pytest.raises(TargetAway):
            staging.fetch(NAME, good, tmp_path / "no folder" / "out")
        assert sorted(path.name for path in tmp_path.iterdir() if path.name.endswith(("out", ".part"))) == []

    def test_dropped_is_gone_and_may_come_again(self, staging: Staging, source: Path, tmp_path: Path) -> None:
        good = staging.hold(NAME, source)
        for _ in range(2):
            staging.drop(NAME)
        staging.drop("never/held")
        staging.drop(f"{NAME}/below")
        assert list(staging.names()) == []
        with pytest.raises(BlobMissing):
            staging.fetch(NAME, good, tmp_path / "out")
        (tmp_path / "other").write_bytes(b"other")
        assert staging.hold(NAME, tmp_path / "other") == sha(b"other")

    def test_empty_draft(self, staging: Staging, tmp_path: Path) -> None:
        (tmp_path / "empty").touch()
        staging.fetch(NAME, staging.hold(NAME, tmp_path / "empty"), tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == b""

    def test_names_by_prefix(self, staging: Staging, source: Path) -> None:
        for name in ("a/1", "a/2", "ab/1"):
            staging.hold(name, source)
        assert sorted(name for name, _ in staging.names("a/")) == ["a/1", "a/2"]
        assert sorted(name for name, _ in staging.names()) == ["a/1", "a/2", "ab/1"]

    @pytest.mark.parametrize("name", ["", "../x", "/x", ".x", "a//b", "x" * 300])
    def test_refused_names(self, staging: Staging, source: Path, tmp_path: Path, name: str) -> None:
        for ask in (
            lambda: staging.hold(name, source),
            lambda: staging.fetch(name, sha(b""), tmp_path / "out"),
            lambda: staging.drop(name),
        ):
            with pytest.raises(BlobKeyRefused):
                ask()

    def test_absent_source(self, staging: Staging, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            staging.hold(NAME, tmp_path / "nothing")

    def test_the_store_knows_nothing_of_drafts(
        self, staging: Staging, store: BlobStore, source: Path
    ) -> None:
        staging.hold(NAME, source)
        assert list(store.keys()) == []
        assert list(store.keys("s")) == []
        with pytest.raises(BlobKeyRefused):
            store.size(f"staging/{NAME}")

    def test_held_and_dropped_by_many_at_once(self, staging: Staging, source: Path) -> None:
        faults: list[Exception] = []

        def work(number: int) -> None:
            try:
                for turn in range(3):
                    staging.hold(f"{number}/{turn}", source)
                    staging.drop(f"{number}/{turn}")
                staging.hold(f"{number}/last", source)
            except Exception as fault:  # noqa: BLE001  reported below
                faults.append(fault)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert faults == []
        assert sorted(name for name, _ in staging.names()) == [f"{n}/last" for n in range(6)]
