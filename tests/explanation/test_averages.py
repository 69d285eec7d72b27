"""Averages of others are over the days on which they were known, beside windows of the same day."""

import numpy as np
import pytest

from churn.data import WindowConfig, slide
from churn.explanation import beside, others


@pytest.fixture
def windows(panel_of):
    """Two users who post once a day, one of whom is first seen on the fifth day."""
    return slide(panel_of("xxxxxxxx", "....xxxx"), WindowConfig(history_days=4, horizon_days=1, at_risk_days=4))


def test_a_user_adds_the_days_alone_on_which_the_log_knew_one(windows):
    day = windows.take(windows.cutoff == 6)
    assert len(day) == 2
    row = others(day).set_index("feature").loc["own_post"]
    assert (row["user_days"], row["value"]) == (4 + 2, 7)  # a post on every known day


def test_averages_stand_beside_the_windows_of_their_own_day(windows):
    changed = others(windows)
    changed["value"] = changed["cutoff"].dt.day.astype(float)
    assert np.array_equal(beside(changed, windows)[:, 0], windows.dates.day)
