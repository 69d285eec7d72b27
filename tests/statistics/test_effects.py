import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats import proportion

from churn.statistics import mean_difference, mean_interval, share_difference, share_interval

# Newcombe (1998), table II: a of m, b of n, and the limits of method 10
NEWCOMBE = [
    ((56, 70, 48, 80), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1705, 0.8090)),
    ((6, 7, 2, 7), (0.0582, 0.8062)),
    ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ((0, 10, 0, 20), (-0.1611, 0.2775)),
    ((0, 10, 0, 10), (-0.2775, 0.2775)),
    ((10, 10, 0, 20), (0.6791, 1.0)),
    ((10, 10, 0, 10), (0.6075, 1.0)),
]


@pytest.mark.parametrize(("counts", "limits"), NEWCOMBE)
def test_the_interval_of_a_difference_has_the_digits_of_newcombe_s_table(counts, limits):
    a, m, b, n = counts
    found = share_difference(a, m, successes_b=b, n_b=n).difference
    assert (found.low, found.high) == pytest.approx(limits, abs=5e-5)
    assert found.value == pytest.approx(a / m - b / n)


@pytest.mark.parametrize("counts", [(56, 70, 48, 80), (3, 12, 9, 100), (2, 30, 3, 12)])
def test_intervals_and_p_are_those_of_statsmodels(counts):
    a, m, b, n = counts
    found = share_difference(a, m, successes_b=b, n_b=n)
    assert (found.difference.low, found.difference.high) == pytest.approx(
        proportion.confint_proportions_2indep(a, m, b, n, method="newcomb"), abs=1e-9
    )
    score = proportion.test_proportions_2indep(
        a, m, b, n, method="score", compare="diff"
    )  # with (n − 1) / n, as Miettinen's
    assert found.p == pytest.approx(score.pvalue, abs=1e-9)
    alone = share_interval(a, m)
    assert (alone.low, alone.high) == pytest.approx(proportion.proportion_confint(a, m, method="wilson"), abs=1e-9)


def test_the_difference_of_means_is_scipy_s():
    rng = np.random.default_rng(0)
    a, b = rng.exponential(3, 40), rng.exponential(1, 15)
    found, expected = mean_difference(a, b), stats.ttest_ind(a, b, equal_var=False)
    limits = expected.confidence_interval()
    assert (found.difference.low, found.difference.high) == pytest.approx((limits.low, limits.high), abs=1e-9)
    assert found.p == pytest.approx(expected.pvalue, abs=1e-9)
    alone = stats.ttest_1samp(a, 0).confidence_interval()
    assert (mean_interval(a).low, mean_interval(a).high) == pytest.approx((alone.low, alone.high), abs=1e-9)


def test_nobody_or_no_variance_is_undefined_and_no_crash():
    nobody = share_difference(0, 0, successes_b=3, n_b=9)
    assert math.isnan(nobody.p)
    assert math.isnan(nobody.difference.low)
    assert math.isnan(share_interval(0, 0).value)
    alike = share_difference(0, 9, successes_b=0, n_b=5)
    assert math.isnan(alike.p)
    assert alike.difference.low < 0 < alike.difference.high
    for empty in ([], [1.0], [2.0, 2.0, 2.0]):
        assert math.isnan(mean_difference(empty, [1.0, 1.0]).difference.low)
        assert math.isnan(mean_interval(empty).low)


def test_a_difference_as_large_as_the_detectable_one_is_found_four_times_in_five():
    rng, n_a, n_b, base = np.random.default_rng(1), 300, 60, 0.4
    gap = share_difference(120, n_a, successes_b=24, n_b=n_b).detectable
    draws = zip(rng.binomial(n_a, base + gap, 2000), rng.binomial(n_b, base, 2000), strict=True)
    found = [share_difference(int(a), n_a, successes_b=int(b), n_b=n_b).p < 0.05 for a, b in draws]
    assert np.mean(found) == pytest.approx(0.8, abs=0.04)


def test_a_difference_of_means_as_large_as_the_detectable_one_is_found_four_times_in_five():
    rng = np.random.default_rng(2)
    gap = np.mean([mean_difference(*rng.normal(size=(2, 50))).detectable for _ in range(200)])
    found = [mean_difference(rng.normal(gap, 1, 50), rng.normal(0, 1, 50)).p < 0.05 for _ in range(2000)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.04)


def test_twelve_users_can_show_almost_nothing():
    assert share_difference(8, 9, successes_b=2, n_b=3).detectable > 0.6
