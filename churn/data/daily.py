"""From the canonical tables to one row per user, day and feature, computed in the engine."""

from collections.abc import Callable
from dataclasses import dataclass, field

import ibis
from ibis import _
from ibis.backends.duckdb import Backend

from churn.data.vocabulary import OTHER, STICKER_FEATURES, Vocabulary
from churn.errors import UserError


@dataclass(frozen=True)
class Reconciliation:
    """Where the rows of one table went: read = used + non_members + the rejected, each counted by itself.

    Example:
        >>> Reconciliation(read=10, used=7, non_members=2, rejected={"null event": 1}).balanced
        True
    """

    read: int
    used: int
    non_members: int
    rejected: dict[str, int] = field(default_factory=dict)

    @property
    def balanced(self) -> bool:
        """Whether every row that was read is accounted for."""
        return self.read == self.used + self.non_members + sum(self.rejected.values())


@dataclass(frozen=True)
class Daily:
    """The log as counts per user, day and feature, still in the engine.

    The tables use `code`, the position of a user in `users`, and days since 1970.
    """

    engine: Backend
    users: ibis.Table  # user_id, code; sorted by user_id
    counts: ibis.Table  # code, day, feature (position in the vocabulary), value
    active_days: ibis.Table  # code, day: the days with activity
    vocabulary: Vocabulary
    first_day: int
    last_day: int
    reconciliation: dict[str, Reconciliation]
    unknown_events: dict[str, int]  # counts of event types that have no column


@dataclass(frozen=True)
class Tables:
    """The canonical tables, each with `day` and `reason`; see `churn.data.events`."""

    engine: Backend
    events: ibis.Table
    stickers: ibis.Table | None = None
    members: ibis.Table | None = None


def aggregate(
    tables: Tables,
    *,
    training_end: Callable[[int, int], int],
    activity_events: tuple[str, ...] | None = None,
    max_event_types: int = 30,
    vocabulary: Vocabulary | None = None,
) -> Daily:
    """Count events per user, day and feature.

    Args:
        tables: The canonical tables.
        training_end: From the first and the last day to the first day after the training span.
        activity_events: The own events that count as being alive; all of them where None.
        max_event_types: How many event types get columns of their own.
        vocabulary: A vocabulary frozen earlier; made on the training span where None.

    Raises:
        UserError: if no row can be used, or no user has own events.
    """
    engine, events = tables.engine, _cached(tables.engine, _roles(tables.events))
    first_day, last_day = _span(events)
    stickers = None if tables.stickers is None else _clip(tables.stickers, first_day, last_day)
    users = _users(engine, events, tables.members)
    placed = _cached(engine, _placed(events, users))
    _check_activity(placed, activity_events or ())
    if vocabulary is None:
        end = training_end(first_day, last_day)
        seen = _event_counts(placed.filter(_.day < end))
        vocabulary = Vocabulary.of(
            seen, limit=max_event_types, stickers=stickers is not None, first_day=first_day, last_day=end - 1
        )
    if (stickers is not None) != (STICKER_FEATURES[0] in vocabulary.features):
        found = "none" if stickers is None else "one"
        wanted = "no sticker table, as in training" if stickers is not None else "a sticker table, as in training"
        raise UserError(f"expected {wanted}", found, "set data.stickers as it was, or train again")
    alive = _.event.isin(activity_events) if activity_events else ibis.literal(True)
    active = placed.filter((_.role == "own") & alive).select("code", "day").distinct()
    placed = placed.mutate(feature_name=_feature_name(vocabulary))
    reconciliation = {"events": _reconcile(events, _used(events, users))}
    parts = [_event_values(placed, vocabulary)]
    if stickers is not None:
        parts.append(_sticker_values(stickers, users, vocabulary))
        reconciliation["stickers"] = _reconcile(
            stickers, stickers.filter(_.reason.isnull()).semi_join(users, "user_id")
        )
    if tables.members is not None:
        reconciliation["members"] = _reconcile_members(tables.members)
    return Daily(
        engine,
        users,
        _cached(engine, ibis.union(*parts)) if len(parts) > 1 else parts[0],
        active,
        vocabulary,
        first_day,
        last_day,
        reconciliation,
        _unknown(placed, vocabulary),
    )


def _cached(engine: Backend, table: ibis.Table) -> ibis.Table:
    """A temporary table of the engine, which it may spill to disk."""
    return engine.create_table(ibis.util.gen_name("churn"), table, temp=True)


def _roles(events: ibis.Table) -> ibis.Table:
    """Fill in what a log may lack: without actors all is own activity, without types all is one type."""
    if "actor_id" not in events.columns:
        events = events.mutate(actor_id=_.user_id)
    if "event" not in events.columns:
        events = events.mutate(event=ibis.literal("event"))
    return events.select("user_id", "actor_id", event=_.event.cast("string"), day=_.day, reason=_.reason)


def _span(events: ibis.Table) -> tuple[int, int]:
    row = events.filter(_.reason.isnull()).aggregate(n=_.count(), first=_.day.min(), last=_.day.max()).to_pyarrow()
    n, first, last = (row[name][0].as_py() for name in ("n", "first", "last"))
    if not n:
        reasons = ", ".join(f"{k} ({v:,})" for k, v in _rejected(events).items())
        raise UserError(
            "expected a log with at least one usable event",
            f"{events.count().execute():,} rows" + (f", rejected for: {reasons}" if reasons else ""),
            "check data.events and its columns",
        )
    return first, last


def _clip(stickers: ibis.Table, first_day: int, last_day: int) -> ibis.Table:
    """Reject stickers outside the days that the event log covers: there, silence is not known."""
    outside = ibis.cases((_.day < first_day, "before the first event"), (_.day > last_day, "after the last event"))
    return stickers.mutate(reason=_.reason.coalesce(outside))


def _users(engine: Backend, events: ibis.Table, members: ibis.Table | None) -> ibis.Table:
    """The users in order: the members, or without a list everyone who ever acted in the own room."""
    if members is not None:
        listed = members.filter(_.reason.isnull()).select("user_id").distinct()
    else:
        listed = events.filter(_.reason.isnull() & (_.user_id == _.actor_id)).select("user_id").distinct()
    users = _cached(engine, listed.mutate(code=ibis.row_number().over(order_by=_.user_id)))
    if not users.count().execute():
        where = "the member list" if members is not None else "the events"
        raise UserError(f"expected at least one user in {where}", "none", "check the mapping of user_id and actor_id")
    return users


def _placed(events: ibis.Table, users: ibis.Table) -> ibis.Table:
    """Each usable event with its role for each user it concerns: (code, day, role, event, n)."""
    events = events.filter(_.reason.isnull())
    role = ibis.ifelse(_.user_id == _.actor_id, "own", "fan")
    rooms = events.mutate(role=role).join(users, "user_id").select("code", "day", "role", "event")
    away = events.filter(_.user_id != _.actor_id).select("actor_id", "day", "event", role=ibis.literal("away"))
    away = away.join(users, away.actor_id == users.user_id).select("code", "day", "role", "event")
    return rooms.union(away).group_by("code", "day", "role", "event").aggregate(n=_.count())


def _check_activity(placed: ibis.Table, activity_events: tuple[str, ...]) -> None:
    """Events that nobody ever did can't tell who is alive: most likely a name is mistyped."""
    if activity_events:
        own = placed.filter(_.role == "own").select("event").distinct().order_by("event")
        seen = own.to_pyarrow()["event"].to_pylist()
        if unseen := [event for event in activity_events if event not in seen]:
            raise UserError(
                f"expected data.activity_events out of the users' own events: {', '.join(seen)}",
                ", ".join(unseen),
                "correct the names",
            )


def _event_counts(placed: ibis.Table) -> dict[tuple[str, str], int]:
    rows = placed.group_by("role", "event").aggregate(n=_.n.sum()).to_pyarrow().to_pylist()
    return {(row["role"], row["event"]): row["n"] for row in rows}


def _feature_name(vocabulary: Vocabulary) -> ibis.Value:
    own_column = _.event.isin(vocabulary.events) if vocabulary.events else ibis.literal(False)
    return _.role + "_" + ibis.ifelse(own_column, _.event, OTHER)


def _event_values(placed: ibis.Table, vocabulary: Vocabulary) -> ibis.Table:
    position = ibis.memtable(
        {"feature_name": list(vocabulary.features), "feature": list(range(len(vocabulary.features)))},
        schema={"feature_name": "string", "feature": "int32"},
    )
    grouped = placed.join(position, "feature_name").group_by("code", "day", "feature")
    return grouped.aggregate(value=_.n.sum().cast("float64"))


def _sticker_values(stickers: ibis.Table, users: ibis.Table, vocabulary: Vocabulary) -> ibis.Table:
    count, amount = (vocabulary.features.index(name) for name in STICKER_FEATURES)
    stickers = stickers.filter(_.reason.isnull()).join(users, "user_id")
    value = _.amount.sum() if "amount" in stickers.columns else _.count()
    days = stickers.group_by("code", "day").aggregate(n=_.count().cast("float64"), amount=value.cast("float64"))
    return ibis.union(
        days.select("code", "day", feature=ibis.literal(count, "int32"), value=_.n),
        days.select("code", "day", feature=ibis.literal(amount, "int32"), value=_.amount),
    )


def _unknown(placed: ibis.Table, vocabulary: Vocabulary) -> dict[str, int]:
    lost = placed.filter(~_.feature_name.isin(vocabulary.features)).mutate(name=_.role + "_" + _.event)
    rows = lost.group_by("name").aggregate(n=_.n.sum()).order_by(ibis.desc("n"), "name").to_pyarrow().to_pylist()
    return {row["name"]: row["n"] for row in rows}


def _used(events: ibis.Table, users: ibis.Table) -> ibis.Table:
    concerned = _.user_id.isin(users.user_id) | _.actor_id.isin(users.user_id)
    return events.filter(_.reason.isnull() & concerned)


def _rejected(table: ibis.Table) -> dict[str, int]:
    rows = table.filter(_.reason.notnull()).group_by("reason").aggregate(n=_.count()).order_by("reason")
    return {row["reason"]: row["n"] for row in rows.to_pyarrow().to_pylist()}


def _reconcile(table: ibis.Table, used: ibis.Table) -> Reconciliation:
    rejected = _rejected(table)
    kept = int(used.count().execute())
    usable = int(table.filter(_.reason.isnull()).count().execute())
    return Reconciliation(int(table.count().execute()), kept, usable - kept, rejected)


def _reconcile_members(members: ibis.Table) -> Reconciliation:
    distinct = int(members.filter(_.reason.isnull()).user_id.nunique().execute())
    rejected = _rejected(members)
    repeated = int(members.filter(_.reason.isnull()).count().execute()) - distinct
    if repeated:
        rejected["repeated user_id"] = repeated
    return Reconciliation(int(members.count().execute()), distinct, 0, rejected)
