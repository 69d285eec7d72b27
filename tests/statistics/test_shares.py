"""Shares of users' cases: coverage on planted users, scipy's exact interval, and no certainty without data."""

import numpy as np
import pytest
from scipy import stats

from churn.statistics.shares import block_intervals, block_variance


@pytest.mark.parametrize("users", [3, 10, 40])
@pytest.mark.parametrize("rate", [0.05, 0.5])
def test_intervals_hold_the_planted_share_of_users_who_differ(users: int, rate: float) -> None:
    rng, n = np.random.default_rng(0), 1500
    cases = rng.integers(1, 8, (users, n)).astype(float)
    hits = rng.binomial(cases.astype(int), rng.beta(4 * rate, 4 * (1 - rate), (users, n))).astype(float)
    share, variance = hits.sum(axis=0) / cases.sum(axis=0), block_variance(hits, cases)
    low, high = block_intervals(share, variance, cases=cases.sum(axis=0), users=np.full(n, users))
    assert np.mean((low <= rate) & (rate <= high)) > 0.94
    assert np.mean(np.abs(share - rate) <= 1.96 * np.sqrt(variance)) < 0.94  # as the plain interval does not


@pytest.mark.parametrize(("hits", "n"), [(0, 3), (5, 5), (0, 200)])
def test_shares_of_nobody_and_of_everybody_have_the_exact_interval_over_users(hits: int, n: int) -> None:
    exact = stats.binomtest(hits, n).proportion_ci(0.95, method="exact")
    low, high = block_intervals([hits / n], [0.0], cases=[10 * n], users=[n])
    assert (low[0], high[0]) == pytest.approx((exact.low, exact.high), abs=1e-12)
    assert high[0] - low[0] > 0.01


def test_many_independent_cases_have_about_the_exact_interval() -> None:
    exact = stats.binomtest(300, 1000).proportion_ci(0.95, method="exact")
    cases = np.ones((1000, 1))
    hits = cases * (np.arange(1000) < 300)[:, None]
    low, high = block_intervals([0.3], block_variance(hits, cases), cases=[1000], users=[1000])
    assert (low[0], high[0]) == pytest.approx((exact.low, exact.high), abs=1e-3)


def test_users_whose_cases_are_all_alike_count_once() -> None:
    hits, cases = np.tile([[1.0], [0.0]], (10, 1)), np.ones((20, 1))
    one, ten = (
        block_intervals([0.5], block_variance(k * hits, k * cases), cases=[20 * k], users=[20]) for k in (1, 10)
    )
    assert ten[1] - ten[0] == pytest.approx(one[1] - one[0], rel=0.1)


def test_one_user_tells_nothing_about_others() -> None:
    variance = block_variance(np.array([[2.0], [0.0]]), np.array([[4.0], [0.0]]))
    assert np.isnan(variance).all()
    assert np.isnan(block_intervals([0.5], variance, cases=[4], users=[1])).all()


def test_a_share_of_nothing_is_unknown() -> None:
    variance = block_variance(np.zeros((3, 1)), np.zeros((3, 1)))
    assert np.isnan(block_intervals([np.nan], variance, cases=[0], users=[0])).all()


def test_an_interval_is_wider_at_a_higher_level() -> None:
    wide, narrow = (block_intervals([0.4], [0.002], cases=[200], users=[50], level=level) for level in (0.99, 0.8))
    assert wide[0] < narrow[0] < 0.4 < narrow[1] < wide[1]
