"""Comparisons: how the priority segment and the loyal earners differ, one row per user."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import AMOUNT, ELSEWHERE, FEATURES, STICKERS, WEEKENDS, Rhythm, Windows
from churn.segments.comparing.compared import LIKELY, Comparison, comparisons
from churn.segments.config import SegmentConfig
from churn.segments.priority import segments_of
from churn.segments.ranking import chance_of_first
from churn.statistics import benjamini_hochberg, holm, is_skewed, mann_whitney, rate_interval, welch

COLUMNS = (
    *("comparison", "feature", "n_priority", "n_other", "mean_priority", "mean_other", "t", "df", "p", "p_adjusted"),
    *("p_bh", "p_rank", "p_finding", "hedges_g", "low", "high", "circular", "group"),
)


def latest_windows(windows: Windows) -> NDArray[np.intp]:
    """The position of each user's latest window: the one row per user that a test may have."""
    last = np.append(windows.user[1:] != windows.user[:-1], True)
    return np.flatnonzero(last) if len(windows) else np.empty(0, np.intp)


def pooled(config: SegmentConfig, *, users: int, per_day: float) -> SegmentConfig:
    """The rule for one list over the users of many days where a list is drawn every day.

    A number of users per day would be far too few among the users of all days: the list takes the share that the
    number is of the users at risk on an average day, up to everyone. Other rules stay as they are.

    Args:
        config: How the daily lists are drawn.
        users: How many users there are over the days.
        per_day: How many are at risk on an average one.

    Example:
        >>> pooled(SegmentConfig(rule="number", number=20), users=1000, per_day=200).quantile
        0.9
    """
    if config.ending != "number" or config.number is None:
        return config
    share = config.number / per_day
    if share >= 1:
        return replace(config, number=users)
    return replace(config, rule="quantile", quantile=1 - share, number=None)


def describe(
    windows: Windows,
    *,
    before_days: int,
    members: pd.DataFrame | None = None,
    rhythm: Rhythm | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """The variables to compare, a row per window, and which variables are circular.

    Circular variables entered the score: the features of the history, the attributes among them, and what a
    feature that looks further back has seen. So is the share on weekends within the history: of counts by day, a
    cutoff's weekday makes the share. The others did not: totals over the days before the history, tenure, hours of the
    day, the members' other numeric attributes, and what happened afterwards.

    Args:
        windows: The windows.
        before_days: How many days before the history count as the period before it.
        members: The members' attributes as they were at each window, same rows.
        rhythm: When the users act; None where it is not known.

    Returns:
        The table and the names of its circular columns.
    """
    table = pd.DataFrame(windows.summary(), columns=windows.features)
    if windows.panel.features:
        table = table.join(_past(windows, before_days=before_days, rhythm=rhythm))
    afterwards, taken = _afterwards(windows), set(table.columns) - _columns_of_attributes(windows)
    for name, values in _attributes(windows, members).items():
        table[f"{name} (member list)" if name in taken or name in afterwards else name] = values
    table = table.assign(**afterwards)
    seen = seen_by_models(windows)
    return table, [name for name in table.columns if name in seen]


def _past(windows: Windows, *, before_days: int, rhythm: Rhythm | None) -> pd.DataFrame:
    """The counts of the days before the history, the days since the first one, and the users' habits."""
    panel = windows.panel
    before = (-windows.history_days - min(before_days, windows.panel.n_days), -windows.history_days - 1)
    rows = windows.rows(first=before[0], last=before[1])
    totals = panel.gather(rows).sum(axis=1, dtype=np.float64)
    table = pd.DataFrame(totals, columns=[f"{name}_before" for name in panel.features])
    table["active_days_before"] = np.take(panel.active, rows, axis=0).sum(axis=1).astype(float)
    table["days_since_first_seen"] = (windows.cutoff - panel.first[windows.user]).astype(float)
    return table if rhythm is None else table.join(_habits(windows, rhythm, before=before))


def _columns_of_attributes(windows: Windows) -> set[str]:
    """The columns of a history that are members' attributes."""
    attributes = (feature for feature in windows.derived if feature not in FEATURES)
    return {name for feature in attributes for name in feature.columns(windows.panel)}


def _habits(windows: Windows, rhythm: Rhythm, *, before: tuple[int, int]) -> pd.DataFrame:
    """The hours and weekdays of users' activity, in the history and before it, and its share elsewhere if uncounted."""
    now = rhythm.shares(windows, first=-windows.history_days, last=-1)
    then = rhythm.shares(windows, first=before[0], last=before[1]).add_suffix("_before")
    counted = any(name.startswith("away_") for name in windows.panel.features)
    return now.join(then).drop(columns=[ELSEWHERE, f"{ELSEWHERE}_before"] if counted else [])


def _afterwards(windows: Windows) -> dict[str, NDArray[np.float64]]:
    """Outcomes in the horizon: the targets, days with activity, and stickers."""
    panel, rows = windows.panel, windows.rows(first=windows.lead_days, last=windows.reach_days - 1)
    found = {f"{target}_afterwards": windows.label(target).astype(float) for target in windows.targets}
    if not windows.scattered:
        found["active_days_afterwards"] = np.take(panel.active, rows, axis=0).sum(axis=1).astype(float)
    total = panel.gather(rows).sum(axis=1, dtype=np.float64)
    gifts = [(place, name) for place, name in enumerate(panel.features) if name in (STICKERS, AMOUNT)]
    found |= {f"{name}_afterwards": total[:, place] for place, name in gifts}
    unknown = ~windows.known
    return {name: np.where(unknown, np.nan, values) for name, values in found.items()}


def seen_by_models(windows: Windows) -> set[str]:
    """The names of columns that the models saw: features, attributes, and whatever derived features were made from."""
    seen = {*windows.features, *(feature.name for feature in windows.derived), WEEKENDS}
    reached = {feature.reaches for feature in windows.derived}
    if reached & {"past", "weeks"}:
        seen |= {f"{name}_before" for name in windows.panel.features} | {"active_days_before", f"{WEEKENDS}_before"}
    return seen | {"days_since_first_seen", "days_since_joined"} if "arrival" in reached else seen


def _attributes(windows: Windows, members: pd.DataFrame | None) -> dict[str, NDArray[np.float64]]:
    """The members' numeric attributes, and dates as days before the cutoff."""
    columns: dict[str, NDArray[np.float64]] = {}
    if members is None:
        return columns
    for name in members.columns.drop("user_id"):
        values = members[name]
        if pd.api.types.is_datetime64_any_dtype(values):
            when = pd.to_datetime(values, utc=True).dt.tz_localize(None).to_numpy()
            columns[f"days_since_{name}"] = (windows.dates.to_numpy() - when) / np.timedelta64(1, "D")
        elif pd.api.types.is_numeric_dtype(values):
            numbers = values.to_numpy(np.float64, na_value=np.nan)
            columns[str(name)] = np.where(np.isinf(numbers), np.nan, numbers)
    return columns


def compare(
    table: pd.DataFrame,
    segment: pd.Series,
    *,
    circular: list[str],
    loyal: pd.Series | None = None,
    minimum_cell: int = 30,
    likely: str = LIKELY,
) -> pd.DataFrame:
    """Welch's t-test of every variable, adjusted within each comparison, and beside it a test of ranks where it is due.

    Args:
        table: A row per user, a column per variable.
        segment: The users' segments, same rows.
        circular: The columns that entered the score: they differ by construction, so their test describes.
        loyal: Whether a user is a loyal earner, same rows; None for no such comparison.
        minimum_cell: Users in a group under which nothing is tested.
        likely: As in `comparisons`.

    Returns:
        comparison, feature, n_priority, n_other, mean_priority, mean_other, t, df, p, p_adjusted (Holm), p_bh
        (Benjamini–Hochberg), p_rank (Mann–Whitney, where a group's |skewness| is above 2), p_finding (Holm over the
        test that is due for each row: p_rank where there is one, else p), hedges_g, low, high, circular, group: the
        name of the first of the two groups, which the columns of `priority` are about. The tests are null for a group
        under the minimum; all numbers are where one has under two users or nothing varies.
    """
    tables = [_compared(table, one, minimum_cell=minimum_cell) for one in comparisons(segment, loyal, likely=likely)]
    found = pd.concat(tables, ignore_index=True).assign(circular=lambda t: t.feature.isin(circular))
    return found[list(COLUMNS)]


def _compared(table: pd.DataFrame, comparison: Comparison, *, minimum_cell: int) -> pd.DataFrame:
    inside, outside = comparison.inside.to_numpy(), comparison.outside.to_numpy()
    columns = [values.to_numpy() for _, values in table.items()]
    rows = [_test(values[inside], values[outside], minimum_cell=minimum_cell) for values in columns]
    tests = pd.DataFrame(rows).assign(comparison=comparison.name, group=comparison.group, feature=list(table.columns))
    p = tests.p.to_numpy()
    due = tests.p_rank.fillna(tests.p).to_numpy()  # of skewed columns Welch's test errs too often, that of ranks not
    return tests.assign(p_adjusted=holm(p), p_bh=benjamini_hochberg(p), p_finding=holm(due))


def _test(a: NDArray[Any], b: NDArray[Any], *, minimum_cell: int) -> dict[str, float]:
    result = welch(a, b)
    enough = min(result.n_a, result.n_b) >= minimum_cell
    by_rank = enough and (is_skewed(a) or is_skewed(b))
    return {
        "n_priority": result.n_a,
        "n_other": result.n_b,
        "mean_priority": result.mean_a,
        "mean_other": result.mean_b,
        "t": result.t if enough else np.nan,
        "df": result.df if enough else np.nan,
        "p": result.p if enough else np.nan,
        "p_rank": mann_whitney(a, b) if by_rank else np.nan,
        "hedges_g": result.hedges_g,
        "low": result.low,
        "high": result.high,
    }


def observed_rates(windows: Windows, scored: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Forecast and observed rates by segment: segment, n (windows), n_users, target, forecast, rate, low, high.

    `forecast` is the mean probability. A list of the highest products picks out forecasts that are too high, so it
    may promise more than comes though the forecast is calibrated over all. `all` is everyone on the same windows.

    Args:
        windows: The n windows that were scored, with their labels.
        scored: p_churn, p_sticker where there are stickers, and segment; in the same order.
        seed: Of the intervals, which draw users.
    """
    rows = []
    for name in (*segments_of(chance_of_first(scored)), "all"):
        inside = np.ones(len(windows), bool) if name == "all" else (scored.segment == name).to_numpy()
        users = windows.user[inside]
        for target in windows.targets:
            y = windows.label(target)[inside]
            rate = rate_interval(y, users, seed=seed) if len(y) else None
            values = (rate.value, rate.low, rate.high) if rate else (np.nan,) * 3
            forecast = scored[f"p_{target}"][inside].mean()
            rows.append((name, len(y), len(np.unique(users)), target, forecast, *values))
    return pd.DataFrame(rows, columns=["segment", "n", "n_users", "target", "forecast", "rate", "low", "high"])
