import math
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from churn.data import FEATURES, WindowConfig, example_dataset, example_split, slide
from churn.data.windows import past

pytestmark = pytest.mark.slow

BY_NAME = {feature.name: feature for feature in FEATURES}
BRIEF = {"derandomize": True, "deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}


def every_day(feature, panel):
    """A feature of every user on every day, (u, d, c)."""
    user = np.arange(len(panel.users), dtype=np.int32)
    days = np.tile(np.arange(panel.n_days, dtype=np.int32), (len(user), 1))
    return feature.values(panel, user, days)


def numbers(feature, panel):
    """A feature of one column as text would show it: a row per user, a number per day."""
    return every_day(BY_NAME[feature], panel)[:, :, 0].tolist()


# The contract of every feature ------------------------------------------------------------------------


@pytest.fixture(params=FEATURES, ids=BY_NAME)
def feature(request):
    return request.param


def test_a_feature_has_a_number_in_each_of_its_columns_for_every_window_and_day(feature):
    train = replace(example_split().train, derived=(feature,))
    panel, columns = train.panel, feature.columns(train.panel)
    assert train.features == (*panel.features, *columns)
    assert len(set(train.features)) == len(train.features)
    found = train.history()
    assert found.shape == (len(train), train.history_days, len(panel.features) + len(columns))
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert np.array_equal(found[:, :, : len(panel.features)], replace(train, derived=()).history())
    assert train.flat().shape[1] == len(train.flat_features())


def test_a_feature_of_no_windows_has_no_rows(feature):
    none = replace(example_split().train, derived=(feature,)).take(np.empty(0, np.int64))
    assert none.history().shape == (0, none.history_days, len(none.features))


DAY = st.sampled_from("......xxbo3")


@st.composite
def two_futures(draw):
    """Two calendars that are the same up to and including a day."""
    n_days, users = draw(st.integers(1, 16)), draw(st.integers(1, 3))
    known = draw(st.integers(0, n_days - 1))

    def days(length):
        return ["".join(draw(st.lists(DAY, min_size=length, max_size=length))) for _ in range(users)]

    past = days(known + 1)
    one, other = ([a + b for a, b in zip(past, days(n_days - known - 1), strict=True)] for _ in range(2))
    return known, one, other


@given(two_futures(), st.booleans())
@settings(max_examples=300, **BRIEF)
def test_a_feature_knows_no_day_after_the_one_it_stands_on(panel_of, feature, futures, joined):
    known, one, other = futures
    panels = [panel_of(*one), panel_of(*other)]
    if joined:
        arrived = np.arange(len(one), dtype=np.int32) * 5 - 3
        panels = [replace(panel, arrived=arrived) for panel in panels]
    before, after = (every_day(feature, panel)[:, : known + 1] for panel in panels)
    assert before.tobytes() == after.tobytes()


def test_a_feature_of_one_user_does_not_depend_on_the_others(panel_of, feature):
    pictures = ("x..3o...x...", "..b.o......x", "............", "9bx.........")
    together = every_day(feature, panel_of(*pictures))
    for user, picture in enumerate(pictures):
        assert every_day(feature, panel_of(picture))[0].tobytes() == together[user].tobytes()


# Each by itself ---------------------------------------------------------------------------------------


def test_days_since_activity_start_anew_on_active_days_and_keep_growing_after_the_last_row(panel_of):
    panel = panel_of("x..x.....", "..bo.....")
    assert numbers("days_since_activity", panel) == [[0, 1, 2, 0, 1, 2, 3, 4, 5], [1, 1, 0, 1, 2, 3, 4, 5, 6]]


def test_before_the_first_activity_the_days_of_silence_seen_so_far_are_counted(panel_of):
    panel = panel_of(".o..x.", "......", ".o..x.", ".o..x.")
    panel = replace(panel, arrived=np.array([1, 6, -10, 3], np.int32))
    assert numbers("days_since_activity", panel) == [
        [1, 1, 2, 3, 0, 1],  # since the first day seen
        [1, 1, 1, 1, 1, 1],  # never seen
        [1, 2, 3, 4, 0, 1],  # joined before the log begins: since its first day
        [1, 1, 1, 1, 0, 1],  # joined after being seen
    ]


def test_tenure_counts_from_the_first_day_seen_or_from_joining(panel_of):
    panel = panel_of("..o.x...", "........")
    assert numbers("tenure", panel) == [[0, 0, 0, 1, 2, 3, 4, 5], [0] * 8]
    assert numbers("tenure", replace(panel, arrived=np.array([-2, 5], np.int32))) == [
        [2, 3, 4, 5, 6, 7, 8, 9],
        [0, 0, 0, 0, 0, 0, 1, 2],
    ]


def test_capped_tenure_grows_for_four_weeks(panel_of):
    capped = numbers("tenure_capped", panel_of("x" * 40))[0]
    assert capped == [*range(28), *[28] * 12]


def test_averages_are_totals_by_the_days_that_the_log_could_have_shown(panel_of):
    panel = panel_of("..3.b....", ".........", "x........")
    assert BY_NAME["averages"].columns(panel) == ("average_own_post", "average_stickers_received")
    found = every_day(BY_NAME["averages"], panel)[:, :, 0]
    assert found[0] == pytest.approx([0, 0, 3, 1.5, 4 / 3, 1, 0.8, 4 / 6, 4 / 7])
    assert found[1].tolist() == [0] * 9
    joined = every_day(BY_NAME["averages"], replace(panel, arrived=np.array([-100, 5, 0], np.int32)))[:, :, 0]
    assert joined[0] == pytest.approx([0, 0, 1, 3 / 4, 4 / 5, 4 / 6, 4 / 7, 4 / 8, 4 / 9])


def test_totals_begin_at_zero_and_stay_after_the_last_row(panel_of):
    panel = panel_of("..3.b....", "o...x.2..", ".........")
    found = every_day(BY_NAME["totals"], panel)
    assert BY_NAME["totals"].columns(panel) == ("total_own_post", "total_stickers_received")
    assert found[:, :, 0].tolist() == [[0, 0, 3, 3, 4, 4, 4, 4, 4], [0, 0, 0, 0, 1, 1, 3, 3, 3], [0] * 9]
    assert found[:, :, 1].tolist() == [[0, 0, 0, 0, 1, 1, 1, 1, 1], [1] * 9, [0] * 9]


def test_totals_beyond_the_type_of_the_counts_do_not_wrap_around(panel_of):
    panel = panel_of("9" * 100)
    assert panel.counts.dtype == np.uint8
    assert numbers("totals", panel)[0][-1] == 900


def test_totals_lie_in_a_file_and_are_added_up_once_per_panel(panel_of):
    panel = panel_of("x..x", "..3.")
    totals = past._running_totals(panel)
    assert isinstance(totals, np.memmap)
    assert past._running_totals(panel) is totals
    assert past._running_totals(replace(panel)) is not totals


def test_weekdays_and_the_month_follow_the_panels_own_calendar(panel_of):
    panel = replace(panel_of("." * 40), first_day=(date(2024, 2, 1) - date(1970, 1, 1)).days)  # a Thursday
    weekday, month = (every_day(BY_NAME[name], panel)[0] for name in ("weekday", "month_day"))
    assert weekday[:7, 2].tolist() == [0, 0, 1, 1, 0, 0, 0]
    assert weekday[4, :2] == pytest.approx([0, 1], abs=1e-6)  # Monday
    assert np.array_equal(weekday[:7], weekday[7:14])
    assert len(np.unique(weekday[:7].round(4), axis=0)) == 7
    assert month[[0, 29]] == pytest.approx(np.array([[0, 1], [0, 1]]), abs=1e-6)  # 1 February, 1 March
    assert np.abs(np.diff(month[:29], axis=0)).max() < 0.22
    assert np.hypot(*month.T) == pytest.approx(1)


# One number per history -------------------------------------------------------------------------------


def test_counts_are_added_up_and_other_features_taken_from_the_last_day_unless_they_say_sum():
    train = example_split().train
    doubled = replace(BY_NAME["tenure"], over_days="sum")
    windows = replace(train, derived=(BY_NAME["totals"], doubled))
    found, history, f = windows.summary(), windows.history(), len(train.panel.features)
    assert np.allclose(found[:, :f], history[:, :, :f].sum(axis=1))
    assert np.array_equal(found[:, f : 2 * f], history[:, -1, f : 2 * f])
    assert np.array_equal(found[:, -1], history[:, :, -1].sum(axis=1))
    assert windows.sources == (*[None] * f, *[BY_NAME["totals"]] * f, doubled)


def test_totals_grow_by_what_the_history_shows():
    windows = replace(example_split().train, derived=(BY_NAME["totals"],))
    f = len(windows.panel.features)
    history = windows.history()
    assert np.allclose(np.diff(history[:, :, f:], axis=1), history[:, 1:, :f])


# Against the slow and obvious -------------------------------------------------------------------------


def slow(picture, day, *, arrived, first_day):
    """Every feature of one user on one day, from a list of events."""
    own = [d for d, sign in enumerate(picture) for _ in range(3 if sign == "3" else sign in "xb") if d <= day]
    given = [d for d, sign in enumerate(picture) if sign in "ob" and d <= day]
    tenure = max(day - arrived, 0)
    since = day - max(own) if own else min(tenure, day) + 1
    today = date(1970, 1, 1) + timedelta(days=first_day + day)
    first = today.replace(day=1)
    week = 2 * math.pi * today.weekday() / 7
    month = 2 * math.pi * (today - first).days / ((first + timedelta(days=32)).replace(day=1) - first).days
    calendar = [math.sin(week), math.cos(week), today.weekday() >= 5, math.sin(month), math.cos(month)]
    amount = sum(d / 4 + 1 for d in given)
    counts = [own.count(day), given.count(day), (day / 4 + 1) * given.count(day)]
    seen = min([d for d, sign in enumerate(picture) if sign != "."], default=arrived)
    shown = max(day - max(min(seen, arrived), 0) + 1, 1)
    totals = [len(own), len(given), amount]
    return [*counts, *calendar, since, tenure, min(tenure, 28), *totals, *(total / shown for total in totals)]


def slow_context(picture, day, *, arrived):
    """Every feature of one user that is known at the end of a history, from a list of events."""
    own = [d for d, sign in enumerate(picture) for _ in range(3 if sign == "3" else sign in "xb") if d <= day]
    given = [d for d, sign in enumerate(picture) if sign in "ob" and d <= day]

    def sums(days):
        late = [d for d in given if d > day - days]
        return [sum(d > day - days for d in own), len(late), sum(d / 4 + 1 for d in late)]

    active = sorted(set(own))
    weeks = [sum(day - 7 * (week + 1) < d <= day - 7 * week for d in active) for week in range(4)]
    gaps = [b - a for a, b in pairwise(active)] or [0]
    since = day - active[-1] if active else min(max(day - arrived, 0), day) + 1
    seen = min([d for d, sign in enumerate(picture) if sign != "."], default=arrived)
    shown = max(day - max(min(seen, arrived), 0) + 1, 1) + 14
    trend = [(week + 0.5) / (month + 2) for week, month in zip(sums(7), sums(28), strict=True)]
    rates = [total / shown for total in [*sums(1_000), len(active)]]
    return [*sums(28), *trend, *weeks, np.mean(gaps), np.std(gaps), gaps[-1], since, *rates]


def with_amounts(panel):
    """A panel whose stickers of day d are worth d / 4 + 1."""
    rows, amounts = panel.sticker_rows(), np.zeros(len(panel.counts), np.float32)
    amounts[rows] = panel.days_where(rows)[1] / 4 + 1
    counts = np.column_stack([panel.counts, np.zeros(len(rows), np.uint8)])
    return replace(panel, features=(*panel.features, "sticker_amount"), counts=counts, amounts=amounts)


@st.composite
def calendars(draw):
    n_days = draw(st.integers(1, 40))
    users = draw(st.lists(st.lists(DAY, min_size=n_days, max_size=n_days), min_size=1, max_size=4))
    day = st.none() | st.integers(-5, n_days + 1)
    return ["".join(signs) for signs in users], draw(st.lists(day, min_size=len(users), max_size=len(users)))


@given(calendars(), st.integers(0, 30_000), st.integers(1, 9), st.sampled_from([1, 5, 1 << 20]))
@settings(max_examples=500, **BRIEF)
def test_features_of_any_calendar_are_those_of_the_slow_reference(panel_of, calendar, first_day, history_days, chunk):
    pictures, joined = calendar
    history_days = min(history_days, len(pictures[0]))
    panel = replace(with_amounts(panel_of(*pictures)), first_day=first_day)
    arrived = [seen if day is None else day for day, seen in zip(joined, panel.arrived.tolist(), strict=True)]
    panel = replace(panel, arrived=np.array(arrived, np.int32))
    windows = slide(
        panel,
        WindowConfig(history_days, horizon_days=1, at_risk="member"),
        joined=np.zeros(len(pictures), np.int32),
    )
    with patch.object(past, "_CHUNK", chunk):  # small ones, so that users lie across their borders
        found = replace(windows, derived=FEATURES).history()
    days = [
        [slow(picture, day, arrived=since, first_day=first_day) for day in range(panel.n_days)]
        for picture, since in zip(pictures, arrived, strict=True)
    ]
    pairs = zip(windows.user.tolist(), windows.cutoff.tolist(), strict=True)
    known = [
        [slow_context(picture, day, arrived=since) for day in range(panel.n_days)]
        for picture, since in zip(pictures, arrived, strict=True)
    ]
    expected = [
        [day + known[user][cutoff - 1] for day in days[user][cutoff - history_days : cutoff]] for user, cutoff in pairs
    ]
    np.testing.assert_allclose(found, np.array(expected, float).reshape(found.shape), rtol=1e-6, atol=1e-6)


def test_features_cost_nothing_when_not_asked_for():
    panel = replace(example_dataset().panel)
    windows = replace(example_dataset().windows, panel=panel)
    assert windows.features == panel.features
    with patch.object(past, "_running_totals", side_effect=AssertionError):
        assert windows.history().shape[2] == len(panel.features)
