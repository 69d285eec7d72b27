"""Places: the order of trials, so that a killed search, or one of several workers, makes equal ones."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import count, islice
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.samplers import BaseSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from churn.training.workers import RUNNING, Watch

ENDED = (TrialState.COMPLETE, TrialState.PRUNED)
_PLACE = "place"  # an attribute of a trial
_STARTUP_TRIALS = 6  # trials drawn at random before TPE has enough results


class SuperfluousTrialError(Exception):
    """Raised by a trial whose place another worker has filled meanwhile."""


class SeededByPlace(BaseSampler):
    """TPE whose random draws depend on the seed and the trial's place alone; the first place takes the defaults.

    A trial that was given up without a result, as its worker was killed, leaves its place to a later one. So a killed
    search continues as if it had not been killed, and workers do not draw each other's trials.
    """

    def __init__(self, seed: int, *, defaults: dict[str, Any]) -> None:
        self._seed, self._defaults = seed, defaults
        self._begin(0)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Begin the random stream of the trial's place."""
        self._begin(_place(study, trial))

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """TPE's search space."""
        return self._tpe.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """TPE's values."""
        return self._tpe.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """The default where the first place has one, else TPE's value."""
        if param_name in self._given:
            return self._given[param_name]
        return self._tpe.sample_independent(study, trial, param_name, param_distribution)

    def _begin(self, place: int) -> None:
        self.place = place
        chance = int(np.random.SeedSequence([self._seed, place]).generate_state(1)[0])
        self._tpe = TPESampler(seed=chance, n_startup_trials=_STARTUP_TRIALS)
        self._given = {} if place else self._defaults


def trials_to_make(study: optuna.Study, wanted: int) -> Iterator[optuna.Trial]:
    """Yield new trials until the wanted number have ended, by this worker or by others.

    A trial under way at another worker counts as made; one whose worker has fallen silent is made again. Failed trials
    are not replaced without end: a worker makes at most the wanted number, and one for each that was given up.
    """
    watch = Watch(study)
    _settle(watch)
    made, before = 0, _n_given_up(study)
    while made < wanted + _n_given_up(study) - before:
        under_way = len(watch.look())
        ended = len(study.get_trials(deepcopy=False, states=ENDED))
        if ended >= wanted:
            return
        if ended + under_way >= wanted:
            watch.wait()
            continue
        made += 1
        with suppress(UpdateFinishedTrialError):  # another worker gave it up before it began, as this one was suspended
            yield _placed(study)


def check_place(trial: optuna.Trial, wanted: int) -> None:
    """Give up a trial before it begins if two workers took the last place at once: the earlier number keeps it.

    Raises:
        SuperfluousTrialError: if the wanted number of earlier trials have ended or are being made.
    """
    before = trial.study.get_trials(deepcopy=False, states=ENDED + RUNNING)
    if sum(other.number < trial.number for other in before) >= wanted:
        raise SuperfluousTrialError


def _placed(study: Study) -> optuna.Trial:
    """A new trial with its place as an attribute; its sampler has already drawn from this place."""
    trial = study.ask()
    if isinstance(study.sampler, SeededByPlace):
        trial.set_user_attr(_PLACE, study.sampler.place)
    return trial


def _place(study: Study, trial: FrozenTrial) -> int:
    """The first place that no other trial has, and no earlier trial is about to take."""
    others = [
        other
        for other in study.get_trials(deepcopy=False)
        if other.number != trial.number and other.state != TrialState.WAITING and not _given_up(other)
    ]
    taken = {other.user_attrs.get(_PLACE) for other in others}
    ahead = sum(other.number < trial.number and _PLACE not in other.user_attrs for other in others)
    return next(islice((place for place in count() if place not in taken), ahead, None))


def _given_up(trial: FrozenTrial) -> bool:
    """Whether a trial ended without a result or a reason, as when its worker was killed."""
    return trial.state == TrialState.FAIL and "error" not in trial.user_attrs


def _n_given_up(study: Study) -> int:
    return sum(map(_given_up, study.get_trials(deepcopy=False, states=(TrialState.FAIL,))))


def _settle(watch: Watch) -> None:
    """Wait until each trial under way has ended, shown a sign of life, or been given up.

    Only then are the trials of a killed search known, which come first.
    """
    begun = watch.look()
    while begun & watch.look():
        watch.wait()
