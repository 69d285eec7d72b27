"""Stayers: the chance of a sticker if the user stays, learnt from users who stayed."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
import scipy
from numpy.typing import NDArray

from churn.artefacts import as_written, read_object, write_json

IF_STAYS = "if_stays.json"  # file in the sticker's folder of models
_EDGE = 1e-6  # keeps logits finite
_QUOTIENT, _PRIOR = np.array([0.0, 1.0, 1.0]), 10.0  # the prior of the weights: its mean and its strength


@dataclass(frozen=True)
class IfStays:
    """P(sticker | stays) by its logit, shift + sticker × logit(p_sticker) − churn × log(1 − p_churn).

    With a shift of 0 and weights of 1 it is p_sticker / (1 − p_churn) while that is small, which is right if no churner
    receives a sticker and both probabilities are right. Churners who do receive some, and errors of a p_churn near 1,
    lower the weight `churn` below 1: the quotient is then too high, and above 1 for many.
    """

    shift: float
    sticker: float
    churn: float

    def __post_init__(self) -> None:
        """Raises ValueError for weights that would reverse the order, or are not numbers."""
        if not (np.isfinite(self.shift) and 0 <= self.sticker < np.inf and 0 <= self.churn <= 1):
            raise ValueError(f"expected a weight from 0 on and one from 0 to 1, got {self.sticker} and {self.churn}")

    def __call__(self, p_churn: NDArray[np.float64], p_sticker: NDArray[np.float64]) -> NDArray[np.float64]:
        """The chance of a sticker if the user stays, (n,)."""
        return np.asarray(
            scipy.special.expit(_columns(p_churn, p_sticker) @ np.array([self.shift, self.sticker, self.churn]))
        )

    def save(self, path: Path) -> None:
        """Write the weights as JSON."""
        write_json(asdict(self), path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read weights that `save` wrote.

        Raises:
            UserError: if there are none, or they are invalid.
        """
        found = read_object(path, "shift", "sticker", "churn")
        with as_written(path, TypeError, ValueError):
            return cls(*(float(found[name]) for name in ("shift", "sticker", "churn")))


def fit_if_stays(p_churn: NDArray[np.float64], p_sticker: NDArray[np.float64], received: NDArray[np.int8]) -> IfStays:
    """Fit by the log loss of users who stayed; of few, it stays near the quotient, by a normal prior.

    Args:
        p_churn: The churn probabilities of windows whose user stayed, (n,), outside the models' training.
        p_sticker: The sticker probabilities of these windows, (n,).
        received: Whether a sticker came, (n,).

    Example:
        >>> rng = np.random.default_rng(0)
        >>> p_churn, if_stays = rng.beta(2, 2, 4000), rng.beta(2, 8, 4000)
        >>> received = rng.random(4000) < if_stays
        >>> found = fit_if_stays(p_churn, if_stays, received)  # churners receive as many
        >>> bool(found.churn < 0.1), round(float(found(p_churn, if_stays).mean() - received.mean()), 3)
        (True, 0.0)
    """
    columns = _columns(p_churn, p_sticker)

    def loss(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z, off = columns @ theta, theta - _QUOTIENT
        value = (np.logaddexp(0, z) - received * z).sum() + _PRIOR * (off**2).sum() / 2
        return float(value), columns.T @ (scipy.special.expit(z) - received) + _PRIOR * off

    bounds = [(None, None), (0.0, None), (0.0, 1.0)]
    return IfStays(*map(float, scipy.optimize.minimize(loss, _QUOTIENT, jac=True, method="L-BFGS-B", bounds=bounds).x))


def _columns(p_churn: NDArray[np.float64], p_sticker: NDArray[np.float64]) -> NDArray[np.float64]:
    churn, sticker = (np.clip(np.asarray(p, np.float64), _EDGE, 1 - _EDGE) for p in (p_churn, p_sticker))
    return np.column_stack([np.ones(len(churn)), scipy.special.logit(sticker), -np.log1p(-churn)])
