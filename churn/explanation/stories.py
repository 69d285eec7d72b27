"""Stories: the facts about a count that is a reason, and the days of it that raise the probability."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import AMOUNT, Windows
from churn.explanation.past import fallen, own_past
from churn.explanation.wording import Story

_LONG = 2  # days, and events expected in them


@dataclass(frozen=True)
class Pairs:
    """Some (window, feature) pairs, with their counts and SHAP values by day."""

    window: NDArray[np.int64]  # (p,) position
    feature: NDArray[np.int64]  # (p,) position
    days: NDArray[np.float32]  # (p, d)
    shap: NDArray[np.float64]  # (p, d) logits

    def take(self, mask: NDArray[np.bool_]) -> Self:
        """The pairs where a mask is true."""
        return type(self)(self.window[mask], self.feature[mask], self.days[mask], self.shap[mask])


def stories(windows: Windows, pairs: Pairs, *, others: NDArray[np.float64]) -> list[Story]:
    """The story of each pair of a window and one of the panel's counts.

    A fall or a silence is mentioned only if the SHAP values of its days add to more than 0, so that these days raise
    the probability. Since the model compares users, not a user with the past, a fall is mentioned only under the
    others' average. A silence is long from two days on, if two events were to be expected in it at the usual rate or,
    where that is unknown, at the others'; for amounts, silences are not mentioned.

    Args:
        windows: The windows.
        pairs: The pairs, whose features are counts or amounts.
        others: The average of each pair over users, per week, (p,).
    """
    length, n = windows.history_days, np.arange(len(pairs.window))
    amounts = pairs.feature == (windows.panel.features.index(AMOUNT) if AMOUNT in windows.panel.features else -1)
    past = own_past(windows, pairs.window, pairs.feature)
    first, missing = fallen(pairs.days, past.weekly, amounts=amounts)
    counted, speaks = _from_each_day(pairs.days), _from_each_day(pairs.shap) > 0
    since = counted[n, first]
    fewer = (missing > 0) & (since > 0) & (since < others / 7 * (length - first)) & speaks[n, first]
    awaited = past.silent_days / 7 * np.where(np.isnan(past.weekly), others, past.weekly)
    silence = np.clip(length - past.silent_days, 0, length - 1)
    long_silence = (past.silent_days >= _LONG) & (awaited >= _LONG) & speaks[n, silence]
    dates = windows.dates[pairs.window] - pd.to_timedelta(length - first, unit="D")
    table = pd.DataFrame(
        {
            "total": counted[:, 0],
            "history_days": length,
            "known_days": past.known_days,
            "usual": past.weekly,
            "others": others,
            "silent_days": past.silent_days,
            "long_silence": long_silence & ~amounts,
            "fewer": fewer,
            "fell": pd.Series(dates, dtype=object).where(first > 0, None),
            "fallen_days": length - first,
            "since": since,
            "amount": amounts,
        }
    )
    return [Story._make(row) for row in table.itertuples(index=False, name=None)]


def _from_each_day(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """The sums from each day to the last, (p, d)."""
    return np.flip(np.flip(values, axis=1).cumsum(axis=1, dtype=np.float64), axis=1)
