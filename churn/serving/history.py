"""History: who did what and when, which is only ever added to."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from churn.errors import UserError
from churn.serving.schema import history
from churn.serving.store import now

LONGEST_NOTE = 2_000  # letters


def log(
    connection: sa.Connection,
    by: str,
    action: str,
    *,
    user_id: str | None = None,
    detail: str | None = None,
    of: tuple[str, str] | None = None,
) -> None:
    """Add to the history.

    Args:
        connection: A transaction.
        by: The person.
        action: A word of `words.ACTIONS`.
        user_id: The user, if it is about one.
        detail: A note, or what an action says beside itself.
        of: The list at which the person looked, and its name.
    """
    about = {} if of is None else {"list": of[0], "folder": of[1]}
    row = {"at": now(), "by": by, "action": action, "user_id": user_id, "detail": detail, **about}
    connection.execute(history.insert().values(**row))


def note(connection: sa.Connection, by: str, user_id: str, text: str, *, of: tuple[str, str]) -> None:
    """Keep a note on a user.

    Raises:
        UserError: for an empty or very long one.
    """
    kept = "".join(sign for sign in text.replace("\r\n", "\n").strip() if sign.isprintable() or sign == "\n")
    if not 0 < len(kept) <= LONGEST_NOTE:
        raise UserError(f"expected a note of at most {LONGEST_NOTE:,} letters", f"{len(kept):,}", "correct it")
    log(connection, by, "note", user_id=user_id, detail=kept, of=of)


def told(connection: sa.Connection, user_id: str | None = None, *, most: int = 200) -> list[dict[str, Any]]:
    """The history, of one user or of all, the newest first."""
    query = sa.select(history).order_by(history.c.id.desc()).limit(most)
    query = query if user_id is None else query.where(history.c.user_id == user_id)
    return [dict(row) for row in connection.execute(query).mappings()]


def today() -> str:
    """The day in UTC."""
    return datetime.now(UTC).date().isoformat()
