"""Trials in a storage: a killed search goes on, workers share it, and what does not fit is refused."""

import signal
import subprocess
import sys
import time

import optuna
import pytest

from churn.data import example_split
from churn.errors import UserError
from churn.models import LightGBM
from churn.training import TuningConfig, search

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
search(Slow, example_split(), target="churn", tuning=TuningConfig(6, sys.argv[1]), fixed={"max_trees": 15})
"""


@pytest.fixture(params=["sqlite:///", "journal:///"])
def storage(request, tmp_path):
    return f"{request.param}{tmp_path}/trials.db"


def worker(storage, seconds):
    return subprocess.Popen([sys.executable, "-c", WORKER, storage, str(seconds)], stderr=subprocess.PIPE, text=True)


def searched(storage, trials=6, **options):
    return search(LightGBM, example_split(), target="churn", tuning=TuningConfig(trials, storage), **options)


def drawn(trials):
    """The hyperparameters of each trial, whole: one of them alone may come twice by chance."""
    return trials.drop(columns=["trial", "state", "value"])


def ended(trials):
    return trials[trials.state.isin(["complete", "pruned"])]


def test_a_search_that_is_done_makes_no_further_trial_and_gives_its_best_model_again(storage):
    model, first = searched(storage, 3, fixed=LITTLE)
    again, second = searched(storage, 3, fixed=LITTLE)
    assert second.equals(first)
    val = example_split().val_a
    assert (again.predict_proba(val) == model.predict_proba(val)).all()


def test_a_search_may_be_made_longer(storage):
    _, first = searched(storage, 2, fixed=LITTLE)
    _, longer = searched(storage, 4, fixed=LITTLE)
    assert longer.head(2)[first.columns].equals(first)
    assert len(ended(longer)) == 4
    assert not drawn(longer).duplicated().any()


def test_a_killed_search_continues_and_ends_with_exactly_the_trials_asked_for(tmp_path):
    storage = f"sqlite:///{tmp_path}/trials.db"
    process = worker(storage, 1)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and _n_ended(storage) < 2:
        time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    before = _n_ended(storage)
    assert 2 <= before < 6
    _, trials = searched(storage, fixed=LITTLE)
    assert len(ended(trials)) == 6
    assert set(trials.state) <= {"complete", "pruned", "fail"}


def test_two_workers_share_one_search(tmp_path):
    storage = f"sqlite:///{tmp_path}/trials.db"
    searched(storage, 1, fixed=LITTLE)  # makes the tables
    workers = [worker(storage, 0.5) for _ in range(2)]
    assert [process.wait(timeout=120) for process in workers] == [0, 0], [p.stderr.read() for p in workers]
    for process in workers:
        process.stderr.close()
    _, trials = searched(storage, fixed=LITTLE)
    assert 6 <= len(ended(trials)) <= 7  # both may begin the last one at once
    assert not drawn(trials).duplicated().any()


def _n_ended(storage):
    try:
        study = optuna.load_study(study_name="LightGBM-churn", storage=storage)
    except (KeyError, RuntimeError, optuna.exceptions.OptunaError):
        return 0
    return len([trial for trial in study.trials if trial.state.is_finished()])


def test_a_study_of_another_space_or_other_data_is_refused(storage):
    searched(storage, 1, fixed=LITTLE)
    with pytest.raises(UserError, match="of the same fixed"):
        searched(storage, 1, fixed={"max_trees": 16})
    other = example_split()
    other = type(other)(other.train.take(other.train.user > 3), other.val, other.test, other.score)
    with pytest.raises(UserError, match="of the same data"):
        search(LightGBM, other, target="churn", tuning=TuningConfig(1, storage), fixed=LITTLE)


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

    with pytest.raises((UserError, ValueError)):
        search(Broken, example_split(), target="churn", tuning=TuningConfig(2), fixed=LITTLE)
