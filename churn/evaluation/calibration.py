"""Calibration: a monotone map from a model's probabilities to honest ones, fitted on half B of validation."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from churn.artefacts import as_written, read_object, write_json
from churn.evaluation.config import KINDS
from churn.statistics import calibration_bins, rate_interval

EDGE = 1e-6  # keeps logits finite
_FOLDS = 5


@dataclass(frozen=True)
class Calibrator:
    """A map of probabilities, written as plain numbers.

    `none` leaves them; `temperature` scales the logit; `platt` scales and shifts it (Platt, 1999);
    `isotonic` interpolates between knots (Zadrozny and Elkan, 2002). No kind reverses the order, and only `none`
    gives 0 or 1, which one window could refute.
    """

    kind: str
    slope: float = 1.0
    shift: float = 0.0
    knots: tuple[tuple[float, ...], tuple[float, ...]] = ((0.0, 1.0), (0.0, 1.0))

    def __post_init__(self) -> None:
        """Raises ValueError for numbers with which it would reverse the order or leave [0, 1]."""
        x, y = (np.asarray(side) for side in self.knots)
        rising = x.shape == y.shape != (0,) and (np.diff(x) > 0).all() and (np.diff(y) >= 0).all()
        within = all(0 <= number <= 1 for side in self.knots for number in side)
        if not (self.kind in KINDS and 0 <= self.slope < np.inf and np.isfinite(self.shift) and rising and within):
            found = f"{self.kind!r} with slope {self.slope}, shift {self.shift} and {len(x)} knots"
            raise ValueError(f"expected a calibrator that rises from 0 to 1, got {found}")

    def save(self, path: Path, *, target: str, name: str) -> None:
        """Write the calibrator, with the target and the name of its model, as JSON."""
        write_json(asdict(self) | {"target": target, "name": name}, path)

    @classmethod
    def load(cls, path: Path, *, target: str, name: str) -> Self:
        """Read a calibrator that `save` wrote.

        Raises:
            UserError: if there is none, it is invalid, or it belongs to another model.
        """
        found = read_object(path, "kind", "slope", "shift", "knots", says={"target": target, "name": name})
        with as_written(path, TypeError):
            x, y = (tuple(map(float, side)) for side in found["knots"])
            return cls(str(found["kind"]), float(found["slope"]), float(found["shift"]), (x, y))

    def __call__(self, p: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated probabilities, (n,)."""
        if self.kind == "none":
            return p
        if self.kind == "isotonic":
            return np.interp(p, *self.knots)
        return np.asarray(np.clip(scipy.special.expit(self.slope * _logit(p) + self.shift), EDGE, 1 - EDGE))


def fit_calibrator(kind: str, p: NDArray[np.float64], y: NDArray[np.int8]) -> Calibrator:
    """Fit one kind of calibrator by log loss (isotonic: by squared error, kept away from 0 and 1).

    Example:
        >>> p = np.tile([0.2, 0.6], 50)
        >>> y = np.array([0, 1] * 25 + [0, 0] * 25)
        >>> fit_calibrator("isotonic", p, y)(np.array([0.2, 0.6])).round(2)
        array([0.01, 0.5 ])
    """
    if kind == "none":
        return Calibrator(kind)
    if kind == "isotonic":
        return Calibrator(kind, knots=_isotonic(p, y))
    x, free = _logit(p), kind == "platt"

    def loss(theta: NDArray[np.float64]) -> float:
        z = theta[0] * x + (theta[1] if free else 0.0)
        return float((np.logaddexp(0, z) - y * z).mean())

    bounds, options = [(0.0, None), (None, None)], {"ftol": 1e-13, "gtol": 1e-8}  # a slope under 0 reverses the order
    slope, shift = scipy.optimize.minimize(
        loss, np.array([1.0, 0.0]), method="L-BFGS-B", bounds=bounds, options=options
    ).x
    return Calibrator(kind, slope=float(slope), shift=float(shift) if free else 0.0)


def choose_calibrator(
    p: NDArray[np.float64], y: NDArray[np.int8], *, users: NDArray[np.generic], kinds: Collection[str] = KINDS
) -> tuple[Calibrator, dict[str, float]]:
    """The calibrator of `kinds` with the best log loss on users that it was not fitted on, then fitted on all users.

    Returns the calibrator and the cross-fitted log loss of each kind, also of `none` if it cannot be chosen. If it
    can, another kind has to beat it.
    """
    fold = pd.factorize(users)[0] % _FOLDS
    losses = {kind: _cross_fitted_loss(kind, p, y, fold) for kind in KINDS if kind in kinds or kind == "none"}
    best = min((kind for kind in losses if kind in kinds), key=lambda kind: losses[kind])
    return fit_calibrator(best, p, y), losses


def reliability(
    p: NDArray[np.float64], y: NDArray[np.int8], *, users: NDArray[np.generic], bins: int = 10, seed: int = 0
) -> pd.DataFrame:
    """The reliability diagram: per bin of equal mass n, mean_predicted, observed and its interval over users."""
    place, rows = calibration_bins(p, bins), []
    for index in np.unique(place):
        inside = place == index
        rate = rate_interval(y[inside], users[inside], seed=seed)
        mean = p[inside].mean()
        rows.append((int(index), int(inside.sum()), mean, rate.value, rate.low, rate.high))
    return pd.DataFrame(rows, columns=["bin", "n", "mean_predicted", "observed", "low", "high"])


def _cross_fitted_loss(kind: str, p: NDArray[np.float64], y: NDArray[np.int8], fold: NDArray[np.intp]) -> float:
    q = np.empty_like(p)
    for held_out in np.unique(fold):
        out = fold == held_out
        rest = p[~out], y[~out]
        q[out] = fit_calibrator(kind, *rest)(p[out]) if len(rest[0]) else p[out]
    q = np.clip(q, EDGE, 1 - EDGE)
    return float(-(y * np.log(q) + (1 - y) * np.log1p(-q)).mean())


def _isotonic(p: NDArray[np.float64], y: NDArray[np.int8]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The knots, never nearer to 0 and 1 than the number of windows supports (the rule of succession)."""
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(out_of_bounds="clip").fit(p, y)
    least = 1 / (len(p) + 2)
    heights = np.clip(fitted.y_thresholds_, least, 1 - least)
    return tuple(map(float, fitted.X_thresholds_)), tuple(map(float, heights))


def _logit(p: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(scipy.special.logit(np.clip(p, EDGE, 1 - EDGE)))
