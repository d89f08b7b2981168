"""The log of arranging a delivery, and pages to be scanned again. Only adds tables: the version before works beside."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "arrangement_log",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "ordinal", name=op.f("pk_arrangement_log")),
    )
    op.create_table(
        "rescans",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Text(), server_default="", nullable=False),
        sa.Column("page_id", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("new_page_id", sa.Text(), server_default="", nullable=False),
        sa.Column("closed_by", sa.Text(), server_default="", nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rescans")),
    )
    op.create_index(op.f("ix_rescans_batch_id_state"), "rescans", ["batch_id", "state"], unique=False)


def downgrade() -> None:
    """Take the tables away. Documents stay as they were made; that people arranged them stays in the log."""
    op.drop_index(op.f("ix_rescans_batch_id_state"), "rescans")
    op.drop_table("rescans")
    op.drop_table("arrangement_log")
