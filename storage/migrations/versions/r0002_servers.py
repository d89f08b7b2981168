"""What many machines and two stores need: objects, intents, passes, leases, replies, tree heads.

Only adds tables, so a process of the version before goes on working beside it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

KNOWN_OBJECTS = """
    INSERT INTO objects (key, sha256, size, kept_at)
    SELECT key, MIN(sha256), MAX(size), MIN(kept_at) FROM (
        SELECT blob_key AS key, sha256, size, received_at AS kept_at FROM files
        UNION ALL
        SELECT p.image_key, p.image_sha256, -1, f.received_at FROM pages p JOIN files f ON f.id = p.file_id
        UNION ALL
        SELECT r.key, r.sha256, r.size, d.created_at FROM renditions r JOIN documents d ON d.id = r.document_id
    ) AS known GROUP BY key
"""
"""Every object that a row of the version before points at; the size of a page image was not kept (-1)."""


def upgrade() -> None:
    """Add the tables and enter every object that is already kept."""
    op.create_table(
        "heads",
        sa.Column("count", BIG_KEY, autoincrement=False, nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stamp", sa.LargeBinary(), nullable=True),
        sa.Column("stamped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pushed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("count", name=op.f("pk_heads")),
    )
    op.create_table(
        "intents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intents")),
    )
    op.create_index(op.f("ix_intents_key"), "intents", ["key"], unique=False)
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_index(op.f("ix_leases_until"), "leases", ["until"], unique=False)
    op.create_table(
        "objects",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_state", sa.Text(), server_default="good", nullable=False),
        sa.Column("first_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("copy_state", sa.Text(), server_default="good", nullable=False),
        sa.Column("copy_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_objects")),
    )
    op.create_index(op.f("ix_objects_copy_state"), "objects", ["copy_state"], unique=False)
    op.create_index(
        op.f("ix_objects_first_checked_at_key"), "objects", ["first_checked_at", "key"], unique=False
    )
    op.create_index(
        op.f("ix_objects_copy_checked_at_key"), "objects", ["copy_checked_at", "key"], unique=False
    )
    op.create_index(op.f("ix_objects_first_state"), "objects", ["first_state"], unique=False)
    op.create_table(
        "passes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), server_default="", nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("progress_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alarm", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_passes")),
    )
    op.create_table(
        "replies",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_replies")),
    )
    op.create_index(op.f("ix_replies_created_at"), "replies", ["created_at"], unique=False)

    op.execute(KNOWN_OBJECTS)


def downgrade() -> None:
    """Take the new tables away; nothing that the version before knew is lost."""
    for table in ("heads", "replies", "passes", "objects", "leases", "intents"):
        op.drop_table(table)
