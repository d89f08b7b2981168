"""The tables of bodies, posts and members. Days are ISO 8601 texts, both ends of a span inclusive; no end: it lasts."""

from sqlalchemy import JSON, Boolean, Column, Index, Integer, Table, Text

from storage.columns import METADATA, Moment, Words, id_column, link_column, words_column

units = Table(
    "units",
    METADATA,
    id_column(),
    Column("system", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

unit_versions = Table(
    "unit_versions",
    METADATA,
    link_column("unit_id", "units.id", primary_key=True),
    Column("since", Text, primary_key=True),
    Column("until", Text),
    Column("level", Text, nullable=False),
    words_column("code_key", index=True),
    Column("name", Words, nullable=False),
    words_column("short_name"),
    words_column("abbreviation"),
    link_column("parent_id", "units.id", nullable=True, index=True),
    words_column("decision"),
)

unit_endings = Table(
    "unit_endings",
    METADATA,
    link_column("unit_id", "units.id", primary_key=True),
    Column("last_day", Text, nullable=False),
    link_column("successor_id", "units.id", nullable=True),
    words_column("decision"),
)

posts = Table(
    "posts",
    METADATA,
    id_column(),
    link_column("unit_id", "units.id", index=True),
    link_column("account_id", "accounts.id", index=True),
    Column("role", Text, nullable=False),
    words_column("title"),
    Column("since", Text, nullable=False),
    Column("until", Text),
    words_column("decision"),
)

delegations = Table(
    "delegations",
    METADATA,
    id_column(),
    link_column("unit_id", "units.id", index=True),
    Column("role", Text, nullable=False),
    link_column("by_account", "accounts.id"),
    link_column("to_account", "accounts.id"),
    Column("form", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("until", Text, nullable=False),
    words_column("note"),
)

members = Table(
    "members",
    METADATA,
    id_column(),
    link_column("account_id", "accounts.id", nullable=True, unique=True),
    Column("card_no", Words, unique=True),
    Column("cv_no", Words, unique=True),
    Column("citizen_id", Words, unique=True),
    Column("full_name", Words, nullable=False),
    Column("name_key", Words, nullable=False, index=True),
    Column("birth_date", Text),
    Column("admission_decision", Text),
    Column("admission_date", Text),
    Column("official_date", Text),
    Column("left_on", Text),
    Column("died_on", Text),
    Column("particulars", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
)

memberships = Table(
    "memberships",
    METADATA,
    id_column(),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    link_column("member_id", "members.id", index=True),
    link_column("unit_id", "units.id"),
    Column("kind", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("until", Text),
    words_column("cause"),
    words_column("source"),
    Column("recorded_by", Words, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("replaced", Boolean, nullable=False),
    Index(None, "unit_id", "kind"),
)

member_marks = Table(
    "member_marks",
    METADATA,
    id_column(),
    link_column("member_id", "members.id", index=True),
    Column("kind", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("until", Text),
    words_column("note"),
)
