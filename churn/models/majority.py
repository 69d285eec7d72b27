"""The majority baseline: the training part's base rate for everyone."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import scipy
from numpy.typing import NDArray

from churn.artefacts import read_json, write_json
from churn.data import Split, Windows
from churn.models.base import Classifier, Report

if TYPE_CHECKING:
    from torch import nn


class Majority(Classifier):
    """A constant probability, which at .5 is the majority class.

    Example:
        >>> from churn.data import example_split
        >>> split = example_split()
        >>> p = Majority().fit(split, target="churn").predict_proba(split.test)
        >>> bool(np.isclose(p, split.train.answers.mean()).all())
        True
    """

    reads_features: ClassVar[bool] = False
    rate: float

    def fit(self, split: Split, *, target: str, seed: int = 0, report: Report | None = None) -> Self:
        """Take the base rate."""
        return self.refit(split.train, target=target)

    def refit(self, windows: Windows, *, target: str, seed: int = 0) -> Self:
        """Take the base rate of any windows."""
        self.rate = float(windows.label(target).mean())
        return self

    def predict_proba(self, windows: Windows) -> NDArray[np.float64]:
        """The base rate, (n,)."""
        return np.full(len(windows), self.rate)

    def program(self, windows: Windows) -> "nn.Module":
        """The rate, whatever the history."""
        from churn.models.programs import Plane

        return Plane(windows, mean=0.0, weight=0.0, intercept=float(scipy.special.logit(self.rate)))

    def write(self, folder: Path) -> None:
        """Write the rate."""
        write_json({"rate": self.rate}, folder / "rate.json")

    def read(self, folder: Path) -> None:
        """Read the rate."""
        self.rate = read_json(folder / "rate.json")["rate"]
