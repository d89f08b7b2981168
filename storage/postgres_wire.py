"""The door to psycopg: how a connection to PostgreSQL is made, and how long anybody waits for anything on it.

Every wait has an end on the server (statement, lock, idle transaction) and one on our side, for a server that is
frozen or a network that swallows packets; see docs/decisions/0053-rows-on-postgresql.md for the figures.
"""

import json
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg
from psycopg import errors
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import InvalidatePoolError

KEPT, MORE = 16, 8
"""Connections of one process: kept open, and more at a peak. `max_connections` ≥ 24 × processes, and the engine's."""

PREPARED = 1
"""How often a connection hears a statement before it keeps it ready: our statements are few and always the same."""

REST = 1.0
"""Seconds after which a connection is asked whether it still answers before it is used again."""
_RESTS_SINCE = "rests-since"

ADDRESS_OPTIONS = frozenset({"sslmode", "sslrootcert"})
"""What may follow the `?` of an address; a password never does."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long we wait for each thing, in seconds; nothing a person asks for takes longer than about ten.

    `reply` is our own patience with an answer, longer than the server's with a `statement`, so that its answer, which
    says what happened, comes first. `idle`: an open transaction that says nothing this long is ended by the server;
    its process has frozen, and its locks must go.
    """

    pool: int = 5
    connect: int = 4
    ping: int = 2
    lock: int = 5
    statement: int = 8
    reply: int = 10
    idle: int = 30

    def settings(self) -> str:
        """Return what the server is told when a connection is opened."""
        settings = {
            "statement_timeout": f"{self.statement}s",
            "lock_timeout": f"{self.lock}s",
            "idle_in_transaction_session_timeout": f"{self.idle}s",
            "synchronous_commit": "on",
            "timezone": "UTC",
        }
        return " ".join(f"-c {name}={value}" for name, value in settings.items())


PATIENCE = Patience()


class PatientConnection(psycopg.Connection[Any]):
    """A connection that gives up on a server that does not answer, and is closed then."""

    patience: float = PATIENCE.reply

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
            with self.having_patience(PATIENCE.ping):
                self.autocommit = True
                self.execute("")
                self.autocommit = False
        except psycopg.Error:
            return False
        return True


def open_engine(address: URL, password: str) -> Engine:
    """Return a pool on the database; nothing is connected yet. The password is in no address, text or log."""
    patience = PATIENCE
    engine = create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_size=KEPT,
        max_overflow=MORE,
        pool_timeout=patience.pool,
        pool_recycle=1800,
        pool_use_lifo=True,
        isolation_level="READ COMMITTED",
        use_native_hstore=False,
        hide_parameters=True,
        json_serializer=partial(json.dumps, allow_nan=False),
        connect_args={
            "application_name": "vanthu",
            "client_encoding": "utf8",
            "connect_timeout": patience.connect,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": patience.statement * 1000,
            "prepare_threshold": PREPARED,
            "options": patience.settings(),
        },
    )

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, arguments: Any, options: Any) -> PatientConnection:
        made = PatientConnection.connect(*arguments, **options, password=password or None)
        made.patience = patience.reply
        return made

    @event.listens_for(engine, "checkout")
    def _as_new(connection: PatientConnection, _record: Any, _proxy: Any) -> None:
        # a reader's turn leaves False, which overrules what an administrator has set
        connection.read_only = None

    ask_after_a_rest(engine, PatientConnection.answers)
    return engine


def ask_after_a_rest(engine: Engine, answers: Callable[[Any], bool]) -> None:
    """Let the pool ask a connection that rested whether it still `answers` before it is used.

    One that was in use a moment ago is asked only when the server has said something in between, as it does when it
    ends: to ask each time would be every fourth word a busy process exchanges with the server.
    """

    @event.listens_for(engine, "checkin")
    def _rests(_connection: Any, record: Any) -> None:
        record.info[_RESTS_SINCE] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _ask(connection: Any, record: Any, _proxy: Any) -> None:
        since = record.info.get(_RESTS_SINCE)
        if since is None:
            return
        rested = time.monotonic() - since >= REST
        if (rested or _has_word(connection)) and not answers(connection):
            raise InvalidatePoolError  # what was opened before is gone too: a restart, a fail-over


def _has_word(connection: Any) -> bool:
    """Return whether the server has sent something nobody asked for, or has closed the connection; asks nobody."""
    waiting = select.poll()
    try:
        waiting.register(connection.fileno(), select.POLLIN)
    except psycopg.Error:  # closed on our side
        return True
    return bool(waiting.poll(0))


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
