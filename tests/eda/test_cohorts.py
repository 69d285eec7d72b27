"""Cohorts: planted arrivals, and a slow count of the same triangle."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from churn.data import Dataset, example_dataset
from churn.eda import Retention, retention, revenue

pytestmark = pytest.mark.slow

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


@pytest.fixture
def listed(prepared: Any) -> Callable[[dict[str, str | None]], Dataset]:
    """Makes the dataset of users who are active on the first day and the last, with their days of joining."""

    def make(joined: dict[str, str | None]) -> Dataset:
        rows = [(user, day, "post") for user in joined for day in ("2024-01-01", "2024-01-28")]
        events = pd.DataFrame(rows, columns=["user_id", "timestamp", "event"])
        members = pd.DataFrame({"user_id": list(joined), "joined": list(joined.values())})
        dataset: Dataset = prepared({"events": events, "members": members})
        return dataset

    return make


def test_users_whom_a_list_has_join_on_the_first_day_are_a_cohort(listed: Any) -> None:
    found = retention(listed({"a": "2024-01-01", "b": "2024-01-01", "c": None}).panel)
    assert found.left_out == 1  # of whom no list says that the first day seen was that of joining
    assert found.table["n"].tolist() == [2, 2, 2, 2]
    early = retention(listed({"a": "2024-01-01", "b": "2023-12-31"}).panel)
    assert (early.left_out, early.table["n"].max()) == (1, 1)


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


def test_cohorts_without_a_sticker_have_no_revenue(planted: Planted) -> None:
    found = revenue(planted({"a": [1], "old": [0, 20]}, [("old", 1, 2.0)]).panel)
    assert str(found) == "No user of the cohorts received a sticker that has an amount."
    assert found.figure().layout.annotations[0].text == found.empty


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


@pytest.mark.parametrize("view", [retention, revenue])
@pytest.mark.parametrize("days", [0, -7, 1.5])
def test_periods_that_are_no_days_are_refused(view: Callable[..., object], days: float, refused: Any) -> None:
    with refused("period_days of at least 1, a whole number", str(days), "give"):
        view(example_dataset().panel, period_days=days)


def test_cells_say_their_numbers_where_there_is_room() -> None:
    panel = example_dataset().panel
    found = retention(panel, period_days=30)
    heat = found.figure().data[0]
    assert heat.texttemplate == "%{text}"
    shares = found.triangle.sort_index(ascending=False)
    said = [[f"{100 * share:.0f}" if share == share else "" for share in row] for row in shares.to_numpy()]
    assert [list(row) for row in heat.text] == said
    assert "share active, %" in found.figure().layout.xaxis.title.text
    assert retention(panel, period_days=5).figure().data[0].texttemplate is None  # 18 columns


def test_cells_of_revenue_are_short_numbers(planted: Planted) -> None:
    days = {"a": [1, 8, 27], "b": [9], "old": [0]}
    heat = revenue(planted(days, [("a", 2, 0.25), ("a", 20, 123_456.0), ("b", 10, 3.14159)]).panel).figure().data[0]
    assert {"0.25", "123,456", "3.1"} <= {text for row in heat.text for text in row}


def test_the_finding_is_the_share_at_the_last_age_that_enough_users_reached() -> None:
    rows = [("2024-01-01", 40, 0, 40), ("2024-01-01", 40, 1, 20), ("2024-01-01", 40, 2, 10), ("2024-01-08", 20, 1, 10)]
    table = pd.DataFrame(rows, columns=["cohort", "n", "age", "active"]).eval("share = active / n")
    said = "of the 40 users who could be watched for 14 days after their first period were still active then"
    assert Retention(table, None, 7, 0, 0).finding == f"25% {said}"
    few = table.assign(n=9, active=3)
    assert Retention(few, None, 7, 0, 0).finding.startswith("still active, by periods since arrival")


def test_one_cohort_of_one_user_is_said_in_the_singular(planted: Planted) -> None:
    panel = planted({"a": [1], "old": [0, 20]}, [("a", 1, 2.0)]).panel
    assert "1 cohort by 7-day period of arrival (users: 1)" in str(retention(panel))
    assert "1 user left out" in str(retention(panel))
    assert "of 1 cohort (users: 1)" in str(revenue(panel))


def test_shares_of_few_users_say_so(planted: Planted) -> None:
    few = str(retention(planted({"a": [1], "b": [2, 10], "old": [0, 20]}).panel))
    assert "1: 50.0% [1.3%, 98.7%] (n = 2, few)" in few
    many = {f"u{number}": [1, 9] for number in range(30)} | {"old": [0, 20]}
    assert "1: 100.0% [88.4%, 100.0%] (n = 30);" in str(retention(planted(many).panel))
