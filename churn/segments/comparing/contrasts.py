"""Contrasts of a part's users: one row per user, the list drawn once over all users."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from churn.data import Dataset, Windows
from churn.segments.comparing.categories import compare_categories, describe_categories
from churn.segments.comparing.compared import PRIORITY, loyal_earners
from churn.segments.comparing.comparisons import compare, describe, latest_windows, pooled
from churn.segments.config import SegmentConfig
from churn.segments.orders import lists_of
from churn.segments.priority import prioritise, segments_of
from churn.segments.ranking import chance_of_first, ties


@dataclass(frozen=True)
class Contrasts:
    """Tests of how the users of a part differ, and the numbers of users compared."""

    tests: pd.DataFrame  # as `compare`
    categories: pd.DataFrame  # as `compare_categories`
    users: int
    listed: int  # users of the priority segment
    per_day: float  # users at risk on an average day
    ties: dict[str, int]  # as `ranking.ties`


def contrast(dataset: Dataset, part: Windows, probabilities: pd.DataFrame, config: SegmentConfig) -> Contrasts:
    """Compare the users of a part, each at the latest of the windows, with a segment drawn over all users at once.

    The segment is that of the priority, p_churn × p_sticker, whatever orders the list: it stays unchanged where
    another score lists other users. It holds a share of the users, unless another rule is configured.

    Args:
        dataset: Where the members and the hours of the day are known.
        part: n windows, which no model has learnt from.
        probabilities: user_id, cutoff, p_churn and, where there are stickers, p_sticker; n rows in the same order.
        config: How long the segment is, and the least number of users in a group; any order.

    Example:
        >>> from churn.data import example_dataset
        >>> dataset = example_dataset()
        >>> test = dataset.split().test
        >>> chances = test.table()[["user_id", "cutoff"]].assign(p_churn=test.answers / 2, p_sticker=0.5)
        >>> found = contrast(dataset, test, chances, SegmentConfig())
        >>> found.users == len(set(test.user_ids)), found.listed < found.users < len(test)
        (True, True)
    """
    config = replace(config, rank_by="priority", rule=config.rule or "quantile")
    latest = latest_windows(part)
    windows, scored = part.take(latest), probabilities.iloc[latest].reset_index(drop=True)
    per_day = len(part) / len(np.unique(lists_of(part)))
    scored = prioritise(scored, pooled(config, users=len(latest), per_day=per_day))
    loyal = loyal_earners(scored, config) if "p_sticker" in scored else None
    members = _without_answers(dataset, dataset.members_at(windows))
    table, circular = describe(windows, before_days=config.before_days, members=members, rhythm=dataset.rhythm)
    levels, circular_levels = describe_categories(windows, members)
    segment, cell, (_, likely, _) = scored.segment, config.minimum_cell, segments_of(chance_of_first(scored))
    return Contrasts(
        compare(table, segment, circular=circular, loyal=loyal, minimum_cell=cell, likely=likely),
        compare_categories(levels, segment, circular=circular_levels, loyal=loyal, minimum_cell=cell, likely=likely),
        users=len(latest),
        listed=int((scored.segment == PRIORITY).sum()),
        per_day=per_day,
        ties=ties(scored, config.order),
    )


def _without_answers(dataset: Dataset, members: pd.DataFrame | None) -> pd.DataFrame | None:
    """The members' attributes without the columns of an outcome, which the labels hold, and without the arrival."""
    if members is None or not (answers := dataset.config.answers_listed):
        return members
    return members.drop(columns=[*answers, "joined"], errors="ignore")
