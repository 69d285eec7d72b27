"""Tests between two groups, effect sizes, and the adjustment for many tests at once.

One value per user, please: windows of one user overlap, and a test over them knows far less than it believes.
"""

import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

# scipy.stats and statsmodels take most of a second to import, which commands that test nothing should not pay: they are
# imported where they are used

NORMAL_975 = 1.959963984540054  # 97.5 % quantile of the standard normal distribution


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
    low: float  # 95 % interval of hedges_g
    high: float


def welch(a: ArrayLike, b: ArrayLike) -> WelchResult:
    """Compare the means of two groups without assuming equal variances, and say how large the difference is.

    `a` (n_a,) and `b` (n_b,) hold one number per user; nan is a missing value and is left out.

    Hedges' g is the difference of means over the pooled standard deviation, times the exact small-sample correction
    J(m) = Γ(m / 2) / (√(m / 2) Γ((m − 1) / 2)) with m = n_a + n_b − 2 [1]. Its interval is g ± 1.96 s with
    s² = (n_a + n_b) / (n_a n_b) + g² / (2 (n_a + n_b)), the large-sample variance [2]; like g itself it takes the two
    variances as equal, which t and p do not, so the two may disagree at the border.

    Fewer than two users in a group, or no variance in either, leave t, df, p and g undefined: nan, without a warning.

    Raises:
        ValueError: for an infinite value or more than one dimension.

    Source:
        [1] L. V. Hedges, Distribution theory for Glass's estimator of effect size and related estimators, Journal of
        Educational Statistics 6(2), 1981, pp. 107–128.
        [2] L. V. Hedges and I. Olkin, Statistical Methods for Meta-Analysis, Academic Press 1985, section 5.E.

    Example:
        >>> result = welch([1, 2, 3, 4], [3, 4, 5, 6, 7])
        >>> print(f"t = {result.t:.2f}, df = {result.df:.1f}, p = {result.p:.3f}, g = {result.hedges_g:.2f}")
        t = -2.61, df = 7.0, p = 0.035, g = -1.52
    """
    group_a, group_b = _present(a), _present(b)
    t, df, p = _welch_t(group_a, group_b)
    g, low, high = _hedges(group_a, group_b)
    return WelchResult(group_a.size, group_b.size, _mean(group_a), _mean(group_b), t, df, p, g, low, high)


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Adjust p-values (k,) by Holm's step-down method: the chance of one or more false findings stays bounded.

    A nan stays nan and does not count as a test. Valid whatever the dependence between the tests.

    Raises:
        ValueError: for values outside [0, 1] or more than one dimension.

    Source:
        S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979.

    Example:
        >>> holm([0.01, 0.04, float("nan"), 0.03])
        array([0.03, 0.06,  nan, 0.06])
    """
    return _adjust(p, "holm")


def benjamini_hochberg(p: ArrayLike) -> NDArray[np.float64]:
    """Adjust p-values (k,) by Benjamini and Hochberg: the expected share of false findings stays bounded.

    A nan stays nan and does not count as a test. Valid for independent or positively dependent tests.

    Raises:
        ValueError: for values outside [0, 1] or more than one dimension.

    Source:
        Y. Benjamini and Y. Hochberg, Controlling the false discovery rate, Journal of the Royal Statistical Society B
        57, 1995.

    Example:
        >>> benjamini_hochberg([0.01, 0.04, float("nan"), 0.03])
        array([0.03, 0.04,  nan, 0.04])
    """
    return _adjust(p, "fdr_bh")


def _present(values: ArrayLike) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or np.isinf(numbers).any():
        raise ValueError(f"expected finite numbers of shape (n,), got shape {numbers.shape}; one value per user")
    return numbers[~np.isnan(numbers)]


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if values.size else math.nan


def _undefined(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    # the range, not the variance: rounding leaves three times 0.1 with a variance of 2e-34; and squares of a smaller
    # range than this would vanish
    return min(a.size, b.size) < 2 or bool(max(np.ptp(a), np.ptp(b)) < 1e-150)


def _welch_t(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[float, float, float]:
    if _undefined(a, b):
        return math.nan, math.nan, math.nan
    from scipy import stats

    with warnings.catch_warnings():
        # scipy warns when a group is constant but for rounding; the other group has variance enough to divide by
        warnings.simplefilter("ignore", RuntimeWarning)
        result = stats.ttest_ind(a, b, equal_var=False)
    return float(result.statistic), float(result.df), float(result.pvalue)


def _hedges(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[float, float, float]:
    if _undefined(a, b):
        return math.nan, math.nan, math.nan
    m, n = a.size + b.size - 2, a.size + b.size
    pooled = math.sqrt(((a.size - 1) * a.var(ddof=1) + (b.size - 1) * b.var(ddof=1)) / m)
    correction = math.exp(math.lgamma(m / 2) - math.lgamma((m - 1) / 2)) / math.sqrt(m / 2)
    g = correction * float(a.mean() - b.mean()) / pooled
    margin = NORMAL_975 * math.sqrt(n / (a.size * b.size) + g**2 / (2 * n))
    return g, g - margin, g + margin


def _adjust(p: ArrayLike, method: str) -> NDArray[np.float64]:
    values = np.array(p, dtype=np.float64)
    if values.ndim != 1 or (values < 0).any() or (values > 1).any():
        raise ValueError(f"expected p-values in [0, 1] of shape (k,), got {values}")
    tested = ~np.isnan(values)
    if tested.any():
        from statsmodels.stats.multitest import multipletests

        values[tested] = multipletests(values[tested], method=method)[1]
    return values
