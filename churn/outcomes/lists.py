"""Stability: the agreement of one list with another."""

import numpy as np
import pandas as pd
import scipy

from churn.artefacts import declared
from churn.statistics import varies


def list_stability(first: pd.DataFrame, second: pd.DataFrame, *, rank_by: str, compared_with: str) -> pd.DataFrame:
    """One row that compares two lists.

    The columns are the sizes and the users on both; Jaccard's index, users on both / users on either, its value for
    lists drawn at random from the users at risk, and its value among the users at risk both times; the share of the
    first list on the second, the users who left the list, and the users no longer at risk; and Kendall's τ-b of the
    scores of all users scored both times.

    Args:
        first: Scores with user_id, cutoff, segment and the score.
        second: Scores with these columns at another cutoff.
        rank_by: The score that orders the lists.
        compared_with: A name of the second list.

    Example:
        >>> day = pd.DataFrame({"user_id": list("abcd"), "cutoff": pd.Timestamp("2024-03-01"), "priority": range(4)})
        >>> first = day.assign(segment=["priority", "priority", "other", "other"])
        >>> second = day.assign(segment=["other", "priority", "priority", "other"])
        >>> row = list_stability(first, second, rank_by="priority", compared_with="another").iloc[0]
        >>> print(row.n_both, round(row.jaccard, 3), row.stayed, row.kendall)
        1 0.333 0.5 1.0
    """
    a, b = (set(table.user_id[table.segment == "priority"]) for table in (first, second))
    common = first.merge(second, on="user_id", suffixes=("_a", "_b"))
    both, n = len(a & b), len(common)
    scored = set(common.user_id)
    overlap = len(a & scored) * len(b & scored) / n if n else 0.0
    x, y = (common[f"{rank_by}_{side}"] for side in "ab")
    differ = varies(x) and varies(y)
    either, at_risk = len(a | b), len((a | b) & scored)
    row = (
        *(compared_with, second.cutoff.iloc[0], (second.cutoff.iloc[0] - first.cutoff.iloc[0]).days, len(a), len(b)),
        *(both, both / either if either else np.nan, _jaccard(overlap, len(a) + len(b))),
        both / at_risk if at_risk else np.nan,
        *(both / len(a) if a else np.nan, len((a - b) & scored), len(a - scored)),
        *(float(scipy.stats.kendalltau(x, y, nan_policy="omit").statistic) if differ else np.nan, n),
    )
    return declared.STABILITY.of([row])


def _jaccard(both: float, sizes: int) -> float:
    return both / (sizes - both) if sizes else np.nan
