"""The tables of the register of outgoing papers: terms and congresses, series, every number given, held or void."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text, UniqueConstraint, text

from storage.columns import METADATA, Moment, Words, count_column, id_column, link_column, words_column

number_periods = Table(
    "number_periods",
    METADATA,
    id_column(),
    Column("unit_id", Words, nullable=False),
    Column("kind", Text, nullable=False),  # term | congress
    words_column("name"),
    Column("begins_on", Text, nullable=False),  # days are ISO dates in Vietnam: they sort as they follow
    words_column("ends_on"),  # a congress only; a term ends when the next one begins
    UniqueConstraint("unit_id", "kind", "begins_on"),
)

number_series = Table(
    "number_series",
    METADATA,
    id_column(),
    Column("unit_id", Words, nullable=False),
    Column("system", Text, nullable=False),
    Column("kind", Words, nullable=False),  # name of the type, or "*" when all types share the series
    Column("period", Words, nullable=False),  # a year, or the id of a term or congress
    Column("secret", Boolean, nullable=False),
    Column("begins_at", Integer, nullable=False, server_default="1"),
    count_column("last"),
    words_column("last_day"),
    UniqueConstraint("unit_id", "system", "kind", "period", "secret"),
)

numbers = Table(
    "numbers",
    METADATA,
    id_column(),
    link_column("series_id", "number_series.id"),
    Column("number", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("written", Words, nullable=False),
    Column("type_name", Words, nullable=False),
    Column("secret", Boolean, nullable=False),
    Column("day", Text, nullable=False),  # of issue; of a number that is held, the day it was taken
    words_column("paper_id"),
    Column("taken_by", Words, nullable=False),
    Column("taken_at", Moment, nullable=False),
    words_column("holder"),
    words_column("purpose"),
    words_column("held_on"),
    words_column("held_until"),
    words_column("void_reason"),
    words_column("void_on"),
    words_column("subject"),
    words_column("signer"),
    words_column("recipients"),
    words_column("keeper"),
    count_column("copies"),
    words_column("sent_on"),
    words_column("received_by"),
    words_column("note"),
    UniqueConstraint("series_id", "number"),
    Index(
        None,
        "paper_id",
        unique=True,
        sqlite_where=text("state = 'issued'"),
        postgresql_where=text("state = 'issued'"),
    ),
    Index(None, "state", "held_until"),
)
