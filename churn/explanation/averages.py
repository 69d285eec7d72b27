"""Others: the averages over users as of a day, with which the reasons of each user are compared."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Windows

WEEK_DAYS = 7
COLUMNS = ["cutoff", "feature", "value", "per_days", "users", "user_days"]


def others(windows: Windows) -> pd.DataFrame:
    """The averages over the windows of each cutoff: cutoff, feature, value, per_days, users, user_days.

    Of arrivals and other scattered windows, few of one day, they are over all of the windows.

    Counts are events, or amounts, by `per_days`, a week: the sum over all histories, divided by the days of the
    histories on which users were already known, `user_days`. A user who joined on the day before the cutoff adds one
    day, however long a history is, so that the averages of a short and of a long history agree. Other features are the
    mean of the last day's values, and have no `per_days`.

    Args:
        windows: The windows of all users at risk on some cutoffs.

    Example:
        >>> from churn.data import example_split
        >>> others(example_split().score)[["feature", "value", "per_days", "users", "user_days"]].round(2).head(2)
               feature  value  per_days  users  user_days
        0     own_post  17.64         7     59        413
        1  fan_comment   9.36         7     59        413
    """
    days = np.unique(windows.cutoff)
    if windows.scattered and len(days):  # of whom few come on one day
        everyone = _of_one_day(windows)
        return pd.concat([everyone.assign(cutoff=day) for day in np.unique(windows.dates)], ignore_index=True)
    tables = [_of_one_day(windows.take(windows.cutoff == day)) for day in days]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)


def beside(table: pd.DataFrame, windows: Windows) -> NDArray[np.float64]:
    """The averages of `others` for each window and feature: (n, f)."""
    wide = table.pivot_table("value", index="cutoff", columns="feature")
    return np.asarray(wide.reindex(index=windows.dates, columns=list(windows.features)), np.float64)


def _of_one_day(windows: Windows) -> pd.DataFrame:
    counts = np.array([source is None or source.over_days == "sum" for source in windows.sources])
    known = int(windows.known_days().sum())
    total = windows.summary().sum(axis=0)
    return pd.DataFrame(
        {
            "cutoff": windows.dates[0],
            "feature": windows.features,
            "value": np.where(counts, total / max(known, 1) * WEEK_DAYS, total / len(windows)),
            "per_days": pd.array([WEEK_DAYS if count else None for count in counts], dtype="Int64"),
            "users": len(windows),
            "user_days": known,
        }
    )[COLUMNS]
