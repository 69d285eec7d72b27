"""Counts: the events of a log become one row per user, day and feature, computed in the engine."""

from collections.abc import Callable

import ibis
import numpy as np
import pandas as pd
from ibis import _
from numpy.typing import NDArray

from churn.data.config.log_config import FIRST
from churn.data.log.daily import Daily, Tables, beside, cached, check_balance, check_members, span_of, users_in
from churn.data.log.joining import SOURCE
from churn.data.log.reconciliation import NON_MEMBER, USED, reconcile
from churn.data.log.vocabulary import ROLES, Vocabulary
from churn.errors import UserError

CODES = (("user_id", "room"), ("actor_id", "actor"))  # columns of ids, and the names of their codes


def aggregate(
    tables: Tables,
    *,
    training_end: Callable[[int, int], int],
    span: tuple[int, int] | None = None,
    training_users: Callable[[pd.Index], NDArray[np.bool_]] | None = None,
    activity_events: tuple[str, ...] | None = None,
    max_event_types: int = 30,
    vocabulary: Vocabulary | None = None,
) -> Daily:
    """Count events per user, day and feature.

    The log is passed through once for the rooms and once for the visits to others; all else is done on these counts.

    Args:
        tables: The canonical tables.
        training_end: Gives the first day after the training span for the log's first and last day.
        span: The first and the last day of a platform without an event log; by default the events' own.
        training_users: Marks the users of the training part among all ids; all users where None.
        activity_events: The own events that count as being alive; all own events where None.
        max_event_types: The largest number of event types with columns of their own.
        vocabulary: A vocabulary frozen earlier; made on the training span where None.

    Raises:
        UserError: if no row can be used, or no user has own events.
    """
    engine, events = tables.engine, _complete(tables.events)
    users = users_in(engine, events, tables.listed, own=_.user_id == _.actor_id)
    rooms = cached(engine, _rooms(_coded(events, users)))
    first_day, last_day = span or span_of(rooms)
    placed = _placed(rooms, cached(engine, _away(events, users)))
    _check_activity(placed, activity_events or ())
    if vocabulary is None:
        end = training_end(first_day, last_day)
        trained = _of_training(placed.filter(_.day < end), users, training_users)
        vocabulary = Vocabulary.of(
            *(_event_counts(trained.filter(_[SOURCE] == name)) for name in tables.sources),
            limit=max_event_types,
            stickers=tables.stickers is not None,
            first_day=first_day,
            last_day=end - 1,
        )
    alive = _.event.isin(activity_events) if activity_events else ibis.literal(True)
    active = placed.filter((_.role == "own") & alive).select("code", "day").distinct()
    counts = _event_counts(placed)
    others = beside(tables, users, vocabulary, first_day=first_day, last_day=last_day)
    rows, reconciliation = dict(others.rows), dict(others.reconciliation)
    if span is None:
        rows = tables.sources | rows
        own = {
            name: reconcile(table, _event_fates(rooms.filter(_[SOURCE] == name)))
            for name, table in tables.sources.items()
        }
        reconciliation = own | reconciliation
    columns = {key: vocabulary.column(*key) for key in counts}
    parts = [_event_values(placed, columns, vocabulary, several=len(tables.sources) > 1), *others.gifts]
    check_balance(reconciliation)
    for name in tables.sources if span is None else ():
        check_members(reconciliation[name], name, tables.sources[name], users)
    return Daily(
        engine,
        users,
        cached(engine, ibis.union(*parts)) if len(parts) > 1 else parts[0],
        active,
        vocabulary,
        first_day,
        last_day,
        reconciliation,
        {name: table for name, table in rows.items() if reconciliation[name].rejected},
        _unknown(counts, vocabulary),
        tuple(sorted({event for _, event in counts})),
        _made(placed, tables.making),
    )


def _made(placed: ibis.Table, making: tuple[str, ...]) -> tuple[str, ...]:
    """The types of what users make themselves."""
    if not making:
        return ()
    counts = _event_counts(placed.filter(_[SOURCE].isin(making)))
    return tuple(sorted({event for role, event in counts if role == "own"}))


def _complete(events: ibis.Table) -> ibis.Table:
    """Fill in columns that a log may lack: without actors all is own activity, without types all is one type."""
    if "actor_id" not in events.columns:
        events = events.mutate(actor_id=_.user_id)
    if "event" not in events.columns:
        events = events.mutate(event=ibis.literal("event"))
    if SOURCE not in events.columns:
        events = events.mutate(**{SOURCE: ibis.literal(FIRST)})
    return events.select("user_id", "actor_id", SOURCE, event=_.event.cast("string"), day=_.day, reason=_.reason)


def _coded(events: ibis.Table, users: ibis.Table) -> ibis.Table:
    """Events with the codes of the room's user and of the actor, null for people who are not users."""
    rooms, actors = (users.select(**{name: users.user_id, code: users.code}) for name, code in CODES)
    coded = events.mutate(own=_.user_id == _.actor_id).left_join(rooms, "user_id").left_join(actors, "actor_id")
    return coded.select("room", "actor", "own", "event", "day", "reason", SOURCE)


def _rooms(coded: ibis.Table) -> ibis.Table:
    """All rows counted by room: (source, room, own, visited, event, day, reason, n); strangers' rooms `visited` by
    users."""
    visited = _.room.isnull() & _.actor.notnull()
    keyed = coded.mutate(visited=visited)
    return keyed.group_by(SOURCE, "room", "own", "visited", "event", "day", "reason").aggregate(n=_.count())


def _away(events: ibis.Table, users: ibis.Table) -> ibis.Table:
    """Counts of users' events in others' rooms: (source, code, day, role, event, n)."""
    visits = events.filter(_.reason.isnull() & (_.user_id != _.actor_id))
    visits = visits.join(users.select(actor_id=users.user_id, code=users.code), "actor_id")
    counts = visits.group_by(SOURCE, "code", "event", "day").aggregate(n=_.count())
    return counts.select(SOURCE, "day", "event", "n", "code", role=ibis.literal("away"))


def _placed(rooms: ibis.Table, away: ibis.Table) -> ibis.Table:
    """Usable events by the user they concern and that user's role: (source, code, day, role, event, n)."""
    rooms = rooms.filter(_.reason.isnull() & _.room.notnull())
    rooms = rooms.select(SOURCE, "day", "event", "n", code=_.room, role=ibis.ifelse(_.own, "own", "fan"))
    return rooms.union(away)


def _event_fates(rooms: ibis.Table) -> ibis.Table:
    """The fate of each event: used if it concerns a user, as the room's owner or as the actor."""
    concerned = _.room.notnull() | _.visited
    return rooms.select(fate=_.reason.coalesce(ibis.ifelse(concerned, USED, NON_MEMBER)), n=_.n)


def _check_activity(placed: ibis.Table, activity_events: tuple[str, ...]) -> None:
    """Raise a UserError for activity events that nobody ever did: most likely a name is mistyped."""
    if activity_events:
        own = placed.filter(_.role == "own").select("event").distinct().order_by("event")
        seen = own.to_pyarrow()["event"].to_pylist()
        if unseen := [event for event in activity_events if event not in seen]:
            raise UserError(
                f"expected data.activity_events out of the users' own events: {', '.join(seen)}",
                ", ".join(unseen),
                "correct the names",
            )


def _of_training(
    placed: ibis.Table, users: ibis.Table, training_users: Callable[[pd.Index], NDArray[np.bool_]] | None
) -> ibis.Table:
    """The events of the training part's users, where the split is by user; else all events."""
    if training_users is None:
        return placed
    listed = users.to_pandas()
    codes = listed.code[training_users(pd.Index(listed.user_id))]
    return placed.semi_join(ibis.memtable({"code": codes.to_numpy(np.int64)}, schema={"code": "int64"}), "code")


def _event_counts(placed: ibis.Table) -> dict[tuple[str, str], int]:
    """The number of events of each type in each role, the most frequent first."""
    rows = placed.group_by("role", "event").aggregate(n=_.n.sum().cast("int64"))
    rows = rows.order_by(ibis.desc("n"), "role", "event").to_pyarrow().to_pylist()
    return {(row["role"], row["event"]): row["n"] for row in rows}


def _event_values(
    placed: ibis.Table, columns: dict[tuple[str, str], str | None], vocabulary: Vocabulary, *, several: bool
) -> ibis.Table:
    """The counts as one row per user, day and column; only types that share a column have to be added up."""
    known = [(*key, vocabulary.features.index(name)) for key, name in columns.items() if name is not None]
    position = ibis.memtable(
        pd.DataFrame(known, columns=["role", "event", "feature"]),
        schema={"role": "string", "event": "string", "feature": "int32"},
    )
    values = placed.join(position, ["role", "event"]).select("code", "day", "feature", value=_.n.cast("float64"))
    names = {f"{role}_{vocabulary.lumped}" for role in ROLES}
    shared = [i for i, name in enumerate(vocabulary.features) if name in names or several]
    if not shared:
        return values
    other = values.filter(_.feature.isin(shared)).group_by("code", "day", "feature").aggregate(value=_.value.sum())
    return values.filter(~_.feature.isin(shared)).union(other)


def _unknown(counts: dict[tuple[str, str], int], vocabulary: Vocabulary) -> dict[str, int]:
    """Events whose column the vocabulary does not have, the most frequent first."""
    return {f"{role}_{event}": n for (role, event), n in counts.items() if vocabulary.column(role, event) is None}
