"""Moves of cases that wait for a signature. Only adds a table: the version before works beside it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "case_signings",
        sa.Column("paper_id", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("ordered_by", sa.Text(), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("tell", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["paper_id"], ["signings.id"], name=op.f("fk_case_signings_paper_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_signings_case_id")),
        sa.PrimaryKeyConstraint("paper_id", name=op.f("pk_case_signings")),
    )
    for column in ("group_id", "case_id"):
        op.create_index(op.f(f"ix_case_signings_{column}"), "case_signings", [column], unique=False)
    op.create_index(
        op.f("ix_case_signings_ordered_by_state"), "case_signings", ["ordered_by", "state"], unique=False
    )


def downgrade() -> None:
    """Take the table away; nothing that the version before knew is lost."""
    op.drop_table("case_signings")
