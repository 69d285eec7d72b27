"""Context: what of a user's past before the history is known at the cutoff, in numbers that keep their range.

Sums over four weeks, shares, and gaps of four weeks at most do not grow with the length of the log, and rates level
off, so that later days bring few values that training has not seen. Everything is counted by role rather than by event
type: a few columns say nearly as much.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from churn.data.log.vocabulary import ROLES, STICKER_FEATURES
from churn.data.windows import past
from churn.data.windows.feature import once_per_panel
from churn.data.windows.panel import Panel

MONTH = 28  # days
_WEEK = 7
_FIRST = 14  # days added to the days known: a newcomer's rates would jump otherwise
WEEKS = tuple(f"active_days_week_{week}" for week in range(1, MONTH // _WEEK + 1))  # the last week first
GAPS = ("gap_mean", "gap_spread", "gap_last", "gap_now")


def by_role(prefix: str, *more: str) -> Callable[[Panel], tuple[str, ...]]:
    """The function that names a panel's columns of a feature: one per role, one per column of stickers, and some more.

    A channel of a table of days has a column of its own, such as month(posts), since units of channels differ.

    Example:
        >>> from churn.data import example_split
        >>> by_role("month")(example_split().train.panel)
        ('month_own', 'month_fan', 'month_stickers_received', 'month_sticker_amount')
    """

    def named(name: str) -> str:
        own = name in (*ROLES, *STICKER_FEATURES, *more)
        return f"{prefix}_{name}" if own else f"{prefix}({name})"

    return lambda panel: tuple(named(name) for name in (*_groups(panel), *more))


def month(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
    """The sums of the last 28 days: (n, d, g)."""
    return np.asarray(_summed(panel, user, day, days=MONTH), np.float32)


def trend(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
    """The last week's share of the last 28 days' sums, drawn towards a quarter where there is little: (n, d, g)."""
    week, four = (_summed(panel, user, day, days=days) for days in (_WEEK, MONTH))
    return np.asarray((np.maximum(week, 0) + 0.5) / (np.maximum(four, np.maximum(week, 0)) + 2), np.float32)


def active_weeks(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
    """The active days in each of the last four weeks, the last first: (n, d, 4)."""
    until = [_active_days(panel, user, day - _WEEK * week) for week in range(len(WEEKS) + 1)]
    return np.stack([a - b for a, b in pairwise(until)], axis=2).astype(np.float32)


def gaps(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
    """The days between active days: mean, standard deviation, the last, and the days since the last: (n, d, 4).

    Longer ones count as 28 days. The first three are 0 before the second active day.
    """
    sums, squares, own = _gaps(panel)
    first = _active_before(panel)[panel.start[user]][:, None]
    until = first + _active_days(panel, user, day)
    n = np.maximum(until - first - 1, 1)
    mean = (sums[until] - sums[first]) / n
    spread = np.sqrt(np.maximum((squares[until] - squares[first]) / n - mean**2, 0))
    last = np.where(until > first, own[np.maximum(until - 1, 0)], 0) if len(own) else np.zeros(day.shape)
    now = np.minimum(past.days_since_activity(panel, user, day)[:, :, 0], MONTH)
    return np.stack([mean, spread, last, now], axis=2).astype(np.float32)


def rates(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.float32]:
    """The sums and the active days since the user is known, by that time in days, two weeks more: (n, d, g + 1)."""
    days = np.maximum(day - np.maximum(panel.begin[user], 0)[:, None] + 1, 1) + _FIRST
    sums = _grouped(panel, past.totals(panel, user, day))
    sums = np.concatenate([sums, _active_days(panel, user, day)[:, :, None]], axis=2)
    return np.asarray(sums / days[:, :, None], np.float32)


# Sums by role ------------------------------------------------------------------------------------------


def _groups(panel: Panel) -> dict[str, list[int]]:
    """The places of the panel's columns by role; a column without a role stands for itself."""
    found: dict[str, list[int]] = {}
    for place, name in enumerate(panel.features):
        role = name.partition("_")[0]
        found.setdefault(role if role in ROLES else name, []).append(place)
    return found


def _grouped(panel: Panel, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sums over the columns of each role: (n, d, f) to (n, d, g)."""
    sums = [values[:, :, places].sum(axis=2) for places in _groups(panel).values()]
    return np.stack(sums, axis=2) if sums else values


def _summed(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32], *, days: int) -> NDArray[np.float32]:
    """The sums by role of the last days up to and including a day: (n, d, g)."""
    return _grouped(panel, past.totals(panel, user, day) - past.totals(panel, user, day - days))


# Active days -------------------------------------------------------------------------------------------


@once_per_panel
def _active_before(panel: Panel) -> NDArray[np.int64]:
    """The active days of all users before each row, and before the end: (rows + 1,)."""
    return np.append(0, np.cumsum(panel.active, dtype=np.int64))


def _active_days(panel: Panel, user: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.int64]:
    """The user's active days up to and including some days: (n, d)."""
    before, row = _active_before(panel), panel.newest_row(user, day)
    return np.where(row > 0, before[row + 1] - before[panel.start[user]][:, None], 0)


@once_per_panel
def _gaps(panel: Panel) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Running sums of the gaps before active days and of their squares, (a + 1,), and the gaps, 0 at first, (a,)."""
    user, day = panel.days_where(panel.active)
    own = np.where(user[1:] == user[:-1], np.minimum(np.diff(day), MONTH), 0)
    own = np.append(0, own)[: len(day)].astype(np.float64)
    return np.append(0, np.cumsum(own)), np.append(0, np.cumsum(own**2)), own
