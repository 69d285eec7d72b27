"""A run on newcomers: churn asked about some days after joining, in one model for several ages."""

import numpy as np
import pandas as pd
import pytest

import churn
from churn.configuration import EvaluationConfig, ExplanationConfig, RunConfig
from churn.data import DataConfig, WindowConfig
from churn.evaluation import VerdictConfig
from churn.training import TuningConfig

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=[3, 0], ids=["with days", "without days"])
def finished(request, tmp_path_factory):
    """A finished run on 500 members, of whom those who came by the app stay longer, with and without a history."""
    rng = np.random.default_rng(0)
    joined = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 150, 500), unit="D")
    channel = rng.choice(["web", "app"], 500)
    life = rng.exponential(np.where(channel == "app", 30, 8))
    rows = [
        (f"u{user:03d}", joined[user] + pd.Timedelta(days=day))
        for user in range(500)
        for day in range(int(min(life[user], 100)) + 1)
        if day == 0 or rng.random() < 0.6
    ]
    events = pd.DataFrame(rows, columns=["user_id", "timestamp"]).assign(event="post")
    members = pd.DataFrame({"user_id": [f"u{user:03d}" for user in range(500)], "joined": joined, "channel": channel})
    windows = WindowConfig(at_risk="arrival", history_days=request.param, horizon_days=7, after_days=[1, 3])
    config = RunConfig(
        data=DataConfig(
            events="events",
            members="members",
            attributes={"channel": {"known": "arrival"}},
            features=["channel"],
            windows=windows,
            last_day="2024-05-31",
        ),
        models=["churn.models.Logistic", "churn.models.Majority"],
        tuning=TuningConfig(trials=1),
        evaluation=EvaluationConfig(repetitions=20),
        verdicts=VerdictConfig(ask=["newcomers"], repetitions=20),
        explanation=ExplanationConfig(windows=300, sample=50, trees=20, rounds=2, seeds=1),
    )
    folder = tmp_path_factory.mktemp("newcomers") / "run"
    return churn.run(config, folder, frames={"events": events, "members": members})


def test_each_member_is_asked_about_at_several_ages_and_scored_once(finished) -> None:
    windows = finished.table("windows.parquet")
    assert windows.groupby("user_id").size().max() == 2
    assert finished.scores.user_id.is_unique
    assert finished.targets == ["churn"]


def test_what_is_known_on_arrival_tells_who_leaves(finished) -> None:
    auc = finished.metric("churn", "roc_auc", "Logistic")
    assert auc.low > 0.5


def test_the_pages_have_no_groups_of_members_without_days(finished) -> None:
    page = (finished.folder / "evidence.html").read_text(encoding="utf8")
    days = finished.windowing["history_days"]
    assert ('id="behaviour"' in page) == bool(days)
    assert (finished.manifest["groups"] is not None) == bool(days)


def test_the_page_says_what_is_known_of_newcomers_at_each_age(finished) -> None:
    [answer] = [each for each in finished.answers if each["verdict"] == "newcomers"]
    page = (finished.folder / "evidence.html").read_text(encoding="utf8")
    assert answer["sentence"].split(" (")[0] in page
    assert [age in answer["sentence"] for age in ("1 day after arrival", "3 days after arrival")] == [True, True]
    assert ("What they did since then" in answer["sentence"]) == bool(finished.windowing["history_days"])
    assert ("with the first 3 days" in page) == bool(finished.windowing["history_days"])
