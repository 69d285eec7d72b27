"""Where trials are kept: in memory, or in a storage that a killed search continues from and several workers share."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
import optuna
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage, fail_stale_trials
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from sqlalchemy.exc import SQLAlchemyError

from churn.data import without_password
from churn.errors import UserError

_JOURNAL = "journal:///"
_HEARTBEAT_SECONDS, _SILENT_SECONDS, _POLL_SECONDS = 5, 15, 0.5
_ENDED = (TrialState.COMPLETE, TrialState.PRUNED)


def open_study(storage: str | None, *, name: str, facts: dict[str, Any], seed: int) -> optuna.Study:
    """A study, made or continued.

    Args:
        storage: SQLAlchemy's URL of a database, `journal:///FILE`, or None for memory.
        name: Of the study in its storage.
        facts: What its trials were searched on: the space, the data. A study is continued on the same alone.
        seed: Of the sampler; in a storage each worker draws on from there in its own way.

    Raises:
        UserError: if the storage cannot be reached, or holds a study of this name on other facts.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with _reachable(storage):
        study = optuna.create_study(
            storage=_storage(storage),
            study_name=name,
            load_if_exists=True,
            sampler=optuna.samplers.TPESampler(seed=_sampler_seed(storage, seed), n_startup_trials=5),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=1),
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


def _storage(url: str | None) -> BaseStorage | None:
    if url is None:
        return None
    if url.startswith(_JOURNAL):
        return JournalStorage(JournalFileBackend(str(Path(url.removeprefix(_JOURNAL)))))
    with catch_warnings():
        simplefilter("ignore", ExperimentalWarning)  # of the heartbeat, which tells a killed worker from a slow one
        return RDBStorage(url, heartbeat_interval=_HEARTBEAT_SECONDS, grace_period=_SILENT_SECONDS)


def _sampler_seed(storage: str | None, seed: int) -> int:
    """A worker that joined or came back with the seed of another would draw the other's trials again."""
    if storage is None:
        return seed
    return int(np.random.SeedSequence([seed, os.getpid(), time.time_ns()]).generate_state(1)[0])


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
