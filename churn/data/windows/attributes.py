"""Members' attributes as features: their values over time, their encoding, and their value on any day."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data.config.attribute_config import Attribute
from churn.data.config.data_config import AUTO
from churn.data.log.vocabulary import Encoding
from churn.data.windows.feature import Feature
from churn.data.windows.features import features_among
from churn.data.windows.panel import Panel
from churn.errors import UserError

LEVELS = 10  # levels of one attribute with columns of their own, on every day of a history
MOST_LEVELS = 254  # the same where there is no history: as many as a tree's split can tell from each other
_UNPLAIN = re.compile(r"[^\w-]")  # a sign that YAML might not read as part of a name
_NEVER = -(1 << 30)  # a day before every panel


def asked_for(
    names: Sequence[str], attributes: Mapping[str, Attribute], *, columns: Sequence[str]
) -> tuple[tuple[Feature, ...], tuple[Attribute, ...]]:
    """The features and the attributes of the member list that `data.features` names.

    Args:
        names: The names asked for.
        attributes: The `data.attributes` block.
        columns: The columns of the member list; empty without a list.

    Raises:
        UserError: for an unknown name, or an attribute that `data.attributes` lacks.
    """
    names = [name for name in names if name != AUTO]  # stands for what a run chooses
    features = features_among(names, attributes=(*attributes, *columns))
    listed = [name for name in columns if name not in ("user_id", "joined")]
    listed += [name for name, entry in attributes.items() if entry.form == "picture" and name not in listed]
    for name in names:
        if name in features:
            continue
        if name not in listed:
            there = f"{', '.join((AUTO, *features))}, or an attribute of the member list: {', '.join(listed) or 'none'}"
            remedy = "correct the name, or write the import path of a Feature of your own"
            raise UserError(f"expected data.features out of {there}", repr(name), remedy)
        if name not in attributes:
            block = f"attributes: {{{json.dumps(name) if _UNPLAIN.search(name) else name}: {{known: arrival}}}}"
            raise UserError(
                f"expected data.attributes to say when {name} is known, since models are to see it",
                "nothing",
                f"add `{block}` to the data block if it never changes, or say daily or after",
            )
    chosen = [name for name in names if name not in features]
    return tuple(features[name] for name in names if name in features), tuple(attributes[name] for name in chosen)


def check_columns(attributes: Mapping[str, Attribute], columns: Sequence[str]) -> None:
    """Raise a UserError for an attribute, or the dates of one, that the member list lacks."""
    plain = [entry for entry in attributes.values() if entry.form != "picture"]  # a picture's are looked at with it
    wanted = [name for entry in plain for name in (entry.name, entry.valid_from) if name]
    if lacking := [name for name in wanted if name not in columns]:
        there = ", ".join(columns) or "there is no member list"
        raise UserError(
            "expected data.attributes out of the member list's columns", lacking[0], f"choose out of {there}"
        )


@dataclass(frozen=True)
class Timeline:
    """An attribute's values, with the day from which each holds, sorted by user and day."""

    user: NDArray[np.int64]  # (rows,)
    day: NDArray[np.int64]  # (rows,) day of the panel; long ago for a value that never changes
    held: pd.Series  # (rows,) the values

    @classmethod
    def of(cls, attribute: Attribute, rows: pd.DataFrame, panel: Panel, *, zone: str) -> Self:
        """Make it from rows of the member list, several per user if known daily; of one day's values the latest holds.

        Raises:
            UserError: for dates that cannot be read, or are missing.
        """
        rows = rows.assign(user=panel.users.get_indexer(pd.Index(rows["user_id"])))
        if attribute.valid_from is None:
            rows = rows.drop_duplicates("user").sort_values("user")
            day = np.full(len(rows), _NEVER, np.int64)
        else:
            times = _times_of_all(rows[attribute.valid_from], attribute.valid_from, zone=zone)
            rows = rows.assign(time=times).sort_values(["user", "time"], kind="stable")
            day = np.asarray((rows["time"].dt.normalize() - panel.date(0)).dt.days, np.int64)
        return cls(rows["user"].to_numpy(np.int64), day, rows[attribute.name])

    def newest(self, user: NDArray[np.integer], day: NDArray[np.integer]) -> NDArray[np.int64]:
        """The row of the value that holds on a day, -1 before the first: (…) and (…) to (…)."""
        wide = np.int64(1) << 32
        place = np.searchsorted(self.user * wide + self.day, user * wide + day, side="right") - 1
        return np.where((place >= 0) & (self.user[place] == user), place, -1) if len(self.user) else place

    def at(self, user: NDArray[np.integer], day: NDArray[np.integer]) -> pd.Series:
        """The values on some days, null before the first: (n,) and (n,) to (n,)."""
        place = self.newest(user, day)
        return self.held.reset_index(drop=True).reindex(place).reset_index(drop=True)


def freeze(
    attribute: Attribute,
    timeline: Timeline,
    panel: Panel,
    *,
    last_day: int,
    trained: NDArray[np.bool_],
    most: int = LEVELS,
) -> Encoding:
    """Choose an attribute's columns from the training users' values known at the end of the training span.

    The training users are the members who had joined by then or, where the list does not say, had been seen, with all
    values that they had had by then.

    Args:
        attribute: The attribute.
        timeline: Its values.
        panel: The panel, whose `arrived` gives each user's first day.
        last_day: The last day of the training span, a day of the panel.
        trained: The users whose windows may be trained on, (u,).
        most: Levels with columns of their own, the most frequent ones.

    Raises:
        UserError: for values that are neither numbers, dates, yes or no, nor text.
    """
    there = trained & (panel.arrived <= last_day)
    values = timeline.held[there[timeline.user] & (timeline.day <= last_day)]
    first = timeline.at(np.flatnonzero(there), np.zeros(there.sum(), np.int64))
    kind = _kind(attribute.name, values if values.notna().any() else timeline.held)
    if kind == "date":
        return Encoding(attribute.name, kind, missing=bool(values.isna().any() or first.isna().any()))
    if kind != "level":
        numbers = pd.concat([_numbers(attribute.name, column) for column in (values, first)])
        return Encoding(attribute.name, kind, missing=bool(numbers.isna().any()))
    counts = values.dropna().astype(str).value_counts()
    levels = sorted(counts.index, key=lambda level: (-counts[level], level))
    return Encoding(attribute.name, kind, levels=tuple(levels[:most]), rare=len(levels) > most)


def unknown_levels(encoding: Encoding, timeline: Timeline) -> dict[str, int]:
    """The levels that have no column, with the number of rows of the member list that hold each."""
    if encoding.kind != "level" or encoding.rare:
        return {}
    levels = timeline.held.dropna().astype(str)
    counts = levels[~levels.isin(encoding.levels)].value_counts()
    return {f"{encoding.name}={level}": int(n) for level, n in counts.items()}


def as_features(encoding: Encoding, timeline: Timeline, *, zone: str) -> tuple[Feature, ...]:
    """An attribute as features of a history; numbers separate from columns of yes and no.

    A date counts as the days from the end of the day that is looked from, the cutoff for a history's last one, to the
    date: below 0 once it is over.

    Raises:
        UserError: for values of another kind than in training.
    """
    columns, table = encoding.columns, _encoded(encoding, timeline.held, zone=zone)
    first = 1 if encoding.kind in ("number", "date") else 0  # the columns of yes and no
    number = _feature(encoding, timeline, table[:, :first], columns=columns[:first], reason="number")
    rest = _feature(encoding, timeline, table[:, first:], columns=columns[first:], reason="yes or no")
    return (*[number] * first, *[rest] * bool(columns[first:]))


def as_times(values: pd.Series, *, name: str, zone: str, remedy: str) -> "pd.Series[pd.Timestamp]":
    """A column of the member list as times in the zone where days begin, nulls kept.

    Times without a zone are read as UTC. A column in which every time is midnight holds dates, which name one day in
    every zone.

    Raises:
        UserError: if it holds no dates.
    """
    try:
        if pd.api.types.is_numeric_dtype(values):
            raise TypeError(f"the type {values.dtype}")
        form = None if pd.api.types.is_datetime64_any_dtype(values) else "ISO8601"
        times: pd.Series[pd.Timestamp] = pd.to_datetime(values, utc=True, format=form).astype("datetime64[us, UTC]")
        if not (years := times.dt.year.dropna()).between(1900, 2199).all():
            raise ValueError(f"the year {int(years[~years.between(1900, 2199)].iloc[0])}")
    except (ValueError, TypeError) as error:
        raise UserError(f"expected dates in members.{name}", error, remedy) from error
    are_dates = bool((times.dt.normalize() == times)[times.notna()].all())
    local: pd.Series[pd.Timestamp] = (times if are_dates else times.dt.tz_convert(zone)).dt.tz_localize(None)
    return local


def _times_of_all(values: pd.Series, name: str, *, zone: str) -> pd.Series:
    times = as_times(values, name=name, zone=zone, remedy="name a column of dates")
    if times.isna().any():
        found = f"{int(times.isna().sum()):,} rows without one"
        raise UserError(f"expected a date in every row of members.{name}", found, "fill it in, or leave the rows out")
    return times


def _kind(name: str, values: pd.Series) -> Literal["number", "date", "yes or no", "level"]:
    found = pd.api.types.infer_dtype(values, skipna=True)
    if found in ("integer", "floating", "mixed-integer-float", "decimal", "empty"):
        return "number"
    if found in ("datetime64", "datetime", "date"):
        return "date"
    if found == "boolean":
        return "yes or no"
    if found in ("string", "categorical", "mixed-integer", "mixed"):
        return "level"
    remedy = "take it out of data.features"
    raise UserError(f"expected numbers, dates, yes or no, or text in members.{name}", found, remedy)


def _numbers(name: str, values: pd.Series) -> pd.Series:
    """Numbers with nulls as NaN; a number that a float32 cannot hold is null too."""
    plain = values.astype(object).where(values.notna(), np.nan)
    try:
        numbers = plain.astype(np.float64)
    except (ValueError, TypeError) as error:
        raise UserError(
            f"expected numbers in members.{name}, as in training", error, "mend the column, or train again"
        ) from error
    return numbers.where(numbers.abs() <= np.finfo(np.float32).max)


def _encoded(encoding: Encoding, values: pd.Series, *, zone: str) -> NDArray[np.float32]:
    """The columns at each value, with a last row for null: (rows + 1, c); dates in days since 1970, NaN for none."""
    if encoding.kind == "date":
        remedy = "mend the column, or train again"
        values = (
            as_times(values, name=encoding.name, zone=zone, remedy=remedy).dt.normalize() - pd.Timestamp(0)
        ).dt.days
    values = pd.concat([values.reset_index(drop=True).astype(object), pd.Series([None], dtype=object)])
    if encoding.kind == "level":
        text = values.astype(str).where(values.notna(), None)
        columns = [text == level for level in encoding.levels]
        columns += [text.notna() & ~text.isin(encoding.levels)] * encoding.rare
    else:
        numbers = _numbers(encoding.name, values)
        known = numbers if encoding.kind == "date" else numbers.fillna(0)
        columns = [known, *[numbers.isna()] * encoding.missing]
    return np.column_stack([np.zeros((len(values), 0)), *columns]).astype(np.float32)


def _feature(
    encoding: Encoding,
    timeline: Timeline,
    table: NDArray[np.float32],
    *,
    columns: tuple[str, ...],
    reason: Literal["number", "yes or no"],
) -> Feature:
    always = bool((timeline.day == _NEVER).all())

    def values(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
        days = day[:, :1] if always else day
        found = table[timeline.newest(user[:, None], days)]
        return np.broadcast_to(found, (*day.shape, len(columns)))

    def days_to(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
        found = values(panel, user, day)
        ends = (panel.first_day + day + 1).astype(np.float32)
        return np.asarray(np.nan_to_num(found - ends[:, :, None]), np.float32)

    dated, one_hot = encoding.kind == "date" and reason == "number", encoding.kind == "level"
    return Feature(
        encoding.name,
        lambda panel: columns,
        days_to if dated else values,
        reason=reason,
        constant=always and not dated,
        one_hot=one_hot,
    )
