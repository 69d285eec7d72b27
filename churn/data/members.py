"""The member list: one row per user, and the values of its attributes on any day."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import ibis
import numpy as np
import pandas as pd
from ibis import _
from numpy.typing import NDArray

from churn.data.config.data_config import DataConfig
from churn.data.log.daily import Tables
from churn.data.log.vocabulary import Vocabulary
from churn.data.splits.splitting import training_users
from churn.data.windows import people
from churn.data.windows.attributes import (
    LEVELS,
    MOST_LEVELS,
    Timeline,
    as_features,
    as_times,
    asked_for,
    check_columns,
    freeze,
)
from churn.data.windows.context import MONTH
from churn.data.windows.feature import Feature
from churn.data.windows.features import features_among
from churn.data.windows.levels import level_features
from churn.data.windows.panel import Panel
from churn.errors import UserError


@dataclass(frozen=True)
class Members:
    """The member list of a data set."""

    table: pd.DataFrame  # user_id and attributes, a row per user of the panel, in its order
    rows: pd.DataFrame  # user_id and the columns that `data.attributes` names, every usable row
    zone: str  # the zone in which a day begins

    def __post_init__(self) -> None:
        """Raises UserError for days of joining that cannot be read."""
        _ = self.join_dates

    @classmethod
    def of(cls, listed: ibis.Table, users: ibis.Table, *, config: DataConfig) -> Self:
        """Read the usable rows; each user's own is the first one, or the oldest where rows have dates.

        Raises:
            UserError: for dates that cannot be read.
        """
        rows = usable(listed)
        # an engine gives rows in an order of its own
        rows = rows.sort_values(rows.columns.tolist(), key=lambda column: column.astype(str))
        for name in _date_columns(config):
            times = as_times(rows[name], name=name, zone=config.zone, remedy="name a column of dates")
            rows = rows.loc[times.sort_values(kind="stable").index]
        order: pd.DataFrame = users.order_by("code").select("user_id").to_pandas()
        table = order.merge(rows.drop_duplicates("user_id"), on="user_id", how="left")
        return cls(table, rows[_named_columns(config)], config.zone)

    @classmethod
    def load(cls, folder: Path, *, zone: str) -> Self:
        """Read the tables that `save` wrote."""
        table, rows = (pd.read_parquet(folder / f"{name}.parquet") for name in ("members", "member_rows"))
        return cls(table, rows, zone)

    def save(self, folder: Path) -> None:
        """Write two tables to a folder."""
        self.table.to_parquet(folder / "members.parquet", index=False)
        self.rows.to_parquet(folder / "member_rows.parquet", index=False)

    @property
    def join_dates(self) -> "pd.Series[pd.Timestamp] | None":
        """The day on which each user joined, (u,); None for a list that does not say."""
        if "joined" not in self.table.columns:
            return None
        remedy = "map member_columns.joined to a column of dates, or to null"
        times = as_times(self.table["joined"], name="joined", zone=self.zone, remedy=remedy)
        dates: pd.Series[pd.Timestamp] = times.dt.normalize()
        return dates

    def joined(self, panel: Panel) -> NDArray[np.int32] | None:
        """The panel's day from which each user is at risk, (u,); the first day where that is not known."""
        if (dates := self.join_dates) is None:
            return None
        days = (dates - panel.date(0)).dt.days
        return days.fillna(0).clip(lower=0, upper=panel.n_days + 1).to_numpy().astype(np.int32)

    def arrived(self, panel: Panel) -> NDArray[np.int32]:
        """The panel's day from which each user's tenure counts: joining or, where that is not known, being seen."""
        if (dates := self.join_dates) is None:
            return panel.arrived
        days = (dates - panel.date(0)).dt.days
        return np.where(days.notna(), days.fillna(0), panel.arrived).astype(np.int32)

    def groups(self, config: DataConfig) -> pd.Index | None:
        """The group of each user by `data.split.group`, (u,): a user without a value is a group alone."""
        if (column := config.split.group) is None or column not in self.table:
            return None
        return groups_of(self.table, column)

    def listed(self) -> NDArray[np.bool_] | None:
        """Whether the list says when each user joined, (u,); None for a list that does not say."""
        return None if (dates := self.join_dates) is None else dates.notna().to_numpy()

    def timelines(self, panel: Panel, *, config: DataConfig) -> dict[str, Timeline]:
        """The attributes that are known while a user is there, by name."""
        held = config.known_attributes.items()
        known = {name: entry for name, entry in held if entry.known != "after" and entry.form == "table"}
        return {name: Timeline.of(entry, self.rows, panel, zone=self.zone) for name, entry in known.items()}


def groups_of(members: pd.DataFrame, column: str) -> pd.Index:
    """The groups of some members by a column's values, each as text; a member without one has the own id."""
    values = members[column]
    return pd.Index(values.astype(str).where(values.notna(), members["user_id"].astype(str)))


def usable(listed: ibis.Table) -> pd.DataFrame:
    """The rows of a member list, or of outcomes, that can be used."""
    rows: pd.DataFrame = listed.filter(_.reason.isnull()).drop("reason").to_pandas()
    return rows


def check_features(config: DataConfig, tables: Tables, *, new: bool = False) -> None:
    """Raise a UserError if the `data:` block asks for features or attributes that it cannot have.

    Args:
        config: The block.
        tables: The tables, out of whose columns it asks.
        new: Whether their users are to be scored, whose answers need not be known.
    """
    columns = [] if tables.members is None else [name for name in tables.members.columns if name != "reason"]
    check_columns(config.known_attributes, columns)
    if not new:
        _check_outcome(config, columns if config.outcomes is None else [*tables.columns["outcomes"]])
        if (group := config.split.group) is not None and group not in columns:
            expected = "expected data.split.group out of the member list's columns"
            raise UserError(expected, group, f"choose out of {', '.join(columns)}")
    asked_for(config.features, config.known_attributes, columns=columns)


def _check_outcome(config: DataConfig, columns: list[str]) -> None:
    asked, table = config.asked, "the member list's columns" if config.outcomes is None else "the columns of outcomes"
    wanted = {} if asked is None else {"column": asked.column, "from": asked.due}
    for key, name in wanted.items():
        if name is not None and name not in columns:
            expected = f"expected data.outcome.{key} out of {table}"
            raise UserError(expected, name, f"choose out of {', '.join(columns)}")


def check_first_day(
    config: DataConfig, members: Members | None, *, first_day: int, last_day: int, trained_from: int
) -> None:
    """Raise a UserError if new data begin too late for features that know a user's past (days since 1970)."""
    joined = members is not None and members.join_dates is not None
    for reaching, from_day in (
        ({"past"} if joined else {"past", "arrival"}, trained_from),
        ({"weeks"}, max(trained_from, last_day + 1 - MONTH)),
    ):
        needed = reaching_back(config, reaching)
        if needed and first_day > from_day:
            dates = pd.to_datetime([from_day, first_day], unit="D").strftime("%Y-%m-%d")
            as_in = ", as in training" if from_day == trained_from else ""
            raise UserError(
                f"expected events from {dates[0]} on{as_in}, for the features {', '.join(needed)}",
                f"none before {dates[1]}",
                "load all days, or train without these features",
            )


def reaching_back(config: DataConfig, reaching: Collection[str]) -> list[str]:
    """The names in `data.features` of features that know some kinds of past."""
    features = features_among(config.features, attributes=config.attributes)
    return [name for name in config.features if name in features and features[name].reaches in reaching]


def with_attributes(
    vocabulary: Vocabulary, panel: Panel, *, config: DataConfig, timelines: dict[str, Timeline]
) -> Vocabulary:
    """Add the columns of the attributes that models see, frozen on the training users and their span."""
    last_day, trained = vocabulary.last_day - panel.first_day, training_users(panel.parted, config.split)
    chosen = [config.known_attributes[name] for name in config.features if name in timelines]
    most = LEVELS if config.windows.history_days else MOST_LEVELS
    frozen = tuple(
        freeze(entry, timelines[entry.name], panel, last_day=last_day, trained=trained, most=most) for entry in chosen
    )
    return replace(vocabulary, attributes=frozen)


def derived(
    config: DataConfig,
    panel: Panel,
    *,
    vocabulary: Vocabulary,
    timelines: dict[str, Timeline],
    chances: dict[str, tuple[Feature, ...]],
) -> tuple[Feature, ...]:
    """The features that `data.features` asks for, then levels, then the attributes, each in its order.

    Args:
        config: The `data:` block.
        panel: The panel.
        vocabulary: The frozen columns.
        timelines: The attributes over time.
        chances: The features of texts and pictures.

    Raises:
        UserError: for an attribute that has no frozen columns, or two columns of one name.
    """
    features, chosen = asked_for(config.features, config.known_attributes, columns=[*timelines, *chances])
    encodings = {encoding.name: encoding for encoding in vocabulary.attributes}
    if lacking := [entry.name for entry in chosen if entry.name not in encodings]:
        raise UserError(
            "expected attributes that the models were trained with",
            lacking[0],
            "take it out of data.features, or train",
        )
    if panel.people is None and (named := sorted(set(people.NAMES) & set(config.features))):
        expected = f"expected events of others in users' rooms for {', '.join(named)} in data.features"
        raise UserError(
            expected, "none", "map actor_id in data.event_columns, prepare a new folder, or take the features out"
        )
    attributes = chances | {
        entry.name: as_features(encodings[entry.name], timelines[entry.name], zone=config.zone)
        for entry in chosen
        if entry.name in timelines
    }
    levels = level_features(panel) if config.windows.history_days else ()
    found = (*features, *levels, *(feature for entry in chosen for feature in attributes[entry.name]))
    names = [*panel.features, *(name for feature in found for name in feature.columns(panel))]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        remedy = "rename the member list's column" + (", or the channel in data.daily_columns" if config.daily else "")
        raise UserError("expected features of different names", f"{twice[0]} twice", remedy)
    return found


def _date_columns(config: DataConfig) -> list[str]:
    return sorted({entry.valid_from for entry in config.known_attributes.values() if entry.valid_from})


def _named_columns(config: DataConfig) -> list[str]:
    plain = [name for name, entry in config.known_attributes.items() if entry.form == "table"]
    return ["user_id", *dict.fromkeys([*plain, *_date_columns(config)])]
