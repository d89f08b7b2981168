"""The tables of the searcher's desk: searches that people keep, what newly answers them, names of bodies to suggest."""

from sqlalchemy import JSON, Boolean, Column, Index, Integer, Table, Text

from storage.columns import METADATA, Moment, Words, id_column, link_column, words_column

saved_searches = Table(
    "saved_searches",
    METADATA,
    id_column(),
    link_column("account_id", "accounts.id", index=True),
    words_column("name"),
    words_column("query"),
    Column("asked", JSON, nullable=False),  # {"filters": {"type": ["17"], …}, "exact": true}
    Column("alert", Boolean, nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("deleted_at", Moment),
)

saved_hits = Table(
    "saved_hits",
    METADATA,
    link_column("search_id", "saved_searches.id", primary_key=True),
    link_column("document_id", "documents.id", primary_key=True, index=True),
    Column("page", Integer, nullable=False),
    Column("found_at", Moment, nullable=False),
    Column("seen_at", Moment),
    Index(None, "search_id", "seen_at"),
)

issuer_names = Table(
    "issuer_names",
    METADATA,
    Column("name", Words, primary_key=True),
    Column("key", Text, nullable=False),  # folded, for what is typed without accents
)
