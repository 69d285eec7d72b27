"""Priority: whom to contact first."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from churn.errors import UserError

SEGMENTS = ("priority", "likely churner", "other")


@dataclass(frozen=True)
class SegmentConfig:
    """How users are divided.

    Args:
        quantile: The share of users below the priority segment: .9 puts the top tenth on the list.
        likely_churn: The p_churn from which a user outside the segment counts as a likely churner.
        before_days: Days before the history that comparisons look back on.
        minimum_cell: Users under which a group's figures are greyed.
    """

    quantile: float = 0.9
    likely_churn: float = 0.5
    before_days: int = 28
    minimum_cell: int = 30

    def __post_init__(self) -> None:
        """Raises UserError for a share outside (0, 1)."""
        for name in ("quantile", "likely_churn"):
            if not 0 < (share := getattr(self, name)) < 1:
                raise UserError(f"expected segments.{name} between 0 and 1", share, "correct it")


def prioritise(scores: pd.DataFrame, config: SegmentConfig, *, by_cutoff: bool = False) -> pd.DataFrame:
    """Add priority and segment to scores (user_id, cutoff, p_churn and, with stickers, p_sticker).

    Priority is p_churn × p_sticker, or p_churn alone. The segment holds the users above the quantile;
    where many tie at it, the first by p_churn and then by id, so that its size is always as configured.

    Args:
        scores: A row per window.
        config: The quantile and the line between likely churners and others.
        by_cutoff: Draw a list at every cutoff, as a platform would day by day, rather than one over all rows.

    Example:
        >>> scores = pd.DataFrame({"user_id": list("abcd"), "p_churn": [0.9, 0.6, 0.5, 0.1]})
        >>> prioritise(scores, SegmentConfig(quantile=0.75)).segment.tolist()
        ['priority', 'likely churner', 'likely churner', 'other']
    """
    p_sticker = scores.p_sticker if "p_sticker" in scores else 1.0
    scored = scores.assign(priority=scores.p_churn * p_sticker)
    keys = {"list": scored.cutoff if by_cutoff else 0, "key": scored.user_id.astype(str)}
    order = scored.assign(**keys).sort_values(
        ["list", "priority", "p_churn", "key"], ascending=[True, False, False, True], kind="stable"
    )
    lists = order.groupby("list", sort=False)["key"]
    size = (lists.transform("size") * (1 - config.quantile)).round().clip(lower=1)
    listed = (lists.cumcount() < size).reindex(scored.index)
    rest = np.where(scored.p_churn >= config.likely_churn, SEGMENTS[1], SEGMENTS[2])
    return scored.assign(segment=np.where(listed, SEGMENTS[0], rest))


def agreement(scored: pd.DataFrame) -> pd.DataFrame:
    """Spearman's rank correlation of priority and the probabilities: a, b, spearman."""
    names = [name for name in ("priority", "p_churn", "p_sticker") if name in scored]
    ranks = scored[names].corr(method="spearman") if len(scored) > 1 else pd.DataFrame(np.nan, names, names)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    return pd.DataFrame([(a, b, ranks.loc[a, b]) for a, b in pairs], columns=["a", "b", "spearman"])
