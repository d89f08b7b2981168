"""The kinds of columns that all tables are made of, and the one collection in which every table is."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    MetaData,
    Text,
    TypeDecorator,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """An aware moment, kept in UTC; SQLite forgets the zone, so it is given back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn to UTC; a naive moment is a bug (ValueError)."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text from outside: NUL and lone surrogates, which no database takes, become U+FFFD, not a crash."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Make the text storable everywhere."""
        return None if value is None else storable(value)


def storable(text: str) -> str:
    r"""Return `text` with NUL and lone surrogates as U+FFFD.

    >>> storable("a\x00b")
    'a\ufffdb'
    """
    return "".join("\ufffd" if c == "\x00" or "\ud800" <= c <= "\udfff" else c for c in text)


BigKey = BigInteger().with_variant(Integer, "sqlite")


def id_column() -> Column[str]:
    """Return the primary key `id`."""
    return Column("id", Words, primary_key=True)


def words_column(name: str, **options: Any) -> Column[str]:
    """Return a text that is never NULL, "" when nothing is told."""
    return Column(name, Words, nullable=False, server_default="", **options)


def count_column(name: str) -> Column[int]:
    """Return a whole number that is never NULL, 0 when nothing is told."""
    return Column(name, Integer, nullable=False, server_default="0")


def link_column(name: str, target: str, nullable: bool = False, **options: Any) -> Column[str]:
    """Return a reference to the column `target` of another table."""
    return Column(name, Words, ForeignKey(target), nullable=nullable, **options)
