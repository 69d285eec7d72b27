"""The warnings, from artefacts made by hand."""

import pandas as pd
import pytest

from churn.artefacts import declared, write_json, write_table
from churn.evaluation import KINDS
from churn.review import list_warnings, warnings


@pytest.fixture
def reviewed(tmp_path):
    """The warnings of a sound run with some of its facts changed."""

    def review(
        *,
        ece=0.01,
        r2=0.95,
        scored=10,
        data=(),
        floor=0.9,
        calibrators=KINDS,
        targets=("churn",),
        forecast=0.3,
        rule="quantile",
        listed=3,
        behind=-0.01,
        users=40,
    ):
        measured = {"value": [ece, 0.01], "low": 0.0, "high": [ece + 0.01, 0.02]}
        board = pd.DataFrame({"metric": ["ece", "ece_band"], **measured})
        fidelity = {"r2": r2, "spearman": 0.9, "top_tenth": 0.9, "n_users": 30, "n_windows": 90, "base": 0.0}
        surrogates = pd.DataFrame({"target": ["churn"], "model": "GRU", **fidelity, "explained": True})
        chances = {"p_churn": 0.5, "priority": 0.5, "segment": "other"}
        scores = pd.DataFrame({"user_id": range(scored), "cutoff": pd.Timestamp("2024-03-01"), **chances})
        declared.SCORES.write(scores, tmp_path)
        boards = [board.assign(target=target, model="GRU", part="test", chosen=True) for target in targets]
        write_table(pd.concat(boards), tmp_path / "leaderboard.csv")
        write_table(surrogates, tmp_path / "surrogates.csv")
        rates = {
            "segment": ["priority", "all"],
            "target": "churn",
            "rate": 0.25,
            "low": 0.2,
            "high": 0.35,
            "n": users,
            "n_users": users,
        }
        write_table(pd.DataFrame(rates).assign(forecast=[forecast, 0.9]), tmp_path / "segment_rates.csv")
        gap = {"target": "churn", "model": "GRU", "reference": "LightGBM", "metric": ["log_loss", "brier"]}
        rows = pd.DataFrame(gap).assign(value=[0.05, 0.9], low=[behind, 0.8], high=[0.06, 1.0])
        write_table(pd.concat([rows, rows.assign(model="MLP", low=0.02)]), tmp_path / "differences.csv")
        facts = {
            "audit": {"warnings": data},
            "segment": {"rule": rule, "number": 15, "listed": listed},
            "chosen": {"churn": "GRU"},
        }
        write_json(facts, tmp_path / "manifest.json")
        return warnings(tmp_path, fidelity_floor=floor, calibrators=calibrators)

    return review


def test_a_sound_run_gives_no_warning(reviewed) -> None:
    assert reviewed() == []


def test_no_promise_is_broken_by_few_users(reviewed) -> None:
    assert reviewed(forecast=0.9, users=29) == []


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"ece": 0.03}, "calibration error is 0.030, where a calibrated forecast stays under 0.020"),
        ({"r2": 0.4}, "explains 40% of the model"),
        ({"r2": float("nan")}, "nothing drives it"),
        (
            {"forecast": 0.5},
            "mean probability of churn was 50%, and 25% [20, 35] came true",
        ),
        ({"forecast": 0.1}, "mean probability of churn was 10%"),
        ({"listed": 10}, "All 10 scored users are on the list"),
        ({"rule": "number"}, "segments.number is 15 and 10 users were scored: all of them are on the list"),
        ({"behind": 0.04}, "The model chosen for churn, GRU, is clearly worse than LightGBM on the test part"),
        ({"data": ["The last day may not be over."]}, "The last day may not be over."),
    ],
    ids=str,
)
def test_each_trouble_is_one_sentence(reviewed, facts, says) -> None:
    found = reviewed(**facts)
    assert len(found) == 1
    assert says in found[0]


@pytest.mark.parametrize("facts", [{"ece": 0.02}, {"r2": 0.9}, {"forecast": 0.35}, {"behind": 0.0}], ids=str)
def test_what_lies_on_the_line_is_no_trouble(reviewed, facts) -> None:
    assert reviewed(**facts) == []


BOTH = ("churn", "sticker")


def test_a_product_of_probabilities_that_were_never_calibrated_is_told_first_and_loudly(reviewed) -> None:
    (said,) = reviewed(calibrators=["none"], targets=BOTH)
    assert said.startswith("NOT CALIBRATED: priority multiplies the probabilities of churn and sticker")
    assert "0.010 for churn (a calibrated forecast stays under 0.020) and 0.010 for sticker" in said
    assert "Add temperature, platt and isotonic to evaluation.calibrators" in said
    assert reviewed(calibrators=["none"], targets=BOTH, scored=99, data=["x"])[0] == said


@pytest.mark.parametrize(
    ("calibrators", "targets"), [(["none"], ["churn"]), (["none", "platt"], BOTH), (["platt"], BOTH)], ids=str
)
def test_one_probability_or_a_free_choice_of_calibrators_needs_no_such_warning(reviewed, calibrators, targets) -> None:
    assert reviewed(calibrators=calibrators, targets=targets) == []


def test_what_holds_for_every_list_is_what_was_found_about_the_probabilities(reviewed, tmp_path) -> None:
    every = reviewed(ece=0.03, r2=0.4, scored=99, data=["x"], calibrators=["none"], targets=BOTH)
    about = list_warnings(tmp_path, calibrators=["none"])
    assert [sentence.split()[0] for sentence in about] == ["NOT", "The", "The"]
    assert every[:3] == about
    assert len(every) == 5
