import numpy as np
import pandas as pd
import pytest

from churn.data import example_split
from churn.segments import stickers_by_stay


def test_stickers_of_churners_and_of_stayers_are_counted_and_held_against_what_was_promised():
    test = example_split().test
    scores = pd.DataFrame({"p_churn": 0.5, "p_sticker": 0.1, "p_sticker_if_stays": np.linspace(0, 1, len(test))})
    found = stickers_by_stay(test, scores)
    for name, inside in {"churned": test.answers == 1, "stayed": test.answers == 0}.items():
        assert found[name]["rate"] == pytest.approx(test.label("sticker")[inside].mean())
        assert found[name]["low"] <= found[name]["rate"] <= found[name]["high"]
        assert found[name]["forecast"] == pytest.approx(scores.p_sticker_if_stays[inside].mean())
        assert (found[name]["n"], found[name]["n_users"]) == (inside.sum(), len(np.unique(test.user[inside])))


def test_where_nobody_churned_nothing_is_known_of_churners():
    stayed = example_split().test
    stayed = stayed.take(stayed.answers == 0)
    scores = pd.DataFrame({"p_churn": 0.5, "p_sticker": 0.1}, index=range(len(stayed)))
    assert stickers_by_stay(stayed, scores)["churned"] == {
        "n": 0,
        "n_users": 0,
        **dict.fromkeys(("rate", "low", "high", "forecast")),
    }
