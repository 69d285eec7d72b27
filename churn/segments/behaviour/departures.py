"""Departures: how far a user's last week lies from the same user's earlier weeks."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from churn.data import AMOUNT, Windows
from churn.explanation import USUAL_DAYS, own_past

WEEK_DAYS = 7
LEAST_WEEKS = 4  # of one's own past, under which nothing is a departure
_WEEKS = USUAL_DAYS // WEEK_DAYS
_PRIOR = 3  # weeks that the variance usual among users counts for
_CHUNK = 20_000  # users whose weeks are held at once


@dataclass(frozen=True)
class Departures:
    """The last week of some users beside their earlier ones."""

    windows: Windows  # (m,) of the users with enough past, with a history of a week
    places: NDArray[np.int64]  # (m,) their positions among the windows asked for
    features: tuple[str, ...]  # f counts
    standardised: NDArray[np.float64]  # (m, f) standard deviations of the user's own weeks; above 0 for a burst
    last: NDArray[np.float64]  # (m, f) the counts of the last week


def departures(windows: Windows) -> Departures:
    """The departure of the last week before each cutoff from up to 8 earlier weeks of the same user.

    Weeks are compared by Anscombe's root of each count, by which a Poisson count has a variance of 1 however large it
    is. A user's own variance is at least that, and is drawn to what is usual among users as if that had been seen in 3
    weeks more. So a user who always comes and goes does not depart by coming or going. Users with under 4 earlier
    weeks are left out. No label is read and no day from the cutoffs on.

    Args:
        windows: One per user.

    Source:
        F. J. Anscombe, The transformation of Poisson, binomial and negative-binomial data, Biometrika 35 (1948).

    Example:
        >>> from churn.data import example_split
        >>> from churn.segments.comparing.comparisons import latest_windows
        >>> newest = example_split().score
        >>> found = departures(newest.take(latest_windows(newest)))
        >>> found.standardised.shape == (len(found.windows), len(found.features))
        True
    """
    weekly = replace(windows, history_days=WEEK_DAYS)
    known = own_past(weekly, np.arange(len(windows)), np.zeros(len(windows), np.int64)).known_days
    weeks = np.clip((known - WEEK_DAYS) // WEEK_DAYS, 0, _WEEKS)
    places = np.flatnonzero(weeks >= LEAST_WEEKS)
    kept, names = weekly.take(places), windows.panel.features
    counted = [place for place, name in enumerate(names) if name != AMOUNT]
    counts = _by_week(kept)[:, :, counted]
    return Departures(
        kept, places, tuple(names[place] for place in counted), _standardised(counts, weeks[places]), counts[:, -1]
    )


def _by_week(windows: Windows) -> NDArray[np.float64]:
    """The counts of the last week and of the weeks before it, the oldest first: (m, weeks, f)."""
    first, found = -WEEK_DAYS * (_WEEKS + 1), [np.empty((0, _WEEKS + 1, len(windows.panel.features)))]
    for begin in range(0, len(windows), _CHUNK):
        part = windows.take(np.arange(begin, min(begin + _CHUNK, len(windows))))
        days = windows.panel.gather(part.rows(first=first))
        found.append(days.reshape(len(part), _WEEKS + 1, WEEK_DAYS, -1).sum(axis=2, dtype=np.float64))
    return np.concatenate(found)


def _standardised(counts: NDArray[np.float64], weeks: NDArray[np.int64]) -> NDArray[np.float64]:
    """Departures (m, f) from counts (m, weeks, f), with the number of known weeks before the last, (m,)."""
    if not len(counts):
        return np.empty((0, counts.shape[2]))
    roots = 2 * np.sqrt(counts + 3 / 8)
    past, last = roots[:, :-1], roots[:, -1]
    known = (np.arange(_WEEKS) >= _WEEKS - weeks[:, None])[:, :, None]
    m = weeks[:, None]
    mean = (past * known).sum(axis=1) / m
    squares = (((past - mean[:, None]) * known) ** 2).sum(axis=1)
    usual = np.maximum(1, np.median(squares / (m - 1), axis=0))
    variance = np.maximum(1, (_PRIOR * usual + squares) / (_PRIOR + m - 1))
    return np.asarray((last - mean) / np.sqrt(variance * (1 + 1 / m)))
