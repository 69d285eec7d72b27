"""The first tables, and the view of contacts that `churn outcomes` reads."""

import sqlalchemy as sa
from alembic import op

revision = "001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    text, required = sa.Text(), {"nullable": False}
    op.create_table(
        "people",
        sa.Column("user_id", text, primary_key=True),
        sa.Column("assignee", text),
        sa.Column("stopped", sa.Boolean(), **required),
        sa.Column("snoozed_until", text),
        sa.Column("version", sa.Integer(), **required),
        sa.Column("changed_by", text, **required),
        sa.Column("changed_at", text, **required),
    )
    op.create_table(
        "touches",
        sa.Column("list", text, primary_key=True),
        sa.Column("user_id", text, primary_key=True),
        sa.Column("result", text, **required),
        sa.Column("touched_on", text, **required),
        sa.Column("touched_by", text, **required),
    )
    op.create_table(
        "history",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("at", text, **required),
        sa.Column("by", text, **required),
        sa.Column("action", text, **required),
        sa.Column("user_id", text),
        sa.Column("list", text),
        sa.Column("folder", text),
        sa.Column("detail", text),
    )
    op.create_index("ix_history_user_id", "history", ["user_id"])
    op.create_table(
        "accounts",
        sa.Column("name", text, primary_key=True),
        sa.Column("role", text, **required),
        sa.Column("password", text, **required),
        sa.Column("active", sa.Boolean(), **required),
        sa.Column("created_at", text, **required),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", text, primary_key=True),
        sa.Column("name", text, **required),
        sa.Column("account", text),
        sa.Column("expires_at", text, **required),
    )
    op.create_table(
        "tokens",
        sa.Column("hash", text, primary_key=True),
        sa.Column("name", text, nullable=False, unique=True),
        sa.Column("role", text, **required),
        sa.Column("created_at", text, **required),
        sa.Column("revoked_at", text),
    )
    op.execute(
        "CREATE VIEW contacts AS SELECT user_id, list AS list_sha256, touched_on AS contacted_on, "
        "touched_by AS contacted_by FROM touches WHERE result = 'contacted'"
    )
