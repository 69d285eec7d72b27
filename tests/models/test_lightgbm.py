import os

import pytest

import churn.models.lightgbm
from churn.data import example_split
from churn.models import LightGBM


def curve(learning_rate: float) -> dict[int, float]:
    told: list[tuple[int, float]] = []
    model = LightGBM(learning_rate=learning_rate, max_trees=int(4 / learning_rate), patience=1000)
    model.fit(example_split(), target="churn", report=lambda step, loss: told.append((step, loss)))
    assert [step for step, _ in told] == list(range(8))
    return dict(told)


def test_slow_and_fast_learners_report_as_far_as_they_came_not_by_trees() -> None:
    slow, fast = curve(0.02), curve(0.1)
    assert abs(slow[2] - fast[2]) < 0.004
    assert slow[0] - slow[2] > 0.04  # ten times as much lies between the first trees and these


def test_the_steps_kept_are_those_of_the_best_log_loss() -> None:
    model = LightGBM(max_trees=200, patience=10).fit(example_split(), target="churn")
    assert 0 < model.steps < 200


@pytest.mark.parametrize(("asked", "threads"), [("1", 1), ("3", 3), ("2,1", 2), ("0", 8), ("many", 8), (None, 8)])
def test_no_more_threads_are_taken_than_openmp_may_take(asked, threads, monkeypatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(8), raising=False)
    monkeypatch.setattr(churn.models.lightgbm, "_WINDOWS_PER_THREAD", 1)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if asked is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
    model = LightGBM(max_trees=1)
    model.fit(example_split(), target="churn").refit(example_split().train, target="churn")
    assert model.booster.params["num_threads"] == threads
