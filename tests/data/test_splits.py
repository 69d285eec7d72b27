from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churn.data import Split, SplitConfig, WindowConfig, slide, split_windows, user_share
from churn.errors import LeakageError, UserError

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
    assert set(split.score.churn.tolist()) == {-1}
    for name in ("train", "val", "test"):
        assert set(split.part(name).churn.tolist()) == {0, 1}


def test_embargo_keeps_further_days_between_the_parts(windows):
    found = split_windows(windows, replace(DATED, embargo_days=5))
    assert span(found.train) == ("2024-01-04", "2024-01-23")
    assert span(found.val) == ("2024-02-01", "2024-02-11")
    assert span(found.test) == ("2024-02-20", "2024-03-17")


def test_shares_of_the_labelled_days_are_taken_from_the_end_where_no_date_is_given(windows):
    found = split_windows(windows, SplitConfig(val_share=0.2, test_share=0.1))  # of 74 labelled days
    assert span(found.test) == ("2024-03-11", "2024-03-17")
    assert found.val.dates.min() == pd.Timestamp("2024-02-25")


def test_dates_may_carry_a_time_of_day_which_is_dropped(windows, split):
    found = split_windows(windows, SplitConfig(val_from="2024-02-01 13:00:00", test_from="2024-02-20T23:00+09:00"))
    assert found.table().equals(split.table())


# Splits that cannot be ------------------------------------------------------------------------------


def parts(windows, *, train="2024-01-28", val=("2024-02-01", "2024-02-16"), test="2024-02-20"):
    known, dates = windows.churn >= 0, windows.dates
    return {
        "train": windows.take(known & (dates <= train)),
        "val": windows.take(known & (dates >= val[0]) & (dates <= val[1])),
        "test": windows.take(known & (dates >= test)),
        "score": windows.take(~known),
    }


def test_a_training_horizon_that_runs_into_validation_is_a_leak(windows):
    Split(**parts(windows))
    with pytest.raises(LeakageError, match=r"every train horizon to end .* \(2024-02-01\), got one .* 2024-01-29"):
        Split(**parts(windows, train="2024-01-29"))


def test_a_validation_horizon_that_runs_into_the_test_part_is_a_leak(windows):
    with pytest.raises(LeakageError, match="every val horizon"):
        Split(**parts(windows, val=("2024-02-01", "2024-02-17")))


def test_a_training_horizon_that_runs_into_the_test_part_is_a_leak_even_without_validation(windows):
    empty = {"val": windows.take(np.zeros(len(windows), bool))}
    Split(**parts(windows, train="2024-02-16") | empty)
    with pytest.raises(LeakageError, match=r"every train horizon .* first test cutoff"):
        Split(**parts(windows, train="2024-02-17") | empty)


def test_days_that_the_embargo_forbids_are_a_leak(windows):
    with pytest.raises(LeakageError, match="end 1 days before"):
        Split(**parts(windows), embargo_days=1)


def test_an_embargo_cannot_be_negative(windows, refused):
    with refused("split.embargo_days of at least 0", "-4", "raise it"):
        SplitConfig(embargo_days=-4)
    with pytest.raises(LeakageError, match="-4"):
        Split(**parts(windows, train="2024-01-31"), embargo_days=-4)


@pytest.mark.parametrize("name", ["train", "val", "test"])
def test_a_part_with_windows_that_have_no_label_is_a_leak(windows, name):
    whole = parts(windows)
    unknown = replace(whole[name], churn=np.full(len(whole[name]), -1, np.int8))
    with pytest.raises(LeakageError, match=f"every window of {name}"):
        Split(**whole | {name: unknown})


def test_parts_drawn_at_random_are_a_leak(windows):
    known = windows.take(windows.churn >= 0)
    share = np.random.default_rng(0).uniform(size=len(known))
    with pytest.raises(LeakageError):
        Split(
            train=known.take(share < 0.6),
            val=known.take((share >= 0.6) & (share < 0.8)),
            test=known.take(share >= 0.8),
            score=windows.take(windows.churn < 0),
        )


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
    expected = "2024-01-04 < split.val_from < split.test_from <= 2024-03-17"
    with refused(expected, f"{val_from} and {test_from}", "move the"):
        split_windows(windows, SplitConfig(val_from=val_from, test_from=test_from))


@pytest.mark.parametrize("text", ["soon", "2024-02-30", "NaT", ""])
def test_a_date_that_is_none_is_refused(windows, refused, text):
    with refused("a date in split.val_from", repr(text), "2024-03-01"):
        split_windows(windows, SplitConfig(val_from=text, test_from="2024-02-20"))


def test_a_part_with_one_class_is_refused_with_the_target(windows, refused):
    churn = np.where(windows.dates >= "2024-02-20", np.minimum(windows.churn, 0), windows.churn)
    with refused("both classes of churn in test", "windows of class 0", "move the split's dates"):
        split_windows(replace(windows, churn=churn), DATED)
    lonely = replace(windows, sticker=np.where(windows.dates < "2024-02-01", 0, windows.sticker))
    with refused("both classes of sticker in train", "windows of class 0", "leave the target's table out"):
        split_windows(lonely, DATED)


def test_a_validation_half_with_one_class_is_refused(windows, refused):
    half_b = user_share(windows.panel.users)[windows.user] >= 0.5
    in_val = (windows.dates >= "2024-02-01") & (windows.dates < "2024-02-20")
    with refused("both classes of sticker in val", "windows of class 1", "load more days"):
        split_windows(replace(windows, sticker=np.where(half_b & in_val, 1, windows.sticker)), DATED)


def test_a_part_without_windows_is_refused(windows, refused):
    nobody = windows.take((windows.dates < "2024-02-01") | (windows.dates >= "2024-02-20"))
    with refused("both classes of churn in val", "0 windows of class none", "load more days"):
        split_windows(nobody, DATED)


def test_windows_without_any_label_are_refused(windows, refused):
    with refused("labelled windows", "none", "activity_events"):
        split_windows(windows.take(windows.churn < 0), DATED)


def test_an_unknown_part_is_refused(split, refused):
    with refused("train, val, test, score", "'holdout'", "correct the name"):
        split.part("holdout")


# Halves of validation -------------------------------------------------------------------------------


def test_halves_of_validation_share_no_user_and_are_all_of_it(split):
    a, b = set(split.val_a.user_ids), set(split.val_b.user_ids)
    assert not a & b
    assert a | b == set(split.val.user_ids)
    assert len(split.val_a) + len(split.val_b) == len(split.val)
    assert 15 < len(a) < 45


def test_a_user_is_in_the_same_half_whoever_else_is_there(split):
    users = split.train.panel.users
    first = user_share(users)
    assert np.array_equal(user_share(users[::-1])[::-1], first)
    assert np.array_equal(user_share(users[7:9]), first[7:9])
    assert ((first >= 0) & (first < 1)).all()


def test_halves_stay_as_they_are_from_version_to_version():
    share = user_share(pd.Index(["ada", "ben", "cleo", "dora"]))
    assert share.round(6).tolist() == [0.177607, 0.190509, 0.103787, 0.952187]


def test_a_user_is_in_the_same_half_whether_the_id_is_a_number_or_text():
    assert np.array_equal(user_share(pd.Index([7, 42])), user_share(pd.Index(["7", "42"])))


# What a split tells -----------------------------------------------------------------------------------


def test_table_names_the_part_of_every_window(split):
    table = split.table()
    assert table.columns.tolist() == ["user_id", "cutoff", "churn", "sticker", "part"]
    assert table.groupby("part", sort=False).size().to_dict() == {
        name: len(split.part(name)) for name in ("train", "val", "test", "score")
    }
    assert table[table.part == "score"].churn.isna().all()
    assert not table.duplicated(["user_id", "cutoff"]).any()


def test_audit_tells_windows_users_cutoffs_and_rates(split):
    train, *_, score = split.audit()
    assert (train["part"], train["windows"], train["users"]) == ("train", len(split.train), 60)
    assert (train["first_cutoff"], train["last_cutoff"]) == ("2024-01-04", "2024-01-28")
    assert train["churn_rate"] == split.train.churn.mean()
    assert train["sticker_rate"] == split.train.sticker.mean()
    assert "churn_rate" not in score


@pytest.mark.parametrize(
    "wrong", [{"kind": "user"}, {"val_share": 0.0}, {"test_share": 1.5}, {"embargo_days": -1}], ids=str
)
def test_a_split_that_there_is_not_is_refused(wrong):
    with pytest.raises(UserError, match=next(iter(wrong))):
        SplitConfig(**wrong)
