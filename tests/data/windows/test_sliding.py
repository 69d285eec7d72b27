from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from churn.data import DataConfig, WindowConfig, slide
from churn.data.windows import sliding
from churn.data.windows.windows import Windows

pytestmark = pytest.mark.slow

SHORT = WindowConfig(history_days=3, horizon_days=2, at_risk_days=2)
CALENDAR = (
    "x..x..o.....",
    "....xb.....x",
    ".........x..",
)


def pairs(found: Windows) -> list[tuple[int, int]]:
    return list(zip(found.user.tolist(), found.cutoff.tolist(), strict=True))


def labelled(found: Windows) -> list[tuple[int, int, int, int]]:
    labels = zip(found.answers, found.label("sticker"), strict=True)
    return [(*pair, int(c), int(s)) for pair, (c, s) in zip(pairs(found), labels, strict=True)]


# Who is in a window, and with which label ---------------------------------------------------------


def test_three_users_have_the_windows_and_labels_counted_by_hand(panel_of):
    # (user, cutoff, churn, sticker): at risk for two days after an active one, from the third day on.
    assert labelled(slide(panel_of(*CALENDAR), SHORT)) == [
        (0, 4, 1, 0),
        (0, 5, 1, 1),
        (1, 5, 0, 1),
        (1, 6, 1, 0),
        (1, 7, 1, 0),
        (1, 12, -1, -1),
        (2, 10, 1, 0),
        (2, 11, -1, -1),
    ]


def test_user_with_an_event_on_the_last_horizon_day_has_not_churned(panel_of):
    config = WindowConfig(history_days=1, horizon_days=3, at_risk_days=1)
    found = slide(panel_of("x..x......"), config)
    assert labelled(found)[0] == (0, 1, 0, 0)


def test_user_with_an_event_on_the_day_after_the_horizon_has_churned(panel_of):
    config = WindowConfig(history_days=1, horizon_days=2, at_risk_days=1)
    assert labelled(slide(panel_of("x..x......"), config))[0] == (0, 1, 1, 0)


def test_activity_of_the_cutoff_day_belongs_to_the_horizon_and_not_to_the_history(panel_of):
    found = slide(panel_of("12......"), WindowConfig(history_days=1, horizon_days=1, at_risk_days=1))
    assert labelled(found) == [(0, 1, 0, 0), (0, 2, 1, 0)]
    assert found.history()[:, 0, 0].tolist() == [1, 2]


def test_sticker_on_the_first_or_last_horizon_day_counts_and_one_outside_does_not(panel_of):
    config = WindowConfig(history_days=1, horizon_days=2, at_risk_days=1)
    signs = ["xo......", "x.o.....", "x..o....", "b......."]
    assert [labelled(slide(panel_of(sign), config))[0][3] for sign in signs] == [1, 1, 0, 0]


def test_a_sticker_is_not_activity(panel_of):
    found = slide(panel_of("xoooo..."), WindowConfig(history_days=1, horizon_days=2, at_risk_days=2))
    assert pairs(found) == [(0, 2)]
    assert found.answers.tolist() == [1]


def test_the_neighbouring_users_days_do_not_count(panel_of):
    # The first user's last horizon borders on the second user's first days, which are rows next to each other.
    found = slide(panel_of("......x.", "bb......"), WindowConfig(history_days=1, horizon_days=1, at_risk_days=1))
    assert labelled(found) == [(0, 7, 1, 0), (1, 1, 0, 1), (1, 2, 1, 0)]
    assert found.history()[0].tolist() == [[1, 0]]


def test_label_is_unknown_exactly_where_the_horizon_runs_past_the_last_day(panel_of):
    found = slide(panel_of("xxxxxxxxxx"), WindowConfig(history_days=1, horizon_days=4, at_risk_days=1))
    assert found.cutoff.tolist() == list(range(1, 11))
    assert found.answers.tolist() == [0] * 6 + [-1] * 4
    assert found.label("sticker").tolist() == [0] * 6 + [-1] * 4


def test_unknown_labels_are_null_in_the_table(panel_of):
    table = slide(panel_of(*CALENDAR), SHORT).table()
    assert table.columns.tolist() == ["user_id", "cutoff", "churn", "sticker"]
    assert table.churn.isna().tolist() == [False] * 5 + [True, False, True]
    assert table.user_id[0] == "user0"
    assert table.cutoff[0] == pd.Timestamp("2024-01-05")


# Days between the history and the horizon ---------------------------------------------------------


def test_neither_history_nor_label_looks_at_the_lead_days(panel_of):
    config = WindowConfig(history_days=2, lead_days=3, horizon_days=2, at_risk_days=1)
    # The cutoff is day 2: lead on days 2 to 4, horizon on days 5 and 6.
    signs = [".x.......", ".xbbb....", ".x...b...", ".x....x..", ".x.....b."]
    found = [slide(panel_of(sign), config).take(np.arange(1)) for sign in signs]
    assert [labelled(one)[0] for one in found] == [
        (0, 2, 1, 0),
        (0, 2, 1, 0),
        (0, 2, 0, 1),
        (0, 2, 0, 0),
        (0, 2, 1, 0),
    ]
    assert all(one.history()[:, :, 0].tolist() == [[0, 1]] for one in found)


def test_an_answer_is_known_once_lead_and_horizon_are_over(panel_of):
    found = slide(panel_of("xxxxxxxxxx"), WindowConfig(history_days=1, lead_days=3, horizon_days=2, at_risk_days=1))
    assert found.cutoff.tolist() == list(range(1, 11))
    assert found.answers.tolist() == [0] * 5 + [-1] * 5
    assert (found.answered - found.cutoff == 5).all()


def test_who_is_at_risk_does_not_depend_on_the_lead(panel_of):
    long = replace(SHORT, lead_days=3)
    assert pairs(slide(panel_of(*CALENDAR), long)) == pairs(slide(panel_of(*CALENDAR), SHORT))


# At risk ------------------------------------------------------------------------------------------


def test_at_risk_lasts_seven_days_by_default_whatever_the_history(panel_of):
    panel = panel_of("." * 14 + "x" + "." * 15)
    for history in (1, 7, 14):
        found = slide(panel, WindowConfig(history_days=history))
        assert found.cutoff.tolist() == list(range(15, 22))


def test_histories_up_to_the_days_at_risk_are_compared_on_the_same_windows(panel_of):
    panel = panel_of("x.x..x.......x....x.", "....x.x..x.x........")
    found = {history: slide(panel, WindowConfig(history_days=history)) for history in (1, 3, 7)}
    assert labelled(found[1]) == labelled(found[3]) == labelled(found[7])
    longer = slide(panel, WindowConfig(history_days=10))
    assert labelled(longer) == [row for row in labelled(found[7]) if row[1] >= 10]


def test_member_is_at_risk_from_the_day_of_joining_on_without_any_activity(panel_of):
    config = WindowConfig(history_days=2, horizon_days=2, at_risk="member")
    joined = np.array([0, 5, 9], np.int32)
    found = slide(panel_of("x.......", "......x.", "........"), config, joined=joined)
    assert pairs(found) == [(0, t) for t in range(2, 9)] + [(1, t) for t in range(5, 9)]
    assert found.answers.tolist() == [1, 1, 1, 1, 1, -1, -1, 0, 0, -1, -1]


def test_members_without_a_day_of_joining_are_refused(panel_of, refused):
    with refused("`joined`", "none", "member_columns"):
        slide(panel_of("x......."), WindowConfig(2, 2, at_risk="member"))


# Which cutoffs there are --------------------------------------------------------------------------


def test_stride_counts_from_the_first_cutoff_and_always_adds_the_newest(panel_of):
    config = WindowConfig(history_days=3, horizon_days=2, stride_days=4, at_risk_days=2)
    assert slide(panel_of("x" * 13), config).cutoff.tolist() == [3, 7, 11, 13]
    assert slide(panel_of("x" * 15), config).cutoff.tolist() == [3, 7, 11, 15]


def test_stride_keeps_a_subset_of_the_daily_windows_with_the_same_labels(panel_of):
    panel = panel_of(*CALENDAR)
    daily = labelled(slide(panel, SHORT))
    strided = labelled(slide(panel, WindowConfig(3, 2, stride_days=3, at_risk_days=2)))
    assert strided == [row for row in daily if row[1] in (3, 6, 9, 12)]


def test_a_log_as_long_as_the_history_has_only_the_newest_cutoff(panel_of):
    assert labelled(slide(panel_of("x.x"), SHORT)) == [(0, 3, -1, -1)]


def test_a_log_shorter_than_the_history_is_refused(panel_of, refused):
    with refused("at least 3 days", "2 (2024-01-01 to 2024-01-02)", "windows.history_days"):
        slide(panel_of("xx"), SHORT)


def test_a_panel_without_activity_has_no_windows(panel_of):
    found = slide(panel_of("........", "..o....."), SHORT)
    assert len(found) == 0
    assert found.history().shape == (0, 3, 2)
    assert found.table().empty


@pytest.mark.parametrize("name", ["history_days", "horizon_days", "stride_days", "at_risk_days"])
def test_a_length_below_one_day_is_refused(name, refused):
    with refused(f"windows.{name} of at least 1", "0", "correct it"):
        DataConfig(events="events", windows=WindowConfig(**{name: 0}))


# What a window shows ------------------------------------------------------------------------------


def test_history_is_gathered_oldest_day_first_with_zeros_where_nothing_was_seen(panel_of):
    config = WindowConfig(history_days=4, horizon_days=1, at_risk_days=1)
    found = slide(panel_of("..3b........", "12......4..."), config)
    assert pairs(found) == [(0, 4), (1, 9)]
    assert found.history().shape == (2, 4, 2)
    assert found.history()[0].tolist() == [[0, 0], [0, 0], [3, 0], [1, 1]]
    assert found.history()[1].tolist() == [[0, 0], [0, 0], [0, 0], [4, 0]]


def test_history_after_the_last_day_seen_is_zero(panel_of):
    config = WindowConfig(history_days=3, horizon_days=1, at_risk_days=3)
    found = slide(panel_of("5...........", "7.........9."), config)
    last_of_the_first_user = found.take(found.user == 0).history()[-1]
    assert last_of_the_first_user.tolist() == [[5, 0], [0, 0], [0, 0]]
    later = found.take((found.user == 0) & (found.cutoff == 3))
    assert later.rows(first=0, last=4).tolist() == [[0] * 5]


def test_rows_reach_other_days_relative_to_the_cutoff(panel_of):
    panel = panel_of("123456789...")
    found = slide(panel, WindowConfig(history_days=2, horizon_days=1, at_risk_days=1)).take(np.array([2]))
    assert found.cutoff.tolist() == [4]
    assert panel.counts[found.rows(), 0].tolist() == [[3, 4]]
    assert panel.counts[found.rows(first=-4, last=-2), 0].tolist() == [[1, 2, 3]]
    assert panel.counts[found.rows(first=0, last=2), 0].tolist() == [[5, 6, 7]]
    assert panel.counts[found.rows(first=-6), 0].tolist() == [[0, 0, 1, 2, 3, 4]]


def test_flat_has_a_column_per_feature_and_day_as_its_names_say(panel_of):
    found = slide(panel_of("..3b........"), WindowConfig(history_days=2, horizon_days=1, at_risk_days=1))
    assert found.flat_features() == [
        ("own_post", -2),
        ("stickers_received", -2),
        ("own_post", -1),
        ("stickers_received", -1),
    ]
    assert found.flat()[-1].tolist() == [3, 0, 1, 1]


def test_active_days_count_the_days_with_activity_in_the_history_alone(panel_of):
    found = slide(panel_of("xx4.xo.bx..."), WindowConfig(history_days=4, horizon_days=1, at_risk_days=1))
    assert dict(zip(found.cutoff.tolist(), found.active_days().tolist(), strict=True)) == {5: 3, 8: 2, 9: 2}


def test_take_keeps_user_cutoff_labels_and_history_together(panel_of):
    found = slide(panel_of(*CALENDAR), SHORT)
    taken = found.take(np.array([5, 1]))
    assert labelled(taken) == [labelled(found)[5], labelled(found)[1]]
    assert np.array_equal(taken.history(), found.history()[[5, 1]])
    assert taken.user_ids.tolist() == ["user1", "user0"]
    assert taken.dates.tolist() == [pd.Timestamp("2024-01-13"), pd.Timestamp("2024-01-06")]


def test_sticker_label_of_a_log_without_stickers_is_refused(prepared, refused):
    events = pd.DataFrame({"user_id": "ada", "timestamp": pd.date_range("2024-01-01", periods=12)})
    found = prepared({"events": events}, windows=SHORT).windows
    assert found.targets == ("churn",)
    assert found.take(np.array([0])).targets == ("churn",)
    with refused("a target out of churn", "'sticker'", "data.stickers"):
        found.label("sticker")


# Against the slow and obvious -----------------------------------------------------------------------


def slow(pictures, config, joined):
    """(user, cutoff, churn, sticker, own posts and stickers by day), straight from the definitions."""
    n_days = len(pictures[0])
    begin = max(config.history_days, config.at_risk_days if config.at_risk == "active" else 0)
    for user, picture in enumerate(pictures):
        own = [day for day, sign in enumerate(picture) for _ in range(posts(sign))]
        given = [day for day, sign in enumerate(picture) if sign in "ob"]
        for t in range(begin, n_days + 1):
            alive = any(t - config.at_risk_days <= day < t for day in own)
            at_risk = alive if config.at_risk == "active" else t >= joined[user]
            if at_risk and ((t - begin) % config.stride_days == 0 or t == n_days):
                horizon, known = range(t, t + config.horizon_days), t + config.horizon_days <= n_days
                churn, sticker = not any(day in horizon for day in own), any(day in horizon for day in given)
                history = [[own.count(day), given.count(day)] for day in range(t - config.history_days, t)]
                yield (user, t, int(churn) if known else -1, int(sticker) if known else -1, history)


def posts(sign):
    return int(sign) if sign.isdigit() else int(sign in "xb")


@st.composite
def calendars(draw):
    n_days = draw(st.integers(1, 24))
    day = st.sampled_from("......xxbo3")
    users = draw(st.lists(st.lists(day, min_size=n_days, max_size=n_days), min_size=1, max_size=4))
    joined = draw(st.lists(st.integers(0, n_days + 1), min_size=len(users), max_size=len(users)))
    return ["".join(signs) for signs in users], np.array(joined, np.int32)


CONFIGS = st.builds(
    WindowConfig,
    history_days=st.integers(1, 9),
    horizon_days=st.integers(1, 9),
    stride_days=st.integers(1, 5),
    at_risk=st.sampled_from(["active", "active", "member"]),
    at_risk_days=st.integers(1, 9),
)


@given(calendars(), CONFIGS, st.sampled_from([1, 2, 3, 1 << 16]))
@settings(
    max_examples=800,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_windows_of_any_calendar_are_those_of_the_slow_reference(panel_of, calendar, config, chunk):
    pictures, joined = calendar
    assume(len(pictures[0]) >= max(config.history_days, config.at_risk_days if config.at_risk == "active" else 0))
    with patch.object(sliding, "_CHUNK", chunk):  # small ones, so that users and silences lie across their borders
        found = slide(panel_of(*pictures), config, joined=joined)
    histories = found.history().tolist()
    assert [(*row, days) for row, days in zip(labelled(found), histories, strict=True)] == list(
        slow(pictures, config, joined)
    )
