"""Migrations on the real PostgreSQL: the shared cases, tables that are the same, and nobody who has to wait."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from records.errors import Away
from storage import migrate, postgres_wire
from storage.schema import METADATA
from storage.tables import REVISION, Tables
from storage.work import Work
from tests.cases.database import PostgresDatabase
from tests.cases.migrations import MigrationCases, at_0001

pytestmark = pytest.mark.joined


class TestMigrations(MigrationCases): ...


def test_code_and_migrations_make_the_same_tables(tables: Tables) -> None:
    options = {"compare_type": True, "compare_server_default": True}
    with tables.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []


def test_tables_made_by_the_code_have_every_link_and_default_too(
    tables: Tables, database: PostgresDatabase, empty_database: PostgresDatabase
) -> None:
    """What the comparison above does not look at: constraints, their names, defaults and sequences."""
    fresh = empty_database.open()
    with fresh.writing() as connection:
        METADATA.create_all(connection)
    fresh.dispose()
    assert _shape(database) == _shape(empty_database)


def _shape(database: PostgresDatabase) -> set[tuple[str, ...]]:
    asked = (
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace",
        "SELECT table_name, column_name, concat_ws(' ', data_type, is_nullable, column_default) "
        "FROM information_schema.columns WHERE table_schema = 'public'",
        "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    )
    return {row for query in asked for row in database.ask(query) if row[0] != "alembic_version"}


def test_every_text_sorts_by_code_point(tables: Tables, database: PostgresDatabase) -> None:
    """A revision that adds text without saying so is caught by `migrate.upgrade`, not by the next reader."""
    found = database.ask(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'"
    )
    assert found == []


def test_the_new_tables_come_while_others_write_and_read(empty_database: PostgresDatabase, clock) -> None:
    """An open transaction of the version before neither stops the migration nor is stopped by it."""
    tables = at_0001(empty_database)
    other = empty_database.open()
    with other.writing() as writer, other.reading() as reader:
        writer.exec_driver_sql(
            "INSERT INTO batches (id, created_by, options, state, created_at) VALUES ('b', 'x', '{}', 'started', now())"
        )
        assert _count(reader) == 0
        tables.migrate()
        assert _count(reader) == 0
    assert tables.version() == REVISION
    with Work(tables, clock).reading() as tx:
        assert [batch.id for batch in tx.batches.unfinished()] == ["b"]
    other.dispose()
    tables.dispose()


def _count(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT count(*) FROM batches").scalar_one())


def test_a_migration_gives_up_on_a_table_somebody_holds(
    empty_database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for a lock no longer than anybody, and then leaves everything as it was."""
    monkeypatch.setattr(postgres_wire, "PATIENCE", postgres_wire.Patience(lock=1))
    tables, other = at_0001(empty_database), empty_database.open()
    with other.writing() as holder:
        holder.exec_driver_sql("LOCK TABLE pages IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Away) as fault:
            tables.migrate()
        assert fault.value.code == "database-busy"
    assert tables.version() == "0001"
    tables.migrate()
    assert tables.version() == REVISION
    other.dispose()
    tables.dispose()


def test_what_a_migration_sets_goes_with_it(tables: Tables) -> None:
    with tables.writing() as connection:
        migrate.upgrade(connection)
    with tables.writing() as connection:
        told = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar_one()
            for name in ("statement_timeout", "lock_timeout")
        }
        wire = connection.connection.driver_connection
        assert isinstance(wire, postgres_wire.PatientConnection)
        assert wire.patience == postgres_wire.PATIENCE.reply
    assert told == {
        "statement_timeout": f"{postgres_wire.PATIENCE.statement}s",
        "lock_timeout": f"{postgres_wire.PATIENCE.lock}s",
    }
