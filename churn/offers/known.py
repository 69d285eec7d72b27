"""Knowledge at a cutoff: who joined what, what is popular lately, and what can be offered."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from churn.offers.visits import Visits

Floats = NDArray[np.float64]
LONG_AGO = 10_000  # days since the last visit of a member without one


@dataclass(frozen=True)
class Known:
    """The knowledge of m members and a activities at a cutoff.

    Matrices have a last row more, without entries, so that place -1, a user without visits, is a row as well.
    """

    cutoff: int  # days since 1970
    joined: Any  # (m + 1, a) sparse, 1 where a member was before
    likes: Any  # (m + 1, a) sparse, without activities that the member left
    popular: Floats  # (a,) members seen in the last days, and a visitor without an id per day
    lately: int  # members seen in these days
    open: NDArray[np.bool_]  # (a,) whether it can be offered
    idle: Floats  # (m + 1,) days since the last visit

    @property
    def number(self) -> NDArray[np.int64]:
        """The number of activities that each member has joined, (m + 1,)."""
        return np.asarray(np.diff(self.joined.indptr), np.int64)


def known_at(visits: Visits, cutoff: int, *, days: int, now: bool = False) -> Known:
    """Read the visits before a cutoff.

    Args:
        visits: The visits.
        cutoff: The first day that is not known, in days since 1970.
        days: Days before it in which visits make an activity popular.
        now: Whether the list of activities is of that day, so that it tells which are full or excluded.
    """
    past = visits.take(visits.day < cutoff)
    named, gone = past.member >= 0, past.left < cutoff
    shape = (len(visits.members) + 1, len(visits.activities))
    joined = _ones(past.member[named], past.activity[named], shape)
    away = _ones(past.member[named & gone], past.activity[named & gone], shape)
    likes = joined - joined.multiply(away)
    likes.eliminate_zeros()
    last = np.full(shape[0], cutoff - LONG_AGO)
    np.maximum.at(last, past.member[named], past.day[named])
    table = visits.activities
    can = (table["opened"].to_numpy() < cutoff) & (table["closed"].to_numpy() > cutoff)
    if now:
        inside = np.asarray(likes.sum(axis=0)).ravel()
        can &= ~(table["full"] | table["excluded"] | (inside >= table["capacity"])).to_numpy(np.bool_)
    popular, lately = _popular(past.take(~gone), cutoff, days, shape)
    return Known(cutoff, joined, likes.tocsr(), popular, lately, can, cutoff - last)


def first_joins(visits: Visits, known: Known, until: int) -> Visits:
    """The first visit of each member to each new activity, from a cutoff on to the day before `until`, in order."""
    rows = np.flatnonzero((visits.day >= known.cutoff) & (visits.day < until) & (visits.member >= 0))
    rows = rows[np.asarray(known.joined[visits.member[rows], visits.activity[rows]]).ravel() == 0]
    pair = visits.member[rows].astype(np.int64) * len(visits.activities) + visits.activity[rows]
    first = np.zeros(len(visits), np.bool_)
    first[rows[np.unique(pair, return_index=True)[1]]] = True
    return visits.take(first)


def _popular(past: Visits, cutoff: int, days: int, shape: tuple[int, int]) -> tuple[Floats, int]:
    lately = past.take(past.day >= cutoff - days)
    named = lately.member >= 0
    seen = _ones(lately.member[named], lately.activity[named], shape)
    without = np.bincount(lately.activity[~named], minlength=shape[1])
    popular = np.asarray(seen.sum(axis=0)).ravel().astype(np.float64) + without
    return popular, int((np.diff(seen.indptr) > 0).sum())


def _ones(rows: NDArray[np.int32], columns: NDArray[np.int32], shape: tuple[int, int]) -> Any:
    """A sparse matrix with 1 where a pair of row and column occurs."""
    made = scipy.sparse.csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)
    made.data[:] = 1  # pairs that occur on several days were added up
    return made
