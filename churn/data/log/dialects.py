"""Dialects: expressions that engines spell differently, for text and numbers as times and for the order of text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.datatypes as dt
from ibis.backends import BaseBackend

from churn.data.config.time_formats import BROWSERS_BLANKS

_MOMENT = dt.Timestamp(timezone="UTC")
_TICKS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}  # per second

# Text that engines read alike; beside it they know words such as `now`, and zones that mean different things.
_ZONE = r"(Z|UTC|[+-]\d{2}(:?\d{2})?|[A-Z][A-Za-z]+/[A-Za-z_/]+)"
_USUAL = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:[0-5]\d([.]\d+)?(Z|[+-]\d{2}(:?\d{2})?)?)?)?$"
_NUMBER = r"^\s*[+-]?(\d+[.]?\d*|[.]\d+)([eE][+-]?\d+)?\s*$"  # Spark reads 1d and 1f, too
_INSTANT = rf"^\d{{4}}-\d{{1,2}}-\d{{1,2}}([T ]\d{{1,2}}:\d{{2}}(:[0-5]\d([.]\d+)?)?( ?{_ZONE})?)?$"
_WITHOUT_ZONE = r"^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:[0-5]\d([.]\d+)?)?)?$"
# The other forms of ISO 8601 and RFC 3339, and dates with the year first, made into the usual one.
_BASIC_DATE = (r"^(\d{4})(\d{2})(\d{2})[Tt ]+", r"\1-\2-\3 ")
_DATE = (r"^(\d{4})[-/.] ?(\d{1,2})[-/.] ?(\d{1,2})[.]?[Tt ]*", r"\1-\2-\3 ")
_CLOCK = (
    r"^(\S+) (\d{1,2}):?(\d{2})(:?(\d{2})([.,]\d+)?)? *(Z|z|UTC|GMT|[+-]\d{2}(:?\d{2})?|[A-Z][A-Za-z]+/[A-Za-z_/]+)?"
    r"(\[[A-Za-z_/]+\])?$",
    r"\1 \2:\3:\5\6 \7",
)
_LEAST = ((": ", ":00 "), (",", "."), (" +", "+"), (" -", "-"), (" Z", "Z"), (" z", "Z"), ("GMT", "UTC"))
_SAFE_CASTS = {
    "churn_instant": ("timestamptz", _INSTANT),
    "churn_number": ("float8", ""),
}
_SAFE_CAST = """
CREATE OR REPLACE FUNCTION pg_temp.{name}(value text) RETURNS {kind} LANGUAGE plpgsql STABLE AS $$
BEGIN RETURN {value}::{kind}; EXCEPTION WHEN data_exception THEN RETURN NULL; END $$
"""

_UNQUOTED = """
CREATE OR REPLACE FUNCTION pg_temp.churn_unquoted(value jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN jsonb_typeof(value) NOT IN ('object', 'array') THEN value #>> '{}' END $$
"""


def _built_in(name: str, takes: Sequence[str], gives: str, *, database: str | None = None) -> Callable[..., ibis.Value]:
    """A function that an engine offers, by its name in the engine and its types."""
    shapes: dict[int, Callable[..., None]] = {1: lambda value: None, 2: lambda value, other: None}
    function: Callable[..., ibis.Value] = ibis.udf.scalar.builtin(
        shapes[len(takes)], name=name, database=database, signature=(tuple(takes), gives)
    )
    return function


# DuckDB and PostgreSQL
_isfinite = _built_in("isfinite", ["timestamp"], "boolean")  # they have the moments infinity and -infinity
_timezone = _built_in("timezone", ["string", "timestamp('UTC')"], "timestamp")  # a zone's wall clock

# DuckDB
_make_timestamp = _built_in("make_timestamp", ["int64"], "timestamp(6)")  # takes microseconds since 1970
_make_timestamp_ns = _built_in("make_timestamp_ns", ["int64"], "timestamp(9)")
_epoch_us = _built_in("epoch_us", ["timestamp('UTC')"], "int64")
_epoch_us_naive = _built_in("epoch_us", ["timestamp(6)"], "int64")
_json_type = _built_in("json_type", ["json"], "string")
_json_extract_string = _built_in("json_extract_string", ["json", "string"], "string")
_try_strptime = {
    zoned: _built_in("try_strptime", ["string", "string"], kind)
    for zoned, kind in ((False, "timestamp(6)"), (True, "timestamp('UTC')"))
}

# PostgreSQL; `open_session` makes the functions of pg_temp
_date_part = _built_in("date_part", ["string", "timestamp('UTC')"], "float64")
_to_timestamp = _built_in("to_timestamp", ["float64"], "timestamp('UTC')")  # takes seconds since 1970
_convert_to = _built_in("convert_to", ["string", "string"], "binary")
_instant = _built_in("churn_instant", ["string"], "timestamp('UTC')", database="pg_temp")
_hashtextextended = _built_in("hashtextextended", ["string", "int64"], "int64")
_number = _built_in("churn_number", ["string"], "float64", database="pg_temp")
_unquoted = _built_in("churn_unquoted", ["json"], "string", database="pg_temp")

# Spark, whose moments have no zone for ibis: its session is in UTC
_from_utc_timestamp = _built_in("from_utc_timestamp", ["timestamp", "string"], "timestamp")
_timestamp_micros = _built_in("timestamp_micros", ["int64"], "timestamp")
_unix_micros = _built_in("unix_micros", ["timestamp"], "int64")
_xxhash64 = _built_in("xxhash64", ["string"], "int64")


@dataclass(frozen=True)
class Dialect:
    """Expressions with one meaning in every engine that windows are computed in.

    Text that cannot be read, and a number beyond the calendar, give null.
    """

    instant: Callable[[ibis.Value], ibis.Value]  # text to a moment
    number: Callable[[ibis.Value], ibis.Value]  # text to a float
    local_time: Callable[[ibis.Value, str], ibis.Value]  # a finite moment, or a time in UTC, to a zone's wall clock
    finite: Callable[[ibis.Value], ibis.Value]  # a moment, null where it is infinite
    since_epoch: Callable[[ibis.Value, str], ibis.Value]  # a whole number in s, ms, us or ns since 1970 to a moment
    microseconds: Callable[[ibis.Value], ibis.Value]  # a finite moment, or a time in UTC, to microseconds since 1970
    unquoted: Callable[[ibis.Value], ibis.Value]  # a JSON scalar to its text, an object or an array to null
    by_bytes: Callable[[ibis.Value], ibis.Value]  # text to a key that sorts by bytes, whatever the database's locale
    hashed: Callable[[ibis.Value], ibis.Value]  # a value to a whole number, equal for equal values
    numbered: Callable[[ibis.Table, str, str], ibis.Table]  # a table, and in a new column each row's place by a column


def _within_calendar(number: ibis.Value, unit: str) -> ibis.Value:
    """The number, or null for moments outside the years 1 to 9999, for which engines refuse the whole table."""
    seconds = (number.cast("float64") / _TICKS[unit]).abs()
    return ibis.ifelse(seconds < 62_000_000_000, number, None)  # the year 1 lies 62,135,596,800 seconds before 1970


def _usual(text: ibis.Value) -> ibis.Value:
    """Text in any form of ISO 8601 or RFC 3339 rewritten in the usual form; other text may become anything."""
    for pattern, written in (_BASIC_DATE, _DATE, _CLOCK):
        text = text.strip().re_replace(pattern, written)
    for found, plain in _LEAST:
        text = text.replace(found, plain)
    return text.strip()


def _rewritten_instant(text: ibis.Value) -> ibis.Value:
    """Text to a moment; DuckDB would read text without a zone in that of a row before."""
    usual = _usual(text)
    plain = usual.try_cast("timestamp").cast(_MOMENT)
    zoned = ibis.ifelse(usual.re_search(_INSTANT), usual, None).try_cast(_MOMENT)
    return ibis.ifelse(usual.re_search(_WITHOUT_ZONE), plain, zoned)


def _instant_by_cast(text: ibis.Value) -> ibis.Value:
    """Text to a moment; most logs need no rewriting, which is slow."""
    return ibis.ifelse(text.re_search(_USUAL), text.try_cast(_MOMENT), _rewritten_instant(text))


def _not_infinite(when: ibis.Value) -> ibis.Value:
    return ibis.ifelse(_isfinite(when), when, None)


def by_format(text: ibis.Value, form: str) -> ibis.Value:
    """Text to a moment, or to a time in UTC, by a format of strptime; in DuckDB alone. Null for other text."""
    if "%p" in form:
        text = text.replace("오전", "AM").replace("오후", "PM").re_replace(r"([AaPp])\.[Mm]\.", r"\1M")
    for blank in BROWSERS_BLANKS:
        text, form = text.replace(blank, " "), form.replace(blank, " ")
    zoned = "%z" in form or "%Z" in form
    return _try_strptime[zoned](text.re_replace(r"Z\s*$", "+0000") if "%z" in form else text, form)


def _in_duckdb(whole: ibis.Value, unit: str) -> ibis.Value:
    if unit == "ns":
        return _make_timestamp_ns(whole).cast("timestamp(6)")
    return _make_timestamp(whole * (1_000_000 // _TICKS[unit]))


def _time_in_duckdb(when: ibis.Value, zone: str) -> ibis.Value:
    """A moment to a zone's wall clock; UTC takes a shortcut, since zones cost a quarter of the daily table's time."""
    if zone != "UTC":
        return _timezone(zone, when.cast(_MOMENT))
    return when if when.type().timezone is None else _make_timestamp(_epoch_us(when))


def _microseconds_in_duckdb(when: ibis.Value) -> ibis.Value:
    """Microseconds since 1970; a time without a zone is first cast to whole ones, since it may hold nanoseconds."""
    kind = when.type()
    return _epoch_us(when) if kind.timezone is not None else _epoch_us_naive(when.cast("timestamp(6)"))


def _in_postgres(whole: ibis.Value, ticks: int) -> ibis.Value:
    """A moment of whole microseconds, rounded down before it becomes a float, which cannot hold nanoseconds."""
    rest = (whole % ticks + ticks) % ticks
    finer = max(1, ticks // 1_000_000)
    return _to_timestamp(
        (whole - rest).cast("float64") / float(ticks) + (rest - rest % finer).cast("float64") / float(ticks)
    )


def _numbered_in_postgres(table: ibis.Table, by: str, name: str) -> ibis.Table:
    key = _convert_to(table[by], "UTF8") if table[by].type().is_string() else table[by]
    return table.mutate(**{name: ibis.row_number().over(order_by=key)})


def _in_spark(whole: ibis.Value, ticks: int) -> ibis.Value:
    """A moment of whole microseconds, rounded down."""
    finer = max(1, ticks // 1_000_000)
    rest = (whole % finer + finer) % finer
    return _timestamp_micros(((whole - rest) // finer).cast("int64") * max(1, 1_000_000 // ticks))


DIALECTS = {
    "duckdb": Dialect(
        instant=_instant_by_cast,
        number=lambda text: text.try_cast("float64"),
        local_time=_time_in_duckdb,
        finite=_not_infinite,
        since_epoch=lambda number, unit: _in_duckdb(_within_calendar(number, unit).cast("int64"), unit),
        microseconds=_microseconds_in_duckdb,
        unquoted=lambda value: ibis.ifelse(
            _json_type(value).isin(["OBJECT", "ARRAY"]), None, _json_extract_string(value, "$")
        ),
        by_bytes=lambda text: text,
        hashed=lambda value: value.hash(),
        numbered=lambda table, by, name: table.mutate(**{name: ibis.row_number().over(order_by=table[by])}),
    ),
    "postgres": Dialect(
        instant=lambda text: _instant(ibis.ifelse(text.re_search(_USUAL), text, _usual(text))),
        number=_number,
        local_time=lambda when, zone: _timezone(zone, when.cast(_MOMENT)),
        finite=_not_infinite,
        since_epoch=lambda number, unit: _in_postgres(_within_calendar(number, unit).cast("int64"), _TICKS[unit]),
        microseconds=lambda when: (_date_part("epoch", when.cast(_MOMENT)) * 1_000_000.0).round().cast("int64"),
        unquoted=_unquoted,
        by_bytes=lambda text: _convert_to(text, "UTF8"),
        hashed=lambda value: _hashtextextended(value.cast("string"), 0),
        numbered=_numbered_in_postgres,
    ),
    "pyspark": Dialect(
        instant=_instant_by_cast,
        number=lambda text: ibis.ifelse(text.re_search(_NUMBER), text.try_cast("float64"), None),
        local_time=lambda when, zone: when if zone == "UTC" else _from_utc_timestamp(when, zone),
        finite=lambda when: when,
        since_epoch=lambda number, unit: _in_spark(_within_calendar(number, unit).cast("int64"), _TICKS[unit]),
        microseconds=lambda when: _unix_micros(_from_utc_timestamp(when, "UTC")),  # of times without a zone, too
        unquoted=lambda value: value,
        by_bytes=lambda text: text,
        hashed=lambda value: _xxhash64(value.cast("string")),
        numbered=lambda table, by, name: table.get_backend().numbered(table, by=by, name=name),
    ),
}


def open_session(engine: BaseBackend) -> None:
    """Set an engine up for one reading: moments in UTC, and casts that do not fail.

    PostgreSQL gets its casts as temporary functions, which go with the connection and need no right but TEMPORARY, and
    one transaction for all that follows.
    """
    if engine.name == "pyspark":  # whose sessions begin so
        return
    engine.raw_sql("SET TimeZone = 'UTC'")
    if engine.name == "duckdb":
        _without_progress_bar(engine)
    if engine.name == "postgres":
        # Every pass sees the same rows, even if others write meanwhile.
        engine.raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ")
        for name, (kind, pattern) in _SAFE_CASTS.items():
            guarded = f"(CASE WHEN value ~ '{pattern}' THEN value END)"
            engine.raw_sql(_SAFE_CAST.format(name=name, kind=kind, value=guarded))
        engine.raw_sql(_UNQUOTED)


def _without_progress_bar(engine: BaseBackend) -> None:
    """Switch off DuckDB's progress bar if it is on: a notebook without ipywidgets has none and would fail."""
    shown = engine.raw_sql("SELECT current_setting('enable_progress_bar')").fetchone()
    if shown[0]:
        engine.raw_sql("SET enable_progress_bar = false")


def dialect_of(table: ibis.Table) -> Dialect:
    """The dialect of the engine that a table lies in."""
    return DIALECTS[table.get_backend().name]
