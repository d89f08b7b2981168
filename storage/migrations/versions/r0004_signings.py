"""Papers to be signed in batches. Only adds tables, so a process of the version before goes on working beside it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _words(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "signing_batches",
        sa.Column("id", sa.Text(), nullable=False),
        _words("title"),
        sa.Column("profile", sa.Text(), nullable=False),
        _words("key"),
        _words("level"),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        _words("message"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_batches")),
    )
    op.create_index(op.f("ix_signing_batches_state"), "signing_batches", ["state"], unique=False)
    op.create_index(op.f("ix_signing_batches_created_at"), "signing_batches", ["created_at"], unique=False)
    op.create_table(
        "signings",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        _words("name"),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("source_sha256", sa.Text(), nullable=False),
        sa.Column("source_size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        _words("code"),
        _words("reason"),
        _words("tell"),
        _words("signed_key"),
        _words("signed_sha256"),
        sa.Column("signed_size", sa.BigInteger(), server_default="0", nullable=False),
        _words("level"),
        _words("field"),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        _words("certificate_sha256"),
        _words("certificate_serial"),
        _words("time_stamp_serial"),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["signing_batches.id"], name=op.f("fk_signings_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signings")),
        sa.UniqueConstraint("batch_id", "ordinal", name=op.f("uq_signings_batch_id_ordinal")),
        sa.UniqueConstraint("batch_id", "idempotency_key", name=op.f("uq_signings_batch_id_idempotency_key")),
    )
    op.create_index(op.f("ix_signings_source_sha256"), "signings", ["source_sha256"], unique=False)
    op.create_index(
        op.f("ix_signings_batch_id_state_ordinal"), "signings", ["batch_id", "state", "ordinal"], unique=False
    )


def downgrade() -> None:
    """Take the tables away; nothing that the version before knew is lost."""
    for table in ("signings", "signing_batches"):
        op.drop_table(table)
