"""Direction: whether more of a feature raises a probability or lowers it."""

import numpy as np
import scipy
from numpy.typing import NDArray

_CLEAR = 0.2  # rank correlation from which a direction is told


def direction(value: NDArray[np.float64], effect: NDArray[np.float64]) -> str:
    """The direction by the rank correlation of a feature with what it adds, (n,) both: raises, lowers; mixed under .2.

    Example:
        >>> direction(np.arange(5.0), np.array([0.3, 0.2, 0.2, -0.1, -0.4]))
        'lowers'
    """
    if not len(value) or not np.ptp(effect) or not np.ptp(value):
        return "mixed"
    rank = float(scipy.stats.spearmanr(value, effect).statistic)
    return "raises" if rank > _CLEAR else "lowers" if rank < -_CLEAR else "mixed"
