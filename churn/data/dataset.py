"""The data of a run: from the `data:` block to a panel, its windows and their split."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from glob import glob
from pathlib import Path
from typing import Any

import duckdb
import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from ibis import _
from ibis.backends.duckdb import Backend
from numpy.typing import NDArray

from churn.artefacts import atomic, read_json, write_json
from churn.data import panel as panels
from churn.data.daily import Daily, Tables, aggregate
from churn.data.events import (
    EVENT_COLUMNS,
    MEMBER_COLUMNS,
    STICKER_COLUMNS,
    Columns,
    with_day,
    with_reason,
)
from churn.data.features import Vocabulary
from churn.data.panel import Panel
from churn.data.sources import Frame, open_table
from churn.data.splits import Split, SplitConfig, split_by_time
from churn.data.windows import UNKNOWN, WindowConfig, Windows, slide, too_few_days
from churn.errors import UserError

Mapped = dict[str, str | None] | None
_META = "dataset.json"


@dataclass(frozen=True)
class DataConfig:
    """Where the tables lie, how their columns are called, and which windows are made of them.

    Args:
        events: File or glob of the event log: parquet, or delimited text.
        event_columns: Standard name to the log's own: user_id, actor_id, event, timestamp. A name that is the
            same may be left out; a log without actor_id has own activity only. Null leaves a column unused.
        stickers: File of the stickers (donations, purchases, …), if there are any.
        sticker_columns: As `event_columns`: user_id (receiver), actor_id, timestamp, amount.
        members: File of the member list; users outside it are removed. Without it, whoever acts is a user.
        member_columns: As `event_columns`: user_id, joined.
        csv: DuckDB's options for delimited text, such as {delim: " ", header: false, comment: "%"}.
        zone: The time zone in which a day begins.
        first_day: The first day to read; earlier rows are rejected and counted.
        last_day: The last day to read; later rows are rejected and counted.
        activity_events: The own events that count as being alive; by default all.
        max_event_types: Event types with columns of their own; rarer ones are counted as `other`.
        windows: History, horizon and who is at risk.
        split: Training, validation and test.
    """

    events: str
    event_columns: Mapped = None
    stickers: str | None = None
    sticker_columns: Mapped = None
    members: str | None = None
    member_columns: Mapped = None
    csv: dict[str, str | bool] | None = None
    zone: str = "UTC"
    first_day: str | None = None
    last_day: str | None = None
    activity_events: list[str] | None = None
    max_event_types: int = 30
    windows: WindowConfig = field(default_factory=WindowConfig)
    split: SplitConfig = field(default_factory=SplitConfig)

    @property
    def sources(self) -> dict[str, str]:
        """The tables that are there, by name."""
        every = {"events": self.events, "stickers": self.stickers, "members": self.members}
        return {name: source for name, source in every.items() if source is not None}


@dataclass(frozen=True)
class Dataset:
    """A panel with all its windows, and how its rows came about."""

    config: DataConfig
    panel: Panel
    vocabulary: Vocabulary
    windows: Windows  # all of them, before any split
    members: pd.DataFrame | None  # user_id and attributes, in the panel's order
    reconciliation: dict[str, dict[str, Any]]  # per table: read, used, non_members, rejected by reason
    unknown_events: dict[str, int]  # columns that the frozen vocabulary does not have, with their counts

    def split(self) -> Split:
        """The split that the configuration asks for."""
        return split_by_time(self.windows, self.config.split)

    def audit(self) -> dict[str, Any]:
        """The days, features and parts, and how many labelled windows there are before and between the parts."""
        split, windows, panel = self.split(), self.windows, self.panel
        known = windows.churn != UNKNOWN
        in_parts = sum(len(part) for part in (split.train, split.val, split.test))
        return {
            "first_day": str(panel.date(0).date()),
            "last_day": str(panel.date(panel.n_days - 1).date()),
            "features": panel.features,
            "windows_labelled": int(known.sum()),
            "windows_in_gaps": int(known.sum()) - in_parts,
            "base_rates": {target: float(windows.label(target)[known].mean()) for target in windows.targets},
            "unknown_events": self.unknown_events,
            "parts": split.audit(),
        }


def prepare(
    config: DataConfig,
    folder: Path,
    *,
    frames: Mapping[str, Frame] | None = None,
    vocabulary: Vocabulary | None = None,
) -> Dataset:
    """Read the tables and write their panel to a folder; a folder that is there already is only opened.

    Args:
        config: The `data:` block.
        folder: Where the panel is kept.
        frames: Data frames by the names that stand in `config.events`, `.stickers` and `.members`.
        vocabulary: A vocabulary frozen earlier, for scoring new data with old models.

    Raises:
        UserError: for anything that a user can mend in the data or the configuration.
    """
    if not (folder / _META).exists():
        _build(config, folder, frames, vocabulary)
    return open_dataset(config, folder)


def open_dataset(config: DataConfig, folder: Path) -> Dataset:
    """Open what `prepare` wrote; windows are found anew, which takes milliseconds."""
    meta, panel = read_json(folder / _META), panels.load(folder / "panel")
    members = pd.read_parquet(folder / "members.parquet") if config.members else None
    return Dataset(
        config,
        panel,
        Vocabulary.read(meta["vocabulary"]),
        slide(panel, config.windows, joined=_joined(panel, members)),
        members,
        meta["reconciliation"],
        meta["unknown_events"],
    )


def _build(config: DataConfig, folder: Path, frames: Mapping[str, Frame] | None, vocabulary: Vocabulary | None) -> None:
    try:
        _write(config, folder, frames, vocabulary)
    except (duckdb.Error, pa.ArrowException) as error:  # the engine reads lazily: a bad row shows only here
        reason = ". ".join(str(error).splitlines()[:3])
        raise UserError(
            "expected tables that can be read to the last row", reason, "mend the row, or set the reader in data.csv"
        ) from error


def _write(config: DataConfig, folder: Path, frames: Mapping[str, Frame] | None, vocabulary: Vocabulary | None) -> None:
    engine = ibis.duckdb.connect()
    engine.raw_sql("SET TimeZone = 'UTC'")
    tables, members = _tables(config, engine, frames or {})
    daily = aggregate(
        tables,
        training_end=lambda first, last: _training_end(config, first, last),
        activity_events=tuple(config.activity_events or ()),
        max_event_types=config.max_event_types,
        vocabulary=vocabulary,
    )
    attributes = None if members is None else _attributes(members, daily)
    _join_dates(attributes)
    with atomic(folder) as scratch:
        scratch.mkdir()
        panels.build(daily, scratch / "panel")
        if attributes is not None:
            attributes.to_parquet(scratch / "members.parquet", index=False)
        write_json(_meta(daily), scratch / _META)


def _meta(daily: Daily) -> dict[str, object]:
    return {
        "vocabulary": asdict(daily.vocabulary),
        "reconciliation": {name: asdict(table) for name, table in daily.reconciliation.items()},
        "unknown_events": daily.unknown_events,
    }


def _tables(config: DataConfig, engine: Backend, frames: Mapping[str, Frame]) -> tuple[Tables, ibis.Table | None]:
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
    return Tables(engine, events, stickers, members), members


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


def _attributes(members: ibis.Table, daily: Daily) -> pd.DataFrame:
    """The member list in the panel's order, the first row of each user."""
    rows = members.filter(_.reason.isnull()).drop("reason").to_pandas().drop_duplicates("user_id")
    users: pd.DataFrame = daily.users.order_by("code").select("user_id").to_pandas()
    return users.merge(rows, on="user_id", how="left")


def _joined(panel: Panel, members: pd.DataFrame | None) -> NDArray[np.int32] | None:
    """The panel's day on which each user joined, (u,); the first day where that is not known."""
    joined = _join_dates(members)
    if joined is None:
        return None
    days = (joined - panel.date(0)).dt.days
    return days.fillna(0).clip(lower=0, upper=panel.n_days + 1).to_numpy().astype(np.int32)


def _join_dates(members: pd.DataFrame | None) -> "pd.Series[pd.Timestamp] | None":
    if members is None or "joined" not in members.columns:
        return None
    joined = members["joined"]
    try:
        if pd.api.types.is_numeric_dtype(joined):
            raise TypeError(f"the type {joined.dtype}")
        return pd.to_datetime(joined, utc=True).dt.tz_localize(None).dt.normalize()
    except (ValueError, TypeError) as error:
        remedy = "map member_columns.joined to a column of dates, or to null"
        raise UserError("expected dates in members.joined", error, remedy) from error


def _training_end(config: DataConfig, first: int, last: int) -> int:
    """The first day after the training span: where the last training horizon may reach."""
    windows = config.windows
    begin = first + max(windows.history_days, windows.at_risk_days if windows.at_risk == "active" else 0)
    end = last + 1 - windows.horizon_days
    if end < begin:
        raise too_few_days(first, last, needed=begin - first + windows.horizon_days)
    val_from, _test_from = config.split.boundaries(_timestamp(begin), _timestamp(end))
    return (val_from - pd.Timestamp("1970-01-01")).days


def _timestamp(day: int) -> pd.Timestamp:
    return pd.Timestamp("1970-01-01") + pd.Timedelta(days=day)


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


def digest(source: str, frames: Mapping[str, Frame]) -> str:
    """The SHA-256 of a source's bytes, or of a data frame's rows."""
    whole = hashlib.sha256()
    if source in frames:
        frame = frames[source]
        table = frame if isinstance(frame, pd.DataFrame) else frame.to_pandas()
        whole.update(pd.util.hash_pandas_object(table).to_numpy().tobytes())
        return whole.hexdigest()
    for path in sorted(glob(source, recursive=True)):
        with Path(path).open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()
