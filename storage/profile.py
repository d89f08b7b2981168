"""What a database must be able to do for us, beyond the SQL that all of them speak; one module for each answers."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Engine, Table
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from storage import postgres, sqlite
from storage.database_faults import DatabaseTrouble


class Profile(Protocol):
    """One kind of database. The modules `sqlite` and `postgres` say what each of these means for theirs."""

    NAME: str
    READING: dict[str, Any]
    WRITING: dict[str, Any]
    AUDIT_TRIGGERS: tuple[str, ...]
    AFTER_DROP: tuple[str, ...]

    def open_engine(self, address: URL, password: str) -> Engine:
        """Return a pool on the database, not connected yet. Raises ValueError for an unfit address."""
        ...

    def taking_turns(self, engine: Engine, /) -> AbstractContextManager[None]:
        """Wait until this process may write."""
        ...

    def must_be_whole(self, connection: Connection, /) -> None:
        """Raise RuntimeError when the transaction can no longer be committed as it was meant."""
        ...

    def trouble_of(self, fault: Exception, *, writing: bool) -> tuple[DatabaseTrouble, str] | None:
        """Return what has happened to the database and the reason for the log; None when it is no such fault."""
        ...

    def not_allowed(self, fault: DBAPIError, /) -> bool:
        """Return whether the database says that its user may not do this."""
        ...

    def insert_new(
        self, connection: Connection, table: Table, rows: Sequence[dict[str, Any]], key: Sequence[str]
    ) -> int:
        """Insert the rows whose `key` is not there yet and return how many."""
        ...

    def hold_rows(
        self, connection: Connection, which: ColumnElement[bool], order: ColumnElement[Any] | None, /
    ) -> None:
        """Keep rows as they are until the end of the transaction."""
        ...

    def hold_name(self, connection: Connection, /, *name: str) -> None:
        """Keep others off a name until the end of the transaction."""
        ...

    def unhurried(self, connection: Connection, /) -> AbstractContextManager[None]:
        """Let the statements of the block take the time that a look at every row takes."""
        ...

    def migrating(self, connection: Connection, /) -> AbstractContextManager[None]:
        """Keep other migrators out until the end of the transaction."""
        ...


PROFILES: dict[str, Profile] = {sqlite.NAME: sqlite, postgres.NAME: postgres}
"""By the name an address begins with, which is also SQLAlchemy's name of the dialect."""


def profile_of(connection: Connection | Engine) -> Profile:
    """Return what an open database is."""
    return PROFILES[connection.dialect.name]
