import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from churn.statistics import METRICS, RANGES, calibration_bins, evaluate

Floats = NDArray[np.float64]

SCORES = {
    "without ties": lambda rng, n: rng.uniform(size=n),
    "heavy ties": lambda rng, n: rng.integers(0, 6, n) / 5,
    "ties across the two columns": lambda rng, n: rng.choice([0.25, 0.5, 0.75], n),
    "all equal": lambda rng, n: np.full(n, 0.3),
    "float32": lambda rng, n: rng.uniform(size=n).astype(np.float32),
}
REFERENCE = {
    "accuracy": lambda y, p, w: sklearn_metrics.accuracy_score(y, p >= 0.5, sample_weight=w),
    "micro_ap": lambda y, p, w: sklearn_metrics.average_precision_score(
        np.column_stack([1 - y, y]), np.column_stack([1 - p, p]), average="micro", sample_weight=w
    ),
    "ap": lambda y, p, w: sklearn_metrics.average_precision_score(y, p, sample_weight=w),
    "roc_auc": lambda y, p, w: sklearn_metrics.roc_auc_score(y, p, sample_weight=w),
    "log_loss": lambda y, p, w: sklearn_metrics.log_loss(y, np.clip(p, 1e-7, 1 - 1e-7), sample_weight=w),
    "brier": lambda y, p, w: sklearn_metrics.brier_score_loss(y, p, sample_weight=w),
}


def sample(kind: str, n: int = 157, seed: int = 0) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Labels, scores and three weightings: ones, counts with zeros, fractions."""
    rng = np.random.default_rng(seed)
    weights = np.stack([np.ones(n), rng.poisson(1.0, n), rng.exponential(size=n)])
    p = SCORES[kind](rng, n).astype(np.float64)
    return (rng.uniform(size=n) < 0.2 + p / 2).astype(np.int64), p, weights


@pytest.mark.parametrize("kind", SCORES)
@pytest.mark.parametrize("metric", REFERENCE)
def test_metric_equals_scikit_learn_with_ties_and_weights(metric: str, kind: str) -> None:
    for seed in range(3):
        y, p, weights = sample(kind, seed=seed)
        expected = [REFERENCE[metric](y, p, row) for row in weights]
        np.testing.assert_allclose(evaluate(y, p, weights=weights)[metric], expected, rtol=1e-9)


@pytest.mark.parametrize("metric", sorted(set(METRICS) - {"ece"}))
def test_whole_weights_equal_repeated_rows(metric: str) -> None:
    y, p, weights = sample("heavy ties")
    repeats = weights[1].astype(int)
    repeated = evaluate(np.repeat(y, repeats), np.repeat(p, repeats))[metric]
    np.testing.assert_allclose(evaluate(y, p, weights=weights[1:2])[metric], repeated, rtol=1e-12)


def test_weights_of_one_change_nothing_and_are_the_default() -> None:
    y, p, weights = sample("without ties")
    for metric, value in evaluate(y, p).items():
        assert value == evaluate(y, p, weights=weights[:1])[metric]


def test_every_metric_comes_back_in_the_published_order_within_its_range() -> None:
    y, p, weights = sample("heavy ties")
    values = evaluate(y, p, weights=weights)
    assert tuple(values) == METRICS == tuple(RANGES)
    for metric, (low, high) in RANGES.items():
        assert values[metric].shape == (3,)
        assert ((values[metric] >= low) & (values[metric] <= high)).all()


def test_chunks_give_what_one_piece_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    y, p, weights = sample("heavy ties")
    whole = evaluate(y, p, weights=weights)
    monkeypatch.setattr("churn.statistics.order.CHUNK_CELLS", 1)
    for metric, values in evaluate(y, p, weights=weights).items():
        np.testing.assert_allclose(values, whole[metric], rtol=1e-12)


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_leaves_ranking_metrics_undefined_and_the_others_right(label: int) -> None:
    p = np.array([0.1, 0.6, 0.6, 0.9])
    values = evaluate(np.full(4, label), p)
    assert np.isnan(values["roc_auc"]) and np.isnan(values["ap"])
    assert values["accuracy"] == (0.25, 0.75)[label]
    np.testing.assert_allclose(values["brier"], ((label - p) ** 2).mean())
    np.testing.assert_allclose(values["lift_10"], (np.nan, 1.0)[label])
    assert np.isfinite(values["micro_ap"]) and np.isfinite(values["ece"])


def test_weighting_that_drops_one_class_is_undefined_in_its_own_row_only() -> None:
    weights = np.array([[0.1, 0.2, 0.0, 0.0], [0.1, 0.2, 0.3, 0.7]])
    values = evaluate([0, 0, 1, 1], [0.1, 0.7, 0.4, 0.8], weights=weights)
    assert np.isnan(values["ap"]).tolist() == np.isnan(values["roc_auc"]).tolist() == [True, False]


def test_weighting_without_any_weight_gives_nan_throughout() -> None:
    values = evaluate([0, 1], [0.2, 0.9], weights=np.zeros((1, 2)))
    assert all(np.isnan(value).all() for value in values.values())


def test_log_loss_of_a_certain_mistake_is_finite() -> None:
    np.testing.assert_allclose(evaluate([0, 1], [1.0, 1.0])["log_loss"], -np.log(1e-7) / 2, rtol=1e-6)


def ece_by_definition(y: Floats, p: Floats, w: Floats) -> float:
    bins = calibration_bins(p)
    gaps = [
        w[bins == k].sum()
        * abs(np.average(y[bins == k], weights=w[bins == k]) - np.average(p[bins == k], weights=w[bins == k]))
        for k in np.unique(bins[w > 0])
    ]
    return float(sum(gaps) / w.sum())


@pytest.mark.parametrize("kind", SCORES)
def test_ece_is_the_mean_gap_between_rate_and_probability_of_the_bins(kind: str) -> None:
    y, p, weights = sample(kind)
    np.testing.assert_allclose(
        evaluate(y, p, weights=weights)["ece"], [ece_by_definition(y, p, row) for row in weights]
    )


def test_ece_of_a_constant_is_its_distance_from_the_rate() -> None:
    np.testing.assert_allclose(evaluate([0, 0, 0, 1], [0.4] * 4)["ece"], 0.15)


def test_calibration_bins_are_of_equal_mass_without_ties() -> None:
    p = np.random.default_rng(0).permutation(150) / 150
    bins = calibration_bins(p)
    assert np.bincount(bins).tolist() == [10] * 15
    assert (np.diff(bins[np.argsort(p)]) >= 0).all()


def test_equal_probabilities_share_a_calibration_bin() -> None:
    p = np.array([0.1] * 7 + [0.2] * 92 + [0.3])
    bins = calibration_bins(p)
    assert all(np.unique(bins[p == value]).size == 1 for value in (0.1, 0.2, 0.3))
    assert (bins[0], bins[7], bins[-1]) == (0, 7, 14)  # where the middle of each group falls


@pytest.mark.parametrize("kind", ["heavy ties", "all equal", "without ties"])
def test_lift_is_the_mean_over_random_orders_of_tied_scores(kind: str) -> None:
    rng = np.random.default_rng(1)
    y, p, _ = sample(kind, n=200)
    orders = (np.lexsort((rng.uniform(size=200), -p)) for _ in range(4000))
    expected = np.mean([y[order[:20]].mean() for order in orders]) / y.mean()
    np.testing.assert_allclose(evaluate(y, p)["lift_10"], expected, rtol=0.03)


def test_lift_of_a_perfect_ranking_is_the_best_possible() -> None:
    y = np.arange(1000) >= 950
    np.testing.assert_allclose(evaluate(y, np.linspace(0, 1, 1000))["lift_10"], 10.0)
    np.testing.assert_allclose(evaluate(~y, np.linspace(1, 0, 1000))["lift_10"], 1 / 0.95)


@pytest.mark.parametrize(
    ("y", "p", "weights", "message"),
    [
        ([0, 2], [0.1, 0.2], None, "labels 0 and 1"),
        ([0, np.nan], [0.1, 0.2], None, "labels 0 and 1"),
        ([0, 1], [0.1, 1.2], None, r"probabilities in \[0, 1\], got 1.2"),
        ([0, 1], [0.1, np.nan], None, "probabilities"),
        ([0, 1], [0.1], None, "one shape"),
        ([], [], None, "one shape"),
        ([0, 1], [0.1, 0.2], [1, 1], r"shape \(b, 2\)"),
        ([0, 1], [0.1, 0.2], [[1, -1]], "nonnegative"),
        ([0, 1], [0.1, 0.2], [[1, np.nan]], "nonnegative"),
    ],
)
def test_input_that_makes_no_sense_is_refused(y: object, p: object, weights: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(y, p, weights=weights)  # type: ignore[arg-type]


def test_memory_stays_small_however_many_weightings_there_are() -> None:
    rng = np.random.default_rng(0)
    p = rng.uniform(size=20_000)
    weights = rng.integers(0, 3, (100, p.size), dtype=np.int8)
    tracemalloc.start()
    evaluate(rng.uniform(size=p.size) < p, p, weights=weights)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6  # bytes; all weightings at once would take 16 MB per intermediate array, twice that for micro-AP
