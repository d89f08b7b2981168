"""Signatures that wait for a device at a person's desk, and the place a person chose on one paper.

Only adds a table and a column with a default, so a process of the version before goes on working beside it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the column."""
    op.add_column("signings", sa.Column("place", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "prepared_signatures",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("paper_id", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["signings.id"], name=op.f("fk_prepared_signatures_paper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prepared_signatures")),
    )
    op.create_index(
        op.f("ix_prepared_signatures_paper_id"), "prepared_signatures", ["paper_id"], unique=False
    )
    op.create_index(
        op.f("ix_prepared_signatures_expires_at"), "prepared_signatures", ["expires_at"], unique=False
    )


def downgrade() -> None:
    """Take them away; what waited is prepared again, and the place of a paper is its batch's."""
    op.drop_table("prepared_signatures")
    op.drop_column("signings", "place")
