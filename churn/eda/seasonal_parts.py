"""The parts of a daily series, how strong they are, and how far its days are from what was due."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import scipy

from churn.eda.series import Method, rounding

SHUFFLINGS = 19  # of which a season that is more than chance beats all
STANDS_OUT = 3.5  # deviations from what was due from which on a day is named
STIFF = 4  # rounds of the longest season over which the trend is smooth that a day is judged by


def parts_of(
    observed: pd.Series, periods: tuple[int, ...], *, method: Method, window: int | None, robust: bool
) -> tuple[pd.Series, dict[int, pd.Series]]:
    """The trend, and each season by its period in days; without a window a season is the same all along."""
    if method == "classical":
        from statsmodels.tsa.seasonal import seasonal_decompose  # a second, which other commands should not pay

        found = seasonal_decompose(observed, period=periods[0], extrapolate_trend=periods[0] - 1)
        return found.trend, {periods[0]: found.seasonal}
    return _loess(observed, periods, window=window, options={"robust": robust})


def _loess(
    observed: pd.Series, periods: tuple[int, ...], *, window: int | None, options: Mapping[str, int]
) -> tuple[pd.Series, dict[int, pd.Series]]:
    from statsmodels.tsa.seasonal import MSTL, STL

    found: Any
    length = window or 10 * len(observed) + 1  # as long as R's "periodic", and as there with a mean in place of a line
    how: dict[str, Any] = {"seasonal_deg": int(window is not None), **options}
    if len(periods) == 1:
        found = STL(observed, period=periods[0], seasonal=length, **how).fit()
        return found.trend, {periods[0]: found.seasonal}
    found = MSTL(observed, periods=sorted(periods), windows=[length] * len(periods), stl_kwargs=how).fit()
    return found.trend, {days: found.seasonal[f"seasonal_{days}"] for days in sorted(periods)}


def by_chance(
    observed: pd.Series,
    trend: pd.Series,
    *,
    periods: tuple[int, ...],
    method: Method,
    window: int | None,
    robust: bool,
) -> dict[int, float]:
    """The most that each season shows in 19 shufflings of the days about the trend: a season fits noise, too."""
    rng, around, least = np.random.default_rng(0), (observed - trend).to_numpy(), rounding(observed)
    found: dict[int, float] = dict.fromkeys(periods, 0.0)
    for _ in range(SHUFFLINGS):
        shuffled = trend + rng.permutation(around)
        line, seasons = parts_of(shuffled, periods, method=method, window=window, robust=robust)
        remainder = shuffled - line - sum(seasons.values())
        shown = {days: strength(season, remainder, least=least) for days, season in seasons.items()}
        found = {days: max(found[days], most) for days, most in shown.items()}
    return found


def strength(part: pd.Series, remainder: pd.Series, *, least: float) -> float:
    """The share of a part in the variance of part and remainder; 0 where both vary by no more than rounding."""
    whole = float(np.var(part + remainder))
    return max(0.0, 1 - float(np.var(remainder)) / whole) if whole > least**2 else 0.0


def judged(observed: pd.Series, periods: tuple[int, ...]) -> pd.DataFrame:
    """The value due on each day by the other days, and how far the day is from it: expected, score.

    The fit is STL's robust one, with seasons that are the same all along and a trend that is smooth over four rounds of
    the longest, so that a day bends neither what is due on it nor what is due a week later. Counts are fitted as
    Anscombe's 2 √(y + 3/8), in which Poisson's deviation is 1 whatever the mean, and are taken to vary at least so.
    """
    counts = bool((observed >= 0).all() and (observed == observed.round()).all())
    values = 2 * np.sqrt(observed + 0.375) if counts else observed
    days, stiff = len(values), STIFF * max(periods) + 1
    trend, seasons = _loess(values, periods, window=None, options={"robust": True, "trend": stiff})
    due, least = trend + sum(seasons.values()), rounding(values)
    fitted = sum(period - 1 for period in periods) + 2 * max(1.0, days / stiff)
    spread = max(_spread(values, values - due) * _widened(days, free=max(1.0, days - fitted)), float(counts))
    score = (values - due) / spread if spread > least else 0.0 * due
    expected = ((due.clip(lower=0) / 2) ** 2 - 0.375).clip(lower=0) if counts else due
    return pd.DataFrame({"expected": expected.where(expected.abs() > least, 0.0), "score": score})


def _widened(days: int, *, free: float) -> float:
    """The factor by which a day may be further off than the spread about a fit says.

    By √(n / (n − p)) as the fit comes near the days it keeps, again so as it is far from days it drops, and by
    Student's t for a spread that few days tell.
    """
    return float(days / free * scipy.stats.t.isf(scipy.stats.norm.sf(STANDS_OUT), free) / STANDS_OUT)


def _spread(values: pd.Series, remainder: pd.Series) -> float:
    """The deviation of most days: Qn, or where most days are alike the mean absolute deviation, if that is larger.

    Where most days have one value, Qn is what the other days bend the parts by.
    """
    from statsmodels.robust.scale import qn_scale

    usual, mean = float(qn_scale(remainder.to_numpy())), 1.2533 * float(remainder.abs().mean())
    least = rounding(values)
    alike = float(((values - values.median()).abs() <= least).mean()) > 0.5
    return max(usual, mean) if alike or usual <= least else usual
