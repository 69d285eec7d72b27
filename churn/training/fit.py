"""The recipe: one model on one target, with a search where the model has something to search."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from inspect import signature
from pathlib import Path
from typing import Any, Literal

from churn.data import Split, Target
from churn.errors import UserError
from churn.models import Classifier, Ensemble, classifier
from churn.training.tuning import Found, TuningConfig, search


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
class TrainingConfig:
    """How the best hyperparameters are used.

    Args:
        seeds: Fits from different seeds, whose probabilities are averaged and whose spread is reported.
        refit: What scores: `keep`: the models that were measured; `all`: the same, learnt again from every window whose
            label is known, for as many steps as the measured one took.
        kept: Whether each model is also trained on the kept features of features.csv alone, with the hyperparameters
            found; it stands in the leaderboard as the model's name with _kept, and may be the one that is chosen.
    """

    seeds: int = 1
    refit: Literal["keep", "all"] = "keep"
    kept: bool = False

    def __post_init__(self) -> None:
        """Raises UserError for less than one seed."""
        if self.seeds < 1:
            raise UserError("expected training.seeds of at least 1", self.seeds, "raise it")


def fit(
    spec: ModelSpec,
    folds: Sequence[Split],
    *,
    target: Target,
    tuning: TuningConfig,
    training: TrainingConfig | None = None,
    seed: int = 0,
    folder: Path | None = None,
) -> Found:
    """Search a model's hyperparameters on half A and keep the best trial's model, with its further seeds.

    Args:
        spec: The model.
        folds: Splits, oldest first; the model kept is fitted on the last.
        target: What is predicted.
        tuning: The search.
        training: Seeds; one by default.
        seed: Of the search and its fits; further ones count on from it.
        folder: Where trials leave their folders.

    Raises:
        UserError: as `ModelSpec.check` and `search`.
    """
    found = search(spec.check(), folds, target=target, tuning=tuning, fixed=spec.init_args, seed=seed, folder=folder)
    seeds = training.seeds if training is not None and found.model.uses_chance else 1
    if seeds == 1:
        return found
    further = [type(found.model)(**found.model.arguments) for _ in range(seeds - 1)]
    for place, model in enumerate(further, start=1):
        model.fit(folds[-1], target=target, seed=seed + place)
    return replace(found, model=Ensemble([found.model, *further]))
