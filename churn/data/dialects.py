"""What engines spell differently: text and numbers as times, and the order of text."""

from collections.abc import Callable
from dataclasses import dataclass

import ibis
import ibis.expr.datatypes as dt
from ibis.backends import BaseBackend

_MOMENT = dt.Timestamp(timezone="UTC")
_TICKS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}  # per second

# Text that engines read alike; beside it they know words such as `now`, and zones that mean different things.
_DATE = r"^\s*\d{4}[-/]\d{1,2}[-/]\d{1,2}"
_TIME = r"\d{1,2}:\d{2}(:[0-5]\d([.]\d+)?)?"
_ZONE = r"(Z|z|UTC|[+-]\d{2}(:?\d{2})?|[A-Z][A-Za-z]+/[A-Za-z_/]+)"
_INSTANT = rf"{_DATE}([T ]+{_TIME}\s*{_ZONE}?)?\s*$"
_SAFE_CASTS = {
    "churn_instant": ("timestamptz", _INSTANT),
    "churn_date": ("date", _DATE),
    "churn_number": ("float8", ""),
}
_SAFE_CAST = """
CREATE OR REPLACE FUNCTION pg_temp.{name}(value text) RETURNS {kind} LANGUAGE plpgsql STABLE AS $$
BEGIN RETURN {value}::{kind}; EXCEPTION WHEN data_exception THEN RETURN NULL; END $$
"""

_UNQUOTED = """
CREATE OR REPLACE FUNCTION pg_temp.churn_unquoted(value jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
SELECT value #>> '{}' $$
"""


@ibis.udf.scalar.builtin(signature=(("json",), "string"), database="pg_temp")
def churn_unquoted(value):  # type: ignore[no-untyped-def]
    """A JSON scalar as text in PostgreSQL, without its quotes."""


@ibis.udf.scalar.builtin(signature=(("json", "string"), "string"))
def json_extract_string(value, path):  # type: ignore[no-untyped-def]
    """A part of a JSON value as text in DuckDB, without its quotes."""


@ibis.udf.scalar.builtin(signature=(("int64",), "timestamp(6)"))
def make_timestamp(microseconds):  # type: ignore[no-untyped-def]
    """Microseconds since 1970 in DuckDB."""


@ibis.udf.scalar.builtin(signature=(("int64",), "timestamp(9)"))
def make_timestamp_ns(nanoseconds):  # type: ignore[no-untyped-def]
    """Nanoseconds since 1970 in DuckDB."""


@ibis.udf.scalar.builtin(signature=(("timestamp('UTC')",), "int64"))
def epoch_us(moment):  # type: ignore[no-untyped-def]
    """Microseconds since 1970 in DuckDB."""


@ibis.udf.scalar.builtin(signature=(("string", "timestamp('UTC')"), "timestamp"))
def timezone(zone, moment):  # type: ignore[no-untyped-def]
    """The wall clock of a zone; DuckDB and PostgreSQL share the name."""


@ibis.udf.scalar.builtin(signature=(("float64",), "timestamp('UTC')"))
def to_timestamp(seconds):  # type: ignore[no-untyped-def]
    """Seconds since 1970 in PostgreSQL."""


@ibis.udf.scalar.builtin(signature=(("string",), "timestamp('UTC')"), database="pg_temp")
def churn_instant(text):  # type: ignore[no-untyped-def]
    """A cast in PostgreSQL that gives null where the text is no time."""


@ibis.udf.scalar.builtin(signature=(("string",), "date"), database="pg_temp")
def churn_date(text):  # type: ignore[no-untyped-def]
    """A cast in PostgreSQL that gives null where the text is no date."""


@ibis.udf.scalar.builtin(signature=(("string",), "float64"), database="pg_temp")
def churn_number(text):  # type: ignore[no-untyped-def]
    """A cast in PostgreSQL that gives null where the text is no number."""


@ibis.udf.scalar.builtin(signature=(("string", "string"), "binary"))
def convert_to(text, encoding):  # type: ignore[no-untyped-def]
    """The bytes of text in PostgreSQL."""


@dataclass(frozen=True)
class Dialect:
    """Expressions that mean the same in every engine that windows are computed in.

    Text that cannot be read, and a number beyond the calendar, give null.
    """

    instant: Callable[[ibis.Value], ibis.Value]  # text to a moment
    date: Callable[[ibis.Value], ibis.Value]  # text to a date
    number: Callable[[ibis.Value], ibis.Value]  # text to a float
    local_date: Callable[[ibis.Value, str], ibis.Value]  # a finite moment, or a time in UTC, to a zone's date
    since_epoch: Callable[[ibis.Value, str], ibis.Value]  # a whole number in s, ms, us or ns since 1970 to a moment
    unquoted: Callable[[ibis.Value], ibis.Value]  # a JSON scalar to its text
    by_bytes: Callable[[ibis.Value], ibis.Value]  # text to what sorts it by its bytes, whatever the database's locale


def _within_calendar(number: ibis.Value, unit: str) -> ibis.Value:
    """Null for moments outside the years 1 to 9999, which engines refuse with an error for the whole table."""
    seconds = (number.cast("float64") / _TICKS[unit]).abs()
    return ibis.ifelse(seconds < 62_000_000_000, number, None)  # the year 1 lies 62,135,596,800 seconds before 1970


def _in_duckdb(whole: ibis.Value, unit: str) -> ibis.Value:
    if unit == "ns":
        return make_timestamp_ns(whole).cast("timestamp(6)")
    return make_timestamp(whole * (1_000_000 // _TICKS[unit]))


def _date_in_duckdb(when: ibis.Value, zone: str) -> ibis.Value:
    """A zone is dear in DuckDB, a quarter of the time of the whole daily table, so UTC goes without."""
    if zone != "UTC":
        return timezone(zone, when.cast(_MOMENT)).date()
    return when.date() if when.type().timezone is None else make_timestamp(epoch_us(when)).date()


def _in_postgres(whole: ibis.Value, ticks: int) -> ibis.Value:
    """Whole seconds, rounded down before they become a float, which cannot hold nanoseconds."""
    return to_timestamp((whole - (whole % ticks + ticks) % ticks).cast("float64") / float(ticks))


DIALECTS = {
    "duckdb": Dialect(
        instant=lambda text: ibis.ifelse(text.re_search(_INSTANT), text, None).try_cast(_MOMENT),
        date=lambda text: ibis.ifelse(text.re_search(_DATE), text, None).try_cast("date"),
        number=lambda text: text.try_cast("float64"),
        local_date=lambda when, zone: _date_in_duckdb(when, zone),
        since_epoch=lambda number, unit: _in_duckdb(_within_calendar(number, unit).cast("int64"), unit),
        unquoted=lambda value: json_extract_string(value, "$"),
        by_bytes=lambda text: text,
    ),
    "postgres": Dialect(
        instant=churn_instant,
        date=churn_date,
        number=churn_number,
        local_date=lambda when, zone: timezone(zone, when.cast(_MOMENT)).date(),
        since_epoch=lambda number, unit: _in_postgres(_within_calendar(number, unit).cast("int64"), _TICKS[unit]),
        unquoted=churn_unquoted,
        by_bytes=lambda text: convert_to(text, "UTF8"),
    ),
}


def open_session(engine: BaseBackend) -> None:
    """Set an engine up for one reading: moments in UTC, and casts that do not fail.

    PostgreSQL gets its casts as temporary functions, which go with the connection and need no right but TEMPORARY, and
    one transaction for all that follows.
    """
    engine.raw_sql("SET TimeZone = 'UTC'")
    if engine.name == "duckdb":
        engine.raw_sql("SET enable_progress_bar = false")
    if engine.name == "postgres":
        engine.raw_sql(
            "BEGIN ISOLATION LEVEL REPEATABLE READ"
        )  # all passes see the same rows, whoever writes meanwhile
        for name, (kind, pattern) in _SAFE_CASTS.items():
            guarded = f"(CASE WHEN value ~ '{pattern}' THEN value END)"
            engine.raw_sql(_SAFE_CAST.format(name=name, kind=kind, value=guarded))
        engine.raw_sql(_UNQUOTED)


def dialect_of(table: ibis.Table) -> Dialect:
    """The dialect of the engine that a table lies in."""
    return DIALECTS[table.get_backend().name]
