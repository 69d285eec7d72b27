from dataclasses import replace

import numpy as np
import pytest

from churn.data import FEATURES, Feature, WindowConfig, slide
from churn.explanation import readable, reasons


@pytest.fixture(scope="module")
def windows(panel_of):
    """Two windows of three days: 4 posts and a sticker, and 2 posts."""
    found = slide(panel_of("1b2", ".11"), WindowConfig(history_days=3, horizon_days=1, at_risk_days=3))
    return found.take(np.array([0, 1]))


def shap(*rows):
    """SHAP values of three days, the whole on the last one."""
    values = np.zeros((len(rows), 3, len(rows[0])))
    values[:, 2] = rows
    return values


def test_a_reason_names_the_feature_its_total_and_the_average(windows):
    found = reasons(windows, shap([0.5, 0.1], [0.0, 0.2]), usual=np.array([7.25, 0.5]))
    assert found.reason_1[0] == "own post: 4 in the last 3 days (on average 7.2)"
    assert found.reason_2[0] == "stickers received: 1 in the last 3 days (on average 0.5)"
    assert found.reason_1[1] == "stickers received: 0 in the last 3 days (on average 0.5)"


def test_only_what_raises_the_probability_is_a_reason(windows):
    found = reasons(windows, shap([-0.9, 0.1], [-0.1, 0.0]), usual=np.zeros(2))
    assert found.reason_1[0].startswith("stickers received")
    assert found.reason_2[0] == ""
    assert found.loc[1].tolist() == ["", "", ""]


def test_days_are_added_before_features_are_compared(windows):
    values = np.zeros((2, 3, 2))
    values[:, :, 0] = [2, -1, -1.5]  # strong on one day, lowering on the whole
    values[:, :, 1] = 0.1
    found = reasons(windows, values, usual=np.zeros(2))
    assert found.reason_1.str.startswith("stickers received").all()
    assert (found.reason_2 == "").all()


def test_the_strongest_comes_first_and_ties_keep_the_panels_order(windows):
    found = reasons(windows, shap([0.1, 0.9], [0.3, 0.3]), usual=np.zeros(2))
    assert found.reason_1[0].startswith("stickers")
    assert found.reason_1[1].startswith("own post")


def test_the_calendar_is_no_reason_and_other_features_are_told_as_of_the_last_day(windows):
    chosen = [feature for feature in FEATURES if feature.name in ("weekday", "tenure", "totals")]
    derived = replace(windows, derived=tuple(chosen))
    place = {name: position for position, name in enumerate(derived.features)}
    values = np.zeros((2, 3, len(place)))
    for name, value in {"weekend": 9, "weekday_sine": 9, "tenure": 2, "total_own_post": 1}.items():
        values[:, 2, place[name]] = value
    found = reasons(derived, values, usual=np.full(len(place), 60.25))
    assert found.loc[0].tolist() == ["tenure: 2 (on average 60.2)", "total own post: 4 (on average 60.2)", ""]
    assert found.reason_2[1] == "total own post: 2 (on average 60.2)"


def test_what_is_yes_or_no_is_told_so(windows):
    def gold(panel, user, day):
        return np.broadcast_to((user == 0)[:, None, None], (*day.shape, 1)).astype(np.float32)

    tier = Feature("tier", lambda panel: ("tier=gold",), gold, reason="yes or no")
    found = reasons(replace(windows, derived=(tier,)), shap([0, 0, 1], [0, 0, 1]), usual=np.array([1, 1, 0.204]))
    assert found.reason_1.tolist() == ["tier=gold: yes (on average 20% yes)", "tier=gold: no (on average 20% yes)"]


@pytest.mark.parametrize("top", [1, 2, 3, 5])
def test_there_are_as_many_columns_as_asked_for_and_empty_ones_where_features_end(windows, top):
    found = reasons(windows, shap([0.5, 0.1], [0.2, 0.1]), usual=np.zeros(2), top=top)
    assert list(found.columns) == [f"reason_{place + 1}" for place in range(top)]
    assert (found.iloc[:, :2] != "").all(axis=None)
    assert (found.iloc[:, 2:] == "").all(axis=None)


def test_no_windows_give_no_rows_but_all_columns(windows):
    found = reasons(windows.take(np.empty(0, np.int64)), np.empty((0, 3, 2)), usual=np.zeros(2))
    assert found.shape == (0, 3)


def test_large_numbers_are_written_out(windows):
    counts = np.where(windows.panel.counts > 0, 12345, 0).astype(np.uint16)
    rich = replace(windows, panel=replace(windows.panel, counts=counts))
    found = reasons(rich, shap([0.5, 0.0], [0.5, 0.0]), usual=np.array([1234567.0, 0]))
    assert found.reason_1[0] == "own post: 37,035 in the last 3 days (on average 1,234,567.0)"


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        ("own_post", "own post"),
        ("own_=HYPERLINK(x)", "own =HYPERLINK(x)"),
        ("fan_<script>alert(1)</script>", "from fans: <script>alert(1)</script>"),
        ("away_{0}%s", "in others' rooms: {0}%s"),
        ("fan_다른_이벤트", "from fans: 다른 이벤트"),
        ("stickers_received", "stickers received"),
        ("weekday", "weekday"),
        ("own_", "own "),
        ("_", " "),
        ("", ""),
    ],
)
def test_names_of_any_kind_pass(windows, feature, words):
    assert readable(feature) == words
    hostile = replace(windows, panel=replace(windows.panel, features=(feature, "b")))
    found = reasons(hostile, shap([0.5, 0.0], [0.5, 0.0]), usual=np.zeros(2))
    assert found.reason_1[0].startswith(f"{words}: 4 in the last")
