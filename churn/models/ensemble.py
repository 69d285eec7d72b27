"""Several fits of one model from different seeds, whose probabilities are averaged."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from churn.data import Split, Windows
from churn.models.base import Classifier, Report, read_model

if TYPE_CHECKING:
    from torch import nn


class Ensemble(Classifier):
    """The average of its members' probabilities (Lakshminarayanan, Pritzel and Blundell, 2017).

    Args:
        members: Models of one class and the same arguments. A saved ensemble reads them from its folder.

    Example:
        >>> from churn.data import example_split
        >>> from churn.models import LightGBM
        >>> split = example_split()
        >>> both = Ensemble([LightGBM(max_trees=5), LightGBM(max_trees=5)]).fit(split, target="churn")
        >>> one, other = (member.predict_proba(split.test) for member in both.members)
        >>> bool(np.allclose(both.predict_proba(split.test), (one + other) / 2))
        True
    """

    def __init__(self, members: Sequence[Classifier] = ()) -> None:
        self._take(members)

    def _take(self, members: Sequence[Classifier]) -> None:
        self.members = list(members)
        self.is_network = any(member.is_network for member in members)

    @property
    def arguments(self) -> dict[str, Any]:
        """No arguments: the members have their own."""
        return {}

    @property
    def steps(self) -> int:
        """The median of the steps that the members kept."""
        return int(np.median([member.steps for member in self.members]))

    def fit(self, split: Split, *, target: str, seed: int = 0, report: Report | None = None) -> Self:
        """Fit each member from a seed of its own; the first one reports."""
        for place, member in enumerate(self.members):
            member.fit(split, target=target, seed=seed + place, report=None if place else report)
        return self

    def refit(self, windows: Windows, *, target: str, seed: int = 0) -> Self:
        """Learn each member again."""
        for place, member in enumerate(self.members):
            member.refit(windows, target=target, seed=seed + place)
        return self

    def predict_proba(self, windows: Windows) -> NDArray[np.float64]:
        """The average, (n,)."""
        return np.asarray(np.mean([member.predict_proba(windows) for member in self.members], axis=0))

    def program(self, windows: Windows) -> "nn.Module":
        """The mean of the members' programs."""
        from churn.models.programs import Mean

        return Mean([member.program(windows) for member in self.members])

    def embed(self, windows: Windows) -> NDArray[np.float64]:
        """The first member's vectors, (n, width): each seed has numbers of its own."""
        return self.members[0].embed(windows)

    def about(self, target: str) -> "Ensemble":
        """The ensemble of what each member says about another target."""
        return Ensemble([member.about(target) for member in self.members])

    def sees(self, windows: Windows) -> Windows:
        """The windows as each member reads them."""
        return self.members[0].sees(windows)

    def write(self, folder: Path) -> None:
        """Write each member to a folder of its own."""
        write_members(self.members, folder)

    def read(self, folder: Path) -> None:
        """Read the members."""
        self._take(read_members(folder))


def write_members(models: Sequence[Classifier], folder: Path) -> None:
    """Write models to folders of their own, named by their places."""
    for place, model in enumerate(models):
        model.save(folder / str(place))


def read_members(folder: Path) -> list[Classifier]:
    """Read what `write_members` wrote."""
    folders = sorted((path for path in folder.iterdir() if path.is_dir()), key=lambda path: int(path.name))
    return [read_model(path) for path in folders]


def members(model: Classifier) -> list[Classifier]:
    """The models whose probabilities a model averages: the model itself if it is not an ensemble.

    Example:
        >>> from churn.models import Majority
        >>> len(members(Majority())), len(members(Ensemble([Majority(), Majority()])))
        (1, 2)
    """
    return model.members if isinstance(model, Ensemble) else [model]
