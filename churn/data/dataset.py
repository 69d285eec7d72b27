"""The data of a run: from the `data:` block to a panel, its windows and their split."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
from ibis import _
from numpy.typing import NDArray

from churn.artefacts import atomic, read_json, write_json
from churn.data import panel as panels
from churn.data.config import DataConfig
from churn.data.daily import Daily, aggregate
from churn.data.features import Vocabulary
from churn.data.panel import Panel
from churn.data.parts import Split
from churn.data.reconciliation import write_quarantine
from churn.data.sources import Engines, Frame, readable_to_the_last_row
from churn.data.splits import rolling_origins, split_windows, training_users
from churn.data.tables import read_tables
from churn.data.windows import UNKNOWN, Windows, slide, too_few_days
from churn.errors import UserError

_META, _QUARANTINE = "dataset.json", "quarantine.parquet"


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
    columns: dict[str, dict[str, str]]  # per table, the columns as they lie there, with their types
    quarantine: Path  # the rows that cannot be used, with the reason

    def split(self) -> Split:
        """The split that the configuration asks for; of several folds, the newest."""
        return split_windows(self.windows, self.config.split)

    def folds(self) -> tuple[Split, ...]:
        """The rolling origins that the configuration asks for, oldest first; the last is `split()`."""
        return rolling_origins(self.windows, self.config.split)

    def audit(self) -> dict[str, Any]:
        """The days, features and base rates; the split's audit, and in `folds` that of each fold, oldest first."""
        windows, panel, folds = self.windows, self.panel, self.folds()
        split, known = folds[-1], windows.churn != UNKNOWN
        in_parts = sum(len(part) for part in (split.train, split.val, split.test))
        audits = [fold.audit() for fold in folds]
        return {
            "first_day": str(panel.date(0).date()),
            "last_day": str(panel.date(panel.n_days - 1).date()),
            "features": panel.features,
            "windows_labelled": int(known.sum()),
            "windows_in_gaps": int(known.sum()) - in_parts,
            "at_risk_per_test_day": _per_cutoff(windows, np.unique(split.test.cutoff)),
            "base_rates": {target: float(windows.label(target)[known].mean()) for target in windows.targets},
            "unknown_events": self.unknown_events,
            **audits[-1],
            "folds": audits,
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
        meta["columns"],
        folder / _QUARANTINE,
    )


def _build(config: DataConfig, folder: Path, frames: Mapping[str, Frame] | None, vocabulary: Vocabulary | None) -> None:
    with atomic(folder) as scratch:
        scratch.mkdir()
        with Engines(scratch / "spilled") as engines, readable_to_the_last_row():
            tables = read_tables(config, engines=engines, frames=frames or {})
            daily = aggregate(
                tables,
                training_end=lambda first, last: _training_end(config, first, last),
                training_users=partial(training_users, config=config.split) if config.split.by_user else None,
                activity_events=tuple(config.activity_events or ()),
                max_event_types=config.max_event_types,
                vocabulary=vocabulary,
            )
            if tables.members is not None:
                attributes = _attributes(tables.members, daily)
                _join_dates(attributes)
                attributes.to_parquet(scratch / "members.parquet", index=False)
            panels.build(daily, scratch / "panel")
            write_quarantine(daily.rejected, scratch / _QUARANTINE)
            write_json(_meta(daily) | {"columns": tables.columns}, scratch / _META)


def _meta(daily: Daily) -> dict[str, object]:
    return {
        "vocabulary": asdict(daily.vocabulary),
        "reconciliation": {name: asdict(table) for name, table in daily.reconciliation.items()},
        "unknown_events": daily.unknown_events,
    }


def _attributes(members: ibis.Table, daily: Daily) -> pd.DataFrame:
    """The member list in the panel's order."""
    rows = members.filter(_.reason.isnull()).drop("reason").to_pandas()
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


def _per_cutoff(windows: Windows, cutoffs: NDArray[np.int32]) -> float:
    """The average number of windows, in a part or not, on some cutoffs."""
    return float(np.isin(windows.cutoff, cutoffs).sum() / len(cutoffs))


def _training_end(config: DataConfig, first: int, last: int) -> int:
    """The first day after the training span: where the oldest fold's last training horizon may reach.

    Where parts are not held apart in time, that is the whole log.
    """
    windows = config.windows
    begin = first + max(windows.history_days, windows.at_risk_days if windows.at_risk == "active" else 0)
    end = last + 1 - windows.horizon_days
    if end < begin:
        raise too_few_days(first, last, needed=begin - first + windows.horizon_days)
    if not config.split.by_time:
        return last + 1
    oldest = config.split.origins(_timestamp(begin), _timestamp(end))[0]
    return (oldest.val_from - pd.Timestamp("1970-01-01")).days


def _timestamp(day: int) -> pd.Timestamp:
    return pd.Timestamp("1970-01-01") + pd.Timedelta(days=day)
