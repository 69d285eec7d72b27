import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from churn.statistics import WelchResult, benjamini_hochberg, holm, is_skewed, mann_whitney, welch

UNDEFINED = ("t", "df", "p", "hedges_g", "low", "high")


def with_moments(mean: float, deviation: float, n: int) -> np.ndarray:
    values = np.random.default_rng(n).normal(size=n)
    return mean + deviation * (values - values.mean()) / values.std(ddof=1)


def is_undefined(result: WelchResult) -> bool:
    return all(math.isnan(getattr(result, name)) for name in UNDEFINED)


@pytest.mark.parametrize(("n_a", "n_b"), [(2, 2), (3, 40), (50, 7)])
def test_welch_equals_scipy(n_a: int, n_b: int) -> None:
    rng = np.random.default_rng(n_a)
    a, b = rng.normal(1, 3, n_a), rng.exponential(2, n_b)
    result, expected = welch(a, b), stats.ttest_ind(a, b, equal_var=False)
    assert (result.n_a, result.n_b) == (n_a, n_b)
    np.testing.assert_allclose(
        [result.t, result.df, result.p, result.mean_a, result.mean_b],
        [expected.statistic, expected.df, expected.pvalue, a.mean(), b.mean()],
        rtol=1e-9,
    )


def test_hedges_g_equals_the_example_of_borenstein_and_others() -> None:
    # Introduction to Meta-Analysis (2009), chapter 4: means 103 and 100, deviations 5.5 and 4.5, 50 in each group
    result = welch(with_moments(103, 5.5, 50), with_moments(100, 4.5, 50))
    assert result.hedges_g == pytest.approx(0.5924, abs=5e-5)


@pytest.mark.parametrize(
    ("m", "correction"), [(2, math.pi**-0.5), (3, (math.pi / 6) ** 0.5), (4, (2 / math.pi) ** 0.5)]
)
def test_small_sample_correction_is_the_exact_one(m: int, correction: float) -> None:
    n_a = m // 2 + 1
    a, b = with_moments(2, 1, n_a), with_moments(0, 1, m + 2 - n_a)
    assert welch(a, b).hedges_g / 2 == pytest.approx(correction, rel=1e-12)


def test_interval_of_g_equals_the_formula_worked_by_hand() -> None:
    # d = 1, m = 8: J = Γ(4) / (2 Γ(3.5)) = 0.90270; s² = 2 / 5 + (4 + 4) / (2 · 64) = 0.4625; q = 2.30600 on 8 degrees
    # of freedom; q J s = 1.41567
    result = welch(with_moments(1, 1, 5), with_moments(0, 1, 5))
    assert result.hedges_g == pytest.approx(0.90270, abs=1e-5)
    assert (result.low, result.high) == pytest.approx((-0.51297, 2.31837), abs=3e-5)


def test_interval_of_g_covers_the_true_effect() -> None:
    rng = np.random.default_rng(0)
    results = [welch(rng.normal(0.5, 1, 20), rng.normal(0, 1, 30)) for _ in range(600)]
    assert 0.925 <= np.mean([r.low <= 0.5 <= r.high for r in results]) <= 0.975
    assert np.mean([r.hedges_g for r in results]) == pytest.approx(0.5, abs=0.04)


def test_interval_of_g_keeps_its_level_where_the_small_group_varies_more() -> None:
    rng = np.random.default_rng(1)
    results = [welch(rng.normal(0, 3, 15), rng.normal(0, 1, 150)) for _ in range(600)]
    clear = np.array([r.low > 0 or r.high < 0 for r in results])
    assert 0.03 <= clear.mean() <= 0.075
    assert (clear == np.array([r.p < 0.05 for r in results])).mean() > 0.97


def test_order_of_the_groups_sets_the_sign() -> None:
    a, b = with_moments(3, 2, 8), with_moments(1, 1, 12)
    forward, backward = welch(a, b), welch(b, a)
    assert forward.t > 0
    np.testing.assert_allclose(
        [forward.t, forward.p, forward.hedges_g, forward.low],
        [-backward.t, backward.p, -backward.hedges_g, -backward.high],
    )


@pytest.mark.parametrize(
    ("a", "b"),
    [([], []), ([1], [1, 2, 3]), ([1, 2, 3], []), ([0.1] * 3, [0.7] * 6), ([1, 1], [1, 1]), ([0, 1e-200], [0, 0])],
)
def test_groups_that_are_too_small_or_constant_give_nan_without_a_warning(a: list[float], b: list[float]) -> None:
    result = welch(a, b)
    assert is_undefined(result)
    assert (result.n_a, result.n_b) == (len(a), len(b))
    assert result.mean_a == pytest.approx(np.mean(a)) if a else math.isnan(result.mean_a)


def test_one_constant_group_is_compared_without_a_warning() -> None:
    result = welch([0.1] * 5, [0.3, 0.5, 0.4])
    assert result.t == pytest.approx(-0.3 / math.sqrt(0.01 / 3)) and result.df == pytest.approx(2)


def test_group_that_varies_by_rounding_alone_gives_no_warning() -> None:
    assert welch([1e8, 1e8 + 1.5e-8, 1e8], [1.0, 2.0, 3.0]).p < 1e-9


def test_missing_values_are_left_out() -> None:
    assert welch([1, math.nan, 2, 4], [5, 6, math.nan]) == welch([1, 2, 4], [5, 6])


@pytest.mark.parametrize("values", [[1.0, math.inf], [[1.0, 2.0]]])
def test_infinite_or_two_dimensional_values_are_refused(values: list[object]) -> None:
    with pytest.raises(ValueError, match="finite numbers of shape"):
        welch(values, [1, 2])


@pytest.mark.parametrize(("n_a", "n_b"), [(2, 2), (6, 8), (8, 9), (40, 300)])
@pytest.mark.parametrize("ties", [False, True])
def test_mann_whitney_equals_scipy(n_a: int, n_b: int, ties: bool) -> None:
    rng = np.random.default_rng(n_a)
    a, b = (rng.poisson(2, n) * 1.0 if ties else rng.lognormal(0.3, 2, n) for n in (n_a, n_b))
    assert mann_whitney(a, b) == pytest.approx(stats.mannwhitneyu(a, b).pvalue, rel=1e-9)
    assert mann_whitney([*a, math.nan], [math.nan, *b]) == mann_whitney(a, b)


def test_mann_whitney_equals_the_p_value_counted_by_hand() -> None:
    # of the 20 ways to choose three of six ranks, two are as extreme as all of a below all of b
    assert mann_whitney([1, 2, 3], [4, 5, 6e9]) == pytest.approx(2 / 20)


@pytest.mark.parametrize(("a", "b"), [([], []), ([1], [1, 2]), ([2, 2], [2, 2, 2]), ([0.1] * 3, [0.7] * 4)])
def test_ranks_of_groups_that_are_too_small_or_constant_are_not_tested(a: list[float], b: list[float]) -> None:
    assert math.isnan(mann_whitney(a, b))


@pytest.mark.parametrize("sigma", [0.1, 0.5, 0.9, 1.5])
def test_skewed_is_what_scipy_measures_beyond_two_on_either_side(sigma: float) -> None:
    for seed in range(20):
        values = np.random.default_rng(seed).lognormal(sigma=sigma, size=60)
        expected = abs(stats.skew(values)) > 2
        assert is_skewed(values) == is_skewed(-1e9 * values) == is_skewed([*values, math.nan]) == expected


@pytest.mark.parametrize("values", [[], [1], [7, 7, 7], [math.nan]])
def test_a_constant_is_not_skewed(values: list[float]) -> None:
    assert not is_skewed(values)


@pytest.mark.slow
@pytest.mark.parametrize(("adjust", "method"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
def test_adjusted_p_values_equal_statsmodels_and_nan_does_not_count(adjust: object, method: str) -> None:
    p = np.random.default_rng(0).uniform(size=25) ** 3
    with_gaps = np.insert(p, [0, 7, 25], math.nan)
    adjusted = adjust(with_gaps)  # type: ignore[operator]
    np.testing.assert_array_equal(np.isnan(adjusted), np.isnan(with_gaps))
    np.testing.assert_allclose(adjusted[~np.isnan(adjusted)], multipletests(p, method=method)[1], rtol=1e-9)
    assert np.isnan(with_gaps).sum() == 3  # the input stays as it was


def test_holm_equals_the_definition() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])


def test_benjamini_hochberg_equals_the_definition() -> None:
    np.testing.assert_allclose(benjamini_hochberg([0.01, 0.04, 0.03, 0.005]), [0.02, 0.04, 0.04, 0.02])


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_no_p_values_and_only_nan_pass_through(adjust: object) -> None:
    assert adjust([]).size == 0  # type: ignore[operator]
    assert np.isnan(adjust([math.nan, math.nan])).all()  # type: ignore[operator]


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
@pytest.mark.parametrize("p", [[-0.1], [1.1], [[0.5]]])
def test_values_that_are_no_probabilities_are_refused(adjust: object, p: list[object]) -> None:
    with pytest.raises(ValueError, match="p-values in"):
        adjust(p)  # type: ignore[operator]
