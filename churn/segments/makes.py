"""The categories of each user's items, the most frequent first."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Windows
from churn.language import event_in_words

MOST = 3  # categories of a user


def made_by(windows: Windows, made: Sequence[str]) -> pd.DataFrame:
    """Up to three categories of what each window's user has made before the cutoff: user_id, place, event, n.

    Categories without a column of their own, the rarest, are left out.

    Args:
        windows: The windows, n.
        made: The event types that are categories of what users make.

    Example:
        >>> from churn.data import example_dataset
        >>> windows = example_dataset().newest
        >>> made_by(windows, ["post"]).head(1).columns.tolist()
        ['user_id', 'place', 'event', 'n']
    """
    places = {name: at for at, name in enumerate(windows.panel.features)}
    events = [event for event in made if f"own_{event}" in places]
    counts = _totals(windows, [places[f"own_{event}"] for event in events])
    order = np.argsort(-counts, axis=1, kind="stable")[:, :MOST]
    n = np.take_along_axis(counts, order, axis=1)
    window, place = np.nonzero(n > 0)
    return pd.DataFrame(
        {
            "user_id": windows.user_ids[window],
            "place": place + 1,
            "event": np.asarray(events, object)[order[window, place]] if events else [],
            "n": n[window, place],
        }
    )


def worded_makes(made: pd.DataFrame) -> dict[str, str]:
    """The categories of `made_by` in the language spoken, with their numbers, by user.

    Example:
        >>> worded_makes(pd.DataFrame({"user_id": "ada", "event": ["hot_soup", "tea"], "n": [12, 3]}))
        {'ada': 'hot soup (12), tea (3)'}
    """
    words = [f"{event_in_words(event)} ({n:,})" for event, n in zip(made["event"], made["n"], strict=True)]
    by_user = pd.Series(words, made["user_id"], dtype=object).groupby(level=0, sort=False)
    return {str(user): ", ".join(told) for user, told in by_user}


def _totals(windows: Windows, columns: Sequence[int]) -> NDArray[np.int64]:
    """The counts of all days before each cutoff, (n, columns)."""
    panel = windows.panel
    first = panel.first[windows.user]
    length = np.clip(np.minimum(panel.last[windows.user], windows.cutoff - 1) - first + 1, 0, None)
    begin = np.cumsum(length) - length
    row = np.repeat(panel.start[windows.user] - begin, length) + np.arange(length.sum())
    values = np.asarray(panel.counts[row][:, list(columns)], np.int64)
    totals = np.zeros((len(windows), len(columns)), np.int64)
    np.add.at(totals, np.repeat(np.arange(len(windows)), length), values)
    return totals
