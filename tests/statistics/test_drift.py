import math

import numpy as np
import pytest

from churn.statistics import stability_index


def by_hand(old, new):
    """Counts with .5 more, as shares."""
    p, q = (np.array(counts) + 0.5 for counts in (old, new))
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())


def test_two_bins_have_the_index_that_is_added_up_by_hand():
    """90 zeros and 10 ones against 50 and 50: (.4 ln 1.8 + .4 ln 5), but for the halves."""
    found = stability_index([0] * 90 + [1] * 10, [0] * 50 + [1] * 50)
    assert found.psi == pytest.approx(by_hand([90, 10], [50, 50]))
    assert found.psi == pytest.approx(0.4 * math.log(90 / 50) + 0.4 * math.log(50 / 10), abs=0.03)
    assert found.bins == 2


def test_ten_bins_are_the_tenths_of_the_reference():
    old = np.arange(1, 101)
    new = np.repeat(np.arange(1, 101), np.where(np.arange(1, 101) <= 10, 5, 1))
    found = stability_index(old, new)
    assert found.bins == 10
    assert found.psi == pytest.approx(by_hand([10] * 10, [50] + [10] * 9))


def test_zeros_are_a_bin_of_their_own_and_the_rest_has_bins_by_its_share():
    old = np.append(np.zeros(700), np.arange(1, 301))
    found = stability_index(old, old)
    assert found.bins == 4
    assert found.psi == 0


def test_equal_values_share_a_bin():
    found = stability_index([1] * 50 + [2] * 30 + [7] * 20, [1] * 20 + [2] * 30 + [7] * 50)
    assert found.bins == 3
    assert found.psi == pytest.approx(by_hand([50, 30, 20], [20, 30, 50]))


@pytest.mark.parametrize("moved", [0.0, 4.0, 6.0, -5.0])
def test_a_constant_that_moves_either_way_is_seen(moved):
    assert stability_index([5.0] * 100, [moved] * 100).psi > 5
    assert stability_index([5.0] * 100, [5.0] * 80).psi == 0


@pytest.mark.parametrize(("old", "new"), [([], [1]), ([1], []), ([math.nan], [1])])
def test_nothing_to_compare_is_undefined(old, new):
    found = stability_index(old, new)
    assert math.isnan(found.psi)
    assert math.isnan(found.excess)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "m"), [(60, 60), (100, 400), (1000, 1000)])
def test_without_drift_the_index_has_the_expectation_and_limit_that_are_told(n, m):
    rng = np.random.default_rng(0)
    found = [stability_index(rng.gamma(2, size=n), rng.gamma(2, size=m)) for _ in range(1000)]
    assert np.mean([one.psi for one in found]) == pytest.approx(found[0].by_chance, rel=0.12)
    assert np.mean([one.psi > one.limit for one in found]) < 0.08
    counts = [stability_index(rng.poisson(1, n), rng.poisson(1, m)) for _ in range(1000)]
    assert np.mean([one.psi > one.limit for one in counts]) < 0.08


def test_the_excess_is_what_chance_does_not_explain():
    rng = np.random.default_rng(1)
    small = [stability_index(rng.normal(size=100), rng.normal(0.6, size=100)).excess for _ in range(300)]
    large = stability_index(rng.normal(size=100_000), rng.normal(0.6, size=100_000)).excess
    assert np.mean(small) == pytest.approx(large, rel=0.2)
