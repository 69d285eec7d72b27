"""The search: Optuna's TPE over each model's own space, scored by log loss on half A of validation."""

from dataclasses import dataclass
from typing import Any, cast

import optuna
import pandas as pd
from optuna.trial import TrialState
from sklearn.metrics import log_loss

from churn.data import Split, Target
from churn.errors import UserError
from churn.models import Classifier
from churn.training.storage import open_study, trials_to_make


@dataclass(frozen=True)
class TuningConfig:
    """How much is searched.

    Args:
        trials: Trials per model and target. The first takes the model's defaults, so that a short search is
            never worse than none; 1 therefore searches nothing.
        storage: Where trials are kept, in memory where None: sqlite:///study.db, postgresql+psycopg://ada@db/trials or
            journal:///study.log. A killed search continues there, and several workers may share it.
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
        model = self._model(trial)

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

    def best_of(self, study: optuna.Study) -> Classifier:
        """The model of a study's best trial, fitted again where that was made by another worker or an earlier one."""
        if self.best is not None and self.best_value <= study.best_value:
            return self.best
        model = self._model(cast(optuna.Trial, optuna.trial.FixedTrial(study.best_params)))
        model.fit(self.split, target=self.target, seed=self.seed)
        return model

    def _model(self, trial: optuna.Trial) -> Classifier:
        suggested = self.kind.suggest(trial, len(self.split.train.features))
        return self.kind(**(suggested | self.fixed))


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
    fixed = fixed or {}
    objective = _Objective(kind, split, target, fixed, seed)
    space = _space(kind, split)
    facts = {"space": space, "fixed": repr(sorted(fixed.items())), "data": _data(split, target)}
    study = open_study(tuning.storage, name=f"{kind.__name__}-{target}", facts=facts, seed=seed)
    study.enqueue_trial(
        {k: v for k, v in kind().arguments.items() if k in space and k not in fixed}, skip_if_exists=True
    )
    for _ in trials_to_make(study, tuning.trials if space else 1):
        study.optimize(objective, n_trials=1)
    if not study.get_trials(states=(TrialState.COMPLETE,)):
        raise UserError(f"expected a trial of {kind.__name__} to succeed", "none that did", "narrow its search space")
    return objective.best_of(study), _table(study)


def _space(kind: type[Classifier], split: Split) -> dict[str, str]:
    """What a class's `suggest` draws, by name."""
    probe = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()
    kind.suggest(probe, len(split.train.features))
    return {name: repr(distribution) for name, distribution in sorted(probe.distributions.items())}


def _data(split: Split, target: Target) -> str:
    """A line that tells two searches' data apart."""
    parts = [f"{len(part):,} windows, {int(part.label(target).sum()):,} of 1" for part in (split.train, split.val_a)]
    return f"{split.train.history_days} + {split.train.horizon_days} days; {'; '.join(parts)}; {split.train.features}"


def _table(study: optuna.Study) -> pd.DataFrame:
    rows = [
        {"trial": trial.number, "state": trial.state.name.lower(), "value": trial.value, **trial.params}
        for trial in study.trials
    ]
    return pd.DataFrame(rows)
