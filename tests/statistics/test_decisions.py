import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from churn.statistics import DECISIONS, best_threshold, decide, decision_intervals, paired_decisions

SCORES = {
    "without ties": lambda rng, n: rng.uniform(size=n),
    "heavy ties": lambda rng, n: rng.integers(0, 6, n) / 5,
    "all equal": lambda rng, n: np.full(n, 0.3),
    "float32": lambda rng, n: rng.uniform(size=n).astype(np.float32),
}
REFERENCE = {
    "precision": sklearn_metrics.precision_score,
    "recall": sklearn_metrics.recall_score,
    "f1": sklearn_metrics.f1_score,
}


def sample(kind, n=157, seed=0):
    """Labels, scores and three weightings: ones, counts with zeros, fractions."""
    rng = np.random.default_rng(seed)
    weights = np.stack([np.ones(n), rng.poisson(1.0, n), rng.exponential(size=n)])
    p = SCORES[kind](rng, n).astype(np.float64)
    return (rng.uniform(size=n) < 0.2 + p / 2).astype(np.int64), p, weights


def numbers(interval):
    return [interval.value, interval.low, interval.high]


@pytest.mark.slow
@pytest.mark.parametrize("kind", SCORES)
@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.3, 0.4, 0.95, 1.0])
@pytest.mark.parametrize("name", DECISIONS)
def test_decisions_equal_scikit_learn_with_ties_and_weights(name, threshold, kind):
    for seed in range(3):
        y, p, weights = sample(kind, seed=seed)
        expected = [REFERENCE[name](y, p >= threshold, sample_weight=w, zero_division=np.nan) for w in weights]
        np.testing.assert_allclose(decide(y, p, threshold=threshold, weights=weights)[name], expected, rtol=1e-9)


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("threshold", [0.2, 0.9])
@pytest.mark.parametrize("name", DECISIONS)
def test_one_class_gives_what_scikit_learn_gives(name, threshold, label):
    y, p = np.full(4, label), np.full(4, 0.5)
    expected = REFERENCE[name](y, p >= threshold, zero_division=np.nan)
    np.testing.assert_equal(decide(y, p, threshold=threshold)[name], [expected])


@pytest.mark.parametrize("kind", SCORES)
def test_the_best_threshold_is_that_of_scikit_learn_s_curve(kind):
    for seed in range(5):
        y, p, _ = sample(kind, seed=seed)
        precision, recall, thresholds = sklearn_metrics.precision_recall_curve(y, p)
        f1 = (2 * precision * recall / np.maximum(precision + recall, 1e-12))[:-1]
        best = best_threshold(y, p)
        assert best.f1 == pytest.approx(f1.max())
        assert best.threshold == thresholds[np.flatnonzero(f1 > f1.max() - 1e-12)[-1]]
        assert best.f1 == pytest.approx(decide(y, p, threshold=best.threshold)["f1"][0])
        assert best.share == pytest.approx((p >= best.threshold).mean())


def test_among_equally_good_thresholds_the_highest_wins():
    # .8 calls one window and finds one of three: 2 / 4; .2 calls nine and finds all: 6 / 12
    y = [1, 0, 0, 0, 0, 0, 0, 1, 1]
    p = [0.8, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.2, 0.2]
    assert [decide(y, p, threshold=t)["f1"][0] for t in (0.8, 0.2)] == [0.5, 0.5]
    assert best_threshold(y, p).threshold == 0.8


def test_a_constant_forecast_calls_everybody_positive():
    best = best_threshold([0, 1, 0, 0], [0.3] * 4)
    assert (best.threshold, best.share, best.f1) == (0.3, 1.0, pytest.approx(2 / 5))


@pytest.mark.parametrize(("label", "f1"), [(0, 0.0), (1, 1.0)])
def test_one_class_has_a_threshold_too(label, f1):
    best = best_threshold([label] * 3, [0.1, 0.5, 0.9])
    assert best.f1 == f1
    assert best.threshold == (0.9, 0.1)[label]


def test_without_anybody_called_positive_precision_is_unknown_and_recall_zero():
    y, p = np.tile([0, 1], 30), np.full(60, 0.2)
    found = decision_intervals(y, p, threshold=0.5, users=np.arange(60), repetitions=50)
    assert np.isnan(numbers(found["precision"])).all()
    assert numbers(found["recall"]) == numbers(found["f1"]) == [0, 0, 0]


def test_resamples_without_a_called_window_leave_precision_s_interval_to_the_others():
    y, p = np.r_[1, np.zeros(9)], np.r_[0.9, np.full(9, 0.1)]  # a third of the resamples miss the one called
    found = decision_intervals(y, p, threshold=0.5, users=np.arange(10), repetitions=200)
    assert numbers(found["precision"]) == [1, 1, 1]


def test_copies_of_a_user_s_windows_change_no_interval():
    y, p, _ = sample("heavy ties", n=80)
    users = np.arange(80) // 2
    once = decision_intervals(y, p, threshold=0.6, users=users, repetitions=60)
    often = decision_intervals(np.tile(y, 10), np.tile(p, 10), threshold=0.6, users=np.tile(users, 10), repetitions=60)
    for name in DECISIONS:
        np.testing.assert_allclose(numbers(once[name]), numbers(often[name]))
        assert once[name].low < once[name].value < once[name].high


@pytest.mark.slow
def test_the_interval_of_precision_covers_the_true_one_over_users_and_not_over_windows():
    def covers(seed, *, over_users):
        rng = np.random.default_rng(seed)
        user = np.repeat(np.arange(60), 10)
        y = rng.uniform(size=60)[user] < 0.5  # a user's labels are all the same
        units = user if over_users else np.arange(user.size)
        found = decision_intervals(y, np.full(600, 0.7), threshold=0.5, users=units, repetitions=200, seed=seed)
        return found["precision"].low <= 0.5 <= found["precision"].high

    assert 0.89 <= np.mean([covers(seed, over_users=True) for seed in range(150)]) <= 0.99
    assert np.mean([covers(seed, over_users=False) for seed in range(60)]) < 0.7


def test_a_paired_difference_takes_each_forecast_at_its_own_threshold():
    y, p, _ = sample("without ties")
    users = np.arange(y.size) // 3
    found = paired_decisions(y, p, p_b=p / 2, thresholds=(0.4, 0.1), users=users, repetitions=60)
    for name, interval in found.items():
        a, b = decide(y, p, threshold=0.4)[name][0], decide(y, p / 2, threshold=0.1)[name][0]
        assert interval.value == pytest.approx(a - b)
        assert interval.low <= interval.value <= interval.high


def test_a_forecast_and_its_rescaled_twin_differ_by_nothing_in_any_resample():
    y, p, _ = sample("without ties")
    found = paired_decisions(y, p, p_b=p / 2, thresholds=(0.4, 0.2), users=np.arange(y.size), repetitions=60)
    assert all(numbers(interval) == [0, 0, 0] for interval in found.values())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: decide([0, 2], [0.1, 0.2], threshold=0.5), "labels 0 and 1"),
        (lambda: decide([0, 1], [0.1, 0.2], threshold=0.5, weights=[1, 1]), r"shape \(b, 2\)"),
        (lambda: best_threshold([], []), "n ≥ 1"),
        (lambda: decision_intervals([0, 1], [0.1, 0.2], threshold=0.5, users=[1]), "one user for each"),
        (lambda: paired_decisions([0, 1], [0, 1], p_b=[0, 1], thresholds=(0, 1), users=[1]), "one user for each"),
    ],
)
def test_input_that_makes_no_sense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
