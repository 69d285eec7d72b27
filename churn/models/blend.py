"""All models of a target together: the average of their logits, by weights that validation gives."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import scipy
from numpy.typing import NDArray

from churn.data import Split, Windows
from churn.models.base import Classifier, Report
from churn.models.ensemble import read_members, write_members
from churn.statistics import CLIP, log_loss

if TYPE_CHECKING:
    from torch import nn

_DRAWN_TO_EQUAL = 10  # users of half A whose evidence equal weights outweigh


class Blend(Classifier):
    """The weighted average of models' logits.

    The weights are at least 0 and add to 1. They minimise the log loss of half A of validation, and 10 / users times
    the squared distance from equal weights: on few users, fitted weights follow chance.

    Args:
        weights: The weight of each model.
        members: Fitted models of one target. A saved blend reads them from its folder.

    Example:
        >>> from churn.data import example_split
        >>> from churn.models import LightGBM, Logistic
        >>> split = example_split()
        >>> models = [model.fit(split, target="churn") for model in (LightGBM(max_trees=5), Logistic())]
        >>> blend = Blend(members=models).weighted(split, target="churn")
        >>> blend.predict_proba(split.test).shape == (len(split.test),), round(sum(blend.weights), 6)
        (True, 1.0)
    """

    def __init__(self, weights: Sequence[float] = (), members: Sequence[Classifier] = ()) -> None:
        self.weights, self.members = list(weights), list(members)

    @property
    def arguments(self) -> dict[str, Any]:
        """The weights; the members have their own arguments."""
        return {"weights": self.weights}

    def fit(self, split: Split, *, target: str, seed: int = 0, report: Report | None = None) -> Self:
        """Fit each member, then the weights."""
        for member in self.members:
            member.fit(split, target=target, seed=seed)
        return self.weighted(split, target=target)

    def weighted(self, split: Split, *, target: str) -> Self:
        """Weigh members that were fitted on a split."""
        half_a = split.val_a
        users = len(np.unique(half_a.user))
        self.weights = fitted_weights(self._logits(half_a), half_a.label(target), users=users).tolist()
        return self

    def refit(self, windows: Windows, *, target: str, seed: int = 0) -> Self:
        """Learn each member again; the weights stay."""
        for member in self.members:
            member.refit(windows, target=target, seed=seed)
        return self

    def predict_proba(self, windows: Windows) -> NDArray[np.float64]:
        """The probabilities, (n,)."""
        return _blended(self._logits(windows), np.asarray(self.weights))

    def program(self, windows: Windows) -> "nn.Module":
        """The members' programs, their logits averaged."""
        from churn.models.programs import Blended

        return Blended([member.program(windows) for member in self.members], self.weights)

    def write(self, folder: Path) -> None:
        """Write each member to a folder of its own."""
        write_members(self.members, folder)

    def read(self, folder: Path) -> None:
        """Read the members."""
        self.members = read_members(folder)

    def _logits(self, windows: Windows) -> NDArray[np.float64]:
        """The members' logits, (n, m)."""
        p = np.column_stack([member.predict_proba(windows) for member in self.members])
        return np.asarray(scipy.special.logit(np.clip(p, CLIP, 1 - CLIP)))


def fitted_weights(logits: NDArray[np.float64], y: NDArray[np.int8], *, users: int) -> NDArray[np.float64]:
    """The weights of m models: of the least log loss, drawn towards equal ones by how few users there are.

    Args:
        logits: The models' logits, (n, m).
        y: The labels, (n,).
        users: Users among the n windows.

    Example:
        >>> y = np.array([0, 1] * 50)
        >>> good, bad = 4.0 * y - 2, 2 - 4.0 * y
        >>> fitted_weights(np.column_stack([good, bad]), y, users=10_000).round(2).tolist()
        [1.0, 0.0]
        >>> fitted_weights(np.column_stack([good, good]), y, users=10).round(2).tolist()
        [0.5, 0.5]
    """
    m = logits.shape[1]
    equal = np.full(m, 1 / m)

    def cost(weights: NDArray[np.float64]) -> float:
        far = float(((weights - equal) ** 2).sum())
        return log_loss(y, _blended(logits, weights)) + _DRAWN_TO_EQUAL / users * far

    found = scipy.optimize.minimize(
        cost,
        equal,
        method="SLSQP",
        bounds=[(0, 1)] * m,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
        options={"ftol": 1e-10},  # between like models the log loss hardly moves: a coarse search stays where it began
    )
    weights = np.clip(found.x, 0, 1)
    return np.asarray(weights / weights.sum())


def _blended(logits: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(scipy.special.expit(logits @ weights))
