"""Views: the labels that a column is compared with, one for each way in which it may know too much."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data.windows.windows import Windows
from churn.language import say, target_of, termed

# Lower ends of the interval from which on a column is named. On the logs tried the best honest column reached a point
# estimate of .86 on windows (days since the first one, at a user's latest window; .84 for a daily count) and .72
# between users, where a column filled in afterwards for nine of ten lies at .93 to .97.
AUC_WINDOWS = 0.90
AUC_USERS = 0.85
FEWEST = 30  # users of each class under whom a view says nothing
COHORTS = 10  # groups of users by arrival
SILENCES = (1, 2, 3, 4, 6, 8, 12)  # horizons at the log's end without activity that may count as gone


@dataclass(frozen=True)
class View:
    """Labels that a column is compared with: one of several ways in which it may know too much."""

    says: str  # the label in the words of the sentence
    target: str
    user: NDArray[np.int32]  # (n,) position in panel.users
    label: NDArray[np.bool_]  # (n,)
    cutoff: NDArray[np.int32] | None  # (n,) day that dates are counted to; None where users, not windows, are compared
    least: float = AUC_WINDOWS
    stratum: NDArray[np.int64] | None = None  # (n,) among which alone ranks are compared

    @property
    def large_enough(self) -> bool:
        """Whether there are enough users of both classes."""
        return all(len(np.unique(self.user[side])) >= FEWEST for side in (self.label, ~self.label))


def views(train: Windows) -> Iterator[View]:
    """The views that attributes are compared with, where there are enough users of both classes."""
    if train.arrivals:  # a user has one window
        for target in train.targets:
            yield _of_windows(train, target)
        return
    last = np.append(train.user[1:] != train.user[:-1], True)
    user = train.user[last]
    for target in train.targets:
        label = train.label(target) == 1
        words = target_of(target)
        views = [
            _of_windows(train, target),
            View(
                say("{target} of each user's latest training window", target=termed(target)),
                target,
                user,
                label[last],
                train.cutoff[last],
            ),
            View(
                words.say(words.often),
                target,
                user,
                _often(train, label),
                None,
                AUC_USERS,
            ),
        ]
        if target == "churn":
            views += _fates(train, user)
        yield from (view for view in views if view.large_enough)


def _of_windows(train: Windows, target: str) -> View:
    says = say("{target} of the training windows", target=termed(target))
    return View(says, target, train.user, train.label(target) == 1, train.cutoff)


def _often(train: Windows, label: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a user's share of windows labelled 1 is in the upper half, split as evenly as ties allow, (u,)."""
    _, user, windows = np.unique(train.user, return_inverse=True, return_counts=True)
    share = np.bincount(user, label) / windows
    above, from_on = share > np.median(share), share >= np.median(share)
    return above if abs(above.mean() - 0.5) <= abs(from_on.mean() - 0.5) else from_on


def _fates(train: Windows, user: NDArray[np.int32]) -> Iterator[View]:
    """Views whose label is silence for some horizons up to the log's end."""
    panel = train.panel
    active, day = panel.days_where(np.asarray(panel.active))
    last = np.zeros(len(panel.users), np.int32)
    np.maximum.at(last, active, day)
    arrived = pd.qcut(panel.arrived[user], COHORTS, labels=False, duplicates="drop")
    for horizons in SILENCES:
        days = horizons * train.horizon_days
        says = say("who was silent for the last {days} days of the log", days=days)
        yield View(says, "churn", user, last[user] < panel.n_days - days, None, AUC_USERS, arrived)
