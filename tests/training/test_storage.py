"""Trials in a storage: a killed search continues, workers share it, and other studies are refused."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import optuna
import psycopg
import pytest
from optuna.pruners import NopPruner
from optuna.trial import TrialState

from churn.data import example_split
from churn.errors import UserError
from churn.models import LightGBM
from churn.training import TuningConfig, search
from churn.training.places import SeededByPlace, SuperfluousTrialError, check_place
from churn.training.storage import _storage, open_study, sqlite
from churn.training.workers import alive, give_up_all

pytestmark = pytest.mark.slow

LITTLE = {"max_trees": 15}
WORKER = """
import sys, time
from churn.data import example_split
from churn.models import LightGBM
from churn.training import TuningConfig, search

class Slow(LightGBM):
    def fit(self, *args, **kwargs):
        time.sleep(float(sys.argv[2]))
        return super().fit(*args, **kwargs)

Slow.__name__ = "LightGBM"
search(Slow, [example_split()], target="churn", tuning=TuningConfig(6, sys.argv[1]), fixed={"max_trees": 15})
"""


@pytest.fixture(params=["sqlite:///", "journal:///"])
def storage(request, tmp_path):
    return f"{request.param}{tmp_path}/trials.db"


@pytest.fixture(params=["sqlite:///", "journal:///", "postgresql"])
def any_storage(request, tmp_path):
    if request.param != "postgresql":
        return f"{request.param}{tmp_path}/trials.db"
    server, name = request.getfixturevalue("postgres_url"), f"trials_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("postgresql://", "postgresql+psycopg://").replace("/postgres", f"/{name}")


@pytest.fixture
def impatient(monkeypatch):
    """Silence is noticed soon."""
    monkeypatch.setattr("churn.training.workers.HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr("churn.training.workers.SILENT_SECONDS", 1)


def worker(storage, seconds):
    return subprocess.Popen([sys.executable, "-c", WORKER, storage, str(seconds)], stderr=subprocess.PIPE, text=True)


def searched(storage, trials=6, **options):
    return search(LightGBM, [example_split()], target="churn", tuning=TuningConfig(trials, storage), **options)


def drawn(trials):
    """The hyperparameters of each trial, whole: one of them alone may come twice by chance."""
    return trials.drop(columns=["trial", "state", "value"])


def ended(trials):
    return trials[trials.state.isin(["complete", "pruned"])]


def results(trials):
    """What the trials that ended drew and gave, in their order."""
    return ended(trials).drop(columns="trial").reset_index(drop=True).convert_dtypes()


def test_a_search_that_is_done_makes_no_further_trial_and_gives_its_best_model_again(storage):
    first, again = (searched(storage, 3, fixed=LITTLE) for _ in range(2))
    assert again.trials.equals(first.trials)
    val = example_split().val_a
    assert (again.model.predict_proba(val) == first.model.predict_proba(val)).all()


def test_a_search_may_be_made_longer(storage):
    first = searched(storage, 2, fixed=LITTLE).trials
    longer = searched(storage, 4, fixed=LITTLE).trials
    assert longer.head(2)[first.columns].equals(first)
    assert len(ended(longer)) == 4
    assert not drawn(longer).duplicated().any()


@pytest.mark.parametrize("fits_before", [0, 1, 3])
def test_a_trial_that_a_signal_stopped_is_made_again_at_once_with_the_same_hyperparameters(
    storage, monkeypatch, fits_before, capsys
):
    whole = searched(None, 4, fixed=LITTLE).trials
    fits = []

    def killed(self, *arguments, **options):
        fits.append(1)
        if len(fits) > fits_before:
            raise SystemExit
        return original(self, *arguments, **options)

    original = LightGBM.fit
    monkeypatch.setattr(LightGBM, "fit", killed)
    with pytest.raises(SystemExit):
        searched(storage, 4, fixed=LITTLE)
    monkeypatch.undo()
    parts = searched(storage, 4, fixed=LITTLE).trials
    assert capsys.readouterr().err == ""  # nobody had to wait
    assert (parts.state == "fail").sum() == 1
    assert results(parts).equals(results(whole))


@pytest.mark.parametrize("sampler", [None, SeededByPlace(0, defaults={})], ids=["without a place", "with a place"])
def test_a_trial_whose_worker_was_killed_before_its_first_sign_of_life_is_made_again(
    any_storage, sampler, impatient, capsys
):
    searched(any_storage, 1, fixed=LITTLE)
    optuna.load_study(study_name="LightGBM-churn", storage=_storage(any_storage), sampler=sampler).ask()
    trials = searched(any_storage, 3, fixed=LITTLE).trials
    assert trials.state.tolist() == ["complete", "fail", "complete", "complete"]
    assert results(trials).equals(results(searched(None, 3, fixed=LITTLE).trials))
    (line,) = capsys.readouterr().err.splitlines()
    assert "waiting until other workers end 1 trial of LightGBM-churn" in line


def test_a_journal_whose_last_line_was_cut_goes_on_without_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    searched("journal:///trials.log", 1, fixed=LITTLE)
    with Path("trials.log").open("a") as journal:
        journal.write('{"op_code":4,"worker_id":"a')  # as a full disk leaves it
    assert searched("journal:///trials.log", 2, fixed=LITTLE).trials.state.tolist() == ["complete"] * 2
    assert searched("journal:///trials.log", 2, fixed=LITTLE).trials.state.tolist() == ["complete"] * 2


def test_a_journal_that_a_worker_locked_as_it_was_killed_is_soon_free_again(tmp_path, monkeypatch):
    """The lock stays as it is left by whoever is killed before it is taken away; the path is relative."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("churn.training.storage._LOCKED_SECONDS", 3)
    Path("logs").mkdir()

    def refused(*_):
        raise OSError

    with monkeypatch.context() as killed, pytest.raises(RuntimeError):
        killed.setattr(os, "rename", refused)
        searched("journal:///logs/trials.log", 1, fixed=LITTLE)
    assert [path.name for path in Path("logs").glob("*.lock")] == ["trials.log.lock"]
    assert searched("journal:///logs/trials.log", 1, fixed=LITTLE).trials.state.tolist() == ["complete"]


@pytest.mark.parametrize(("alone", "waits"), [(True, 0), (False, 1)])
def test_a_worker_alone_waits_for_no_trial(tmp_path, impatient, capsys, alone, waits):
    storage = sqlite(tmp_path / "trials.db")
    folder = tmp_path / "trials" / "churn" / "LightGBM"  # as in a run whose storage is named, and so may be shared
    searched(storage, 1, fixed=LITTLE, folder=folder)
    optuna.load_study(study_name="LightGBM-churn", storage=storage).ask()
    trials = searched(storage, 2, fixed=LITTLE, folder=folder, alone=alone).trials
    assert trials.state.tolist() == ["complete", "fail", "complete"]
    assert capsys.readouterr().err.count("waiting") == waits


def test_a_storage_that_holds_a_sign_of_life_holds_up_no_trial(monkeypatch):
    monkeypatch.setattr("churn.training.workers.HEARTBEAT_SECONDS", 0.1)
    back, begun = threading.Event(), threading.Event()

    class Held(optuna.trial.FixedTrial):
        def set_user_attr(self, key, value):
            begun.set()
            back.wait(10)

    start = time.monotonic()
    with alive(Held({})):
        begun.wait()
    back.set()
    assert time.monotonic() - start < 5


def test_a_long_trial_of_a_worker_that_lives_is_waited_for(storage, impatient):
    class Slow(LightGBM):
        def fit(self, *arguments, **options):
            time.sleep(3)  # longer than silence is borne
            return super().fit(*arguments, **options)

    Slow.__name__ = "LightGBM"
    with ThreadPoolExecutor(1) as other:
        slow = other.submit(
            search, Slow, [example_split()], target="churn", tuning=TuningConfig(1, storage), fixed=LITTLE
        )
        while not _trials(storage):
            time.sleep(0.1)
        assert searched(storage, 1, fixed=LITTLE).trials.state.tolist() == ["complete"]
        slow.result()


def test_a_killed_search_continues_and_ends_with_exactly_the_trials_asked_for(storage, impatient):
    process = worker(storage, 1)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and _n_ended(storage) < 2:
        time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    before = _n_ended(storage)
    assert 2 <= before < 6
    trials = searched(storage, fixed=LITTLE).trials
    assert set(trials.state) <= {"complete", "pruned", "fail"}
    assert results(trials).equals(results(searched(None, fixed=LITTLE).trials))


def test_a_search_goes_on_as_if_it_had_not_been_interrupted(storage):
    whole = searched(None, 5, fixed=LITTLE).trials
    for trials in (2, 3, 5):
        parts = searched(storage, trials, fixed=LITTLE).trials
    assert parts.equals(whole)


@pytest.mark.parametrize(
    ("owner", "name"), [(SeededByPlace, "before_trial"), (LightGBM, "fit"), (LightGBM, "predict_proba")]
)
def test_a_worker_whose_trial_others_gave_up_meanwhile_goes_on_with_the_next(storage, monkeypatch, owner, name):
    """As when it was suspended: as the trial is made, before the first report, or after the last."""
    original, calls = getattr(owner, name), []

    def suspended(self, *arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            others = optuna.load_study(study_name="LightGBM-churn", storage=_storage(storage))
            give_up_all(others)
        return original(self, *arguments, **options)

    monkeypatch.setattr(owner, name, suspended)
    trials = searched(storage, 4, fixed=LITTLE).trials
    monkeypatch.undo()
    assert (trials.state == "fail").sum() == 1
    assert results(trials).equals(results(searched(None, 4, fixed=LITTLE).trials))


def test_of_two_workers_that_take_the_last_place_the_later_gives_way():
    study = open_study(None, name="s", facts={}, seed=0, pruner=NopPruner())
    first, second, third = (study.ask() for _ in range(3))
    check_place(first, 2)
    check_place(second, 2)
    with pytest.raises(SuperfluousTrialError):
        check_place(third, 2)
    study.tell(first, state=TrialState.FAIL)
    check_place(third, 2)


def test_the_best_model_of_an_earlier_session_is_read_not_fitted_again(storage, tmp_path):
    first = searched(storage, 3, fixed=LITTLE, folder=tmp_path / "trials")
    (kept,) = (tmp_path / "trials").glob("*/model")
    shutil.rmtree(kept)
    LightGBM(max_trees=2).fit(example_split(), target="churn").save(kept)
    again = searched(storage, 3, fixed=LITTLE, folder=tmp_path / "trials")
    val = example_split().val_a
    assert (again.model.predict_proba(val) != first.model.predict_proba(val)).any()


def test_the_best_model_of_a_class_of_ones_own_is_read_again(storage, tmp_path):
    class Own(LightGBM):
        pass

    first, again = (
        search(
            Own,
            [example_split()],
            target="churn",
            tuning=TuningConfig(3, storage),
            fixed=LITTLE,
            folder=tmp_path / "trials",
        )
        for _ in range(2)
    )
    assert again.model is not first.model
    assert type(again.model) is Own


def test_the_best_model_stays_in_its_folder_when_a_longer_search_finds_none_better(storage, tmp_path):
    kept = []
    for trials in (2, 4):
        found = searched(storage, trials, fixed=LITTLE, folder=tmp_path / "trials")
        kept += [path.parent.name for path in (tmp_path / "trials").glob("*/model")]
        assert kept[-1] == f"{found.trials.value.idxmin():04d}"
    assert len(kept) == 2


def test_a_storage_that_is_lost_in_the_middle_is_said_in_one_line(storage):
    class Losing(LightGBM):
        def fit(self, *arguments, **options):
            Path(storage.partition("///")[2]).write_text("")
            Path(storage.partition("///")[2]).unlink()
            return super().fit(*arguments, **options)

    with pytest.raises(UserError, match=r"expected to reach tuning\.storage") as caught:
        search(Losing, [example_split()], target="churn", tuning=TuningConfig(2, storage), fixed=LITTLE)
    assert "\n" not in str(caught.value)


def test_several_workers_may_open_a_new_database_at_once(tmp_path):
    storage, gate = f"sqlite:///{tmp_path}/trials.db", threading.Barrier(4)

    def opened(_):
        gate.wait()
        return open_study(storage, name="s", facts={}, seed=0, pruner=NopPruner()).study_name

    with ThreadPoolExecutor(4) as workers:
        assert list(workers.map(opened, range(4))) == ["s"] * 4


def test_two_workers_share_one_search(storage):
    workers = [worker(storage, 0.5) for _ in range(2)]
    assert [process.wait(timeout=120) for process in workers] == [0, 0], [p.stderr.read() for p in workers]
    for process in workers:
        process.stderr.close()
    trials = searched(storage, fixed=LITTLE).trials
    assert len(ended(trials)) == 6
    assert not drawn(trials).duplicated().any()


def _trials(storage):
    try:
        return optuna.load_study(study_name="LightGBM-churn", storage=_storage(storage)).trials
    except (KeyError, RuntimeError, optuna.exceptions.OptunaError):
        return []


def _n_ended(storage):
    return sum(trial.state.is_finished() for trial in _trials(storage))


def test_a_study_of_another_space_or_other_data_is_refused(storage):
    searched(storage, 1, fixed=LITTLE)
    with pytest.raises(UserError, match="of the same fixed"):
        searched(storage, 1, fixed={"max_trees": 16})
    other = example_split()
    other = type(other)(other.train.take(other.train.user > 3), other.val, other.test, other.score)
    with pytest.raises(UserError, match="of the same data"):
        search(LightGBM, [other], target="churn", tuning=TuningConfig(1, storage), fixed=LITTLE)


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/at/all/trials.db", "shelf://ada:s3cret@x/y", "journal:////nowhere/x/t.log"]
)
def test_a_storage_that_cannot_be_reached_is_said_in_one_line(url):
    with pytest.raises(UserError, match=r"expected to reach tuning\.storage") as caught:
        searched(url, 1, fixed=LITTLE)
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_trials_that_all_fail_end_the_search():
    class Broken(LightGBM):
        def predict_proba(self, windows):
            return super().predict_proba(windows) * float("nan")

    with pytest.raises(UserError, match=r"got 2 that failed, the last: .* not numbers"):
        search(Broken, [example_split()], target="churn", tuning=TuningConfig(2), fixed=LITTLE)
