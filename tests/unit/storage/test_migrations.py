"""Migrations in SQLite: the shared cases, and tables that are the same to the letter."""

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic.script import ScriptDirectory

from storage import migrate
from storage.schema import METADATA
from storage.tables import REVISION, Tables, open_tables
from tests.cases.migrations import MigrationCases


class TestMigrations(MigrationCases):
    """The shared cases."""


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
    assert script.get_heads() == [REVISION]
    assert [revision.revision for revision in script.walk_revisions()][-1] == "0001"


def test_a_name_with_percent_signs(tmp_path: Path) -> None:
    tables = open_tables(f"sqlite:///{tmp_path}/100%25 thử.db")
    assert tables.version() == ""
    tables.migrate()
    assert tables.version() == REVISION
    tables.dispose()


def test_nothing_is_deleted_by_following_a_link() -> None:
    assert all(key.ondelete is None for table in METADATA.tables.values() for key in table.foreign_keys)
