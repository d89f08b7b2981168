"""The tables of the signing service: papers in batches, what waits at desks, how long seals can be proven."""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, Table, Text, UniqueConstraint

from storage.columns import METADATA, Moment, Words, count_column, id_column, link_column, words_column

signing_batches = Table(
    "signing_batches",
    METADATA,
    id_column(),
    words_column("title"),
    Column("profile", Text, nullable=False),
    words_column("key"),
    words_column("level"),
    Column("options", JSON, nullable=False),  # what the profile's stamp shows and where: signing.profiles
    Column("created_by", Words, nullable=False),
    Column("state", Text, nullable=False, index=True),
    words_column("message"),
    Column("created_at", Moment, nullable=False, index=True),
    Column("started_at", Moment),
    Column("finished_at", Moment),
)

signings = Table(
    "signings",
    METADATA,
    id_column(),
    link_column("batch_id", "signing_batches.id"),
    Column("ordinal", Integer, nullable=False),
    Column("idempotency_key", Words, nullable=False),
    words_column("name"),
    Column("source_key", Words, nullable=False),
    Column("source_sha256", Text, nullable=False, index=True),
    Column("source_size", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    words_column("code"),
    words_column("reason"),
    words_column("tell"),
    words_column("signed_key"),
    words_column("signed_sha256"),
    Column("signed_size", BigInteger, nullable=False, server_default="0"),
    words_column("level"),
    words_column("field"),
    Column("signed_at", Moment),
    words_column("certificate_sha256"),
    words_column("certificate_serial"),
    words_column("time_stamp_serial"),
    Column("ended_at", Moment),
    words_column("place"),  # chosen for this paper, as `signing.wish` tells it; "" is what the batch wishes
    UniqueConstraint("batch_id", "ordinal"),
    UniqueConstraint("batch_id", "idempotency_key"),
    Index(None, "batch_id", "state", "ordinal"),
)

prepared_signatures = Table(
    "prepared_signatures",
    METADATA,
    id_column(),
    link_column("paper_id", "signings.id", index=True),
    Column("record", Text, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    words_column("ended"),  # why it may not be finished any more; "" while it waits
)

seal_life = Table(
    "seal_life",
    METADATA,
    link_column("document_id", "documents.id", primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("last_time_stamp", Moment),
    count_column("time_stamps"),
    Column("certificate_until", Moment),
    words_column("algorithm"),
    Column("algorithm_until", Moment),
    Column("provable_until", Moment),
    words_column("why"),
    Column("due_at", Moment),
    Column("tried_at", Moment),
    words_column("reason"),
    Index(None, "state", "due_at"),
    Index(None, "provable_until"),
)

seal_certificates = Table(
    "seal_certificates",
    METADATA,
    link_column("document_id", "documents.id", primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("serial", Text, nullable=False, index=True),
    Column("issuer", Words, nullable=False),
    Column("role", Text, nullable=False),
    Column("used_at", Moment),
    Column("covered_at", Moment),
)
