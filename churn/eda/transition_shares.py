"""Shares of transitions in two groups of users, and intervals of their differences."""

from typing import Any

import ibis
import numpy as np
import pandas as pd
from ibis import _
from numpy.typing import NDArray

from churn.statistics import block_intervals, block_variance


def counts_by_user(
    moves: ibis.Table, pairs: pd.DataFrame
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Counts of each user's transitions (u, t), and of leaving the event they come from (u, t); the users (u,)."""
    everyone = np.sort(moves.select("user").distinct().to_pandas()["user"].to_numpy(np.int64))
    kinds = {"source": "int16", "target": "int16"}
    shown = ibis.memtable(pairs[["source", "target"]], schema=kinds)
    made = moves.semi_join(shown, ["source", "target"]).group_by("user", "source", "target").aggregate(n=_.count())
    left = moves.group_by("user", "source").aggregate(n=_.count())
    places = pairs.reset_index(names="pair")[["pair", "source", "target"]]
    counts = []
    for rows, keys in ((made, ["source", "target"]), (left, ["source"])):
        found = rows.to_pandas().merge(places, on=keys)
        matrix = np.zeros((len(everyone), len(pairs)))
        matrix[np.searchsorted(everyone, found["user"]), found["pair"]] = found["n"]
        counts.append(matrix)
    return counts[0], counts[1], everyone


def compared_shares(
    made: NDArray[np.float64], left: NDArray[np.float64], first: NDArray[np.bool_], *, level: float
) -> pd.DataFrame:
    """Shares, difference and interval per transition."""
    columns: dict[str, Any] = {}
    ends = []
    for name, group in (("1", first), ("2", ~first)):
        hits, cases = made[group], left[group]
        n, users = cases.sum(axis=0), (cases > 0).sum(axis=0)
        share = np.divide(hits.sum(axis=0), n, out=np.full(len(n), np.nan), where=n > 0)
        ends.append((share, *block_intervals(share, block_variance(hits, cases), cases=n, users=users, level=level)))
        columns |= {f"share_{name}": share, f"n_{name}": n.astype(int), f"users_{name}": users}
    (one, low_1, high_1), (two, low_2, high_2) = ends
    columns |= {"difference": one - two}
    columns |= {"low": one - two - np.hypot(one - low_1, high_2 - two)}
    columns |= {"high": one - two + np.hypot(high_1 - one, two - low_2)}
    return pd.DataFrame(columns)
