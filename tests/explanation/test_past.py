from dataclasses import replace

import numpy as np
import pytest

from churn.data import Windows
from churn.explanation.past import fallen, own_past

NOBODY = np.zeros(1, np.int64)


@pytest.fixture(scope="session")
def past_of(panel_of):
    """The past of the first user's own posts as of a cutoff, with a history of 7 days."""

    def found(*pictures, cutoff, arrived=None):
        panel = panel_of(*pictures)
        if arrived is not None:
            panel = replace(panel, arrived=np.array(arrived, np.int32))
        zeros = np.zeros(1, np.int8)
        windows = Windows(
            panel, 7, 1, np.zeros(1, np.int32), np.array([cutoff], np.int32), {"churn": zeros, "sticker": zeros}
        )
        past = own_past(windows, NOBODY, NOBODY)
        return past.known_days[0], past.weekly[0], past.silent_days[0]

    return found


def test_the_usual_is_the_rate_of_the_days_before_the_history(past_of):
    known, weekly, _ = past_of("x.x...." * 4 + "9999999", cutoff=35)
    assert (known, weekly) == (35, 2)


def test_the_usual_goes_back_56_days_at_most(past_of):
    assert past_of("9" + "x......" * 8 + ".......", cutoff=64)[1] == 1
    assert past_of("9" + "......." * 8 + ".......", cutoff=63)[1] == 9 / 56 * 7


def test_the_usual_does_not_count_days_before_the_first_one_seen(past_of):
    known, weekly, _ = past_of("." * 40 + "x...x.x" + "...." * 3, cutoff=54)
    assert (known, weekly) == (14, 3)


def test_days_since_joining_count_although_nothing_was_seen(past_of):
    assert past_of("." * 28 + "xx.....", cutoff=35, arrived=[14])[:2] == (21, 0)
    assert past_of("." * 28 + "xx.....", cutoff=35, arrived=[-300])[:2] == (35, 0)
    assert past_of("x" * 28 + "xx.....", cutoff=35, arrived=[30])[:2] == (35, 7)


@pytest.mark.parametrize("days", [0, 3, 6])
def test_nothing_is_usual_of_under_a_week_before_the_history(past_of, days):
    known, weekly, _ = past_of("." * 10 + "x" * days + "x......", cutoff=17 + days)
    assert known == days + 7
    assert np.isnan(weekly)


def test_a_silence_is_measured_beyond_the_history_and_beyond_the_usual(past_of):
    assert past_of("x......" + "." * 100, cutoff=107)[2] == 106
    assert past_of("x......" + "." * 100, cutoff=7)[2] == 6
    assert past_of("......x" + "." * 100, cutoff=7)[2] == 0


def test_one_who_never_did_was_silent_on_all_known_days(past_of):
    assert past_of("ooooooo" * 3, cutoff=20) == (20, 0, 20)


@pytest.mark.parametrize("picture", ["x" * 21, "." * 21])
def test_one_who_is_first_seen_from_the_cutoff_on_is_not_known(past_of, picture):
    known, weekly, silent = past_of("." * 14 + picture, cutoff=14)
    assert (known, silent) == (0, 0)
    assert np.isnan(weekly)


def test_days_from_the_cutoff_on_change_nothing(past_of):
    seen = "x.2...." * 4
    tails = ["......." * 3, "9999999" * 3, "......x" * 3, "ooooooo" * 3]
    found = {past_of(seen + tail, "x" * 49, cutoff=28) for tail in tails}
    assert found == {(28, 3, 4)}


def counts(picture):
    return np.array([[int(sign) for sign in picture]])


@pytest.mark.parametrize(
    ("picture", "first", "missing"),
    [
        ("2222000", 4, 6),
        ("2200000", 2, 10),
        ("0000000", 0, 14),
        ("2221001", 3, 6),
        ("9990000", 3, 8),
        ("2222222", 6, 0),
    ],
)
def test_the_day_of_a_fall_is_that_since_which_most_is_missing(picture, first, missing):
    found = fallen(counts(picture), np.array([14.0]), amounts=np.array([False]))
    assert (found[0][0], found[1][0]) == (first, missing)


@pytest.mark.parametrize("picture", ["2222999", "2292222", "0003999"])
def test_more_than_usual_is_no_fall(picture):
    assert fallen(counts(picture), np.array([14.0]), amounts=np.array([False]))[1][0] == 0


def test_days_that_were_as_usual_are_not_part_of_a_fall():
    first, missing = fallen(counts("1110000"), np.array([7.0]), amounts=np.array([False]))
    assert (first[0], missing[0]) == (3, 4)


def test_little_missing_is_no_fall():
    few = fallen(counts("0000100"), np.array([1.9]), amounts=np.array([False]))
    assert few[1][0] == 0
    assert fallen(counts("0000000"), np.array([0.9]), amounts=np.array([False]))[1][0] == 0
    assert fallen(counts("0000000"), np.array([1.1]), amounts=np.array([False]))[1][0] == pytest.approx(1.1)


def test_amounts_fall_from_half_of_the_usual_on():
    amounts = np.array([[100.0, 100, 100, 60, 60, 60, 60]])
    assert fallen(amounts, np.array([700.0]), amounts=np.array([True]))[1][0] == 0
    assert fallen(amounts, np.array([700.0]), amounts=np.array([False]))[1][0] == 160
    assert fallen(amounts / 10, np.array([700.0]), amounts=np.array([True]))[1][0] == 646


def test_nothing_falls_where_nothing_is_usual():
    assert fallen(counts("9990000"), np.array([np.nan]), amounts=np.array([False]))[1][0] == 0


def test_no_pairs_have_an_empty_past(panel_of):
    panel = panel_of("x......")
    windows = Windows(panel, 7, 1, np.zeros(0, np.int32), np.zeros(0, np.int32), {"churn": np.zeros(0, np.int8)})
    assert own_past(windows, NOBODY[:0], NOBODY[:0]).weekly.shape == (0,)
