"""The real PostgreSQL for the cases of the rows: one migrated database, wiped before each test; and an empty one."""

import secrets
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from storage.schema import METADATA
from storage.tables import Tables
from storage.work import Work
from tests.cases.database import PostgresDatabase, TurnedClock
from tests.tools.servers import Servers

WIPE = "ALTER TABLE audit ENABLE TRIGGER USER; SET session_replication_role = replica; " + "; ".join(
    f'DELETE FROM "{name}"' for name in METADATA.tables
)
"""Past every trigger and link, as only a superuser may; far cheaper than a database a test. A test that played the
owner of the database may have switched the log's triggers off: they are on again for the next one.
"""


CREATE = "CREATE DATABASE {} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'vi'"


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture(scope="session")
def migrated(servers: Servers) -> Iterator[PostgresDatabase]:
    """Made for Vietnamese, as an administrator may well do: our columns must not follow its order of letters."""
    address, password = servers.url("postgres"), servers.secret("postgres")
    name = f"t_rows_{secrets.token_hex(6)}"
    with psycopg.connect(address, password=password, autocommit=True) as connection:
        connection.execute(sql.SQL(CREATE).format(sql.Identifier(name)))
    made = PostgresDatabase(f"{address.rpartition('/')[0]}/{name}", password)
    tables = made.open()
    tables.migrate()
    tables.dispose()
    yield made
    servers.start("postgres")
    with psycopg.connect(address, password=password, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def database(migrated: PostgresDatabase) -> PostgresDatabase:
    migrated.ask(WIPE)
    return migrated


@pytest.fixture
def empty_database(postgres_database: tuple[str, str]) -> PostgresDatabase:
    return PostgresDatabase(*postgres_database)


@pytest.fixture
def tables(database: PostgresDatabase) -> Iterator[Tables]:
    opened = database.open()
    yield opened
    opened.dispose()


@pytest.fixture
def work(tables: Tables, clock: TurnedClock) -> Work:
    return Work(tables, clock)
