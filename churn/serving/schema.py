"""The tables of the store: a user's state, contacts by list, the history of all that was done, and who may come in."""

from sqlalchemy import Boolean, Column, Integer, MetaData, Table, Text

metadata = MetaData()

people = Table(  # a row per user of whom anything was decided, whatever the list
    "people",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("assignee", Text),
    Column("stopped", Boolean, nullable=False),  # do not contact
    Column("snoozed_until", Text),  # a day, as 2024-03-01
    Column("version", Integer, nullable=False),  # counts the changes, so that nobody overwrites one unseen
    Column("changed_by", Text, nullable=False),
    Column("changed_at", Text, nullable=False),  # of UTC, as all moments here
)
touches = Table(  # a row per user and list, of users whom somebody has tried to reach
    "touches",
    metadata,
    Column("list", Text, primary_key=True),  # the SHA-256 of its scores
    Column("user_id", Text, primary_key=True),
    Column("result", Text, nullable=False),  # contacted, not_reached
    Column("touched_on", Text, nullable=False),
    Column("touched_by", Text, nullable=False),
)
history = Table(  # never changed, only added to: the audit log
    "history",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("user_id", Text, index=True),
    Column("list", Text),
    Column("folder", Text),  # the list's, as it was called then
    Column("detail", Text),
)
accounts = Table(
    "accounts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("password", Text, nullable=False),  # by argon2
    Column("active", Boolean, nullable=False),
    Column("created_at", Text, nullable=False),
)
sessions = Table(
    "sessions",
    metadata,
    Column("hash", Text, primary_key=True),  # SHA-256 of what the browser holds
    Column("name", Text, nullable=False),
    Column("account", Text),  # null where a one-time link let in
    Column("expires_at", Text, nullable=False),
)
tokens = Table(
    "tokens",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("revoked_at", Text),
    Column("scopes", Text, nullable=False, server_default="read mark"),  # words of `accounts.SCOPES`
    Column("expires_at", Text),  # null for no end
)
