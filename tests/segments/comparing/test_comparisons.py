from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from churn.data import FEATURES, WindowConfig, example_dataset, example_frames, slide
from churn.segments import compare, describe, latest_windows, observed_rates
from churn.statistics import rate_interval

COMPARISONS = ["priority vs all others", "priority vs other likely churners"]
THIRD = "loyal earners vs all others"
NUMBERS = ["mean_priority", "t", "df", "p", "p_adjusted", "hedges_g", "low", "high"]


@pytest.fixture(scope="module")
def test_part():
    return example_dataset().split().test


@pytest.fixture(scope="module")
def hand_made(panel_of):
    """Three days of history after four days before; one window per user, at the eighth day."""
    panel = panel_of("12b4.1b.x", "....b1..x", "9.......x", ".o......x")
    windows = slide(panel, WindowConfig(history_days=3, horizon_days=2, at_risk_days=7))
    return windows.take(windows.cutoff == 7)


def groups(n=150, *, seed=0):
    rng = np.random.default_rng(seed)
    segment = pd.Series(np.repeat(["priority", "likely churner", "other"], n // 3))
    table = pd.DataFrame(rng.normal(size=(n, 5)), columns=list("abcde"))
    table["a"] += 2 * (segment == "priority")
    table["b"] *= 1 + 5 * (segment == "priority")
    table.loc[rng.choice(n, 20, replace=False), "c"] = np.nan
    return table, segment


def test_each_user_has_one_window_the_latest(test_part):
    found = test_part.take(latest_windows(test_part))
    last = test_part.table().groupby("user_id").cutoff.max()
    assert found.user_ids.tolist() == last.index.tolist()
    assert found.dates.tolist() == last.tolist()
    assert len(found) < len(test_part)


def test_no_windows_have_no_latest(test_part):
    assert latest_windows(test_part.take(np.empty(0, np.int64))).tolist() == []
    assert latest_windows(test_part.take(np.array([5]))).tolist() == [0]


def test_sums_before_the_history_equal_those_by_hand(hand_made):
    assert hand_made.user_ids.tolist() == ["user0", "user1", "user2"]
    table, _ = describe(hand_made, before_days=4)
    assert table.own_post.tolist() == [2, 2, 0]  # days 4 to 6
    assert table.stickers_received.tolist() == [1, 1, 0]
    assert table.own_post_before.tolist() == [8, 0, 9]  # days 0 to 3
    assert table.stickers_received_before.tolist() == [1, 0, 0]
    assert table.active_days_before.tolist() == [4, 0, 1]
    assert table.days_since_first_seen.tolist() == [7, 3, 7]
    two, _ = describe(hand_made, before_days=2)
    assert two.own_post_before.tolist() == [5, 0, 0]  # days 2 and 3


def test_an_attribute_that_is_called_as_a_feature_stands_beside_it(hand_made):
    members = pd.DataFrame({"user_id": hand_made.user_ids, "own_post": [5, 6, 7], "churn_afterwards": 9, "age": 30})
    plain, _ = describe(hand_made, before_days=4)
    table, circular = describe(hand_made, before_days=4, members=members)
    pd.testing.assert_frame_equal(table[plain.columns], plain)
    beside = ["own_post (member list)", "churn_afterwards (member list)", "age"]
    assert table[beside].iloc[0].tolist() == [5, 9, 30]
    assert not set(beside) & set(circular)


def test_circular_are_the_columns_of_the_history_and_no_others(test_part):
    members = example_dataset().members
    table, circular = describe(test_part, before_days=28, members=members.iloc[test_part.user])
    assert circular == list(test_part.panel.features)
    rest = set(table.columns) - set(circular)
    assert rest == {f"{name}_before" for name in circular} | {
        "active_days_before",
        "days_since_first_seen",
        "days_since_joined",
        *("churn_afterwards", "sticker_afterwards", "active_days_afterwards"),
        *("stickers_received_afterwards", "sticker_amount_afterwards"),
    }
    assert len(table) == len(test_part)
    assert np.array_equal(table[circular].to_numpy(), test_part.history().sum(axis=1, dtype=float))


def test_circular_columns_change_with_the_days_that_the_models_saw_and_the_others_do_not(test_part):
    """The definition itself: what entered the score is what lies in the history."""
    one = test_part.take(latest_windows(test_part)[:1])
    values, amounts = np.array(one.panel.counts), np.array(one.panel.amounts)
    values[one.rows()[one.rows() > 0]] += 1
    amounts[one.rows()[one.rows() > 0]] += 1
    changed = replace(one, panel=replace(one.panel, counts=values, amounts=amounts))
    before, circular = describe(one, before_days=28)
    after, _ = describe(changed, before_days=28)
    moved = [name for name in before.columns if not before[name].equals(after[name])]
    assert moved == circular


def test_what_a_feature_that_looks_back_has_seen_is_circular_too(test_part):
    def circular(*names):
        windows = replace(test_part, derived=tuple(f for f in FEATURES if f.name in names))
        return set(describe(windows, before_days=28, members=example_dataset().members_at(windows))[1])

    history = set(test_part.panel.features)
    before = {f"{name}_before" for name in history} | {"active_days_before"}
    habits = describe(test_part, before_days=28, rhythm=example_dataset().rhythm)[1]
    assert set(habits) == history | {"share_on_weekends"}
    assert circular("weekday") == history | {"weekday_sine", "weekday_cosine", "weekend"}
    assert circular("days_since_activity") == history | {"days_since_activity"} | before
    assert circular("totals") == history | {f"total_{name}" for name in history} | before
    assert circular("tenure") == history | {"tenure", "days_since_first_seen", "days_since_joined"}


@pytest.mark.slow
def test_an_attribute_that_entered_a_model_is_circular_and_others_are_not(prepared):
    frames, n = example_frames(), len(example_dataset().panel.users)
    level = np.where(np.arange(n) % 5 == 0, np.nan, np.arange(n))
    frames["members"] = frames["members"].assign(level=level, rank=level, tier=np.where(level > 9, "a", "b"))
    known = {"known": "arrival"}
    dataset = prepared(frames, features=["level", "tier"], attributes={"level": known, "rank": known, "tier": known})
    windows = dataset.split().test
    table, circular = describe(windows, before_days=28, members=dataset.members_at(windows))
    attributes = {"level", "level_missing", "tier=a", "tier=b"}
    assert set(circular) == {*windows.panel.features, *attributes}
    assert table.level.equals(table["rank"])
    assert table.level.isna().any(), "a null is no zero in a comparison"
    assert np.array_equal(table["tier=a"], level[windows.user] > 9)


def test_derived_features_are_compared_by_their_value_on_the_last_day(test_part):
    windows = replace(test_part, derived=tuple(f for f in FEATURES if f.name in ("tenure", "totals")))
    table, _ = describe(windows, before_days=7)
    assert np.array_equal(table.tenure, windows.history()[:, -1, windows.features.index("tenure")])
    assert (table.total_own_post >= table.own_post).all()


def test_what_happened_afterwards_is_the_label(test_part):
    table, _ = describe(test_part, before_days=7)
    assert (table.churn_afterwards == test_part.answers).all()
    assert (table.sticker_afterwards == test_part.label("sticker")).all()


def test_days_and_stickers_of_the_horizon_are_counted_and_unknown_where_it_is_not_over(hand_made, panel_of):
    table, _ = describe(hand_made, before_days=4)
    assert table.active_days_afterwards.tolist() == [1, 1, 1]
    panel = panel_of("xx.xb.b", "x......")
    windows = slide(panel, WindowConfig(history_days=2, horizon_days=3, at_risk_days=2))
    two, _ = describe(windows, before_days=2)
    first, newest = (two[(windows.user == 0) & (windows.cutoff == day)].iloc[0] for day in (2, 7))
    assert (first.active_days_afterwards, first.stickers_received_afterwards) == (2, 1)
    assert newest.filter(like="_afterwards").isna().all()


def test_hours_are_compared_over_the_history_and_before_it_and_are_not_circular(test_part):
    rhythm = example_dataset().rhythm
    table, circular = describe(test_part, before_days=28, rhythm=rhythm)
    pd.testing.assert_series_equal(
        table.share_at_night_before, rhythm.shares(test_part, first=-35, last=-8).share_at_night, check_names=False
    )
    pd.testing.assert_series_equal(table.share_at_night, rhythm.shares(test_part, first=-7, last=-1).share_at_night)
    assert {"share_at_night", "share_at_night_before", "share_on_weekends_before"} <= set(table) - set(circular)
    assert table.activity_elsewhere.ge(0).all() and "activity_elsewhere" not in circular


@pytest.mark.slow
def test_activity_elsewhere_is_compared_only_where_no_column_counts_it(prepared):
    frames = example_frames()
    user = frames["events"].user_id
    frames["events"]["actor_id"] = frames["events"].actor_id.where(np.arange(len(user)) % 5 > 0, np.roll(user, 1))
    dataset = prepared(frames)
    table, _ = describe(dataset.windows, before_days=7, rhythm=dataset.rhythm)
    assert "away_post" in table and "activity_elsewhere" not in table


def test_members_attributes_are_read_at_each_window(test_part):
    members = example_dataset().members.copy()
    n = len(members)
    members["level"] = np.arange(n)
    odd = np.arange(n) % 2 == 1
    members["whole"] = pd.Series(range(n), dtype="Int64").mask(odd)
    members["vip"] = odd
    members["maybe"] = pd.Series(True, index=members.index, dtype="boolean").mask(odd)
    members["endless"] = np.where(odd, np.inf, 1.0)
    members["seoul"] = pd.Series(pd.Timestamp("2024-01-01", tz="Asia/Seoul"), index=members.index)
    members["never"] = pd.Series(pd.NaT, index=members.index)
    members["town"] = "x"
    table, circular = describe(test_part, before_days=7, members=members.iloc[test_part.user])
    assert (table.level == test_part.user).all()
    missing = odd[test_part.user]
    assert 0 < missing.mean() < 1
    assert (table.vip == missing).all()
    for name in ("whole", "maybe", "endless"):
        assert (table[name].isna() == missing).all()
    joined = members.joined.iloc[test_part.user].dt.tz_localize(None).to_numpy()
    assert (table.days_since_joined == (test_part.dates - joined).days).all()
    begin = pd.Timestamp("2024-01-01") - pd.Timedelta(hours=9)
    assert (table.days_since_seoul == (test_part.dates - begin) / pd.Timedelta(days=1)).all()
    assert table.days_since_never.isna().all()
    assert "town" not in table
    assert not set(circular) & {"level", "vip", "days_since_joined"}


def test_tests_equal_welchs_by_scipy_in_both_comparisons():
    table, segment = groups()
    found = compare(table, segment, circular=["a"]).set_index(["comparison", "feature"])
    for name, outside in zip(COMPARISONS, (segment != "priority", segment == "likely churner"), strict=True):
        for feature in table:
            a, b = table[feature][segment == "priority"].dropna(), table[feature][outside].dropna()
            theirs = stats.ttest_ind(a, b, equal_var=False)
            row = found.loc[(name, feature)]
            assert (row.t, row.df, row.p) == pytest.approx((theirs.statistic, theirs.df, theirs.pvalue), rel=1e-9)
            assert (row.n_priority, row.n_other) == (len(a), len(b))
            assert (row.mean_priority, row.mean_other) == pytest.approx((a.mean(), b.mean()))
            assert row.low < row.hedges_g < row.high


@pytest.mark.slow
def test_holm_adjusts_within_each_comparison():
    table, segment = groups()
    found = compare(table, segment, circular=[])
    assert found.comparison.unique().tolist() == COMPARISONS
    for _, tests in found.groupby("comparison"):
        assert tests.p_adjusted.to_numpy() == pytest.approx(multipletests(tests.p, method="holm")[1])
    assert (found.p_adjusted > found.p).any()


def test_benjamini_and_hochberg_adjust_within_each_comparison_and_less_than_holm():
    table, segment = groups()
    found = compare(table, segment, circular=[])
    for _, tests in found.groupby("comparison"):
        assert tests.p_bh.to_numpy() == pytest.approx(multipletests(tests.p, method="fdr_bh")[1], rel=1e-9)
    assert (found.p_bh <= found.p_adjusted).all() and (found.p_bh < found.p_adjusted).any()


def test_ranks_are_compared_where_a_group_is_skewed_and_nowhere_else():
    table, segment = groups()
    table["heavy"] = np.random.default_rng(1).lognormal(sigma=2, size=len(table))
    table["in_one"] = table["d"].where(np.arange(len(table)) != np.argmax(segment == "likely churner"), 100)
    found = compare(table, segment, circular=[]).set_index(["comparison", "feature"])
    assert set(found.p_rank.dropna().index) == {(name, f) for name in COMPARISONS for f in ("heavy", "in_one")}
    inside = segment == "priority"
    for name, outside in zip(COMPARISONS, (~inside, segment == "likely churner"), strict=True):
        theirs = stats.mannwhitneyu(table.heavy[inside], table.heavy[outside]).pvalue
        assert found.p_rank[name, "heavy"] == pytest.approx(theirs, rel=1e-9)


@pytest.mark.slow
def test_a_finding_is_adjusted_over_the_test_that_is_due_for_each_row_and_welch_s_stays_as_it_was():
    table, segment = groups()
    table["heavy"] = np.random.default_rng(1).lognormal(0.8 * (segment == "priority"), 2, size=len(table))
    found = compare(table, segment, circular=[])
    for _, tests in found.groupby("comparison"):
        due = np.where(tests.p_rank.notna(), tests.p_rank, tests.p)
        assert tests.p_finding.to_numpy() == pytest.approx(multipletests(due, method="holm")[1], rel=1e-9)
        assert tests.p_adjusted.to_numpy() == pytest.approx(multipletests(tests.p, method="holm")[1], rel=1e-9)
    assert (found.p_finding != found.p_adjusted).any()


def test_loyal_earners_are_held_against_all_others():
    table, segment = groups()
    loyal = pd.Series(np.arange(len(table)) % 4 == 1)
    found = compare(table, segment, circular=["a"], loyal=loyal)
    assert found.groupby("comparison", sort=False).group.unique().explode().to_dict() == dict(
        zip([*COMPARISONS, THIRD], ["priority", "priority", "loyal earners"], strict=True)
    )
    row = found.set_index(["comparison", "feature"]).loc[(THIRD, "b")]
    theirs = stats.ttest_ind(table.b[loyal], table.b[~loyal], equal_var=False)
    assert (row.t, row.p) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-9)
    assert (row.n_priority, row.n_other) == (loyal.sum(), (~loyal).sum())
    assert row.mean_priority == pytest.approx(table.b[loyal].mean())


@pytest.mark.parametrize("name", ["priority", "other"])
def test_a_list_of_everyone_or_nobody_is_compared_with_nobody(name):
    table, segment = groups()
    found = compare(table, segment.where(segment == name, name), circular=[], loyal=segment == "none")
    assert found[["t", "p", "p_adjusted", "p_rank", "p_finding", "hedges_g"]].isna().all(axis=None)
    first = found[found.comparison == COMPARISONS[0]]
    assert ((first.n_priority == 0) | (first.n_other == 0)).all() and (first.n_priority + first.n_other > 0).all()


@pytest.mark.parametrize("size", [29, 30])
def test_a_group_under_the_minimum_is_described_and_not_tested(size):
    table, segment = groups()
    table = table.assign(heavy=np.exp(3 * table.e))
    keep = (segment != "likely churner") | (segment.groupby(segment).cumcount() < size)
    found = compare(table[["a", "heavy"]][keep], segment[keep], circular=[], minimum_cell=30).set_index("comparison")
    tests = found[["t", "df", "p", "p_adjusted", "p_bh"]]
    assert tests.loc[COMPARISONS[1]].isna().all(axis=None) == (size < 30)
    assert found.p_rank[COMPARISONS[1]].notna().any() == (size >= 30)
    assert tests.loc[COMPARISONS[0]].notna().all(axis=None)
    assert found[["mean_priority", "mean_other", "hedges_g", "low", "high"]].notna().all(axis=None)


def test_missing_values_count_towards_the_minimum():
    table, segment = groups()
    table.loc[25:, "c"] = np.nan
    found = compare(table, segment, circular=[]).set_index(["comparison", "feature"])
    untested = found.p[found.p.isna()].index
    assert set(untested) == {(name, "c") for name in COMPARISONS}


def test_variables_in_noise_are_seldom_significant_after_adjustment():
    rng, hits = np.random.default_rng(0), 0
    segment = pd.Series(np.repeat(["priority", "other"], [30, 170]))
    for _ in range(15):
        found = compare(pd.DataFrame(rng.normal(size=(200, 30))), segment, circular=[])
        hits += (found.p_adjusted < 0.05).any()
    assert hits <= 3


def test_circular_columns_are_marked_in_both_comparisons():
    table, segment = groups()
    found = compare(table, segment, circular=["a", "d"])
    assert found.groupby("feature").circular.all().to_dict() == {x: x in "ad" for x in "abcde"}


def test_the_columns_are_those_of_the_contract():
    table, segment = groups()
    contract = (
        "comparison feature n_priority n_other mean_priority mean_other t df p p_adjusted p_bh p_rank p_finding "
        "hedges_g low high circular group"
    )
    assert list(compare(table, segment, circular=[]).columns) == contract.split()


@pytest.mark.parametrize("size", [0, 1])
@pytest.mark.parametrize("missing", ["priority", "likely churner"])
def test_a_group_of_under_two_users_has_nulls(size, missing):
    table, segment = groups()
    keep = (segment != missing) | (segment.groupby(segment).cumcount() < size)
    found = compare(table[keep], segment[keep], circular=[]).set_index("comparison").loc[COMPARISONS[1]]
    assert found[NUMBERS[1:]].isna().all(axis=None)
    assert (found["n_priority" if missing == "priority" else "n_other"] <= size).all()


def test_no_users_at_all_have_nulls():
    table, segment = groups()
    found = compare(table.iloc[:0], segment.iloc[:0], circular=[])
    assert len(found) == 10
    assert found[NUMBERS].isna().all(axis=None)


def test_constants_and_missing_columns_have_nulls_and_do_not_count_as_tests():
    table, segment = groups()
    without = compare(table, segment, circular=[])
    found = compare(table.assign(same=0.1, gone=np.nan), segment, circular=[])
    dull = found.feature.isin(["same", "gone"])
    assert found[dull][["t", "p", "p_adjusted", "hedges_g"]].isna().all(axis=None)
    assert found[~dull].p_adjusted.tolist() == pytest.approx(without.p_adjusted.tolist())


def test_described_windows_can_be_compared(test_part):
    windows = test_part.take(latest_windows(test_part))
    table, circular = describe(windows, before_days=28, members=example_dataset().members_at(windows))
    segment = pd.Series(np.where(np.arange(len(windows)) % 3 == 0, "priority", "other"))
    found = compare(table, segment, circular=circular)
    assert len(found) == 2 * table.shape[1]
    all_others = found[found.comparison == COMPARISONS[0]]
    assert (all_others.n_priority + all_others.n_other == len(windows)).all()


def scored(windows, segment):
    """Everyone with the same probabilities, but for the first window."""
    p = np.where(np.arange(len(windows)) == 0, 0.9, 0.3)
    return pd.DataFrame({"segment": segment, "p_churn": p, "p_sticker": p / 3})


def test_observed_rates_are_plain_means_with_their_counts(test_part):
    segment = pd.Series(np.where(test_part.user % 4 == 0, "priority", "other"))
    found = observed_rates(test_part, scored(test_part, segment)).set_index(["segment", "target"])
    for name, inside in (("priority", segment == "priority"), ("other", segment == "other"), ("all", segment != "")):
        for target in ("churn", "sticker"):
            row, y = found.loc[(name, target)], test_part.label(target)[inside]
            assert row.rate == pytest.approx(y.mean())
            assert (row.n, row.n_users) == (len(y), len(np.unique(test_part.user[inside])))
            assert row.low <= row.rate <= row.high
            assert row.forecast == pytest.approx(scored(test_part, segment)[f"p_{target}"][inside].mean())
    interval = rate_interval(test_part.answers, test_part.user)
    assert (found.low["all", "churn"], found.high["all", "churn"]) == pytest.approx((interval.low, interval.high))


def test_an_empty_segment_has_no_rate(test_part):
    found = observed_rates(test_part, scored(test_part, "other")).set_index(["segment", "target"])
    for name in ("priority", "likely churner"):
        assert found.n[name, "churn"] == 0
        assert found.loc[(name, "churn"), ["rate", "low", "high"]].isna().all()


def test_without_stickers_churn_alone_is_observed(test_part):
    plain = replace(test_part, labels={"churn": test_part.answers})
    found = observed_rates(plain, scored(plain, "other"))
    assert set(found.target) == {"churn"}
    assert "sticker_afterwards" not in describe(plain, before_days=7)[0]
