"""The register of outgoing papers: terms and congresses, series of numbers, every number given, held or void.

Only adds tables, so a process of the version before goes on working beside it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _words(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _count(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), server_default="0", nullable=False)


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "number_periods",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        _words("name"),
        sa.Column("begins_on", sa.Text(), nullable=False),
        _words("ends_on"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_periods")),
        sa.UniqueConstraint(
            "unit_id", "kind", "begins_on", name=op.f("uq_number_periods_unit_id_kind_begins_on")
        ),
    )
    op.create_table(
        "number_series",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("secret", sa.Boolean(), nullable=False),
        sa.Column("begins_at", sa.Integer(), server_default="1", nullable=False),
        _count("last"),
        _words("last_day"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_series")),
        sa.UniqueConstraint(
            "unit_id",
            "system",
            "kind",
            "period",
            "secret",
            name=op.f("uq_number_series_unit_id_system_kind_period_secret"),
        ),
    )
    op.create_table(
        "numbers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("series_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("written", sa.Text(), nullable=False),
        sa.Column("type_name", sa.Text(), nullable=False),
        sa.Column("secret", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        _words("paper_id"),
        sa.Column("taken_by", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
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
        sa.ForeignKeyConstraint(["series_id"], ["number_series.id"], name=op.f("fk_numbers_series_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_numbers")),
        sa.UniqueConstraint("series_id", "number", name=op.f("uq_numbers_series_id_number")),
    )
    issued = sa.text("state = 'issued'")
    op.create_index(
        op.f("ix_numbers_paper_id"),
        "numbers",
        ["paper_id"],
        unique=True,
        sqlite_where=issued,
        postgresql_where=issued,
    )
    op.create_index(op.f("ix_numbers_state_held_until"), "numbers", ["state", "held_until"], unique=False)


def downgrade() -> None:
    """Take the tables away; nothing that the version before knew is lost."""
    for table in ("numbers", "number_series", "number_periods"):
        op.drop_table(table)
