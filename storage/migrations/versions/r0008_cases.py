"""Cases of the procedures, their bodies, history and versions. Only adds tables: the version before works beside it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _words(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "cases",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("procedure", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        _words("member_id"),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opening_key", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.Column("form_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("form", sa.JSON(), nullable=False),
        sa.Column("draft", sa.JSON(), nullable=False),
        sa.Column("papers", sa.JSON(), nullable=False),
        sa.Column("entered", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("opened_by", "opening_key", name=op.f("uq_cases_opened_by_opening_key")),
    )
    for column in ("member_id", "opened_by", "moved_at"):
        op.create_index(op.f(f"ix_cases_{column}"), "cases", [column], unique=False)
    op.create_index(op.f("ix_cases_procedure_state"), "cases", ["procedure", "state"], unique=False)
    op.create_table(
        "case_bodies",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_bodies_case_id")),
        sa.PrimaryKeyConstraint("case_id", "body", "unit_id", name=op.f("pk_case_bodies")),
    )
    op.create_index(
        op.f("ix_case_bodies_unit_id_reached"), "case_bodies", ["unit_id", "reached"], unique=False
    )
    op.create_table(
        "case_moves",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("move", sa.Text(), nullable=False),
        _words("from_state"),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        _words("body"),
        _words("unit_id"),
        _words("role"),
        _words("form"),
        sa.Column("channel", sa.Text(), nullable=False),
        _words("comment"),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_moves_case_id")),
        sa.PrimaryKeyConstraint("case_id", "ordinal", name=op.f("pk_case_moves")),
        sa.UniqueConstraint("case_id", "key", name=op.f("uq_case_moves_case_id_key")),
    )
    op.create_table(
        "case_versions",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("form", sa.JSON(), nullable=False),
        sa.Column("draft", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_versions_case_id")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_case_versions")),
    )


def downgrade() -> None:
    """Take the tables away; nothing that the version before knew is lost."""
    for table in ("case_versions", "case_moves", "case_bodies", "cases"):
        op.drop_table(table)
