"""Days in the engine: what an event log and a table of days are read into, and the tables that stand beside either."""

from dataclasses import dataclass, field

import ibis
from ibis import _
from ibis.backends import BaseBackend

from churn.data.config.log_config import FIRST
from churn.data.log.dialects import dialect_of
from churn.data.log.reconciliation import NON_MEMBER, USED, Reconciliation, reconcile
from churn.data.log.vocabulary import STICKER_FEATURES, Vocabulary
from churn.errors import UserError


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
    users = cached(engine, dialect_of(usable).numbered(usable, "user_id", "code"))
    if not users.count().execute():
        if listed is None:
            span_of(rows.mutate(n=1), key=key)  # says so if no row at all can be used
        where = "the member list" if listed is not None else "the events"
        raise UserError(f"expected at least one user in {where}", "none", "check the mapping of user_id and actor_id")
    return users


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


def fates_of_users(rows: ibis.Table, users: ibis.Table) -> ibis.Table:
    """The fates of rows that concern one user each, with their numbers `n`."""
    found = rows.left_join(users.select(user_id=users.user_id, code=users.code), "user_id")
    return found.select(fate=_.reason.coalesce(ibis.ifelse(_.code.notnull(), USED, NON_MEMBER)), n=_.n)


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
