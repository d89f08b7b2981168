"""Bodies, posts, delegations, members and where they belong. Only adds tables, so a process of the version before
goes on working beside it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _words(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _text(name: str, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=nullable)


def _link(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    """Add the tables."""
    _units()
    _posts()
    _members()


def _units() -> None:
    op.create_table(
        "units",
        _text("id"),
        _text("system"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
    )
    op.create_table(
        "unit_versions",
        _text("unit_id"),
        _text("since"),
        _text("until", nullable=True),
        _text("level"),
        _words("code_key"),
        _text("name"),
        _words("short_name"),
        _words("abbreviation"),
        _text("parent_id", nullable=True),
        _words("decision"),
        _link("unit_versions", "unit_id", "units.id"),
        _link("unit_versions", "parent_id", "units.id"),
        sa.PrimaryKeyConstraint("unit_id", "since", name=op.f("pk_unit_versions")),
    )
    op.create_index(op.f("ix_unit_versions_code_key"), "unit_versions", ["code_key"], unique=False)
    op.create_index(op.f("ix_unit_versions_parent_id"), "unit_versions", ["parent_id"], unique=False)
    op.create_table(
        "unit_endings",
        _text("unit_id"),
        _text("last_day"),
        _text("successor_id", nullable=True),
        _words("decision"),
        _link("unit_endings", "unit_id", "units.id"),
        _link("unit_endings", "successor_id", "units.id"),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_unit_endings")),
    )


def _posts() -> None:
    op.create_table(
        "posts",
        _text("id"),
        _text("unit_id"),
        _text("account_id"),
        _text("role"),
        _words("title"),
        _text("since"),
        _text("until", nullable=True),
        _words("decision"),
        _link("posts", "unit_id", "units.id"),
        _link("posts", "account_id", "accounts.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posts")),
    )
    op.create_index(op.f("ix_posts_unit_id"), "posts", ["unit_id"], unique=False)
    op.create_index(op.f("ix_posts_account_id"), "posts", ["account_id"], unique=False)
    op.create_table(
        "delegations",
        _text("id"),
        _text("unit_id"),
        _text("role"),
        _text("by_account"),
        _text("to_account"),
        _text("form"),
        _text("since"),
        _text("until"),
        _words("note"),
        _link("delegations", "unit_id", "units.id"),
        _link("delegations", "by_account", "accounts.id"),
        _link("delegations", "to_account", "accounts.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegations")),
    )
    op.create_index(op.f("ix_delegations_unit_id"), "delegations", ["unit_id"], unique=False)


def _members() -> None:
    op.create_table(
        "members",
        _text("id"),
        _text("account_id", nullable=True),
        _text("card_no", nullable=True),
        _text("cv_no", nullable=True),
        _text("citizen_id", nullable=True),
        _text("full_name"),
        _text("name_key"),
        *(_text(name, nullable=True) for name in ("birth_date", "admission_decision", "admission_date")),
        *(_text(name, nullable=True) for name in ("official_date", "left_on", "died_on")),
        sa.Column("particulars", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _link("members", "account_id", "accounts.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
        sa.UniqueConstraint("account_id", name=op.f("uq_members_account_id")),
        sa.UniqueConstraint("card_no", name=op.f("uq_members_card_no")),
        sa.UniqueConstraint("cv_no", name=op.f("uq_members_cv_no")),
        sa.UniqueConstraint("citizen_id", name=op.f("uq_members_citizen_id")),
    )
    op.create_index(op.f("ix_members_name_key"), "members", ["name_key"], unique=False)
    op.create_table(
        "memberships",
        _text("id"),
        sa.Column("revision", sa.Integer(), nullable=False),
        _text("member_id"),
        _text("unit_id"),
        _text("kind"),
        _text("since"),
        _text("until", nullable=True),
        _words("cause"),
        _words("source"),
        _text("recorded_by"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced", sa.Boolean(), nullable=False),
        _link("memberships", "member_id", "members.id"),
        _link("memberships", "unit_id", "units.id"),
        sa.PrimaryKeyConstraint("id", "revision", name=op.f("pk_memberships")),
    )
    op.create_index(op.f("ix_memberships_member_id"), "memberships", ["member_id"], unique=False)
    op.create_index(op.f("ix_memberships_unit_id_kind"), "memberships", ["unit_id", "kind"], unique=False)
    op.create_table(
        "member_marks",
        _text("id"),
        _text("member_id"),
        _text("kind"),
        _text("since"),
        _text("until", nullable=True),
        _words("note"),
        _link("member_marks", "member_id", "members.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_marks")),
    )
    op.create_index(op.f("ix_member_marks_member_id"), "member_marks", ["member_id"], unique=False)


def downgrade() -> None:
    """Take the tables away; nothing that the version before knew is lost."""
    for table in (
        "member_marks",
        "memberships",
        "members",
        "delegations",
        "posts",
        "unit_endings",
        "unit_versions",
    ):
        op.drop_table(table)
    op.drop_table("units")
