"""The recipe: one model on one target, with a search where the model has a search space."""

from collections.abc import Sequence
from dataclasses import replace
from inspect import signature
from pathlib import Path

from churn.data import Split
from churn.models import Ensemble
from churn.training.config import ModelSpec, TrainingConfig, TuningConfig
from churn.training.tuning import Found, search


def fit(
    spec: ModelSpec,
    folds: Sequence[Split],
    *,
    target: str,
    tuning: TuningConfig,
    training: TrainingConfig | None = None,
    seed: int = 0,
    folder: Path | None = None,
    alone: bool = False,
) -> Found:
    """Search a model's hyperparameters on half A and keep the best trial's model, with its further seeds.

    Args:
        spec: The model.
        folds: Splits, oldest first; the model kept is fitted on the last.
        target: The target to predict.
        tuning: The search.
        training: Seeds; one by default.
        seed: The seed of the search and its fits; further seeds count on from it.
        folder: The folder for the trials' folders.
        alone: Whether no other worker uses the search's storage.

    Raises:
        UserError: as `ModelSpec.load` and `search`.
    """
    kind, fixed = spec.load(), spec.init_args
    if training is not None and training.pretrain is not None and "pretrain" in signature(kind).parameters:
        fixed = {"pretrain": training.pretrain} | fixed
    found = search(kind, folds, target=target, tuning=tuning, fixed=fixed, seed=seed, folder=folder, alone=alone)
    seeds = training.seeds if training is not None and found.model.uses_chance else 1
    if seeds == 1:
        return found
    further = [type(found.model)(**found.model.arguments) for _ in range(seeds - 1)]
    for place, model in enumerate(further, start=1):
        model.fit(folds[-1], target=target, seed=seed + place)
    return replace(found, model=Ensemble([found.model, *further]))
