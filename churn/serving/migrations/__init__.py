"""The steps from an empty database to the newest tables, which Alembic takes at the start."""
