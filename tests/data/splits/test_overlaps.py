import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn.data import rolling_origins
from churn.data.splits.overlaps import Spans, days_in_both, overlap, spans
from churn.errors import UserError

from .calendars import calendars, pairs, windows_by_chance

pytestmark = pytest.mark.slow


def brute(earlier, later, embargo_days):
    """The same counts over sets of (user, day)."""
    history, lead, a, b = earlier.history_days, earlier.lead_days, pairs(earlier), pairs(later)
    end = lead + earlier.horizon_days

    def days(pairs, first):
        return {(user, cutoff + day) for user, cutoff in pairs for day in range(first, end)}

    begin = min((cutoff for _, cutoff in b), default=10**6)
    return {
        "users": len({user for user, _ in a} & {user for user, _ in b}),
        "user_days": len(days(a, -history) & days(b, -history)),
        "outcome_days": len(days(a, -history) & days(b, lead)),
        "windows": sum(cutoff + end + embargo_days > begin for _, cutoff in a),
        "windows_in_both": len(a & b),
    }


@given(calendars(), st.integers(0, 2**32))
@settings(max_examples=250, deadline=None)
def test_overlaps_of_any_two_sets_of_windows_are_those_over_sets_of_days(found, seed):
    windows, config = found
    drawn = np.random.default_rng(seed).integers(0, 4, len(windows))  # in neither, a, b, both
    a, b = windows.take((drawn & 1) > 0), windows.take((drawn & 2) > 0)
    assert overlap(a, b, embargo_days=config.embargo_days) == brute(a, b, config.embargo_days)


@given(calendars())
@settings(max_examples=250, deadline=None)
def test_the_audit_of_every_split_counts_what_its_parts_share(found):
    windows, config = found
    try:
        folds = rolling_origins(windows, config)
    except UserError:
        return
    for fold in folds:
        for row in fold.audit()["overlaps"]:
            counted = brute(fold.part(row["earlier"]), fold.part(row["later"]), config.embargo_days)
            assert row == {"earlier": row["earlier"], "later": row["later"]} | counted
            assert not counted["windows_in_both"]
            if config.by_user:
                assert not counted["users"] and not counted["user_days"]
            if config.by_time:
                assert not counted["windows"]
            if config.kind != "random":
                assert not counted["outcome_days"]


def test_windows_in_any_order_have_the_same_overlaps():
    rng = np.random.default_rng(0)
    windows = windows_by_chance(rng, 10, 40, history=3, horizon=4, stride=1)
    a, b = windows.take(windows.cutoff < 25), windows.take(windows.cutoff >= 20)
    shuffled = a.take(rng.permutation(len(a)))
    assert overlap(shuffled, b) == overlap(a, b)
    assert overlap(a, b)["windows_in_both"] > 0


def test_nothing_shares_nothing():
    windows = windows_by_chance(np.random.default_rng(0), 5, 30, history=3, horizon=4, stride=1)
    nothing = windows.take(np.empty(0, np.int64))
    for a, b in ((windows, nothing), (nothing, windows), (nothing, nothing)):
        assert set(overlap(a, b).values()) == {0}


def test_windows_that_follow_each_other_are_one_stretch():
    windows = windows_by_chance(np.random.default_rng(1), 1, 60, history=7, horizon=7, stride=1)
    assert len(spans(windows, before=7, after=7).start) < len(windows) / 5


@pytest.mark.parametrize(("start", "end", "expected"), [(0, 4, 0), (3, 6, 1), (5, 11, 6), (0, 30, 10), (15, 30, 0)])
def test_days_in_both_are_counted_at_the_edges(start, end, expected):
    found = Spans(np.array([5, 12]), np.array([12, 15]))
    assert days_in_both(found, Spans(np.array([start]), np.array([end]))) == expected
    assert days_in_both(Spans(np.array([start]), np.array([end])), found) == expected
