"""Open the database and bring it to this version of the code. The address decides which database it is."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.engine import make_url

from records.errors import Away
from storage import sqlite

REVISION = "0002"
"""The newest revision in `migrations/versions`; a test compares the two."""

POOL = 32
"""Connections kept for the threads of one process."""


class Tables:
    """An open database. Share one per process; `dispose` at the end."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = threading.Lock()

    def migrate(self) -> None:
        """Bring the tables to this version; safe to repeat and to run from several processes at once.

        A crash half-way leaves the old version. Raises `migrate.DatabaseTooNew`, `migrate.DatabaseForeign`,
        `Away`.
        """
        if self.version() == REVISION:
            return
        from storage import migrate  # Alembic takes half a second to import and is hardly ever needed

        with self.writing() as connection:
            migrate.upgrade(connection)

    def version(self) -> str:
        """Return the revision the tables are at, "" for an empty database."""
        with self.reading() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return ""
            return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a connection with a writing transaction: committed at the end, rolled back when the block
        raises.
        """
        if not self._writer.acquire(timeout=sqlite.BUSY_SECONDS):
            raise Away("another thread has been writing for too long", code="database-busy")
        try:
            with self.engine.connect() as raw:
                connection = raw.execution_options(**{sqlite.WRITING: True})
                with connection.begin():
                    yield connection
        finally:
            self._writer.release()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection on one unchanging snapshot; it is always rolled back."""
        with self.engine.connect() as connection, connection.begin() as transaction:
            try:
                yield connection
            finally:
                transaction.rollback()

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def open_tables(url: str) -> Tables:
    """Return the database at `url` (`sqlite:////folder/vanthu.db`); nothing is created before `migrate`.

    Raises ValueError for an address no profile knows.
    """
    address = make_url(url)
    if address.get_backend_name() != "sqlite" or not address.database or address.database == ":memory:":
        raise ValueError(f"no database profile for {address.get_backend_name()}")
    engine = create_engine(address, pool_size=POOL, max_overflow=POOL, pool_timeout=sqlite.BUSY_SECONDS)
    sqlite.prepare(engine)
    return Tables(engine)
