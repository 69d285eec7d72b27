from dataclasses import replace

import numpy as np
import pytest

from churn.data import example_dataset, example_frames
from churn.evaluation import Contestant, Verdict, VerdictConfig, reach_verdicts
from churn.evaluation.verdicts import COLUMNS, QUESTIONS
from churn.models import LightGBM, Logistic, Majority

pytestmark = pytest.mark.slow

CHEAP = VerdictConfig(windows=600, repetitions=20)
TRIED = ("order", "split", "history", "horizon")  # questions that have an answer on the example
QUICK = [Contestant(LightGBM, {"max_trees": 10}), Contestant(Logistic, {})]


def test_the_questions_asked_by_default_cost_few_fits():
    assert VerdictConfig().ask == ["order", "split", "modalities"]  # the last only where there are texts or pictures


def test_questions_are_answered_for_every_target_and_model(prepared):
    dataset, asked = prepared(example_frames(250, n_days=150)), replace(CHEAP, ask=[*TRIED, "collinear"])
    found = list(reach_verdicts(dataset, {"churn": QUICK, "sticker": QUICK}, asked))
    assert [(verdict.name, verdict.target) for verdict in found] == [
        (name, target) for name in (*TRIED, "collinear") for target in ("churn", "sticker")
    ]
    assert all(verdict.sentence.startswith("No column is collinear") for verdict in found[-2:])
    for verdict in found[:-2]:
        assert isinstance(verdict, Verdict)
        assert tuple(verdict.table.columns) == COLUMNS
        assert verdict.question == QUESTIONS[verdict.name]
        assert verdict.sentence.endswith(".")
        assert "not calibrated" in verdict.note
        assert len(verdict.table.drop_duplicates(["model", "variant"])) == len(verdict.table)
        assert set(verdict.table.model) == {"LightGBM", "Logistic"}
        assert verdict.table.groupby("model").reference.sum().tolist() == [1, 1]


def test_a_question_that_does_not_arise_is_not_asked():
    config = VerdictConfig(ask=["modalities"], windows=300, repetitions=20)
    assert list(reach_verdicts(example_dataset(), {"churn": QUICK[:1]}, config)) == []


def test_same_seed_gives_the_same_answers_and_another_seed_others():
    config = VerdictConfig(ask=["order", "history"], windows=300, repetitions=20)

    def answers(seed):
        found = reach_verdicts(example_dataset(), {"churn": QUICK[:1]}, config, seed=seed)
        return [(verdict.sentence, verdict.table.log_loss.tolist()) for verdict in found]

    assert answers(0) == answers(0)
    assert answers(0) != answers(1)


def test_question_that_the_data_do_not_permit_says_why(dataset_of):
    dataset = dataset_of(np.random.default_rng(0).poisson(0.15, (80, 60)), windows={"history_days": 1})
    config = VerdictConfig(ask=["order", "history"], histories=[50], repetitions=20)
    order, history = reach_verdicts(dataset, {"churn": QUICK[:1]}, config)
    assert order.sentence.startswith("Cannot be told here: expected a history of several days, got 1")
    assert history.sentence.startswith("Cannot be told here: expected several lengths of history")
    assert order.question == QUESTIONS["order"]
    assert len(order.table) == 0
    assert tuple(order.table.columns) == COLUMNS


def test_two_models_of_one_class_are_refused():
    twice = {"churn": [Contestant(Majority, {}), Contestant(Majority, {})]}
    with pytest.raises(ValueError, match="different classes for churn"):
        list(reach_verdicts(example_dataset(), twice, CHEAP))
    with pytest.raises(ValueError, match="different classes for churn"):
        list(reach_verdicts(example_dataset(), {"churn": []}, CHEAP))


def test_unknown_question_is_refused(refused):
    with refused("verdicts.ask", "'ordre'", "correct"):
        VerdictConfig(ask=["order", "ordre"])
    assert VerdictConfig(ask=list(QUESTIONS)).ask == list(QUESTIONS)


@pytest.mark.parametrize(
    ("key", "value"), [("windows", 99), ("seeds", 0), ("repetitions", 0), ("histories", [0]), ("horizons", [3, 0])]
)
def test_number_that_is_too_small_is_refused(refused, key, value):
    with refused(f"verdicts.{key}", str(min(value) if isinstance(value, list) else value), "correct it"):
        VerdictConfig(**{key: value})


def test_too_few_users_to_draw_an_interval_over_are_told(dataset_of):
    dataset = dataset_of(np.random.default_rng(0).poisson(0.15, (8, 400)))
    for verdict in reach_verdicts(dataset, {"churn": QUICK[:1]}, VerdictConfig(repetitions=20)):
        assert verdict.sentence.startswith("Cannot be told here: expected at least 10 users in the test part, got ")
