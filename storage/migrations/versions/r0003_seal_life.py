"""Until when each sealed file can be proven, and the certificates its proof rests on.

Only adds tables; the renewal round fills them for what is archived already, from the files themselves.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "seal_life",
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("last_time_stamp", sa.DateTime(timezone=True), nullable=True),
        sa.Column("time_stamps", sa.Integer(), server_default="0", nullable=False),
        sa.Column("certificate_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("algorithm", sa.Text(), server_default="", nullable=False),
        sa.Column("algorithm_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provable_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_seal_life_document_id")),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_seal_life")),
    )
    op.create_index(op.f("ix_seal_life_state_due_at"), "seal_life", ["state", "due_at"], unique=False)
    op.create_index(op.f("ix_seal_life_provable_until"), "seal_life", ["provable_until"], unique=False)
    op.create_table(
        "seal_certificates",
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("covered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_seal_certificates_document_id")
        ),
        sa.PrimaryKeyConstraint("document_id", "ordinal", name=op.f("pk_seal_certificates")),
    )
    op.create_index(op.f("ix_seal_certificates_serial"), "seal_certificates", ["serial"], unique=False)


def downgrade() -> None:
    """Take them away; they can be read out of the files again."""
    op.drop_table("seal_certificates")
    op.drop_table("seal_life")
