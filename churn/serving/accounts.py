"""Accounts: who may come in, by password or one-time link; of each secret only a hash is kept."""

import hashlib
import hmac
import secrets
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from churn.errors import UserError
from churn.keys import OneOf
from churn.serving.history import log
from churn.serving.schema import accounts, sessions, tokens
from churn.serving.store import Store, now

ROLES = ("viewer", "team", "admin")  # each may do what the ones before it may
SCOPES = ("read", "mark", "score")  # of tokens, for none of which a role is widened
SHORTEST, LONGEST = 10, 200  # letters of a password
_NAME = 60  # letters
_HOURS = 12  # of a session
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # KiB; OWASP's choice for little memory
_one_at_a_time = threading.Lock()  # so that many logins take no more memory than one
_NOBODY = _hasher.hash(secrets.token_hex())  # checked for names without an account, so that these take as long


@dataclass(frozen=True)
class Visitor:
    """Somebody who was let in."""

    name: str
    role: str
    form_key: str = ""  # which a form of this session has to bring; empty for a token
    scopes: Collection[str] = SCOPES

    def may(self, role: str) -> bool:
        """Whether the visitor's role reaches as far as another."""
        return ROLES.index(self.role) >= ROLES.index(role)


def add_user(store: Store, name: str, role: str, password: str, *, by: str) -> None:
    """Add an account, or give one a new password and role; its sessions end.

    Raises:
        UserError: for a name, role or password that cannot be one.
    """
    check(name, role)
    if not SHORTEST <= len(password) <= LONGEST:
        expected = f"expected a password of {SHORTEST} to {LONGEST} letters"
        raise UserError(expected, f"one of {len(password)}", "choose another")
    values = {"role": role, "password": _hasher.hash(password), "active": True}
    with store.writing() as connection:
        changed = connection.execute(accounts.update().where(accounts.c.name == name).values(**values)).rowcount
        if not changed:
            connection.execute(accounts.insert().values(name=name, created_at=now(), **values))
        connection.execute(sessions.delete().where(sessions.c.account == name))
        log(connection, by, "account", detail=f"{name}: {role}")


def remove_user(store: Store, name: str, *, by: str) -> None:
    """Shut an account; its sessions end.

    Raises:
        UserError: if there is none.
    """
    with store.writing() as connection:
        named = accounts.c.name == name
        if not connection.execute(accounts.update().where(named).values(active=False)).rowcount:
            raise UserError("expected the name of an account", repr(name), "see the page People")
        connection.execute(sessions.delete().where(sessions.c.account == name))
        log(connection, by, "account shut", detail=name)


def log_in(store: Store, name: str, password: str) -> str | None:
    """A new session's secret; None where the name or the password is wrong."""
    with store.reading() as connection:
        query = sa.select(accounts.c.password).where(accounts.c.name == name, accounts.c.active)
        kept = connection.execute(query).scalar_one_or_none()
    if not _verified(kept or _NOBODY, password[: LONGEST + 1]) or kept is None:
        return None
    return begin(store, name, account=name)


def begin(store: Store, name: str, *, account: str | None = None) -> str:
    """Begin a session; without an account it is that of whoever started the server, an admin."""
    secret = secrets.token_urlsafe(32)
    until = (datetime.now(UTC) + timedelta(hours=_HOURS)).isoformat(timespec="seconds")
    with store.writing() as connection:
        connection.execute(sessions.delete().where(sessions.c.expires_at < now()))
        row = {"hash": hashed(secret), "name": name, "account": account, "expires_at": until}
        connection.execute(sessions.insert().values(**row))
        log(connection, name, "log in")
    return secret


def end(store: Store, secret: str) -> None:
    """End a session."""
    with store.writing() as connection:
        connection.execute(sessions.delete().where(sessions.c.hash == hashed(secret)))


def of_session(store: Store, secret: str) -> Visitor | None:
    """The visitor of a session that has not ended, with the role that the account has now."""
    query = (
        sa.select(sessions.c.name, sessions.c.account, accounts.c.role)
        .select_from(sessions.outerjoin(accounts, (accounts.c.name == sessions.c.account) & accounts.c.active))
        .where(sessions.c.hash == hashed(secret), sessions.c.expires_at >= now())
    )
    with store.reading() as connection:
        row = connection.execute(query).first()
    if row is None or (row.account is not None and row.role is None):
        return None
    return Visitor(row.name, row.role or "admin", form_key(secret))


def of_header(store: Store, name: str, secret: str) -> Visitor | None:
    """The visitor whom a trusted proxy has logged in, if there is an account of that name.

    Args:
        store: The store.
        name: As the proxy says it.
        secret: The server's own, of which the key of the visitor's forms is made.
    """
    with store.reading() as connection:
        query = sa.select(accounts.c.role).where(accounts.c.name == name, accounts.c.active)
        role = connection.execute(query).scalar_one_or_none()
    return None if role is None else Visitor(name, role, form_key(f"{secret} {name}"))


def form_key(secret: str) -> str:
    """The key that forms of a session carry, which tells nothing of its secret."""
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()


def everyone(store: Store) -> tuple[Sequence[Any], Sequence[Any]]:
    """Accounts and tokens, without their secrets."""
    with store.reading() as connection:
        named = sa.select(accounts.c.name, accounts.c.role, accounts.c.active, accounts.c.created_at)
        given = sa.select(*(column for column in tokens.c if column.name != "hash"))
        return (
            connection.execute(named.order_by(accounts.c.name)).all(),
            connection.execute(given.order_by(tokens.c.name)).all(),
        )


def check(name: str, role: str) -> None:
    """Raise a UserError for a name or a role that cannot be one."""
    if not (0 < len(name) <= _NAME and name.isprintable() and name.strip() == name):
        raise UserError(f"expected a name of one line and at most {_NAME} letters", repr(name), "choose another")
    OneOf(ROLES).check("the role", role)


def hashed(secret: str) -> str:
    """The SHA-256 of a secret, which alone is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _verified(kept: str, password: str) -> bool:
    with _one_at_a_time:
        try:
            return _hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False
