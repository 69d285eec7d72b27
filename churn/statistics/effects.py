"""Effects: the difference of two groups in shares or means, with an interval and the least detectable difference."""

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from churn.statistics.intervals import Interval
from churn.statistics.tests import welch

LEVEL, POWER = 0.95, 0.8


@dataclass(frozen=True)
class Effect:
    """The difference of two groups, a − b; nan where undefined."""

    n_a: int
    n_b: int
    a: float  # share or mean
    b: float
    difference: Interval  # 95%
    p: float  # two-sided
    detectable: float  # the least difference that groups of this size show with power .8 at p < .05


def share_interval(successes: int, n: int) -> Interval:
    """A share of n independent users with Wilson's 95% interval; nan for nobody.

    Source:
        E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal of the American
        Statistical Association 22 (1927), 209-212.

    Example:
        >>> print(share_interval(56, 70))
        0.800 (0.692 to 0.877)
    """
    if not n:
        return Interval(math.nan, math.nan, math.nan)
    z2, share = _z(LEVEL) ** 2, successes / n
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n**2))) / (1 + z2 / n)
    # at 0 and 1 rounding must not push the share itself out
    return Interval(share, min(max(0.0, middle - reach), share), max(min(1.0, middle + reach), share))


def mean_interval(values: ArrayLike) -> Interval:
    """A mean (n,) with Student's 95% interval; ends are nan for fewer than two values, or where all are equal.

    Example:
        >>> print(mean_interval([1, 2, 3]))
        2.000 (-0.484 to 4.484)
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.size < 2 or np.ptp(numbers) == 0:
        return Interval(float(numbers[0]) if numbers.size else math.nan, math.nan, math.nan)
    reach = _t(LEVEL, numbers.size - 1) * float(numbers.std(ddof=1)) / math.sqrt(numbers.size)
    mean = float(numbers.mean())
    return Interval(mean, mean - reach, mean + reach)


def share_difference(successes_a: int, n_a: int, *, successes_b: int, n_b: int) -> Effect:
    """Compare two shares of independent users.

    The interval is Newcombe's, from Wilson's intervals of both shares, which holds for few users and for shares near 0
    and 1. p is that of the chi-square test with n − 1 in place of n, without Yates' correction, which is right down
    to an expected 1 in each cell; with less there is none. The detectable difference is
    (1.96 + .84) √(s (1 − s) (1 / n_a + 1 / n_b)), with the pooled share s of one more success and failure each, since
    a share of few users may be 0 or 1 by chance.

    Source:
        R. G. Newcombe, Interval estimation for the difference between independent proportions: comparison of eleven
        methods, Statistics in Medicine 17 (1998), 873-890, method 10.
        I. Campbell, Chi-squared and Fisher-Irwin tests of two-by-two tables with small sample recommendations,
        Statistics in Medicine 26 (2007), 3661-3675.

    Example:
        >>> effect = share_difference(56, 70, successes_b=48, n_b=80)
        >>> print(effect.difference, f"{effect.p:.3f}", f"{effect.detectable:.2f}")
        0.200 (0.052 to 0.334) 0.008 0.21
    """
    a, b = share_interval(successes_a, n_a), share_interval(successes_b, n_b)
    if not (n_a and n_b):
        return Effect(n_a, n_b, a.value, b.value, Interval(math.nan, math.nan, math.nan), math.nan, math.nan)
    low = a.value - b.value - math.hypot(a.value - a.low, b.high - b.value)
    high = a.value - b.value + math.hypot(a.high - a.value, b.value - b.low)
    n, hits = n_a + n_b, successes_a + successes_b
    careful = (hits + 1) / (n + 2)
    detectable = (_z(LEVEL) + _z(2 * POWER - 1)) * math.sqrt(careful * (1 - careful) * (1 / n_a + 1 / n_b))
    difference = Interval(a.value - b.value, low, high)
    return Effect(n_a, n_b, a.value, b.value, difference, _chi_square(successes_a, n_a, hits, n), min(detectable, 1.0))


def mean_difference(a: ArrayLike, b: ArrayLike) -> Effect:
    """Compare two means of independent users (n_a,) and (n_b,) without assuming equal variances, by Welch's t.

    The detectable difference is (t.975 + t.8) times the standard error, on Welch's degrees of freedom.

    Example:
        >>> effect = mean_difference([1, 2, 3, 4], [3, 4, 5, 6, 7])
        >>> print(effect.difference, f"{effect.p:.3f}", f"{effect.detectable:.2f}")
        -2.500 (-4.765 to -0.235) 0.035 3.12
    """
    found = welch(a, b)
    gap = found.mean_a - found.mean_b
    if not math.isfinite(found.df):
        undefined = Interval(gap, math.nan, math.nan)
        return Effect(found.n_a, found.n_b, found.mean_a, found.mean_b, undefined, math.nan, math.nan)
    groups = (np.asarray(group, dtype=np.float64) for group in (a, b))
    error = math.sqrt(sum(float(group.var(ddof=1)) / group.size for group in groups))
    reach = _t(LEVEL, found.df) * error
    detectable = (_t(LEVEL, found.df) + _t(2 * POWER - 1, found.df)) * error
    difference = Interval(gap, gap - reach, gap + reach)
    return Effect(found.n_a, found.n_b, found.mean_a, found.mean_b, difference, found.p, detectable)


def _chi_square(successes_a: int, n_a: int, hits: int, n: int) -> float:
    """The p-value of the n − 1 chi-square test; nan where under one user is expected in a cell."""
    n_b = n - n_a
    if min(n_a, n_b) * min(hits, n - hits) < n:
        return math.nan
    surplus = successes_a * n_b - (hits - successes_a) * n_a
    return math.erfc(math.sqrt((n - 1) * surplus**2 / (n_a * n_b * hits * (n - hits)) / 2))


def _z(level: float) -> float:
    """The quantile z of the normal distribution for which a share `level` lies between −z and z."""
    return float(scipy.special.ndtri((1 + level) / 2))


def _t(level: float, df: float) -> float:
    return float(scipy.special.stdtrit(df, (1 + level) / 2))
