import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.stats.outliers_influence import variance_inflation_factor

from churn.data import example_split
from churn.explanation.variance_inflation import collinearity


def theirs(x):
    """The factors by statsmodels, the constant left out."""
    design = sm.add_constant(np.asarray(x, float), has_constant="add")
    return [variance_inflation_factor(design, j) for j in range(1, design.shape[1])]


def correlated(n=400, f=6, *, seed=0):
    rng = np.random.default_rng(seed)
    return rng.poisson(3, (n, f)) @ rng.normal(1, 1, (f, f)) + 50 + rng.normal(0, 0.1, (n, f))


@pytest.mark.parametrize("seed", range(3))
def test_factors_equal_those_of_statsmodels_with_a_constant(seed):
    x = correlated(seed=seed)
    found = collinearity(x, list("abcdef"), limit=np.inf)
    assert found.vif.to_numpy() == pytest.approx(theirs(x), rel=1e-6)
    assert found.vif.index.tolist() == list("abcdef")


def test_factors_of_real_windows_equal_those_of_statsmodels():
    windows = example_split().train
    x = windows.history().sum(axis=1)
    found = collinearity(x, list(windows.panel.features))
    assert found.vif.to_numpy() == pytest.approx(theirs(x), rel=1e-6)


def test_a_shift_or_a_scale_changes_no_factor():
    x = correlated()
    shifted = collinearity(1000 * x + 1e4, list("abcdef"), limit=np.inf)
    assert shifted.vif.to_numpy() == pytest.approx(collinearity(x, list("abcdef"), limit=np.inf).vif.to_numpy())


@pytest.mark.parametrize("value", [0, 1, 0.1, 0.3, 1e-12, 1e9])
def test_a_constant_is_taken_out_and_has_no_factor(value):
    a, b = np.random.default_rng(0).normal(size=(2, 500))
    found = collinearity(np.column_stack([a, np.full(500, value), b]), ["a", "same", "b"])
    assert found.reasons.tolist() == ["", "constant", ""]
    assert np.isnan(found.vif["same"])
    assert found.vif[["a", "b"]].tolist() == pytest.approx(theirs(np.column_stack([a, b])))


def test_copies_name_the_first_of_their_kind():
    a, b = np.random.default_rng(0).normal(size=(2, 500))
    found = collinearity(np.column_stack([a, b, 2 * a + 1, -b, a]), ["a", "b", "a2", "minus_b", "a3"])
    assert found.reasons.tolist() == ["", "", "copy of a", "copy of b", "copy of a"]
    assert found.vif[["a2", "minus_b", "a3"]].tolist() == [np.inf] * 3
    assert found.vif[["a", "b"]].to_numpy() == pytest.approx([1, 1], abs=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_a_column_that_is_the_exact_sum_of_others_is_found_although_nothing_is_a_copy(seed):
    rng = np.random.default_rng(seed)
    a, b, other = rng.poisson(2, (3, 500))
    found = collinearity(np.column_stack([a, b, other, a + b]), ["a", "b", "other", "both"])
    assert found.vif[["a", "b", "both"]].tolist() == [np.inf] * 3
    assert found.vif["other"] == pytest.approx(1, abs=0.05)
    assert (found.reasons != "").tolist() == [False, False, False, True]


def test_the_stepwise_removal_ends_with_every_factor_under_the_limit():
    x = np.column_stack([correlated(f=8), correlated(seed=1)[:, :2]])
    names = [f"x{j}" for j in range(x.shape[1])]
    before = pd.Series(theirs(x), names)
    found = collinearity(x, names, limit=4)
    kept = [j for j, name in enumerate(names) if not found.reasons[name]]
    assert before.max() > 4
    assert 1 < len(kept) < len(names)
    assert max(theirs(x[:, kept])) <= 4
    first = str(before.idxmax())
    assert found.reasons[first] == f"collinear (VIF {before.max():.1f} > 4)"


def test_no_more_is_removed_than_needed():
    """Of a pair that says the same one goes, and its partner stays."""
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, 500))
    found = collinearity(np.column_stack([a, a + 0.01 * b, c]), ["a", "nearly_a", "c"])
    assert (found.reasons != "").sum() == 1
    assert found.reasons["c"] == ""


def test_a_limit_that_nothing_passes_removes_nothing():
    found = collinearity(np.random.default_rng(0).normal(size=(300, 4)), list("abcd"), limit=1.5)
    assert (found.reasons == "").all()


@pytest.mark.parametrize("x", [np.ones((5, 2)), np.ones((1, 2)), np.ones((5, 0))])
def test_nothing_that_varies_is_no_trouble(x):
    found = collinearity(x, [f"x{j}" for j in range(x.shape[1])])
    assert (found.reasons == "constant").all()
    assert found.vif.isna().all()


def test_more_columns_than_rows_are_removed_until_the_rest_can_be_told_apart():
    x = np.random.default_rng(0).normal(size=(6, 10))
    names = [f"x{j}" for j in range(10)]
    found = collinearity(x, names)
    kept = [j for j, name in enumerate(names) if not found.reasons[name]]
    assert 1 <= len(kept) < 6
    assert max(theirs(x[:, kept])) <= 10


def test_what_is_kept_or_constant_repeats_nothing():
    a, b = np.random.default_rng(0).normal(size=(2, 500))
    found = collinearity(np.column_stack([a, np.ones(500), b]), ["a", "one", "b"])
    assert found.duplicates.tolist() == ["", "", ""]


def test_a_removed_sum_is_said_by_its_parts_the_one_that_varies_most_first():
    rng = np.random.default_rng(0)
    small, large, other = rng.normal(size=(3, 2000)) * [[1], [3], [5]]
    total = small + large + 0.01 * rng.normal(size=2000)
    found = collinearity(np.column_stack([small, large, other, total]), ["small", "large", "other", "total"])
    removed = found.reasons[found.reasons != ""].index.tolist()
    assert removed == ["total"]
    assert found.duplicates.to_dict() == {"small": "", "large": "", "other": "", "total": "large; small"}


def test_at_most_three_are_named():
    rng = np.random.default_rng(0)
    parts = rng.normal(size=(3000, 5)) * [1, 3, 5, 4, 2]
    x = np.column_stack([parts, parts.sum(axis=1) + 0.01 * rng.normal(size=3000)])
    found = collinearity(x, ["a", "b", "c", "d", "e", "sum"])
    assert found.duplicates["sum"] == "c; d; b"


def test_what_merely_leans_on_the_one_that_says_it_is_not_named():
    """Correlation alone would name both."""
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, 3000))
    leaning, again = a + 0.6 * b, a + 0.01 * c
    found = collinearity(np.column_stack([a, leaning, again]), ["a", "leaning", "again"])
    assert np.corrcoef(again, leaning)[0, 1] > 0.8
    named = {name: found.duplicates[name] for name in ("a", "again") if found.reasons[name]}
    assert named in ({"a": "again"}, {"again": "a"})


def test_a_copy_of_a_removed_column_is_said_by_what_stands_for_that():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 2000)) * [[3], [1]]
    total = a + b + 0.01 * rng.normal(size=2000)
    found = collinearity(np.column_stack([total, total, a, b]), ["total", "again", "a", "b"])
    assert found.reasons["again"] == "copy of total"
    assert found.reasons["total"].startswith("collinear")
    assert found.duplicates["again"] == found.duplicates["total"] == "a; b"


@pytest.mark.parametrize("seed", range(4))
def test_every_removed_column_that_varies_names_kept_ones(seed):
    x = np.column_stack([correlated(f=8, seed=seed), correlated(seed=seed)[:, :3], np.ones(400)])
    found = collinearity(x, [f"x{j}" for j in range(x.shape[1])], limit=4)
    for name, reason in found.reasons.items():
        named = found.duplicates[name].split("; ") if found.duplicates[name] else []
        assert len(set(named)) == len(named) <= 3
        assert all(found.reasons[other] == "" for other in named)
        assert bool(named) == (reason not in ("", "constant"))
