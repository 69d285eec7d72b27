"""Seasons: a platform's activity as trend, recurring pattern and remainder."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from churn.charts import BLUE, VERMILION, panels
from churn.eda.seasonal_parts import STANDS_OUT, by_chance, judged, parts_of, strength
from churn.eda.series import NAMED, Method, check_how, checked_periods, every_day, rounding, too_even, too_short
from churn.eda.view import View
from churn.errors import UserError
from churn.language import marked, say, say_many

WEEKDAYS = (marked("Mon"), marked("Tue"), marked("Wed"), marked("Thu"), marked("Fri"), marked("Sat"), marked("Sun"))


@dataclass(frozen=True, repr=False, eq=False)
class Seasons(View):
    """A daily series, taken apart.

    `table` has a row per day: observed, trend, season_7 (one column per period), remainder, expected, all in the
    series' unit, and score: how far the day is from what was expected, in robust standard deviations. What is expected
    is no sum of the drawn parts: it comes from a fit that single days do not bend (see `decompose`).
    """

    name: str  # of the series
    unit: str
    missing_days: int  # days without a row, taken as 0
    trend_strength: float  # 0 none, 1 all of what is not season
    season_strengths: dict[int, float]  # by period in days: 0 none, 1 all of what is not trend
    by_chance: dict[int, float]  # what a season shows at most where the days are shuffled, in 19 of 20 cases

    @property
    def stand_out(self) -> pd.DataFrame:
        """The days that are far from what was expected, the furthest first: observed, expected, score."""
        judged = self.table.reindex(columns=["observed", "expected", "score"])
        return judged[judged["score"].abs() > STANDS_OUT].sort_values("score", key=abs, ascending=False)

    @property
    def week(self) -> pd.Series:
        """The weekly pattern: the mean of season_7 by weekday, Mon to Sun, in the series' unit.

        Raises:
            UserError: without a season of 7 days.
        """
        if 7 not in self.season_strengths:
            found = ", ".join(map(str, self.season_strengths)) or "none"
            raise UserError("expected a season of 7 days", found, "decompose a longer series, with 7 in periods")
        by_day = self.table["season_7"].groupby(pd.DatetimeIndex(self.table.index).dayofweek).mean()
        return by_day.rename(dict(enumerate(WEEKDAYS)))

    def _say(self) -> str:
        first, last = pd.DatetimeIndex(self.table.index)[[0, -1]].strftime("%Y-%m-%d")
        lines = [
            say(
                "{name}, {unit} per day, {first} to {last} (n = {n} days)",
                name=self.name,
                unit=self.unit,
                first=first,
                last=last,
                n=len(self.table),
            ),
            self._strengths(),
            *([self._weekly()] if 7 in self.season_strengths else []),
            self._far(),
        ]
        missing = say_many(
            "{n} day had no row and counts as 0", "{n} days had no row and count as 0", self.missing_days
        )
        return "\n".join(lines + [missing] * bool(self.missing_days))

    @property
    def finding(self) -> str:
        """The weekly pattern, where there is a season of 7 days."""
        return self._weekly() if self.empty is None and 7 in self.season_strengths else super().finding

    def _strengths(self) -> str:
        seasons = [
            say(
                "{days}-day season {strength:.2f} (by chance up to {chance:.2f})",
                days=days,
                strength=strength,
                chance=self.by_chance[days],
            )
            for days, strength in self.season_strengths.items()
        ]
        return say(
            "strength from 0 to 1: trend {trend:.2f}, {seasons}", trend=self.trend_strength, seasons=", ".join(seasons)
        )

    def _weekly(self) -> str:
        if self.season_strengths[7] <= self.by_chance[7]:
            return say("the week is no more than chance would show")
        week = self.week
        return say(
            "highest on {high} ({most:+.3g}), lowest on {low} ({least:+.3g})",
            high=say(str(week.idxmax())),
            most=week.max(),
            low=say(str(week.idxmin())),
            least=week.min(),
        )

    def _far(self) -> str:
        days = [
            say("{day:%Y-%m-%d} ({observed:.6g}, expected {expected:.3g})", day=day, **row[["observed", "expected"]])
            for day, row in self.stand_out.head(NAMED).iterrows()
        ]
        return say("days that stand out: {days}", days="; ".join(days)) if days else say("days that stand out: none")

    def _draw(self) -> Any:
        import plotly.graph_objects as go

        parts = ["observed", "trend", *(f"season_{days}" for days in self.season_strengths), "remainder"]
        line, day = {"color": BLUE, "width": 1.4}, self.table.index
        traces = [[go.Scatter(x=day, y=self.table[part], mode="lines", line=line)] for part in parts]
        far = self.table.loc[self.stand_out.index]
        for place, part in ((0, "observed"), (-1, "remainder")):
            marker = {"color": VERMILION, "size": 6}
            traces[place].append(go.Scatter(x=far.index, y=far[part], mode="markers", marker=marker))
        captions = [self._caption(part) for part in parts]
        return panels(traces, captions=captions, height=96).update_xaxes(title_text=say("day"), row=len(parts))

    def _caption(self, part: str) -> str:
        name, unit = escape(self.name, quote=False), escape(self.unit, quote=False)  # plotly reads tags
        if part == "observed":
            return say("{name} (n = {n} days), {unit}", name=name, n=len(self.table), unit=unit)
        if part == "trend":
            return say("trend, {unit}", unit=unit)
        if part == "remainder":
            none = self.stand_out.empty
            return say("remainder, {unit}", unit=unit) if none else say("remainder; dots stand out, {unit}", unit=unit)
        return say("{days}-day season, {unit}", days=part.removeprefix("season_"), unit=unit)


def decompose(
    series: pd.Series,
    *,
    periods: Sequence[int] = (7,),
    method: Method = "stl",
    window: int | None = None,
    robust: bool = False,
    unit: str = "events",
) -> Seasons:
    """Take a daily series apart into trend, seasons and remainder, which add up to it.

    Days without a row count as 0. The strengths follow Wang, Smith and Hyndman: 1 − Var(R) / Var(T + R) for the
    trend, 1 − Var(R) / Var(S + R) for a season, at least 0. A series of which too few days differ from the others to
    tell anything of the longest season (one, or one in four rounds of it) is a sentence that names these days.

    The parts come from the plain fit unless `robust` is asked for: strengths are shares of a variance, and a robust
    fit would take the events of a series that is mostly zeros for errors. The days that stand out are judged by another
    fit, whatever draws the parts, since the plain one spreads a day's shock over the weeks around it: robust, with
    seasons that are the same all along, a trend that is smooth over four rounds, and Qn as the spread, widened for the
    values fitted. Whole numbers from 0 on are judged as counts, which vary by Poisson's deviation at the least.

    Args:
        series: Values by day; the index are dates, in any order; dates with a zone count by its clock.
        periods: Lengths of the seasons in days. Several are taken apart by MSTL, which is STL for each in turn.
        method: `stl`: by loess (Cleveland and others); `classical`: moving averages and means, for one season.
        window: Over how many of its rounds a season is smooth, an odd number from 7 on, the smaller the sooner it
            changes and the more noise it fits; None for one that is the same all along (STL).
        robust: Whether single days are kept from bending trend and season (STL).
        unit: Of the values.

    Raises:
        UserError: for what is no series of finite numbers up to 1e100 by date, for periods that are none, under two
            days or repeated, an unknown method, a window that is even or under 7, or several periods, a window or
            `robust` with `classical`.

    Source:
        R. B. Cleveland, W. S. Cleveland, J. E. McRae and I. Terpenning, STL: a seasonal-trend decomposition procedure
        based on loess, Journal of Official Statistics 6(1), 1990, pp. 3–73. X. Wang, K. Smith and R. Hyndman,
        Characteristic-based clustering for time series data, Data Mining and Knowledge Discovery 13, 2006, pp. 335–364.
        P. J. Rousseeuw and C. Croux, Alternatives to the median absolute deviation, JASA 88, 1993, pp. 1273–1283 (Qn).
        F. J. Anscombe, The transformation of Poisson, binomial and negative-binomial data, Biometrika 35, 1948,
        pp. 246–254. C. P. Farrington and others, A statistical algorithm for the early detection of outbreaks of
        infectious disease, JRSS A 159, 1996, pp. 547–563 (a dispersion of at least Poisson's).

    Example:
        >>> days = pd.date_range("2024-01-01", periods=70)
        >>> weekend = pd.Series(10.0 + 5 * (days.dayofweek >= 5), days, name="posts")
        >>> seasons = decompose(weekend)
        >>> round(seasons.season_strengths[7], 2), seasons.stand_out.empty
        (1.0, True)
    """
    rounds = checked_periods(periods, method)
    check_how(method, window=window, robust=robust, unit=unit)
    observed, missing = every_day(series)
    name = series.name if isinstance(series.name, str) else str(series.name) if series.name else say("series")
    if empty := too_short(observed, rounds, name) or too_even(observed, max(rounds), name=name, unit=unit):
        return Seasons(observed.to_frame("observed"), empty, name, unit, missing, np.nan, {}, {})
    trend, seasons = parts_of(observed, rounds, method=method, window=window, robust=robust)
    remainder = observed - trend - sum(seasons.values())
    table = pd.DataFrame({"observed": observed, "trend": trend})
    table = table.assign(**{f"season_{days}": season for days, season in seasons.items()}, remainder=remainder)
    least = rounding(observed)
    strengths = {days: strength(season, remainder, least=least) for days, season in seasons.items()}
    chance = by_chance(observed, trend, periods=rounds, method=method, window=window, robust=robust)
    trend_strength = strength(trend, remainder, least=least)
    return Seasons(table.join(judged(observed, rounds)), None, name, unit, missing, trend_strength, strengths, chance)
