"""Canonical tables made of the sources: columns mapped, days counted, unusable rows named."""

from collections.abc import Mapping
from datetime import date

import ibis
import ibis.expr.datatypes as dt
from ibis import _
from ibis.backends import BaseBackend

from churn.data.config.data_config import DataConfig
from churn.data.log.channels import as_number, channels_in, column_of, with_faults
from churn.data.log.daily import Tables
from churn.data.log.dialects import DIALECTS, open_session
from churn.data.log.events import (
    NULL_AMOUNT,
    Columns,
    columns_key,
    standard_columns,
    with_amount,
    with_day,
    with_reason,
    with_repeats,
)
from churn.data.log.joining import joined
from churn.data.log.reconciliation import LEFT_OUT, NO_STICKER
from churn.data.log.spellings import FRACTIONAL
from churn.data.log.times import Written, needs_strptime, with_moments, written
from churn.data.sources import UNREADABLE, Engines, Frame, engine_errors, moved, open_table
from churn.errors import UserError

_NEGATIVE = {"reject": "negative amount", "drop": LEFT_OUT, "keep": None}
_LISTS = ("daily", "members", "outcomes")  # tables of users beside a log
_ASKED_OF = ["user_id", "day"]  # of which there is one answer
_WHOLE = 2.0**63  # the number from which on an int64 cannot hold a float


def read_tables(config: DataConfig, *, engines: Engines, frames: Mapping[str, Frame]) -> Tables:
    """Open a configuration's sources as canonical tables in one engine, each with `day` and `reason`.

    The work is done where the events lie, if that is a DuckDB or PostgreSQL; tables from elsewhere are brought there.
    Tables of any other engine are streamed into the embedded DuckDB.

    Raises:
        UserError: for a source, a column, a type or a date that cannot be read.
    """
    opened = open_sources(config, engines=engines, frames=frames)
    open_session(engines.local)
    main = "events" if config.events else "daily" if config.daily else None
    home = _working_engine(opened[main].get_backend(), engines) if main else engines.local
    span = _days_since_1970(config.first_day), _days_since_1970(config.last_day)
    logs = [log.name for log in config.logs]
    ways: dict[str, Written] = {}

    def read(name: str) -> ibis.Table:
        table = _selected(name, opened[name], config)
        table = table if table.get_backend() is home else moved(table, engines.local)
        table = _with_dates_of(name, table, config=config, engines=engines)
        if name == "members":
            return table
        table, ways[name] = _with_moments(table, "timestamp", config=config, name=name, engines=engines)
        return with_amount(table, name=name, decimal=config.decimal)

    found = {name: read(name) for name in opened}
    engine = found[main].get_backend() if main else engines.local
    own = _same_ids({name: moved(table, engine) for name, table in found.items()})

    def canonical(name: str) -> ibis.Table:
        table = with_day(own[name], zone=config.zone)
        allowed = config.allowed_events if name in logs else None
        negative = _NEGATIVE[config.negative]
        first, last = (None, None) if name == "outcomes" else span  # their dates may lie after the last day read
        table = with_reason(table, first_day=first, last_day=last, allowed_events=allowed, negative=negative)
        table = with_faults(table) if name == "daily" else table
        if name == "stickers" and config.stickers == config.daily:
            table = _with_empty_days(table)
        return _without_repeats(name, _view(table, engine), config, engine)

    timed = {name: canonical(name) for name in ways}
    events = {name: timed[name] for name in logs}
    return Tables(
        engine,
        joined(events) if events else _no_events(next(own[name] for name in _LISTS if name in own)),
        timed.get("stickers"),
        _members(own["members"], config, engine) if config.members else None,
        timed.get("outcomes"),
        {name: _types(table) for name, table in opened.items()},
        {name: _span_of_times(table, ways[name]) for name, table in timed.items()},
        events,
        tuple(log.name for log in config.logs if log.makes),
        timed.get("daily"),
        tuple(_channels(opened["daily"], config)) if config.daily else (),
    )


def open_sources(config: DataConfig, *, engines: Engines, frames: Mapping[str, Frame]) -> dict[str, ibis.Table]:
    """A configuration's sources by their names, each where it lies.

    Raises:
        UserError: for a source that cannot be opened.
    """
    return {
        name: open_table(source, engines=engines, frames=frames, csv=config.csv, as_text=_names(config, name))
        for name, source in config.sources.items()
    }


def _no_events(listed: ibis.Table) -> ibis.Table:
    """The event log of a platform that keeps none."""
    user_id = listed.user_id.type()
    ids = {"user_id": user_id, "actor_id": user_id}
    return ibis.memtable(
        [], schema=ids | {"event": "string", "timestamp": "timestamp", "day": "int64", "reason": "string"}
    )


def _selected(name: str, raw: ibis.Table, config: DataConfig) -> ibis.Table:
    """A table's standard columns; of the members also their attributes, of outcomes the answers and their days."""
    columns = Columns.find(raw, config.mappings[name], standard=standard_columns(name), name=name)
    if name == "daily":
        own = {column_of(place): as_number(raw[c]) for place, c in enumerate(_channels(raw, config).values())}
        return columns.select(raw.mutate(**own), **{name: name for name in own})
    if name == "outcomes" and (asked := config.asked) is not None:
        return columns.select(raw, answer=asked.column, due=asked.due)
    return columns.select_all(raw) if name == "members" else columns.select(raw)


def _with_empty_days(stickers: ibis.Table) -> ibis.Table:
    """Leave out the rows of a table of days, read as stickers, in which there is no amount."""
    if "amount" not in stickers.columns:
        return stickers
    none = _.reason.coalesce(NULL_AMOUNT) == NULL_AMOUNT
    return stickers.mutate(reason=ibis.ifelse(none & (_.amount.coalesce(0) == 0), NO_STICKER, _.reason))


def _channels(raw: ibis.Table, config: DataConfig) -> dict[str, str]:
    """The channels of the table of days, by name its column for each."""
    columns = Columns.find(raw, config.mappings["daily"], standard=standard_columns("daily"), name="daily")
    return channels_in(raw, config.channels, mapped=[*columns.names.values()])


def _types(table: ibis.Table) -> dict[str, str]:
    """The types of a table's own columns, by name."""
    return {column: str(kind) for column, kind in table.schema().items() if column != UNREADABLE}


def _with_moments(
    table: ibis.Table, column: str, *, config: DataConfig, name: str, engines: Engines
) -> tuple[ibis.Table, Written]:
    """A table with a column of times as moments, in DuckDB where a format has to be followed, and how it is written."""
    asked = config.time_format(name)
    if needs_strptime(table, column, asked=asked):
        table = moved(table, engines.local)
    how = written(table, column, asked=asked, name=f"{name}.{column}", key=columns_key(name))
    return with_moments(table, how, column=column), how


def _view(table: ibis.Table, engine: BaseBackend) -> ibis.Table:
    """The table under a name that the engine knows while it is open: each pass is then written in few words."""
    name = ibis.util.gen_name("churn")
    engine.raw_sql(f"CREATE TEMPORARY VIEW {name} AS {engine.compile(table)}")
    return engine.table(name)


def _span_of_times(table: ibis.Table, how: Written) -> dict[str, str]:
    """The format of a table's times, one time as written and as read, and the first and the last."""
    usable = table.filter(_.reason.isnull())
    text = _.written if "written" in table.columns else _.timestamp.cast("string")
    sample = usable.select(text=text, read=_.timestamp).limit(1).to_pandas()
    ends = usable.aggregate(first=_.timestamp.min(), last=_.timestamp.max()).to_pandas()
    told = [row for part in (sample, ends) for row in part.to_dict("records")]
    return {"format": str(how)} | {key: str(value) for row in told for key, value in row.items()}


def _members(members: ibis.Table, config: DataConfig, engine: BaseBackend) -> ibis.Table:
    members = members.mutate(reason=ibis.cases((_.user_id.isnull(), "null user_id"), else_=ibis.null("string")))
    members = with_repeats(members, key=["user_id", *_dates("members", members, config)], reason="repeated user_id")
    return engine.create_table(ibis.util.gen_name("churn"), members, temp=True)


def _dates(name: str, table: ibis.Table, config: DataConfig) -> list[str]:
    """The columns of dates beside a table's own: of members from which on a row holds, and of answers."""
    held = [entry.valid_from for entry in config.known_attributes.values()]
    dates: dict[str, list[str | None]] = {"members": [*held, *config.answers_listed[1:]], "outcomes": ["due"]}
    return sorted({date for date in dates.get(name, []) if date is not None and date in table.columns})


def _with_dates_of(name: str, table: ibis.Table, *, config: DataConfig, engines: Engines) -> ibis.Table:
    joined = {"joined"} & {*table.columns} if name == "members" else set()
    for column in sorted({*_dates(name, table, config), *joined}):
        table = _with_dates(table, column, config=config, name=name, engines=engines)
    return table


def _with_dates(table: ibis.Table, column: str, *, config: DataConfig, name: str, engines: Engines) -> ibis.Table:
    """A table with a column of dates as moments; other values are refused, since a null means the first day.

    Numbers that are times since 1970 are left for the refusal of numbers.

    Raises:
        UserError: for a value that is no date.
    """
    if not (table[column].type().is_string() or table[column].type().is_numeric()):
        return table
    remedy = "map member_columns.joined to a column of dates, or to null" if column == "joined" else ""
    try:
        found, how = _with_moments(table, column, config=config, name=name, engines=engines)
    except UserError as error:
        told = f"{error.remedy}; {remedy}" if remedy else error.remedy
        raise UserError(error.expected, error.found, told) from error
    if how.kind == "epoch":
        return table
    wrong = found.filter(_.written.notnull() & found[column].isnull()).limit(1).written.to_pandas()
    if len(wrong):
        value = f"{wrong[0]!r} where others are {how}"
        raise UserError(f"expected dates in {name}.{column}", value, remedy or "name a column of dates")
    return found.drop("written", "dated")


def _without_repeats(name: str, table: ibis.Table, config: DataConfig, engine: BaseBackend) -> ibis.Table:
    """The table with repeated ids rejected, or rows equal in every column if the configuration says so; of days
    one row for each user and day, the earliest; of outcomes one answer: the first that there is, rows without one last.
    """
    if name == "daily":
        table = with_repeats(table, key=_ASKED_OF, reason="repeated user_id and day")
    elif name == "outcomes":
        same = [*_ASKED_OF, *{"answer"} & {*table.columns}]
        table = with_repeats(table, key=same, reason="repeated user_id and day")
        table = with_repeats(table, key=_ASKED_OF, reason="another answer for this user_id and day")
    elif "event_id" in table.columns:
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
    """The columns of a table to read as text: ids, names, and columns whose text is read later."""
    mapping = config.mappings[table] or {}
    due = (config.asked.due,) if config.asked and config.asked.due else ()
    timed = () if config.time_format(table) is None else ("timestamp", "joined", *due)
    others = () if table == "daily" else ("actor_id", "event", "event_id", "amount")  # there a name of a channel
    names = ("user_id", *others, *timed)
    return {own for column in names if (own := mapping.get(column, column))}


def _working_engine(engine: BaseBackend, engines: Engines) -> BaseBackend:
    """The events' own engine if it can do the work; else the embedded DuckDB, as where nothing may be written."""
    if engine is engines.local or engine.name not in DIALECTS:
        return engines.local
    try:
        open_session(engine)
    except engine_errors():
        engine.raw_sql("ROLLBACK")
        return engines.local
    return engine
