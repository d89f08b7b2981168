"""The tables of cases: where each stands, its bodies, moves and versions, and the moves that wait for a signature."""

from sqlalchemy import JSON, Boolean, Column, Index, Integer, Table, Text, UniqueConstraint

from storage.columns import METADATA, Moment, Words, count_column, id_column, link_column, words_column

cases = Table(
    "cases",
    METADATA,
    id_column(),
    Column("procedure", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("channel", Text, nullable=False),
    words_column("member_id", index=True),
    Column("opened_by", Words, nullable=False, index=True),
    Column("opening_key", Words, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("moved_at", Moment, nullable=False, index=True),
    Column("ended", Boolean, nullable=False),
    count_column("form_version"),
    Column("form", JSON, nullable=False),
    Column("draft", JSON, nullable=False),  # {} when there is none
    Column("papers", JSON, nullable=False),
    Column("entered", JSON, nullable=False),  # state → moment
    UniqueConstraint("opened_by", "opening_key"),
    Index(None, "procedure", "state"),
)

case_bodies = Table(
    "case_bodies",
    METADATA,
    link_column("case_id", "cases.id", primary_key=True),
    Column("body", Text, primary_key=True),
    Column("unit_id", Words, primary_key=True),
    Column("ordinal", Integer, nullable=False),
    Column("reached", Boolean, nullable=False),  # its turn has come: before that the case is absent there
    Index(None, "unit_id", "reached"),
)

case_moves = Table(
    "case_moves",
    METADATA,
    link_column("case_id", "cases.id", primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("move", Text, nullable=False),
    words_column("from_state"),
    Column("to_state", Text, nullable=False),
    Column("actor", Words, nullable=False),
    words_column("body"),
    words_column("unit_id"),
    words_column("role"),
    words_column("form"),
    Column("channel", Text, nullable=False),
    words_column("comment"),
    Column("evidence", JSON, nullable=False),
    Column("form_version", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("key", Words, nullable=False),
    UniqueConstraint("case_id", "key"),
)

case_versions = Table(
    "case_versions",
    METADATA,
    link_column("case_id", "cases.id", primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("ordinal", Integer, nullable=False),
    Column("form", JSON, nullable=False),
    Column("draft", JSON, nullable=False),
    Column("made_by", Words, nullable=False),
    Column("made_at", Moment, nullable=False),
)

case_signings = Table(
    "case_signings",
    METADATA,
    link_column("paper_id", "signings.id", primary_key=True),
    Column("group_id", Words, nullable=False, index=True),
    Column("ordinal", Integer, nullable=False),
    Column("batch_id", Words, nullable=False),
    link_column("case_id", "cases.id", index=True),
    Column("revision", Integer, nullable=False),
    Column("ordered_by", Words, nullable=False),
    Column("asked", JSON, nullable=False),
    Column("key", Words, nullable=False),
    Column("state", Text, nullable=False),
    words_column("code"),
    words_column("tell"),
    Column("ended_at", Moment),
    Index(None, "ordered_by", "state"),
)
