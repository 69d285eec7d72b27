"""The data of a run: from the `data:` block to a panel, its windows and their split."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pandas as pd
import pyarrow as pa

from churn.artefacts import atomic, read_json, write_json
from churn.data import panel as panels
from churn.data.attributes import Timeline, unknown_levels
from churn.data.config import DataConfig
from churn.data.daily import Daily, aggregate
from churn.data.members import Members, check_features, check_first_day, derived, with_attributes
from churn.data.panel import Panel
from churn.data.sources import Frame
from churn.data.splits import Split, split_by_time
from churn.data.tables import read_tables
from churn.data.vocabulary import Vocabulary
from churn.data.windows import UNKNOWN, Windows, slide, too_few_days
from churn.errors import UserError

_META = "dataset.json"


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
    unknown_levels: dict[str, int]  # levels of attributes likewise, with their rows
    timelines: dict[str, Timeline]  # of the attributes that change, by name

    def split(self) -> Split:
        """The split that the configuration asks for."""
        return split_by_time(self.windows, self.config.split)

    def members_at(self, windows: Windows) -> pd.DataFrame | None:
        """The members' attributes as they were on the day before each cutoff, (n,) rows; None without a list."""
        if self.members is None:
            return None
        dates = {entry.valid_from for entry in self.config.known_attributes.values() if entry.valid_from}
        table = self.members.drop(columns=list(dates)).iloc[windows.user].reset_index(drop=True)
        for name, timeline in self.timelines.items():
            table[name] = timeline.at(windows.user, windows.cutoff - 1).convert_dtypes()
        return table

    def audit(self) -> dict[str, Any]:
        """The days, features and parts, and how many labelled windows there are before and between the parts."""
        split, windows, panel = self.split(), self.windows, self.panel
        known = windows.churn != UNKNOWN
        in_parts = sum(len(part) for part in (split.train, split.val, split.test))
        return {
            "first_day": str(panel.date(0).date()),
            "last_day": str(panel.date(panel.n_days - 1).date()),
            "features": windows.features,
            "windows_labelled": int(known.sum()),
            "windows_in_gaps": int(known.sum()) - in_parts,
            "base_rates": {target: float(windows.label(target)[known].mean()) for target in windows.targets},
            "unknown_events": self.unknown_events,
            "unknown_levels": self.unknown_levels,
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
    """Open what `prepare` wrote; windows are found anew, which takes milliseconds.

    Raises:
        UserError: if two features have the same name, or an attribute was not asked for when the folder was made.
    """
    meta, panel = read_json(folder / _META), panels.load(folder / "panel")
    members = Members.load(folder) if config.members else None
    panel, timelines = _with_members(panel, members, config=config)
    vocabulary = Vocabulary.read(meta["vocabulary"])
    windows = slide(panel, config.windows, joined=None if members is None else members.joined(panel))
    return Dataset(
        config,
        panel,
        vocabulary,
        replace(windows, derived=derived(config, panel, vocabulary=vocabulary, timelines=timelines)),
        None if members is None else members.table,
        meta["reconciliation"],
        meta["unknown_events"],
        meta["unknown_levels"],
        {name: timelines[name] for name, entry in config.known_attributes.items() if entry.known == "daily"},
    )


def _with_members(panel: Panel, members: Members | None, *, config: DataConfig) -> tuple[Panel, dict[str, Timeline]]:
    """The panel with what the member list knows of arrivals, and the list's attributes over time."""
    if members is None:
        return panel, {}
    return replace(panel, arrived=members.arrived(panel)), members.timelines(panel, config=config)


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
    tables = read_tables(config, engine=engine, frames=frames or {})
    check_features(config, tables.members)
    daily = aggregate(
        tables,
        training_end=lambda first, last: _training_end(config, first, last),
        activity_events=tuple(config.activity_events or ()),
        max_event_types=config.max_event_types,
        vocabulary=vocabulary,
    )
    members = None if tables.members is None else Members.of(tables.members, daily.users, config=config)
    if vocabulary is not None:
        check_first_day(config, members, first_day=daily.first_day, trained_from=vocabulary.first_day)
    with atomic(folder) as scratch:
        scratch.mkdir()
        panel, timelines = _with_members(panels.build(daily, scratch / "panel"), members, config=config)
        if vocabulary is None:
            vocabulary = with_attributes(daily.vocabulary, panel, config=config, timelines=timelines)
        if members is not None:
            members.save(scratch)
        write_json(_meta(daily, vocabulary, config=config, timelines=timelines), scratch / _META)


def _meta(
    daily: Daily, vocabulary: Vocabulary, *, config: DataConfig, timelines: dict[str, Timeline]
) -> dict[str, object]:
    counts = {name: asdict(table) for name, table in daily.reconciliation.items()}
    if any(entry.known == "daily" for entry in config.known_attributes.values()):
        listed = counts["members"]  # a user's further rows are later values
        listed["used"] += listed["rejected"].pop("repeated user_id", 0)
    levels = [
        unknown_levels(encoding, timelines[encoding.name])
        for encoding in vocabulary.attributes
        if encoding.name in timelines
    ]
    return {
        "vocabulary": asdict(vocabulary),
        "reconciliation": counts,
        "unknown_events": daily.unknown_events,
        "unknown_levels": {name: n for found in levels for name, n in found.items()},
    }


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
