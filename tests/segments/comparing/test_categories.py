import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from churn.data import example_dataset, example_frames
from churn.segments import compare_categories, describe_categories

pytestmark = pytest.mark.slow

COLUMNS = (
    "comparison attribute n_priority n_other categories chi2 df p p_adjusted cramers_v pooled circular"  # the contract
)


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    plan = pd.Series(rng.choice(["free", "paid", "trial"], 600), dtype="string")
    town = pd.Series(rng.choice(list("abcd"), 600), dtype="string").mask(np.arange(600) % 3 == 0)
    return pd.DataFrame({"plan": plan, "town": town})


@pytest.fixture
def segment():
    return pd.Series(np.random.default_rng(1).choice(["priority", "likely churner", "other"], 600))


def test_tests_equal_scipy_s_in_every_comparison(table, segment):
    loyal = pd.Series(np.arange(600) % 5 == 0)
    inside = segment == "priority"
    groups = [(inside, ~inside), (inside, segment == "likely churner"), (loyal, ~loyal)]
    found = compare_categories(table, segment, circular=["plan"], loyal=loyal)
    assert list(found.columns) == COLUMNS.split()
    rows = iter(found.itertuples())
    for a, b in groups:
        for name in table:
            row, kept = next(rows), table[name].notna()
            crossed = pd.crosstab(np.where(a, 0, 1)[kept & (a | b)], table[name][kept & (a | b)]).to_numpy()
            theirs = stats.chi2_contingency(crossed, correction=False)
            assert (row.attribute, row.circular) == (name, name == "plan")
            assert (row.n_priority, row.n_other) == ((a & kept).sum(), (b & kept).sum())
            assert (row.categories, row.pooled) == (crossed.shape[1], 0)
            strength = stats.contingency.association(crossed, method="cramer")
            assert (row.chi2, row.df, row.p, row.cramers_v) == pytest.approx(
                (theirs.statistic, theirs.dof, theirs.pvalue, strength), rel=1e-9
            )
    for _, tests in found.groupby("comparison"):
        assert tests.p_adjusted.to_numpy() == pytest.approx(multipletests(tests.p, method="holm")[1], rel=1e-9)


def test_without_attributes_the_table_is_empty_and_has_its_columns(table, segment):
    found = compare_categories(table[[]], segment, circular=[])
    assert found.empty and list(found.columns) == COLUMNS.split()


def test_an_attribute_of_names_has_no_test(table, segment):
    found = compare_categories(table.assign(name=[f"n{k}" for k in range(600)]), segment, circular=[])
    alone = found[found.attribute == "name"]
    assert alone[["chi2", "p", "p_adjusted", "cramers_v"]].isna().all(axis=None)
    assert (alone.categories == 1).all() and (alone.pooled >= 390).all()
    assert found[found.attribute != "name"].p_adjusted.notna().all()


def test_a_group_under_the_minimum_is_not_tested(table, segment):
    small = (segment != "priority") | (segment.groupby(segment).cumcount() < 29)
    found = compare_categories(table[small], segment[small], circular=[])
    assert found[["chi2", "df", "p", "p_adjusted"]].isna().all(axis=None)
    assert found.cramers_v[found.attribute == "plan"].notna().all()
    lower = compare_categories(table[small], segment[small], circular=[], minimum_cell=29)
    assert lower.p[lower.attribute == "plan"].notna().all()


def test_attributes_that_are_no_numbers_and_no_dates_are_described():
    windows = example_dataset().split().test
    members = example_dataset().members_at(windows)
    n = len(members)
    odd = np.arange(n) % 2 == 1
    members = members.assign(level=1.0, whole=pd.Series(1, members.index, dtype="Int64").mask(odd), vip=odd)
    members["maybe"] = pd.Series(True, index=members.index, dtype="boolean").mask(odd)
    members["town"] = np.where(odd, None, "x")
    members["plan"] = pd.Categorical(np.where(odd, "a", "b"))
    table, circular = describe_categories(windows, members)
    assert list(table.columns) == ["town", "plan"] and circular == []
    assert (table.town.isna() == odd).all() and set(table.plan) == {"a", "b"}
    assert describe_categories(windows, None)[0].shape == (n, 0)


def test_a_category_that_entered_a_model_is_circular(prepared):
    frames, n = example_frames(), len(example_dataset().panel.users)
    tier = np.where(np.arange(n) % 3 == 0, "gold", "free")
    frames["members"] = frames["members"].assign(tier=tier, town=tier)
    known = {"known": "arrival"}
    dataset = prepared(frames, features=["tier"], attributes={"tier": known, "town": known})
    windows = dataset.split().test
    table, circular = describe_categories(windows, dataset.members_at(windows))
    assert list(table.columns) == ["tier", "town"] and circular == ["tier"]
