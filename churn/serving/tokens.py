"""Tokens of programs: what each may do and until when; of each only a hash is kept."""

import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from churn.errors import UserError
from churn.keys import OneOf
from churn.serving.accounts import SCOPES, Visitor, check, hashed
from churn.serving.history import log
from churn.serving.schema import tokens
from churn.serving.store import Store, now

LONGEST_DAYS = 3_650


def add_token(
    store: Store, name: str, role: str, *, by: str, scopes: Collection[str] = SCOPES, days: int | None = None
) -> str:
    """Make a token for a program; it is shown this once.

    Args:
        store: The store.
        name: The program's.
        role: Its role.
        by: The person.
        scopes: The kinds of requests, as far as the role reaches.
        days: The days after which it lets nobody in any more; None for no end.

    Raises:
        UserError: for a name that is taken, or a role, scope or number of days that is none.
    """
    check(name, role)
    for scope in scopes or [""]:
        OneOf(SCOPES).check("the scope", scope)
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise UserError(f"expected 1 to {LONGEST_DAYS:,} days", f"{days:,}", "correct the number")
    token = f"churn_{secrets.token_urlsafe(32)}"
    end = None if days is None else (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds")
    kept = " ".join(scope for scope in SCOPES if scope in scopes)
    row = {"hash": hashed(token), "name": name, "role": role, "scopes": kept, "created_at": now(), "expires_at": end}
    with store.writing() as connection:
        if connection.execute(sa.select(tokens.c.name).where(tokens.c.name == name)).first():
            raise UserError("expected a new name for the token", repr(name), "choose another")
        connection.execute(tokens.insert().values(**row))
        log(connection, by, "token", detail=f"{name}: {role}, {kept}")
    return token


def revoke_token(store: Store, name: str, *, by: str) -> None:
    """Let nobody in by a token any more.

    Raises:
        UserError: if there is none.
    """
    with store.writing() as connection:
        open_one = (tokens.c.name == name) & tokens.c.revoked_at.is_(None)
        if not connection.execute(tokens.update().where(open_one).values(revoked_at=now())).rowcount:
            raise UserError("expected the name of a token in use", repr(name), "see the page People")
        log(connection, by, "token revoked", detail=name)


def of_token(store: Store, token: str) -> Visitor | None:
    """The program that a token lets in, until it ends."""
    going_on = tokens.c.expires_at.is_(None) | (tokens.c.expires_at > now())
    with store.reading() as connection:
        query = sa.select(tokens).where(tokens.c.hash == hashed(token), tokens.c.revoked_at.is_(None), going_on)
        row = connection.execute(query).first()
    return None if row is None else Visitor(row.name, row.role, scopes=tuple(row.scopes.split()))
