"""What was found on page images before they were read. Only adds a table: the version before works beside it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; pages from before have no findings."""
    op.create_table(
        "page_checks",
        sa.Column("page_id", sa.Text(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["page_id"], ["pages.id"], name=op.f("fk_page_checks_page_id")),
        sa.PrimaryKeyConstraint("page_id", "finding", name=op.f("pk_page_checks")),
    )


def downgrade() -> None:
    """Take the table away; the pages themselves stay."""
    op.drop_table("page_checks")
