"""The interface of a model: anything that fits a split and gives a probability per window."""

import inspect
import pickle
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from churn.artefacts import as_written, atomic, check_whole, read_object, write_json
from churn.data import Split, Windows
from churn.errors import UserError
from churn.keys import imported

if TYPE_CHECKING:
    import optuna
    from torch import nn

_DESCRIPTION = "model.json"
_OWN = "churn.models."  # beginning of the import paths of the package's own classes

_allowed: ContextVar[frozenset[str]] = ContextVar("allowed", default=frozenset())  # import paths of further classes

# A callback that gets the step and half A's log loss after each step of a fit; an exception in it ends the fit.
Report = Callable[[int, float], None]


class Classifier(ABC):
    """A model of one target.

    A class keeps its constructor's arguments as attributes of their names, plain scalars and lists, so that `save`
    can write them.
    """

    is_network: bool = False
    uses_chance: ClassVar[bool] = False  # whether another seed gives another model
    reads_features: ClassVar[bool] = True
    answers_all: ClassVar[bool] = False  # whether a fit on one target answers all, so that `about` gives the others

    @classmethod
    def suggest(cls, trial: "optuna.Trial", n_features: int) -> dict[str, Any]:
        """Constructor arguments drawn from the model's own search space; empty where there is nothing to search."""
        return {}

    @abstractmethod
    def fit(self, split: Split, *, target: str, seed: int = 0, report: Report | None = None) -> Self:
        """Learn from `split.train`; early stopping may read `split.val_a`, nothing reads more.

        A model that learns in steps calls `report` after each one.
        """

    @abstractmethod
    def refit(self, windows: Windows, *, target: str, seed: int = 0) -> Self:
        """Learn again from all the given windows, in as many steps as the last fit kept; nothing is held out."""

    @property
    def steps(self) -> int:
        """The steps that the last fit kept: epochs, trees; 0 for a model that learns at once."""
        return 0

    @abstractmethod
    def predict_proba(self, windows: Windows) -> NDArray[np.float64]:
        """The probability of the target's class 1, (n,)."""

    def embed(self, windows: Windows) -> NDArray[np.float64]:
        """The vectors in which a network sums up histories, (n, width).

        Raises:
            UserError: for a model that has no such vectors.
        """
        raise UserError("expected a network that gives vectors", type(self).__name__, "name another model")

    def about(self, target: str) -> "Classifier":
        """The model of another target, where one fit answers all."""
        return self

    def sees(self, windows: Windows) -> Windows:
        """The windows as the model reads them: only the last days where its history is shorter."""
        return windows.recent(self.arguments.get("history_days"))

    def program(self, windows: Windows) -> "nn.Module":
        """The model as a torch module that ONNX can hold: raw histories, (n, d, f), to chances as doubles, (n,).

        Args:
            windows: Windows as the model was fitted on; only their columns count.

        Raises:
            UserError: for a model that has no such form.
        """
        remedy = "export a run that chose another, or give the class a `program`"
        raise UserError("expected a model that ONNX can hold", self.class_path(), remedy)

    @abstractmethod
    def write(self, folder: Path) -> None:
        """Write the learnt parameters; `save` writes the constructor's arguments."""

    @abstractmethod
    def read(self, folder: Path) -> None:
        """Read the parameters that `write` wrote."""

    @property
    def arguments(self) -> dict[str, Any]:
        """The constructor's arguments, plain values."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    @classmethod
    def class_path(cls) -> str:
        """The import path of the class."""
        return f"{cls.__module__}.{cls.__qualname__}"

    def save(self, folder: Path, *, target: str | None = None, name: str | None = None) -> None:
        """Write the model to a new folder, which records its files' SHA-256; nothing in it runs code when loaded.

        Args:
            folder: The folder.
            target: The target that the model predicts, which `load` checks.
            name: The model's name, which `load` checks too.
        """
        description = {"class_path": self.class_path(), "init_args": self.arguments}
        with atomic(folder) as scratch:
            scratch.mkdir()
            write_json(description | _identity(target, name), scratch / _DESCRIPTION)
            self.write(scratch)


def load(
    folder: Path, *, target: str | None = None, name: str | None = None, kind: type[Classifier] | None = None
) -> Classifier:
    """Load a model that `Classifier.save` wrote, after checking that it is whole, as asked for, and of a class that
    may be imported: a class of `churn.models`, or one named in `allowing`.

    Args:
        folder: The folder.
        target: The target that the model has to predict.
        name: The name that it has to have.
        kind: The class that it has to be of, so that none is imported by name.

    Raises:
        UserError: if there is no model, its files are not as they were written, or it is another one.
    """
    if not (folder / _DESCRIPTION).exists():
        raise UserError("expected a saved model", f"no {_DESCRIPTION} in {folder}", "check the path, or run again")
    check_whole(folder)
    return read_model(folder, says=_identity(target, name), kind=kind)


def read_model(
    folder: Path, *, says: Mapping[str, str] | None = None, kind: type[Classifier] | None = None
) -> Classifier:
    """Read a model from a folder that is known to be whole, such as a member of a saved ensemble.

    Args:
        folder: The folder.
        says: Values that its description has to hold, by key.
        kind: The class, as for `load`.

    Raises:
        UserError: as `load`.
    """
    path = folder / _DESCRIPTION
    own = {} if kind is None else {"class_path": kind.class_path()}
    description = read_object(path, "class_path", "init_args", says={**(says or {}), **own})
    if kind is None:
        check_allowed(description["class_path"], named_in=path)
        kind = classifier(description["class_path"])
    with as_written(path, TypeError, LookupError, RuntimeError, pickle.UnpicklingError):  # raised for tampered files
        model = kind(**description["init_args"])
        model.read(folder)
    return model


def _identity(target: str | None, name: str | None) -> dict[str, str]:
    """The keys of `model.json` that identify a model: its target and its name, where given."""
    return {key: value for key, value in (("target", target), ("name", name)) if value is not None}


@contextmanager
def allowing(class_paths: Iterable[str]) -> Iterator[None]:
    """Allow some classes outside `churn.models` within the block, so that folders with models of these can be loaded.

    A run's folder may come from anybody, and importing a module runs it. So a class that only a folder names is not
    imported; `churn` allows the classes in the `models:` of the configuration that it is given.

    Args:
        class_paths: Import paths of classifiers, which are imported.

    Raises:
        UserError: as `classifier`.

    Example:
        >>> with allowing(["churn.models.Majority"]):
        ...     check_allowed("churn.models.majority.Majority", named_in=Path("model.json"))
        >>> check_allowed("shop.Network", named_in=Path("model.json"))
        Traceback (most recent call last):
        ...
        churn.errors.UserError: expected a class of churn.models in model.json, or one that your configuration has under
        `models`, got 'shop.Network'; add it there, or from Python to churn.models.allowing, if you trust it; nothing
        was imported
    """
    named = [name for name in class_paths if not name.startswith(_OWN)]  # its own are allowed, and slow to load
    token = _allowed.set(_allowed.get() | {*named, *(classifier(name).class_path() for name in named)})
    try:
        yield
    finally:
        _allowed.reset(token)


def check_allowed(class_path: object, *, named_in: Path) -> None:
    """Refuse a class that a file of a folder names, unless it is of `churn.models` or named in `allowing`.

    Raises:
        UserError: for any other class, which is not imported.
    """
    if str(class_path) not in _allowed.get() and not str(class_path).startswith(_OWN):
        raise UserError(
            f"expected a class of churn.models in {named_in}, or one that your configuration has under `models`",
            repr(class_path),
            "add it there, or from Python to churn.models.allowing, if you trust it; nothing was imported",
        )


def classifier(class_path: str) -> type[Classifier]:
    """The classifier class at an import path.

    Raises:
        UserError: if there is no such class, or it is not a concrete `Classifier`.

    Example:
        >>> classifier("churn.models.Majority").__name__
        'Majority'
    """
    found = imported(class_path, type, expected="a classifier", like="churn.models.GRU")
    if not issubclass(found, Classifier):
        raise UserError("expected a subclass of churn.models.Classifier", class_path, "name another class")
    if inspect.isabstract(found):
        raise UserError(
            "expected a model that can be fitted", f"{class_path}, which others are made of", "name another"
        )
    return found
