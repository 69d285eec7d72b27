"""The past of a user as of a day: the calendar, days since something, and totals."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data.windows.feature import once_per_panel
from churn.data.windows.mapped import mapped_without_name
from churn.data.windows.panel import Panel

_CHUNK = 1 << 20  # rows of the panel added up at a time
_ESTABLISHED = 28  # days of tenure from which a user is no newcomer


# The calendar -----------------------------------------------------------------------------------------


@once_per_panel
def weekdays(panel: Panel) -> NDArray[np.float32]:
    """Sine and cosine of the weekday, and whether it is Saturday or Sunday: (n_days, 3)."""
    weekday = panel.dates.dayofweek.to_numpy()
    return np.column_stack([*_circle(weekday / 7), weekday >= 5]).astype(np.float32)


@once_per_panel
def month_days(panel: Panel) -> NDArray[np.float32]:
    """Sine and cosine of the position in the month: (n_days, 2)."""
    share = (panel.dates.day - 1) / panel.dates.days_in_month
    return np.column_stack(_circle(share.to_numpy())).astype(np.float32)


def _circle(share: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sine and cosine of a share of a circle, so that its end borders on its beginning."""
    angle = 2 * np.pi * share
    return np.sin(angle), np.cos(angle)


# Time since -------------------------------------------------------------------------------------------


def tenure(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
    """Days since joining or, where the member list does not say, since the first day seen; 0 before it."""
    return _column(np.maximum(day - panel.arrived[user][:, None], 0))


def tenure_capped(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
    """Tenure up to a number of days that users of any log reach early, so that later days bring no new values."""
    return np.minimum(tenure(panel, user, day), np.float32(_ESTABLISHED))


def days_since_activity(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
    """Days since the last own activity, 0 on a day with some.

    Before the first, the days of silence that the log has shown: since the later of its own first day and the
    beginning of tenure, both included.
    """
    seen = _silence(panel)[panel.newest_row(user, day)]
    since = seen + np.maximum(day - panel.last[user][:, None], 0)
    shown = np.minimum(np.maximum(day - panel.arrived[user][:, None], 0), day) + 1
    return _column(np.where(seen >= 0, since, shown))


def _column(values: NDArray[np.integer]) -> NDArray[np.float32]:
    """Days (n, d) as one column, (n, d, 1)."""
    return np.asarray(values[:, :, None], np.float32)


@once_per_panel
def _silence(panel: Panel) -> NDArray[np.int32]:
    """Each row's days since its user's last activity, -1 before the first and in row 0: (rows,)."""
    start = np.append(0, np.repeat(panel.start, panel.last - panel.first + 1))
    rows = np.arange(len(panel.active))
    newest = np.maximum.accumulate(np.where(panel.active, rows, 0))
    return np.where((newest >= start) & (newest > 0), rows - newest, -1).astype(np.int32)


# Running totals ---------------------------------------------------------------------------------------


def totals(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
    """Sums over all days up to and including a day; they stay as they are after the last day seen."""
    return np.take(np.asarray(_running_totals(panel)), panel.newest_row(user, day), axis=0)


def averages(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
    """Sums over all days up to and including a day, divided by the days that the log could have shown of the user."""
    days = np.maximum(day - np.maximum(panel.begin[user], 0)[:, None] + 1, 1)
    return np.asarray(totals(panel, user, day) / days[:, :, None], np.float32)


@once_per_panel
def _running_totals(panel: Panel) -> NDArray[np.float32]:
    """Each row's sums over its user's rows so far, in a nameless file that is removed with the array: (rows, f)."""
    shape = panel.counts.shape
    if not shape[1]:
        return np.zeros(shape, np.float32)
    totals = mapped_without_name(np.float32, shape)
    end = np.append(panel.start, shape[0])  # totals of the rows before each user
    first = 0
    while first < len(panel.start):
        until = max(first + 1, int(np.searchsorted(end, end[first] + _CHUNK, side="right")) - 1)
        _add_up(panel, totals, first=first, until=until)
        first = until
    return totals


def _add_up(panel: Panel, totals: NDArray[np.float32], *, first: int, until: int) -> None:
    """Fill in the totals of some users, each added up alone, so that no rounding depends on another user."""
    length = (panel.last - panel.first + 1)[first:until]
    rows = np.arange(panel.start[first], panel.start[first] + length.sum())
    block = pd.DataFrame(panel.gather(rows).astype(np.float64))
    totals[rows] = block.groupby(np.repeat(np.arange(first, until), length)).cumsum()
