"""Chances: how likely a member joins an offered activity within the horizon, learnt from earlier cutoffs."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import scipy
from numpy.typing import NDArray

from churn.offers.known import Floats, Known
from churn.offers.ranking import SCALE, Places, Ranked

_PRIOR = 5  # joins by which few recent ones are smoothed, in each step
_STEPS = 5  # towards the level; more would forget the earlier cutoffs where joins are few


@dataclass(frozen=True)
class Chance:
    """A logistic regression on an activity's popularity and likeness, its place, and how much a member is known."""

    shift: float
    weight: tuple[float, ...]

    @classmethod
    def learn(cls, columns: Floats, joined: NDArray[np.bool_], *, recent: NDArray[np.bool_]) -> Self:
        """Learn from offers of earlier cutoffs; the level is that of the most recent ones, since rates change.

        Args:
            columns: The result of `columns_of`, (n, c).
            joined: Whether each was joined within the horizon, (n,).
            recent: Which are of the most recent cutoffs, (n,).
        """
        found = cls._fit(columns, joined)
        came = joined[recent].sum()
        for _ in range(_STEPS):
            promised = found(columns[recent]).sum()
            found = replace(found, shift=found.shift + float(np.log((came + _PRIOR) / (promised + _PRIOR))))
        return found

    @classmethod
    def _fit(cls, columns: Floats, joined: NDArray[np.bool_]) -> Self:
        positives, n, width = int(joined.sum()), len(joined), columns.shape[1]
        if positives in (0, n):  # the rule of succession
            return cls(float(scipy.special.logit((positives + 1) / (n + 2))), (0.0,) * width)
        from sklearn.linear_model import LogisticRegression

        middle, spread = columns.mean(axis=0), columns.std(axis=0)
        spread = np.where(spread > 0, spread, 1)
        fitted = LogisticRegression(max_iter=1_000).fit((columns - middle) / spread, joined)
        weight = fitted.coef_[0] / spread
        return cls(float(fitted.intercept_[0] - weight @ middle), tuple(map(float, weight)))

    def __call__(self, columns: Floats) -> Floats:
        """The chances, (n,)."""
        return np.asarray(scipy.special.expit(self.shift + columns @ np.asarray(self.weight)))


def columns_of(known: Known, members: Places, ranked: Ranked) -> Floats:
    """The columns from which a chance follows, (n × k, 7): a member's offers stand below each other.

    Args:
        known: What was known at the cutoff.
        members: Places of members, (n,).
        ranked: Their offers.
    """
    n, k = ranked.activity.shape
    number = np.repeat(known.number[members], k)
    place = np.tile(np.arange(k), n)
    return np.column_stack(
        [
            np.log((known.popular[ranked.activity.ravel()] + 0.5) / (known.lately + 1)),
            np.log1p(SCALE * ranked.liking.ravel()),
            place == 1,
            place >= 2,
            number == 1,
            number >= 2,
            np.log1p(np.repeat(known.idle[members], k)),
        ]
    ).astype(np.float64)
