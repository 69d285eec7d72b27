"""Cohorts: planted arrivals, and a slow count of the same triangle."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churn.data import Dataset, example_dataset
from churn.eda import retention, revenue

Planted = Callable[..., Dataset]


def test_planted_cohorts_stand_in_the_triangle(planted: Planted) -> None:
    days = {"a": [1, 8, 15], "b": [2, 16], "c": [9], "old": [0, 3, 27]}
    found = retention(planted(days).panel)
    triangle = found.triangle
    assert triangle.shape == (2, 4)
    np.testing.assert_allclose(triangle.iloc[0], [1, 0.5, 1, 0])
    np.testing.assert_allclose(triangle.iloc[1], [1, 0, 0, np.nan])
    assert found.left_out == 1  # who acted on the log's first day may have been there before
    assert found.table["n"].tolist() == [2, 2, 2, 2, 1, 1, 1]


def test_triangle_equals_a_slow_count() -> None:
    panel = example_dataset().panel
    found = retention(panel, period_days=10)
    user, day = panel.days_where(np.asarray(panel.active))
    active = {(u, d // 10) for u, d in zip(user.tolist(), day.tolist(), strict=True)}
    for row in found.table.to_dict("records"):
        period = (row["cohort"] - panel.date(0)).days // 10
        members = [u for u, arrived in enumerate(panel.arrived) if arrived // 10 == period]
        assert row["n"] == len(members)
        assert row["active"] == sum((u, period + row["age"]) in active for u in members)


def test_cohorts_follow_the_days_of_joining_where_a_list_has_them() -> None:
    panel = example_dataset().panel
    joined = np.where(np.arange(len(panel.users)) < 40, -30, 20).astype(np.int32)  # the first 40 before the log
    found = retention(replace(panel, arrived=joined), period_days=30)
    assert found.left_out == 40
    assert found.table["n"].unique().tolist() == [40]


def test_revenue_adds_up_to_all_stickers_of_the_cohorts(planted: Planted) -> None:
    days = {"a": [1, 8, 27], "b": [9], "old": [0]}
    stickers = [("a", 2, 5.0), ("a", 20, 7.0), ("b", 10, 1.5), ("old", 3, 100.0)]
    table = revenue(planted(days, stickers).panel).table
    assert table["amount"].sum() == 13.5
    first = table[table["cohort"] == "2024-01-01"]
    assert first["per_user"].tolist() == [5, 5, 12, 12]


@pytest.mark.parametrize("view", [retention, revenue])
def test_log_shorter_than_a_period_is_a_sentence(view: Callable[..., object]) -> None:
    found = view(example_dataset().panel, period_days=400)
    assert "no cohort" in str(found)


def test_log_without_stickers_has_no_revenue(planted: Planted) -> None:
    found = revenue(planted({"a": [1, 19]}).panel)
    assert "no stickers" in str(found)
    assert found.figure().layout.annotations[0].text == found.empty


def test_cohort_that_never_returns_is_shown_as_zeros(planted: Planted) -> None:
    found = retention(planted({"a": [1], "old": [0, 20]}).panel)
    assert found.triangle.iloc[0].tolist() == [1, 0, 0]
    assert found.figure().data[0].zmax > 0


def test_figure_states_n_of_each_cohort_and_marks_the_small() -> None:
    figure = retention(example_dataset().panel, period_days=30).figure()
    assert all("n = " in label for label in figure.data[0].y)
    assert "fewer than 30" in figure.layout.title.text
    assert pd.Series(figure.data[0].y).str.contains(r"\*").any()


def test_periods_under_a_day_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 day"):
        retention(example_dataset().panel, period_days=0)
