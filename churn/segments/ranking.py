"""Ranking: what a score says of a user, and the order that it gives."""

import numpy as np
import pandas as pd

from churn.errors import UserError
from churn.segments.config import RankBy


def sticker_if_stays(scores: pd.DataFrame) -> pd.Series:
    """P(sticker | stays), from the two probabilities that are known: p_sticker / (1 − p_churn), at most 1; (n,).

    Exact where nobody who churns receives a sticker and both probabilities are right, for then P(sticker) =
    P(stays) × P(sticker | stays). Where churners receive some, since a sticker needs no activity of its receiver, it is
    too high, by P(churn) × P(sticker | churns) / P(stays): by little for a user who is likely to stay, and by most at
    p_churn near 1, where the bound of 1 holds it. Without stickers it is 1: all who stay are worth the same.

    Example:
        >>> sticker_if_stays(pd.DataFrame({"p_churn": [0.5, 0.9, 1.0], "p_sticker": [0.1, 0.2, 0.0]})).tolist()
        [0.2, 1.0, 0.0]
    """
    if "p_sticker" not in scores:
        return pd.Series(1.0, scores.index)
    stays = (1 - scores.p_churn).mask(scores.p_churn >= 1, np.finfo(float).tiny)  # so that 0 / 0 is 0
    return (scores.p_sticker / stays).clip(upper=1.0)


def add_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Add priority, value_at_risk and, where there is an expected_amount, expected_loss.

    Args:
        scores: p_churn and, with stickers, p_sticker and expected_amount; a row per window.

    Example:
        >>> scores = pd.DataFrame({"p_churn": [0.5, 0.2], "p_sticker": [0.1, 0.4], "expected_amount": [3.0, 2.0]})
        >>> add_scores(scores)[["priority", "value_at_risk", "expected_loss"]].round(2).to_numpy().tolist()
        [[0.05, 0.1, 0.3], [0.08, 0.1, 0.2]]
    """
    p_sticker = scores.p_sticker if "p_sticker" in scores else 1.0
    at_risk = scores.p_churn * sticker_if_stays(scores)
    scored = scores.assign(priority=scores.p_churn * p_sticker, value_at_risk=at_risk)
    return scored.assign(expected_loss=at_risk * scores.expected_amount) if "expected_amount" in scores else scored


def ranked(scored: pd.DataFrame, rank_by: RankBy, *, by_cutoff: bool = False) -> pd.DataFrame:
    """The rows best first, with the list that each is on: by the score, then by p_churn, then by id.

    Args:
        scored: What `add_scores` made.
        rank_by: The column to rank by.
        by_cutoff: A list for every cutoff rather than one over all rows.

    Raises:
        UserError: for a score that the rows lack.

    Example:
        >>> scored = pd.DataFrame({"user_id": list("abc"), "p_churn": [0.1, 0.9, 0.9], "priority": [0.1, 0.9, 0.9]})
        >>> ranked(scored, "priority").user_id.tolist()
        ['b', 'c', 'a']
    """
    if rank_by not in scored:
        found = "none: the log has no stickers"
        raise UserError(f"expected amounts for segments.rank_by: {rank_by}", found, "rank by value_at_risk")
    keyed = scored.assign(list=scored.cutoff if by_cutoff else 0, key=scored.user_id.astype(str))
    by = {"list": True, rank_by: False, "p_churn": False, "key": True}  # whether ascending
    return keyed.sort_values(list(by), ascending=list(by.values()), kind="stable")
