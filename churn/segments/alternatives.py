"""Alternatives: what would have come true on lists drawn by another score or another rule."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd

from churn.data import Windows
from churn.segments.config import RankBy, SegmentConfig
from churn.segments.line import known_rules
from churn.segments.priority import SEGMENTS, prioritise
from churn.segments.ranking import add_scores
from churn.statistics import rate_interval

COLUMNS = ("rank_by", "rule", "used", "n", "n_users", "target", "rate", "low", "high", "base")


def had_it_been_drawn_otherwise(
    windows: Windows, scores: pd.DataFrame, config: SegmentConfig, *, seed: int = 0
) -> pd.DataFrame:
    """Observed rates on the lists that every score and rule would have drawn, a list for every cutoff.

    Args:
        windows: The n windows that were scored, with their labels.
        scores: user_id, cutoff, p_churn and, with stickers, p_sticker and expected_amount; in the same order.
        config: The rules as far as they are known, and the one that was used.
        seed: Of the intervals, which draw users.

    Returns:
        rank_by, rule, used (whether it is the run's own), n (windows on the lists), n_users, target, rate, low, high,
        base: the target's rate over all windows. Rates are null where a rule lists nobody.
    """
    rows, found = [], add_scores(scores)
    for rank_by in get_args(RankBy):
        if rank_by not in found or not found[rank_by].notna().any():
            continue
        for rule in known_rules(config):
            one = replace(config, rank_by=rank_by, rule=rule, number=config.number if rule == "number" else None)
            listed = (prioritise(scores, one, by_cutoff=not windows.scattered).segment == SEGMENTS[0]).to_numpy()
            used, users = (rank_by, rule) == (config.order, config.ending), windows.user[listed]
            for target in windows.targets:
                y = windows.label(target)
                rate = rate_interval(y[listed], users, seed=seed) if listed.any() else None
                values = (rate.value, rate.low, rate.high) if rate else (np.nan,) * 3
                n_users = len(np.unique(users))
                rows.append((rank_by, rule, used, int(listed.sum()), n_users, target, *values, float(y.mean())))
    return pd.DataFrame(rows, columns=list(COLUMNS))
