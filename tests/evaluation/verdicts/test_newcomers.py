"""The verdict on newcomers, on made-up members of whom facts, first days, both or neither tell who stays."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churn.data import WindowConfig
from churn.errors import UserError
from churn.evaluation import Contestant, reach_verdicts
from churn.evaluation.verdicts.newcomers import newcomers
from churn.models import LightGBM

from .conftest import CHEAP

pytestmark = pytest.mark.slow

TREES = Contestant(LightGBM, {"learning_rate": 0.05, "num_leaves": 7, "max_trees": 100, "patience": 20})
ARRIVAL = WindowConfig(at_risk="arrival", history_days=4, horizon_days=7, after_days=[4, 0])


@pytest.fixture(scope="module")
def told(prepared, inquiry_of):
    """The verdict on newcomers whose chance to go on after four days hangs on their channel and first days as asked."""

    def verdict(*, by_channel, by_days, windows=ARRIVAL, **changes):
        rng = np.random.default_rng(1)
        joined = np.sort(rng.integers(0, 200, 3000))
        channel, zeal = rng.choice(["web", "app"], 3000), rng.random((3000, 4)) < rng.choice([0.2, 0.8], (3000, 1))
        score = -1.5 + by_channel * (channel == "app") + by_days * (zeal[:, 1:].sum(axis=1) - 1.5)
        stays = rng.random(3000) < 1 / (1 + np.exp(-score))
        days = [(user, 0) for user in range(3000)] + [(u, d) for u, d in np.argwhere(zeal).tolist() if d]
        days += [(user, int(rng.integers(4, 10))) for user in np.flatnonzero(stays)]
        begin = pd.Timestamp("2024-01-01")
        log = pd.DataFrame(
            {
                "user_id": [f"u{user:04d}" for user, _ in days],
                "timestamp": [begin + pd.Timedelta(days=int(joined[user]) + day) for user, day in days],
                "event": "post",
            }
        )
        when = begin + pd.to_timedelta(joined, unit="D")
        members = pd.DataFrame(
            {"user_id": [f"u{user:04d}" for user in range(3000)], "joined": when, "channel": channel}
        )
        data = {"attributes": {"channel": {"known": "arrival"}}, "features": ["channel"], "windows": windows} | changes
        dataset = prepared({"events": log, "members": members}, **data)
        return inquiry_of(dataset, contestants=[TREES], config=replace(CHEAP, repetitions=60))

    return verdict


def test_facts_that_tell_nothing_and_days_that_tell_much_are_told_apart(told):
    verdict = newcomers(told(by_channel=0, by_days=2))
    first, second = verdict.sentence.split("). ")
    assert first.startswith("Among newcomers 4 days after arrival, facts known on arrival are worth nothing")
    assert second.startswith("What they did since then tells more: ROC-AUC 0.")
    assert verdict.table.variant.tolist() == ["arrival facts alone", "first 4 days"]
    assert verdict.table.reference.tolist() == [True, False]
    assert verdict.table.roc_auc_low[0] < 0.5 < verdict.table.roc_auc_high[0]
    assert verdict.table.roc_auc[1] > 0.7
    assert "Not measured" in verdict.note  # on arrival everyone acts, so nobody falls silent
    assert "newcomers on arrival." in verdict.note


def test_each_age_is_told_apart(told):
    verdict = newcomers(told(by_channel=0, by_days=2, windows=replace(ARRIVAL, after_days=[2, 4])))
    assert verdict.table.variant.tolist() == [
        "arrival facts alone",
        "first 2 days",
        "arrival facts alone",
        "first 4 days",
    ]
    assert "Among newcomers 2 days after arrival" in verdict.sentence
    assert verdict.table.roc_auc.iloc[1] < verdict.table.roc_auc.iloc[3]  # the older ones showed more


def test_facts_that_tell_much_and_days_that_add_nothing_are_told_apart(told):
    verdict = newcomers(told(by_channel=3, by_days=0, windows=replace(ARRIVAL, after_days=[4])))
    assert "facts known on arrival are worth something: LightGBM ranks them better than a guess" in verdict.sentence
    assert "What they did since then adds nothing clear" in verdict.sentence


def test_the_rate_is_that_of_the_measured_newcomers_of_the_age(told):
    inquiry = told(by_channel=0, by_days=2, windows=replace(ARRIVAL, after_days=[4]))
    test = inquiry.dataset.split().test
    verdict = newcomers(inquiry)
    assert f"where the rate of churn is {test.answers.mean():.3f}" in verdict.sentence
    assert verdict.table.n_windows.tolist() == [len(test)] * 2
    assert "Known on arrival: channel." in verdict.note


def test_facts_alone_see_no_day(told):
    # Were a count among the facts, they would tell as much as the days do.
    inquiry = told(by_channel=0, by_days=2, features=["channel", "weekday"], windows=replace(ARRIVAL, after_days=[4]))
    facts, days = newcomers(inquiry).table.itertuples()
    assert facts.roc_auc < 0.56 < days.roc_auc


def test_without_newcomers_or_facts_it_cannot_be_told(told):
    inquiry = told(by_channel=0, by_days=2, features=[])
    with pytest.raises(UserError, match="facts that are known on arrival"):
        newcomers(inquiry)
    daily = told(by_channel=0, by_days=2, windows=WindowConfig())
    config = replace(CHEAP, ask=["newcomers"])
    [verdict] = reach_verdicts(daily.dataset, {"churn": [TREES]}, config)
    assert verdict.sentence.startswith("Cannot be told here: expected data.windows.at_risk: arrival, got active")
