"""Rows of tagged items: the likeliest categories, the set, and what looks wrong."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.tagging.items import Items

NONE, GIVEN, SAID = "none of these", "given", "predicted"  # the basis of a category
_DOUBTED = 0.1  # probability of a given category below which it may be wrong


def rows_of(
    items: Items, p: NDArray[np.float64], inside: NDArray[np.bool_], names: NDArray[np.object_], threshold: float
) -> pd.DataFrame:
    """A row per item, as `items.parquet` has it.

    Args:
        items: The items, n.
        p: The probabilities of the categories, (n, k).
        inside: Whether each category is in the item's set, (n, k).
        names: The categories, (k,).
        threshold: The probability of the likeliest category under which an item is of none.
    """
    given = items.table["category"]
    known, order = given.notna().to_numpy(), np.argsort(-p, axis=1, kind="stable")[:, :3]
    likeliest = np.take_along_axis(p, order, axis=1)
    own = np.full(len(items), np.nan)
    codes = codes_of(items, names)
    own[known] = p[known, codes[known]]
    unlike = ~known & (likeliest[:, 0] < threshold)
    wrong = known & (order[:, 0] != codes) & (own < _DOUBTED)
    said = pd.Series(names[order[:, 0]], items.table.index).where(~unlike, None)
    table = items.table.reindex(columns=["item_id", "user_id", "timestamp", "text"])
    table = table.dropna(axis=1, how="all")
    if "timestamp" in table:
        table["timestamp"] = table["timestamp"].astype(str)
    columns = {
        "event": given.where(known, said),
        "given": given,
        "basis": np.where(known, GIVEN, np.where(unlike, NONE, SAID)),
        **{f"category_{n + 1}": names[order[:, n]] for n in range(order.shape[1])},
        **{f"p_{n + 1}": likeliest[:, n] for n in range(order.shape[1])},
        "p_given": own,
        "set": ["|".join(names[row]) for row in inside],
        "set_size": inside.sum(axis=1),
        "looks_wrong": wrong,
    }
    return table.assign(**columns)


def codes_of(items: Items, names: NDArray[np.object_]) -> NDArray[np.int64]:
    """The place of each item's given category, -1 for none, (n,)."""
    return np.asarray(pd.Index(names).get_indexer(pd.Index(items.table["category"])), np.int64)
