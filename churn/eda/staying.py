"""Survival: how long users stay."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from churn.charts import chart
from churn.data import Panel
from churn.eda.curves import POINTS, enough, idle_days, idle_in_words, noted, with_band, with_interval
from churn.eda.spells import Spells, lifetimes
from churn.eda.view import View
from churn.language import say, say_many
from churn.statistics import FEW, block_intervals


@dataclass(frozen=True, repr=False, eq=False)
class Survival(View):
    """The share of users who are still there after each number of days, by Kaplan and Meier.

    `table` has a row per day: day, at_risk (users), ended, survival, low, high (95%).
    """

    silent_days: int
    n_users: int
    n_ended: int
    idle_days: int  # on which nobody was active

    @property
    def median(self) -> float:
        """The day by which half of the users are gone; nan if the log ends before."""
        gone = self.table.loc[self.table["survival"] <= 0.5, "day"]
        return float(gone.iloc[0]) if len(gone) else np.nan

    @property
    def median_interval(self) -> tuple[float, float]:
        """The days between which half are gone, 95%, where the curve's own interval passes one half; nan if unseen.

        Source:
            R. Brookmeyer and J. Crowley, A confidence interval for the median survival time, Biometrics 38 (1982),
            29-41, on the curve's scale.
        """
        low, high = (self.table.loc[self.table[end] <= 0.5, "day"] for end in ("low", "high"))
        return (float(low.iloc[0]) if len(low) else np.nan, float(high.iloc[0]) if len(high) else np.nan)

    def _say(self) -> str:
        shares = [self._told(day) for day in POINTS if day <= self.table["day"].iloc[-1]]
        what = say_many(
            "users still active, from their first active day to the last before {n} silent day",
            "users still active, from their first active day to the last before {n} silent days",
            self.silent_days,
        )
        return "\n".join([what, self._gone(), *idle_in_words(self.idle_days), "; ".join(shares)])

    def _told(self, day: int) -> str:
        """The curve on a day: where the last end up to then left it."""
        before = self.table[self.table["day"] <= day].tail(1)[["survival", "low", "high"]]
        everyone = 1.0, *_edges(np.array([1.0]), np.array([self.n_users])).T[0]
        share = with_interval(*(before.iloc[0] if len(before) else everyone))
        n = int(self.table.loc[self.table["day"] >= day, "at_risk"].iloc[0])
        if n < FEW:
            return say("day {day}: {share} (n = {n}, few)", day=day, share=share, n=n)
        return say("day {day}: {share} (n = {n:,})", day=day, share=share, n=n)

    def _gone(self) -> str:
        n, ended, day = self.n_users, self.n_ended, self.median
        first, last = self.median_interval
        if np.isfinite(day) and np.isfinite(last):
            return say(
                "n = {n:,} users, {ended:,} of them gone; half are gone by day {day:.0f} [{first:.0f}, {last:.0f}]",
                n=n,
                ended=ended,
                day=day,
                first=first,
                last=last,
            )
        if np.isfinite(day):
            return say(
                "n = {n:,} users, {ended:,} of them gone; half are gone by day {day:.0f} [{first:.0f} or later]",
                n=n,
                ended=ended,
                day=day,
                first=first,
            )
        return say("n = {n:,} users, {ended:,} of them gone; fewer than half are gone", n=n, ended=ended)

    def _draw(self) -> Any:
        shown = enough(self.table, users="at_risk")
        drawn = chart(with_band(shown, "survival", x="day"), height=320)
        drawn.update_xaxes(title_text=say("days since the first active day"))
        text = say("share still active (n = {n:,} users)", n=self.n_users)
        drawn.update_yaxes(title_text=text, tickformat=".0%", range=[0, 1.02])
        return noted(drawn, shown, users="at_risk")


def survival(panel: Panel, *, silent_days: int = 28) -> Survival:
    """The survival curve of users' stays: from the first active day to the last before a silence of `silent_days`.

    Kaplan–Meier with Greenwood's variance and an interval on the log-log scale, by scipy. Everyone who is there until
    `silent_days` before the log's end is censored on that day. Users who joined before the log's first day may have
    been active before, and so may users first seen on it who are not listed as joining then: they are left out.

    Args:
        panel: The panel.
        silent_days: The silence from which on a user counts as gone.

    Raises:
        UserError: for fewer than one silent day.

    Source:
        E. L. Kaplan and P. Meier, Nonparametric estimation from incomplete observations, Journal of the American
        Statistical Association 53, 1958, pp. 457–481.

    Example:
        >>> from dataclasses import replace
        >>> from churn.data import example_dataset
        >>> panel = example_dataset().panel  # whose users all joined before its log begins
        >>> found = survival(replace(panel, arrived=panel.first), silent_days=14)
        >>> found.n_users > 20, bool((found.table.survival.diff().dropna() <= 0).all())
        (True, True)
    """
    spells = lifetimes(panel, silent_days=silent_days)
    listed = np.zeros(len(panel.users), bool) if panel.listed is None else panel.listed
    seen_from_start = ((panel.arrived >= 0) & (listed | (panel.first > 0)))[spells.user]
    spells = Spells(spells.user[seen_from_start], spells.days[seen_from_start], spells.ended[seen_from_start])
    n, ended = len(spells.days), int(spells.ended.sum())
    columns = ["day", "at_risk", "ended", "survival", "low", "high"]
    if n < 2:
        why = say_many(
            "{n} user was seen to arrive after the log began: too few for a survival curve.",
            "{n} users were seen to arrive after the log began: too few for a survival curve.",
            n,
        )
        return Survival(pd.DataFrame(columns=columns), why, silent_days, n, ended, idle_days(panel))
    return Survival(kaplan_meier(spells.days, spells.ended), None, silent_days, n, ended, idle_days(panel))


def kaplan_meier(days: NDArray[np.integer], ended: NDArray[np.bool_]) -> pd.DataFrame:
    """The Kaplan–Meier estimate at every day on which a duration ended or was cut off.

    Args:
        days: Durations, (n,).
        ended: Whether the end was seen, (n,).

    Returns:
        day, at_risk, ended, survival, low, high. Where the curve is 1, or 0, for which the log-log interval is not
        defined, low and high are Clopper and Pearson's, over the users watched for so long, or who ended; nan for
        one alone.

    Example:
        >>> kaplan_meier(np.array([1, 2, 2, 4]), np.array([True, True, False, True])).survival.tolist()
        [0.75, 0.5, 0.0]
    """
    day, place = np.unique(days, return_inverse=True)
    leaving, ends = np.bincount(place), np.bincount(place, ended).astype(int)
    at_risk = len(days) - np.append(0, leaving.cumsum()[:-1])
    curve = scipy.stats.ecdf(scipy.stats.CensoredData(uncensored=days[ended], right=days[~ended])).sf
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*interval is undefined")  # nan there, as the docstring says
        interval = curve.confidence_interval(method="log-log") if ended.any() else None
    # the number of users whose whole time up to the day is known
    low, high = _edges(curve.probabilities, np.where(curve.probabilities < 1, ends.cumsum(), at_risk))
    if interval:
        inside = (curve.probabilities > 0) & (curve.probabilities < 1)
        low = np.where(inside, interval.low.probabilities, low)
        high = np.where(inside, interval.high.probabilities, high)
    table = {"day": day, "at_risk": at_risk, "ended": ends, "survival": curve.probabilities, "low": low, "high": high}
    return pd.DataFrame(table)


def _edges(survival: NDArray[np.floating], n: NDArray[np.integer]) -> NDArray[np.float64]:
    """The ends of the intervals of curves that are 1 or 0 among n, (2, d)."""
    return np.array(block_intervals(survival, np.zeros(len(survival)), cases=n, users=n))
