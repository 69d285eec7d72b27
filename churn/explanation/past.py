"""A user's own past: the usual rate before the history, the length of a silence, and the day of a fall."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churn.data import AMOUNT, STICKERS, Panel, Windows

USUAL_DAYS = 56  # days before the history, from which the usual rate is taken
_LEAST_DAYS = 7  # days under which there is no usual rate yet


@dataclass(frozen=True)
class Past:
    """Facts about some counts from the days before the cutoff, each of one window."""

    known_days: NDArray[np.int64]  # (p,) from the day of joining or, if that is earlier, of being first seen
    weekly: NDArray[np.float64]  # (p,) the usual rate per week; nan where too few days lie before the history
    silent_days: NDArray[np.int64]  # (p,) whole days since the last event; known_days where there was none


def own_past(windows: Windows, window: NDArray[np.int64], count: NDArray[np.int64]) -> Past:
    """The past of some (window, count) pairs; no day from a window's cutoff on is read.

    The usual rate is over up to `USUAL_DAYS` days before the history; it is unknown for a user with under a week
    there.

    Args:
        windows: The windows.
        window: The position of each pair's window, (p,).
        count: The position of each pair's count among the panel's features, (p,).

    Example:
        >>> import numpy as np
        >>> from churn.data import example_split
        >>> newest = example_split().score
        >>> found = own_past(newest, np.array([0, 1]), np.array([0, 0]))
        >>> found.weekly.round(1), found.silent_days
        (array([4.5, 4.2]), array([2, 3]))
    """
    panel, user, days = windows.panel, windows.user[window], windows.history_days
    known = np.clip(windows.cutoff[window] - panel.begin[user], 0, windows.cutoff[window]).astype(np.int64)
    before = np.clip(known - days, 0, USUAL_DAYS)
    rows = windows.rows(first=-days - USUAL_DAYS, last=-days - 1)
    total = _values(panel, rows[window], count).sum(axis=1)
    weekly = np.where(before >= _LEAST_DAYS, total / np.maximum(before, 1) * 7, np.nan)
    return Past(known, weekly, _silent_days(windows, window, count, known))


def fallen(
    counts: NDArray[np.floating], weekly: NDArray[np.float64], *, amounts: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The day since which each count is furthest below the usual rate, and the shortfall.

    On that day the running sum of the shortfall, taken back from the last day, is largest; of several such days it is
    the latest, since the days between were as usual. A shortfall counts from one event and one standard deviation of a
    Poisson count on, for an amount from half of the usual on; less is 0, and so is any where the usual is unknown.

    Args:
        counts: The counts by day, (p, d).
        weekly: The usual rate per week, (p,).
        amounts: Whether each is an amount, (p,).

    Example:
        >>> import numpy as np
        >>> fallen(np.array([[2, 1, 2, 2, 0, 1, 0]]), np.array([10.5]), amounts=np.array([False]))
        (array([4]), array([3.5]))
    """
    daily = weekly[:, None] / 7
    from_the_end = np.flip(daily - counts, axis=1).cumsum(axis=1)
    days = from_the_end.argmax(axis=1)
    missing, expected = from_the_end[np.arange(len(days)), days], daily[:, 0] * (days + 1)
    noticeable = np.where(amounts, expected / 2, np.maximum(1, np.sqrt(expected)))
    return counts.shape[1] - 1 - days, np.where(missing >= noticeable, missing, 0)


def _values(panel: Panel, rows: NDArray[np.int64], count: NDArray[np.int64]) -> NDArray[np.float64]:
    """One count or amount per line of rows: (p, d) and (p,) to (p, d)."""
    values = np.asarray(panel.counts)[rows, count[:, None]].astype(np.float64)
    if panel.amounts is not None:
        gifts = count == panel.features.index(AMOUNT)
        values[gifts] = np.asarray(panel.amounts)[rows[gifts]]
    return values


def _silent_days(
    windows: Windows, window: NDArray[np.int64], count: NDArray[np.int64], known: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The whole days between each count's last event and the cutoff, as far back as the panel goes: (p,)."""
    panel, user, cutoff = windows.panel, windows.user[window], windows.cutoff[window]
    if AMOUNT in panel.features:  # amounts are not among the counts, and come only with stickers
        count = np.where(count == panel.features.index(AMOUNT), panel.features.index(STICKERS), count)
    values, start, first = np.asarray(panel.counts), panel.start[user], panel.first[user]
    end = start + np.clip(np.minimum(cutoff, panel.last[user] + 1) - first, 0, None)
    silent = known.copy()
    for pair, (begin, until, column) in enumerate(zip(start.tolist(), end.tolist(), count.tolist(), strict=True)):
        if len(seen := values[begin:until, column].nonzero()[0]):
            silent[pair] = cutoff[pair] - first[pair] - seen[-1] - 1
    return silent
