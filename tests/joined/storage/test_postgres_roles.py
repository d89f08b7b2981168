"""The two roles of the PostgreSQL script: the application works with everything and can change nothing of the log."""

import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Connection
from sqlalchemy.exc import ProgrammingError

from records.access import SYSTEM
from storage import migrate
from storage.migrate import DatabaseNotOurs
from storage.tables import REVISION, Tables
from storage.work import Work
from tests.cases.database import PostgresDatabase
from tests.cases.migrations import at_0001
from tests.cases.rows import NEW_BATCH, NEW_FILE
from tests.tools import server_programs

pytestmark = pytest.mark.joined

SCRIPT = Path(migrate.__file__).with_name("postgres_roles.sql")


@dataclass(frozen=True)
class Role:
    """A role without any right of its own, on a database where the script has (or has not yet) been run."""

    name: str
    owner: PostgresDatabase
    app: PostgresDatabase

    def run_script(self) -> None:
        """Run it as an administrator would."""
        psql = server_programs.postgres() / "psql"
        done = subprocess.run(
            [psql, self.owner.url, "-v", "ON_ERROR_STOP=1", "-v", f"app={self.name}", "-q", "-f", SCRIPT],
            env={"PGPASSWORD": self.owner.password},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture
def role(empty_database: PostgresDatabase) -> Iterator[Role]:
    name, password = f"app {secrets.token_hex(4)}", secrets.token_hex(16)
    made = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal(password))
    with psycopg.connect(empty_database.url, password=empty_database.password, autocommit=True) as owner:
        owner.execute(made)
    host = empty_database.url.partition("@")[2]
    yield Role(
        name,
        empty_database,
        PostgresDatabase(f"postgresql://{name.replace(' ', '%20')}@{host}", password),
    )
    with psycopg.connect(empty_database.url, password=empty_database.password, autocommit=True) as owner:
        owner.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(name)))
        owner.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


@pytest.fixture
def app(role: Role) -> Iterator[Tables]:
    owner = role.owner.open()
    owner.migrate()
    owner.dispose()
    role.run_script()
    role.run_script()
    opened = role.app.open()
    yield opened
    opened.dispose()


def test_the_application_can_do_its_work(app: Tables, clock) -> None:
    app.migrate()
    assert app.version() == REVISION
    with Work(app, clock).begin() as tx:
        batch = tx.batches.add(NEW_BATCH).id
        tx.batches.add_file(batch, NEW_FILE)
        tx.objects.keep("k", "a" * 64, 1)
        tx.leases.take("leader", "w1", 60)
        tx.outbox.done(tx.outbox.add("x", "d"))
        tx.heads.add(1, "r", "n")
        tx.heads.stamped(1, b"x")
        assert tx.audit.append("a", "b", "c", "done") == 1
        assert len(tx.batches.files(SYSTEM, batch)) == 1


FORBIDDEN = (
    "UPDATE audit SET actor = 'x'",
    "DELETE FROM audit",
    "TRUNCATE audit",
    "ALTER TABLE audit DISABLE TRIGGER ALL",
    "DROP TRIGGER audit_no_update ON audit",
    "DROP TABLE audit",
    "CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "SET session_replication_role = replica",
    "DELETE FROM heads",
    "UPDATE alembic_version SET version_num = '0001'",
    "CREATE TABLE public.mine (x int)",
    "ALTER TABLE batches ADD COLUMN x int",
)


def test_the_application_cannot_undo_what_it_wrote(app: Tables, clock) -> None:
    with Work(app, clock).begin() as tx:
        tx.audit.append("a", "b", "c", "done")
        tx.heads.add(1, "r", "n")
    for statement in FORBIDDEN:
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            _say(app, statement)
    with Work(app, clock).begin() as tx:
        assert tx.audit.append("a", "b", "c", "done") == 2


def _say(tables: Tables, statement: str) -> None:
    with tables.writing() as connection:
        connection.exec_driver_sql(statement)


def test_the_application_cannot_migrate_and_says_who_can(role: Role) -> None:
    owner = at_0001(role.owner)
    with owner.writing() as connection:
        _bare_rights(connection, role.name)
    app = role.app.open()
    with pytest.raises(DatabaseNotOurs) as fault:
        app.migrate()
    assert "vanthu migrate" in fault.value.tell
    assert app.version() == "0001"
    owner.migrate()
    app.migrate()  # nothing is left to do, so nothing is asked for
    app.dispose()
    owner.dispose()


def _bare_rights(connection: Connection, role: str) -> None:
    name = connection.dialect.identifier_preparer.quote(role)
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {name}")
    connection.exec_driver_sql(f"GRANT SELECT ON alembic_version TO {name}")


def test_tables_of_a_later_migration_are_the_applications_too(app: Tables, role: Role) -> None:
    role.owner.ask("CREATE TABLE later (id bigserial PRIMARY KEY)")
    with app.writing() as connection:
        connection.exec_driver_sql("INSERT INTO later DEFAULT VALUES")
        connection.exec_driver_sql("UPDATE later SET id = 7")
        connection.exec_driver_sql("DELETE FROM later")
