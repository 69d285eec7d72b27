"""Alembic's entry: the steps are taken in the caller's transaction, one process at a time."""

from alembic import context


def _run() -> None:
    """Take the steps."""
    context.configure(connection=context.config.attributes["connection"])
    context.run_migrations()


if hasattr(context, "config"):  # which Alembic alone gives it; others may import this without a database
    _run()
