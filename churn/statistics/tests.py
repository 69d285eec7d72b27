"""Tests between two groups, and effect sizes.

A test needs one value per user: windows of one user overlap, so a test over windows is far too confident.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

SKEWED = 2.0  # from this |skewness| on means depend on a few users, and ranks are compared too


@dataclass(frozen=True)
class WelchResult:
    """Welch's t-test of two groups a and b, with the standardised difference a − b; nan where undefined."""

    n_a: int  # users, missing values left out
    n_b: int
    mean_a: float
    mean_b: float
    t: float
    df: float  # Welch–Satterthwaite degrees of freedom
    p: float  # two-sided
    hedges_g: float  # difference of means in pooled standard deviations, corrected for small samples
    low: float  # 95% interval of hedges_g
    high: float


def welch(a: ArrayLike, b: ArrayLike) -> WelchResult:
    """Compare the means of two groups without assuming equal variances, and measure the size of the difference.

    `a` (n_a,) and `b` (n_b,) hold one number per user; nan is a missing value and is left out.

    Hedges' g is the difference of means over the pooled standard deviation, times the exact small-sample correction
    J(m) = Γ(m / 2) / (√(m / 2) Γ((m − 1) / 2)) with m = n_a + n_b − 2 [1]. Its interval, like the test, does not take
    the variances as equal: g ± q J s with q the 97.5% quantile of Student's t on Welch's degrees of freedom and
    s² = (v_a / n_a + v_b / n_b) / v + d² ((n_a − 1) v_a² + (n_b − 1) v_b²) / (2 m² v²), the delta method's variance of
    d = g / J as in [2], for the pooled variance v. So an interval clear of 0 goes with p < .05.

    Fewer than two users in a group, or no variance in either, leave t, df, p and g undefined: nan, without a warning.

    Raises:
        ValueError: for an infinite value or more than one dimension.

    Source:
        [1] L. V. Hedges, Distribution theory for Glass's estimator of effect size and related estimators, Journal of
        Educational Statistics 6(2), 1981, pp. 107–128.
        [2] D. G. Bonett, Confidence intervals for standardized linear contrasts of means, Psychological Methods 13(2),
        2008, pp. 99–109.

    Example:
        >>> result = welch([1, 2, 3, 4], [3, 4, 5, 6, 7])
        >>> print(f"t = {result.t:.2f}, df = {result.df:.1f}, p = {result.p:.3f}, g = {result.hedges_g:.2f}")
        t = -2.61, df = 7.0, p = 0.035, g = -1.52
    """
    group_a, group_b = _present(a), _present(b)
    t, df, p = _welch_t(group_a, group_b)
    g, low, high = _hedges(group_a, group_b, df)
    return WelchResult(group_a.size, group_b.size, _mean(group_a), _mean(group_b), t, df, p, g, low, high)


def mann_whitney(a: ArrayLike, b: ArrayLike) -> float:
    """The two-sided p-value of the Mann–Whitney U test: whether values of one group tend to be the larger.

    `a` (n_a,) and `b` (n_b,) hold one number per user; nan is left out. Corrected for ties; exact for groups of up to
    eight without them. Nan for fewer than two users in a group, or no variance in either.

    Raises:
        ValueError: for an infinite value or more than one dimension.

    Source:
        H. B. Mann and D. R. Whitney, On a test of whether one of two random variables is stochastically larger than the
        other, Annals of Mathematical Statistics 18(1), 1947, pp. 50–60.

    Example:
        >>> print(f"{mann_whitney([1, 2, 3, 400], [3, 4, 5, 6, 7]):.3f}")
        0.325
    """
    group_a, group_b = _present(a), _present(b)
    if _undefined(group_a, group_b):
        return math.nan
    return float(scipy.stats.mannwhitneyu(group_a, group_b).pvalue)


def is_skewed(values: ArrayLike) -> bool:
    """Whether the skewness m₃ / m₂^1.5 of numbers (n,), without nan, is beyond ±2.

    Example:
        >>> is_skewed([1, 2, 3]), is_skewed([0] * 9 + [100]), is_skewed([5, 5])
        (False, True, False)
    """
    present = _present(values)
    if _undefined(present, present):
        return False
    centred = (present - present.mean()) / np.ptp(present)  # so that no power vanishes or overflows
    return bool(abs(np.mean(centred**3)) > SKEWED * np.mean(centred**2) ** 1.5)


def _present(values: ArrayLike) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or np.isinf(numbers).any():
        raise ValueError(f"expected finite numbers of shape (n,), got shape {numbers.shape}; one value per user")
    return numbers[~np.isnan(numbers)]


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if values.size else math.nan


def _undefined(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    # the range, not the variance: rounding gives three times 0.1 a variance of 2e-34; and squares of a smaller range
    # than this would vanish
    return min(a.size, b.size) < 2 or bool(max(np.ptp(a), np.ptp(b)) < 1e-150)


def _welch_t(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[float, float, float]:
    if _undefined(a, b):
        return math.nan, math.nan, math.nan
    # not by scipy.stats.ttest_ind, which takes ten times as long for a pair of columns
    v_a, v_b = float(a.var(ddof=1)) / a.size, float(b.var(ddof=1)) / b.size
    t = float(a.mean() - b.mean()) / math.sqrt(v_a + v_b)
    share = v_a / (v_a + v_b)  # so that the squares of small variances do not vanish
    df = 1 / (share**2 / (a.size - 1) + (1 - share) ** 2 / (b.size - 1))
    return t, df, float(2 * scipy.special.stdtr(df, -abs(t)))


def _hedges(a: NDArray[np.float64], b: NDArray[np.float64], df: float) -> tuple[float, float, float]:
    if _undefined(a, b):
        return math.nan, math.nan, math.nan
    m, v_a, v_b = a.size + b.size - 2, a.var(ddof=1), b.var(ddof=1)
    pooled = ((a.size - 1) * v_a + (b.size - 1) * v_b) / m
    correction = math.exp(math.lgamma(m / 2) - math.lgamma((m - 1) / 2)) / math.sqrt(m / 2)
    d = float(a.mean() - b.mean()) / math.sqrt(pooled)
    of_the_means = (v_a / a.size + v_b / b.size) / pooled
    of_the_deviation = d**2 * ((a.size - 1) * v_a**2 + (b.size - 1) * v_b**2) / (2 * m**2 * pooled**2)
    margin = float(scipy.special.stdtrit(df, 0.975)) * correction * math.sqrt(of_the_means + of_the_deviation)
    return correction * d, correction * d - margin, correction * d + margin
