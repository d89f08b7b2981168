"""The rows themselves as plain JSON values, table by table: what manifests, dump, backup and rebuild are made of.

Everybody else asks the repositories. A row here is a dict of every column: moments as ISO 8601 in UTC with
microseconds, bytes in Base64, the rest as JSON has it; so it reads the same from SQLite and from PostgreSQL.
"""

import base64
import binascii
import math
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    RowMapping,
    Table,
    TypeDecorator,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.exc import DataError, IntegrityError

from records.document import BatchState
from records.errors import ArchiveFault
from storage.ground import Ground
from storage.profile import profile_of
from storage.schema import (
    METADATA,
    batches,
    files,
    objects,
    page_texts,
    pages,
    renditions,
    signings,
    storable,
)

Row = dict[str, Any]

CATALOGUE = (
    "batches",
    "files",
    "documents",
    "existing",
    "renditions",
    "pages",
    "page_texts",
    "page_checks",
    "signing_batches",
    "signings",
    "number_periods",
    "number_series",
    "numbers",
    "cases",
    "case_bodies",
    "case_moves",
    "case_versions",
    "objects",
    "audit",
)
"""The tables that say what the archive holds, parents before children."""

POINTERS = (
    (files, "blob_key"),
    (pages, "image_key"),
    (renditions, "key"),
    (signings, "source_key"),
    (signings, "signed_key"),
)
"""The columns that name an object of the stores; "" names none."""

_AT_ONCE = 500


class RowUnfit(ArchiveFault):
    """A row from outside does not fit its table: a column too many or too few, a value of the wrong kind, a parent
    that is not there.
    """

    code = "row-unfit"


class Catalogue:
    """The rows, unfiltered: for copies of the catalogue that are kept outside of it, never for a reader."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def rows(self, table: str, **equal: object) -> Iterator[Row]:
        """Return the rows of `table` whose columns equal those given, by primary key, letters by code point."""
        found = METADATA.tables[table]
        statement = select(found).order_by(*(self._bytewise(column) for column in found.primary_key))
        for name, value in equal.items():
            statement = statement.where(found.c[name] == value)
        with self._ground.connection.execute(statement.execution_options(yield_per=_AT_ONCE)) as streamed:
            for row in streamed.mappings():
                yield {name: _told(value) for name, value in row.items()}

    def add(self, table: str, rows: Iterable[Row]) -> int:
        """Enter rows as they are and return how many. Raises `RowUnfit`; the transaction is then of no more use."""
        found = METADATA.tables[table]
        rest = iter(rows)
        count = 0
        while some := [_taken(found, row) for row in islice(rest, _AT_ONCE)]:
            try:
                self._ground.connection.execute(insert(found), some)
            except (IntegrityError, DataError) as fault:
                raise RowUnfit(f"{table}: {str(fault.orig).splitlines()[0]}") from fault
            count += len(some)
        return count

    def filled(self, tables: Sequence[str]) -> list[str]:
        """Return those of `tables` that hold at least one row."""
        connection = self._ground.connection
        return [
            name
            for name in tables
            if connection.execute(select(METADATA.tables[name]).limit(1)).first() is not None
        ]

    def count(self, table: str) -> int:
        """Return how many rows `table` has."""
        connection = self._ground.connection
        with profile_of(connection).unhurried(connection):
            return connection.execute(select(func.count()).select_from(METADATA.tables[table])).scalar_one()

    def replace(self, table: str, row: Row) -> None:
        """Put `row` in the place of the one with its primary key. Raises `RowUnfit`, also when there is none."""
        found = METADATA.tables[table]
        values = _taken(found, row)
        statement = update(found).where(*(column == values[column.name] for column in found.primary_key))
        try:
            done = self._ground.connection.execute(statement.values(values))
        except (IntegrityError, DataError) as fault:
            raise RowUnfit(f"{table}: {str(fault.orig).splitlines()[0]}") from fault
        if done.rowcount != 1:
            raise RowUnfit(f"{table}: no such row to replace")

    def kept(self, keys: Sequence[str]) -> list[Row]:
        """Return key, SHA-256 and size of those objects of the register that are among `keys`, by key."""
        found: list[Row] = []
        columns = (objects.c.key, objects.c.sha256, objects.c.size)
        for start in range(0, len(keys), _AT_ONCE):
            some = select(*columns).where(objects.c.key.in_(keys[start : start + _AT_ONCE]))
            found.extend(dict(row) for row in self._ground.connection.execute(some).mappings())
        return sorted(found, key=lambda row: str(row["key"]))

    def begin_anew(self) -> None:
        """Drop every table of ours and make them anew, empty; other tables in the database stay."""
        from storage import migrate  # Alembic takes half a second to import and is hardly ever needed

        connection = self._ground.connection
        profile = profile_of(connection)
        with profile.migrating(connection):
            METADATA.drop_all(connection)
            for statement in ("DROP TABLE alembic_version", *profile.AFTER_DROP):
                connection.execute(text(statement))
            migrate.upgrade(connection)

    def pointing_at(self, key: str) -> list[tuple[str, str]]:
        """Return table and name of every row that relies on the object under `key`."""
        found: list[tuple[str, str]] = []
        for table, column in POINTERS:
            rows = self._ground.connection.execute(select(table).where(table.c[column] == key)).mappings()
            found.extend((table.name, _row_name(row)) for row in rows)
        return found

    def unregistered(self) -> list[tuple[str, str, str]]:
        """Return table, name and key of every row whose object is not in the register (a bug, or an edit by hand)."""
        found: list[tuple[str, str, str]] = []
        for table, column in POINTERS:
            entered = select(objects.c.key).where(objects.c.key == table.c[column]).exists()
            connection = self._ground.connection
            with profile_of(connection).unhurried(connection):
                unknown = select(table).where(table.c[column] != "", ~entered)
                rows = connection.execute(unknown).mappings().all()
            found.extend((table.name, _row_name(row), row[column]) for row in rows)
        return found

    def finished_without(self, name: str, limit: int) -> list[str]:
        """Return finished batches for which no object `batches/<id>/<name>` is in the register."""
        key = literal("batches/") + batches.c.id + literal(f"/{name}")
        entered = select(objects.c.key).where(objects.c.key == key).exists()
        due = select(batches.c.id).where(batches.c.state == BatchState.FINISHED, ~entered)
        return list(
            self._ground.connection.execute(due.order_by(batches.c.created_at).limit(limit)).scalars()
        )

    def readings(self, page_ids: Sequence[str]) -> dict[str, bytes]:
        """Return the page JSON of those pages that were read, byte for byte as their `reading_sha256` tells."""
        found: dict[str, bytes] = {}
        for start in range(0, len(page_ids), _AT_ONCE):
            some = page_texts.c.page_id.in_(page_ids[start : start + _AT_ONCE])
            for page_id, packed in self._ground.connection.execute(
                select(page_texts.c.page_id, page_texts.c.reading).where(some)
            ):
                found[page_id] = zlib.decompress(packed)
        return found

    def _bytewise(self, column: Column[Any]) -> Any:
        if _kind(column) is not str:
            return column
        return column.collate("BINARY" if self._ground.connection.dialect.name == "sqlite" else "C")


def check_row(table: str, row: Row) -> Row:
    """Return `row` when it would fit its table by itself. Raises `RowUnfit`."""
    _taken(METADATA.tables[table], row)
    return row


def reading_row(page_id: str, text: str, reading: bytes) -> Row:
    """Return the row of `page_texts` that keeps a reading (the bytes of its page JSON)."""
    return {
        "page_id": page_id,
        "text": text,
        "reading": base64.b64encode(zlib.compress(reading)).decode(),
    }


def moment_json(moment: datetime) -> str:
    """Return `moment` as every row tells it: `2026-11-23T01:02:03.000045Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment_from_json(told: str) -> datetime:
    """Return the moment that `moment_json` told. Raises ValueError, also for one without a zone."""
    moment = datetime.fromisoformat(told)
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return moment


def _row_name(row: RowMapping) -> str:
    return row["id"] if "id" in row else f"{row['document_id']} v{row['version']} {row['name']}"


def _kind(column: Column[Any]) -> type:
    """Return the Python type of a column's values, beneath what our own types add."""
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    return kind.python_type


def _told(value: object) -> Any:
    if isinstance(value, datetime):
        return moment_json(value)
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    return value


def _taken(table: Table, row: Row) -> Row:
    if set(row) != set(table.c.keys()):
        strange = sorted(set(row) ^ set(table.c.keys()))
        raise RowUnfit(f"{table.name}: columns too many or missing: {strange[:5]}")
    return {column.name: _value(table, column, row[column.name]) for column in table.c}


def _value(table: Table, column: Column[Any], value: Any) -> Any:
    if value is None:
        if not column.nullable:
            raise RowUnfit(f"{table.name}.{column.name} is empty")
        return None
    try:
        return _of_kind(column, value)
    except (ValueError, TypeError, OverflowError, binascii.Error) as fault:
        raise RowUnfit(f"{table.name}.{column.name}: {fault}") from fault


def _of_kind(column: Column[Any], value: Any) -> Any:
    """Return `value` as the column keeps it; JSON has fewer kinds than a table."""
    kind = _kind(column)
    if kind is datetime:
        return moment_from_json(value)
    if kind is bytes:
        return base64.b64decode(value, validate=True)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise TypeError(f"{type(value).__name__} instead of {kind.__name__}")
    if isinstance(value, str) and storable(value) != value:
        raise ValueError("letters no database keeps")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("not a number")
    bits = 63 if isinstance(column.type, BigInteger) else 31
    if isinstance(value, int) and not -(1 << bits) <= value < 1 << bits:
        raise OverflowError("too great a number")
    return value
