"""Metrics of a binary forecast, for many weightings of one set of windows at once.

The bootstrap over users never copies rows: a resample is one weight per window. So the windows are sorted once, and
every weighting is then a matter of cumulative sums and one matrix product.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from churn.statistics.order import Ranking, average_precision, cumulate, gain, rank, ratio, roc_auc, weight_chunks

METRICS: tuple[str, ...] = ("accuracy", "micro_ap", "ap", "roc_auc", "log_loss", "brier", "ece", "lift_10")

RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "accuracy": (0.0, 1.0),
        "micro_ap": (0.0, 1.0),
        "ap": (0.0, 1.0),
        "roc_auc": (0.0, 1.0),
        "log_loss": (0.0, float("inf")),
        "brier": (0.0, 1.0),
        "ece": (0.0, 1.0),
        "lift_10": (0.0, 10.0),
    }
)

ECE_BINS = 15
CLIP = (
    1e-7  # a network in float32 gives exactly 0 or 1 now and then; one such window must not make the log loss infinite
)
TOP = 0.10  # share of the windows in `lift_10`


@dataclass(frozen=True)
class _Sample:
    """The parts of the metrics that do not depend on the weights."""

    ranking: Ranking
    micro: Ranking
    columns: NDArray[np.float64]  # (n, 3 + bins) correct, log loss, squared error, and the residual in its bin's column


def evaluate(y: ArrayLike, p: ArrayLike, *, weights: ArrayLike | None = None) -> dict[str, NDArray[np.float64]]:
    """Compute every metric of `METRICS` under each of b weightings of the windows.

    `y` (n,) holds labels 0 and 1, `p` (n,) the probabilities of label 1, taken as float64, and `weights` (b, n) one
    nonnegative weighting per row, all ones (b = 1) by default. Each metric comes back as an array (b,).

    Equal to scikit-learn's metrics with `sample_weight`, ties included:

    - `accuracy`: p ≥ 0.5 says 1;
    - `micro_ap`: average precision over both columns of the one-hot labels, `average="micro"` on [1 − p, p];
    - `ap`, `roc_auc`: of label 1; nan where a weighting leaves only one class;
    - `log_loss`: in nats, p clipped to [1e-7, 1 − 1e-7];
    - `brier`: mean squared error of p.

    Two are our own:

    - `ece`: expected calibration error over the 15 bins of `calibration_bins`, which do not depend on the weights;
    - `lift_10`: rate of label 1 in the top tenth of the weight by score, over the base rate; ties at the border count
      with the share that a random order would let in; nan without a positive.

    A weighting that sums to zero gives nan throughout.

    Raises:
        ValueError: for labels other than 0 and 1, probabilities outside [0, 1], negative weights, or other shapes.

    Example:
        >>> values = evaluate([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], weights=[[1, 1, 1, 1], [1, 0, 1, 1]])
        >>> values["roc_auc"]
        array([0.75, 1.  ])
        >>> values["ap"].round(3)
        array([0.833, 1.   ])
    """
    labels, scores = check_forecast(y, p)
    sample = _prepare(labels, scores)
    chunks = [_evaluate_chunk(sample, chunk) for chunk in weight_chunks(weights, labels.size)]
    return {metric: np.concatenate([chunk[metric] for chunk in chunks]) for metric in METRICS}


def log_losses(y: ArrayLike, p: ArrayLike) -> NDArray[np.float64]:
    """The log loss of each window in nats, (n,), of labels (n,) and probabilities (n,) clipped to [1e-7, 1 − 1e-7].

    Example:
        >>> log_losses([1, 0], [0.5, 1.0]).round(3)
        array([ 0.693, 16.118])
    """
    clipped = np.clip(np.asarray(p, dtype=np.float64), CLIP, 1 - CLIP)
    return np.asarray(-np.log(np.where(np.asarray(y) == 1, clipped, 1 - clipped)))


def log_loss(y: ArrayLike, p: ArrayLike) -> float:
    """The mean of `log_losses`.

    Example:
        >>> round(log_loss([1, 0], [0.5, 0.5]), 3)
        0.693
    """
    return float(log_losses(y, p).mean())


def calibration_bins(p: ArrayLike, bins: int = ECE_BINS) -> NDArray[np.intp]:
    """Put probabilities (n,) into bins of about n / `bins` windows, numbered from 0 by rising p; returns (n,).

    Equal probabilities share a bin, the one into which their middle falls, so a bin may hold more or none.

    Example:
        >>> calibration_bins([0.9, 0.1, 0.2, 0.1, 0.8, 0.3], bins=3)
        array([2, 0, 1, 0, 2, 1])
    """
    _, group, size = np.unique(np.asarray(p, dtype=np.float64), return_inverse=True, return_counts=True)
    middle = np.cumsum(size) - size / 2
    return (bins * middle / group.size).astype(np.intp)[group]


def spread(values: NDArray[np.float64], bins: NDArray[np.intp], *, width: int = ECE_BINS) -> NDArray[np.float64]:
    """Put each of `values` (n,) into the column of its bin (n,): returns (n, width), zero elsewhere.

    Example:
        >>> spread(np.array([0.5, 0.25]), np.array([0, 1]), width=2)
        array([[0.5 , 0.  ],
               [0.  , 0.25]])
    """
    columns = np.zeros((values.size, width))
    columns[np.arange(values.size), bins] = values
    return columns


def check_forecast(y: ArrayLike, p: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return labels (n,) and probabilities (n,) as float64.

    Raises:
        ValueError: for labels other than 0 and 1, probabilities outside [0, 1], no windows, or shapes that differ.

    Example:
        >>> check_forecast([True, False], [1, 0])
        (array([1., 0.]), array([1., 0.]))
    """
    labels, scores = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    if labels.ndim != 1 or labels.shape != scores.shape or labels.size == 0:
        raise ValueError(
            f"expected labels and probabilities of one shape (n,), n ≥ 1, got {labels.shape}, {scores.shape}"
        )
    if not np.isin(labels, (0, 1)).all():
        raise ValueError(f"expected labels 0 and 1, got {np.unique(labels)[:5]}; drop censored windows first")
    outside = ~((scores >= 0) & (scores <= 1))
    if outside.any():
        raise ValueError(f"expected probabilities in [0, 1], got {scores[outside][0]}; pass probabilities, not logits")
    return labels, scores


def _prepare(y: NDArray[np.float64], p: NDArray[np.float64]) -> _Sample:
    window = np.arange(y.size)
    return _Sample(
        ranking=rank(window, y, p),
        micro=rank(np.tile(window, 2), np.concatenate([y, 1 - y]), np.concatenate([p, 1 - p])),
        columns=np.column_stack([(p >= 0.5) == y, log_losses(y, p), (y - p) ** 2, spread(y - p, calibration_bins(p))]),
    )


def _evaluate_chunk(sample: _Sample, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    weight, positive = cumulate(sample.ranking, weights)
    one_class = (positive[:, -1] == 0) | (positive[:, -1] == weight[:, -1])
    averages = ratio(weights @ sample.columns, weight[:, -1:])
    return {
        "accuracy": averages[:, 0],
        "micro_ap": average_precision(*cumulate(sample.micro, weights)),
        "ap": np.where(one_class, np.nan, average_precision(weight, positive)),
        "roc_auc": roc_auc(weight, positive),
        "log_loss": averages[:, 1],
        "brier": averages[:, 2],
        "ece": np.abs(averages[:, 3:]).sum(axis=1),
        "lift_10": gain(weight, positive, TOP) / TOP,
    }
