"""Where events are read from: the SQLite file, the PostgreSQL database, or segments kept elsewhere. Only read."""

import importlib
import json
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .tree import leaf_hash

_COLUMNS = "seq, time, actor, action, object, outcome, details, prev_hash, leaf_hash"
_KEYS = ("action", "actor", "details", "object", "outcome", "prev", "seq", "time")
_TEXT = json.JSONEncoder(ensure_ascii=False)

Event = tuple[Any, str, str, bytes]
"""Number, leaf hash of the event before, own leaf hash (both as written down), and the bytes it is made of."""


class Missing(Exception):
    """A library or a server that this check needs is not there."""


def event_bytes(row: Sequence[Any]) -> bytes:
    """Return the bytes that the leaf hash of a row is made of. Raises ValueError when the row cannot be an event."""
    seq, moment, actor, action, thing, outcome, details, prev, _ = row
    if type(seq) is not int or any(
        type(value) is not str for value in (moment, actor, action, thing, outcome, details, prev)
    ):
        raise ValueError("a value of the wrong kind")
    _flat(json.loads(details))
    text = _TEXT.encode
    return (
        f'{{"action":{text(action)},"actor":{text(actor)},"details":{details},"object":{text(thing)},'
        f'"outcome":{text(outcome)},"prev":{text(prev)},"seq":{seq},"time":{text(moment)}}}'
    ).encode()


def _flat(details: Any) -> None:
    if type(details) is not dict or any(isinstance(value, dict | list) for value in details.values()):
        raise ValueError("details are not a flat object")


def events(source: str, password: str = "") -> Iterator[Event]:
    """Return the events of a log, wherever it is. Raises OSError, `sqlite3.Error`, ValueError, `Missing`."""
    if source.startswith(("postgresql://", "postgres://")):
        return _from_rows(_postgres_rows(source, password))
    if Path(source).is_dir() or source.endswith(".jsonl"):
        return _from_lines(_segments(Path(source)))
    return _from_rows(_sqlite_rows(Path(source)))


def _from_rows(rows: Iterator[Sequence[Any]]) -> Iterator[Event]:
    for row in rows:
        yield row[0], row[7], row[8], event_bytes(row)


def _from_lines(files: Sequence[Path]) -> Iterator[Event]:
    for path in files:
        with path.open("rb") as file:
            for line in file:
                data = line[:-1]
                found = json.loads(data)
                if not line.endswith(b"\n") or type(found) is not dict or tuple(found) != _KEYS:
                    raise ValueError(f"{path.name}: a line that is no event")
                _flat(found["details"])
                yield found["seq"], found["prev"], leaf_hash(data), data


def _segments(folder: Path) -> list[Path]:
    if folder.is_file():
        return [folder]
    for inner in (folder / "audit" / "segments", folder / "segments", folder):
        if inner.is_dir() and (inner != folder or any(folder.glob("*.jsonl"))):
            return sorted(inner.glob("*.jsonl"), key=lambda path: (number_in(path), path.name))
    raise OSError(f"no segments in {folder}")


def number_in(path: Path) -> int:
    """Return the number a file's name begins with, to sort by."""
    digits = path.stem.partition("-")[0]
    return int(digits) if digits.isascii() and digits.isdigit() else sys.maxsize


def _sqlite_rows(database: Path) -> Iterator[Sequence[Any]]:
    connection = _opened(database)

    def rows() -> Iterator[Sequence[Any]]:
        try:
            cursor = connection.execute(f"SELECT {_COLUMNS} FROM audit ORDER BY seq")  # noqa: S608  # our own constant
            cursor.arraysize = 1000
            yield from cursor
        except sqlite3.Error as fault:
            raise ValueError(f"unreadable: {fault}") from fault
        finally:
            connection.close()

    return rows()


def _opened(database: Path) -> sqlite3.Connection:
    if not database.is_file():
        raise sqlite3.OperationalError(f"no such file: {database}")
    address = f"file:{quote(str(database.absolute()))}?mode=ro"
    wal = database.with_name(database.name + "-wal")
    connection = sqlite3.connect(address, uri=True)
    try:
        connection.execute("SELECT 1 FROM audit LIMIT 1").close()
    except sqlite3.Error as fault:
        connection.close()
        if "unable to open" not in str(fault) or (wal.exists() and wal.stat().st_size):
            raise
        # a clean copy on a read-only medium: nothing waits in a write-ahead log, so it may be read as it lies
        connection = sqlite3.connect(address + "&immutable=1", uri=True)
    return connection


def _postgres_rows(address: str, password: str) -> Iterator[Sequence[Any]]:
    psycopg = library("psycopg")
    try:
        connection = psycopg.connect(address, password=password or None, connect_timeout=10)
    except psycopg.OperationalError as fault:
        raise Missing(f"PostgreSQL: {fault}") from fault
    try:
        connection.isolation_level, connection.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
        connection.execute("SELECT 1 FROM audit LIMIT 1")
    except psycopg.Error as fault:
        connection.close()
        raise OSError(f"no log in this database: {fault}") from fault

    def rows() -> Iterator[Sequence[Any]]:
        try:
            asked = f"COPY (SELECT {_COLUMNS} FROM audit ORDER BY seq) TO STDOUT"  # noqa: S608  # our own constant
            with connection.cursor() as cursor, cursor.copy(asked) as copy:
                copy.set_types(["int8", *["text"] * 8])
                yield from copy.rows()
        except psycopg.OperationalError as fault:
            raise Missing(f"PostgreSQL: {fault}") from fault
        except psycopg.Error as fault:
            raise ValueError(f"unreadable: {fault}") from fault
        finally:
            connection.close()

    return rows()


def library(name: str) -> Any:
    """Return a module of a library that is not Python's own. Raises `Missing`, naming it."""
    try:
        return importlib.import_module(name)
    except ImportError as fault:
        raise Missing(
            f"thư viện Python “{name.partition('.')[0]}” (pip install {name.partition('.')[0]})"
        ) from fault
