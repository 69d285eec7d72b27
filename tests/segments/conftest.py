import numpy as np
import pandas as pd
import pytest

from churn.data import Panel, Windows


@pytest.fixture(scope="session")
def windows_of():
    """Windows of all users at one cutoff, the day after the last unless said otherwise, from counts (u, d, f)."""

    def windows(counts, features, *, cutoff=None, history_days=7):
        u, d, f = counts.shape
        rows = np.concatenate([np.zeros((1, f)), counts.reshape(-1, f)]).astype(np.uint16)
        amounts = None
        if "sticker_amount" in features:  # stands apart from the counts, whose column is zeros
            place = list(features).index("sticker_amount")
            amounts, rows[:, place] = rows[:, place].astype(np.float32), 0
        first = np.zeros(u, np.int32)
        panel = Panel(
            users=pd.Index([f"user{position:04d}" for position in range(u)]),
            features=tuple(features),
            first_day=19723,
            n_days=d,
            first=first,
            last=first + d - 1,
            start=1 + np.arange(u) * d,
            arrived=first,
            counts=rows,
            amounts=amounts,
            active=rows.sum(axis=1) > 0,
        )
        unknown, cutoffs = np.full(u, -1, np.int8), np.full(u, d if cutoff is None else cutoff, np.int32)
        return Windows(panel, history_days, 7, np.arange(u, dtype=np.int32), cutoffs, {"churn": unknown})

    return windows
