"""From sources to canonical tables: columns mapped, days counted, unusable rows named."""

from collections.abc import Mapping
from datetime import date

import ibis
import ibis.expr.datatypes as dt
from ibis import _
from ibis.backends import BaseBackend

from churn.data.config import DataConfig
from churn.data.daily import Tables
from churn.data.dialects import DIALECTS, open_session
from churn.data.events import (
    STANDARD_COLUMNS,
    Columns,
    with_amount,
    with_day,
    with_reason,
    with_repeats,
)
from churn.data.reconciliation import LEFT_OUT
from churn.data.sources import Engines, Frame, engine_errors, moved, open_table
from churn.data.spellings import FRACTIONAL

_NEGATIVE = {"reject": "negative amount", "drop": LEFT_OUT, "keep": None}
_WHOLE = 2.0**63  # from which on a fractional number is no int64


def read_tables(config: DataConfig, *, engines: Engines, frames: Mapping[str, Frame]) -> Tables:
    """Open a configuration's sources as canonical tables in one engine, each with `day` and `reason`.

    The work is done where the events lie, if that is a DuckDB or PostgreSQL; tables from elsewhere are brought there.
    Tables of any other engine are streamed into the embedded DuckDB.

    Raises:
        UserError: if a source, a column, a type or a date is not as it must be.
    """
    opened = {
        name: open_table(source, engines=engines, frames=frames, csv=config.csv, as_text=_names(config, name))
        for name, source in config.sources.items()
    }
    open_session(engines.local)
    engine = _working_engine(opened["events"].get_backend(), engines)
    span = _days_since_1970(config.first_day), _days_since_1970(config.last_day)

    own = _same_ids({name: moved(_selected(name, raw, config), engine) for name, raw in opened.items()})

    def canonical(name: str) -> ibis.Table:
        table = with_day(with_amount(own[name], name=name), zone=config.zone, name=name)
        allowed = config.allowed_events if name == "events" else None
        negative = _NEGATIVE[config.negative]
        table = with_reason(table, first_day=span[0], last_day=span[1], allowed_events=allowed, negative=negative)
        return _without_repeats(table, config, engine)

    return Tables(
        engine,
        canonical("events"),
        canonical("stickers") if config.stickers else None,
        _members(own["members"], config, engine) if config.members else None,
        {name: {column: str(kind) for column, kind in table.schema().items()} for name, table in opened.items()},
    )


def _selected(name: str, raw: ibis.Table, config: DataConfig) -> ibis.Table:
    """A table's standard columns, of the members with their attributes."""
    columns = Columns.find(raw, config.mappings[name], standard=STANDARD_COLUMNS[name], name=name)
    return columns.select_all(raw) if name == "members" else columns.select(raw)


def _members(members: ibis.Table, config: DataConfig, engine: BaseBackend) -> ibis.Table:
    members = members.mutate(reason=ibis.cases((_.user_id.isnull(), "null user_id"), else_=ibis.null("string")))
    # Of an attribute that is known daily a user has a row per value, each from its own date on.
    dates = {entry.valid_from for entry in config.known_attributes.values() if entry.valid_from in members.columns}
    members = with_repeats(members, key=["user_id", *sorted(filter(None, dates))], reason="repeated user_id")
    return engine.create_table(ibis.util.gen_name("churn"), members, temp=True)


def _without_repeats(table: ibis.Table, config: DataConfig, engine: BaseBackend) -> ibis.Table:
    """Repeated ids are rejected, and rows that are equal in every column if the configuration says so."""
    if "event_id" in table.columns:
        table = with_repeats(table, key=["event_id"], reason="repeated event_id")
    elif config.deduplicate:
        key = [column for column in table.columns if column not in ("day", "reason")]
        table = with_repeats(table, key=key, reason="repeated row")
    else:
        return table
    return engine.create_table(ibis.util.gen_name("churn"), table, temp=True)  # sorted once, not in every pass


def _same_ids(tables: dict[str, ibis.Table]) -> dict[str, ibis.Table]:
    """Keep the type of the ids where all tables agree on one of whole numbers; else compare them as text."""
    columns = {name: [c for c in ("user_id", "actor_id") if c in table.columns] for name, table in tables.items()}
    kinds = {tables[name][c].type().copy(nullable=True) for name, found in columns.items() for c in found}
    plain = len(kinds) == 1 and not any(map(_has_spellings, kinds))

    def same(name: str, table: ibis.Table) -> ibis.Table:
        ids = [] if plain else columns[name]
        if "event_id" in table.columns and _has_spellings(table.event_id.type()):
            ids = [*ids, "event_id"]
        return table.mutate(**{c: _text(table[c]) for c in ids}) if ids else table

    return {name: same(name, table) for name, table in tables.items()}


def _has_spellings(kind: dt.DataType) -> bool:
    """Whether one number can be written in several ways in a column: 7, 7.0 and 7.00 in text."""
    return bool(kind.is_string() or kind.is_floating() or kind.is_decimal())


def _text(ids: ibis.Value) -> ibis.Value:
    """Ids as text; whole numbers without the `.0` that they get where a null makes a column fractional."""
    if ids.type().is_floating():
        whole = ids.cast("float64").abs() < _WHOLE  # NaN, too, is above every number
        number = ibis.ifelse(whole, ids, None)
        exact = ibis.ifelse(number == number.floor(), number, None).cast("int64").cast("string")
        return exact.coalesce(ibis.ifelse(ids.isnan(), None, ids).cast("string"))
    text = ids.cast("string")
    return ibis.ifelse(text.contains(".0"), text.re_replace(FRACTIONAL, r"\1"), text)


def _days_since_1970(day: str | None) -> int | None:
    return None if day is None else (date.fromisoformat(day[:10]) - date(1970, 1, 1)).days


def _names(config: DataConfig, table: str) -> set[str]:
    """The columns of a table that hold ids and names."""
    mapping = config.mappings[table] or {}
    return {own for column in ("user_id", "actor_id", "event", "event_id") if (own := mapping.get(column, column))}


def _working_engine(engine: BaseBackend, engines: Engines) -> BaseBackend:
    """The events' own engine if it can do the work; else, as where nothing may be written, the embedded DuckDB."""
    if engine is engines.local or engine.name not in DIALECTS:
        return engines.local
    try:
        open_session(engine)
    except engine_errors():
        engine.raw_sql("ROLLBACK")
        return engines.local
    return engine
