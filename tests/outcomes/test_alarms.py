import numpy as np
import pandas as pd
import pytest

from churn.artefacts import declared
from churn.configuration import AlarmConfig
from churn.outcomes.alarms import alarms
from churn.outcomes.calibration import LEFT_ALONE, measures
from churn.outcomes.lists import list_stability
from churn.statistics import stability_index


def calibration(*, forecast=0.3, rate=(0.3, 0.2, 0.4), ece=0.05, band=0.08, group=LEFT_ALONE, n=90):
    value, low, high = rate
    values = {
        "forecast": (forecast, np.nan, np.nan),
        "rate": rate,
        "rate_band": (forecast, forecast - (high - value), forecast + (value - low)),
        "ece": (ece, 0.0, 1.0),
        "ece_band": (0.04, 0.01, band),
    }
    rows = [(group, "churn", metric, n, *value, 0.1, 0.0, 0.2) for metric, value in values.items()]
    return declared.CALIBRATION_SINCE.of(rows)


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
    return declared.DRIFT.of([row])


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
        (calibration(ece=0.3104125070266235, band=0.31041250702662343), []),  # the band but for rounding
        (calibration(forecast=0.5, ece=0.3, n=29), []),  # too few users to judge by
        (calibration(forecast=0.5, ece=0.3, group="all"), []),  # a contact is meant to prove a forecast wrong
    ],
)
def test_calibration_alarms_for_what_is_large_and_no_chance(table, alarmed):
    found = alarms(table, NO_LISTS, NO_DRIFT, config=AlarmConfig())
    assert [line.split(":")[0] for line in found] == alarmed


def alarmed(rng, n, *, truth):
    """Whether a made-up list of n users alarms whose forecasts of both targets come true as `truth` of them says."""
    tables = []
    for target in ("churn", "sticker"):
        p = rng.beta(2, 3, n)
        found = measures(p, rng.random(n) < truth(p), repetitions=2, targets=2)
        ends = {name: (one.value, one.low, one.high) for name, one in found.items()}
        rows = [(LEFT_ALONE, target, name, n, *three, *[np.nan] * 3) for name, three in ends.items()]
        tables.append(declared.CALIBRATION_SINCE.of(rows))
    at_any = AlarmConfig(ece=0, calibration_gap=0)  # so that chance alone is what holds an alarm back
    return bool(alarms(pd.concat(tables), NO_LISTS, NO_DRIFT, config=at_any))


@pytest.mark.slow
@pytest.mark.parametrize("n", [30, 200])
def test_a_calibrated_list_alarms_in_five_of_a_hundred_cases_at_most(n):
    rng = np.random.default_rng(n)
    share = np.mean([alarmed(rng, n, truth=lambda p: p) for _ in range(60)])
    assert share <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 60)  # test_calibration_band.py looks closer


def test_forecasts_that_are_off_alarm():
    rng = np.random.default_rng(0)
    assert np.mean([alarmed(rng, 200, truth=lambda p: 0.6 * p) for _ in range(10)]) > 0.9
    assert np.mean([alarmed(rng, 200, truth=lambda p: np.where(p > 0.4, 0.4, p)) for _ in range(10)]) > 0.5


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
