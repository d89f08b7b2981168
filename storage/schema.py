"""The tables as SQLAlchemy knows them. Migrations make them; a test holds both to the same shape."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
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


def _id() -> Column[str]:
    return Column("id", Words, primary_key=True)


def _words(name: str, **options: Any) -> Column[str]:
    return Column(name, Words, nullable=False, server_default="", **options)


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


def _link(name: str, target: str, nullable: bool = False, **options: Any) -> Column[str]:
    return Column(name, Words, ForeignKey(target), nullable=nullable, **options)


accounts = Table(
    "accounts",
    METADATA,
    _id(),
    Column("login", Words, nullable=False, unique=True),
    _words("name"),
    Column("password_hash", Text, nullable=False),
    Column("roles", Text, nullable=False),  # space-separated, sorted
    Column("active", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
)

sessions = Table(
    "sessions",
    METADATA,
    Column("token_sha256", Text, primary_key=True),
    _link("account_id", "accounts.id", index=True),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

tokens = Table(
    "tokens",
    METADATA,
    _id(),
    _link("account_id", "accounts.id", index=True),
    _words("label"),
    Column("token_sha256", Text, nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)

batches = Table(
    "batches",
    METADATA,
    _id(),
    _words("title"),
    _words("dossier"),
    Column("created_by", Text, nullable=False),  # account id or system: name
    Column("fingerprint", Words, unique=True),
    Column("options", JSON, nullable=False),
    Column("state", Text, nullable=False, index=True),
    _words("message"),
    Column("created_at", Moment, nullable=False, index=True),
    Column("started_at", Moment),
    Column("finished_at", Moment),
)

files = Table(
    "files",
    METADATA,
    _id(),
    _link("batch_id", "batches.id"),
    Column("ordinal", Integer, nullable=False),
    Column("idempotency_key", Words, nullable=False),
    _words("name"),
    _words("relative_path"),
    Column("sha256", Text, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("blob_key", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("state", Text, nullable=False),
    _words("code"),
    _words("reason"),
    _words("tell"),
    _count("pages"),
    Column("received_at", Moment, nullable=False),
    UniqueConstraint("batch_id", "idempotency_key"),
    UniqueConstraint("batch_id", "ordinal"),
)

documents = Table(
    "documents",
    METADATA,
    _id(),
    _link("batch_id", "batches.id", index=True),
    _words("dossier"),
    Column("ordinal", Integer, nullable=False),
    _words("source"),
    _words("title"),
    Column("fingerprint", Words, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("level", Text, nullable=False),
    _count("version"),
    _count("page_count"),
    _words("original_key"),
    _words("original_sha256"),
    Column("fields", JSON, nullable=False),
    _words("number"),
    _words("number_key"),
    _words("issued_date"),
    _words("type_code"),
    _words("organ_name"),
    _words("subject_key"),
    _words("pdfa"),
    _words("signature_level"),
    _words("verdict"),
    Column("sealed_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("archived_at", Moment),
    _words("code"),
    _words("reason"),
    _words("tell"),
    Column("row_version", Integer, nullable=False),
    Index(None, "dossier", "fingerprint"),
    Index(None, "created_at", "id"),
    Index(None, "number_key"),
    Index(None, "type_code", "issued_date"),
)

existing = Table(
    "existing",
    METADATA,
    _link("batch_id", "batches.id", primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    _link("document_id", "documents.id"),
    _words("source"),
)

renditions = Table(
    "renditions",
    METADATA,
    _link("document_id", "documents.id", primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
)

pages = Table(
    "pages",
    METADATA,
    _id(),
    _link("batch_id", "batches.id"),
    _link("file_id", "files.id"),
    Column("frame", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("role", Text, nullable=False),
    _words("code"),
    Column("image_key", Text, nullable=False),
    Column("image_sha256", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("dpi", Float, nullable=False),
    Column("exact", Boolean, nullable=False),
    _count("hint_rotation"),
    _link("document_id", "documents.id", nullable=True),
    Column("number", Integer),
    _words("state"),
    _words("reading_key", index=True),
    _words("reading_sha256"),
    Column("confidence", Float, nullable=False, server_default="0"),
    _count("rotation"),
    _count("words"),
    Index(None, "batch_id", "ordinal"),
    UniqueConstraint("file_id", "frame"),
    UniqueConstraint("document_id", "number"),
)

page_texts = Table(
    "page_texts",
    METADATA,
    _link("page_id", "pages.id", primary_key=True),
    _words("text"),
    Column("reading", LargeBinary, nullable=False),  # zlib of the page JSON
)

audit = Table(
    "audit",
    METADATA,
    Column("seq", BigKey, primary_key=True, autoincrement=False),
    Column("time", Text, nullable=False),  # text, because its very bytes are hashed
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False, index=True),
    Column("outcome", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("leaf_hash", Text, nullable=False),
)

outbox = Table(
    "outbox",
    METADATA,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("object_id", Words, nullable=False, index=True),
    Column("payload", JSON, nullable=False),
    _count("attempts"),
    Column("created_at", Moment, nullable=False),
    Column("next_at", Moment, nullable=False, index=True),
    _words("reason"),
    sqlite_autoincrement=True,  # a finished number never comes back
)

objects = Table(
    "objects",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("kept_at", Moment, nullable=False),
    Column("first_state", Text, nullable=False, server_default="good"),
    Column("first_checked_at", Moment),
    Column("copy_state", Text, nullable=False, server_default="good"),
    Column("copy_checked_at", Moment),
    _words("reason"),
    Index(None, "first_checked_at", "key"),
    Index(None, "copy_checked_at", "key"),
    Index(None, "first_state"),
    Index(None, "copy_state"),
)

intents = Table(
    "intents",
    METADATA,
    _id(),
    Column("key", Text, nullable=False, index=True),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    _words("object"),
    Column("created_at", Moment, nullable=False),
)

passes = Table(
    "passes",
    METADATA,
    Column("name", Text, primary_key=True),
    _words("cursor"),
    Column("counts", JSON, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("progress_at", Moment, nullable=False),
    Column("finished_at", Moment),
    _words("alarm"),
)

leases = Table(
    "leases",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    _words("note"),
    Column("since", Float, nullable=False),  # seconds since 1970 on the database's own clock
    Column("until", Float, nullable=False, index=True),
)

replies = Table(
    "replies",
    METADATA,
    Column("account_id", Text, primary_key=True),
    Column("key", Words, primary_key=True),
    Column("asked", Text, nullable=False),  # SHA-256 of method, path and body
    Column("status", Integer, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("created_at", Moment, nullable=False, index=True),
)

heads = Table(
    "heads",
    METADATA,
    Column("count", BigKey, primary_key=True, autoincrement=False),
    Column("root", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("stamp", LargeBinary),
    Column("stamped_at", Moment),
    Column("pushed_at", Moment),
)

signing_batches = Table(
    "signing_batches",
    METADATA,
    _id(),
    _words("title"),
    Column("profile", Text, nullable=False),
    _words("key"),
    _words("level"),
    Column("options", JSON, nullable=False),  # what the profile's stamp shows and where: signing.profiles
    Column("created_by", Words, nullable=False),
    Column("state", Text, nullable=False, index=True),
    _words("message"),
    Column("created_at", Moment, nullable=False, index=True),
    Column("started_at", Moment),
    Column("finished_at", Moment),
)

signings = Table(
    "signings",
    METADATA,
    _id(),
    _link("batch_id", "signing_batches.id"),
    Column("ordinal", Integer, nullable=False),
    Column("idempotency_key", Words, nullable=False),
    _words("name"),
    Column("source_key", Words, nullable=False),
    Column("source_sha256", Text, nullable=False, index=True),
    Column("source_size", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    _words("code"),
    _words("reason"),
    _words("tell"),
    _words("signed_key"),
    _words("signed_sha256"),
    Column("signed_size", BigInteger, nullable=False, server_default="0"),
    _words("level"),
    _words("field"),
    Column("signed_at", Moment),
    _words("certificate_sha256"),
    _words("certificate_serial"),
    _words("time_stamp_serial"),
    Column("ended_at", Moment),
    _words("place"),  # chosen for this paper, as `signing.wish` tells it; "" is what the batch wishes
    UniqueConstraint("batch_id", "ordinal"),
    UniqueConstraint("batch_id", "idempotency_key"),
    Index(None, "batch_id", "state", "ordinal"),
)

prepared_signatures = Table(
    "prepared_signatures",
    METADATA,
    _id(),
    _link("paper_id", "signings.id", index=True),
    Column("record", Text, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    _words("ended"),  # why it may not be finished any more; "" while it waits
)

seal_life = Table(
    "seal_life",
    METADATA,
    _link("document_id", "documents.id", primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("last_time_stamp", Moment),
    _count("time_stamps"),
    Column("certificate_until", Moment),
    _words("algorithm"),
    Column("algorithm_until", Moment),
    Column("provable_until", Moment),
    _words("why"),
    Column("due_at", Moment),
    Column("tried_at", Moment),
    _words("reason"),
    Index(None, "state", "due_at"),
    Index(None, "provable_until"),
)

seal_certificates = Table(
    "seal_certificates",
    METADATA,
    _link("document_id", "documents.id", primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("serial", Text, nullable=False, index=True),
    Column("issuer", Words, nullable=False),
    Column("role", Text, nullable=False),
    Column("used_at", Moment),
    Column("covered_at", Moment),
)

# Bodies, posts and members. Days are ISO 8601 texts, both ends of a span inclusive; no `until`: it goes on.

units = Table(
    "units",
    METADATA,
    _id(),
    Column("system", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

unit_versions = Table(
    "unit_versions",
    METADATA,
    _link("unit_id", "units.id", primary_key=True),
    Column("since", Text, primary_key=True),
    Column("until", Text),
    Column("level", Text, nullable=False),
    _words("code_key", index=True),
    Column("name", Words, nullable=False),
    _words("short_name"),
    _words("abbreviation"),
    _link("parent_id", "units.id", nullable=True, index=True),
    _words("decision"),
)

unit_endings = Table(
    "unit_endings",
    METADATA,
    _link("unit_id", "units.id", primary_key=True),
    Column("last_day", Text, nullable=False),
    _link("successor_id", "units.id", nullable=True),
    _words("decision"),
)

posts = Table(
    "posts",
    METADATA,
    _id(),
    _link("unit_id", "units.id", index=True),
    _link("account_id", "accounts.id", index=True),
    Column("role", Text, nullable=False),
    _words("title"),
    Column("since", Text, nullable=False),
    Column("until", Text),
    _words("decision"),
)

delegations = Table(
    "delegations",
    METADATA,
    _id(),
    _link("unit_id", "units.id", index=True),
    Column("role", Text, nullable=False),
    _link("by_account", "accounts.id"),
    _link("to_account", "accounts.id"),
    Column("form", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("until", Text, nullable=False),
    _words("note"),
)

members = Table(
    "members",
    METADATA,
    _id(),
    _link("account_id", "accounts.id", nullable=True, unique=True),
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
    _id(),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    _link("member_id", "members.id", index=True),
    _link("unit_id", "units.id"),
    Column("kind", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("until", Text),
    _words("cause"),
    _words("source"),
    Column("recorded_by", Words, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("replaced", Boolean, nullable=False),
    Index(None, "unit_id", "kind"),
)

member_marks = Table(
    "member_marks",
    METADATA,
    _id(),
    _link("member_id", "members.id", index=True),
    Column("kind", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("until", Text),
    _words("note"),
)

number_periods = Table(
    "number_periods",
    METADATA,
    _id(),
    Column("unit_id", Words, nullable=False),
    Column("kind", Text, nullable=False),  # term | congress
    _words("name"),
    Column("begins_on", Text, nullable=False),  # days are ISO dates in Vietnam: they sort as they follow
    _words("ends_on"),  # a congress only; a term ends when the next one begins
    UniqueConstraint("unit_id", "kind", "begins_on"),
)

number_series = Table(
    "number_series",
    METADATA,
    _id(),
    Column("unit_id", Words, nullable=False),
    Column("system", Text, nullable=False),
    Column("kind", Words, nullable=False),  # name of the type, or "*" when all types share the series
    Column("period", Words, nullable=False),  # a year, or the id of a term or congress
    Column("secret", Boolean, nullable=False),
    Column("begins_at", Integer, nullable=False, server_default="1"),
    _count("last"),
    _words("last_day"),
    UniqueConstraint("unit_id", "system", "kind", "period", "secret"),
)

numbers = Table(
    "numbers",
    METADATA,
    _id(),
    _link("series_id", "number_series.id"),
    Column("number", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("written", Words, nullable=False),
    Column("type_name", Words, nullable=False),
    Column("secret", Boolean, nullable=False),
    Column("day", Text, nullable=False),  # of issue; of a number that is held, the day it was taken
    _words("paper_id"),
    Column("taken_by", Words, nullable=False),
    Column("taken_at", Moment, nullable=False),
    _words("holder"),
    _words("purpose"),
    _words("held_on"),
    _words("held_until"),
    _words("void_reason"),
    _words("void_on"),
    _words("subject"),
    _words("signer"),
    _words("recipients"),
    _words("keeper"),
    _count("copies"),
    _words("sent_on"),
    _words("received_by"),
    _words("note"),
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

cases = Table(
    "cases",
    METADATA,
    _id(),
    Column("procedure", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("channel", Text, nullable=False),
    _words("member_id", index=True),
    Column("opened_by", Words, nullable=False, index=True),
    Column("opening_key", Words, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("moved_at", Moment, nullable=False, index=True),
    Column("ended", Boolean, nullable=False),
    _count("form_version"),
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
    _link("case_id", "cases.id", primary_key=True),
    Column("body", Text, primary_key=True),
    Column("unit_id", Words, primary_key=True),
    Column("ordinal", Integer, nullable=False),
    Column("reached", Boolean, nullable=False),  # its turn has come: before that the case is absent there
    Index(None, "unit_id", "reached"),
)

case_moves = Table(
    "case_moves",
    METADATA,
    _link("case_id", "cases.id", primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("move", Text, nullable=False),
    _words("from_state"),
    Column("to_state", Text, nullable=False),
    Column("actor", Words, nullable=False),
    _words("body"),
    _words("unit_id"),
    _words("role"),
    _words("form"),
    Column("channel", Text, nullable=False),
    _words("comment"),
    Column("evidence", JSON, nullable=False),
    Column("form_version", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("key", Words, nullable=False),
    UniqueConstraint("case_id", "key"),
)

case_versions = Table(
    "case_versions",
    METADATA,
    _link("case_id", "cases.id", primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("ordinal", Integer, nullable=False),
    Column("form", JSON, nullable=False),
    Column("draft", JSON, nullable=False),
    Column("made_by", Words, nullable=False),
    Column("made_at", Moment, nullable=False),
)
