"""Where trials are kept: in memory, or in a storage that a killed search continues from and several workers share."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler, TPESampler
from optuna.storages import BaseStorage, JournalStorage, RDBStorage, fail_stale_trials
from optuna.storages.journal import JournalFileBackend
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from churn.data import without_password
from churn.errors import UserError

_JOURNAL = "journal:///"
_HEARTBEAT_SECONDS, _SILENT_SECONDS, _POLL_SECONDS = 5, 15, 0.5
_ENDED = (TrialState.COMPLETE, TrialState.PRUNED)
_STARTUP_TRIALS = 6  # drawn at random before TPE has something to go by


class SuperfluousTrialError(Exception):
    """Raised by a trial whose place other workers have filled meanwhile."""


class _SeededByTrial(BaseSampler):
    """TPE whose chance depends on the seed and the trial's number alone.

    So a search that was killed goes on as it would have gone, and workers do not draw each other's trials.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._tpe = self._sampler(0)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Begin the trial's own stream."""
        self._tpe = self._sampler(trial.number)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """As TPE."""
        return self._tpe.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As TPE."""
        return self._tpe.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """As TPE."""
        return self._tpe.sample_independent(study, trial, param_name, param_distribution)

    def _sampler(self, number: int) -> TPESampler:
        seed = int(np.random.SeedSequence([self._seed, number]).generate_state(1)[0])
        return TPESampler(seed=seed, n_startup_trials=_STARTUP_TRIALS)


def open_study(storage: str | None, *, name: str, facts: dict[str, Any], seed: int, pruner: BasePruner) -> optuna.Study:
    """A study, made or continued.

    Args:
        storage: SQLAlchemy's URL of a database, `journal:///FILE`, or None for memory.
        name: Of the study in its storage.
        facts: What its trials were searched on: the space, the data. A study is continued on the same alone.
        seed: Of the sampler.
        pruner: What gives hopeless trials up.

    Raises:
        UserError: if the storage cannot be reached, or holds a study of this name on other facts.
    """
    with _reachable(storage):
        study = optuna.create_study(
            storage=_storage(storage),
            study_name=name,
            load_if_exists=True,
            sampler=_SeededByTrial(seed),
            pruner=pruner,
        )
        held = study.user_attrs.get("facts")
        if held is None:
            study.set_user_attr("facts", facts)
        elif held != facts:
            differing = ", ".join(key for key in facts if held.get(key) != facts[key])
            raise UserError(
                f"expected the study {name} in tuning.storage to be of the same {differing}",
                "another",
                "choose another storage or delete the study",
            )
    return study


def sqlite(path: Path) -> str:
    """The URL of an SQLite file, whatever its path is called.

    Example:
        >>> sqlite(Path("runs/what? that!/trials.db"))
        'sqlite:///runs/what%3F that%21/trials.db'
    """
    return URL.create("sqlite", database=str(path)).render_as_string()


def trials_to_make(study: optuna.Study, wanted: int) -> Iterator[None]:
    """Yield as often as there is a trial to make, until so many have ended, by this worker or by others.

    A trial that another worker is at counts as made; one whose worker has fallen silent is made again. Trials that
    fail are not made up for without end: a worker makes no more than were wanted.
    """
    made = 0
    while made < wanted:
        ended, running = (len(study.get_trials(deepcopy=False, states=s)) for s in (_ENDED, (TrialState.RUNNING,)))
        if ended >= wanted:
            return
        if ended + running < wanted:
            made += 1
            yield
        else:
            time.sleep(_POLL_SECONDS)
            with catch_warnings():
                simplefilter("ignore", ExperimentalWarning)
                fail_stale_trials(study)


def check_place(trial: optuna.Trial, wanted: int) -> None:
    """Give a trial up before it begins where two workers took the last place at once: the earlier number keeps it.

    Raises:
        SuperfluousTrialError: if so many earlier trials have ended or are being made.
    """
    before = trial.study.get_trials(deepcopy=False, states=(*_ENDED, TrialState.RUNNING))
    if sum(other.number < trial.number for other in before) >= wanted:
        raise SuperfluousTrialError


def _storage(url: str | None) -> BaseStorage | None:
    if url is None:
        return None
    if url.startswith(_JOURNAL):
        return JournalStorage(JournalFileBackend(str(Path(url.removeprefix(_JOURNAL)))))
    with catch_warnings():
        simplefilter("ignore", ExperimentalWarning)  # of the heartbeat, which tells a killed worker from a slow one
        return RDBStorage(url, heartbeat_interval=_HEARTBEAT_SECONDS, grace_period=_SILENT_SECONDS)


@contextmanager
def _reachable(storage: str | None) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, StorageInternalError, ImportError, OSError, ValueError) as error:
        if storage is None:
            raise
        reason = without_password(str(error).strip().splitlines()[0])
        raise UserError(
            f"expected to reach tuning.storage {without_password(storage)}", reason, "check the URL"
        ) from error
