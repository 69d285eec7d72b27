from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from churn.data import (
    PARTS,
    SplitConfig,
    WindowConfig,
    rolling_origins,
    slide,
    split_windows,
    training_users,
    user_share,
)
from churn.data.splits.splitting import days_needed
from churn.errors import UserError

from .calendars import KINDS, calendars, lacks_a_class, pairs, reference

pytestmark = pytest.mark.slow

CONFIG = WindowConfig(history_days=3, horizon_days=4, at_risk_days=3)
DATED = SplitConfig(val_from="2024-02-01", test_from="2024-02-20")


@pytest.fixture(scope="module")
def windows(panel_of):
    """60 users over 80 days, from 2024-01-01 to 2024-03-20."""
    signs = np.random.default_rng(0).choice(list("......xxbo"), (60, 80))
    return slide(panel_of(*("".join(row) for row in signs)), CONFIG)


@pytest.fixture(scope="module")
def split(windows):
    return split_windows(windows, DATED)


def with_stickers(windows, received):
    return replace(windows, labels={**windows.labels, "sticker": received})


def span(part):
    return str(part.dates.min().date()), str(part.dates.max().date())


# By time ------------------------------------------------------------------------------------------


def test_last_horizon_of_each_part_ends_where_the_next_part_begins(split):
    assert span(split.train) == ("2024-01-04", "2024-01-28")  # + 4 days = 2024-02-01
    assert span(split.val) == ("2024-02-01", "2024-02-16")
    assert span(split.test) == ("2024-02-20", "2024-03-17")
    assert span(split.score) == ("2024-03-18", "2024-03-21")


def test_parts_and_the_gaps_between_them_are_all_windows(windows, split):
    gaps = pd.date_range("2024-01-29", "2024-01-31").union(pd.date_range("2024-02-17", "2024-02-19"))
    in_parts = sum(len(split.part(name)) for name in ("train", "val", "test", "score"))
    assert in_parts + windows.dates.isin(gaps).sum() == len(windows)


def test_windows_whose_horizon_is_not_over_are_only_scored(split):
    assert set(split.score.answers.tolist()) == {-1}
    for name in ("train", "val", "test"):
        assert set(split.part(name).answers.tolist()) == {0, 1}


def test_embargo_keeps_further_days_between_the_parts(windows):
    found = split_windows(windows, replace(DATED, embargo_days=5))
    assert span(found.train) == ("2024-01-04", "2024-01-23")
    assert span(found.val) == ("2024-02-01", "2024-02-11")
    assert span(found.test) == ("2024-02-20", "2024-03-17")


def test_shares_of_the_labelled_days_are_taken_from_the_end_where_no_date_is_given(windows):
    found = split_windows(windows, SplitConfig(val_share=0.2, test_share=0.1))  # of 74 labelled days
    assert span(found.test) == ("2024-03-11", "2024-03-17")
    assert found.val.dates.min() == pd.Timestamp("2024-02-25")


def test_dates_may_be_written_as_their_midnights(windows, split):
    found = split_windows(windows, SplitConfig(val_from="2024-02-01 00:00:00", test_from="2024-02-20T00:00"))
    assert found.table().equals(split.table())


# By user, by user and time, at random ------------------------------------------------------------------


def test_a_split_by_user_holds_each_user_s_windows_of_all_days_in_one_part(windows):
    found = split_windows(windows, SplitConfig(kind="user", val_share=0.2, test_share=0.3))
    users = [set(found.part(name).user_ids) for name in ("train", "val", "test")]
    assert sum(map(len, users)) == len(set.union(*users)) == 60
    assert sum(len(found.part(name)) for name in ("train", "val", "test", "score")) == len(windows)
    for name in ("train", "val", "test"):
        assert span(found.part(name)) == ("2024-01-04", "2024-03-17")


def test_a_split_by_user_and_time_takes_the_common_windows_of_both(windows):
    config = replace(DATED, kind="user_time", val_share=0.2, test_share=0.3)
    found, by_time = split_windows(windows, config), split_windows(windows, DATED)
    by_user = split_windows(windows, SplitConfig(kind="user", val_share=0.2, test_share=0.3))
    for name in ("train", "val", "test"):
        assert pairs(found.part(name)) == pairs(by_time.part(name)) & pairs(by_user.part(name))
    assert 0 < len(found.test) < len(by_time.test)


def test_a_user_is_in_the_same_part_whoever_else_is_there(windows):
    config, users = SplitConfig(kind="user_time"), windows.panel.users
    assert np.array_equal(training_users(users[5:9], config), training_users(users, config)[5:9])
    assert set(split_windows(windows, replace(DATED, kind="user_time")).train.user_ids) <= set(
        users[training_users(users, config)]
    )


def test_parts_by_user_stay_as_they_are_from_version_to_version():
    share = user_share(pd.Index(["ada", "ben", "cleo", "dora"]), purpose="parts")
    assert share.round(6).tolist() == [0.263636, 0.172249, 0.490767, 0.061657]


def test_a_split_at_random_is_drawn_by_its_seed(windows):
    one, same, other = (split_windows(windows, SplitConfig(kind="random", seed=seed)) for seed in (1, 1, 2))
    assert one.table().equals(same.table())
    assert pairs(one.test) != pairs(other.test)
    known = (windows.answers >= 0).sum()
    assert abs(len(one.val) / known - 0.15) < 0.03
    assert abs(len(one.test) / known - 0.15) < 0.03
    assert set(one.train.user_ids) & set(one.test.user_ids)


@pytest.mark.parametrize("kind", KINDS)
def test_everyone_is_scored_whatever_the_kind(windows, kind):
    assert pairs(split_windows(windows, SplitConfig(kind=kind)).score) == pairs(windows.take(windows.answers < 0))


# Rolling origins ------------------------------------------------------------------------------------


def test_folds_move_back_by_the_length_of_the_test_part_and_the_last_is_the_split(windows):
    config = SplitConfig(val_from="2024-02-26", test_from="2024-03-05", folds=3)  # 13 test days
    folds = rolling_origins(windows, config)
    assert [span(fold.test) for fold in folds] == [
        ("2024-02-08", "2024-02-20"),
        ("2024-02-21", "2024-03-04"),
        ("2024-03-05", "2024-03-17"),
    ]
    assert [span(fold.val) for fold in folds] == [
        ("2024-01-31", "2024-02-04"),
        ("2024-02-13", "2024-02-17"),
        ("2024-02-26", "2024-03-01"),
    ]
    assert [span(fold.train) for fold in folds] == [
        ("2024-01-04", "2024-01-27"),
        ("2024-01-04", "2024-02-09"),
        ("2024-01-04", "2024-02-22"),
    ]
    assert folds[-1].table().equals(split_windows(windows, config).table())


def test_more_folds_than_the_log_has_days_for_are_refused_with_how_many_fit(windows, refused):
    config = SplitConfig(val_from="2024-02-26", test_from="2024-03-05", folds=6)
    with refused("split.folds of at most 5, as a test part has 13 days and 53 lie before 2024-02-26", "6", "lower it"):
        rolling_origins(windows, config)
    with refused("churn in train of fold 1 of 5", "0 windows", "load more days"):  # 2024-01-05 is too early to train
        rolling_origins(windows, replace(config, folds=5))


# All of it, on random calendars ------------------------------------------------------------------------


@given(calendars())
@settings(max_examples=800, deadline=None)
def test_every_split_of_every_kind_is_that_of_the_obvious_reference(found):
    windows, config = found
    expected = reference(windows, config)
    try:
        folds = rolling_origins(windows, config)
    except UserError as error:
        says = error.expected
        if "labelled windows" in says or "days of events" in says:
            assert (windows.answers < 0).all()
        elif "both classes" in says:
            assert any(lacks_a_class(windows, fold) for fold in expected)
        else:
            assert expected is None
        return
    assert [[pairs(fold.part(name)) for name in ("train", "val", "test")] for fold in folds] == [
        list(fold) for fold in expected
    ]
    assert not any(lacks_a_class(windows, fold) for fold in expected)
    for fold in folds:
        assert pairs(fold.score) == pairs(windows.take(windows.answers < 0))
        assert (fold.kind, fold.embargo_days) == (config.kind, config.embargo_days)


@given(calendars(["time", "user", "user_time"]))
@settings(max_examples=400, deadline=None)
def test_no_day_of_an_outcome_is_seen_by_an_earlier_part(found):
    windows, config = found
    try:
        folds = rolling_origins(windows, config)
    except UserError:
        return
    for fold in folds:
        for earlier, later in (("train", "val"), ("val", "test"), ("train", "test")):
            before, after = pairs(fold.part(earlier)), pairs(fold.part(later))
            outcomes = days_of(after, 0, windows.horizon_days)
            assert not days_of(before, -windows.history_days, windows.horizon_days + config.embargo_days) & outcomes
            if config.by_user:
                assert not {user for user, _ in before} & {user for user, _ in after}
            if config.by_time:  # not even another user's
                reach = {day for _, day in days_of(before, -windows.history_days, windows.horizon_days)}
                assert not reach & {day for _, day in outcomes}


def days_of(pairs, first, end):
    return {(user, cutoff + day) for user, cutoff in pairs for day in range(first, end)}


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("val_from", "test_from"),
    [
        pytest.param("2024-02-20", "2024-02-01", id="out of order"),
        pytest.param("2024-02-01", "2024-02-01", id="the same"),
        pytest.param("2023-06-01", "2024-02-01", id="before the log"),
        pytest.param("2024-02-01", "2024-03-18", id="after the last label"),
    ],
)
def test_dates_out_of_order_are_refused_with_the_days_that_there_are(windows, refused, val_from, test_from):
    expected = "2024-01-04 < data.split.val_from < data.split.test_from <= 2024-03-17"
    expected = "data.split.val_from < data.split.test_from" if val_from >= test_from else expected
    with refused(expected, f"{val_from} and {test_from}", "move the"):
        split_windows(windows, SplitConfig(val_from=val_from, test_from=test_from))


@pytest.mark.parametrize(
    "text", ["soon", "2024-02-30", "NaT", "", "03/04/2024", "2024-03-01x", "20240301T05", "2024-02-01 13:00:00"]
)
def test_a_date_that_is_none_is_refused(windows, refused, text):
    with refused("a date for data.split.val_from", repr(text), "2024-03-01"):
        split_windows(windows, SplitConfig(val_from=text, test_from="2024-02-20"))


def test_a_part_with_one_class_is_refused_with_the_target(windows, refused):
    churn = np.where(windows.dates >= "2024-02-20", np.minimum(windows.answers, 0), windows.answers)
    with refused("both classes of churn in test", "windows of class 0", "move the split's dates"):
        split_windows(replace(windows, labels={**windows.labels, "churn": churn}), DATED)
    lonely = with_stickers(windows, np.where(windows.dates < "2024-02-01", 0, windows.label("sticker")))
    with refused("both classes of sticker in train", "windows of class 0", "leave the target's table out"):
        split_windows(lonely, DATED)


def test_a_validation_half_with_one_class_is_refused(windows, refused):
    half_b = user_share(windows.panel.users)[windows.user] >= 0.5
    in_val = (windows.dates >= "2024-02-01") & (windows.dates < "2024-02-20")
    with refused("both classes of sticker in val", "windows of class 1", "load more days"):
        split_windows(with_stickers(windows, np.where(half_b & in_val, 1, windows.label("sticker"))), DATED)


def test_a_part_without_windows_is_refused(windows, refused):
    nobody = windows.take((windows.dates < "2024-02-01") | (windows.dates >= "2024-02-20"))
    with refused("both classes of churn in val", "0 windows of class none", "load more days"):
        split_windows(nobody, DATED)


def test_windows_without_any_label_are_refused(windows, refused):
    with refused("labelled windows", "none", "activity_events"):
        split_windows(windows.take(windows.answers < 0), DATED)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"kind": "weekday"}, "split.kind out of time, user, user_time, random"),
        ({"val_share": 0.0}, "split.val_share between 0 and 1"),
        ({"test_share": 1.5}, "split.test_share between 0 and 1"),
        ({"val_share": 0.4, "test_share": 0.6}, "data.split.val_share + data.split.test_share below 1"),
        ({"embargo_days": -1}, "split.embargo_days of at least 0"),
        ({"folds": 0}, "split.folds of at least 1"),
        ({"seed": -1}, "split.seed of at least 0"),
        ({"val_from": "2024-03-02", "test_from": "2024-03-01"}, "data.split.val_from < data.split.test_from"),
        ({"test_from": "tomorrow"}, "a date for data.split.test_from"),
        ({"kind": "user", "test_from": "2024-03-01"}, "no data.split.test_from with data.split.kind user"),
        ({"kind": "random", "val_from": "2024-03-01"}, "no data.split.val_from with data.split.kind random"),
        ({"kind": "user", "embargo_days": 2}, "no data.split.embargo_days with data.split.kind user"),
        ({"kind": "random", "folds": 2}, "no data.split.folds with data.split.kind random"),
    ],
    ids=str,
)
def test_a_split_that_there_is_not_is_refused(wrong, expected):
    with pytest.raises(UserError) as caught:
        SplitConfig(**wrong)
    assert expected in caught.value.expected


def test_an_embargo_keeps_the_vocabulary_from_its_days_too(prepared):
    days = pd.date_range("2024-01-01", periods=40)
    kinds = ["post"] * 22 + ["quiz"] + ["post"] * 17  # on 23 January, within the embargo before the 26th
    whole = pd.DataFrame({"timestamp": days, "event": kinds})
    log = pd.concat([whole.assign(user_id=f"u{i}")[(whole.index * 7 + i) % 5 < 3] for i in range(30)])
    for embargo, features in ((0, ("own_post", "own_quiz")), (4, ("own_post",))):
        split = SplitConfig(val_from="2024-01-26", test_from="2024-02-04", embargo_days=embargo)
        found = prepared({"events": log}, windows=WindowConfig(2, 1, at_risk_days=2), split=split)
        assert found.panel.features == features


@pytest.mark.parametrize("config", [SplitConfig(), SplitConfig(embargo_days=3), SplitConfig(folds=2)], ids=str)
def test_the_fewest_days_of_a_split_are_those_from_which_every_part_has_windows(panel_of, config):
    needed = days_needed(config, begin=7, reach_days=7)
    for n_days in (needed - 1, needed):
        windows = slide(panel_of(*["x" * n_days] * 40), WindowConfig())
        every = replace(windows, labels={"churn": np.where(windows.answers < 0, -1, windows.user % 2)})
        if n_days == needed:
            assert min(len(fold.part(name)) for fold in rolling_origins(every, config) for name in PARTS) == 40
        else:
            with pytest.raises(UserError):
                rolling_origins(every, config)


def test_a_log_may_be_longer_than_a_difference_of_moments():
    first, last = pd.Timestamp("1900-01-01"), pd.Timestamp("2199-12-31")
    val, test = SplitConfig().boundaries(first, last)
    assert (val.year, test.year) == (2110, 2155)
    assert SplitConfig().origins(first, last)[0].test_from == test
