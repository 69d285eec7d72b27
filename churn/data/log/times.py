"""Times: the format in which a column holds them, found from the column itself, and each value as a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Literal

import duckdb
import ibis

from churn.data.config.time_formats import FORMAT_KEY, formats_of, zone_abbreviation
from churn.data.log.dialects import by_format, dialect_of
from churn.errors import UserError

_FIRST_ROWS = 1000  # enough to tell text that is times from text that is not
_NEARLY_ALL = 0.95  # share of a column's numbers
_EPOCH_UNITS = {"s": 1e11, "ms": 1e14, "us": 1e17, "ns": 1e20}  # numbers under it are read in that unit
_DATE_ALONE = r"^\s*\d{4}([-/.] ?\d{1,2}[-/.] ?\d{1,2}[.]?|\d{4})\s*$"
_WHOLE = 9e18  # numbers under it are whole numbers of 64 bits
_SERIAL_OF_1970 = 25_569  # a spreadsheet's day 0 is 1899-12-30
_SECONDS = 86_400  # seconds of a day
_LARGEST = 1e18  # numbers under it are whole ones of 64 bits

Kind = Literal["times", "dates", "ISO 8601", "strptime", "epoch", "digits", "days", "serial"]
_NUMBERS: dict[Kind, tuple[tuple[float, float], ...]] = {  # kinds of numbers beside times since 1970
    "serial": ((30_000, 80_000),),  # 1982 to 2119
    "days": ((10_000, 29_999),),  # 1997 to 2052
    "digits": tuple((1_900 * 10**n, 2_200 * 10**n) for n in (4, 8, 10)),
}
_MOST: dict[Kind, float] = {"serial": 1e7, "days": 1e7, "digits": 1e14}  # numbers from which on there is no day
_WORDS: dict[Kind, str] = {
    "times": "a column of times",
    "dates": "a column of dates",
    "ISO 8601": "ISO 8601",
    "epoch": "s, ms, µs or ns since 1970",
    "digits": "%Y%m%d, %Y%m%d%H%M or %Y%m%d%H%M%S",
    "days": "days since 1970",
    "serial": "a spreadsheet's days since 1899-12-30",
}


@dataclass(frozen=True)
class Written:
    """The format of a column of times."""

    kind: Kind
    form: str = ""  # the format of strptime

    def __str__(self) -> str:
        """The format in words, as `churn check` shows it."""
        return self.form or _WORDS[self.kind]

    def moment(self, column: ibis.Value) -> ibis.Value:
        """The values as moments, or as times in UTC; null where they cannot be read."""
        if self.kind in ("times", "dates"):
            return column.cast("timestamp") if self.kind == "dates" else column
        if self.kind == "strptime":
            return by_format(_text(column), self.form)
        if not column.type().is_string():
            return self._of_number(column)
        dialect = dialect_of(column.as_table())
        instant = dialect.instant(column)
        if self.kind == "ISO 8601":
            return instant
        return instant.cast("timestamp").coalesce(self._of_number(dialect.number(column)))

    def _of_number(self, number: ibis.Value) -> ibis.Value:
        if self.kind != "epoch":  # what no calendar holds would end the query
            number = ibis.ifelse(number.cast("float64").abs() < _MOST[self.kind], number, None)
        if self.kind == "digits":
            text = _text(number).re_replace(r"^(\d{8})(\d*)$", r"\1 T\2")  # apart, since $1T would be a name for Sail
            return dialect_of(number.as_table()).instant(text).cast("timestamp")
        if self.kind == "epoch":
            return _since_epoch(number)
        days = number.cast("float64") - (_SERIAL_OF_1970 if self.kind == "serial" else 0)
        return _since_epoch((days * (_SECONDS * 1000)).round(), unit="ms")

    def is_date(self, column: ibis.Value) -> ibis.Value:
        """Whether each value is a date without a time of day."""
        if self.kind == "strptime":
            return ibis.literal("%H" not in self.form and "%I" not in self.form)
        if column.type().is_string() and self.kind in ("ISO 8601", "epoch"):
            return column.re_search(_DATE_ALONE)
        if self.kind in ("digits", "serial", "days"):
            number = dialect_of(column.as_table()).number(column) if column.type().is_string() else column
            return number < 10**8 if self.kind == "digits" else (number.cast("float64") % 1 == 0)
        return ibis.literal(self.kind == "dates")


def with_moments(table: ibis.Table, how: Written, *, column: str = "timestamp") -> ibis.Table:
    """The table with a column as moments, and beside it `written`, its text, and `dated`, whether it is a date alone.

    Text is parsed once, into a temporary table, and not in every pass.
    """
    if how.kind == "times":
        return table
    values = table[column]
    text = values if values.type().is_string() else values.cast("string")
    table = table.mutate(written=text, dated=how.is_date(values).fill_null(False), **{column: how.moment(values)})
    if not values.type().is_string():
        return table
    return values.as_table().get_backend().create_table(ibis.util.gen_name("churn"), table, temp=True)


def needs_strptime(table: ibis.Table, column: str, *, asked: str | None) -> bool:
    """Whether the times of a column can be read by a format alone, for which DuckDB is needed."""
    return asked is not None or (table[column].type().is_string() and _counts(table, column)[1:] == (0, 0))


def written(table: ibis.Table, column: str, *, asked: str | None, name: str, key: str) -> Written:
    """Find out how the times of a column are written.

    Typed columns and text with the year first speak for themselves; numbers are times since 1970, days or digits,
    by their size. Other text is read by the one format that fits every value that any format fits: where a day may be
    taken for a month, nothing is guessed.

    Args:
        table: The table; where `needs_strptime`, in DuckDB.
        column: The column's name in it.
        asked: The format of strptime that the configuration names.
        name: The column in messages, such as events.timestamp.
        key: The mapping of the table's columns in the configuration, such as data.event_columns.

    Raises:
        UserError: for a column without times, a format that does not fit, or one that several formats fit.

    Example:
        >>> log = ibis.memtable({"when": ["31.12.2024 18:05", "01.01.2025 00:30"]})
        >>> str(written(log, "when", asked=None, name="events.timestamp", key="data.event_columns"))
        '%d.%m.%Y %H:%M'
    """
    values, kind = table[column], table[column].type()
    if asked is not None:
        return _asked(table, column, asked, name=name, key=key)
    if kind.is_timestamp():
        return Written("times")
    if kind.is_date():
        return Written("dates")
    if kind.is_numeric():
        return _kind_of_numbers(values)
    if kind.is_string():
        n, instants, numbers = _counts(table, column)
        if numbers:
            return _kind_of_numbers(dialect_of(table).number(values))
        return Written("ISO 8601") if instants or not n else _only_format(table, column, name=name, key=key)
    raise UserError(f"expected times in {name}", f"the type {kind}", "map a column of times")


def _counts(table: ibis.Table, column: str) -> tuple[int, int, int]:
    """The numbers of values, times in ISO 8601, and numbers: in the first rows, or in all if the first have neither."""
    dialect = dialect_of(table)
    for rows in (table.filter(table[column].notnull()).limit(_FIRST_ROWS), table):
        text = rows[column]
        counts = rows.aggregate(n=text.count(), t=dialect.instant(text).count(), x=dialect.number(text).count())
        n, instants, numbers = map(int, counts.to_pandas().iloc[0])
        if instants or numbers or n < _FIRST_ROWS:
            break
    return n, instants, numbers


def _kind_of_numbers(number: ibis.Value) -> Written:
    """The kind of nearly all numbers; times since 1970 where there is none, each in its own unit."""
    finite = _finite(number)
    number = ibis.ifelse(finite, number, None).name("x")
    table = number.as_table()
    within = {k: reduce(or_, (table.x.between(low, high) for low, high in v)) for k, v in _NUMBERS.items()}
    counts = table.aggregate(n=table.x.count(), **{kind: there.sum() for kind, there in within.items()})
    found = counts.to_pandas().iloc[0]
    return Written(next((kind for kind in _NUMBERS if found.n and found[kind] >= _NEARLY_ALL * found.n), "epoch"))


def _asked(table: ibis.Table, column: str, form: str, *, name: str, key: str) -> Written:
    kind, values, key = table[column].type(), table[column], f"{key}.{FORMAT_KEY}"
    if not (kind.is_string() or kind.is_integer()):
        raise UserError(f"expected text in {name}, to be read by {key}", f"the type {kind}", "leave the key out")
    try:
        found = table.aggregate(n=values.count(), read=by_format(_text(values), form).count()).to_pandas().iloc[0]
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"expected a format of strptime in {key}", f"{form!r}: {reason}", "correct it") from error
    if found.n and not found.read:
        sample = _text(table.filter(values.notnull()).limit(1)[column]).to_pyarrow()[0].as_py()
        raise UserError(f"expected times in {name} written as {form}", repr(sample), f"correct {key}")
    return Written("strptime", form)


def fitting_formats(table: ibis.Table, column: str) -> list[str]:
    """The formats of strptime in which a column's text can be read; several where a day may be taken for a month.

    Example:
        >>> fitting_formats(ibis.memtable({"when": ["03/04/2023"]}), "when")
        ['%d/%m/%Y', '%m/%d/%Y']
    """
    samples = _samples(table, column)
    return _fitting(table, column, list(dict.fromkeys(form for sample in samples for form in formats_of(sample))))


def _samples(table: ibis.Table, column: str) -> list[str]:
    rows = table.filter(table[column].notnull()).limit(_FIRST_ROWS)
    samples: list[str] = rows[column].to_pyarrow().to_pylist()
    return samples


def _only_format(table: ibis.Table, column: str, *, name: str, key: str) -> Written:
    samples, fitting = _samples(table, column), fitting_formats(table, column)
    if len(fitting) == 1:
        return Written("strptime", fitting[0])
    if not fitting and (zone := next(filter(None, map(zone_abbreviation, samples)), "")):
        found = f"{next(text for text in samples if zone in text)!r}, and {zone} may be several zones"
        remedy = "write the hours from UTC in its place, such as +0900, or the zone, such as Asia/Seoul"
        raise UserError(f"expected times in {name}", found, remedy)
    if not fitting:
        remedy = f'map a column of times, or say how they are written: `{key}: {{{FORMAT_KEY}: "%d/%m/%Y %H:%M"}}`'
        raise UserError(f"expected times in {name}", repr(samples[0]), remedy)
    which = " or ".join(f'`{FORMAT_KEY}: "{form}"`' for form in fitting)
    sample = next((text for text in samples if len({_read(text, form) for form in fitting}) > 1), samples[0])
    readings = ", ".join(f"{_read(sample, form)} by {form}" for form in fitting)
    remedy = f"say in {key} how they are written: {which}"
    raise UserError(f"expected times in {name} that can be read in one way", f"{sample!r}: {readings}", remedy)


def _fitting(table: ibis.Table, column: str, forms: Sequence[str]) -> list[str]:
    """The formats that read every value that any format reads; if there is none, every format that reads any."""
    if not forms:
        return []
    read = [by_format(table[column], form).notnull() for form in forms]
    counts = {f"form{place}": there.sum() for place, there in enumerate(read)}
    found = table.aggregate(any=reduce(or_, read).sum(), **counts).to_pandas().iloc[0].fillna(0)
    every = [form for place, form in enumerate(forms) if found["any"] and found[f"form{place}"] == found["any"]]
    return every or [form for place, form in enumerate(forms) if found[f"form{place}"]]


def _read(sample: str, form: str) -> str:
    day = by_format(ibis.memtable({"text": [sample]}).text, form).cast("date").to_pyarrow()[0].as_py()
    return str(day or "no day")


def _text(column: ibis.Value) -> ibis.Value:
    if column.type().is_string():
        return column
    if not column.type().is_integer():  # text such as infinity is a number, too, which engines refuse with the table
        column = ibis.ifelse(column.cast("float64").abs() < _LARGEST, column, None)
    return column.cast("int64").cast("string")


def _since_epoch(number: ibis.Value, *, unit: str | None = None) -> ibis.Value:
    """Moments from numbers since 1970, each in the unit of its own size, since files of one log may differ."""
    if not number.type().is_integer():
        number = ibis.ifelse(_finite(number) & (number.cast("float64").abs() < _WHOLE), number, None).floor()
    dialect, smaller = dialect_of(number.as_table()), 0.0
    if unit is not None:
        return dialect.since_epoch(number, unit)
    cases = []
    for unit, limit in _EPOCH_UNITS.items():
        here = (number.abs() >= smaller) & (number.abs() < limit)
        cases.append((here, dialect.since_epoch(ibis.ifelse(here, number, None), unit)))
        smaller = limit
    return ibis.cases(*cases, else_=None)


def _finite(column: ibis.Value) -> ibis.Value:
    column = column.cast("float64")  # PostgreSQL's decimals have a NaN too
    return ~(column.isnan() | column.isinf())
