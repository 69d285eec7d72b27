"""Decisions at a threshold: the windows that a forecast calls positive, and the share of right calls."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from churn.statistics.intervals import Interval, bootstrap_each, check_users
from churn.statistics.metrics import check_forecast
from churn.statistics.order import cumulate, rank, ratio, weight_chunks

DECISIONS: tuple[str, ...] = ("precision", "recall", "f1")


@dataclass(frozen=True)
class Threshold:
    """The threshold with the best F1, and its measures on the windows that it was tuned on."""

    threshold: float  # the least probability that is called positive
    f1: float
    share: float  # share of the windows at or above it


def best_threshold(y: ArrayLike, p: ArrayLike) -> Threshold:
    """Find the probability that gives the best F1 when it and all above it are called positive.

    `y` (n,) holds labels 0 and 1, `p` (n,) probabilities. Each of the probabilities is tried, equal ones as one; among
    equally good ones the highest wins, which calls fewest positive. Without a positive label every F1 is 0.

    Raises:
        ValueError: for labels, probabilities or shapes that `evaluate` refuses.

    Example:
        >>> best_threshold([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.8])
        Threshold(threshold=0.4, f1=0.8, share=0.75)
    """
    labels, scores = check_forecast(y, p)
    ranking = rank(np.arange(labels.size), labels, scores)
    (called,), (found,) = cumulate(ranking, np.ones((1, labels.size)))
    f1 = 2 * found / (called + labels.sum())
    best = int(np.argmax(f1))
    threshold = scores[ranking.order[ranking.ends[best]]]
    return Threshold(float(threshold), float(f1[best]), float(called[best] / labels.size))


def decide(
    y: ArrayLike, p: ArrayLike, *, threshold: float, weights: ArrayLike | None = None
) -> dict[str, NDArray[np.float64]]:
    """Compute precision, recall and F1 of p ≥ `threshold` under each of b weightings of the windows.

    `y` (n,) holds labels 0 and 1, `p` (n,) probabilities, and `weights` (b, n) one nonnegative weighting per row, all
    ones (b = 1) by default. Each comes back as an array (b,), equal to scikit-learn's with `sample_weight` and
    `zero_division=nan`: without a window called positive precision is nan, without a positive label recall is, without
    either F1 is.

    Raises:
        ValueError: for input that `evaluate` refuses.

    Example:
        >>> decide([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.8], threshold=0.5, weights=[[1, 1, 1, 1], [1, 1, 0, 1]])
        {'precision': array([0.5, 1. ]), 'recall': array([0.5, 0.5]), 'f1': array([0.5       , 0.66666667])}
    """
    labels, scores = check_forecast(y, p)
    called = (scores >= threshold).astype(np.float64)
    columns = np.column_stack([called * labels, called, labels])
    found, called, positive = np.concatenate([chunk @ columns for chunk in weight_chunks(weights, labels.size)]).T
    return {
        "precision": ratio(found, called),
        "recall": ratio(found, positive),
        "f1": ratio(2 * found, called + positive),
    }


def decision_intervals(
    y: ArrayLike,
    p: ArrayLike,
    *,
    threshold: float,
    users: ArrayLike,
    repetitions: int = 500,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Give precision, recall and F1 at a threshold their intervals by resampling users.

    `y`, `p` and `users` are (n,). See `decide` for the measures and `bootstrap` for the intervals. The threshold is
    taken as given: the intervals do not include its variation with the windows that it was tuned on.

    Raises:
        ValueError: as `decide` and `bootstrap` do, or if `users` has another length.

    Example:
        >>> y, p = np.tile([0, 1, 0, 1], 50), np.tile([0.1, 0.4, 0.6, 0.8], 50)
        >>> print(decision_intervals(y, p, threshold=0.5, users=np.arange(200))["recall"])
        0.500 (0.413 to 0.594)
    """
    check_users(y, users)
    return bootstrap_each(
        users,
        lambda weights: decide(y, p, threshold=threshold, weights=weights),
        bounds=dict.fromkeys(DECISIONS, (0.0, 1.0)),
        repetitions=repetitions,
        seed=seed,
        level=level,
    )


def paired_decisions(
    y: ArrayLike,
    p_a: ArrayLike,
    *,
    p_b: ArrayLike,
    thresholds: tuple[float, float],
    users: ArrayLike,
    repetitions: int = 500,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Give the differences in precision, recall and F1, a minus b, their intervals: as `paired_difference` does.

    `y`, `p_a`, `p_b` and `users` are (n,) over the same windows; `thresholds` are a's and b's.

    Raises:
        ValueError: as `decide` and `bootstrap` do, or if `users` has another length.

    Example:
        >>> y, p = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
        >>> print(paired_decisions(y, p, p_b=p, thresholds=(0.3, 0.5), users=[1, 2, 3, 4])["recall"].value)
        0.5
    """
    check_users(y, users)

    def difference(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        a, b = (decide(y, p, threshold=t, weights=weights) for p, t in zip((p_a, p_b), thresholds, strict=True))
        return {name: a[name] - b[name] for name in DECISIONS}

    bounds = dict.fromkeys(DECISIONS, (-1.0, 1.0))
    return bootstrap_each(users, difference, bounds=bounds, repetitions=repetitions, seed=seed, level=level)
