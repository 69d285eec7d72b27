"""The objective of a trial: one model, fitted and judged on each fold, with a folder of its own."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import optuna
import pandas as pd

from churn.artefacts import discard, write_json
from churn.data import Split
from churn.disk import DiskError
from churn.errors import UserError
from churn.models import Classifier, load
from churn.statistics import log_loss

BY_TARGET = "log_loss"  # attribute of a trial: its log loss on each target that the model answers


class FailedTrialError(Exception):
    """Raised by a trial whose model could not be fitted; the search goes on."""


@dataclass
class Objective:
    """The mean log loss on half A over the folds, and over the targets that a model answers.

    It keeps the best trial's model of the last fold.
    """

    kind: type[Classifier]
    folds: tuple[Split, ...]  # oldest first
    target: str
    fixed: dict[str, Any]
    options: dict[str, list[int]]  # choices that depend on the data, by argument
    seed: int
    folder: Path | None
    best: Classifier | None = None
    best_value: float = field(default=float("inf"))

    def __call__(self, trial: optuna.Trial) -> float:
        """Fit and judge one trial's model.

        Raises:
            FailedTrialError: if the model cannot be fitted, with the reason in the trial's attribute `error`.
            TrialPruned: if it is hopeless.
            DiskError: if a disk is full, which is not the model's fault.
        """
        arguments = self._arguments(trial)
        self._note(trial, arguments=arguments)
        try:
            return self._judge(trial, arguments)
        except DiskError:
            raise
        except UserError as error:
            trial.set_user_attr("error", str(error))
            self._note(trial, arguments=arguments, error=str(error))
            raise FailedTrialError from error

    def space(self) -> dict[str, str]:
        """The distributions that trials draw from, by the argument's name."""
        probe = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()
        self._arguments(probe)
        return {name: repr(drawn) for name, drawn in sorted(probe.distributions.items())}

    def outdo(self, study: optuna.Study) -> None:
        """Keep from now on only models that are better than the best trial of a study."""
        ended = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        self.best_value = min((trial.value for trial in ended if trial.value is not None), default=self.best_value)

    def best_of(self, study: optuna.Study) -> Classifier:
        """The model of a study's best trial, fitted again if another worker made it."""
        if self.best is not None and self.best_value <= study.best_value:
            return self.best
        kept = self._folder_of(study.best_trial.number)
        if kept is not None and (kept / "model").exists():
            return load(kept / "model", kind=self.kind)
        model = self.kind(**self._arguments(cast(optuna.Trial, optuna.trial.FixedTrial(study.best_params))))
        return model.fit(self.folds[-1], target=self.target, seed=self.seed)

    def _judge(self, trial: optuna.Trial, arguments: dict[str, Any]) -> float:
        models: list[Classifier] = []
        losses: list[dict[str, float]] = []
        # The newest fold first: its model is kept, and a hopeless trial is given up on it.
        for place, split in enumerate(reversed(self.folds)):
            model = self.kind(**arguments)
            model.fit(split, target=self.target, seed=self.seed, report=None if place else _pruning(trial))
            losses.append({target: _loss(model.about(target), split, target) for target in self._answered(split)})
            models.append(model)
        by_target = pd.DataFrame(losses[::-1])  # a row per fold
        trial.set_user_attr(BY_TARGET, by_target.mean().to_dict())
        by_fold = by_target.mean(axis=1).tolist()
        value = float(np.mean(by_fold))
        self._note(trial, arguments=arguments, value=value, log_loss_by_fold=by_fold, steps=models[0].steps)
        if value < self.best_value:
            self._keep(models[0], value, trial)
        return value

    def _answered(self, split: Split) -> tuple[str, ...]:
        """The targets by which a model is judged: all of one that answers all, so that one search does for these."""
        return split.train.targets if self.kind.answers_all else (self.target,)

    def _arguments(self, trial: optuna.Trial) -> dict[str, Any]:
        searched = cast(optuna.Trial, _Searched(trial, self.fixed))
        suggested = self.kind.suggest(searched, len(self.folds[-1].train.features))
        suggested |= {name: trial.suggest_categorical(name, values) for name, values in self.options.items()}
        return suggested | self.fixed

    def _folder_of(self, number: int) -> Path | None:
        return None if self.folder is None else self.folder / f"{number:04d}"

    def _note(self, trial: optuna.Trial, **facts: Any) -> None:
        """Write the facts about a trial into its folder."""
        if (folder := self._folder_of(trial.number)) is not None:
            write_json(facts, folder / "trial.json")

    def _keep(self, model: Classifier, value: float, trial: optuna.Trial) -> None:
        """Keep the model of the best trial so far in its folder, and no other."""
        self.best, self.best_value = model, value
        if (folder := self._folder_of(trial.number)) is not None:
            for earlier in folder.parent.glob("*/model"):
                discard(earlier)
            model.save(folder / "model")


class _Searched:
    """A trial that does not draw fixed arguments, so that it records only values that were used."""

    def __init__(self, trial: optuna.Trial, fixed: dict[str, Any]) -> None:
        self._trial, self._fixed = trial, fixed

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._trial, name)
        if not name.startswith("suggest_"):
            return found
        return lambda parameter, *rest, **options: (
            self._fixed[parameter] if parameter in self._fixed else found(parameter, *rest, **options)
        )


def _pruning(trial: optuna.Trial) -> Any:
    """A report callback that gives up hopeless trials."""

    def report(step: int, value: float) -> None:
        trial.report(value, step)
        if trial.should_prune():
            raise optuna.TrialPruned

    return report


def _loss(model: Classifier, split: Split, target: str) -> float:
    """The log loss on half A.

    Raises:
        UserError: for probabilities that are not numbers.
    """
    half_a = split.val_a
    p = model.predict_proba(half_a)
    if not np.isfinite(p).all():
        found = f"{(~np.isfinite(p)).sum():,} that are not numbers"
        raise UserError(f"expected {len(p):,} probabilities of {target}", found, "lower lr, or check the data")
    return log_loss(half_a.label(target), p)
