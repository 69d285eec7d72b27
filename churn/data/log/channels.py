"""Channels: the numbers of a table with one row per user and day, in place of the counts of an event log."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import ibis
import ibis.expr.datatypes as dt
import numpy as np
from ibis import _

from churn.data.config.daily_config import Channels
from churn.data.log.daily import (
    Daily,
    Tables,
    beside,
    cached,
    check_balance,
    check_members,
    fates_of_users,
    span_of,
    users_in,
)
from churn.data.log.reconciliation import reconcile
from churn.data.log.vocabulary import STICKER_FEATURES, Vocabulary
from churn.errors import UserError

NOT_A_NUMBER = "channel that is not a number"
_MOST = float(np.finfo(np.float32).max)


def column_of(place: int) -> str:
    """The name of a channel's column in the canonical table, whatever the channel is called."""
    return f"channel_{place}"


def channels_in(raw: ibis.Table, config: Channels, *, mapped: Sequence[str]) -> dict[str, str]:
    """The channels of a table, by name the column that holds each.

    Args:
        raw: The table.
        config: The channels that are listed, left out, or levels.
        mapped: The columns that hold users and days.

    Raises:
        UserError: for a column that is not there or holds no numbers, a level that is no channel, a channel with the
            name of another column, and a table without channels.
    """
    numbers = [name for name, kind in raw.schema().items() if _is_number(kind) and name not in mapped]
    found = config.named(numbers)
    there = f"the columns {', '.join(raw.columns)}"
    if lacking := [own for own in (*found.values(), *config.unused) if own not in raw.columns]:
        raise UserError(f"expected the column {lacking[0]!r} in daily", there, "correct data.daily_columns")
    if others := [own for own in found.values() if not (_is_number(raw[own].type()) or raw[own].type().is_null())]:
        kind = f"{others[0]}, of type {raw[others[0]].type()}"
        raise UserError("expected numbers in the channels of daily", kind, "leave it out of data.daily_columns")
    if not found:
        raise UserError("expected a column of numbers in daily", there, "name a table with channels")
    if taken := [name for name in found if name in STICKER_FEATURES]:
        remedy = "give it another name in data.daily_columns, such as {gifts: " + taken[0] + "}"
        raise UserError(f"expected no channel called {taken[0]}", "one", remedy)
    if unknown := [name for name in config.levels if name not in found]:
        raise UserError(f"expected data.daily_levels out of {', '.join(found)}", unknown[0], "correct the name")
    return found


def _is_number(kind: dt.DataType) -> bool:
    return bool(kind.is_numeric() or kind.is_boolean())


def as_number(column: ibis.Value) -> ibis.Value:
    """A channel's values as floats; yes and no as 1 and 0."""
    return (column.cast("int32") if column.type().is_boolean() else column).cast("float64")


def with_faults(table: ibis.Table) -> ibis.Table:
    """Give a reason to usable rows with a channel that is no finite number, or none that a float32 holds.

    A null is no fault: nothing is said of that channel.
    """
    columns = [table[name] for name in table.columns if name.startswith(column_of(0)[:-1])]
    wrong = ibis.or_(*(column.notnull() & ~(column.abs() <= _MOST) for column in columns))
    return table.mutate(reason=ibis.ifelse(_.reason.isnull() & wrong, NOT_A_NUMBER, _.reason))


def aggregate_days(
    tables: Tables,
    *,
    channels: Channels,
    active_channels: Sequence[str],
    training_end: Callable[[int, int], int],
    vocabulary: Vocabulary | None = None,
) -> Daily:
    """Take the counts and levels of each user and day from a table that holds them.

    Args:
        tables: The canonical tables.
        channels: The channels of the configuration.
        active_channels: The channels that are above 0 on days with activity; all counts where empty.
        training_end: As in `aggregate`.
        vocabulary: A vocabulary frozen earlier; all channels where None.

    Raises:
        UserError: if no row can be used, or a channel is not there.
    """
    engine, table, names = tables.engine, tables.daily, tables.channels
    assert table is not None  # whoever has no such table counts events
    users = users_in(engine, table, tables.listed, own=ibis.literal(True), key="data.daily")
    rows = cached(
        engine, fates_of_users(table.mutate(n=ibis.literal(1)), users).group_by("fate").aggregate(n=_.n.sum())
    )
    first_day, last_day = span_of(table.mutate(n=ibis.literal(1)), key="data.daily")
    if vocabulary is None:
        end = training_end(first_day, last_day)
        vocabulary = _frozen(
            names, channels, stickers=tables.stickers is not None, first_day=first_day, last_day=end - 1
        )
    _check_channels(names, (*vocabulary.counted, *vocabulary.levels), key="data.daily, as in training")
    _check_channels(names, active_channels, key="the channels of data.daily that tell of activity")
    columns = {name: column_of(place) for place, name in enumerate(names)}
    used = table.filter(_.reason.isnull()).join(users, "user_id")
    days = cached(engine, used.select("code", "day", *columns.values()))
    alive = [columns[name] for name in active_channels or vocabulary.counted]
    if not alive:
        remedy = "set data.activity_events or data.daily_activity: every channel is a level"
        raise UserError("expected a channel that tells of activity", "none", remedy)
    counts = [_long(days, columns[name], place) for place, name in enumerate(vocabulary.counted)]
    levels = [_long(days, columns[name], place, zeros=True) for place, name in enumerate(vocabulary.levels)]
    others = beside(tables, users, vocabulary, first_day=first_day, last_day=last_day)
    reconciliation = {"daily": reconcile(table, rows)} | others.reconciliation
    check_balance(reconciliation)
    check_members(reconciliation["daily"], "daily", table, users)
    values = [*counts, *others.gifts] or [_long(days, alive[0], 0).filter(ibis.literal(False))]
    return Daily(
        engine,
        users,
        cached(engine, ibis.union(*values)) if len(values) > 1 else values[0],
        days.filter(ibis.or_(*(days[name] > 0 for name in alive))).select("code", "day"),
        vocabulary,
        first_day,
        last_day,
        reconciliation,
        {name: rows for name, rows in {"daily": table, **others.rows}.items() if reconciliation[name].rejected},
        {},
        (),
        (),
        days.select("code", "day"),
        ibis.union(*levels) if len(levels) > 1 else next(iter(levels), None),
    )


def _frozen(names: Sequence[str], channels: Channels, *, stickers: bool, first_day: int, last_day: int) -> Vocabulary:
    counted = tuple(name for name in names if name not in channels.levels)
    found = Vocabulary((), counted + STICKER_FEATURES * stickers, first_day, last_day)
    return replace(found, levels=tuple(name for name in names if name in channels.levels))


def _check_channels(names: Sequence[str], wanted: Sequence[str], *, key: str) -> None:
    if lacking := [name for name in wanted if name not in names]:
        raise UserError(f"expected {lacking[0]} among {key}", f"the channels {', '.join(names)}", "correct the name")


def _long(days: ibis.Table, column: str, place: int, *, zeros: bool = False) -> ibis.Table:
    """One channel's values by day: (code, day, feature, value); a count of 0 is as good as none."""
    told = days[column].notnull() if zeros else days[column] != 0
    return days.filter(told).select("code", "day", feature=ibis.literal(place, "int32"), value=days[column])
