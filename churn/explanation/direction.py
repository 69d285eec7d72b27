"""Direction: the sign of a feature's effect on a probability."""

import numpy as np
import scipy
from numpy.typing import NDArray

_CLEAR = 0.2  # rank correlation from which there is a direction


def direction(value: NDArray[np.float64], effect: NDArray[np.float64]) -> str:
    """The direction by the rank correlation of a feature with its contribution, (n,) both: raises, lowers; else mixed.

    Example:
        >>> direction(np.arange(5.0), np.array([0.3, 0.2, 0.2, -0.1, -0.4]))
        'lowers'
    """
    if not len(value) or not np.ptp(effect) or not np.ptp(value):
        return "mixed"
    rank = float(scipy.stats.spearmanr(value, effect).statistic)
    return "raises" if rank > _CLEAR else "lowers" if rank < -_CLEAR else "mixed"
