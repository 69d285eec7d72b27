"""Windows whose labels agree within users beyond their probabilities, for tests of intervals."""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from churn.statistics import Interval

Floats = NDArray[np.float64]


def panel(
    seed: int, n_users: int = 60, each: int = 10, dependence: float = 0.5
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Labels, true probabilities and users; labels of a user agree beyond their probabilities (a Gaussian copula)."""
    rng = np.random.default_rng(seed)
    users = np.repeat(np.arange(n_users), each)
    p = stats.norm.cdf(rng.normal(size=n_users)[users] * 0.7 + rng.normal(size=users.size) * 0.7)
    shared = np.sqrt(dependence) * rng.normal(size=n_users)[users]
    luck = stats.norm.cdf(shared + np.sqrt(1 - dependence) * rng.normal(size=users.size))
    return (luck < p).astype(float), p, users


def holds(interval: Interval, truth: float) -> bool:
    return interval.low <= truth <= interval.high
