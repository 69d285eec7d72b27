"""The first tables, and the views that `churn outcomes` and `churn deliver` read."""

import sqlalchemy as sa
from alembic import op

revision = "001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    text = sa.Text()
    op.create_table(
        "people",
        sa.Column("user_id", text, primary_key=True),
        sa.Column("assignee", text),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("snoozed_until", text),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by", text, nullable=False),
        sa.Column("changed_at", text, nullable=False),
    )
    op.create_table(
        "touches",
        sa.Column("list", text, primary_key=True),
        sa.Column("user_id", text, primary_key=True),
        sa.Column("result", text, nullable=False),
        sa.Column("touched_on", text, nullable=False),
        sa.Column("touched_by", text, nullable=False),
    )
    op.create_table(
        "history",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("at", text, nullable=False),
        sa.Column("by", text, nullable=False),
        sa.Column("action", text, nullable=False),
        sa.Column("user_id", text),
        sa.Column("list", text),
        sa.Column("folder", text),
        sa.Column("detail", text),
    )
    op.create_index("ix_history_user_id", "history", ["user_id"])
    op.create_table(
        "accounts",
        sa.Column("name", text, primary_key=True),
        sa.Column("role", text, nullable=False),
        sa.Column("password", text, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", text, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", text, primary_key=True),
        sa.Column("name", text, nullable=False),
        sa.Column("account", text),
        sa.Column("expires_at", text, nullable=False),
    )
    op.create_table(
        "tokens",
        sa.Column("hash", text, primary_key=True),
        sa.Column("name", text, nullable=False, unique=True),
        sa.Column("role", text, nullable=False),
        sa.Column("created_at", text, nullable=False),
        sa.Column("revoked_at", text),
    )
    op.execute(
        "CREATE VIEW contacts AS SELECT user_id, list AS list_sha256, touched_on AS contacted_on, "
        "touched_by AS contacted_by FROM touches WHERE result = 'contacted'"
    )
    op.execute("CREATE VIEW do_not_contact AS SELECT user_id FROM people WHERE stopped")
