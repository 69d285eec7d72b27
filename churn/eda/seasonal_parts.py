"""The parts of a daily series, how strong they are, and how far its days are from them."""

import numpy as np
import pandas as pd

from churn.eda.series import Method, rounding

SHUFFLINGS = 19  # of which a season that is more than chance beats all


def parts_of(
    observed: pd.Series, periods: tuple[int, ...], *, method: Method, robust: bool
) -> tuple[pd.Series, dict[int, pd.Series]]:
    """The trend, and each season by its period in days."""
    from statsmodels.tsa.seasonal import MSTL, STL, seasonal_decompose  # a second, which other commands should not pay

    if method == "classical":
        found = seasonal_decompose(observed, period=periods[0], extrapolate_trend=periods[0] - 1)
        return found.trend, {periods[0]: found.seasonal}
    if len(periods) == 1:
        found = STL(observed, period=periods[0], robust=robust).fit()
        return found.trend, {periods[0]: found.seasonal}
    found = MSTL(observed, periods=sorted(periods), stl_kwargs={"robust": robust}).fit()
    return found.trend, {days: found.seasonal[f"seasonal_{days}"] for days in sorted(periods)}


def by_chance(
    observed: pd.Series, trend: pd.Series, *, periods: tuple[int, ...], method: Method, robust: bool
) -> dict[int, float]:
    """The most that each season shows in 19 shufflings of the days about the trend: a season fits noise, too."""
    rng, around, least = np.random.default_rng(0), (observed - trend).to_numpy(), rounding(observed)
    found: dict[int, float] = dict.fromkeys(periods, 0.0)
    for _ in range(SHUFFLINGS):
        shuffled = trend + rng.permutation(around)
        line, seasons = parts_of(shuffled, periods, method=method, robust=robust)
        remainder = shuffled - line - sum(seasons.values())
        shown = {days: strength(season, remainder, least=least) for days, season in seasons.items()}
        found = {days: max(found[days], most) for days, most in shown.items()}
    return found


def strength(part: pd.Series, remainder: pd.Series, *, least: float) -> float:
    """How much of a part and the remainder is the part; 0 where both vary by no more than rounding."""
    whole = float(np.var(part + remainder))
    return max(0.0, 1 - float(np.var(remainder)) / whole) if whole > least**2 else 0.0


def robust_scores(remainder: pd.Series, observed: pd.Series) -> pd.Series:
    """In robust deviations: by the median, or where most days are alike by the mean absolute deviation.

    Where most days have one value, the median deviation is what the other days bend the parts by, and the mean one is
    taken if it is larger. What rounding alone leaves is 0.

    Source:
        B. Iglewicz and D. Hoaglin, How to detect and handle outliers, 1993.
    """
    centred, least = remainder - remainder.median(), rounding(observed)
    median, mean = 1.4826 * float(centred.abs().median()), 1.2533 * float(centred.abs().mean())
    alike = float(((observed - observed.median()).abs() <= least).mean()) > 0.5
    spread = max(median, mean) if alike or median <= least else median
    return centred / spread if spread > least else centred * 0.0
