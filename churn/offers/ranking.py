"""Ranking: popular lately for everybody, and activities like a member's own where this has proved better."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from churn.data import letter_groups
from churn.offers.known import Floats, Known

Places = NDArray[np.int64]
NEAREST = 50  # neighbours that each activity keeps
SCALE = 20  # so that a cosine of 1 in 20 counts as much again as none: rare neighbours are noise
_SMOOTHED = 1.0  # added to the members of an activity, so that one shared member is not likeness
_BINS = 1 << 16
_CELLS = 1 << 23  # of members × activities that are ranked at a time


@dataclass(frozen=True)
class Ranked:
    """The first k activities for n members."""

    activity: Places  # (n, k) best first; -1 where there is none left to offer
    liking: Floats  # (n, k) how like the member's own ones each is; 0 for no likeness


def neighbours(known: Known, *, texts: Any | None = None, text: float = 0.0) -> Any:
    """The likeness of activities, (a, a) sparse: the cosine of their members, in which an activity keeps its nearest.

    Args:
        known: What was known at a cutoff.
        texts: The result of `alike`.
        text: How much the likeness of texts counts beside it.
    """
    size = np.asarray(known.joined.sum(axis=0)).ravel() + _SMOOTHED
    found = _nearest((known.likes @ scipy.sparse.diags_array(size**-0.5)).T.tocsr())
    return found if texts is None or not text else found + text * texts


def alike(texts: NDArray[np.object_]) -> Any | None:
    """The likeness of activities by the letters of their texts, (a, a) sparse; None where none has a text.

    Example:
        >>> found = alike(np.array(["red shoe", "red shoes", "guitar", ""]))
        >>> found[[0], [1]][0] > 0.7 > 0 == found[[0], [2]][0]
        np.True_
    """
    return _nearest(letter_groups(texts, bins=_BINS).tocsr()) if any(texts) else None


def _nearest(rows: Any) -> Any:
    """The nearest neighbours of each row, (a, a), by the product of the rows with each other."""
    every, other = [], rows.T.tocsc()
    step = max(1, _CELLS // max(1, rows.shape[0]))
    for start in range(0, rows.shape[0], step):
        block = (rows[start : start + step] @ other).toarray()
        block[np.arange(len(block)), np.arange(start, start + len(block))] = 0
        if block.shape[1] > NEAREST:
            least = np.partition(block, -NEAREST, axis=1)[:, [-NEAREST]]
            block[block < least] = 0
        every.append(scipy.sparse.csr_array(block))
    return scipy.sparse.vstack(every, format="csr") if every else scipy.sparse.csr_array((0, 0))


def ranked(known: Known, members: Places, *, near: Any | None = None, weight: Floats | float = 0.0, k: int) -> Ranked:
    """The first k open activities of each member that the member has not joined.

    The score is log(1 + popular) + weight × log(1 + 20 × likeness), likeness summed over the activities that the
    member is in. Members are ranked some thousands at a time, so that memory does not grow with their number.

    Args:
        known: What was known at a cutoff.
        members: Places of members, -1 for a user without visits, (n,).
        near: The result of `neighbours`; None ranks by popularity alone.
        weight: How much likeness counts, (n,) or one number.
        k: Activities per member.
    """
    n, a = len(members), len(known.popular)
    weights = np.broadcast_to(np.asarray(weight, np.float64), (n,))
    order = np.argsort(-known.popular, kind="stable")
    base = np.where(known.open, np.log1p(known.popular), -np.inf)
    base[order] -= 1e-9 * np.arange(a)  # of equal ones the first, whatever else is ranked with it
    out = Ranked(np.full((n, k), -1), np.zeros((n, k)))
    step = max(1, _CELLS // max(1, a))
    for start in range(0, n, step):
        part = slice(start, start + step)
        liking = known.likes[members[part]] @ near if near is not None else None
        _rank(known.joined[members[part]], base, liking, weights[part], out, part)
    return out


def _rank(joined: Any, base: Floats, liking: Any | None, weight: Floats, out: Ranked, part: slice) -> None:
    """Rank some members."""
    score = np.tile(base, (joined.shape[0], 1))
    if liking is not None:
        row, column = liking.tocoo().coords
        score[row, column] += weight[row] * np.log1p(SCALE * liking.tocoo().data)
    row, column = joined.tocoo().coords
    score[row, column] = -np.inf
    k = min(out.activity.shape[1], score.shape[1])
    best = np.argpartition(-score, k - 1, axis=1)[:, :k] if k < score.shape[1] else np.argsort(-score, axis=1)
    best = np.take_along_axis(best, np.argsort(-np.take_along_axis(score, best, 1), axis=1), 1)
    there = np.isfinite(np.take_along_axis(score, best, 1))
    out.activity[part, :k] = np.where(there, best, -1)
    if liking is not None:
        rows = np.repeat(np.arange(len(best)), k)
        out.liking[part, :k] = np.asarray(liking.tocsr()[rows, best.ravel()]).reshape(-1, k) * there
