"""The search: Optuna's TPE over each model's own space, scored by log loss on half A of validation."""

from dataclasses import dataclass
from typing import Any

import optuna
import pandas as pd
from sklearn.metrics import log_loss

from churn.data import Split, Target
from churn.errors import UserError
from churn.models import Classifier


@dataclass(frozen=True)
class TuningConfig:
    """How much is searched.

    Args:
        trials: Trials per model and target. The first takes the model's defaults, so that a short search is
            never worse than none; 1 therefore searches nothing.
        storage: Optuna storage URL that keeps the trials, such as sqlite:///study.db; in memory where None.
    """

    trials: int = 3
    storage: str | None = None

    def __post_init__(self) -> None:
        """Raises UserError for less than one trial."""
        if self.trials < 1:
            raise UserError("expected tuning.trials of at least 1", self.trials, "raise it")


class _Objective:
    """Fits a trial's model and keeps the best one."""

    def __init__(self, kind: type[Classifier], split: Split, target: Target, fixed: dict[str, Any], seed: int) -> None:
        self.kind, self.split, self.target, self.fixed, self.seed = kind, split, target, fixed, seed
        self.best: Classifier | None = None
        self.best_value = float("inf")

    def __call__(self, trial: optuna.Trial) -> float:
        suggested = self.kind.suggest(trial, len(self.split.train.features))
        model = self.kind(**(suggested | self.fixed))

        def report(step: int, value: float) -> None:
            trial.report(value, step)
            if trial.should_prune():
                raise optuna.TrialPruned

        model.fit(self.split, target=self.target, seed=self.seed, report=report)
        val_a = self.split.val_a
        value = float(log_loss(val_a.label(self.target), model.predict_proba(val_a)))
        if value < self.best_value:
            self.best, self.best_value = model, value
        return value


def search(
    kind: type[Classifier],
    split: Split,
    *,
    target: Target,
    tuning: TuningConfig,
    fixed: dict[str, Any] | None = None,
    seed: int = 0,
) -> tuple[Classifier, pd.DataFrame]:
    """Search a model's space and return the best trial's model, as it was fitted, and the table of trials.

    Args:
        kind: The class, whose `suggest` is the space.
        split: Trials are fitted on its training part and judged on half A of validation.
        target: What is predicted.
        tuning: How much is searched.
        fixed: Constructor arguments that are not searched.
        seed: Of the sampler and of every fit.

    Raises:
        UserError: if no trial ended with a finite log loss.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    fixed = fixed or {}
    objective = _Objective(kind, split, target, fixed, seed)
    study = optuna.create_study(
        storage=tuning.storage,
        study_name=f"{kind.__name__}-{target}",
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=5),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=1),
    )
    space = _space(kind, split)
    study.enqueue_trial({k: v for k, v in kind().arguments.items() if k in space and k not in fixed})
    study.optimize(objective, n_trials=tuning.trials if space else 1)
    if objective.best is None:
        raise UserError(f"expected a trial of {kind.__name__} to succeed", "none that did", "narrow its search space")
    return objective.best, _table(study)


def _space(kind: type[Classifier], split: Split) -> set[str]:
    """The names that a class's `suggest` draws."""
    probe = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()
    kind.suggest(probe, len(split.train.features))
    return set(probe.params)


def _table(study: optuna.Study) -> pd.DataFrame:
    rows = [
        {"trial": trial.number, "state": trial.state.name.lower(), "value": trial.value, **trial.params}
        for trial in study.trials
    ]
    return pd.DataFrame(rows)
