"""Intervals of shares with users as blocks, also for shares of 0 or 1, or of few users."""

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from churn.statistics.intervals import tails


def block_variance(hits: NDArray[np.float64], cases: NDArray[np.float64]) -> NDArray[np.float64]:
    """The variance of shares Σ hits / Σ cases over users, by Taylor's linearisation; nan for fewer than two users.

    Args:
        hits: The hits per user and share, (u, k).
        cases: The cases per user and share, (u, k); users without a case do not count.

    Source:
        W. G. Cochran, Sampling Techniques, third edition (1977), section 6.3.

    Example:
        >>> hits, cases = np.array([[1.0], [2.0], [0.0]]), np.array([[2.0], [2.0], [2.0]])
        >>> block_variance(hits, cases).round(4).tolist()  # as of the mean of 1/2, 1 and 0
        [0.0833]
    """
    users, whole = (cases > 0).sum(axis=0), cases.sum(axis=0)
    share = np.divide(hits.sum(axis=0), whole, out=np.full(len(whole), np.nan), where=whole > 0)
    squares = ((hits - share * cases) ** 2).sum(axis=0)
    known = users > 1
    scale = np.divide(users, users - 1, out=np.full(len(whole), np.nan), where=known)
    return np.asarray(scale * squares / np.where(known, whole, 1.0) ** 2)


def block_intervals(
    share: ArrayLike, variance: ArrayLike, *, cases: ArrayLike, users: ArrayLike, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The two ends of shares' intervals: Clopper and Pearson's, for as many cases as the variance is worth.

    A share p with variance v over users is worth p (1 − p) / v independent cases, at most as many as there are, and
    fewer by the square of z over Student's t, since v is known from few users. Where the share is 0 or 1, or v is 0,
    the sample says nothing of v, and users count as one case each. So an interval never shrinks to a point. The
    ends are nan for fewer than two users: nothing about others follows from one.

    Args:
        share: The shares, (k,).
        variance: The variance of the shares over users, (k,), by `block_variance` or a bootstrap.
        cases: The number of cases of each share, (k,).
        users: The number of users with a case, (k,).
        level: The level of the intervals.

    Returns:
        The low and the high ends, (k,) each.

    Raises:
        ValueError: for a level outside (0, 1).

    Source:
        E. L. Korn and B. I. Graubard, Confidence intervals for proportions with small expected number of positive
        counts estimated from survey data, Survey Methodology 24 (1998), 193-201.

    Example:
        >>> low, high = block_intervals([0.0, 0.5], [0.0, 0.01], cases=[3, 100], users=[3, 40])
        >>> low.round(3).tolist(), high.round(3).tolist()
        ([0.0, 0.291], [0.708, 0.709])
    """
    lower, upper = tails(level)
    p, v, n, u = (np.asarray(values, np.float64) for values in (share, variance, cases, users))
    known = (u > 1) & np.isfinite(p)
    worth = np.where(known, u, np.nan)
    moves = known & (p > 0) & (p < 1) & (v > 0)
    t_cases, t_users = (scipy.stats.t.ppf(upper, np.where(moves, size, 3) - 1) for size in (np.maximum(n, u), u))
    worth[moves] = np.minimum(n, p * (1 - p) / np.where(moves, v, 1.0))[moves] * ((t_cases / t_users) ** 2)[moves]
    hits, misses = worth * p, worth * (1 - p)
    low = np.where(p > 0, scipy.stats.beta.ppf(lower, np.maximum(hits, 1e-9), misses + 1), 0.0)
    high = np.where(p < 1, scipy.stats.beta.ppf(upper, hits + 1, np.maximum(misses, 1e-9)), 1.0)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)
