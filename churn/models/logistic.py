"""Logistic regression on the flattened window."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
import scipy
from numpy.typing import NDArray

from churn.artefacts import read_json, write_json
from churn.data import Split, Windows
from churn.keys import Range, check_arguments
from churn.models.base import Classifier, Report

if TYPE_CHECKING:
    import optuna
    from torch import nn


class Logistic(Classifier):
    """Ridge logistic regression on standardised log counts, a column per feature and day.

    Args:
        c: Inverse strength of the ridge penalty.
    """

    mean: NDArray[np.float64]  # (c,) of the columns of `Windows.flat`
    weight: NDArray[np.float64]  # (c,) per unit of log1p count
    intercept: float

    def __init__(self, c: Annotated[float, Range(above=0, most=1_000_000)] = 0.1) -> None:
        check_arguments(Logistic, locals())
        self.c = c

    @classmethod
    def suggest(cls, trial: "optuna.Trial", n_features: int) -> dict[str, Any]:
        """Draw the penalty."""
        return {"c": trial.suggest_float("c", 1e-3, 10.0, log=True)}

    def fit(self, split: Split, *, target: str, seed: int = 0, report: Report | None = None) -> Self:
        """Fit by L-BFGS; columns without spread get no weight."""
        return self.refit(split.train, target=target)

    def refit(self, windows: Windows, *, target: str, seed: int = 0) -> Self:
        """Fit by L-BFGS on any windows."""
        from sklearn.linear_model import LogisticRegression

        x = _log(windows)
        self.mean, scale = x.mean(axis=0), x.std(axis=0)
        scale[scale == 0] = np.inf
        fitted = LogisticRegression(C=self.c, max_iter=1000).fit((x - self.mean) / scale, windows.label(target))
        self.weight, self.intercept = fitted.coef_[0] / scale, float(fitted.intercept_[0])
        return self

    def predict_proba(self, windows: Windows) -> NDArray[np.float64]:
        """The probabilities, (n,)."""
        return np.asarray(scipy.special.expit((_log(windows) - self.mean) @ self.weight + self.intercept))

    def program(self, windows: Windows) -> "nn.Module":
        """The plane over the logarithms of the columns of `Windows.flat`."""
        from churn.models.programs import Plane

        return Plane(windows, mean=self.mean, weight=self.weight, intercept=self.intercept)

    def write(self, folder: Path) -> None:
        """Write the coefficients."""
        learnt = {"mean": self.mean.tolist(), "weight": self.weight.tolist(), "intercept": self.intercept}
        write_json(learnt, folder / "coefficients.json")

    def read(self, folder: Path) -> None:
        """Read the coefficients."""
        learnt = read_json(folder / "coefficients.json")
        self.mean, self.weight = np.asarray(learnt["mean"]), np.asarray(learnt["weight"])
        self.intercept = learnt["intercept"]


def _log(windows: Windows) -> NDArray[np.float64]:
    x = windows.flat().astype(np.float64)
    return np.copysign(np.log1p(np.abs(x)), x)
