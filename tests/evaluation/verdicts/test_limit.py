"""The verdict on the limit: what halves are made of, what follows from their losses, and what is said."""

from dataclasses import replace

import numpy as np
import pytest

from churn.data import FEATURES
from churn.evaluation import Contestant
from churn.evaluation.verdicts.limit import ALL, COLUMNS, DAYS, USERS, _advice, _halves, left_to_gain, limit
from churn.evaluation.verdicts.trials import thinned
from churn.models import Majority
from churn.statistics import Interval

from .conftest import CHEAP, TREES

DERIVED = tuple(one for one in FEATURES if one.name in ("weekday", "tenure"))
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def verdict(mortal, inquiry_of):
    return limit(inquiry_of(mortal))


def test_the_halves_of_the_users_are_disjoint_and_the_newer_days_are_the_later_ones(mortal, inquiry_of):
    inquiry = inquiry_of(mortal)
    split = thinned(mortal.split(), inquiry)
    halves = _halves(split, inquiry)
    for names in (USERS[:2], USERS[2:]):
        one, other = (set(halves[name].train.user) for name in names)
        assert not one & other and one | other == set(split.train.user)
        assert abs(len(one) - len(other)) <= 1
    assert set(halves[USERS[0]].train.user) != set(halves[USERS[2]].train.user)
    days = halves[DAYS[0]].train
    assert days.cutoff.min() > np.median(split.train.cutoff) and days.cutoff.max() == split.train.cutoff.max()
    for name in (*USERS, *DAYS):
        assert np.array_equal(halves[name].test.user, split.test.user)


def test_halves_of_the_columns_share_none_and_are_not_tried_of_few(mortal, prepared, inquiry_of):
    inquiry = inquiry_of(mortal)
    split = thinned(mortal.split(), inquiry)
    assert len(split.train.features) < 4 and not {*COLUMNS} & {*_halves(split, inquiry)}
    wide = split.mapped(lambda windows: replace(windows, derived=DERIVED))
    one, other = (_halves(wide, inquiry)[name].test.features for name in COLUMNS)
    assert not {*one} & {*other} and {*one, *other} == {*wide.test.features}


def test_what_is_left_is_a_multiple_of_what_the_last_doubling_gained():
    left = left_to_gain(Interval(0.03, -0.01, 0.04))
    assert (left.value, left.low, left.high) == pytest.approx((0.03 / (2**0.7 - 1), 0.0, 0.04 / (2**0.7 - 1)))
    assert left_to_gain(Interval(-0.02, -0.03, -0.01)) == Interval(0, 0, 0)


def test_it_compares_the_halves_with_all(verdict):
    table = verdict.table.set_index("variant")
    assert list(table.index) == [ALL, *USERS, *DAYS]
    assert table.reference.tolist() == [True, *([False] * 5)]
    gain = table.loc[list(USERS), "difference"].mean()
    left = left_to_gain(Interval(gain, gain, gain)).value
    assert f"gained {gain:.3f} [" in verdict.sentence
    assert f"to about {table.log_loss[ALL] - left:.3f} [" in verdict.sentence


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ((0.001, 0.0, 0.004), "would hardly help"),
        ((0.02, 0.006, 0.03), "would still help"),
        ((0.006, 0.0, 0.012), "cannot be told from"),
    ],
)
def test_advice_needs_an_interval_on_one_side_of_what_matters(left, said, mortal):
    assert said in _advice(Interval(*left), mortal.split())


def test_a_sample_of_the_training_windows_is_said(mortal, inquiry_of, verdict):
    assert "training windows (verdicts.windows)" not in verdict.sentence or len(mortal.split().train) > CHEAP.windows
    few = limit(inquiry_of(mortal, config=replace(CHEAP, windows=3_000))).sentence
    assert "This is by 3,000 of the" in few


def test_doublings_are_measured_by_trees_whatever_is_best(steady, inquiry_of):
    table = limit(inquiry_of(steady, contestants=[Contestant(Majority, {}), TREES])).table
    assert set(table[~table.reference].model) == {"LightGBM"} and set(table[table.reference].model) == {
        "LightGBM",
        "Majority",
    }


def test_a_model_that_says_the_same_of_everyone_is_at_its_limit(steady, inquiry_of):
    verdict = limit(inquiry_of(steady, contestants=[Contestant(Majority, {})]))
    assert "More users would hardly help" in verdict.sentence


def test_too_few_windows_for_a_half_are_said(steady, inquiry_of):
    few = replace(CHEAP, windows=250)
    assert "too few users to tell" in limit(inquiry_of(steady, config=few)).sentence
