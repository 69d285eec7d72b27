"""Stickers of stayers and of churners: how often each receive one here, and what was promised if they stay."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import CHURN, Windows
from churn.segments.ranking import sticker_if_stays
from churn.statistics import rate_interval

Received = dict[str, float | int | None]


def stickers_by_stay(windows: Windows, scores: pd.DataFrame, *, seed: int = 0) -> dict[str, Received]:
    """The rate of stickers among users who churned and among users who stayed: churned, stayed.

    Each has rate, low, high (over users), n (windows), n_users and forecast, the mean chance of a sticker if the user
    stays; all but the numbers are None where nobody did so.

    Args:
        windows: What was scored, with labels of both targets.
        scores: p_churn, p_sticker and, where it was learnt, p_sticker_if_stays; in the same order.
        seed: Of the intervals, which draw users.
    """
    churned, forecast = windows.label(CHURN) == 1, sticker_if_stays(scores).to_numpy(np.float64)
    groups = {"churned": churned, "stayed": windows.label(CHURN) == 0}
    return {name: _received(windows, forecast, inside, seed=seed) for name, inside in groups.items()}


def _received(windows: Windows, forecast: NDArray[np.float64], inside: NDArray[np.bool_], *, seed: int) -> Received:
    user = windows.user[inside]
    found: Received = {"n": len(user), "n_users": len(np.unique(user))}
    if not len(user):
        return found | dict.fromkeys(("rate", "low", "high", "forecast"))
    rate = rate_interval(windows.label("sticker")[inside], user, seed=seed)
    ends = {"rate": rate.value, "low": rate.low, "high": rate.high}
    known = {name: value if np.isfinite(value) else None for name, value in ends.items()}
    return found | known | {"forecast": float(forecast[inside].mean())}
