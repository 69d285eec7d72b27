"""Daily counts: the canonical tables become one row per user, day and feature, computed in the engine."""

from collections.abc import Callable
from dataclasses import dataclass, field

import ibis
import numpy as np
import pandas as pd
from ibis import _
from ibis.backends import BaseBackend
from numpy.typing import NDArray

from churn.data.config.log_config import FIRST
from churn.data.log.dialects import dialect_of
from churn.data.log.joining import SOURCE
from churn.data.log.reconciliation import NON_MEMBER, USED, Reconciliation, reconcile
from churn.data.log.vocabulary import ROLES, STICKER_FEATURES, Vocabulary
from churn.errors import UserError

CODES = (("user_id", "room"), ("actor_id", "actor"))  # columns of ids, and the names of their codes


@dataclass(frozen=True)
class Daily:
    """The log as counts per user, day and feature, still in the engine.

    The tables use `code`, the position of a user in `users`, and days since 1970.
    """

    engine: BaseBackend
    users: ibis.Table  # user_id, code; sorted by user_id
    counts: ibis.Table  # code, day, feature (position in the vocabulary), value
    active_days: ibis.Table  # code, day: the days with activity
    vocabulary: Vocabulary
    first_day: int
    last_day: int
    reconciliation: dict[str, Reconciliation]
    rejected: dict[str, ibis.Table]  # the tables with rows that have a `reason`
    unknown_events: dict[str, int]  # counts of event types that have no column
    event_types: tuple[str, ...]  # the types of all days, sorted
    made: tuple[str, ...]  # the types of the sources that hold what users make, sorted
    reported: ibis.Table | None = None  # code, day: the rows of a table of days; None for an event log
    levels: ibis.Table | None = None  # code, day, feature (position among the vocabulary's levels), value


@dataclass(frozen=True)
class Beside:
    """Tables beside the log or the table of days: stickers by day, rows with their reasons, and their fates."""

    gifts: list[ibis.Table]  # code, day, feature, value; none without stickers
    rows: dict[str, ibis.Table]  # each table with its reasons
    reconciliation: dict[str, Reconciliation]


@dataclass(frozen=True)
class Tables:
    """The canonical tables, each with `day` and `reason`; see `churn.data.log.events`."""

    engine: BaseBackend
    events: ibis.Table
    stickers: ibis.Table | None = None
    members: ibis.Table | None = None
    outcomes: ibis.Table | None = None  # with `answer` and `due`, as far as they are there
    columns: dict[str, dict[str, str]] = field(default_factory=dict)  # each table's own columns, with types
    times: dict[str, dict[str, str]] = field(default_factory=dict)  # per table: format, text, read, first, last
    logs: dict[str, ibis.Table] = field(default_factory=dict)  # the sources of the events, by name
    making: tuple[str, ...] = ()  # the names of the sources that hold what users make
    daily: ibis.Table | None = None  # a table of days in place of events, with a column per channel
    channels: tuple[str, ...] = ()  # the names of its channels, in the order of their columns

    @property
    def sources(self) -> dict[str, ibis.Table]:
        """The sources of the events, by name, with all of each one's columns."""
        return self.logs or {FIRST: self.events}

    @property
    def listed(self) -> ibis.Table | None:
        """The table that says who the users are: the member list, else that of outcomes; None for the log itself."""
        return self.outcomes if self.members is None else self.members


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
    coded = _coded(events, users)
    rooms = cached(engine, _rooms(coded))
    first_day, last_day = span or span_of(rooms)
    placed = _placed(rooms, cached(engine, _away(coded)))
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


def beside(tables: Tables, users: ibis.Table, vocabulary: Vocabulary, *, first_day: int, last_day: int) -> Beside:
    """The stickers by day, and the fates of the rows of stickers, members and outcomes."""
    _check_stickers(tables.stickers, vocabulary)
    values: list[ibis.Table] = []
    rows: dict[str, ibis.Table] = {}
    reconciliation: dict[str, Reconciliation] = {}
    if tables.stickers is not None:
        rows["stickers"] = _clip(tables.stickers, first_day, last_day)
        received = cached(tables.engine, _received(rows["stickers"]))
        reconciliation["stickers"] = reconcile(tables.stickers, fates_of_users(received, users))
        values.append(_sticker_values(received, users, vocabulary))
    if tables.members is not None:
        rows["members"] = tables.members
        reconciliation["members"] = reconcile(
            tables.members, tables.members.select(fate=_.reason.coalesce(USED), n=ibis.literal(1))
        )
    if tables.outcomes is not None:
        rows["outcomes"] = tables.outcomes
        asked = fates_of_users(tables.outcomes.mutate(n=ibis.literal(1)), users)
        reconciliation["outcomes"] = reconcile(tables.outcomes, asked)
    return Beside(values, rows, reconciliation)


def _made(placed: ibis.Table, making: tuple[str, ...]) -> tuple[str, ...]:
    """The types of what users make themselves."""
    if not making:
        return ()
    counts = _event_counts(placed.filter(_[SOURCE].isin(making)))
    return tuple(sorted({event for role, event in counts if role == "own"}))


def check_balance(reconciliation: dict[str, Reconciliation]) -> None:
    """Raise a UserError for a table whose rows do not add up, since others wrote to it meanwhile."""
    for name, rows in reconciliation.items():
        if not rows.balanced:
            raise UserError(f"expected {name} to stand still while it is read", rows, "read a copy or a snapshot")


def check_members(rows: Reconciliation, name: str, log: ibis.Table, users: ibis.Table) -> None:
    """Raise a UserError for a source of events or days of which all usable rows concern strangers."""
    if not rows.used and rows.non_members:
        found = f"none: {rows.non_members:,} of {rows.read:,} rows concern nobody on the member list"
        one, other = (table.user_id.min().to_pyarrow().as_py() for table in (log, users))
        found += f"; an id of the {name} is {one!r}, of the list {other!r}"
        raise UserError(f"expected {name} of the members", found, "check the ids of both tables and member_columns")


def cached(engine: BaseBackend, table: ibis.Table) -> ibis.Table:
    """A temporary table of the engine, which it may spill to disk."""
    return engine.create_table(ibis.util.gen_name("churn"), table, temp=True)


def _complete(events: ibis.Table) -> ibis.Table:
    """Fill in columns that a log may lack: without actors all is own activity, without types all is one type."""
    if "actor_id" not in events.columns:
        events = events.mutate(actor_id=_.user_id)
    if "event" not in events.columns:
        events = events.mutate(event=ibis.literal("event"))
    if SOURCE not in events.columns:
        events = events.mutate(**{SOURCE: ibis.literal(FIRST)})
    return events.select("user_id", "actor_id", SOURCE, event=_.event.cast("string"), day=_.day, reason=_.reason)


def users_in(
    engine: BaseBackend,
    rows: ibis.Table,
    listed: ibis.Table | None,
    *,
    own: ibis.Value | ibis.Deferred,
    key: str = "data.events",
) -> ibis.Table:
    """The users in order: all who are listed, or without a list everyone who has a usable row of the own."""
    usable = rows.filter(own) if listed is None else listed
    usable = usable.filter(_.reason.isnull()).select("user_id").distinct()
    user_id = dialect_of(usable).by_bytes(usable.user_id) if usable.user_id.type().is_string() else usable.user_id
    users = cached(engine, usable.mutate(code=ibis.row_number().over(order_by=user_id)))
    if not users.count().execute():
        if listed is None:
            span_of(rows.mutate(n=1), key=key)  # says so if no row at all can be used
        where = "the member list" if listed is not None else "the events"
        raise UserError(f"expected at least one user in {where}", "none", "check the mapping of user_id and actor_id")
    return users


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


def _away(coded: ibis.Table) -> ibis.Table:
    """Counts of users' events in others' rooms: (source, code, day, role, event, n)."""
    visits = coded.filter(_.reason.isnull() & ~_.own & _.actor.notnull())
    counts = visits.group_by(SOURCE, "actor", "event", "day").aggregate(n=_.count())
    return counts.select(SOURCE, "day", "event", "n", code=_.actor, role=ibis.literal("away"))


def span_of(rooms: ibis.Table, *, key: str = "data.events") -> tuple[int, int]:
    """The first and the last day of usable rows, counted as `n`.

    Raises:
        UserError: if there is none.
    """
    row = rooms.filter(_.reason.isnull()).aggregate(n=_.count(), first=_.day.min(), last=_.day.max()).to_pyarrow()
    n, first, last = (row[name][0].as_py() for name in ("n", "first", "last"))
    if not n:
        lost = rooms.group_by("reason").aggregate(n=_.n.sum().cast("int64")).order_by("reason").to_pyarrow().to_pylist()
        of_events = key == "data.events"
        what = "a log with at least one usable event" if of_events else "a table of days with at least one usable row"
        reasons = ", ".join(f"{row['reason']} ({row['n']:,})" for row in lost)
        raise UserError(
            f"expected {what}",
            f"{sum(row['n'] for row in lost):,} rows" + (f", rejected for: {reasons}" if reasons else ""),
            f"check {key} and its columns",
        )
    return first, last


def _clip(stickers: ibis.Table, first_day: int, last_day: int) -> ibis.Table:
    """Reject stickers outside the days that the event log covers, since silence is not known there."""
    outside = ibis.cases((_.day < first_day, "before the first event"), (_.day > last_day, "after the last event"))
    return stickers.mutate(reason=_.reason.coalesce(outside))


def _placed(rooms: ibis.Table, away: ibis.Table) -> ibis.Table:
    """Usable events by the user they concern and that user's role: (source, code, day, role, event, n)."""
    rooms = rooms.filter(_.reason.isnull() & _.room.notnull())
    rooms = rooms.select(SOURCE, "day", "event", "n", code=_.room, role=ibis.ifelse(_.own, "own", "fan"))
    return rooms.union(away)


def _event_fates(rooms: ibis.Table) -> ibis.Table:
    """The fate of each event: used if it concerns a user, as the room's owner or as the actor."""
    concerned = _.room.notnull() | _.visited
    return rooms.select(fate=_.reason.coalesce(ibis.ifelse(concerned, USED, NON_MEMBER)), n=_.n)


def fates_of_users(rows: ibis.Table, users: ibis.Table) -> ibis.Table:
    """The fates of rows that concern one user each, with their numbers `n`."""
    known = _.user_id.isin(users.user_id)
    return rows.select(fate=_.reason.coalesce(ibis.ifelse(known, USED, NON_MEMBER)), n=_.n)


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


def _check_stickers(stickers: ibis.Table | None, vocabulary: Vocabulary) -> None:
    if (stickers is not None) != (STICKER_FEATURES[0] in vocabulary.features):
        found = "none" if stickers is None else "one"
        wanted = "no sticker table, as in training" if stickers is not None else "a sticker table, as in training"
        raise UserError(f"expected {wanted}", found, "set data.stickers as it was, or train again")


def _received(stickers: ibis.Table) -> ibis.Table:
    """All rows counted by receiver: (user_id, day, reason, n, gifts, amount); a refund is no gift."""
    rows = stickers.group_by("user_id", "day", "reason")
    if "amount" not in stickers.columns:
        return rows.aggregate(n=_.count(), gifts=_.count(), amount=_.count().cast("float64"))
    return rows.aggregate(n=_.count(), gifts=_.count(where=_.amount >= 0), amount=_.amount.sum().cast("float64"))


def _sticker_values(received: ibis.Table, users: ibis.Table, vocabulary: Vocabulary) -> ibis.Table:
    count, amount = (vocabulary.features.index(name) for name in STICKER_FEATURES)
    days = received.filter(_.reason.isnull()).join(users, "user_id")
    return ibis.union(
        days.select("code", "day", feature=ibis.literal(count, "int32"), value=_.gifts.cast("float64")),
        days.select("code", "day", feature=ibis.literal(amount, "int32"), value=_.amount),
    )
