"""The canonical tables: columns found, values read, days counted, unusable rows named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.datatypes as dt
from ibis import _

from churn.data.dialects import dialect_of, isfinite
from churn.errors import UserError

# How each table may be mapped; False marks a column that the table can do without.
EVENT_COLUMNS = {"user_id": True, "timestamp": True, "actor_id": False, "event": False, "event_id": False}
STICKER_COLUMNS = {"user_id": True, "timestamp": True, "actor_id": False, "amount": False, "event_id": False}
MEMBER_COLUMNS = {"user_id": True, "joined": False}
STANDARD_COLUMNS = {"events": EVENT_COLUMNS, "stickers": STICKER_COLUMNS, "members": MEMBER_COLUMNS}

CALENDAR = (-25_567, 84_005)  # 1900-01-01 to 2199-12-31: other days stand for `never` or are mistyped
_FIRST_ROWS = 1000  # enough to tell text that is times from text that is not
_EPOCH_UNITS = {"s": 1e11, "ms": 1e14, "us": 1e17, "ns": 1e20}  # numbers under it are read in that unit


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
        key, mapping = f"{name.rstrip('s')}_columns", dict(mapping or {})
        if unknown := sorted(set(mapping) - set(standard)):
            raise UserError(f"expected the keys {', '.join(standard)} in {key}", unknown, "correct the key")
        wanted = {column: mapping.get(column, column) for column in standard}
        found = {c: own for c, own in wanted.items() if own is not None and own in table.columns}
        lacking = [wanted[c] for c, needed in standard.items() if c not in found and (needed or mapping.get(c))]
        if lacking:
            raise UserError(
                f"expected the column {lacking[0]!r} in {name}",
                f"the columns {', '.join(table.columns)}",
                f"map it under data.{key}",
            )
        return cls(found)

    def select(self, table: ibis.Table) -> ibis.Table:
        """The table with its standard columns alone, under their standard names."""
        return table.select(**self._renamed(table))

    def select_all(self, table: ibis.Table) -> ibis.Table:
        """The table with its standard columns under their standard names, and its attributes.

        Raises:
            UserError: for an attribute with a name that is taken.
        """
        if "reason" in table.columns and "reason" not in self.names.values():
            raise UserError("expected no column called reason in members", "one", "rename it in the table or a view")
        taken = {*self.names.values(), *MEMBER_COLUMNS}
        kept = {c: table[c] for c in table.columns if c not in taken and is_attribute(table[c].type())}
        return table.select(**self._renamed(table), **kept)

    def _renamed(self, table: ibis.Table) -> dict[str, ibis.Value]:
        return {standard: _typed(table[own], standard) for standard, own in self.names.items()}


def is_attribute(kind: dt.DataType) -> bool:
    """Whether a member's column of this type can be compared or learned from; others, such as JSON, are not read."""
    return bool(kind.is_numeric() or kind.is_boolean() or kind.is_string() or kind.is_date() or kind.is_timestamp())


def _typed(column: ibis.Value, standard: str) -> ibis.Value:
    """Give a type to a column of nothing but nulls, which an engine cannot store, and text to one of JSON scalars."""
    kind = column.type()
    if kind.is_json():
        return dialect_of(column.as_table()).unquoted(column)
    return column.cast("float64" if standard == "amount" else "string") if kind.is_null() else column


def with_day(table: ibis.Table, *, zone: str, name: str) -> ibis.Table:
    """Add `day`, whole days since 1970-01-01 in a zone; null where the timestamp cannot be read.

    Timestamps may carry a zone; those without one are read as UTC. Numbers, in a column of text too, are seconds,
    milliseconds, microseconds or nanoseconds since 1970, told apart by their size (from 1973 on); other text is parsed.
    A date without a time of day is that day in every zone.

    Raises:
        UserError: if the column holds neither times, dates, numbers nor text, or no text that is a time.
    """
    column = table["timestamp"]
    when = moment(table, name)
    date = dialect_of(table).local_time(ibis.ifelse(isfinite(when), when, None), zone).date()
    if column.type().is_date():
        date = ibis.ifelse(isfinite(when), column, None)
    elif column.type().is_string():
        short = column.strip().length() <= len("2024-03-01")
        date = ibis.ifelse(short, dialect_of(table).date(column).coalesce(date), date)
    return table.mutate(day=date.epoch_days())


def with_clock(table: ibis.Table, *, zone: str, name: str) -> ibis.Table:
    """Add `hour`, 0 to 23 in a zone, null where the timestamp holds a date alone; `whole`, whether it lies on a whole
    hour of UTC; and `midnight`, whether it is midnight sharp in the zone or in UTC, as which dates are often kept.

    Raises:
        UserError: as `with_day` does.
    """
    column = table["timestamp"]
    when = moment(table, name)
    when = ibis.ifelse(isfinite(when), when, None)
    here, utc = (dialect_of(table).local_time(when, z).cast("timestamp(6)") for z in (zone, "UTC"))
    known = ibis.literal(not column.type().is_date())
    if column.type().is_string():
        known = column.strip().length() > len("2024-03-01")
    midnight = (here == here.truncate("D")) | (utc == utc.truncate("D"))
    return table.mutate(hour=ibis.ifelse(known, here.hour(), None), whole=utc == utc.truncate("h"), midnight=midnight)


def moment(table: ibis.Table, name: str) -> ibis.Value:
    """The timestamps of a table as moments, or as times in UTC; null where they cannot be read. See `with_day`."""
    column = table["timestamp"]
    kind = column.type()
    if kind.is_timestamp():
        return column
    if kind.is_date():
        return column.cast("timestamp")
    if kind.is_numeric():
        return _since_epoch(table, column)
    if kind.is_string():
        return _parsed(table, name)
    raise UserError(f"expected times in {name}.timestamp", f"the type {kind}", "map a column of times")


def _since_epoch(table: ibis.Table, number: ibis.Value) -> ibis.Value:
    """Each number in its own unit, since files of one log may differ."""
    if not number.type().is_integer():
        number = ibis.ifelse(_finite(number), number, None).floor()
    dialect, smaller = dialect_of(table), 0.0
    cases = []
    for unit, limit in _EPOCH_UNITS.items():
        here = (number.abs() >= smaller) & (number.abs() < limit)
        cases.append((here, dialect.since_epoch(ibis.ifelse(here, number, None), unit)))
        smaller = limit
    return ibis.cases(*cases, else_=None)


def _parsed(table: ibis.Table, name: str) -> ibis.Value:
    """Text as moments, or as numbers where the first rows hold these."""
    column, dialect = table["timestamp"], dialect_of(table)
    moment, number = dialect.instant(column), dialect.number(column)
    head = table.filter(column.notnull()).limit(_FIRST_ROWS)
    for rows in (head, table):  # the whole table only where its first rows tell nothing
        n, moments, numbers = (
            rows.aggregate(n=rows.count(), moments=moment.count(), numbers=number.count()).to_pandas().iloc[0]
        )
        if moments or numbers:
            return moment.cast("timestamp").coalesce(_since_epoch(table, number)) if numbers else moment
        if n < _FIRST_ROWS:
            break
    if n:
        sample = head.limit(1).timestamp.to_pyarrow()[0].as_py()
        raise UserError(f"expected times in {name}.timestamp", repr(sample), "map a column of times")
    return moment


def with_amount(table: ibis.Table, *, name: str) -> ibis.Table:
    """Read the amounts of a table that has them: numbers and decimals as they are, text as numbers.

    What cannot be read becomes NaN, which is rejected later.

    Raises:
        UserError: if the column holds neither numbers nor text with numbers.
    """
    if "amount" not in table.columns or table.amount.type().is_numeric():
        return table
    number = dialect_of(table).number(table.amount) if table.amount.type().is_string() else None
    if number is None or (table.count().execute() and not number.count().execute()):
        raise UserError(
            f"expected numbers in {name}.amount", f"the type {table.amount.type()}", "map a column of numbers"
        )
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
    """Add `reason`, why a row cannot be used, null where it can; the first that applies.

    `first_day` and `last_day` (days since 1970) are the stated span; rows outside it are named so, as are events
    whose type is not among the `allowed_events`, and `negative` says what an amount below 0 is; None where it is one
    like any other.
    """
    given = [table[c].isnull() for c in table.columns if c != "day"]
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
        cases.append((_.amount.isnull(), "null amount"))
        cases += [] if negative is None else [(_.amount < 0, negative)]
        if not table.amount.type().is_integer():
            cases.append((~_finite(_.amount), "amount that is not a number"))
    return table.mutate(reason=ibis.cases(*cases, else_=ibis.null("string")))


def with_repeats(table: ibis.Table, *, key: Sequence[str], reason: str) -> ibis.Table:
    """Give a reason to every usable row but the first of those that are equal in the columns `key`.

    The first is the earliest; between rows of one time, the one whose other columns sort first, so that the order in
    which an engine happens to read changes nothing.
    """
    order = [c for c in ("timestamp", *table.columns) if c in table.columns and c not in (*key, "reason", "day")]
    window = ibis.window(group_by=[*key, _.reason.isnull()], order_by=list(dict.fromkeys(order)))
    position = ibis.row_number().over(window)
    return table.mutate(reason=ibis.ifelse(_.reason.isnull() & (position > 0), reason, _.reason))
