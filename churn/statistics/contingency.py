"""Two groups by the categories of an attribute: the chi-square test and the strength of the association."""

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

LEAST_EXPECTED = 5.0  # expected users in a cell without association; under it the chi-square distribution is far off


@dataclass(frozen=True)
class AssociationResult:
    """Pearson's chi-square test of two groups by categories; nan where fewer than two categories are left."""

    n_a: int  # users
    n_b: int
    categories: int  # categories tested, the pooled ones as one
    pooled: int  # categories that were too rare, or were pooled with rare ones
    chi2: float
    df: float
    p: float
    cramers_v: float  # 0 for no association, 1 where the category determines the group


def association(a: ArrayLike, b: ArrayLike) -> AssociationResult:
    """Test whether two groups are distributed alike over categories.

    `a` and `b` (k,) hold the users of each group in each of k categories, one count per user. Categories in which a
    cell has an expected count under 5 are pooled into one, with the rarest others where the pool would still be small.
    Yates' correction is not used, so that Cramér's V = √(χ² / n), for two groups never above 1, is of this χ².

    Raises:
        ValueError: for counts that are negative, or groups of different shape.

    Source:
        H. Cramér, Mathematical Methods of Statistics, Princeton University Press 1946, section 21.9; W. G. Cochran,
        Some methods for strengthening the common χ² tests, Biometrics 10(4), 1954, on small expected counts.

    Example:
        >>> result = association([30, 10, 0], [20, 38, 2])
        >>> print(f"χ² = {result.chi2:.2f}, df = {result.df:.0f}, V = {result.cramers_v:.2f}, pooled {result.pooled}")
        χ² = 16.67, df = 1, V = 0.41, pooled 2
    """
    counts = np.array([a, b], dtype=np.int64)
    if counts.ndim != 2 or not (counts >= 0).all():
        raise ValueError(f"expected two groups' counts of shape (k,), got shape {counts.shape}")
    table, pooled = _pool(counts[:, counts.sum(axis=0) > 0])
    n_a, n_b = (int(n) for n in counts.sum(axis=1))
    if min(n_a, n_b) == 0 or table.shape[1] < 2:
        return AssociationResult(n_a, n_b, table.shape[1], pooled, math.nan, math.nan, math.nan, math.nan)
    chi2, p, df, _ = scipy.stats.chi2_contingency(table, correction=False)
    strength = float(scipy.stats.contingency.association(table, method="cramer"))
    return AssociationResult(n_a, n_b, table.shape[1], pooled, float(chi2), float(df), float(p), strength)


def _pool(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """The counts (2, k) with rare categories pooled into the last column, and the number of pooled categories."""
    by_size = counts[:, np.argsort(counts.sum(axis=0), kind="stable")]
    n, smaller = counts.sum(), counts.sum(axis=1).min()
    least = LEAST_EXPECTED * n / smaller if smaller else math.inf  # the size at which the smaller cell is expected full
    sizes = by_size.sum(axis=0)
    pooled = int((sizes < least).sum())
    if pooled and sizes[:pooled].sum() < least:
        pooled = min(pooled + 1, sizes.size)
    if pooled == 0:
        return by_size, 0
    return np.column_stack([by_size[:, pooled:], by_size[:, :pooled].sum(axis=1)]), pooled
