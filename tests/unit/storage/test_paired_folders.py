"""Two folders held together keep every promise of one store, and those of a pair."""

from pathlib import Path

import pytest

from storage.blobs import BlobStore
from storage.folder import FolderStore
from storage.objects import Side
from storage.paired import PairedStore
from tests.cases.blob_store import BlobStoreCases
from tests.cases.damage import BehindFolder
from tests.cases.paired import PairedCases, Sides


def _told_nothing(side: Side, key: str, reason: str) -> None:
    raise AssertionError(f"{side} {key} {reason}")


class TestPairOfFolders(BlobStoreCases):
    @pytest.fixture
    def store(self, tmp_path: Path) -> BlobStore:
        return PairedStore(FolderStore(tmp_path / "first"), FolderStore(tmp_path / "copy"), lambda *_: None)


class TestFoldersHeldTogether(PairedCases):
    @pytest.fixture
    def sides(self, tmp_path: Path) -> Sides:
        first, copy = tmp_path / "first", tmp_path / "copy"
        return Sides(FolderStore(first), FolderStore(copy), BehindFolder(first), BehindFolder(copy))


def test_probe_names_both(tmp_path: Path) -> None:
    said = PairedStore(FolderStore(tmp_path / "a"), FolderStore(tmp_path / "b"), _told_nothing).probe()
    assert "/a" in said
    assert "/b" in said
