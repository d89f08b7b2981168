"""The table of what was found on page images before they were read."""

from sqlalchemy import JSON, Column, Float, Table, Text

from storage.columns import METADATA, link_column

page_checks = Table(
    "page_checks",
    METADATA,
    link_column("page_id", "pages.id", primary_key=True),
    Column("finding", Text, primary_key=True),
    Column("score", Float, nullable=False),
    Column("detail", JSON, nullable=False),  # what the sentence names; plain values
)
