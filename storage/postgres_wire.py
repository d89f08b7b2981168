"""The door to psycopg: how a connection to PostgreSQL is made, and how long anybody waits for anything on it.

Every wait has an end on the server (statement, lock, idle transaction) and one on our side, for a server that is
frozen or a network that swallows packets; see docs/decisions/0053-rows-on-postgresql.md for the figures.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
from psycopg import errors
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import InvalidatePoolError

CONNECT_SECONDS = 4
LOCK_SECONDS = 5
STATEMENT_SECONDS = 8
REPLY_SECONDS = 10.0
"""Our own patience: longer than the server's, so that its answer, which says what happened, comes first."""

PING_SECONDS = 2.0
IDLE_SECONDS = 30
"""An open transaction that says nothing this long is ended by the server: its process has frozen, its locks must go."""

POOL_SECONDS = 5
KEPT, MORE = 16, 8
"""Connections of one process: kept open, and more at a peak. `max_connections` ≥ 24 × processes, and the engine's."""

SERVER_SETTINGS = {
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "lock_timeout": f"{LOCK_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
    "synchronous_commit": "on",
    "timezone": "UTC",
}
ADDRESS_OPTIONS = frozenset({"sslmode", "sslrootcert"})
"""What may follow the `?` of an address; a password never does."""


class PatientConnection(psycopg.Connection[Any]):
    """A connection that gives up on a server that does not answer, and is closed then."""

    patience = REPLY_SECONDS

    def wait(self, gen: PQGen[Any], *args: Any, **options: Any) -> Any:
        """Wait for an answer of the server, at most `patience` seconds (OperationalError)."""
        options.setdefault("timeout", self.patience)
        try:
            return super().wait(gen, *args, **options)
        except errors._WaitTimeout as fault:
            self.close()  # an answer that comes later would be taken for the next one's
            raise psycopg.OperationalError(f"no answer from the server for {self.patience:g} s") from fault

    @contextmanager
    def having_patience(self, seconds: float) -> Iterator[None]:
        """Wait at most `seconds` for each answer in the block."""
        self.patience, before = seconds, self.patience
        try:
            yield
        finally:
            self.patience = before

    def answers(self) -> bool:
        """Return whether the server still answers on this connection."""
        try:
            with self.having_patience(PING_SECONDS):
                self.autocommit = True
                self.execute("")
                self.autocommit = False
        except psycopg.Error:
            return False
        return True


def open_engine(address: URL, password: str) -> Engine:
    """Return a pool on the database; nothing is connected yet. The password is in no address, text or log."""
    engine = create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_size=KEPT,
        max_overflow=MORE,
        pool_timeout=POOL_SECONDS,
        pool_recycle=1800,
        pool_use_lifo=True,
        isolation_level="READ COMMITTED",
        use_native_hstore=False,
        hide_parameters=True,
        json_serializer=partial(json.dumps, allow_nan=False),
        connect_args={
            "application_name": "vanthu",
            "client_encoding": "utf8",
            "connect_timeout": CONNECT_SECONDS,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": STATEMENT_SECONDS * 1000,
            "options": " ".join(f"-c {name}={value}" for name, value in SERVER_SETTINGS.items()),
        },
    )

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, arguments: Any, options: Any) -> PatientConnection:
        return PatientConnection.connect(*arguments, **options, password=password or None)

    @event.listens_for(engine, "checkout")
    def _ping(connection: PatientConnection, _record: Any, _proxy: Any) -> None:
        if not connection.answers():
            raise InvalidatePoolError  # what was opened before is gone too: a restart, a fail-over

    return engine


def statement_failed(connection: Connection) -> bool:
    """Return whether the server has given the transaction up; its COMMIT would be a silent rollback."""
    return _wire(connection).info.transaction_status is TransactionStatus.INERROR


@contextmanager
def unhurried(connection: Connection, seconds: float) -> Iterator[None]:
    """Let each statement of this transaction take `seconds` in the block."""
    with _wire(connection).having_patience(seconds):
        yield


def _wire(connection: Connection) -> PatientConnection:
    wire = connection.connection.driver_connection
    assert isinstance(wire, PatientConnection)  # noqa: S101  # the pool makes no others
    return wire
