"""The number of groups: the one whose clusterings come back, and that beats users who have no groups."""

import warnings
from dataclasses import dataclass
from itertools import combinations
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import RobustScaler
from threadpoolctl import threadpool_limits

from churn.segments.behaviour.nulls import OneKind, Rates, shuffled

LEAST = 30  # users per group, under which nothing is looked for
STABLE = 0.6  # mean adjusted Rand index, from which on a clustering comes back
LEAST_EXCESS = 0.05  # of the explained share, since users of one kind are like the real ones in moments alone
COLUMNS = ("groups", "stability", "shuffled", "explained", "explained_shuffled", "explained_one_kind", "beats_both")
_USERS = 500  # looked at, drawn at random; more would cost time and say no more
_DRAWS, _SHARE = 5, 2 / 3  # subsamples per clustering
_NULLS = 19  # of each kind; beating all 19 has a chance of 1 / 20
_SHUFFLED = 5  # draws clustered repeatedly for their stability, of which only the mean is needed
_ALIKE = 0.05  # of stability: among numbers as stable as that, the finest grouping
_STARTS = 3
_RANGE = (5, 95)  # percentiles that bound a column's spread: the quartiles of a rare event coincide


@dataclass(frozen=True)
class Search:
    """The number of groups that was chosen, and the figures behind the choice."""

    number: int  # 1 for none
    table: pd.DataFrame  # a row per number tried, none where nothing was looked for; `COLUMNS`
    n_users: int  # that were looked at


def scaler(counts: NDArray[np.float64]) -> RobustScaler:
    """Median 0 and comparable spread of the logarithms of counts (n, f)."""
    return RobustScaler(quantile_range=_RANGE).fit(np.log1p(counts))


def clustered(points: NDArray[np.float64], number: int, *, seed: int) -> KMeans:
    """K-means of points (n, f)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct points than groups: some stay empty
        return KMeans(number, n_init=_STARTS, random_state=seed).fit(points)


def search(counts: NDArray[np.float64], *, most: int, seed: int = 0) -> Search:
    """Choose the number of groups by its stability.

    A clustering is stable if subsamples of the users are clustered alike: the adjusted Rand index on the users that two
    subsamples share, averaged over pairs. The number chosen is the largest whose stability is within .05 of the
    highest, among the numbers that all of this holds for: the index is at least .6, and above that of the same columns
    shuffled; the groups explain more of the variance than in any of 19 shufflings, and more than in any of 19 draws of
    users of one kind (see `OneKind`) with either sort of rates, on average by .05 of the variance. If it holds for
    none, there are no groups.

    Stability alone would not do. Users who differ in nothing but how active they are make stable halves, the more
    active and the less, and two true groups are no more stable than such halves; but they lie further apart.

    Args:
        counts: A row per user, a column per count that varies, (n, f).
        most: Groups, at most; no more than leave 30 users each are tried, nor more than there are different users.
        seed: Of the subsamples and of the users without groups.

    Source:
        Y. Liu et al., Statistical significance of clustering for high-dimension, low-sample size data, JASA 103 (2008),
        1281-1293: the explained share beside one continuous distribution.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> posts = rng.poisson(np.repeat([[1, 20, 5], [20, 1, 5]], 60, axis=0))
        >>> search(posts.astype(float), most=3).number
        2
    """
    rng = np.random.default_rng(seed)
    few = counts[np.sort(rng.permutation(len(counts))[:_USERS])]
    numbers = list(range(2, min(most, len(few) // LEAST, len(np.unique(few, axis=0))) + 1))
    if not numbers or not counts.shape[1]:
        return Search(1, pd.DataFrame(columns=list(COLUMNS), dtype=float), len(few))
    one_thread = threadpool_limits(1)  # for a few hundred points, threads mostly wait for each other
    with one_thread, config_context(assume_finite=True, skip_parameter_validation=True):
        table = _table(few, numbers, rng)
    good = table[table.beats_both]
    alike = good.groups[good.stability >= good.stability.max() - _ALIKE]
    return Search(int(alike.max()) if len(alike) else 1, table, len(few))


def _table(counts: NDArray[np.float64], numbers: list[int], rng: np.random.Generator) -> pd.DataFrame:
    """The results of each number of groups, on the users themselves and on users without groups."""
    stability, explained = _stability(counts, numbers, rng), _explained(counts, numbers)
    by_chance = [_stability(shuffled(counts, rng), numbers, rng) for _ in range(_SHUFFLED)]
    mixed = np.array([_explained(shuffled(counts, rng), numbers) for _ in range(_NULLS)])
    kinds = [OneKind.like(counts, rng, rates=rates) for rates in get_args(Rates)]
    of_one = np.array([[_explained(kind.draw(len(counts), rng), numbers) for _ in range(_NULLS)] for kind in kinds])
    of_likest = of_one.mean(axis=1).max(axis=0)
    stable = (stability >= STABLE) & (stability > np.mean(by_chance, axis=0))
    apart = (explained > mixed.max(axis=0)) & (explained > of_one.max(axis=(0, 1)))
    beats = stable & apart & (explained >= of_likest + LEAST_EXCESS)
    columns = (numbers, stability, np.mean(by_chance, axis=0), explained, mixed.mean(axis=0), of_likest, beats)
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def _points(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    points: NDArray[np.float64] = scaler(counts).transform(np.log1p(counts))
    return points


def _explained(counts: NDArray[np.float64], numbers: list[int]) -> NDArray[np.float64]:
    """The share of the variance that lies between groups, for each number of groups."""
    points = _points(counts)
    total = max(float(((points - points.mean(axis=0)) ** 2).sum()), 1e-12)
    return np.array([1 - clustered(points, number, seed=0).inertia_ / total for number in numbers])


def _stability(counts: NDArray[np.float64], numbers: list[int], rng: np.random.Generator) -> NDArray[np.float64]:
    """The mean adjusted Rand index between clusterings of subsamples, on the users they share, per number."""
    points = _points(counts)
    drawn = rng.random((_DRAWS, len(points))).argsort(axis=1) < _SHARE * len(points)
    found = []
    for number in numbers:
        labels = np.full(drawn.shape, -1)
        for labelled, inside in zip(labels, drawn, strict=True):
            labelled[inside] = clustered(points[inside], number, seed=int(rng.integers(1 << 31))).labels_
        found.append(np.mean([_agreement(labels[i], labels[j]) for i, j in combinations(range(_DRAWS), 2)]))
    return np.array(found)


def _agreement(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    both = (a >= 0) & (b >= 0)
    return float(adjusted_rand_score(a[both], b[both]))
