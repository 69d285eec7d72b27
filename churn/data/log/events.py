"""The canonical tables: columns found, values read, days counted, unusable rows named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.datatypes as dt
from ibis import _

from churn.data.config.time_formats import FORMAT_KEY
from churn.data.log.dialects import dialect_of
from churn.data.log.numbers import number_in
from churn.data.sources import UNREADABLE
from churn.errors import UserError

# How each table may be mapped; False marks a column that the table can do without.
EVENT_COLUMNS = {"user_id": True, "timestamp": True, "actor_id": False, "event": False, "event_id": False}
STICKER_COLUMNS = {"user_id": True, "timestamp": True, "actor_id": False, "amount": False, "event_id": False}
MEMBER_COLUMNS = {"user_id": True, "joined": False}
OUTCOME_COLUMNS = {"user_id": True, "timestamp": True}
DAILY_COLUMNS = {"user_id": True, "timestamp": True}  # and channels
_OF_OTHERS = {
    "daily": DAILY_COLUMNS,
    "stickers": STICKER_COLUMNS,
    "members": MEMBER_COLUMNS,
    "outcomes": OUTCOME_COLUMNS,
}

CALENDAR = (-25_567, 84_005)  # 1900-01-01 to 2199-12-31: other days stand for `never` or are mistyped
NULL_AMOUNT = "null amount"
BESIDE = ("day", "dated", UNREADABLE)  # columns that say nothing of their own about a row


def columns_key(name: str) -> str:
    """The configuration's key that maps a table's columns.

    Example:
        >>> columns_key("members"), columns_key("items")
        ('data.member_columns', '`columns` of items in data.events')
    """
    own = name in ("events", *_OF_OTHERS)
    return f"data.{name.rstrip('s')}_columns" if own else f"`columns` of {name} in data.events"


def standard_columns(name: str) -> dict[str, bool]:
    """The standard columns of a table by its name, and whether it needs each; a source of events may have any name.

    Example:
        >>> standard_columns("events") == standard_columns("items"), standard_columns("members")
        (True, {'user_id': True, 'joined': False})
    """
    return _OF_OTHERS.get(name, EVENT_COLUMNS)


@dataclass(frozen=True)
class Columns:
    """The names that a table gives to the standard columns.

    Example:
        >>> table = ibis.table({"owner": "string", "timestamp": "timestamp"}, name="log")
        >>> Columns.find(table, {"user_id": "owner"}, standard=EVENT_COLUMNS, name="events").names
        {'user_id': 'owner', 'timestamp': 'timestamp'}
    """

    names: dict[str, str]

    @classmethod
    def find(
        cls, table: ibis.Table, mapping: Mapping[str, str | None] | None, *, standard: Mapping[str, bool], name: str
    ) -> "Columns":
        """Match a mapping (standard name to the table's own) with the columns that are there.

        A standard name that is not mapped stands for itself; mapped to null, it is left unused.

        Raises:
            UserError: for an unknown standard name or a column that the table lacks.
        """
        key, mapping = columns_key(name), dict(mapping or {})
        mapping.pop(FORMAT_KEY, None)
        if unknown := sorted(set(mapping) - set(standard)):
            raise UserError(f"expected the keys {', '.join(standard)} in {key}", unknown, "correct the key")
        wanted = {column: mapping.get(column, column) for column in standard}
        found = {c: own for c, own in wanted.items() if own is not None and own in table.columns}
        lacking = [wanted[c] for c, needed in standard.items() if c not in found and (needed or mapping.get(c))]
        if lacking:
            raise UserError(
                f"expected the column {lacking[0]!r} in {name}",
                f"the columns {', '.join(table.columns)}",
                f"map it under {key}, as `churn init` does for a file",
            )
        return cls(found)

    def select(self, table: ibis.Table, **others: str | None) -> ibis.Table:
        """The table with its standard columns alone, and others that it has, under the names given here."""
        further = {name: _typed(table[own], name) for name, own in others.items() if own in table.columns}
        return table.select(**self._renamed(table), **further)

    def select_all(self, table: ibis.Table) -> ibis.Table:
        """The table with its standard columns under their standard names, and its attributes.

        Raises:
            UserError: for an attribute with a name that is taken.
        """
        if "reason" in table.columns and "reason" not in self.names.values():
            raise UserError("expected no column called reason in members", "one", "rename it in the table or a view")
        taken = {*self.names.values(), *MEMBER_COLUMNS, UNREADABLE}
        kept = {c: table[c] for c in table.columns if c not in taken and is_attribute(table[c].type())}
        return table.select(**self._renamed(table), **kept)

    def _renamed(self, table: ibis.Table) -> dict[str, ibis.Value]:
        lines = {UNREADABLE: table[UNREADABLE]} if UNREADABLE in table.columns else {}
        return {standard: _typed(table[own], standard) for standard, own in self.names.items()} | lines


def is_attribute(kind: dt.DataType) -> bool:
    """Whether a member's column of this type can be compared or learned from; others, such as JSON, are not read."""
    return bool(kind.is_numeric() or kind.is_boolean() or kind.is_string() or kind.is_date() or kind.is_timestamp())


def _typed(column: ibis.Value, standard: str) -> ibis.Value:
    """Give a type to a column of nulls alone, which an engine cannot store, and turn JSON scalars into text.

    An object or an array among JSON scalars becomes null; a column of nothing else is refused.
    """
    kind = column.type()
    if kind.is_nested():
        raise UserError(f"expected text, numbers or times in {standard}", str(kind), "map another column to it")
    if kind.is_json():
        return dialect_of(column.as_table()).unquoted(column)
    return column.cast("float64" if standard == "amount" else "string") if kind.is_null() else column


def with_day(table: ibis.Table, *, zone: str) -> ibis.Table:
    """Add `day`, whole days since 1970-01-01 in a zone; null where the moment in `timestamp` is null.

    A moment without a zone is one in UTC. A date without a time of day, as `dated` says, is that day in every zone.
    """
    when = dialect_of(table).finite(table.timestamp)
    local_time = dialect_of(table).local_time
    date = local_time(when, zone).date()
    if "dated" in table.columns:
        date = ibis.ifelse(table.dated, local_time(when, "UTC").date(), date)
    return table.mutate(day=date.epoch_days())


def with_clock(table: ibis.Table, *, zone: str) -> ibis.Table:
    """Add `hour`, 0 to 23 in a zone, null where the log holds a date alone; `whole`, whether the moment lies on a whole
    hour of UTC; and `midnight`, whether it is midnight sharp in the zone or in UTC, as which dates are often kept.
    """
    when = dialect_of(table).finite(table.timestamp)
    here, utc = (dialect_of(table).local_time(when, z).cast("timestamp(6)") for z in (zone, "UTC"))
    hour = ibis.ifelse(~table.dated, here.hour(), None) if "dated" in table.columns else here.hour()
    midnight = (here == here.truncate("D")) | (utc == utc.truncate("D"))
    return table.mutate(hour=hour, whole=utc == utc.truncate("h"), midnight=midnight)


def with_amount(table: ibis.Table, *, name: str, decimal: str | None = None) -> ibis.Table:
    """Read the amounts of a table that has any: numbers and decimals as they are, text as numbers.

    Unreadable text becomes NaN, which is rejected later.

    Args:
        table: The table.
        name: The table's name in messages.
        decimal: The sign before decimals in text; by default the column tells it.

    Raises:
        UserError: if the column holds neither numbers nor text with numbers.
    """
    if "amount" not in table.columns or table.amount.type().is_numeric():
        return table
    is_text = table.amount.type().is_string()
    number = number_in(table, "amount", decimal=decimal, name=f"{name}.amount") if is_text else None
    if number is None or (table.amount.count().execute() and not number.count().execute()):
        found = table.filter(table.amount.notnull()).limit(1).amount.to_pandas()
        sample = f", such as {found.iloc[0]!r}" if len(found) else ""
        found = f"the type {table.amount.type()}{sample}"
        raise UserError(f"expected numbers in {name}.amount", found, "map a column of numbers")
    unreadable = table.amount.notnull() & number.isnull()
    return table.mutate(amount=ibis.ifelse(unreadable, ibis.literal(float("nan")), number))


def _finite(column: ibis.Value) -> ibis.Value:
    column = column.cast("float64")  # PostgreSQL's decimals have a NaN too
    return ~(column.isnan() | column.isinf())


def with_reason(
    table: ibis.Table,
    *,
    first_day: int | None,
    last_day: int | None,
    allowed_events: Sequence[str] | None = None,
    negative: str | None = "negative amount",
) -> ibis.Table:
    """Add `reason`, the first reason why a row cannot be used; null where it can be.

    `first_day` and `last_day` (days since 1970) are the stated span; rows outside it are named so, as are events
    whose type is not among the `allowed_events`. `negative` is the reason for an amount below 0; None where it is an
    amount like any other.
    """
    given = [table[c].isnull() for c in table.columns if c not in BESIDE]
    cases = [(ibis.and_(*given), "empty or unreadable row")] if len(given) > 1 else []
    texts = ("user_id", "actor_id", "event", "event_id")
    cases += [(table[name].isnull(), f"null {name}") for name in texts if name in table.columns]
    cases.append((_.day.isnull(), "null or unreadable timestamp"))
    cases.append((~_.day.between(*CALENDAR), "not between the years 1900 and 2199"))
    if first_day is not None:
        cases.append((_.day < first_day, "before the span"))
    if last_day is not None:
        cases.append((_.day > last_day, "after the span"))
    if "event" in table.columns and allowed_events is not None:
        cases.append((~_.event.cast("string").isin(allowed_events), "event not allowed"))
    if "amount" in table.columns:
        cases.append((_.amount.isnull(), NULL_AMOUNT))
        cases += [] if negative is None else [(_.amount < 0, negative)]
        if not table.amount.type().is_integer():
            cases.append((~_finite(_.amount), "amount that is not a number"))
    return table.mutate(reason=ibis.cases(*cases, else_=ibis.null("string")))


def with_repeats(table: ibis.Table, *, key: Sequence[str], reason: str) -> ibis.Table:
    """Give a reason to usable rows that repeat an earlier one in the columns `key`.

    The first is the earliest; between rows of one time, the one whose other columns sort first, so that the order in
    which an engine happens to read changes nothing.
    """
    order = [c for c in ("timestamp", *table.columns) if c in table.columns and c not in (*key, "reason", "day")]
    window = ibis.window(group_by=[*key, _.reason.isnull()], order_by=list(dict.fromkeys(order)))
    position = ibis.row_number().over(window)
    return table.mutate(reason=ibis.ifelse(_.reason.isnull() & (position > 0), reason, _.reason))
