"""Scopes and an end of tokens; tokens from before may do what they could."""

import sqlalchemy as sa
from alembic import op

revision = "002"
down_revision = "001"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("tokens", sa.Column("scopes", sa.Text(), nullable=False, server_default="read mark"))
    op.add_column("tokens", sa.Column("expires_at", sa.Text()))
