"""The keeper of the audit log on SQLite and a folder: signed, stamped, pushed, and silent over what was forged."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from records.clock import FixedClock
from signing.demo_pki import create_demo_pki
from storage.folder import FolderStore
from storage.tables import Tables
from tests.cases.audit_keeper import AuditKeeperCases
from tests.cases.database import SqliteDatabase, migrated


@pytest.fixture(scope="module")
def demo_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki") / "keys"
    create_demo_pki(folder, "Lưu trữ thử nghiệm", FixedClock(datetime(2026, 11, 1, tzinfo=UTC)))
    return folder


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with every table: copying it is faster than making it for each test."""
    path = tmp_path_factory.mktemp("empty") / "vanthu.db"
    tables = migrated(path)
    tables.dispose()
    return path


@pytest.fixture
def tables(empty: Path, database: SqliteDatabase) -> Iterator[Tables]:
    shutil.copy(empty, database.path)
    opened = database.open()
    yield opened
    opened.dispose()


class TestKeeper(AuditKeeperCases):
    @pytest.fixture
    def store(self, tmp_path: Path) -> FolderStore:
        return FolderStore(tmp_path / "copy")
