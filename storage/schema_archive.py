"""The tables of the archive itself: people who sign in, deliveries, documents, pages, log, objects, work on its way."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from storage.columns import (
    METADATA,
    BigKey,
    Moment,
    Words,
    count_column,
    id_column,
    link_column,
    words_column,
)

accounts = Table(
    "accounts",
    METADATA,
    id_column(),
    Column("login", Words, nullable=False, unique=True),
    words_column("name"),
    Column("password_hash", Text, nullable=False),
    Column("roles", Text, nullable=False),  # space-separated, sorted
    Column("active", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
)

sessions = Table(
    "sessions",
    METADATA,
    Column("token_sha256", Text, primary_key=True),
    link_column("account_id", "accounts.id", index=True),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

tokens = Table(
    "tokens",
    METADATA,
    id_column(),
    link_column("account_id", "accounts.id", index=True),
    words_column("label"),
    Column("token_sha256", Text, nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)

batches = Table(
    "batches",
    METADATA,
    id_column(),
    words_column("title"),
    words_column("dossier"),
    Column("created_by", Text, nullable=False),  # account id or system: name
    Column("fingerprint", Words, unique=True),
    Column("options", JSON, nullable=False),
    Column("state", Text, nullable=False, index=True),
    words_column("message"),
    Column("created_at", Moment, nullable=False, index=True),
    Column("started_at", Moment),
    Column("finished_at", Moment),
)

files = Table(
    "files",
    METADATA,
    id_column(),
    link_column("batch_id", "batches.id"),
    Column("ordinal", Integer, nullable=False),
    Column("idempotency_key", Words, nullable=False),
    words_column("name"),
    words_column("relative_path"),
    Column("sha256", Text, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("blob_key", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("state", Text, nullable=False),
    words_column("code"),
    words_column("reason"),
    words_column("tell"),
    count_column("pages"),
    Column("received_at", Moment, nullable=False),
    UniqueConstraint("batch_id", "idempotency_key"),
    UniqueConstraint("batch_id", "ordinal"),
)

documents = Table(
    "documents",
    METADATA,
    id_column(),
    link_column("batch_id", "batches.id", index=True),
    words_column("dossier"),
    Column("ordinal", Integer, nullable=False),
    words_column("source"),
    words_column("title"),
    Column("fingerprint", Words, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("level", Text, nullable=False),
    count_column("version"),
    count_column("page_count"),
    words_column("original_key"),
    words_column("original_sha256"),
    Column("fields", JSON, nullable=False),
    words_column("number"),
    words_column("number_key"),
    words_column("issued_date"),
    words_column("type_code"),
    words_column("organ_name"),
    words_column("subject_key"),
    words_column("pdfa"),
    words_column("signature_level"),
    words_column("verdict"),
    Column("sealed_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("archived_at", Moment),
    words_column("code"),
    words_column("reason"),
    words_column("tell"),
    Column("row_version", Integer, nullable=False),
    Index(None, "dossier", "fingerprint"),
    Index(None, "created_at", "id"),
    Index(None, "number_key"),
    Index(None, "organ_name"),
    Index(None, "type_code", "issued_date"),
)

existing = Table(
    "existing",
    METADATA,
    link_column("batch_id", "batches.id", primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    link_column("document_id", "documents.id"),
    words_column("source"),
)

renditions = Table(
    "renditions",
    METADATA,
    link_column("document_id", "documents.id", primary_key=True),
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
    id_column(),
    link_column("batch_id", "batches.id"),
    link_column("file_id", "files.id"),
    Column("frame", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("role", Text, nullable=False),
    words_column("code"),
    Column("image_key", Text, nullable=False),
    Column("image_sha256", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("dpi", Float, nullable=False),
    Column("exact", Boolean, nullable=False),
    count_column("hint_rotation"),
    link_column("document_id", "documents.id", nullable=True),
    Column("number", Integer),
    words_column("state"),
    words_column("reading_key", index=True),
    words_column("reading_sha256"),
    Column("confidence", Float, nullable=False, server_default="0"),
    count_column("rotation"),
    count_column("words"),
    Index(None, "batch_id", "ordinal"),
    UniqueConstraint("file_id", "frame"),
    UniqueConstraint("document_id", "number"),
)

page_texts = Table(
    "page_texts",
    METADATA,
    link_column("page_id", "pages.id", primary_key=True),
    words_column("text"),
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
    count_column("attempts"),
    Column("created_at", Moment, nullable=False),
    Column("next_at", Moment, nullable=False, index=True),
    words_column("reason"),
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
    words_column("reason"),
    Index(None, "first_checked_at", "key"),
    Index(None, "copy_checked_at", "key"),
    Index(None, "first_state"),
    Index(None, "copy_state"),
)

intents = Table(
    "intents",
    METADATA,
    id_column(),
    Column("key", Text, nullable=False, index=True),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    words_column("object"),
    Column("created_at", Moment, nullable=False),
)

passes = Table(
    "passes",
    METADATA,
    Column("name", Text, primary_key=True),
    words_column("cursor"),
    Column("counts", JSON, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("progress_at", Moment, nullable=False),
    Column("finished_at", Moment),
    words_column("alarm"),
)

leases = Table(
    "leases",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    words_column("note"),
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
