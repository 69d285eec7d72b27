"""Sets of categories that hold the right one with a stated probability, and temperatures that make chances honest."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from churn.tagging.measures import LEAST, log_loss

_OWN = 50  # items of a category from which on it has a threshold of its own
_TEMPERATURES = np.geomspace(0.2, 5, 33)


@dataclass(frozen=True)
class Sets:
    """Split conformal sets by category (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005).

    A category is in an item's set if its probability is not below the category's threshold. Categories with few items
    share a threshold. A set may be empty: then no category is as likely as right ones are.

    Example:
        >>> p = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.45, 0.55]])
        >>> Sets.fit(p, np.array([0, 0, 1, 1]), coverage=0.75).of(p).tolist()
        [[True, False], [True, False], [False, True], [False, True]]
    """

    least: NDArray[np.float64]  # (k,) probability from which on each category is in a set

    @classmethod
    def fit(cls, p: NDArray[np.floating], codes: NDArray[np.int64], *, coverage: float) -> Self:
        """Choose the thresholds by items that no tagger has learnt from: (n, k) and (n,)."""
        own = p[np.arange(len(codes)), codes]
        least = np.full(p.shape[1], _threshold(own, coverage))
        for code, n in enumerate(np.bincount(codes, minlength=p.shape[1])):
            if n >= _OWN:
                least[code] = _threshold(own[codes == code], coverage)
        return cls(least)

    def of(self, p: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Whether each category is in each item's set, (n, k)."""
        return np.asarray(p >= self.least)


def temperature(p: NDArray[np.floating], codes: NDArray[np.int64]) -> float:
    """The temperature by which probabilities have the lowest log loss (Guo et al., 2017).

    Example:
        >>> p = np.array([[0.99, 0.01]] * 10)
        >>> temperature(p, np.array([0] * 7 + [1] * 3)) > 1
        True
    """
    losses = [log_loss(cooled(p, by), codes) for by in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def cooled(p: NDArray[np.floating], by: float) -> NDArray[np.float64]:
    """Probabilities with their logarithms divided by a temperature, (n, k)."""
    logs = np.log(np.clip(np.asarray(p, np.float64), LEAST, 1)) / by
    raised = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _threshold(own: NDArray[np.floating], coverage: float) -> float:
    """The probability that the stated share of items, and one more, has at least for the right category."""
    n = len(own)
    place = int(np.floor((n + 1) * (1 - coverage))) - 1
    return float(np.sort(own)[place]) if place >= 0 else 0.0
