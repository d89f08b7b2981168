"""The tables of the review list: what wants a person's eyes, and what people decided about it."""

from sqlalchemy import JSON, Column, Float, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from storage.columns import METADATA, Moment, Words, id_column, link_column, words_column

reviews = Table(
    "reviews",
    METADATA,
    link_column("document_id", "documents.id", primary_key=True),
    Column("part", Text, primary_key=True),
    Column("page", Integer, nullable=False),
    Column("wrong", Float, nullable=False),
    Column("expected", Float, nullable=False),
    Column("rank", Float, nullable=False),
    Column("state", Text, nullable=False),
    words_column("decided_by"),
    Column("decided_at", Moment),
    Index(None, "state", "rank"),
)

review_decisions = Table(
    "review_decisions",
    METADATA,
    id_column(),
    link_column("document_id", "documents.id"),
    Column("part", Text, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("changes", JSON, nullable=False),  # {"changes": [{"n", "was", "becomes"}]}
    Column(
        "before", LargeBinary
    ),  # zlib of the page JSON or of the fields as they stood; a sign-off has none
    words_column("after_sha256"),
    Column("made_by", Words, nullable=False),
    Column("made_at", Moment, nullable=False),
    words_column("undone_by"),
    Column("undone_at", Moment),
    UniqueConstraint("document_id", "part", "ordinal"),
)
