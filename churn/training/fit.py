"""The recipe: one model on one target, with a search where the model has something to search."""

from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import pandas as pd

from churn.data import Split, Target
from churn.errors import UserError
from churn.models import Classifier, classifier
from churn.training.tuning import TuningConfig, search


@dataclass(frozen=True)
class ModelSpec:
    """A model as a configuration names it.

    Args:
        class_path: Import path of the class, such as churn.models.GRU.
        init_args: Constructor arguments; what stands here is not searched.
    """

    class_path: str
    init_args: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, entry: str | dict[str, Any]) -> "ModelSpec":
        """The model that an entry names: an import path, or a mapping with `class_path` and `init_args`.

        Raises:
            UserError: if the mapping has other keys.

        Example:
            >>> ModelSpec.of("churn.models.GRU").name
            'GRU'
        """
        if isinstance(entry, str):
            return cls(entry)
        if "class_path" not in entry or set(entry) - {"class_path", "init_args"}:
            keys = ", ".join(map(str, entry)) or "none"
            raise UserError("expected the keys class_path and init_args in a model", keys, "correct the key")
        return cls(entry["class_path"], dict(entry.get("init_args") or {}))

    @property
    def name(self) -> str:
        """The class's name."""
        return self.class_path.rpartition(".")[2]

    def check(self) -> type[Classifier]:
        """The class, once it is known that it exists and takes the arguments.

        Raises:
            UserError: for an unknown class or argument.

        Example:
            >>> ModelSpec("churn.models.Majority").check().__name__
            'Majority'
        """
        kind = classifier(self.class_path)
        known = [name for name in signature(kind).parameters if name != "target"]
        if unknown := sorted(set(self.init_args) - set(known)):
            options = ", ".join(known) or "none"
            raise UserError(
                f"expected arguments of {self.name} out of: {options}", ", ".join(unknown), "correct the key"
            )
        return kind


@dataclass(frozen=True)
class Fitted:
    """A fitted model and the trials that led to it."""

    model: Classifier
    trials: pd.DataFrame  # trial, state, value (log loss on half A), and one column per hyperparameter


def fit(spec: ModelSpec, split: Split, *, target: Target, tuning: TuningConfig, seed: int = 0) -> Fitted:
    """Search a model's hyperparameters on half A and keep the best trial's model as it was fitted.

    Raises:
        UserError: as `ModelSpec.check`, or if every trial failed.
    """
    best, trials = search(spec.check(), split, target=target, tuning=tuning, fixed=spec.init_args, seed=seed)
    return Fitted(best, trials)
