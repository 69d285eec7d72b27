"""The persistence baseline: users who were active will stay active."""

from pathlib import Path
from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from churn.artefacts import read_json, write_json
from churn.data import Split, Windows
from churn.keys import Range, check_arguments
from churn.models.base import Classifier, Report


class Persistence(Classifier):
    """The training part's rate among windows with as many active days in the history.

    Rates are shrunk towards the base rate as if `prior_windows` more windows had shown it, so that a rare
    number of days does not give 0 or 1.

    Args:
        prior_windows: The weight of the base rate.
    """

    reads_features: ClassVar[bool] = False
    rates: NDArray[np.float64]  # (history_days + 1,)

    def __init__(self, prior_windows: Annotated[float, Range(above=0, most=1_000_000_000)] = 20.0) -> None:
        check_arguments(Persistence, locals())
        self.prior_windows = prior_windows

    def fit(self, split: Split, *, target: str, seed: int = 0, report: Report | None = None) -> Self:
        """Count labels by active days."""
        return self.refit(split.train, target=target)

    def refit(self, windows: Windows, *, target: str, seed: int = 0) -> Self:
        """Count labels by active days, on any windows."""
        label = windows.label(target)
        days, size = windows.active_days(), windows.history_days + 1
        positive = np.bincount(days, weights=label, minlength=size)
        prior = self.prior_windows
        self.rates = (positive + prior * label.mean()) / (np.bincount(days, minlength=size) + prior)
        return self

    def predict_proba(self, windows: Windows) -> NDArray[np.float64]:
        """The rate at each window's number of active days, (n,)."""
        return self.rates[windows.active_days()]

    def write(self, folder: Path) -> None:
        """Write the rates."""
        write_json({"rates": self.rates.tolist()}, folder / "rates.json")

    def read(self, folder: Path) -> None:
        """Read the rates."""
        self.rates = np.asarray(read_json(folder / "rates.json")["rates"])
