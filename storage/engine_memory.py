"""Let the engine forget: after a restore or a rebuild its notes are about rows that are no longer there.

Work half done is then taken up from the rows: batches in state `started` are walked again, and whatever lies in the
stores already is adopted. Nothing of the archive is in the engine's database.
"""

from datetime import datetime
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import DropSchema

from records.errors import Away
from storage.engine_pool import open_pool

SCHEMA = "dbos"
"""Where the engine keeps its tables on PostgreSQL."""


def forget_work(url: str, password: str, now: datetime) -> bool:
    """Move the engine's file aside (SQLite) or drop its tables (PostgreSQL); return whether there were any.

    No engine may be running on it. Raises `Away` when the server does not answer or somebody still works there.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return _move_aside(Path(str(address.database)), now)
    engine = open_pool(url, password, size=1)
    try:
        with engine.begin() as connection:
            if SCHEMA not in inspect(connection).get_schema_names():
                return False
            connection.execute(text("SET LOCAL lock_timeout = '2s'"))
            connection.execute(DropSchema(SCHEMA, cascade=True))
            return True
    except OperationalError as fault:
        raise Away(
            f"engine database: {str(fault.orig).splitlines()[0]}",
            code="engine-away",
            tell="Cơ sở dữ liệu hàng đợi đang có tiến trình khác dùng hoặc không trả lời. Hãy dừng mọi tiến trình "
            "Vanthu rồi chạy lại.",
        ) from fault
    finally:
        engine.dispose()


def _move_aside(path: Path, now: datetime) -> bool:
    if not path.exists():
        return False
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    for ending in ("", "-wal", "-shm"):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(path.with_name(f"{path.name}.{stamp}{ending}"))
    return True
