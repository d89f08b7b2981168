"""Saved searches with their hits, and the names of bodies to suggest, filled from the documents that are there.

Only adds: the version before works beside it. Names that it writes meanwhile are noted with the next change of theirs.
"""

import sqlalchemy as sa
from alembic import op

from language.fold import canonical, fold

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_AT_ONCE = 500


def upgrade() -> None:
    """Add the tables and fill the names."""
    op.create_table(
        "saved_searches",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("query", sa.Text(), server_default="", nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("alert", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_saved_searches_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_searches")),
    )
    op.create_index(op.f("ix_saved_searches_account_id"), "saved_searches", ["account_id"], unique=False)
    op.create_index(op.f("ix_saved_searches_alert"), "saved_searches", ["alert"], unique=False)
    op.create_table(
        "saved_hits",
        sa.Column("search_id", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_saved_hits_document_id")),
        sa.ForeignKeyConstraint(["search_id"], ["saved_searches.id"], name=op.f("fk_saved_hits_search_id")),
        sa.PrimaryKeyConstraint("search_id", "document_id", name=op.f("pk_saved_hits")),
    )
    op.create_index(op.f("ix_saved_hits_document_id"), "saved_hits", ["document_id"], unique=False)
    op.create_index(
        op.f("ix_saved_hits_search_id_seen_at"), "saved_hits", ["search_id", "seen_at"], unique=False
    )
    names = op.create_table(
        "issuer_names",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_issuer_names")),
    )
    op.execute(  # no index holds words of any length; the fields themselves keep the whole name
        "UPDATE documents SET organ_name = substr(organ_name, 1, 400) WHERE length(organ_name) > 400"
    )
    op.create_index(op.f("ix_documents_organ_name"), "documents", ["organ_name"], unique=False)
    known = op.get_bind().execute(
        sa.text("SELECT DISTINCT organ_name FROM documents WHERE organ_name <> '' AND state = 'archived'")
    )
    rows = [{"name": name, "key": fold(canonical(name))} for (name,) in known]
    for start in range(0, len(rows), _AT_ONCE):
        op.bulk_insert(names, rows[start : start + _AT_ONCE])


def downgrade() -> None:
    """Take the tables away; nothing of the archive is in them."""
    op.drop_index(op.f("ix_documents_organ_name"), "documents")
    op.drop_table("issuer_names")
    op.drop_index(op.f("ix_saved_hits_search_id_seen_at"), "saved_hits")
    op.drop_index(op.f("ix_saved_hits_document_id"), "saved_hits")
    op.drop_table("saved_hits")
    op.drop_index(op.f("ix_saved_searches_alert"), "saved_searches")
    op.drop_index(op.f("ix_saved_searches_account_id"), "saved_searches")
    op.drop_table("saved_searches")
