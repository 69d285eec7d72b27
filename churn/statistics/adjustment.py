"""The adjustment of p-values for many tests at once."""

from collections.abc import Callable

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray


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
    return _adjust(p, _step_down)


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
    return _adjust(p, _false_discovery)


def _adjust(p: ArrayLike, adjust: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> NDArray[np.float64]:
    values = np.array(p, dtype=np.float64)
    if values.ndim != 1 or (values < 0).any() or (values > 1).any():
        raise ValueError(f"expected p-values in [0, 1] of shape (k,), got {values}")
    tested = ~np.isnan(values)
    if tested.any():
        values[tested] = adjust(values[tested])
    return values


def _step_down(p: NDArray[np.float64]) -> NDArray[np.float64]:
    # by hand: statsmodels collects garbage at each call, which takes a hundred times as long as the tests themselves
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)), 1)
    return adjusted


def _false_discovery(p: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(scipy.stats.false_discovery_control(p), dtype=np.float64)
