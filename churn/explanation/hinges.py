"""Hinges: numbers as columns of a regression whose effects may change at some knots, and its weights' posterior."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_KNOTS = (0, 0.25, 0.5, 0.75)  # quantiles at which the effect of a number may change


@dataclass(frozen=True)
class Hinges:
    """Columns of windows as standardised hinges: the distance of a number's logarithm above a knot, 0 below it."""

    place: NDArray[np.int64]  # (k,) the column of each hinge
    knot: Floats  # (k,)
    mean: Floats  # (k,)
    spread: Floats  # (k,)

    @classmethod
    def of(cls, values: Floats) -> Self:
        """Hinges at the least value and at the quartiles of each column, (n, f); of yes or no one."""
        numbers = _logs(values)
        knots = [_knots(numbers[:, place]) for place in range(values.shape[1])]
        place = np.repeat(np.arange(len(knots)), [len(one) for one in knots])
        raw = np.maximum(numbers[:, place] - np.concatenate(knots), 0)
        spread = raw.std(axis=0)
        return cls(place, np.concatenate(knots), raw.mean(axis=0), np.where(spread > 0, spread, np.inf))

    def __call__(self, values: Floats) -> Floats:
        """The hinges of rows, (n, f) to (n, k)."""
        return np.asarray((np.maximum(_logs(values)[:, self.place] - self.knot, 0) - self.mean) / self.spread)


def posterior(x: Floats, y: NDArray[np.int8], *, spread: float, weight: Floats) -> tuple[Floats, Floats]:
    """The weights of a logistic regression with a normal prior, (k,), and their covariance, (k, k).

    Args:
        x: The columns, (n, k).
        y: The labels, (n,).
        spread: The standard deviation of the prior.
        weight: The weight of each row, (n,).
    """
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=spread**2, solver="newton-cholesky", max_iter=200).fit(x, y, sample_weight=weight)
    p = fitted.predict_proba(x)[:, 1]
    design = np.column_stack([x, np.ones(len(x))])
    precision = (design * (p * (1 - p) * weight)[:, None]).T @ design
    precision[np.diag_indices(x.shape[1])] += 1 / spread**2
    weights: Floats = fitted.coef_[0]
    return weights, np.asarray(np.linalg.inv(precision)[:-1, :-1])


def _logs(values: Floats) -> Floats:
    return np.asarray(np.copysign(np.log1p(np.abs(values)), values))


def _knots(numbers: Floats) -> Floats:
    """The knots of a column: its least value and, of a number, the quartiles."""
    if len(np.unique(numbers)) <= 2:
        return np.asarray(numbers.min(keepdims=True))
    knots = np.unique(np.quantile(numbers, _KNOTS))
    return np.asarray(knots[knots < numbers.max()])
