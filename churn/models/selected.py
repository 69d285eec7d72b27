"""A model that sees only some of the features."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from churn.data import Split, Windows
from churn.models.base import Classifier, Report, read_model
from churn.models.ensemble import Ensemble, members

if TYPE_CHECKING:
    from torch import nn

_MODEL = "model"  # the folder of the model itself


class Selected(Classifier):
    """A model that sees only some features of the whole windows that it is given.

    Args:
        features: The names of the features that it sees.
        model: The model. A saved one is read from its folder.

    Example:
        >>> from churn.data import example_split
        >>> from churn.models import LightGBM
        >>> split = example_split()
        >>> model = Selected(["own_post"], LightGBM(max_trees=5)).fit(split, target="churn")
        >>> model.predict_proba(split.test).shape == (len(split.test),)
        True
    """

    def __init__(self, features: Sequence[str] = (), model: Classifier | None = None) -> None:
        self.features = list(features)
        if model is not None:
            self._take(model)

    def _take(self, model: Classifier) -> None:
        self.model, self.is_network = model, model.is_network

    @property
    def arguments(self) -> dict[str, Any]:
        """The features; the model has its own."""
        return {"features": self.features}

    @property
    def steps(self) -> int:
        """The steps of the model."""
        return self.model.steps

    def fit(self, split: Split, *, target: str, seed: int = 0, report: Report | None = None) -> Self:
        """Fit the model on its features of a split."""
        self.model.fit(split.mapped(self._seen), target=target, seed=seed, report=report)
        return self

    def refit(self, windows: Windows, *, target: str, seed: int = 0) -> Self:
        """Learn again from its features of all windows."""
        self.model.refit(self._seen(windows), target=target, seed=seed)
        return self

    def predict_proba(self, windows: Windows) -> NDArray[np.float64]:
        """The model's probabilities, (n,)."""
        return self.model.predict_proba(self._seen(windows))

    def program(self, windows: Windows) -> "nn.Module":
        """The model's program on its features."""
        from churn.models.programs import Only

        seen = self._seen(windows)
        places = [place for place, name in enumerate(windows.features) if name in seen.features]
        return Only(places, self.model.program(seen))

    def embed(self, windows: Windows) -> NDArray[np.float64]:
        """The model's vectors, (n, width)."""
        return self.model.embed(self._seen(windows))

    def sees(self, windows: Windows) -> Windows:
        """The windows as the model reads them, with its features alone."""
        return self.model.sees(self._seen(windows))

    def write(self, folder: Path) -> None:
        """Write the model."""
        self.model.save(folder / _MODEL)

    def read(self, folder: Path) -> None:
        """Read the model."""
        self._take(read_model(folder / _MODEL))

    def _seen(self, windows: Windows) -> Windows:
        return windows.only(self.features)


def unwrapped(model: Classifier) -> Classifier:
    """The model without its selection of features, also inside an ensemble; any other model as it is.

    Example:
        >>> from churn.models import Majority
        >>> type(unwrapped(Selected(["own_post"], Majority()))).__name__
        'Majority'
    """
    if isinstance(model, Selected):
        return model.model
    return Ensemble([unwrapped(member) for member in model.members]) if isinstance(model, Ensemble) else model


def again_on(features: Sequence[str], model: Classifier) -> Classifier:
    """An unfitted copy of a model that sees only some features, with as many members if it is an ensemble.

    Example:
        >>> from churn.models import LightGBM
        >>> twin = again_on(["own_post"], Ensemble([LightGBM(max_trees=5), LightGBM(max_trees=5)]))
        >>> len(members(twin)), twin.members[0].model.max_trees
        (2, 5)
    """
    twins = [Selected(features, type(member)(**member.arguments)) for member in members(model)]
    return Ensemble(twins) if len(twins) > 1 else twins[0]
