"""Work: what the team decides about users, as changes that never overwrite another person's unseen."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from churn.errors import UserError
from churn.serving.history import log, today
from churn.serving.schema import people, touches
from churn.serving.store import now

TOUCHED = ("contacted", "not_reached")
ATTEMPTS = (*TOUCHED, "assign", "snooze")  # which lead to a contact, so that nobody who must be left alone gets one
ACTIONS = (*ATTEMPTS, "unassign", "open", "stop", "resume", "wake")
LONGEST_NAME = 60
ROWS = 1_000  # contacts of a page
LONGEST_ID = 600  # letters; a longer one has no place in an index of PostgreSQL


@dataclass(frozen=True)
class State:
    """The state of the work on one user, for one list."""

    user_id: str
    version: int = 0
    assignee: str | None = None
    stopped: bool = False
    snoozed_until: str | None = None
    changed_by: str | None = None
    changed_at: str | None = None
    result: str | None = None  # contacted or not_reached, by this list
    touched_on: str | None = None
    touched_by: str | None = None

    @property
    def status(self) -> str:
        """The one word for it: stopped, contacted, not_reached, snoozed or open."""
        if self.stopped:
            return "stopped"
        if self.result:
            return self.result
        return "snoozed" if (self.snoozed_until or "") > today() else "open"


@dataclass(frozen=True)
class Change:
    """A change that somebody asks for.

    Args:
        by: The person.
        action: One of `ACTIONS`.
        list_id: The SHA-256 of the list's scores.
        folder: The list's name.
        value: The person of `assign`, the day of `snooze`.
    """

    by: str
    action: str
    list_id: str
    folder: str
    value: str = ""

    def __post_init__(self) -> None:
        """Raises UserError for an unknown action, nobody to assign to, or a day that is not to come."""
        if self.action not in ACTIONS:
            raise UserError(f"expected an action out of {', '.join(ACTIONS)}", repr(self.action), "choose one")
        if self.action == "snooze" and not (_is_day(self.value) and self.value > today()):
            raise UserError("expected a day to come", repr(self.value), "write it as 2024-03-01")
        named = self.value.isprintable() and self.value.strip() == self.value and 0 < len(self.value) <= LONGEST_NAME
        if self.action == "assign" and not named:
            raise UserError("expected the name of a person to assign to", repr(self.value[:LONGEST_NAME]), "name one")

    @property
    def of(self) -> tuple[str, str]:
        """The list, and its name."""
        return self.list_id, self.folder


@dataclass
class Done:
    """The users of a change, by what became of it."""

    changed: list[str] = field(default_factory=list)
    stale: list[State] = field(default_factory=list)  # changed by somebody else meanwhile, as they stand now
    held: list[str] = field(default_factory=list)  # held back: not to be contacted
    stopped: list[str] = field(default_factory=list)  # marked as not to be contacted
    unknown: list[str] = field(default_factory=list)  # not in the list


def apply(
    connection: sa.Connection,
    change: Change,
    users: Mapping[str, int],
    *,
    held: Collection[str],
    known: Collection[str],
) -> Done:
    """Make a change for each user who may have it.

    Args:
        connection: A transaction.
        change: The change.
        users: The version that the person saw, by user.
        held: The users who are held back.
        known: The users who were scored.
    """
    done, before = Done(), states(connection, change.list_id, users)
    for user_id, version in sorted(users.items()):  # in order, so that two transactions never wait for each other
        attempt = change.action in ATTEMPTS
        if user_id not in known or len(user_id) > LONGEST_ID or "\0" in user_id:
            done.unknown.append(user_id)
        elif attempt and user_id in held:
            done.held.append(user_id)
        elif attempt and before[user_id].stopped:
            done.stopped.append(user_id)
        elif _claimed(connection, change, before[user_id], version):
            _touch(connection, change, user_id)
            log(connection, change.by, change.action, user_id=user_id, detail=change.value or None, of=change.of)
            done.changed.append(user_id)
        else:
            done.stale.extend(states(connection, change.list_id, [user_id]).values())
    return done


def states(connection: sa.Connection, list_id: str, users: Iterable[str]) -> dict[str, State]:
    """The state of each user."""
    wanted = list(users)
    query = (
        sa.select(people, touches.c.result, touches.c.touched_on, touches.c.touched_by)
        .select_from(people.outerjoin(touches, (touches.c.user_id == people.c.user_id) & (touches.c.list == list_id)))
        .where(people.c.user_id.in_([one for one in wanted if "\0" not in one]))
    )
    found = {row["user_id"]: State(**row) for row in connection.execute(query).mappings()}
    return {user_id: found.get(user_id, State(user_id)) for user_id in wanted}


def users_with(connection: sa.Connection, list_id: str, status: str, *, assignee: str | None = None) -> Sequence[str]:
    """The users with a status, or, where an assignee is named, the users of theirs."""
    if assignee is not None:
        theirs = sa.select(people.c.user_id).where(people.c.assignee == assignee)
        return [str(user_id) for user_id in connection.execute(theirs).scalars()]
    touched = sa.select(touches.c.user_id).where(touches.c.list == list_id)
    snoozed = people.c.snoozed_until > today()
    queries: dict[str, Any] = {
        "stopped": sa.select(people.c.user_id).where(people.c.stopped),
        "snoozed": sa.select(people.c.user_id).where(snoozed, ~people.c.stopped, people.c.user_id.not_in(touched)),
        "done": touched.union(sa.select(people.c.user_id).where(people.c.stopped | snoozed)),
        **{one: touched.where(touches.c.result == one) for one in TOUCHED},
    }
    return [str(user_id) for user_id in connection.execute(queries[status]).scalars()]


def touched(connection: sa.Connection, list_id: str, *, after: str) -> list[dict[str, Any]]:
    """The contacts of a list, by user; as many as `ROWS`, from the first id after one on."""
    columns = touches.c.user_id, touches.c.result, touches.c.touched_on, touches.c.touched_by
    query = sa.select(*columns).where(touches.c.list == list_id, touches.c.user_id > after)
    return [dict(row) for row in connection.execute(query.order_by(touches.c.user_id).limit(ROWS)).mappings()]


def assignees(connection: sa.Connection) -> Sequence[str]:
    """The persons to whom users are assigned."""
    named = sa.select(people.c.assignee).where(people.c.assignee.is_not(None)).distinct().order_by(people.c.assignee)
    return [str(name) for name in connection.execute(named).scalars()]


def _claimed(connection: sa.Connection, change: Change, state: State, version: int) -> bool:
    """Write a user's new state, unless somebody has changed the user since the version that was seen."""
    values = {"changed_by": change.by, "changed_at": now(), "version": version + 1, **_values(change)}
    if version == 0:
        row = {"user_id": state.user_id, "stopped": False, **values}
        added = _insert(connection, people).values(**row).on_conflict_do_nothing().returning(people.c.version)
        return connection.execute(added).first() is not None
    seen = (people.c.user_id == state.user_id) & (people.c.version == version)
    return connection.execute(people.update().where(seen).values(**values)).rowcount == 1


def _values(change: Change) -> dict[str, Any]:
    values: dict[str, dict[str, Any]] = {
        "assign": {"assignee": change.value},
        "unassign": {"assignee": None},
        "snooze": {"snoozed_until": change.value},
        "wake": {"snoozed_until": None},
        "stop": {"stopped": True},
        "resume": {"stopped": False},
    }
    return values.get(change.action, {})


def _touch(connection: sa.Connection, change: Change, user_id: str) -> None:
    """Keep the contact, or take it back where the user is open again."""
    if change.action in TOUCHED:
        values = {"result": change.action, "touched_on": today(), "touched_by": change.by}
        row = _insert(connection, touches).values(list=change.list_id, user_id=user_id, **values)
        connection.execute(row.on_conflict_do_update(index_elements=["list", "user_id"], set_=values))
    elif change.action == "open":
        same = (touches.c.list == change.list_id) & (touches.c.user_id == user_id)
        connection.execute(touches.delete().where(same))


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
