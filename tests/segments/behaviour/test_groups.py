from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from churn.language import speaking
from churn.segments import GroupConfig, enough_to_group, find_groups, group_columns, group_names, group_table
from churn.statistics import rate_interval

pytestmark = pytest.mark.slow

FEATURES = ("own_post", "fan_reply", "away_visit", "stickers_received", "sticker_amount")
KINDS = np.array([[4, 0.3, 0.3, 0.3, 0], [0.3, 4, 0.3, 0.3, 0], [0.3, 0.3, 4, 2, 0]])
THREE = GroupConfig(max=3)


@pytest.fixture(scope="module")
def planted(windows_of):
    """Two hundred users of three kinds, most of the second and fewest of the third, over three weeks."""
    rng = np.random.default_rng(0)
    kind = np.repeat([0, 1, 2], [60, 100, 40])
    days = rng.poisson(KINDS[kind][:, None], (200, 21, 5))
    days[:, :, 4] = 3 * days[:, :, 3]
    return windows_of(days, FEATURES), kind, days


@pytest.fixture(scope="module")
def groups(planted):
    return find_groups(planted[0], THREE)


def test_planted_kinds_become_groups_the_largest_first(planted, groups):
    windows, kind, _ = planted
    found = groups.assign(windows)
    assert adjusted_rand_score(kind, found) > 0.9
    sizes = np.bincount(found)[1:]
    assert len(sizes) == 3 and (np.diff(sizes) <= 0).all()


def test_days_from_the_cutoff_on_change_nothing(planted, groups, windows_of):
    _, _, days = planted
    later = days.copy()
    later[:, 14:] = 99
    before, after = (windows_of(one, FEATURES, cutoff=14) for one in (days, later))
    assert (groups.assign(before) == groups.assign(after)).all()
    first, second = (find_groups(one, THREE).search.table for one in (before, after))
    assert first.equals(second)


def test_labels_change_nothing(planted, groups):
    windows, _, _ = planted
    labelled = replace(windows, labels={**windows.labels, "churn": (np.arange(len(windows)) % 2).astype(np.int8)})
    assert find_groups(labelled, THREE).search.table.equals(groups.search.table)


def test_amounts_and_what_does_not_vary_are_left_out(groups, windows_of):
    assert groups.features == FEATURES[:4]
    still = windows_of(np.ones((70, 7, 2)), ("own_post", "fan_reply"))
    assert find_groups(still, THREE).features == ()


@pytest.mark.parametrize("users", [1, 2, 70])
def test_one_user_or_all_alike_are_no_groups(windows_of, users):
    windows = windows_of(np.ones((users, 7, 2)), ("own_post", "fan_reply"))
    found = find_groups(windows, GroupConfig())
    assert len(found) == 1 and found.assign(windows).tolist() == [1] * users
    columns = group_columns(found, windows)
    assert columns.empty and group_names(columns) == {}


def test_what_sets_a_group_apart_is_its_name(planted, groups):
    windows, _, days = planted
    columns = group_columns(groups, windows)
    names = group_names(columns)
    assert names[1].startswith("high fan reply") and "high own post" in names[2]
    assert "high visit elsewhere" in names[3] and "high stickers received" in names[3]
    row = columns[(columns.group == 2) & (columns.feature == "own_post")].iloc[0]
    inside, totals = groups.assign(windows) == 2, days[:, 14:, 0].sum(axis=1)
    assert row["mean"] == pytest.approx(totals[inside].mean()) and row.mean_all == pytest.approx(totals.mean())
    logs = np.log1p(totals)
    assert row.difference == pytest.approx((logs[inside].mean() - logs.mean()) / logs.std())
    assert row.n == inside.sum()


def columns_of(*groups):
    rows = [(number, name, d) for number, group in enumerate(groups, 1) for name, d in group.items()]
    return pd.DataFrame(rows, columns=["group", "feature", "difference"])


def test_names_are_unique_even_of_groups_that_are_alike():
    same = {"own_post": 1.0, "fan_reply": -0.1}
    names = group_names(columns_of(same, same | {"fan_reply": -0.2}, same, same))
    assert names[1] == "high own post" and names[2] == "high own post, low fan reply"
    assert len(set(names.values())) == 4
    average = group_names(columns_of({"own_post": 0.1}, {"own_post": 0.1}, {"own_post": 0.1}))
    assert average[1] == "like the average" and len(set(average.values())) == 3


def test_a_group_that_is_low_throughout_is_called_so():
    low = {"own_post": -0.5, "fan_reply": -0.9, "away_visit": -0.4, "stickers_received": 0.1}
    assert group_names(columns_of(low))[1].startswith("low in nearly everything, most of all fan reply, own post")
    mixed = group_names(columns_of(low | {"stickers_received": 0.5}))
    assert mixed[1] == "high stickers received, low fan reply, low own post"


def test_the_table_counts_the_list_and_what_happened(planted, groups):
    windows, _, _ = planted
    group = np.array([1, 1, 1, 2])
    scored = pd.DataFrame({"p_churn": [0.2, 0.4, 0.6, 0.9], "segment": ["priority", "other", "priority", "other"]})
    churn = (np.arange(len(windows)) % 3 == 0).astype(np.int8)
    test, of_test = replace(windows, labels={**windows.labels, "churn": churn}), groups.assign(windows)
    table = group_table(3, scored, group, test=test, of_test=of_test).set_index("group")
    assert table.n.tolist() == [3, 1, 0] and table.share.tolist() == [0.75, 0.25, 0]
    assert table.p_churn.tolist()[:2] == pytest.approx([0.4, 0.9]) and np.isnan(table.p_churn[3])
    assert table.n_listed.tolist() == [2, 0, 0] and table.expected_listed.tolist() == [1.5, 0.5, 0]
    inside = of_test == 2
    rate = rate_interval(churn[inside], test.user[inside])
    assert (table.churn[2], table.churn_low[2], table.churn_high[2]) == (rate.value, rate.low, rate.high)
    assert table.n_users[2] == inside.sum() and table.sticker.isna().all()


def test_without_groups_the_table_has_its_columns_alone(planted):
    windows, _, _ = planted
    scored = pd.DataFrame({"p_churn": [0.2], "segment": ["priority"]})
    table = group_table(1, scored, np.ones(1, int), test=windows, of_test=np.ones(len(windows), int))
    assert table.empty and "expected_listed" in table


def test_under_one_group_is_refused(refused):
    with refused("segments.groups.max of at least 1", "0", "correct"):
        GroupConfig(max=0)


def test_names_are_composed_in_the_language_spoken():
    low = {"own_post": -1.0, "fan_reply": -1.2, "away_visit": -0.8, "stickers_received": -0.6}
    with speaking("ko"):
        assert group_names(columns_of({"own_post": 1.0, "fan_reply": -1.0}))[1] == "본인 post 많음, 팬 reply 적음"
        assert group_names(columns_of(low))[1] == "거의 모든 것이 적음, 특히 팬 reply, 본인 post, 다른 방 visit"
        assert group_names(columns_of({"own_post": 0.1}))[1] == "평균과 비슷함"


@pytest.mark.parametrize(("n", "from_newest"), [(299, False), (300, True)])
def test_groups_are_learnt_from_the_newest_day_where_it_has_users_enough(windows_of, n, from_newest):
    newest, earlier = (windows_of(np.ones((n, 14, 1)), ("own_post",), cutoff=cutoff) for cutoff in (14, 7))
    assert (enough_to_group(newest, earlier) is newest) == from_newest


def test_earlier_days_give_one_window_of_each_user_at_random(windows_of):
    days = [windows_of(np.ones((40, 14, 1)), ("own_post",), cutoff=cutoff) for cutoff in range(7, 15)]
    user, cutoff = (np.concatenate([getattr(one, name) for one in days]) for name in ("user", "cutoff"))
    order, churn = np.lexsort((cutoff, user)), np.zeros(len(user), np.int8)
    earlier = replace(days[0], user=user[order], cutoff=cutoff[order], labels={"churn": churn})
    found = enough_to_group(days[0], earlier, seed=1)
    assert found.user.tolist() == list(range(40))
    assert len(np.unique(found.cutoff)) > 4 and found.cutoff.mean() < 12
    assert (enough_to_group(days[0], earlier, seed=2).cutoff != found.cutoff).any()
