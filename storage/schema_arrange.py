"""The tables of arranging: the log of what people did to the order of a delivery, and pages to be scanned again.

No references: on PostgreSQL the migration would have to wait for every open writer of `batches`, and a rebuild enters
a ticket before the walk finds its page again. Whoever writes here holds the row of the delivery.
"""

from sqlalchemy import JSON, Column, Index, Integer, Table, Text

from storage.columns import METADATA, Moment, Words, id_column, words_column

arrangement_log = Table(
    "arrangement_log",
    METADATA,
    Column("batch_id", Words, primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("step", Text, nullable=False),
    Column("told", JSON, nullable=False),  # a command, or which page came as a new scan of which
    Column("made_by", Words, nullable=False),
    Column("made_at", Moment, nullable=False),
)

rescans = Table(
    "rescans",
    METADATA,
    id_column(),
    words_column("batch_id"),
    words_column("page_id"),
    words_column("reason"),
    Column("state", Text, nullable=False),
    Column("made_by", Words, nullable=False),
    Column("made_at", Moment, nullable=False),
    words_column("new_page_id"),
    words_column("closed_by"),
    Column("closed_at", Moment),
    Index(None, "batch_id", "state"),
)
