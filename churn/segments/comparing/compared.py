"""Pairs of groups to compare."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from churn.language import marked
from churn.segments.config import SegmentConfig
from churn.segments.priority import SEGMENTS, likely_line
from churn.segments.ranking import in_order
from churn.statistics import ROUNDING

PRIORITY, LIKELY, _OTHER = SEGMENTS
LOYAL = "loyal earners"
_NAMES = (  # of comparisons, as the report says them
    marked("priority vs all others"),
    marked("priority vs other likely churners"),
    marked("priority vs other likely ones"),
    marked("loyal earners vs all others"),
)


@dataclass(frozen=True)
class Comparison:
    """Two groups of users: the first and the one it is compared with."""

    name: str
    group: str  # the first one's name
    inside: pd.Series  # whether a user is in the first group
    outside: pd.Series


def loyal_earners(scored: pd.DataFrame, config: SegmentConfig) -> pd.Series:
    """Users likely to stay and receive stickers: among users with p_churn under the line, the top tenth by p_sticker.

    The share is that of the priority segment, and ties are broken as there: by p_churn, here the lower first, then at
    random. A loyal earner may be in the priority segment, too.

    Args:
        scored: user_id, p_churn and p_sticker, a row per user.
        config: The quantile and the line.

    Example:
        >>> scored = pd.DataFrame({"user_id": list("abc"), "p_churn": [0.9, 0.2, 0.1], "p_sticker": [0.8, 0.3, 0.4]})
        >>> loyal_earners(scored, SegmentConfig()).tolist()
        [False, False, True]
    """
    stayers = scored[scored.p_churn < likely_line(scored, config) - ROUNDING]
    order = in_order(stayers.assign(list=0), {"p_sticker": False, "p_churn": True})
    size = max(1, round(len(order) * (1 - config.quantile)))
    return pd.Series(np.isin(np.arange(len(scored)), scored.index.get_indexer(order.index[:size])), scored.index)


def comparisons(segment: pd.Series, loyal: pd.Series | None = None, *, likely: str = LIKELY) -> list[Comparison]:
    """The priority segment against all others and against other likely ones; loyal earners against all others.

    Args:
        segment: The users' segments.
        loyal: Whether a user is a loyal earner, same rows; None where nothing is known of stickers.
        likely: The segment of the other users with a high chance, whose name an outcome changes.
    """
    inside = segment == PRIORITY
    found = [Comparison("priority vs all others", PRIORITY, inside, ~inside)]
    name = "priority vs other likely churners" if likely == LIKELY else "priority vs other likely ones"
    found.append(Comparison(name, PRIORITY, inside, segment == likely))
    return found if loyal is None else [*found, Comparison(f"{LOYAL} vs all others", LOYAL, loyal, ~loyal)]
