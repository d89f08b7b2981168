"""Marks of secrecy on pages, and hand-over lists. Only adds tables: the version before works beside them."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "secrecy_marks",
        sa.Column("page_id", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("page_id", name=op.f("pk_secrecy_marks")),
    )
    op.create_table(
        "handover_lists",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "ordinal", name=op.f("pk_handover_lists")),
    )


def downgrade() -> None:
    """Take the tables away. What was held stays held: that stands in the rows of documents and in the log."""
    op.drop_table("handover_lists")
    op.drop_table("secrecy_marks")
