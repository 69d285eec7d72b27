"""The line: where the list ends by each rule, how far that is chance, and how the score is spread about it."""

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from churn.segments.budget import best_places, gains
from churn.segments.config import RankBy, Rule, SegmentConfig
from churn.segments.priority import length
from churn.segments.ranking import ranked
from churn.statistics import varies

BINS = 40
_LEVEL = 0.95
_TAILS = ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2)


def distribution(scored: pd.DataFrame, rank_by: RankBy) -> pd.DataFrame:
    """Histograms of a score and its logarithm: scale (raw, log10), low, high, n; equal steps of each scale.

    Users whose score is 0 have no logarithm and users without a score neither; see `skewness`, which counts them.

    Example:
        >>> found = distribution(pd.DataFrame({"priority": [0.0, 0.01, 0.1, 0.1]}), "priority")
        >>> found.groupby("scale", sort=False).n.sum().to_dict()
        {'raw': 4, 'log10': 3}
    """
    tables = []
    for scale, values in _scales(scored[rank_by]).items():
        n, edges = np.histogram(values, bins=BINS) if values.size else (np.empty(0, int), np.empty(1))
        tables.append(pd.DataFrame({"scale": scale, "low": edges[:-1], "high": edges[1:], "n": n}))
    return pd.concat(tables, ignore_index=True)


def skewness(scored: pd.DataFrame, rank_by: RankBy) -> dict[str, float | int | None]:
    """The skewness of a score and of its logarithm, and how many users have a score, and one of 0.

    None where nothing varies, or nobody has a score above 0.

    Example:
        >>> skewness(pd.DataFrame({"priority": [0.0, 0.001, 0.01, 0.1]}), "priority")
        {'raw': 1.125495848, 'log10': 0.0, 'scored': 4, 'zeros': 1}
    """
    found = {scale: _skewness(values) for scale, values in _scales(scored[rank_by]).items()}
    known = scored[rank_by].dropna()
    return {**found, "scored": len(known), "zeros": int((known <= 0).sum())}


def lines(scored: pd.DataFrame, config: SegmentConfig, *, repetitions: int = 500, seed: int = 0) -> pd.DataFrame:
    """The end of the list by every rule that can be computed: rule, size, threshold, low, high, near, used.

    `threshold` is the score of the last user on the list. Its interval is the 95% percentile interval of the bootstrap
    over users: where the line would lie among other users like these. For a list of given size it is the exact one,
    the limit of many resamples: the line lies at or above the i-th best of n users with the chance that of
    n draws as many as the list holds are among these i, a binomial. For `profit`, whose size changes as well, users
    are redrawn. `near` counts the scored users within the interval. A list of nobody or of everyone has no line.

    Args:
        scored: A row per user, from `prioritise`.
        config: The order, and the rules as far as they are known.
        repetitions: Bootstrap samples, for `profit`.
        seed: Of these.

    Example:
        >>> scored = pd.DataFrame({"user_id": range(1000), "p_churn": np.arange(1000) / 1000})
        >>> print(lines(scored, SegmentConfig(rank_by="p_churn")).to_string(index=False))
            rule  size  threshold  low  high  near  used
        quantile   100        0.9 0.88 0.917    38  True
    """
    order = ranked(scored, config.order)
    values, rows = order[config.order].to_numpy(np.float64), []
    for rule in known_rules(config):
        size = length(order, config, rule)
        first, last = _places(size, len(values))
        if rule == "profit":
            places = best_places(gains(order, config.budget), repetitions=repetitions, seed=seed)
            first, last = np.quantile(places, _TAILS, method="inverted_cdf").astype(int)
        rows.append({"rule": rule, "size": size, **_line(values, size, first, last), "used": rule == config.ending})
    return pd.DataFrame(rows)


def known_rules(config: SegmentConfig) -> list[Rule]:
    """The rules that a configuration knows enough for."""
    rules: list[Rule] = ["quantile"]
    rules += ["number"] if config.number is not None else []
    return rules + (["profit"] if config.budget.known else [])


def _places(size: int, n: int) -> tuple[int, int]:
    """The places of n, from 1, between which the last of a list of some size lies when users are redrawn."""
    at_or_above = scipy.stats.binom.sf(size - 1, n, np.arange(1, n + 1) / n)
    first, last = (int(np.searchsorted(at_or_above, tail)) + 1 for tail in _TAILS)
    return min(first, n), min(last, n)


def _line(values: NDArray[np.float64], size: int, first: int, last: int) -> dict[str, float]:
    """The score at the line with its interval, and how many users are within."""
    if not 0 < size < len(values):
        return {"threshold": np.nan, "low": np.nan, "high": np.nan, "near": 0}
    high, low = values[max(first, 1) - 1], values[max(last, 1) - 1]
    near = int(((values >= low) & (values <= high)).sum())
    return {"threshold": float(values[size - 1]), "low": float(low), "high": float(high), "near": near}


def _scales(score: pd.Series) -> dict[str, NDArray[np.float64]]:
    known = score.dropna().to_numpy(np.float64)
    return {"raw": known, "log10": np.log10(known[known > 0])}


def _skewness(values: NDArray[np.float64]) -> float | None:
    if not varies(values):
        return None
    return round(float(scipy.stats.skew(values)), 9) + 0.0  # no minus zero
