"""Connections for the durable engine's own database; the engine speaks its own SQL, the address holds no password."""

from typing import Any

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError

from records.errors import Away
from storage.postgres_wire import PREPARED, ask_after_a_rest

_CONNECT_SECONDS = 5
_STATEMENT_MS = 10_000


def open_pool(url: str, password: str = "", size: int = 20) -> Engine:
    """Return a pool on the database at `url` (`postgresql://…` or `sqlite:///…`), made when it does not exist.

    Raises `Away` (`engine-away`) when the server does not answer.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return create_engine(address)
    address = address.set(drivername="postgresql+psycopg", password=password or None)
    _ensure(address)
    engine = create_engine(
        address,
        pool_size=size,
        max_overflow=0,
        pool_use_lifo=True,  # few connections do most of the work, and keep their prepared statements
        pool_timeout=30,
        connect_args=_connect_args("vanthu-engine"),
    )

    def answers(connection: Any) -> bool:
        try:
            return bool(engine.dialect.do_ping(connection))
        except engine.dialect.loaded_dbapi.Error:
            return False

    ask_after_a_rest(engine, answers)
    return engine


def _ensure(address: URL) -> None:
    """Make the database when the server does not have it yet; two processes may try at once."""
    server = create_engine(
        address.set(database="postgres"),
        isolation_level="AUTOCOMMIT",
        pool_size=1,
        connect_args=_connect_args("vanthu-engine-setup"),
    )
    try:
        with server.connect() as connection:
            known = text("SELECT 1 FROM pg_database WHERE datname = :name")
            # the lock is the session's, so it is gone with the connection
            connection.execute(text("SELECT pg_advisory_lock(hashtext('vanthu-engine-database'))"))
            if connection.execute(known, {"name": address.database}).scalar() is None:
                name = connection.dialect.identifier_preparer.quote(str(address.database))
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
    except OperationalError as fault:
        raise Away(
            f"engine database: {type(fault.orig).__name__}: {str(fault.orig).splitlines()[0]}",
            code="engine-away",
            tell="Chưa kết nối được máy chủ cơ sở dữ liệu của hàng đợi công việc. Hãy kiểm tra máy chủ rồi thử lại.",
        ) from fault
    finally:
        server.dispose()


def _connect_args(name: str) -> dict[str, object]:
    return {
        "application_name": name,
        "connect_timeout": _CONNECT_SECONDS,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "prepare_threshold": PREPARED,
        "options": f"-c statement_timeout={_STATEMENT_MS} -c idle_in_transaction_session_timeout=60000",
    }
