"""The tables of a delivery beside its files and pages: marks of secrecy found on pages, and the hand-over lists.

They refer to no other table: to add such a reference waits for every open writer there.
"""

from sqlalchemy import Column, Integer, LargeBinary, Table, Text

from storage.columns import METADATA, Moment, Words, words_column

secrecy_marks = Table(
    "secrecy_marks",
    METADATA,
    Column("page_id", Words, primary_key=True),
    Column("mark", Text, nullable=False),
    Column("found_at", Moment, nullable=False),
)

handover_lists = Table(
    "handover_lists",
    METADATA,
    Column("batch_id", Words, primary_key=True),
    Column(
        "ordinal", Integer, primary_key=True, autoincrement=False
    ),  # from 1; the newest counts, the others stay
    words_column("name"),
    Column("sha256", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),  # the file as it was given
    Column("given_by", Words, nullable=False),
    Column("given_at", Moment, nullable=False),
)
