import math

import numpy as np
import pytest
from scipy import stats

from churn.statistics import association


@pytest.mark.parametrize("k", [2, 3, 8])
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_chi_square_and_its_strength_equal_scipy(k: int, share: float) -> None:
    rng = np.random.default_rng(k)
    table = np.array([rng.multinomial(n, np.full(k, 1 / k)) for n in (1000 * share, 1000 * (1 - share))])
    result, expected = association(*table), stats.chi2_contingency(table, correction=False)
    assert (result.n_a, result.n_b) == tuple(table.sum(axis=1))
    assert (result.categories, result.pooled) == (k, 0)
    strength = stats.contingency.association(table, method="cramer")
    np.testing.assert_allclose(
        [result.chi2, result.df, result.p, result.cramers_v],
        [expected.statistic, expected.dof, expected.pvalue, strength],
        rtol=1e-9,
    )


def test_chi_square_equals_the_formula_worked_by_hand() -> None:
    # n (ad - bc)^2 / the product of the margins = 100 (30 · 40 - 10 · 20)^2 / (40 · 60 · 50 · 50) = 16.667
    result = association([30, 10], [20, 40])
    assert result.chi2 == pytest.approx(100 / 6)
    assert result.cramers_v == pytest.approx((1 / 6) ** 0.5)
    assert result.df == 1


def test_a_category_that_tells_the_group_has_a_strength_of_one() -> None:
    assert association([40, 0], [0, 70]).cramers_v == pytest.approx(1)
    assert association([40, 20], [80, 40]).cramers_v == pytest.approx(0)


def test_rare_categories_are_pooled_into_one() -> None:
    # in the smaller group, a tenth of all, 49 users of a level are expected as 4.9, 50 as 5
    a, b = [20, 60, 10, 3, 2, 5], [200, 522, 90, 27, 17, 44]
    result = association(a, b)
    assert (result.pooled, result.categories) == (3, 4)
    table = [[20, 60, 10, 10], [200, 522, 90, 88]]
    assert result.chi2 == pytest.approx(stats.chi2_contingency(table, correction=False).statistic, rel=1e-9)


def test_a_pool_that_is_rare_itself_takes_the_next_rarest_in() -> None:
    result = association([50, 30, 20, 1], [50, 30, 20, 1])
    assert (result.pooled, result.categories) == (2, 3)
    assert association([50, 2], [30, 1]).categories == 1


def test_no_expected_count_that_is_tested_is_under_five() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        table = rng.poisson(rng.lognormal(2, 1.5, 8), (2, 8)) * np.array([[1], [rng.integers(1, 10)]])
        result = association(*table)
        assert result.categories + result.pooled - (result.pooled > 0) == (table.sum(axis=0) > 0).sum()
        if not math.isnan(result.p):
            smallest = np.sort(table.sum(axis=0))[::-1]
            sizes = np.append(smallest[: result.categories - 1], smallest[result.categories - 1 :].sum())
            assert (sizes * table.sum(axis=1).min() / table.sum() >= 5 - 1e-9).all()


@pytest.mark.parametrize(("a", "b"), [([], []), ([0, 0], [5, 60]), ([9, 0], [9, 0]), ([4, 4], [4, 4]), ([0], [0])])
def test_fewer_than_two_categories_or_an_empty_group_give_nan(a: list[int], b: list[int]) -> None:
    result = association(a, b)
    assert (result.n_a, result.n_b) == (sum(a), sum(b))
    assert all(math.isnan(x) for x in (result.chi2, result.df, result.p, result.cramers_v))


@pytest.mark.parametrize(("a", "b"), [([-1, 2], [1, 2]), ([[1]], [[2]])])
def test_what_is_no_count_is_refused(a: list[object], b: list[object]) -> None:
    with pytest.raises(ValueError, match="two groups' counts"):
        association(a, b)
