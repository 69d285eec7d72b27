"""Storage of trials: in memory, or where a killed search can continue and several workers can share it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import finalize

import optuna
from optuna.exceptions import StorageInternalError
from optuna.pruners import BasePruner
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from churn.data import without_password
from churn.disk import causes, writing
from churn.errors import UserError
from churn.training.places import SeededByPlace
from churn.training.workers import POLL_SECONDS

_JOURNAL = "journal:///"
_LOCKED_SECONDS = 10  # after which a journal's lock, held for one line, is taken from a killed worker
_ATTEMPTS = 4  # to open a storage whose tables another worker is making


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
        name: The name of the study in its storage.
        facts: The space and the data of the search. A study is continued only on equal facts.
        seed: The seed of the sampler.
        pruner: The pruner, which gives up hopeless trials.
        defaults: Hyperparameters of the first trial; the others are drawn.

    Raises:
        UserError: if the storage cannot be reached, or holds a study of this name on other facts.
    """
    with _reachable(storage):
        study = optuna.create_study(
            storage=_storage(storage),
            study_name=name,
            load_if_exists=True,
            sampler=SeededByPlace(seed, defaults=defaults or {}),
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
    """The URL of an SQLite file, with any characters in its path.

    Example:
        >>> sqlite(Path("runs/what? that!/trials.db"))
        'sqlite:///runs/what%3F that%21/trials.db'
    """
    return URL.create("sqlite", database=str(path)).render_as_string()


@contextmanager
def kept(storage: str | None) -> Iterator[None]:
    """Turn errors of a storage that was lost during a search into one line.

    Raises:
        UserError: if the storage was lost.
    """
    try:
        with writing(*_files(storage)):
            yield
    except (SQLAlchemyError, StorageInternalError, OSError, UnboundLocalError) as error:
        # UnboundLocalError: Optuna fails after a write that failed, and its own error hides the cause
        lost = _of_storage(error, storage)
        if storage is None or not lost:
            raise
        raise _lost(storage, lost[-1]) from error


def _storage(url: str | None) -> BaseStorage | None:
    if url is None:
        return None
    if url.startswith(_JOURNAL):
        return _journal(Path(url.removeprefix(_JOURNAL)))
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _database(url)
        except DatabaseError:  # another worker may make the tables at this moment
            if attempt == _ATTEMPTS:
                raise
            time.sleep(POLL_SECONDS)
    return None


def _journal(path: Path) -> JournalStorage:
    """Open a journal without a last line cut by a killed worker or a full disk: the next line would join it."""
    lock = JournalFileOpenLock(str(path), _LOCKED_SECONDS)
    backend = JournalFileBackend(str(path), lock)
    lock.acquire()
    try:
        with path.open("rb+") as file:
            file.truncate(file.read().rfind(b"\n") + 1)
    finally:
        lock.release()
    return JournalStorage(backend)


def _database(url: str) -> RDBStorage:
    storage = RDBStorage(url)
    finalize(storage, storage.engine.dispose)  # otherwise every search would leave its connections open
    return storage


def _files(storage: str | None) -> list[Path]:
    """The file of a storage that is a file; else no path."""
    if storage is None:
        return []
    if storage.startswith(_JOURNAL):
        return [Path(storage.removeprefix(_JOURNAL))]
    url = make_url(storage)
    return [Path(url.database)] if url.get_backend_name() == "sqlite" and url.database else []


def _of_storage(error: BaseException, storage: str | None) -> list[BaseException]:
    """The error and its causes that came from reading or writing the storage; the last one is the clearest."""

    def is_one(cause: BaseException) -> bool:
        if isinstance(cause, OSError) and storage is not None and storage.startswith(_JOURNAL):
            return str(cause.filename).startswith(storage.removeprefix(_JOURNAL))
        return isinstance(cause, SQLAlchemyError | StorageInternalError)

    return [cause for cause in causes(error) if is_one(cause)]


@contextmanager
def _reachable(storage: str | None) -> Iterator[None]:
    try:
        with writing(*_files(storage)):
            yield
    except (SQLAlchemyError, StorageInternalError, ImportError, OSError, ValueError) as error:
        if storage is None:
            raise
        raise _lost(storage, [error, *_of_storage(error, storage)][-1]) from error


def _lost(storage: str, error: BaseException) -> UserError:
    reason = without_password(" ".join(str(error).splitlines()[:1]).strip() or type(error).__name__)
    remedy = "check the URL, or give the same command again once it can be reached"
    return UserError(f"expected to reach tuning.storage {without_password(storage)}", reason, remedy)
