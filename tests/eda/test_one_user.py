"""Anatomy: a user's days are the panel's, and what the models said stands beside them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest

from churn.data import Dataset, example_dataset
from churn.eda import anatomy
from churn.errors import UserError

pytestmark = pytest.mark.slow

Planted = Callable[..., Dataset]


def test_days_are_those_that_were_planted(planted: Planted) -> None:
    dataset = planted({"a": [2, 5], "b": [0, 20]}, [("a", 3, 5.0), ("a", 3, 1.0)])
    table = anatomy(dataset.panel, "a").table
    assert table.index[0] == pd.Timestamp("2024-01-03")
    assert table.index[-1] == pd.Timestamp("2024-01-21")  # silence up to the log's end is part of the picture
    assert table["own"].sum() == 2
    assert table["stickers"].to_dict()[pd.Timestamp("2024-01-04")] == 2
    assert table["active"].sum() == 2


def test_what_a_user_never_had_is_no_empty_strip(planted: Planted) -> None:
    dataset = planted({"a": [2, 5], "b": [0, 20]}, [("a", 3, 5.0)])
    shown = {user: [one.text for one in anatomy(dataset.panel, user).figure().layout.annotations] for user in "ab"}
    assert shown == {"a": ["own events per day", "stickers per day"], "b": ["own events per day"]}


def test_scores_and_reasons_stand_on_their_cutoffs() -> None:
    panel = example_dataset().panel
    day = panel.date(panel.n_days)
    scores = pd.DataFrame(
        {
            "user_id": ["user003", "user004", "user003"],
            "cutoff": [day, day, day - pd.Timedelta(days=7)],
            "p_churn": [0.8, 0.1, 0.3],
            "reason_1": ["own post: none for 6 days", "", None],
        }
    )
    found = anatomy(panel, "user003", scores=scores)
    assert found.table["p_churn"].dropna().tolist() == [0.3, 0.8]
    assert found.table.index[-1] == day
    assert found.table["own"].iloc[-1] == 0
    assert str(found).endswith("80%: own post: none for 6 days")


def test_markup_in_reasons_is_not_read_as_markup() -> None:
    panel = example_dataset().panel
    day = panel.date(panel.n_days)
    row = {"user_id": ["user003"], "cutoff": [day], "p_churn": [0.5], "reason_1": ["<b>x</b>"]}
    figure = anatomy(panel, "user003", scores=pd.DataFrame(row)).figure()
    assert "&lt;b&gt;" in figure.data[-1].hovertext[0]


def test_unknown_user_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(UserError, match="expected a user of the log, got 'nobody', none of 80"):
        anatomy(example_dataset().panel, "nobody")


def test_user_of_whom_nothing_was_seen_is_a_sentence(planted: Planted) -> None:
    panel = planted({"a": [2, 5], "b": [0, 20]}).panel
    unseen = replace(panel, last=panel.first - 1)
    found = anatomy(unseen, "a")
    assert "nothing was seen" in str(found)
    assert found.figure().layout.annotations[0].text == found.empty


def test_one_of_a_kind_is_said_in_the_singular(planted: Planted) -> None:
    dataset = planted({"a": [20], "b": [0, 3]}, [("a", 20, 5.0)])
    told = str(anatomy(dataset.panel, "a"))
    assert "a: active on 1 of the 1 day since 2024-01-21" in told
    assert "1 own event, 1 sticker" in told  # and nothing of fans, whom the log does not know
    assert "2 own events" in str(anatomy(dataset.panel, "b"))


def test_two_scores_at_one_cutoff_are_refused(refused) -> None:
    panel = example_dataset().panel
    day = panel.date(panel.n_days)
    scores = pd.DataFrame({"user_id": "user003", "cutoff": [day, day], "p_churn": [0.5, 0.6]})
    with refused("one score of user003 per cutoff", f"two on {day:%Y-%m-%d}", "keep one"):
        anatomy(panel, "user003", scores=scores)


SCORES = pd.DataFrame(
    {"user_id": ["user003"], "cutoff": ["2024-03-20"], "p_churn": [0.4], "reason_1": "a", "reason_2": "b"}
)


@pytest.mark.parametrize("scores", [SCORES, SCORES.head(0), SCORES.assign(user_id="user004", cutoff="1999-01-01")])
def test_a_user_without_a_score_has_the_days_alone(scores: pd.DataFrame) -> None:
    found = anatomy(example_dataset().panel, "user004", scores=scores)
    assert "p_churn" not in found.table
    assert found.figure().data


@pytest.mark.parametrize("cutoff", ["2024-03-20", date(2024, 3, 20), pd.Timestamp("2024-03-20 09:00", tz="Asia/Seoul")])
def test_cutoffs_are_days_however_they_are_written(cutoff: object) -> None:
    found = anatomy(example_dataset().panel, "user003", scores=SCORES.assign(cutoff=[cutoff])).table
    assert found.index[found["p_churn"].notna()].tolist() == [pd.Timestamp("2024-03-20")]
    assert found.loc["2024-03-20", "why"] == "a; b"
    assert found.index.is_unique


@pytest.mark.parametrize(
    ("change", "expected", "found"),
    [
        ({"p_churn": 7}, "p_churn from 0 to 1", "7"),
        ({"p_churn": "high"}, "p_churn from 0 to 1", "high"),
        ({"cutoff": "soon"}, "cutoffs that are days", "soon"),
        ({"cutoff": "2030-01-01"}, "the day after the log", "2030-01-01"),
    ],
)
def test_scores_that_are_none_are_refused(change: dict[str, Any], expected: str, found: str, refused: Any) -> None:
    with refused(expected, found, ""):
        anatomy(example_dataset().panel, "user003", scores=SCORES.assign(**change))
    with refused("user_id, cutoff and p_churn", "no cutoff", "add it"):
        anatomy(example_dataset().panel, "user003", scores=SCORES.drop(columns="cutoff"))
