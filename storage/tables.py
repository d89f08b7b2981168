"""Open the database and bring it to this version of the code. The address decides which database it is."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, Engine, RootTransaction, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from storage.crashpoint import crashpoint
from storage.database_faults import DatabaseTrouble, away
from storage.profile import PROFILES, profile_of

REVISION = "0015"
"""The newest revision in `migrations/versions`; a test compares the two."""


class Tables:
    """An open database. Share one per process; `dispose` at the end."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._profile = profile_of(engine)

    def migrate(self) -> None:
        """Bring the tables to this version; safe to repeat and to run from several processes at once.

        A crash half-way leaves the old version. Raises `migrate.DatabaseTooNew`, `migrate.DatabaseForeign`,
        `migrate.DatabaseNotOurs`, `Away`.
        """
        if self.version() == REVISION:
            return
        from storage import migrate  # Alembic takes half a second to import and is hardly ever needed

        with self.writing() as connection:
            migrate.upgrade(connection)

    def version(self) -> str:
        """Return the revision the tables are at, "" for an empty database. Raises `Away`."""
        with self.reading() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return ""
            return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a connection with a writing transaction: committed at the end, rolled back when the block
        raises.

        Raises `Away`: nothing was changed, but for the code `commit-unknown`: the connection was lost while the
        server was committing. Whatever is asked again then must carry the key it had the first time.
        """
        with (
            self._telling(writing=True),
            self._profile.taking_turns(self.engine),
            self.engine.connect() as raw,
        ):
            connection = raw.execution_options(**self._profile.WRITING)
            transaction = connection.begin()
            try:
                yield connection
                self._profile.must_be_whole(connection)
                crashpoint("rows-before-commit")
                _commit(transaction)
                crashpoint("rows-after-commit")
            except BaseException:
                _roll_back(transaction)
                raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection on one unchanging snapshot, in which nothing can be written. Raises `Away`."""
        with self._telling(writing=False), self.engine.connect() as raw:
            connection = raw.execution_options(**self._profile.READING)
            transaction = connection.begin()
            try:
                yield connection
            except BaseException:
                _roll_back(transaction)
                raise
            _leave(transaction)

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def _telling(self, *, writing: bool) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as fault:
            trouble = self._profile.trouble_of(fault, writing=writing)
            if trouble is None:
                raise
            raise away(*trouble) from fault


def open_tables(url: str, password: str = "") -> Tables:
    """Return the database at `url`; nothing is created, or connected, before it is used.

    `sqlite:////folder/vanthu.db` or `postgresql://user@host:port/database[?sslmode=…&sslrootcert=…]`. Raises
    ValueError for an address no profile knows and for one that carries a password.
    """
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError("no database profile for this address") from None  # its text may hold a password
    profile = PROFILES.get(address.drivername)
    if profile is None:
        raise ValueError(f"no database profile for {address.drivername}")
    return Tables(profile.open_engine(address, password))


def _commit(transaction: RootTransaction) -> None:
    try:
        transaction.commit()
    except DBAPIError as fault:
        if fault.connection_invalidated:
            raise away(DatabaseTrouble.COMMIT_UNKNOWN, f"lost while committing: {fault.orig}") from fault
        raise


def _roll_back(transaction: RootTransaction) -> None:
    """A connection that is lost cannot be told to roll back: the server does it by itself, and the fault that the
    block met is the one to hear of.
    """
    with suppress(DBAPIError):
        transaction.rollback()


def _leave(transaction: RootTransaction) -> None:
    """End a transaction that wrote nothing: by a commit, since psycopg forgets its prepared statements at a rollback.

    All was read by now, so a connection that is lost at this point has nothing to say.
    """
    with suppress(DBAPIError):
        transaction.commit()
