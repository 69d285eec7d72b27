"""Survival and returns: lifelines' numbers, and planted lives."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from churn.data import Dataset, Panel, example_dataset
from churn.eda import Survival, kaplan_meier, retention, returns, survival
from churn.eda.spells import lifetimes, silences

pytestmark = pytest.mark.slow

Acting = Callable[[dict[str, list[int]]], Panel]


def test_the_panel_that_is_drawn_is_the_one_that_is_read(planted: Callable[..., Dataset], acting: Acting) -> None:
    days = {"zoe": [1, 4, 40], "ada": [2], "nobody": [], "ben": [3, 38]}
    read, drawn = planted(days).panel, acting(days)
    assert drawn.users.tolist() == read.users.tolist() and drawn.n_days == read.n_days
    for name in ("first", "last", "start", "arrived", "active"):
        np.testing.assert_array_equal(getattr(drawn, name), getattr(read, name), err_msg=name)
    posts = (panel.counts[:, panel.features.index("own_post")] for panel in (drawn, read))
    np.testing.assert_array_equal(*posts)


@pytest.mark.parametrize("seed", range(5))
def test_kaplan_meier_equals_lifelines(seed: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifelines import KaplanMeierFitter

        rng = np.random.default_rng(seed)
        days, ended = rng.integers(1, 60, 400), rng.random(400) < 0.7
        theirs = KaplanMeierFitter().fit(days, ended)
    ours = kaplan_meier(days, ended)
    np.testing.assert_allclose(ours["survival"], theirs.survival_function_.iloc[1:, 0], atol=1e-12)
    inside = ours["survival"].between(0, 1, inclusive="neither").to_numpy()
    assert inside.sum() > 40
    theirs_inside = theirs.confidence_interval_.iloc[1:][inside]
    np.testing.assert_allclose(ours.loc[inside, ["low", "high"]], theirs_inside, atol=1e-12)
    np.testing.assert_array_equal(ours["at_risk"], theirs.event_table["at_risk"].iloc[1:])


def test_durations_that_nobody_was_seen_to_end_survive() -> None:
    found = kaplan_meier(np.array([3, 5]), np.array([False, False]))
    assert found["survival"].tolist() == [1.0, 1.0]


def test_a_curve_at_1_or_0_has_the_exact_interval_of_those_who_were_watched() -> None:
    days = np.array([2] * 4 + [5] * 6 + [9] * 10)
    stay = kaplan_meier(days, np.zeros(20, bool))
    assert stay["low"].to_numpy() == pytest.approx(0.025 ** (1 / np.array([20, 16, 10])))
    assert stay["high"].tolist() == [1, 1, 1]
    gone = kaplan_meier(days, days > 2).iloc[-1]
    assert (gone["survival"], gone["low"], gone["high"]) == pytest.approx((0, 0, 1 - 0.025 ** (1 / 16)))
    alone = kaplan_meier(np.array([1, 3]), np.array([True, True]))
    assert alone["low"].notna().all()
    one = kaplan_meier(np.array([1, 3]), np.array([False, True])).iloc[-1]
    assert np.isnan([one["low"], one["high"]]).all()


def test_lifetime_runs_from_the_first_active_day_to_the_last_before_a_long_silence(acting: Acting) -> None:
    panel = acting({"a": [1, 4, 40], "b": [2], "c": [3, 38], "z": [0, 44]})
    found = lifetimes(panel, silent_days=14)
    by_user = {panel.users[u]: (d, e) for u, d, e in zip(found.user, found.days, found.ended, strict=True)}
    assert by_user["a"] == (4, True)  # days 1 to 4, then silent until day 40
    assert by_user["b"] == (1, True)
    assert by_user["c"] == (1, True)
    patient = lifetimes(panel, silent_days=36)
    by_user = {panel.users[u]: (d, e) for u, d, e in zip(patient.user, patient.days, patient.ended, strict=True)}
    assert by_user["a"] == (8, False)  # no end could be seen after day 8 of 44
    assert by_user["b"] == (1, True)
    assert by_user["c"] == (6, False)


def test_silences_end_with_a_return_or_with_the_log(acting: Acting) -> None:
    panel = acting({"a": [0, 1, 4], "b": [19]})
    found = silences(panel)
    assert list(zip(found.days.tolist(), found.ended.tolist(), strict=True)) == [(2, True), (15, False)]


@pytest.mark.parametrize("seed", range(3))
def test_planted_return_rate_is_found_within_its_interval(seed: int, acting: Acting) -> None:
    """Users come back on any day with chance .05: 1 − .95^14 of them within 14 days, however long they were silent."""
    rng = np.random.default_rng(seed)
    days = {f"u{i:03}": np.flatnonzero(rng.random(200) < 0.05).tolist() for i in range(300)} | {"whole": [0, 199]}
    found = returns(acting(days), within_days=14, repetitions=100).table.set_index("silent_days")
    truth = 1 - 0.95**14
    assert found.within[[1, 7, 28]].to_numpy() == pytest.approx(truth, abs=0.05)
    inside = (found.low <= truth) & (truth <= found.high)
    assert inside.loc[1:40].mean() > 0.5


def test_share_that_ever_returns_is_at_least_the_share_that_returns_soon() -> None:
    table = returns(example_dataset().panel, within_days=14).table.dropna()
    assert (table["ever"] >= table["within"] - 1e-12).all()
    assert (table["low"] <= table["within"]).all()
    assert (table["within"] <= table["high"]).all()


def test_users_of_the_first_day_are_left_out_of_survival(acting: Acting) -> None:
    panel = acting({"old": [0, 5, 60], "new": [3, 9], "other": [4]})
    assert survival(panel).n_users == 2


def test_nobody_to_follow_is_a_sentence(acting: Acting) -> None:
    panel = acting({"a": [0], "b": [0, 20]})
    found = survival(panel)
    assert "too few" in str(found)
    assert found.figure().layout.annotations[0].text == found.empty
    alone = acting({"a": [0], "b": [0], "c": [19]})
    assert "Nobody was seen to come back" in str(returns(alone))


def test_days_and_samples_that_are_none_are_refused(refused: Any) -> None:
    panel = example_dataset().panel
    with refused("silent_days of at least 1", "0", "give 1 or more"):
        survival(panel, silent_days=0)
    with refused("within_days of at least 1", "0", "give 1 or more"):
        returns(panel, within_days=0)
    with refused("repetitions of at least 2", "1", "give 2 or more"):
        returns(panel, repetitions=1)


def test_returns_of_few_users_are_no_certainty(acting: Acting) -> None:
    """All four users are silent for 5 days and none of them comes back: that may be luck."""
    days = {f"u{number}": [number] for number in range(4)} | {"back": [0, 2, 90]}
    table = returns(acting(days), within_days=7).table.set_index("silent_days")
    assert table.within[5] == 0
    assert (table.low[5], table.high[5]) == pytest.approx((0, 1 - 0.025 ** (1 / 5)))
    assert "0.0% [0.0%, 52.2%] (n = 5, users: 5, few)" in str(returns(acting(days), within_days=7))


def test_silences_that_are_cut_off_tell_nothing_of_a_return(acting: Acting) -> None:
    """Six users are watched for long and stay away; of twenty others it is not known yet."""
    away = {f"u{number}": [10] for number in range(5)} | {f"late{number}": [50] for number in range(20)}
    table = returns(acting(away | {"back": [0, 2, 59]}), within_days=7).table.set_index("silent_days")
    assert (table.within[5], table.users[5]) == (0, 26)
    assert table.high[5] == pytest.approx(1 - 0.025 ** (1 / 6))


def test_intervals_of_returns_are_as_wide_as_users_differ(acting: Acting) -> None:
    """Sixty silences of twenty users: wide where each user is always alike, narrower where chance decides."""
    alike = {f"u{i}": [1, 3, 5, 7] if i % 2 else [1, 20, 40, 60] for i in range(20)}
    mixed = {f"u{i}": [1, 3, 22, 24] if i % 2 else [1, 20, 22, 41] for i in range(20)}
    widths = []
    for days in (alike, mixed):
        closed = {user: [*active, *range(active[-1] + 1, 80)] for user, active in days.items()}
        row = returns(acting(closed | {"whole": [0, 79]}), within_days=5).table.set_index("silent_days").loc[1]
        widths.append(row.high - row.low)
    low, high = (stats.beta.ppf(q, a, b) for q, a, b in ((0.025, 10, 11), (0.975, 11, 10)))  # ten users of twenty
    assert widths[0] > 0.95 * (high - low) > 1.3 * widths[1]


def test_returns_of_one_user_have_no_interval(acting: Acting) -> None:
    found = returns(acting({"a": [0, 2, 5, 9, 19, 40]}), within_days=3)
    assert found.table[["low", "high"]].isna().all(axis=None)
    assert "[" not in str(found)
    assert "after 1: 60.0% (n = 5, users: 1, few)" in str(found)
    assert "of 1 user" in str(found)
    assert "(n = 1 user)" in found.figure().layout.yaxis.title.text
    assert "fewer than 30 users" in found.figure().layout.title.text


@pytest.mark.parametrize("users", [5, 12, 60])
def test_intervals_of_returns_hold_the_planted_share_however_few_users_there_are(users: int, acting: Acting) -> None:
    held = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        days = {f"u{i}": np.flatnonzero(rng.random(90) < 0.05).tolist() or [3] for i in range(users)}
        table = returns(acting(days | {"whole": [0, 89]}), within_days=7, repetitions=60).table
        row = table.set_index("silent_days").loc[3]
        held.append(row.low <= 1 - 0.95**7 <= row.high)
    assert np.mean(held) >= 0.9


def test_silences_that_nobody_watched_on_are_said_to_be_unknown(acting: Acting) -> None:
    found = returns(acting({"a": [0, 2, 5, 9, 19], "b": [1, 4, 8, 18]}))
    assert str(found).splitlines()[-1] == "no silence was watched for so long, so no share is known"
    assert all(str(found).splitlines())


def test_words_have_the_curve_on_days_on_which_nothing_ended(acting: Acting) -> None:
    """Lifetimes of 2, 20 and 40 days: on day 7 the curve is where day 2 left it."""
    days = {"a": [1, 2], "b": list(range(1, 21)), "c": list(range(1, 41)), "old": [0, 99]}
    found = survival(acting(days), silent_days=14)
    told = str(found).splitlines()[-1].split("; ")
    assert [words[: words.index("%") + 1] for words in told] == [
        "day 1: 100.0%",
        "day 3: 66.7%",
        "day 7: 66.7%",
        "day 14: 66.7%",
        "day 28: 33.3%",
    ]
    assert "day 1: 100.0% [29.2%, 100.0%] (n = 3, few)" in told
    assert "[" in told[2]
    assert "nan" not in str(found)


def test_users_whom_a_list_has_join_on_the_first_day_are_followed(acting: Acting) -> None:
    panel = acting({"old": [0, 5, 60], "new": [3, 9], "other": [4]})
    listed = replace(panel, listed=np.array([False, True, False]) | (panel.users == "old"))
    assert survival(panel).n_users == 2
    assert survival(listed).n_users == 3


@pytest.mark.parametrize("seed", range(2))
def test_planted_hazard_of_leaving_is_found(seed: int, acting: Acting) -> None:
    """Users are active every day and leave with chance .02 a day, whenever they came: .98^(d + 1) outlast day d."""
    rng = np.random.default_rng(seed)
    begin, life = rng.integers(1, 90, 1500), rng.geometric(0.02, 1500)
    days = {f"u{i}": list(range(b, min(b + n, 120))) for i, (b, n) in enumerate(zip(begin, life, strict=True))}
    found = survival(acting(days | {"whole": [0, 119]}), silent_days=28).table.set_index("day")
    for day in (7, 28, 56):
        assert found.low[day] - 0.02 <= 0.98**day <= found.high[day] + 0.02


def test_users_who_joined_before_the_log_are_left_out_of_survival() -> None:
    panel = example_dataset().panel
    joined = np.where(np.arange(len(panel.users)) < 40, -30, panel.first).astype(np.int32)
    whole, fewer = (survival(replace(panel, arrived=a), silent_days=14) for a in (panel.first, joined))
    assert fewer.n_users < whole.n_users


def test_returns_of_silences_that_the_log_cuts_off_are_not_counted_as_staying_away(acting: Acting) -> None:
    """On a log of 30 days most silences are cut off; still 1 − .9^7 of the users come back within 7 days."""
    found = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        days = {f"u{i:03}": np.flatnonzero(rng.random(30) < 0.1).tolist() for i in range(400)} | {"whole": [0, 29]}
        table = returns(acting(days), within_days=7, repetitions=5).table
        found.append(table.set_index("silent_days").within[[1, 3, 7]])
    assert np.mean(found) == pytest.approx(1 - 0.9**7, abs=0.02)


def test_short_silences_have_a_curve_as_far_as_they_were_watched(acting: Acting) -> None:
    found = returns(acting({"a": [0, 2, 5, 9, 19], "b": [1, 4, 8, 18]}))
    assert found.table["within"].isna().all()
    str(found)
    found.figure()


def test_a_curve_is_drawn_as_far_as_ten_users_are_left_and_says_where_they_are_few() -> None:
    rng = np.random.default_rng(0)
    curve = kaplan_meier(rng.geometric(0.1, 200), np.ones(200, bool))
    found = Survival(curve, None, 28, 200, 200, 0).figure()
    last = curve[curve["day"].isin(found.data[-1].x)].iloc[-1]
    assert 10 <= last["at_risk"] < 30
    assert "fewer than 30 users at the end of the curve" in found.layout.title.text
    many = kaplan_meier(rng.integers(1, 4, 3000), rng.random(3000) < 0.5)
    assert not Survival(many, None, 28, 3000, 1500, 0).figure().layout.title.text


def test_days_on_which_nobody_was_active_are_said(acting: Acting) -> None:
    days = {name: [*range(start, 30), *range(80, 110)] for start, name in enumerate("abcdef")}
    panel = acting(days)
    for view in (survival(panel), returns(panel), retention(panel)):
        assert "nobody was active on 50 days" in str(view)
    assert "nobody was active" not in str(survival(acting({"a": list(range(30)), "b": [1, 29], "c": [2]})))


def test_half_are_gone_between_two_days_as_in_lifelines() -> None:
    rng = np.random.default_rng(1)
    days, ended = rng.geometric(0.08, 90), rng.random(90) < 0.8
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifelines import KaplanMeierFitter
        from lifelines.utils import median_survival_times

        peer = KaplanMeierFitter().fit(days, ended)
        between = median_survival_times(peer.confidence_interval_)
    found = Survival(kaplan_meier(days, ended), None, 28, 90, int(ended.sum()), 0)
    assert found.median == peer.median_survival_time_
    assert found.median_interval == tuple(between.to_numpy()[0])
    assert "half are gone by day " in str(found)
    assert f"[{found.median_interval[0]:.0f}, {found.median_interval[1]:.0f}]" in str(found)
