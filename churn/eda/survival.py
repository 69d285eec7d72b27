"""Survival: how long users stay, and whether they come back after a silence."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.charts import BLUE, GREEN, chart
from churn.data import Panel
from churn.eda.spells import Spells, lifetimes, silences
from churn.eda.view import View
from churn.language import say

BAND = "rgba(0, 114, 178, .18)"
POINTS = (1, 3, 7, 14, 28, 56)  # days that the words speak of
FEW = 30  # users under which a curve is not drawn on


@dataclass(frozen=True)
class Survival(View):
    """The share of users who are still there after so many days, by Kaplan and Meier.

    `table` has a row per day: day, at_risk (users), ended, survival, low, high (95 %).
    """

    silent_days: int
    n_users: int
    n_ended: int

    @property
    def median(self) -> float:
        """The day by which half of the users are gone; nan if the log ends before."""
        gone = self.table.loc[self.table["survival"] <= 0.5, "day"]
        return float(gone.iloc[0]) if len(gone) else np.nan

    def _say(self) -> str:
        seen = self.table.set_index("day")
        shares = [
            say("day {day}: {share}", day=d, share=_share(seen.survival[d], seen.low[d], seen.high[d]))
            for d in POINTS
            if d in seen.index
        ]
        what = say(
            "users still active, from their first active day to the last before {days} silent days",
            days=self.silent_days,
        )
        return "\n".join([what, self._gone(), "; ".join(shares)])

    def _gone(self) -> str:
        n, ended = self.n_users, self.n_ended
        if np.isfinite(self.median):
            return say(
                "n = {n} users, {ended} of them gone; half are gone by day {day:.0f}", n=n, ended=ended, day=self.median
            )
        return say("n = {n} users, {ended} of them gone; fewer than half are gone", n=n, ended=ended)

    def _draw(self) -> Any:
        drawn = chart(_with_band(_shown(self.table), "survival"), height=320)
        drawn.update_xaxes(title_text=say("days since the first active day"))
        text = say("share still active (n = {n} users)", n=self.n_users)
        return drawn.update_yaxes(title_text=text, tickformat=".0%", range=[0, 1.02])


@dataclass(frozen=True)
class Returns(View):
    """Of those who have been silent for so many days, the share that comes back.

    `table` has a row per number of silent days: silent_days, at_risk (silences that reached so long and were still
    watched), users, within (share that comes back in the next `within_days`), ever (share that comes back before
    the longest silence that could be watched), low, high (95 % of `within`, users drawn anew).
    """

    within_days: int
    n_users: int
    n_silences: int

    def _say(self) -> str:
        seen = self.table.set_index("silent_days")
        shares = [
            say(
                "after {days}: {share} (n = {n})",
                days=d,
                share=_share(seen.within[d], seen.low[d], seen.high[d]),
                n=seen.at_risk[d],
            )
            for d in POINTS
            if d in seen.index and np.isfinite(seen.within[d])
        ]
        lines = [
            say(
                "silent users who come back within {days} days, by the days that they have been silent",
                days=self.within_days,
            ),
            say("n = {n} silences of {users} users", n=self.n_silences, users=self.n_users),
            "; ".join(shares),
        ]
        return "\n".join(lines)

    def _draw(self) -> Any:
        import plotly.graph_objects as go

        shown = _shown(self.table)
        known = shown[shown["within"].notna()]
        ever = go.Scatter(
            x=shown["silent_days"],
            y=shown["ever"],
            name=say("ever"),
            mode="lines",
            line={"color": GREEN, "dash": "dot"},
        )
        within = say("within {days} days", days=self.within_days)
        traces = [*_with_band(known, "within", x="silent_days", name=within), ever]
        drawn = chart(traces, height=340, legend=True)
        drawn.update_xaxes(title_text=say("days silent so far"))
        text = say("share that comes back (n = {n} users)", n=self.n_users)
        return drawn.update_yaxes(title_text=text, tickformat=".0%", range=[0, 1.02])


def survival(panel: Panel, *, silent_days: int = 28) -> Survival:
    """How long users stay: from the first active day to the last before a silence of `silent_days`.

    Kaplan–Meier with Greenwood's variance and an interval on the log-log scale, by scipy. Everyone who is there until
    `silent_days` before the log's end is censored on that day. Users whose first day is the log's first, or who joined
    before it, may have been active before, and are left out.

    Args:
        panel: The panel.
        silent_days: The silence from which on a user counts as gone.

    Raises:
        ValueError: for fewer than one silent day.

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
    seen_from_start = (panel.first[spells.user] > 0) & (panel.arrived[spells.user] >= 0)
    spells = Spells(spells.user[seen_from_start], spells.days[seen_from_start], spells.ended[seen_from_start])
    n, ended = len(spells.days), int(spells.ended.sum())
    columns = ["day", "at_risk", "ended", "survival", "low", "high"]
    if n < 2:
        why = say("{n} users have a first active day after the log's first: too few for a survival curve.", n=n)
        return Survival(pd.DataFrame(columns=columns), why, silent_days, n, ended)
    return Survival(kaplan_meier(spells.days, spells.ended), None, silent_days, n, ended)


def kaplan_meier(days: NDArray[np.integer], ended: NDArray[np.bool_]) -> pd.DataFrame:
    """The Kaplan–Meier estimate at every day on which a duration ended or was cut off.

    Args:
        days: Durations, (n,).
        ended: Whether the end was seen, (n,).

    Returns:
        day, at_risk, ended, survival, low, high; low and high are nan where no interval is defined, as before the
        first end and where nobody is left.

    Example:
        >>> kaplan_meier(np.array([1, 2, 2, 4]), np.array([True, True, False, True])).survival.tolist()
        [0.75, 0.5, 0.0]
    """
    from scipy import stats

    day, place = np.unique(days, return_inverse=True)
    leaving, ends = np.bincount(place), np.bincount(place, ended).astype(int)
    at_risk = len(days) - np.append(0, leaving.cumsum()[:-1])
    curve = stats.ecdf(stats.CensoredData(uncensored=days[ended], right=days[~ended])).sf
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*interval is undefined")  # nan there, as the docstring says
        interval = curve.confidence_interval(method="log-log") if ended.any() else None
    low, high = (
        (interval.low.probabilities, interval.high.probabilities) if interval else (np.full(len(day), np.nan),) * 2
    )
    table = {"day": day, "at_risk": at_risk, "ended": ends, "survival": curve.probabilities, "low": low, "high": high}
    return pd.DataFrame(table)


def returns(panel: Panel, *, within_days: int = 28, repetitions: int = 200, seed: int = 0) -> Returns:
    """After so many silent days, how many come back: the evidence for a definition of churn.

    By Kaplan and Meier over all silences, S(n) being the share that lasts longer than n days: of those who have been
    silent for n days, 1 − S(n + within_days) / S(n) come back within the next `within_days`. The interval draws users,
    with all their silences.

    Args:
        panel: The panel.
        within_days: How long one waits for a return.
        repetitions: Bootstrap samples of users.
        seed: Of the samples.

    Example:
        >>> from churn.data import example_dataset
        >>> table = returns(example_dataset().panel, within_days=14).table
        >>> bool(table.within[0] > table.within[20])
        True
    """
    spells = silences(panel)
    users, code = np.unique(spells.user, return_inverse=True)
    columns = ["silent_days", "at_risk", "users", "within", "low", "high", "ever"]
    if not spells.ended.any():
        why = say("Nobody was seen to come back after a silent day, so there is no curve of returns.")
        return Returns(pd.DataFrame(columns=columns), why, within_days, len(users), len(spells.days))
    longest, watched = int(spells.days[spells.ended].max()), int(spells.days.max())
    lasting = _lasting(spells, np.ones(len(spells.days)), longest)
    rng = np.random.default_rng(seed)
    drawn = (np.bincount(rng.integers(0, len(users), len(users)), minlength=len(users)) for _ in range(repetitions))
    samples = np.array(
        [
            _within(_lasting(spells, weight[code].astype(float), longest), within_days, watched=watched)
            for weight in drawn
        ]
    )
    silent = np.arange(1, longest + 1)
    within = _within(lasting, within_days, watched=watched)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.filterwarnings("ignore", message="All-NaN")  # days after which nobody was watched for so long
        low, high = np.nanquantile(samples, [0.025, 0.975], axis=0)
        ever = 1 - lasting[-1] / lasting[:-1]
    table = pd.DataFrame(
        {
            "silent_days": silent,
            "at_risk": [int((spells.days >= d).sum()) for d in silent],
            "users": [len(np.unique(code[spells.days >= d])) for d in silent],
        }
    )
    for name, values in (("within", within), ("low", low), ("high", high)):
        table[name] = pd.Series(values).reindex(range(len(silent)))
    return Returns(table.assign(ever=ever), None, within_days, len(users), len(spells.days))


def _lasting(spells: Spells, weight: NDArray[np.floating], longest: int) -> NDArray[np.float64]:
    """The share of silences that last at least 1, 2, … longest + 1 days, by Kaplan and Meier; (longest + 1,)."""
    days = np.minimum(spells.days, longest + 1)
    whole = np.bincount(days, weight, minlength=longest + 2)
    ended = np.bincount(days, weight * spells.ended, minlength=longest + 2)
    # A silence of n days ends on the day after, on which one that is cut off at n was not watched any more.
    at_risk = whole[::-1].cumsum()[::-1] - (whole - ended)
    hazard = np.divide(ended, at_risk, out=np.zeros(len(whole)), where=at_risk > 0)
    return np.append(1.0, (1 - hazard[1:-1]).cumprod())


def _within(lasting: NDArray[np.float64], days: int, *, watched: int) -> NDArray[np.float64]:
    """Of the silences that reach 1, 2, … days, the share that ends in the next `days`; nan if unwatched."""
    reach = np.arange(1, len(lasting)) + days
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 1 - lasting[np.minimum(reach, len(lasting)) - 1] / lasting[:-1]
    return np.where(reach <= watched, found, np.nan)


def _share(value: float, low: float, high: float) -> str:
    """A share with its interval."""
    return f"{value:.1%} [{low:.1%}, {high:.1%}]"


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    """The curve as far as enough are left; all of a short one."""
    enough = table["at_risk"] >= FEW
    return table[enough] if enough.sum() > 2 else table


def _with_band(table: pd.DataFrame, column: str, *, x: str = "day", name: str = "") -> list[Any]:
    import plotly.graph_objects as go

    step = {"color": BLUE, "width": 2, "shape": "hv"}
    none = {"width": 0, "shape": "hv"}
    across = table[x]
    return [
        go.Scatter(x=across, y=table["high"], mode="lines", line=none, showlegend=False, hoverinfo="skip"),
        go.Scatter(
            x=across,
            y=table["low"],
            mode="lines",
            line=none,
            fill="tonexty",
            fillcolor=BAND,
            showlegend=False,
            hoverinfo="skip",
        ),
        go.Scatter(x=across, y=table[column], mode="lines", line=step, name=name),
    ]
