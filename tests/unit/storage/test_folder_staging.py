"""Drafts in a folder, beside a store in the same folder."""

from pathlib import Path

import pytest

from storage.blobs import BlobStore, StoreAway, open_blobs
from storage.staging import FolderStaging, Staging, open_staging
from tests.cases.staging import NAME, StagingCases


class TestFolderStaging(StagingCases):
    @pytest.fixture
    def store(self, tmp_path: Path) -> BlobStore:
        return open_blobs(f"file://{tmp_path}/store")

    @pytest.fixture
    def staging(self, tmp_path: Path) -> Staging:
        return open_staging(f"file://{tmp_path}/store")

    def test_dropping_leaves_no_folders(self, staging: Staging, source: Path, tmp_path: Path) -> None:
        staging.hold(NAME, source)
        staging.drop(NAME)
        assert [path.name for path in (tmp_path / "store" / ".staging").iterdir()] == [".incoming"]


def test_folder_that_is_gone(tmp_path: Path) -> None:
    staging = FolderStaging(tmp_path / "staging")
    (tmp_path / "staging" / ".incoming").rmdir()
    (tmp_path / "source").touch()
    with pytest.raises(StoreAway):
        staging.hold(NAME, tmp_path / "source")


@pytest.mark.parametrize("url", ["", "http://host/bucket", "file:relative"])
def test_addresses_no_profile_knows(url: str) -> None:
    with pytest.raises(ValueError, match="no staging"):
        open_staging(url)
