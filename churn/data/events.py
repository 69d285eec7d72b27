"""The canonical tables: columns found, types checked, days counted, unusable rows named."""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.datatypes as dt
from ibis import _

from churn.errors import UserError

# How each table may be mapped; False marks a column that the table can do without.
EVENT_COLUMNS = {"user_id": True, "timestamp": True, "actor_id": False, "event": False}
STICKER_COLUMNS = {"user_id": True, "timestamp": True, "actor_id": False, "amount": False}
MEMBER_COLUMNS = {"user_id": True, "joined": False}

_EPOCH_UNITS = {"s": 1e11, "ms": 1e14, "us": 1e17, "ns": float("inf")}  # the largest number read in that unit


@ibis.udf.scalar.builtin(signature=(("string", "timestamp('UTC')"), "timestamp"))
def timezone(zone, when):  # type: ignore[no-untyped-def]
    """The wall clock of a zone; DuckDB and PostgreSQL share the name."""


@ibis.udf.scalar.builtin(signature=(("int64",), "timestamp"))
def make_timestamp(microseconds):  # type: ignore[no-untyped-def]
    """Microseconds since 1970 in DuckDB; ibis itself reads only seconds and milliseconds there."""


@ibis.udf.scalar.builtin(signature=(("int64",), "timestamp"))
def make_timestamp_ns(nanoseconds):  # type: ignore[no-untyped-def]
    """Nanoseconds since 1970 in DuckDB."""


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
        """The table with its standard columns under their standard names, and every column that is not one."""
        taken = {*self.names.values(), *MEMBER_COLUMNS}
        return table.select(**self._renamed(table), **{c: table[c] for c in table.columns if c not in taken})

    def _renamed(self, table: ibis.Table) -> dict[str, ibis.Value]:
        return {standard: _typed(table[own], standard) for standard, own in self.names.items()}


def _typed(column: ibis.Value, standard: str) -> ibis.Value:
    """Give a type to a column of nothing but nulls, which an engine cannot store."""
    return column.cast("float64" if standard == "amount" else "string") if column.type().is_null() else column


def with_day(table: ibis.Table, *, zone: str, name: str) -> ibis.Table:
    """Add `day`, whole days since 1970-01-01 in a zone; null where the timestamp cannot be read.

    Timestamps may carry a zone; those without one are read as UTC. Numbers are seconds, milliseconds,
    microseconds or nanoseconds since 1970, told apart by their size; text is parsed. A date without a time
    of day is that day in every zone.

    Raises:
        UserError: if the column holds neither times, dates, numbers nor text, or no text that is a time.
    """
    when = _as_timestamp(table, name)
    date = timezone(zone, when.cast(dt.Timestamp(timezone="UTC"))).date()
    column = table["timestamp"]
    if column.type().is_date():
        date = column
    elif column.type().is_string():
        date = ibis.ifelse(column.strip().length() <= len("2024-03-01"), column.try_cast("date"), date)
    return table.mutate(day=date.epoch_days())


def _as_timestamp(table: ibis.Table, name: str) -> ibis.Value:
    column = table["timestamp"]
    kind = column.type()
    if kind.is_timestamp() or kind.is_date():
        return column
    if kind.is_numeric():
        if kind.is_floating():
            column = ibis.ifelse(_finite(column), column, None).floor()
        largest = column.max().to_pyarrow().as_py() or 0
        unit = next(unit for unit, limit in _EPOCH_UNITS.items() if largest < limit)
        whole = column.cast("int64")
        finer = {"us": make_timestamp, "ns": make_timestamp_ns}
        return finer[unit](whole) if unit in finer else whole.as_timestamp(unit)
    if kind.is_string():
        return _parsed(table, name)
    raise UserError(f"expected times in {name}.timestamp", f"the type {kind}", "map a column of times")


def _finite(column: ibis.Value) -> ibis.Value:
    return ~(column.isnan() | column.isinf())


def _parsed(table: ibis.Table, name: str) -> ibis.Value:
    parsed = table["timestamp"].try_cast(dt.Timestamp(timezone="UTC"))
    if table.count().execute() and not parsed.count().execute():
        sample = table.timestamp.first().execute()
        raise UserError(f"expected times in {name}.timestamp", repr(sample), "map a column of times")
    return parsed


def with_reason(table: ibis.Table, *, first_day: int | None, last_day: int | None) -> ibis.Table:
    """Add `reason`, why a row cannot be used, null where it can; the first that applies.

    `first_day` and `last_day` (days since 1970) are the stated span; rows outside it are named so.
    """
    cases = [(_.user_id.isnull(), "null user_id")]
    if "actor_id" in table.columns:
        cases.append((_.actor_id.isnull(), "null actor_id"))
    if "event" in table.columns:
        cases.append((_.event.isnull(), "null event"))
    cases.append((_.day.isnull(), "null or unreadable timestamp"))
    if first_day is not None:
        cases.append((_.day < first_day, "before the span"))
    if last_day is not None:
        cases.append((_.day > last_day, "after the span"))
    if "amount" in table.columns:
        cases += [(_.amount.isnull(), "null amount"), (_.amount < 0, "negative amount")]
        if table.amount.type().is_floating():
            cases.append((~_finite(_.amount), "amount that is not a number"))
    return table.mutate(reason=ibis.cases(*cases, else_=ibis.null("string")))
