"""From sources to canonical tables: columns mapped, days counted, unusable rows named."""

from collections.abc import Mapping
from datetime import date

import duckdb
import ibis
from ibis import _
from ibis.backends.duckdb import Backend

from churn.data.config import DataConfig, Mapped
from churn.data.daily import Tables
from churn.data.events import (
    EVENT_COLUMNS,
    MEMBER_COLUMNS,
    STICKER_COLUMNS,
    Columns,
    with_day,
    with_reason,
)
from churn.data.sources import Frame, open_table
from churn.errors import UserError


def read_tables(config: DataConfig, *, engine: Backend, frames: Mapping[str, Frame]) -> Tables:
    """Open a configuration's sources as canonical tables, each with `day` and `reason`; nothing is computed yet.

    Raises:
        UserError: if a source, a column, a type or a date is not as it must be.
    """
    zone = _zone(config.zone, engine)

    def canonical(name: str, source: str, mapping: Mapped, standard: dict[str, bool]) -> ibis.Table:
        raw = open_table(source, engine=engine, frames=frames, csv=config.csv)
        table = Columns.find(raw, mapping, standard=standard, name=name).select(raw)
        table = _checked_amounts(table, name)
        first, last = (_day(config, key) for key in ("first_day", "last_day"))
        return with_reason(with_day(table, zone=zone, name=name), first_day=first, last_day=last)

    events = canonical("events", config.events, config.event_columns, EVENT_COLUMNS)
    stickers = members = None
    if config.stickers:
        stickers = canonical("stickers", config.stickers, config.sticker_columns, STICKER_COLUMNS)
    if config.members:
        raw_members = open_table(config.members, engine=engine, frames=frames, csv=config.csv)
        columns = Columns.find(raw_members, config.member_columns, standard=MEMBER_COLUMNS, name="members")
        reason = ibis.cases((_.user_id.isnull(), "null user_id"), else_=ibis.null("string"))
        members = columns.select_all(raw_members).mutate(reason=reason)
    events, stickers, members = _same_ids(events, stickers, members)
    return Tables(engine, events, stickers, members)


def _same_ids(
    events: ibis.Table, stickers: ibis.Table | None, members: ibis.Table | None
) -> tuple[ibis.Table, ibis.Table | None, ibis.Table | None]:
    """Keep the type of the ids where all tables agree on one; compare them as text where they do not."""
    tables = [table for table in (events, stickers, members) if table is not None]
    kinds = {
        table[c].type().copy(nullable=True) for table in tables for c in ("user_id", "actor_id") if c in table.columns
    }
    if len(kinds) == 1:
        return events, stickers, members

    def as_text(table: ibis.Table | None) -> ibis.Table | None:
        if table is None:
            return None
        return table.mutate(**{c: _text(table[c]) for c in ("user_id", "actor_id") if c in table.columns})

    return as_text(events), as_text(stickers), as_text(members)


def _text(ids: ibis.Value) -> ibis.Value:
    """Ids as text; whole numbers that nulls have made fractional, as in pandas, without their `.0`."""
    text = ids.cast("string")
    return text.re_replace(r"\.0$", "") if ids.type().is_floating() else text


def _checked_amounts(table: ibis.Table, name: str) -> ibis.Table:
    if "amount" in table.columns and not table.amount.type().is_numeric():
        raise UserError(
            f"expected numbers in {name}.amount", f"the type {table.amount.type()}", "map a column of numbers"
        )
    return table


def _day(config: DataConfig, key: str) -> int | None:
    text = getattr(config, key)
    try:
        return None if text is None else (date.fromisoformat(str(text)[:10]) - date(1970, 1, 1)).days
    except ValueError as error:
        raise UserError(f"expected a date in data.{key}", repr(text), "write it as 2024-03-01") from error


def _zone(name: str, engine: Backend) -> str:
    try:
        engine.con.execute("SELECT timezone(?, TIMESTAMPTZ '2024-01-01 00:00:00+00')", [name])
    except duckdb.Error as error:
        raise UserError("expected a time zone in data.zone", repr(name), "write it as Asia/Seoul or UTC") from error
    return name
