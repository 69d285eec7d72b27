"""What a model is: anything that fits a split and gives a probability per window."""

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from churn.artefacts import read_json, write_json
from churn.data import Split, Target, Windows
from churn.errors import UserError

if TYPE_CHECKING:
    import optuna

_DESCRIPTION = "model.json"

# Told the step and half A's log loss after each step of a fit; what it raises ends the fit.
Report = Callable[[int, float], None]


class Classifier(ABC):
    """A model of one target.

    A class keeps its constructor's arguments as attributes of the same names, plain scalars and lists, so
    that `save` can write them down.
    """

    is_network: bool = False
    uses_chance: ClassVar[bool] = False  # whether another seed gives another model
    reads_features: ClassVar[bool] = True

    @classmethod
    def suggest(cls, trial: "optuna.Trial", n_features: int) -> dict[str, Any]:
        """Constructor arguments drawn from the model's own search space; none where there is nothing to search."""
        return {}

    @abstractmethod
    def fit(self, split: Split, *, target: Target, seed: int = 0, report: Report | None = None) -> Self:
        """Learn from `split.train`; early stopping may read `split.val_a`, nothing reads more.

        A model that learns in steps tells `report` how each one went.
        """

    @abstractmethod
    def refit(self, windows: Windows, *, target: Target, seed: int = 0) -> Self:
        """Learn anew from all of some windows, in as many steps as the last fit kept; nothing is held out."""

    @property
    def steps(self) -> int:
        """The steps that the last fit kept: epochs, trees; 0 for a model that learns at once."""
        return 0

    @abstractmethod
    def predict_proba(self, windows: Windows) -> NDArray[np.float64]:
        """The probability of the target's class 1, (n,)."""

    def sees(self, windows: Windows) -> Windows:
        """The windows as far as the model reads them: the last days alone where it has a shorter history."""
        return windows.recent(self.arguments.get("history_days"))

    @abstractmethod
    def write(self, folder: Path) -> None:
        """Write what was learnt; the constructor's arguments are written by `save`."""

    @abstractmethod
    def read(self, folder: Path) -> None:
        """Read what `write` wrote."""

    @property
    @abstractmethod
    def arguments(self) -> dict[str, Any]:
        """The constructor's arguments, plain values."""

    def save(self, folder: Path) -> None:
        """Write the model to a new folder; nothing in it runs code when loaded."""
        folder.mkdir(parents=True)
        kind = type(self)
        description = {"class_path": f"{kind.__module__}.{kind.__qualname__}", "init_args": self.arguments}
        write_json(description, folder / _DESCRIPTION)
        self.write(folder)


def load(folder: Path) -> Classifier:
    """Load a model that `Classifier.save` wrote.

    Raises:
        UserError: if there is none.
    """
    if not (folder / _DESCRIPTION).exists():
        raise UserError("expected a saved model", f"no {_DESCRIPTION} in {folder}", "check the path, or run again")
    description = read_json(folder / _DESCRIPTION)
    model = classifier(description["class_path"])(**description["init_args"])
    model.read(folder)
    return model


def classifier(class_path: str) -> type[Classifier]:
    """The classifier class at an import path.

    Raises:
        UserError: if there is no such class, or it is no `Classifier`.

    Example:
        >>> classifier("churn.models.Majority").__name__
        'Majority'
    """
    module, _, name = class_path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(
            "expected the import path of a classifier",
            f"{class_path!r} ({error})",
            "write it like churn.models.GRU; a module of your own has to be installed or on PYTHONPATH",
        ) from error
    if not (isinstance(found, type) and issubclass(found, Classifier)):
        raise UserError("expected a subclass of churn.models.Classifier", class_path, "name another class")
    return found
