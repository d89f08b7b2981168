"""The tables of a delivery beside its files and pages: marks of secrecy found on pages, and the hand-over lists."""

from sqlalchemy import Column, Integer, LargeBinary, Table, Text

from storage.columns import METADATA, Moment, Words, link_column, words_column

secrecy_marks = Table(
    "secrecy_marks",
    METADATA,
    link_column("page_id", "pages.id", primary_key=True),
    Column("mark", Text, nullable=False),
    Column("found_at", Moment, nullable=False),
)

handover_lists = Table(
    "handover_lists",
    METADATA,
    link_column("batch_id", "batches.id", primary_key=True),
    Column("ordinal", Integer, primary_key=True),  # from 1; the newest counts, the others stay
    words_column("name"),
    Column("sha256", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),  # the file as it was given
    Column("given_by", Words, nullable=False),
    Column("given_at", Moment, nullable=False),
)
