"""The windows in the order of their probability, under many weightings at once, for every measure of ranking."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

CHUNK_CELLS = 1 << 18  # weights worked on at once: 2 MiB per intermediate array stays near the processor


@dataclass(frozen=True)
class Ranking:
    """Items from the highest score to the lowest, equal scores in one group."""

    order: NDArray[np.intp]  # (m,) window of each item; the ranking of micro-AP has two items per window
    positive: NDArray[np.float64]  # (m,) 1 where the item's label is positive
    ends: NDArray[np.intp]  # (g,) last item of each group


def rank(window: NDArray[np.intp], positive: NDArray[np.float64], score: NDArray[np.float64]) -> Ranking:
    """Sort items (m,) of windows, with their labels and scores in [0, 1], from the highest score to the lowest.

    Example:
        >>> rank(np.arange(3), np.array([0.0, 1.0, 1.0]), np.array([0.2, 0.9, 0.2]))
        Ranking(order=array([1, 0, 2]), positive=array([1., 0., 1.]), ends=array([0, 2]))
    """
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.diff(score[order], append=-1.0))  # scores are never below 0, so the last item ends a group
    return Ranking(order=window[order], positive=positive[order], ends=ends)


def weight_chunks(weights: ArrayLike | None, n: int) -> Iterator[NDArray[np.float64]]:
    """Give weights (b, n) as float64 in pieces (c, n) of bounded memory; all ones (1, n) by default.

    Raises:
        ValueError: for another shape, no weighting, or a negative weight.

    Example:
        >>> list(weight_chunks(None, 3))
        [array([[1., 1., 1.]])]
    """
    rows = np.ones((1, n)) if weights is None else np.asarray(weights)
    if rows.ndim != 2 or rows.shape[1] != n or len(rows) == 0:
        raise ValueError(f"expected weights of shape (b, {n}), b ≥ 1, got {rows.shape}")
    if not rows.min() >= 0:
        raise ValueError(f"expected nonnegative weights, got {rows.min()}")
    step = max(1, CHUNK_CELLS // n)
    for start in range(0, len(rows), step):
        yield rows[start : start + step].astype(np.float64, copy=False)


def cumulate(ranking: Ranking, weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weight, and the weight of positives, down to the end of each group: two arrays (b, g).

    Example:
        >>> ranking = rank(np.arange(3), np.array([0.0, 1.0, 1.0]), np.array([0.2, 0.9, 0.2]))
        >>> cumulate(ranking, np.ones((1, 3)))
        (array([[1., 3.]]), array([[1., 2.]]))
    """
    ranked = weights[:, ranking.order]
    weight = np.cumsum(ranked, axis=1)
    ranked *= ranking.positive
    positive = np.cumsum(ranked, axis=1, out=ranked)
    if ranking.ends.size == ranking.order.size:  # no ties: spare two copies
        return weight, positive
    return weight[:, ranking.ends], positive[:, ranking.ends]


def average_precision(weight: NDArray[np.float64], positive: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum over groups of precision times recall gained, (b,), from what `cumulate` gives; nan without a positive."""
    precision = positive / np.maximum(weight, np.finfo(np.float64).tiny)  # a group without weight adds 0, not 0 / 0
    precision *= np.diff(positive, axis=1, prepend=0.0)
    return ratio(precision.sum(axis=1), positive[:, -1])


def roc_auc(weight: NDArray[np.float64], positive: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of pairs of a positive and a negative in the right order, (b,), ties half; nan without pairs."""
    negative = weight - positive
    area = np.diff(negative, axis=1, prepend=0.0)
    # a tied pair counts half: twice the positives above a group, plus its own
    doubled = positive.copy()
    doubled[:, 1:] += positive[:, :-1]
    area *= doubled
    return ratio(area.sum(axis=1), 2 * positive[:, -1] * negative[:, -1])


def gain(weight: NDArray[np.float64], positive: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Share of all positives found in the `share` of the weight ranked highest, (b,), from what `cumulate` gives.

    A group at the border counts with the share that a random order of its windows would let in. nan without a positive.

    Example:
        >>> ranking = rank(np.arange(4), np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.9, 0.5, 0.5, 0.1]))
        >>> gain(*cumulate(ranking, np.ones((1, 4))), 0.5)
        array([0.75])
    """
    total, positives = weight[:, -1], positive[:, -1]
    quota = share * total
    border = np.argmax(weight >= quota[:, None], axis=1)  # the first group that fills the quota
    row, above = np.arange(len(weight)), np.maximum(border - 1, 0)
    weight_above = np.where(border > 0, weight[row, above], 0.0)
    positive_above = np.where(border > 0, positive[row, above], 0.0)
    let_in = ratio(quota - weight_above, weight[row, border] - weight_above)
    taken = positive_above + let_in * (positive[row, border] - positive_above)
    return ratio(taken, positives)


def ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide, with nan where the denominator is zero."""
    quotient = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    np.divide(numerator, denominator, out=quotient, where=denominator > 0)
    return quotient
