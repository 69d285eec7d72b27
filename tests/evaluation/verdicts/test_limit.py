"""The verdict on the limit: what halves are made of, what follows from their losses, and what is said."""

from dataclasses import replace

import numpy as np
import pytest

from churn.evaluation import Contestant
from churn.evaluation.verdicts.limit import ALL, COLUMNS, DAYS, USERS, _halves, estimated_limit, limit
from churn.evaluation.verdicts.trials import thinned
from churn.models import Majority

from .conftest import CHEAP

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def verdict(mortal, inquiry_of):
    return limit(inquiry_of(mortal))


def test_the_halves_of_the_users_are_disjoint_and_the_newer_days_are_the_later_ones(mortal, inquiry_of):
    inquiry = inquiry_of(mortal)
    split = thinned(mortal.split(), inquiry)
    halves = _halves(split, inquiry)
    one, other = (set(halves[name].train.user) for name in USERS)
    assert not one & other and one | other == set(split.train.user)
    assert abs(len(one) - len(other)) <= 1
    days = halves[DAYS].train
    assert days.cutoff.min() > np.median(split.train.cutoff) and days.cutoff.max() == split.train.cutoff.max()
    assert len(halves[COLUMNS].test.features) == (len(split.train.features) + 1) // 2
    for name in (*USERS, DAYS):
        assert np.array_equal(halves[name].test.user, split.test.user)


def test_the_estimate_is_below_the_loss_by_what_the_last_doubling_promises():
    assert estimated_limit(0.5, [0.52, 0.54]) == pytest.approx(0.5 - 0.03 / (2**0.7 - 1))
    assert estimated_limit(0.5, [0.49, 0.5]) == 0.5
    assert estimated_limit(0.01, [0.3]) == 0


def test_it_compares_the_halves_with_all(verdict):
    table = verdict.table.set_index("variant")
    assert list(table.index) == [ALL, *USERS, DAYS, COLUMNS]
    assert table.reference.tolist() == [True, False, False, False, False]
    gain = table.loc[list(USERS), "difference"].mean()
    told = estimated_limit(table.log_loss[ALL], table.log_loss[list(USERS)].tolist())
    assert f"would come to about {told:.3f}" in verdict.sentence
    assert f"gained {gain:.3f}".replace("-", "−") in verdict.sentence


def test_a_model_that_says_the_same_of_everyone_is_at_its_limit(steady, inquiry_of):
    verdict = limit(inquiry_of(steady, contestants=[Contestant(Majority, {})]))
    assert "More users or a better model would hardly help" in verdict.sentence


def test_too_few_windows_for_a_half_are_said(steady, inquiry_of):
    few = replace(CHEAP, windows=250)
    assert "too few users to tell" in limit(inquiry_of(steady, config=few)).sentence
