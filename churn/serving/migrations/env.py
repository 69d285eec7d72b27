"""Alembic's entry: the steps are taken in the caller's transaction, one process at a time."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection)
context.run_migrations()
