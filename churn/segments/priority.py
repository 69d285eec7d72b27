"""Priority: whom to contact first."""

from itertools import combinations

import numpy as np
import pandas as pd
import scipy

from churn.segments.budget import best_size, gains
from churn.segments.config import Rule, SegmentConfig
from churn.segments.ranking import add_scores, chance_of_first, ranked
from churn.statistics import ROUNDING, varies

SEGMENTS = ("priority", "likely churner", "other")
LIKELY_OUTCOME = "likely"  # of an outcome, in place of the likely churner
LIKELY = 0.5  # more likely than not
SCORES = ("priority", "p_churn", "p_sticker", "value_at_risk", "expected_loss")


def prioritise(scores: pd.DataFrame, config: SegmentConfig, *, by_cutoff: bool = False) -> pd.DataFrame:
    """Add priority, value_at_risk and segment to scores (user_id, cutoff, p_churn and, with stickers, p_sticker).

    Priority is p_churn × p_sticker, or p_churn alone; value_at_risk is p_churn × P(sticker | stays), see
    `sticker_if_stays`; where there is an expected_amount, expected_loss is that × the amount. The segment holds the
    first users by `config.order`, as many as `config.ending` says; where many tie, the first by p_churn and then at
    random, so that its size is always as configured; `ties` counts the users whose place was drawn.

    Args:
        scores: A row per window.
        config: The order, the size of the list, and the line between likely churners and others.
        by_cutoff: Draw a list at every cutoff, as a platform would day by day, rather than one over all rows.

    Raises:
        UserError: where there are no amounts to rank by.

    Example:
        >>> scores = pd.DataFrame({"user_id": list("abcd"), "p_churn": [0.9, 0.6, 0.5, 0.0]})
        >>> prioritise(scores, SegmentConfig(rank_by="p_churn", quantile=0.75)).segment.tolist()
        ['priority', 'likely churner', 'likely churner', 'other']
        >>> prioritise(scores, SegmentConfig(rank_by="p_churn", rule="number", number=2)).segment.tolist()
        ['priority', 'priority', 'likely churner', 'other']
    """
    scored = add_scores(scores)
    order = ranked(scored, config.order, by_cutoff=by_cutoff)
    lists = order.groupby("list", sort=False)
    sizes = {name: length(rows, config, config.ending) for name, rows in lists}
    listed = (lists.cumcount() < order["list"].map(sizes)).reindex(scored.index)
    _, likely, other = segments_of(first := chance_of_first(scored))
    rest = np.where(scored[first] >= likely_line(scored, config) - ROUNDING, likely, other)
    return scored.assign(segment=np.where(listed, SEGMENTS[0], rest))


def segments_of(chance: str) -> tuple[str, str, str]:
    """The names of the segments, by the column of the first target's chance."""
    return SEGMENTS if chance == "p_churn" else (SEGMENTS[0], LIKELY_OUTCOME, SEGMENTS[2])


def length(rows: pd.DataFrame, config: SegmentConfig, rule: Rule) -> int:
    """The number of users that a rule puts on a list: none of none, by a share at least one, by profit perhaps none.

    Args:
        rows: Everyone who could be on it, best first.
        config: The share, the number and the budget.
        rule: One for which the configuration knows enough.

    Example:
        >>> from churn.segments import BudgetConfig
        >>> rows = pd.DataFrame({"p_churn": [0.9, 0.8, 0.1]})
        >>> config = SegmentConfig(number=5, budget=BudgetConfig(contact_cost=1, save_rate=0.5, value=4))
        >>> [length(rows, config, rule) for rule in ("quantile", "number", "profit")]
        [1, 3, 2]
    """
    if rule == "profit":
        return best_size(gains(rows, config.budget))
    wanted = round(len(rows) * (1 - config.quantile)) if rule == "quantile" else config.number or 0
    return min(max(wanted, 1), len(rows))


def likely_line(scored: pd.DataFrame, config: SegmentConfig) -> float:
    """The chance from which a user counts as a likely churner, or as likely: as configured, else the mean, .5 at least.

    Example:
        >>> many, few = pd.DataFrame({"p_churn": [0.95, 0.85]}), pd.DataFrame({"p_churn": [0.3, 0.1]})
        >>> round(likely_line(many, SegmentConfig()), 3), likely_line(few, SegmentConfig())
        (0.9, 0.5)
    """
    if config.likely_churn is not None:
        return config.likely_churn
    usual = float(scored[chance_of_first(scored)].mean())
    return max(LIKELY, usual) if usual == usual else LIKELY


def agreement(scored: pd.DataFrame) -> pd.DataFrame:
    """Rank correlations of the scores and probabilities, Spearman's ρ and Kendall's τ-b: a, b, spearman, kendall."""
    names = [name for name in dict.fromkeys((*SCORES[:1], chance_of_first(scored), *SCORES[1:])) if name in scored]
    rows = []
    for a, b in combinations(names, 2):
        x, y = scored[a], scored[b]
        differ = varies(x) and varies(y)
        kendall = float(scipy.stats.kendalltau(x, y, nan_policy="omit").statistic) if differ else np.nan
        rows.append((a, b, x.corr(y, method="spearman") if differ else np.nan, kendall))
    return pd.DataFrame(rows, columns=["a", "b", "spearman", "kendall"])
