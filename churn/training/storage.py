"""Where trials are kept: in memory, or in a storage that a killed search continues from and several workers share."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count, islice
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning, StorageInternalError, UpdateFinishedTrialError
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler, TPESampler
from optuna.storages import BaseStorage, JournalStorage, RDBStorage, fail_stale_trials
from optuna.storages._heartbeat import BaseHeartbeat
from optuna.storages.journal import JournalFileBackend
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import URL
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from churn.data import without_password
from churn.errors import UserError

_JOURNAL = "journal:///"
_HEARTBEAT_SECONDS, _SILENT_SECONDS, _POLL_SECONDS = 5, 15, 0.5
_ENDED, _RUNNING = (TrialState.COMPLETE, TrialState.PRUNED), (TrialState.RUNNING,)
_PLACE, _ALIVE = "place", "alive"  # attributes of a trial
_ATTEMPTS = 5  # at opening a storage whose tables another worker is making
_STARTUP_TRIALS = 6  # drawn at random before TPE has something to go by


class SuperfluousTrialError(Exception):
    """Raised by a trial whose place other workers have filled meanwhile."""


class _SeededByPlace(BaseSampler):
    """TPE whose chance depends on the seed and the trial's place alone; the first place takes the defaults.

    A trial that was given up without a result, as its worker was killed, leaves its place to a later one. So a search
    that was killed goes on as it would have gone, and workers do not draw each other's trials.
    """

    def __init__(self, seed: int, *, defaults: dict[str, Any]) -> None:
        self._seed, self._defaults = seed, defaults
        self._begin(0)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Begin the stream of the trial's place."""
        place = _place(study, trial)
        study._storage.set_trial_user_attr(trial._trial_id, _PLACE, place)
        self._begin(place)

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
        """As TPE, but for the defaults."""
        if param_name in self._given:
            return self._given[param_name]
        return self._tpe.sample_independent(study, trial, param_name, param_distribution)

    def _begin(self, place: int) -> None:
        chance = int(np.random.SeedSequence([self._seed, place]).generate_state(1)[0])
        self._tpe = TPESampler(seed=chance, n_startup_trials=_STARTUP_TRIALS)
        self._given = {} if place else self._defaults


class _Journal(JournalStorage, BaseHeartbeat):
    """A journal whose workers show that they live, as those of a database do."""

    def record_heartbeat(self, trial_id: int) -> None:
        """Note the time."""
        with suppress(UpdateFinishedTrialError):  # another worker has given the trial up
            self.set_trial_system_attr(trial_id, _ALIVE, time.time())

    def _get_stale_trial_ids(self, study_id: int) -> list[int]:
        running = self.get_all_trials(study_id, deepcopy=False, states=_RUNNING)
        oldest = time.time() - _SILENT_SECONDS
        return [trial._trial_id for trial in running if _last_sign(trial) < oldest]

    def get_heartbeat_interval(self) -> int:
        """Seconds."""
        return _HEARTBEAT_SECONDS

    def get_heartbeat_stale_trial_callback(self) -> Callable[[Study, FrozenTrial], None] | None:
        """None: whoever asks for trials to make finds the place free."""
        return None


def open_study(
    storage: str | None,
    *,
    name: str,
    facts: dict[str, Any],
    seed: int,
    pruner: BasePruner,
    defaults: dict[str, Any] | None = None,
) -> optuna.Study:
    """A study, made or continued.

    Args:
        storage: SQLAlchemy's URL of a database, `journal:///FILE`, or None for memory.
        name: Of the study in its storage.
        facts: What its trials were searched on: the space, the data. A study is continued on the same alone.
        seed: Of the sampler.
        pruner: What gives hopeless trials up.
        defaults: Hyperparameters of the first trial; what is not among them is drawn.

    Raises:
        UserError: if the storage cannot be reached, or holds a study of this name on other facts.
    """
    with _reachable(storage):
        study = optuna.create_study(
            storage=_storage(storage),
            study_name=name,
            load_if_exists=True,
            sampler=_SeededByPlace(seed, defaults=defaults or {}),
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
    _settle(study)
    made = 0
    while made < wanted:
        ended, running = (len(study.get_trials(deepcopy=False, states=s)) for s in (_ENDED, _RUNNING))
        if ended >= wanted:
            return
        if ended + running < wanted:
            made += 1
            yield
        else:
            _wait(study)


def check_place(trial: optuna.Trial, wanted: int) -> None:
    """Give a trial up before it begins where two workers took the last place at once: the earlier number keeps it.

    Raises:
        SuperfluousTrialError: if so many earlier trials have ended or are being made.
    """
    before = trial.study.get_trials(deepcopy=False, states=_ENDED + _RUNNING)
    if sum(other.number < trial.number for other in before) >= wanted:
        raise SuperfluousTrialError


@contextmanager
def kept(storage: str | None) -> Iterator[None]:
    """Say in one line that a storage was lost in the middle of a search.

    Raises:
        UserError: if it was.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # Optuna, too, stumbles over what it cannot write, and its own error hides the cause
        causes = [one for one in _chain(error) if _of_storage(one, storage)]
        if storage is None or not causes:
            raise
        raise _lost(storage, causes[-1]) from error


def _place(study: Study, trial: FrozenTrial) -> int:
    """The first place that no other trial has, nor one that began earlier is about to take."""
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


def _settle(study: Study) -> None:
    """Wait until trials that somebody had begun have ended or could have shown a sign of life.

    Only then is it known which of them a killed search has left, so that these come first.
    """
    begun, until = _running(study), time.monotonic() + _SILENT_SECONDS + _HEARTBEAT_SECONDS
    while begun & _running(study) and time.monotonic() < until:
        _wait(study)


def _running(study: Study) -> set[int]:
    return {trial.number for trial in study.get_trials(deepcopy=False, states=_RUNNING)}


def _wait(study: Study) -> None:
    """Let others go on, and give the trials up whose worker has fallen silent."""
    time.sleep(_POLL_SECONDS)
    with catch_warnings():
        simplefilter("ignore", ExperimentalWarning)
        fail_stale_trials(study)


def _last_sign(trial: FrozenTrial) -> float:
    """When a trial's worker was last heard of, in seconds since 1970."""
    begun = trial.datetime_start.timestamp() if trial.datetime_start else 0.0
    return float(trial.system_attrs.get(_ALIVE, begun))


def _storage(url: str | None) -> BaseStorage | None:
    if url is None:
        return None
    if url.startswith(_JOURNAL):
        return _Journal(JournalFileBackend(str(Path(url.removeprefix(_JOURNAL)))))
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _database(url)
        except SQLAlchemyError as error:  # another worker may make the tables at this moment
            if attempt == _ATTEMPTS or not (isinstance(error, IntegrityError) or "already exists" in str(error)):
                raise
            time.sleep(_POLL_SECONDS)
    return None


def _database(url: str) -> RDBStorage:
    with catch_warnings():
        simplefilter("ignore", ExperimentalWarning)  # of the heartbeat, which tells a killed worker from a slow one
        return RDBStorage(url, heartbeat_interval=_HEARTBEAT_SECONDS, grace_period=_SILENT_SECONDS)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _of_storage(error: BaseException, storage: str | None) -> bool:
    """Whether an error is one of reading or writing the storage."""
    if isinstance(error, OSError) and storage is not None and storage.startswith(_JOURNAL):
        return str(error.filename).startswith(storage.removeprefix(_JOURNAL))
    return isinstance(error, SQLAlchemyError | StorageInternalError)


@contextmanager
def _reachable(storage: str | None) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, StorageInternalError, ImportError, OSError, ValueError) as error:
        if storage is None:
            raise
        raise _lost(storage, error) from error


def _lost(storage: str, error: BaseException) -> UserError:
    reason = without_password(" ".join(str(error).splitlines()[:1]).strip() or type(error).__name__)
    remedy = "check the URL, or give the same command again once it can be reached"
    return UserError(f"expected to reach tuning.storage {without_password(storage)}", reason, remedy)
