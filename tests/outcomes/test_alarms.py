import numpy as np
import pandas as pd
import pytest

from churn.configuration import AlarmConfig
from churn.outcomes import drift as drifting
from churn.outcomes.alarms import alarms
from churn.outcomes.calibration import COLUMNS, LEFT_ALONE
from churn.outcomes.lists import list_stability
from churn.statistics import stability_index


def calibration(*, forecast=0.3, rate=(0.3, 0.2, 0.4), ece=0.05, band=0.08, group=LEFT_ALONE):
    values = {
        "forecast": (forecast, np.nan, np.nan),
        "rate": rate,
        "ece": (ece, 0.0, 1.0),
        "ece_band": (0.04, 0.01, band),
    }
    rows = [(group, "churn", metric, 90, *value, 0.1, 0.0, 0.2) for metric, value in values.items()]
    return pd.DataFrame(rows, columns=COLUMNS)


def lists(shared, *, size=40, n=200):
    """Two lists of `size` among n users of whom `shared` stand on both."""
    users = [f"u{place}" for place in range(n)]
    table = pd.DataFrame({"user_id": users, "cutoff": pd.Timestamp("2024-03-01"), "priority": np.arange(n) / n})
    first = table.assign(segment=np.where(np.arange(n) < size, "priority", "other"))
    inside = (np.arange(n) >= size - shared) & (np.arange(n) < 2 * size - shared)
    second = table.assign(segment=np.where(inside, "priority", "other"), cutoff=pd.Timestamp("2024-03-08"))
    return list_stability(first, second, rank_by="priority", compared_with="the next")


def drifts(old, new, *, watched=True):
    found = stability_index(old, new)
    index = (found.psi, found.by_chance, found.excess, found.limit, found.bins, found.n_reference, found.n_newest)
    row = ("feature", "own_post", *index, float(np.mean(old)), float(np.mean(new)), watched)
    return pd.DataFrame([row], columns=drifting.COLUMNS)


NO_LISTS = lists(5).iloc[:0]
NO_DRIFT = drifts([1, 2], [1, 2]).iloc[:0]


@pytest.mark.parametrize(
    ("table", "alarmed"),
    [
        (calibration(), []),
        (calibration(forecast=0.5), ["calibration_gap"]),
        (calibration(forecast=0.38), []),  # eight points off, but within the rate's interval
        (calibration(forecast=0.33, rate=(0.3, 0.29, 0.31)), []),  # outside, but three points only
        (calibration(ece=0.3, band=0.2), ["ece"]),
        (calibration(ece=0.3, band=0.4), []),  # chance shows as much
        (calibration(ece=0.09, band=0.02), []),
        (calibration(forecast=0.5, ece=0.3, group="all"), []),  # a contact is meant to prove a forecast wrong
    ],
)
def test_calibration_alarms_for_what_is_large_and_no_chance(table, alarmed):
    found = alarms(table, NO_LISTS, NO_DRIFT, config=AlarmConfig())
    assert [line.split(":")[0] for line in found] == alarmed


def test_lists_that_hardly_share_anybody_alarm_unless_they_are_short():
    none = calibration().iloc[:0]
    assert alarms(none, lists(20), NO_DRIFT, config=AlarmConfig()) == []
    (line,) = alarms(none, lists(4), NO_DRIFT, config=AlarmConfig())
    assert "4 users stand on both lists of 40 and 40, 7 days apart: Jaccard 0.05" in line
    assert alarms(none, lists(0, size=29), NO_DRIFT, config=AlarmConfig()) == []


def test_drift_alarms_where_it_is_watched_and_more_than_chance():
    rng, none = np.random.default_rng(0), calibration().iloc[:0]
    far = rng.normal(2, size=500)
    (line,) = alarms(none, NO_LISTS, drifts(rng.normal(size=500), far), config=AlarmConfig())
    assert line.startswith("psi: own_post has moved")
    assert "n = 500 and 500" in line
    assert alarms(none, NO_LISTS, drifts(rng.normal(size=500), far, watched=False), config=AlarmConfig()) == []
    few = [alarms(none, NO_LISTS, drifts(*rng.normal(size=(2, 25))), config=AlarmConfig()) for _ in range(200)]
    assert np.mean([bool(lines) for lines in few]) < 0.09


def test_null_switches_every_alarm_off():
    off = AlarmConfig(psi=None, ece=None, calibration_gap=None, jaccard=None)
    bad = calibration(forecast=0.9, ece=0.5)
    assert alarms(bad, lists(0), drifts(np.arange(1, 500), np.arange(501, 999)), config=off) == []
    assert len(alarms(bad, lists(0), drifts(np.arange(1, 500), np.arange(501, 999)), config=AlarmConfig())) == 4


@pytest.mark.parametrize(("name", "value"), [("psi", -0.1), ("ece", 1.1), ("calibration_gap", -1), ("jaccard", 2)])
def test_a_threshold_that_nothing_could_pass_is_refused(name, value, refused):
    with refused(f"outcomes.alarms.{name}", str(value), "null"):
        AlarmConfig(**{name: value})
