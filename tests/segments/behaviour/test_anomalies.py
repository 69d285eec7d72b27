from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churn.explanation import worded
from churn.segments import AnomalyConfig, beside_list, find_anomalies
from churn.segments.behaviour.departures import departures

pytestmark = pytest.mark.slow

FEATURES = ("own_post", "fan_reply", "away_visit")
BURST, DROP, ERRATIC, NEW = 5, 17, 23, 31


def crowd(seed, *, n=120, days=70, burst=12.0, drop=0.0):
    """Steady users; one doubles and more in the last week, one falls silent, one always comes and goes by the week."""
    rng = np.random.default_rng(seed)
    rates = np.repeat(rng.gamma(4, 0.5, (n, 1, 3)), days, axis=1)
    rates[[BURST, DROP]] = 3
    rates[BURST, -7:, 0], rates[DROP, -7:, 0] = burst, drop
    rates[ERRATIC, :, 0] = np.repeat([0.0, 9, 0, 0, 12, 0, 9, 0, 0, 9], 7)[:days]
    return rng.poisson(rates)


def position(users):
    return [int(user.removeprefix("user")) for user in users]


@pytest.mark.parametrize("seed", range(8))
def test_a_burst_and_a_drop_rank_on_top_and_the_erratic_user_does_not(windows_of, seed):
    found = find_anomalies(windows_of(crowd(seed), FEATURES), AnomalyConfig(), seed=seed)
    table = found.table.assign(place=position(found.table.user_id)).set_index("place")
    assert set(table.index[:2]) == {BURST, DROP}
    assert table.direction[BURST] == "burst" and table.direction[DROP] == "drop"
    assert ERRATIC not in table.index
    assert found.n_examined == 120 and len(table) == found.n_departed <= 10


@pytest.mark.parametrize("seed", range(3))
def test_columns_that_vary_by_chance_hide_nobody(windows_of, seed):
    rng = np.random.default_rng(seed)
    more = rng.poisson(np.repeat(rng.gamma(2, 0.3, (120, 1, 5)), 70, axis=1))
    windows = windows_of(np.concatenate([crowd(seed), more], axis=2), [*FEATURES, *"abcde"])
    found = find_anomalies(windows, AnomalyConfig(), seed=seed)
    assert set(position(found.table.user_id[:2])) == {BURST, DROP}


def test_what_departed_stands_beside_the_own_usual(windows_of):
    days = crowd(0)
    found = find_anomalies(windows_of(days, FEATURES), AnomalyConfig())
    words = worded(found.departures, found.table.user_id, by="user_id")
    told = dict(zip(position(found.table.user_id), words.reason_1, strict=True))
    burst = days[BURST, -7:, 0].sum()
    usual = days[BURST, -63:-7, 0].sum() / 8
    assert told[BURST] == f"own post: {burst} in the last 7 days; usually {usual:.0f} a week"
    assert told[DROP].startswith("own post: none for 7 days; usually ")
    assert words.reason_2[position(found.table.user_id).index(DROP)] == ""


def test_days_from_the_cutoff_on_change_nothing(windows_of):
    days = np.concatenate([crowd(1), np.zeros((120, 7, 3), int)], axis=1)
    later = days.copy()
    later[:, -7:] = 50
    found = [find_anomalies(windows_of(one, FEATURES, cutoff=70), AnomalyConfig()).table for one in (days, later)]
    assert found[0].equals(found[1]) and len(found[0]) >= 2


def test_labels_change_nothing(windows_of):
    windows = windows_of(crowd(2), FEATURES)
    labelled = replace(windows, labels={**windows.labels, "churn": (np.arange(120) % 2).astype(np.int8)})
    first, second = (find_anomalies(one, AnomalyConfig()).table for one in (windows, labelled))
    assert first.equals(second)


def test_a_user_with_under_four_earlier_weeks_is_left_out(windows_of):
    windows = windows_of(crowd(3), FEATURES)
    first = windows.panel.first.copy()
    first[[BURST, DROP]] = 70 - 35, 70 - 34  # five weeks, and a day less
    start = windows.panel.start + first
    windows = replace(windows, panel=replace(windows.panel, first=first, start=start, arrived=first))
    found = departures(windows)
    assert len(found.windows) == 119 and BURST in found.places and DROP not in found.places


def test_of_a_short_past_only_the_known_weeks_count(windows_of):
    days = np.full((40, 70, 1), 3)
    windows = windows_of(days, ("own_post",))
    first = np.full(40, 35, np.int32)
    panel = replace(windows.panel, first=first, start=windows.panel.start + 35, arrived=first)
    assert np.abs(departures(replace(windows, panel=panel)).standardised).max() < 1e-9


def test_a_departure_is_measured_in_standard_deviations_of_the_own_weeks(windows_of):
    days = np.zeros((3, 63, 1), int)
    days[:, ::7, 0] = 9
    days[0, 56, 0] = 36
    found = departures(windows_of(days, ("own_post",)))
    expected = (2 * np.sqrt(36 + 3 / 8) - 2 * np.sqrt(9 + 3 / 8)) / np.sqrt(1 + 1 / 8)
    assert found.standardised[:, 0] == pytest.approx([expected, 0, 0])


def test_where_all_are_quieter_the_one_who_is_not_stands_out(windows_of):
    rng = np.random.default_rng(0)
    rates = np.full((100, 70, 1), 6.0)
    rates[:, -7:] = 1.5
    rates[7, -7:] = 20
    found = find_anomalies(windows_of(rng.poisson(rates), ("own_post",)), AnomalyConfig(number=1))
    assert position(found.table.user_id) == [7] and found.n_departed > 50


def test_no_more_are_listed_than_asked_for(windows_of):
    windows = windows_of(crowd(4), FEATURES)
    assert find_anomalies(windows, AnomalyConfig(number=0)).table.empty
    assert len(find_anomalies(windows, AnomalyConfig(number=1)).table) == 1
    assert find_anomalies(windows, AnomalyConfig(least=99)).table.empty


@pytest.mark.parametrize("users", [1, 2])
def test_of_hardly_any_users_it_does_not_fail(windows_of, users):
    found = find_anomalies(windows_of(np.ones((users, 70, 1), int), ("own_post",)), AnomalyConfig())
    assert found.table.empty and found.n_examined == users and found.departures.empty


def test_a_log_too_short_for_a_past_examines_nobody(windows_of):
    found = find_anomalies(windows_of(np.ones((50, 14, 1), int), ("own_post",)), AnomalyConfig())
    assert (found.n_examined, len(found.table)) == (0, 0)


@pytest.mark.parametrize("key", ["number", "least"])
def test_less_than_nothing_is_refused(refused, key):
    with refused(f"segments.anomalies.{key} of at least 0", "-1", "correct"):
        AnomalyConfig(**{key: -1})


def test_a_user_without_a_score_stays_listed_and_who_is_held_back_is_told():
    scored = pd.DataFrame({"user_id": [7, 8, 9], "p_churn": [0.1, 0.2, 0.3], "segment": ["priority", "other", "other"]})
    scored["group"] = ["control", None, None]
    table = beside_list(pd.DataFrame({"user_id": [9, 7, 5], "score": [0.9, 0.8, 0.7]}), scored)
    assert table.user_id.tolist() == [9, 7, 5]
    assert table.p_churn.isna().tolist() == [False, False, True]
    assert table.held_back.tolist() == [False, True, False]
