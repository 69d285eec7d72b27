"""User-days: whose days teach without labels, and up to which."""

from dataclasses import replace

import numpy as np
import pytest

from churn.data import SplitConfig, WindowConfig, before_border, slide, split_windows, user_days
from churn.data.splits import user_days as module

pytestmark = pytest.mark.slow
CONFIG = WindowConfig(history_days=3, horizon_days=4, at_risk_days=3)
DATED = SplitConfig(val_from="2024-02-01", test_from="2024-02-20")


@pytest.fixture(scope="module")
def windows(panel_of):
    """60 users over 80 days, from 2024-01-01 to 2024-03-20, of whom one is seen first on the last day."""
    signs = np.random.default_rng(0).choice(list("......xxbo"), (60, 80))
    signs[7] = [*"." * 79, "x"]
    return slide(panel_of(*("".join(row) for row in signs)), CONFIG)


def pairs(windows):
    return set(zip(windows.user.tolist(), windows.cutoff.tolist(), strict=True))


def test_every_day_on_which_a_user_is_known_is_one_at_risk_or_not(windows):
    begin = windows.panel.begin
    expected = {(user, day) for user in range(60) for day in range(3, 31) if begin[user] < day}
    found = user_days(windows, until=31)
    assert pairs(found) == expected
    assert len(found) == len(expected) > len(windows.take(windows.cutoff < 31))
    assert all((label == -1).all() for label in found.labels.values())


def test_a_lead_ends_the_days_as_many_days_earlier(windows):
    found = user_days(replace(windows, lead_days=5), until=31)
    assert found.cutoff.max() == 25
    assert not np.isnan(found.counts_ahead(1, until=31)).any()


def test_days_that_are_very_many_are_drawn_evenly_and_by_the_seed(windows, monkeypatch):
    every = user_days(windows, until=79)
    monkeypatch.setattr(module, "MOST", 700)
    found = user_days(windows, until=79)
    assert len(found) == len(pairs(found)) == 700 and pairs(found) < pairs(every)
    assert pairs(found) == pairs(user_days(windows, until=79)) != pairs(user_days(windows, until=79, seed=1))
    assert abs(found.cutoff.mean() - every.cutoff.mean()) < 2.5


def test_training_s_days_end_at_the_border(windows):
    split = split_windows(windows, replace(DATED, embargo_days=2))
    found = before_border(split)
    assert found.cutoff.max() == split.border - 1 == 28
    assert set(found.user) == {*range(60)} - {7}


def test_only_users_with_training_windows_teach_where_users_are_held_apart(windows):
    split = split_windows(windows, SplitConfig(kind="user", val_share=0.3, test_share=0.3))
    unheard = split.test.user[0]
    found = before_border(replace(split, test=split.test.take(split.test.user != unheard)))
    assert found.cutoff.max() == windows.panel.n_days - 1
    assert set(found.user) == set(split.train.user)
