from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from churn.statistics import (
    METRICS,
    RANGES,
    Interval,
    bootstrap,
    evaluate,
    metric_intervals,
    paired_difference,
    rate_interval,
)

from .panels import Floats, holds, panel

MANY = np.arange(10_000)  # users, so many that Student's t is the normal distribution


def coverage(interval: Callable[[int], Interval], truth: float, simulations: int) -> float:
    return float(np.mean([holds(interval(seed), truth) for seed in range(simulations)]))


def mean_of(values: Floats) -> Callable[[Floats], Floats]:
    return lambda weights: weights @ values / weights.sum(axis=1)


@pytest.mark.slow
def test_interval_over_users_covers_the_true_rate_and_the_one_over_windows_does_not() -> None:
    def over_users(seed: int) -> Interval:
        y, _, users = panel(seed)
        return rate_interval(y, users, repetitions=300, seed=seed)

    def over_windows(seed: int) -> Interval:
        y, _, users = panel(seed)
        return rate_interval(y, np.arange(users.size), repetitions=300, seed=seed)

    assert 0.90 <= coverage(over_users, 0.5, 250) <= 0.985
    assert coverage(over_windows, 0.5, 80) < 0.75


@pytest.mark.slow
def test_interval_of_roc_auc_covers_the_true_one() -> None:
    y, p, _ = panel(10_000, n_users=20_000)
    truth = evaluate(y, p)["roc_auc"][0]

    def interval(seed: int) -> Interval:
        y, p, users = panel(seed)
        return metric_intervals(y, p, users=users, repetitions=150, seed=seed)["roc_auc"]

    assert coverage(interval, truth, 80) >= 0.87


def test_width_agrees_with_the_standard_error_between_users() -> None:
    y, _, users = panel(0, n_users=400)
    interval = rate_interval(y, users, repetitions=4000)
    error = y.reshape(400, -1).mean(axis=1).std(ddof=1) / np.sqrt(400)
    assert interval.value == pytest.approx(y.mean())
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * error, rel=0.06)


def test_wider_level_gives_a_wider_interval() -> None:
    y, _, users = panel(0)
    narrow, wide = (rate_interval(y, users, level=level) for level in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_rate_interval_equals_the_bootstrap_of_the_weighted_mean() -> None:
    y, _, users = panel(0)
    direct = bootstrap(users, mean_of(y), bounds=(0, 1))
    quick = rate_interval(y, users)
    np.testing.assert_allclose([quick.value, quick.low, quick.high], [direct.value, direct.low, direct.high])


def test_windows_of_a_user_always_share_their_weight() -> None:
    users = np.array(["b", "a", "c", "a", "b", "b"])
    seen = []
    bootstrap(users, lambda weights: (seen.append(weights), weights.sum(axis=1))[1], repetitions=50)
    weights = np.concatenate(seen[1:])
    assert weights.shape == (50, 6)
    np.testing.assert_array_equal(weights[:, 0], weights[:, 4])
    np.testing.assert_array_equal(weights[:, 1], weights[:, 3])
    np.testing.assert_array_equal(weights[:, :3].sum(axis=1), 3)  # one window per user: as many draws as users
    assert weights.std(axis=0).min() > 0


def test_same_seed_gives_the_same_interval_whatever_the_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    y, p, users = panel(0)
    first = metric_intervals(y, p, users=users, repetitions=60, seed=3)
    other = metric_intervals(y, p, users=users, repetitions=60, seed=4)
    monkeypatch.setattr("churn.statistics.intervals.CHUNK_CELLS", 7 * y.size)
    again = metric_intervals(y, p, users=users, repetitions=60, seed=3)
    assert first["ap"] != other["ap"]
    for metric in METRICS:
        a, b = first[metric], again[metric]
        np.testing.assert_allclose([a.value, a.low, a.high], [b.value, b.low, b.high], rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_value_lies_inside_its_interval_and_its_range(seed: int) -> None:
    y, p, users = panel(seed, n_users=12, each=4)
    for metric, interval in metric_intervals(y, p, users=users, repetitions=80, seed=seed).items():
        low, high = RANGES[metric]
        assert low <= interval.low <= interval.value <= interval.high <= high
        assert interval.value == evaluate(y, p)[metric][0]


def test_calibration_error_that_grows_under_resampling_still_holds_its_value() -> None:
    # as calibrated as can be: of ten windows with p = .2, two are positive; and so on
    p = np.repeat([0.2, 0.4, 0.6, 0.8], 10)
    y = np.concatenate([np.arange(10) < 10 * level for level in (0.2, 0.4, 0.6, 0.8)])
    seen: list[Floats] = []

    def ece(weights: Floats) -> Floats:
        seen.append(evaluate(y, p, weights=weights)["ece"])
        return seen[-1]

    interval = bootstrap(np.arange(40), ece, repetitions=200, bounds=RANGES["ece"])
    assert interval.value == pytest.approx(0, abs=1e-12)
    assert np.quantile(np.concatenate(seen[1:]), 0.025) > 0.01  # the plain percentile interval misses the value
    assert interval.low == 0 and interval.high < 0.2


def test_interval_is_the_percentile_interval_moved_by_the_median_bias() -> None:
    values = np.array([0.0, 10.0, 11.0, 12.0, 13.0, 14.0])  # the value, then five replicates
    chunks = iter([values[:1], values[1:]])
    interval = bootstrap(MANY, lambda weights: next(chunks), repetitions=5, level=0.5)
    assert [interval.value, interval.low, interval.high] == pytest.approx([0, -1, 1], abs=1e-3)


def test_undefined_replicates_are_dropped() -> None:
    values = np.array([2.0, np.nan, 1.0, 2.0, 3.0, np.nan])
    chunks = iter([values[:1], values[1:]])
    interval = bootstrap(MANY, lambda weights: next(chunks), repetitions=5, level=0.5)
    assert [interval.value, interval.low, interval.high] == pytest.approx([2, 1.5, 2.5], abs=1e-3)


def test_one_class_gives_a_nan_interval_without_a_warning() -> None:
    intervals = metric_intervals(np.zeros(6), np.linspace(0, 1, 6), users=[1, 1, 2, 2, 3, 3], repetitions=20)
    for metric in ("ap", "roc_auc", "lift_10"):
        assert np.isnan([intervals[metric].value, intervals[metric].low, intervals[metric].high]).all()
    assert np.isfinite(intervals["brier"].high)


def test_single_user_has_a_value_but_no_interval() -> None:
    interval = rate_interval([0, 1, 1, 0], ["ann"] * 4)
    assert interval.value == 0.5 and np.isnan(interval.low) and np.isnan(interval.high)


def test_interval_of_few_normal_users_is_that_of_student_and_not_narrower() -> None:
    x = np.random.default_rng(0).normal(size=12)
    found = rate_interval(x, np.arange(12), repetitions=20_000)
    low, high = stats.t.interval(0.95, 11, loc=x.mean(), scale=stats.sem(x))
    assert found.high - found.low == pytest.approx(high - low, rel=0.05)


def test_paired_difference_is_narrower_than_separate_intervals_and_finds_the_better_forecast() -> None:
    y, p, users = panel(0, n_users=150)
    worse = np.clip(p + np.random.default_rng(1).normal(size=p.size) * 0.15, 0.01, 0.99)
    difference = paired_difference(y, p, p_b=worse, users=users, repetitions=200)["log_loss"]
    a, b = (metric_intervals(y, q, users=users, repetitions=200)["log_loss"] for q in (p, worse))
    assert difference.value == pytest.approx(a.value - b.value)
    assert difference.high < 0  # lower is better
    assert difference.high - difference.low < 0.6 * max(a.high - a.low, b.high - b.low)


def test_paired_difference_changes_its_sign_with_the_order() -> None:
    y, p, users = panel(0)
    forward = paired_difference(y, p, p_b=p**2, users=users, repetitions=100)
    backward = paired_difference(y, p**2, p_b=p, users=users, repetitions=100)
    for metric in METRICS:
        a, b = forward[metric], backward[metric]
        np.testing.assert_allclose([a.value, a.low, a.high], [-b.value, -b.high, -b.low], atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rate_interval([0, 1], [1]), "one user for each"),
        (lambda: rate_interval([], []), "n ≥ 1"),
        (lambda: rate_interval([0, 1], [1, 2], level=95), "level between 0 and 1"),
        (lambda: rate_interval([0, 1], [1, 2], repetitions=0), "one repetition"),
        (lambda: bootstrap([], np.sum), "at least one window"),
        (lambda: metric_intervals([0, 1], [0.1, 0.2], users=[1]), "one user for each"),
    ],
)
def test_input_that_makes_no_sense_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("seen", "low", "high"), [(0, 0.0, 0.03), (1, 0.97, 1.0)])
def test_a_rate_that_nobody_departs_from_has_the_interval_of_the_rule_of_three(seen, low, high) -> None:
    found = rate_interval(np.full(300, seen), users=np.repeat(np.arange(100), 3))
    assert (found.value, found.low, found.high) == (seen, pytest.approx(low), pytest.approx(high))
