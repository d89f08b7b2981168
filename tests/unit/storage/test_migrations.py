"""Migrations: from nothing to this version, the same shape as the code, never backwards."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from storage import migrate, sqlite
from storage.migrate import DatabaseForeign, DatabaseTooNew
from storage.schema import METADATA
from storage.tables import REVISION, Tables, open_tables
from storage.work import Work


def test_code_and_migrations_make_the_same_tables(tables: Tables, tmp_path: Path) -> None:
    """Column by column, default by default: the very statements are the same."""
    fresh = open_tables(f"sqlite:///{tmp_path}/fresh.db")
    with fresh.writing() as connection:
        METADATA.create_all(connection)
    fresh.dispose()
    assert _statements(tmp_path / "vanthu.db") == _statements(tmp_path / "fresh.db")


def _statements(database: Path) -> set[tuple[str, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        made = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index')"
        ).fetchall()
    plain = [
        " ".join(sql.split()).removesuffix(" )") for name, sql in made if sql and name != "alembic_version"
    ]
    return {
        tuple(sorted(sql.split(", CONSTRAINT "))) for sql in plain
    }  # the order of constraints means nothing


def test_one_line_of_revisions() -> None:
    script = ScriptDirectory.from_config(migrate._config())
    assert len(script.get_heads()) == 1
    assert [revision.revision for revision in script.walk_revisions()][-1] == "0001"


def test_again_changes_nothing(tables: Tables, work: Work) -> None:
    with work.begin() as tx:
        tx.audit.append("a", "b", "c", "done")
    version = tables.version()
    tables.migrate()
    assert tables.version() == version
    with work.begin() as tx:
        assert tx.audit.append("a", "b", "c", "done") == 2


def test_empty_database_has_no_version(tmp_path: Path) -> None:
    tables = open_tables(f"sqlite:///{tmp_path}/100%25 thử.db")
    assert tables.version() == ""
    tables.migrate()
    assert tables.version() == REVISION
    tables.dispose()


def test_a_newer_database_is_left_alone(tables: Tables, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "vanthu.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(DatabaseTooNew) as fault:
        tables.migrate()
    assert "phiên bản mới hơn" in fault.value.tell
    assert tables.version() == "9999"


def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE theirs (x)")
        connection.commit()
    tables = open_tables(f"sqlite:///{tmp_path}/other.db")
    with pytest.raises(DatabaseForeign):
        tables.migrate()
    assert tables.version() == ""
    tables.dispose()


def test_a_migration_that_fails_half_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "AUDIT_TRIGGERS", ("CREATE NONSENSE",))
    tables = open_tables(f"sqlite:///{tmp_path}/half.db")
    with pytest.raises(Exception, match="NONSENSE"):
        tables.migrate()
    with closing(sqlite3.connect(tmp_path / "half.db")) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    monkeypatch.undo()
    tables.migrate()
    assert tables.version() == REVISION
    tables.dispose()


def test_nothing_is_deleted_by_following_a_link() -> None:
    assert all(key.ondelete is None for table in METADATA.tables.values() for key in table.foreign_keys)
