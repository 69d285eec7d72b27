"""Comparisons: how the priority segment differs, one row per user."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Windows
from churn.segments.priority import SEGMENTS
from churn.statistics import holm, rate_interval, welch

PRIORITY, LIKELY, _OTHER = SEGMENTS


def latest_windows(windows: Windows) -> NDArray[np.intp]:
    """The position of each user's latest window: the one row per user that a test may have."""
    last = np.append(windows.user[1:] != windows.user[:-1], True)
    return np.flatnonzero(last) if len(windows) else np.empty(0, np.intp)


def describe(
    windows: Windows, *, before_days: int, members: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """The variables to compare, a row per window, and which of them are circular.

    Circular is what entered the score: the features of the history, the attributes among them, and what a
    feature that looks further back has seen. The others did not: totals over the days before the history, tenure,
    the members' other numeric attributes, and what happened afterwards.

    Args:
        windows: The windows.
        before_days: How many days before the history count as the period before it.
        members: The members' attributes as they were at each window, same rows.

    Returns:
        The table and the names of its circular columns.
    """
    names, panel = windows.panel.features, windows.panel
    table = pd.DataFrame(windows.summary(), columns=windows.features)
    first, last = -windows.history_days - before_days, -windows.history_days - 1
    rows = windows.rows(first=first, last=last)
    before = panel.gather(rows).sum(axis=1, dtype=np.float64)
    table = table.join(pd.DataFrame(before, columns=[f"{name}_before" for name in names]))
    table["active_days_before"] = np.take(panel.active, rows, axis=0).sum(axis=1).astype(float)
    table["days_since_first_seen"] = (windows.cutoff - panel.first[windows.user]).astype(float)
    for name, values in _attributes(windows, members).items():
        table[name] = values
    for target in windows.targets:
        table[f"{target}_afterwards"] = windows.label(target).astype(float)
    return table, [name for name in table.columns if name in _seen_by_models(windows)]


def _seen_by_models(windows: Windows) -> set[str]:
    seen = {*windows.features, *(feature.name for feature in windows.derived)}
    reached = {feature.reaches for feature in windows.derived}
    if "past" in reached:
        seen |= {f"{name}_before" for name in windows.panel.features} | {"active_days_before"}
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


def compare(table: pd.DataFrame, segment: pd.Series, *, circular: list[str]) -> pd.DataFrame:
    """Welch's t-test of every variable, Holm-adjusted within each comparison.

    Args:
        table: A row per user, a column per variable.
        segment: The users' segments, same rows.
        circular: The columns that entered the score: they differ by construction, so their test describes.

    Returns:
        comparison, feature, n_priority, n_other, mean_priority, mean_other, t, df, p, p_adjusted, hedges_g, low,
        high, circular; the numbers are null where a group has under two users or nothing varies.
    """
    inside = segment == PRIORITY
    others = {"priority vs all others": ~inside, "priority vs other likely churners": segment == LIKELY}
    tables = []
    for name, outside in others.items():
        rows = [_test(table[c][inside], table[c][outside]) for c in table.columns]
        tests = pd.DataFrame(rows).assign(comparison=name, feature=list(table.columns))
        tables.append(tests.assign(p_adjusted=holm(tests.p.to_numpy())))
    found = pd.concat(tables, ignore_index=True).assign(circular=lambda t: t.feature.isin(circular))
    first = [
        "comparison",
        "feature",
        "n_priority",
        "n_other",
        "mean_priority",
        "mean_other",
        "t",
        "df",
        "p",
        "p_adjusted",
    ]
    return found[[*first, "hedges_g", "low", "high", "circular"]]


def _test(a: pd.Series, b: pd.Series) -> dict[str, float]:
    result = welch(a.to_numpy(), b.to_numpy())
    return {
        "n_priority": result.n_a,
        "n_other": result.n_b,
        "mean_priority": result.mean_a,
        "mean_other": result.mean_b,
        "t": result.t,
        "df": result.df,
        "p": result.p,
        "hedges_g": result.hedges_g,
        "low": result.low,
        "high": result.high,
    }


def observed_rates(windows: Windows, scored: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """What was forecast of each segment and what happened: segment, n (windows), n_users, target, forecast, rate, low,
    high.

    `forecast` is the mean probability. A list of the highest products picks out those forecasts that are too high, so
    it may promise more than comes though the forecast is calibrated over all. `all` is everyone on the same windows.

    Args:
        windows: What was scored, n of them, with their labels.
        scored: p_churn, p_sticker where there are stickers, and segment; in the same order.
        seed: Of the intervals, which draw users.
    """
    rows = []
    for name in (*SEGMENTS, "all"):
        inside = np.ones(len(windows), bool) if name == "all" else (scored.segment == name).to_numpy()
        users = windows.user[inside]
        for target in windows.targets:
            y = windows.label(target)[inside]
            rate = rate_interval(y, users, seed=seed) if len(y) else None
            values = (rate.value, rate.low, rate.high) if rate else (np.nan,) * 3
            forecast = scored[f"p_{target}"][inside].mean()
            rows.append((name, len(y), len(np.unique(users)), target, forecast, *values))
    return pd.DataFrame(rows, columns=["segment", "n", "n_users", "target", "forecast", "rate", "low", "high"])
