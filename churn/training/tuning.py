"""The search: Optuna's TPE over each model's own space and choices of the data, scored on half A of validation."""

from collections.abc import Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.exceptions import UpdateFinishedTrialError
from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.trial import FrozenTrial, TrialState

from churn.data import Split
from churn.errors import UserError
from churn.models import Classifier
from churn.progress import step
from churn.training.config import TuningConfig
from churn.training.objective import BY_TARGET, FailedTrialError, Objective
from churn.training.places import SuperfluousTrialError, check_place, trials_to_make
from churn.training.storage import kept, open_study
from churn.training.workers import alive, end, give_up_all

_OWN = "log_loss_"  # begins the columns of a search's trials with the log loss on each target
_TRIALS_TO_WEIGH = 5  # trials under which importances are noise


@dataclass(frozen=True)
class Found:
    """The best trial's model, as it was fitted, and the tables of the search."""

    model: Classifier
    trials: pd.DataFrame  # trial, state, value (log loss on half A), log_loss_<target> of a model that answers all, and
    # one column per hyperparameter
    curves: pd.DataFrame  # trial, step, log_loss
    importances: pd.DataFrame  # parameter, importance; no rows where too few trials succeeded


def search(
    kind: type[Classifier],
    folds: Sequence[Split],
    *,
    target: str,
    tuning: TuningConfig,
    fixed: dict[str, Any] | None = None,
    seed: int = 0,
    folder: Path | None = None,
    alone: bool = False,
) -> Found:
    """Search a model's space and keep the best trial's model.

    Args:
        kind: The class, whose `suggest` is the space; batch size and history length are added where it has them.
        folds: Splits, oldest first. Trials are fitted on each one's training part and judged by the mean log loss on
            their halves A; the last fold's model is kept.
        target: The target to predict.
        tuning: The size and storage of the search.
        fixed: Constructor arguments that are not searched.
        seed: The seed of the sampler and of every fit.
        folder: The folder for a folder per trial, the best with its model; nothing is written where None.
        alone: Whether no other worker uses the storage. Trials under way in it were then left by one that was killed,
            and are given up at once; else one is waited for until its worker gives no sign of life.

    Raises:
        UserError: if the storage cannot be used, a target has one class in training, or no trial succeeded.

    Example:
        >>> from churn.data import example_split
        >>> from churn.models import LightGBM
        >>> found = search(LightGBM, [example_split()], target="churn", tuning=TuningConfig(trials=2))
        >>> found.trials.state.tolist()
        ['complete', 'complete']
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    fixed = fixed or {}
    for split in folds:
        _check_classes(split, target)
        for days in tuning.history_days:
            split.train.recent(days)
    options = _options(kind, tuning, fixed)
    objective = Objective(kind, tuple(folds), target, fixed, options, seed, folder)
    space = objective.space()
    facts = {"space": space, "fixed": repr(sorted(fixed.items())), "data": _data(folds, target)}
    study = open_study(
        tuning.storage,
        name=f"{kind.__name__}-{target}",
        facts=facts,
        seed=seed,
        pruner=_pruner(kind, tuning),
        defaults=_defaults(kind, space, options, fixed),
    )
    with kept(tuning.storage):
        if alone:
            give_up_all(study)
        _make_trials(study, objective, tuning.trials if space else 1)
        return Found(objective.best_of(study), _table(study), _curves(study), _importances(study))


def _make_trials(study: optuna.Study, objective: Objective, wanted: int) -> None:
    """Make trials until the wanted number have ended.

    Raises:
        UserError: if no trial succeeded.
    """
    objective.outdo(study)
    for trial in trials_to_make(study, wanted):
        step(f"{objective.kind.__name__} on {objective.target}, trial {trial.number + 1} of {wanted}")
        _make(trial, objective, wanted)
    if not study.get_trials(states=(TrialState.COMPLETE,)):
        raise _none_succeeded(objective.kind, study)


def _make(trial: optuna.Trial, objective: Objective, wanted: int) -> None:
    """Make one trial; its end, even by a signal, is noted at once, so that no worker waits for it."""
    value, state = None, TrialState.FAIL
    try:
        with alive(trial):
            check_place(trial, wanted)
            value, state = objective(trial), TrialState.COMPLETE
    except optuna.TrialPruned:
        state = TrialState.PRUNED
    except (FailedTrialError, SuperfluousTrialError, UpdateFinishedTrialError):
        pass  # the last: another worker gave it up while this one was suspended, and its place is no longer its own
    finally:
        end(trial.study, trial, value, state=state)


def _options(kind: type[Classifier], tuning: TuningConfig, fixed: dict[str, Any]) -> dict[str, list[int]]:
    """The choices of batch size and history length, where a model takes them and they are not fixed."""
    known = signature(kind).parameters
    offered = {"history_days": tuning.history_days, "batch_size": tuning.batch_size}
    return {name: values for name, values in offered.items() if values and name in known and name not in fixed}


def _defaults(
    kind: type[Classifier], space: dict[str, str], options: dict[str, list[int]], fixed: dict[str, Any]
) -> dict[str, Any]:
    """The arguments of the first trial: the class's defaults, or the largest choice."""
    own = {name: value for name, value in kind(**fixed).arguments.items() if name in space}
    return own | {name: own[name] if own[name] in values else max(values) for name, values in options.items()}


def _pruner(kind: type[Classifier], tuning: TuningConfig) -> BasePruner:
    """A pruner that stops a network's trial when it is in the worse half of the trials that came as far.

    Other models' trials are not pruned: boosting under strong penalties is behind for long and ends ahead.
    """
    if not (tuning.prune and kind.is_network):
        return NopPruner()
    return MedianPruner(n_startup_trials=4, n_warmup_steps=1)


def _check_classes(split: Split, target: str) -> None:
    labels = split.train.label(target)
    classes = np.unique(labels)
    if len(classes) < 2:
        raise UserError(
            f"expected both classes of {target} in train",
            f"{len(labels):,} windows of class {', '.join(map(str, classes)) or 'none'}",
            "move the split's dates or shares, load more days, or leave the target's table out",
        )


def _none_succeeded(kind: type[Classifier], study: optuna.Study) -> UserError:
    """The error that gives the reason for the last trial's failure."""
    failed = study.get_trials(states=(TrialState.FAIL,))
    reasons = [trial.user_attrs["error"] for trial in failed if "error" in trial.user_attrs]
    why = f", the last: {reasons[-1]}" if reasons else ""
    return UserError(
        f"expected a trial of {kind.__name__} to succeed",
        f"{len(failed)} that failed{why}",
        "mend it, or fix arguments",
    )


def _data(folds: Sequence[Split], target: str) -> str:
    """A line that differs between searches on different data."""
    train = folds[-1].train
    parts = [
        f"{len(part):,} windows, {int(part.label(target).sum()):,} of 1"
        for split in folds
        for part in (split.train, split.val_a)
    ]
    lead = f"{train.lead_days} + " if train.lead_days else ""
    return f"{train.history_days} + {lead}{train.horizon_days} days; {'; '.join(parts)}; {train.features}"


def _table(study: optuna.Study) -> pd.DataFrame:
    rows = [
        {
            "trial": trial.number,
            "state": trial.state.name.lower(),
            "value": trial.value,
            **_losses(trial),
            **trial.params,
        }
        for trial in study.trials
    ]
    return pd.DataFrame(rows)


def _losses(trial: FrozenTrial) -> dict[str, float]:
    """A trial's log loss on each target, where it was judged by several."""
    found: dict[str, float] = trial.user_attrs.get(BY_TARGET, {})
    return {f"{_OWN}{target}": loss for target, loss in found.items()} if len(found) > 1 else {}


def trials_on(target: str, trials: pd.DataFrame) -> pd.DataFrame:
    """The trials of a search, each with its log loss on one target where it was judged by the mean over several.

    Example:
        >>> both = pd.DataFrame({"trial": [0], "value": [0.4], "log_loss_churn": [0.5], "log_loss_sticker": [0.3]})
        >>> trials_on("churn", both).to_dict("records")
        [{'trial': 0, 'value': 0.5}]
    """
    own = [name for name in trials if str(name).startswith(_OWN)]
    return trials.assign(value=trials.get(f"{_OWN}{target}", trials["value"])).drop(columns=own)


def _curves(study: optuna.Study) -> pd.DataFrame:
    rows = [(trial.number, *seen) for trial in study.trials for seen in sorted(trial.intermediate_values.items())]
    return pd.DataFrame(rows, columns=["trial", "step", "log_loss"])


def _importances(study: optuna.Study) -> pd.DataFrame:
    """The importance of each hyperparameter for being among the best trials (Watanabe, Bansal and Hutter, 2023)."""
    complete = study.get_trials(states=(TrialState.COMPLETE,))
    found: dict[str, float] = {}
    if len({trial.value for trial in complete}) >= _TRIALS_TO_WEIGH and len(complete[0].params) > 1:
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return pd.DataFrame(list(found.items()), columns=["parameter", "importance"])
