"""Outcomes of each group: its scores, its share of the list, and what happened to it in the test part."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Windows
from churn.segments.priority import SEGMENTS
from churn.statistics import rate_interval

COLUMNS = (
    *("group", "n", "share", "p_churn", "p_sticker", "n_listed", "expected_listed", "n_windows", "n_users"),
    *("churn", "churn_low", "churn_high", "sticker", "sticker_low", "sticker_high"),
)


def group_table(
    number: int, scored: pd.DataFrame, group: NDArray[np.int64], *, test: Windows, of_test: NDArray[np.int64]
) -> pd.DataFrame:
    """A row per group: `COLUMNS`; the columns of stickers are null in a log without any.

    n, share, the mean probabilities and the users on the list are of the scored users; expected_listed is how many of
    the group would be on a list drawn at random. The observed rates are of the test part, with users as blocks.

    Args:
        number: How many groups there are; with 1 there are none, and no rows.
        scored: p_churn, p_sticker where there are stickers, and segment, a row per user.
        group: Their groups, same rows.
        test: The windows of the test part.
        of_test: Their groups, (n,).
    """
    rows = [
        {"group": one} | _row(scored, group == one) | _observed(test, of_test == one)
        for one in range(1, number + 1 if number > 1 else 1)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(scored: pd.DataFrame, inside: NDArray[np.bool_]) -> dict[str, object]:
    users, listed = scored[inside], scored.segment == SEGMENTS[0]
    return {
        "n": len(users),
        "share": len(users) / len(scored),
        "p_churn": users.p_churn.mean(),
        "p_sticker": users.p_sticker.mean() if "p_sticker" in users else np.nan,
        "n_listed": int(listed[inside].sum()),
        "expected_listed": float(listed.sum()) * len(users) / len(scored),
    }


def _observed(test: Windows, inside: NDArray[np.bool_]) -> dict[str, float]:
    users = test.user[inside]
    found: dict[str, float] = {"n_windows": len(users), "n_users": len(np.unique(users))}
    for target in test.targets:
        rate = rate_interval(test.label(target)[inside], users) if len(users) else None
        values = (rate.value, rate.low, rate.high) if rate else (np.nan,) * 3
        found |= dict(zip((target, f"{target}_low", f"{target}_high"), values, strict=True))
    return found
