"""User-days: windows without labels, on which what lies ahead is learnt from the counts alone."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from churn.data.splits.split import Split
from churn.data.windows.windows import UNKNOWN, Windows

MOST = 200_000  # user-days that are drawn from a log with more


def user_days(windows: Windows, *, until: int, users: NDArray[np.int32] | None = None, seed: int = 0) -> Windows:
    """Windows of users on the days on which they are known, at risk or not, none labelled; drawn where very many.

    Args:
        windows: Windows that say what a history is.
        until: The first day of the panel that may not be read; each window has a day ahead before it.
        users: The users' positions; all where None.
        seed: The seed of the draw.

    Example:
        >>> from churn.data import example_split
        >>> train = example_split().train
        >>> len(user_days(train, until=60)) > len(train.take(train.cutoff < 60))
        True
    """
    first = np.maximum(windows.panel.begin + 1, windows.history_days).astype(np.int64)
    days = np.clip(until - windows.lead_days - first, 0, None)
    if users is not None:
        days[np.setdiff1d(np.arange(len(days)), users)] = 0
    ends = days.cumsum()
    n = int(ends[-1]) if len(ends) else 0
    drawn = np.sort(np.random.default_rng(seed).choice(n, min(n, MOST), replace=False))
    user = np.searchsorted(ends, drawn, side="right").astype(np.int32)
    cutoff = (drawn - ends[user] + days[user] + first[user]).astype(np.int32)
    labels = {target: np.full(len(user), UNKNOWN, np.int8) for target in windows.labels}
    return replace(windows, user=user, cutoff=cutoff, labels=labels, due=None)


def before_border(split: Split, *, seed: int = 0) -> Windows:
    """The user-days of a split's training span; where users are held apart, of users with training windows alone."""
    users = split.train.user if "user" in split.kind else None
    return user_days(split.train, until=split.border, users=users, seed=seed)
