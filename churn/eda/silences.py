"""Returns: whether users come back after a silence."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.charts import GREEN, chart
from churn.data import Panel
from churn.eda.arguments import check_count
from churn.eda.curves import POINTS, enough, idle_days, idle_in_words, noted, with_band, with_interval
from churn.eda.spells import Spells, silences
from churn.eda.view import View
from churn.language import say, say_many
from churn.statistics import FEW, block_intervals


@dataclass(frozen=True, repr=False, eq=False)
class Returns(View):
    """The share of users who come back, by the days for which they have been silent.

    `table` has a row per number of silent days: silent_days, at_risk (silences that reached so long and were still
    watched), users, within (share that comes back in the next `within_days`), low, high (95% of `within`, nan for a
    single user), ever (share that comes back before the longest silence that could be watched).
    """

    within_days: int
    n_users: int
    n_silences: int
    idle_days: int  # on which nobody was active

    def _say(self) -> str:
        known = self.table[self.table["within"].notna() & self.table["silent_days"].isin(POINTS)]
        shares = [_told(row) for row in known.to_dict("records")]
        lines = [
            say_many(
                "silent users who come back within {n} day, by the days that they have been silent",
                "silent users who come back within {n} days, by the days that they have been silent",
                self.within_days,
            ),
            self._size(),
            *idle_in_words(self.idle_days),
            "; ".join(shares) if shares else say("no silence was watched for so long, so no share is known"),
        ]
        return "\n".join(lines)

    def _size(self) -> str:
        if self.n_users == 1:
            return say_many("n = {n} silence of 1 user", "n = {n} silences of 1 user", self.n_silences)
        return say("n = {n:,} silences of {users:,} users", n=self.n_silences, users=self.n_users)

    def _draw(self) -> Any:
        import plotly.graph_objects as go

        shown = enough(self.table, users="users")
        known = shown[shown["within"].notna()]
        line = {"color": GREEN, "dash": "dot"}
        ever = go.Scatter(x=shown["silent_days"], y=shown["ever"], name=say("ever"), mode="lines", line=line)
        within = say_many("within {n} day", "within {n} days", self.within_days)
        traces = [*with_band(known, "within", x="silent_days", name=within), ever]
        drawn = chart(traces, height=340, legend=True)
        drawn.update_xaxes(title_text=say("days silent so far"))
        text = say_many("share that comes back (n = {n} user)", "share that comes back (n = {n} users)", self.n_users)
        drawn.update_yaxes(title_text=text, tickformat=".0%", range=[0, 1.02])
        return noted(drawn, shown, users="users")


def returns(panel: Panel, *, within_days: int = 28, repetitions: int = 200, seed: int = 0) -> Returns:
    """Shares of users who come back after n silent days: the evidence for a definition of churn.

    By Kaplan and Meier over all silences, S(n) being the share that lasts longer than n days: of the users who have
    been silent for n days, 1 − S(n + within_days) / S(n) come back within the next `within_days`. Its variance is
    that of bootstrap samples of users with all their silences; the interval is Clopper and Pearson's for as many
    independent silences as the variance is worth, so that few users, or a share of 0 or 1, give no certainty. See
    `churn.statistics.shares`.

    Args:
        panel: The panel.
        within_days: How long one waits for a return.
        repetitions: Bootstrap samples of users.
        seed: Of the samples.

    Raises:
        UserError: for fewer than one day or two samples.

    Source:
        K. J. Rothman, Estimation of confidence limits for the cumulative probability of survival in life table
        analysis, Journal of Chronic Diseases 31 (1978), 557-560: the number of independent cases that a Kaplan–Meier
        estimate is worth.

    Example:
        >>> from churn.data import example_dataset
        >>> table = returns(example_dataset().panel, within_days=14).table
        >>> bool(table.within[0] > table.within[20])
        True
    """
    check_count("within_days", within_days)
    check_count("repetitions", repetitions, least=2)
    spells = silences(panel)
    users, code = np.unique(spells.user, return_inverse=True)
    columns = ["silent_days", "at_risk", "users", "within", "low", "high", "ever"]
    if not spells.ended.any():
        why = say("Nobody was seen to come back after a silent day, so there is no curve of returns.")
        return Returns(pd.DataFrame(columns=columns), why, within_days, len(users), len(spells.days), idle_days(panel))
    longest, watched = int(spells.days[spells.ended].max()), int(spells.days.max())
    silent = np.arange(1, longest + 1)
    lasting = _lasting(spells, np.ones(len(spells.days)), longest)
    within = _within(lasting, within_days, watched=watched)
    samples = [
        _within(_lasting(spells, weight[code], longest), within_days, watched=watched)
        for weight in _drawn(len(users), repetitions=repetitions, seed=seed)
    ]
    told = np.where(spells.ended, spells.days, spells.days - within_days)  # up to which day a silence tells the share
    cases, tellers = _reaching(told, silent), _reaching(_longest_of_each(code, told), silent)
    low, high = block_intervals(within, _variance(samples), cases=cases, users=tellers)
    with np.errstate(all="ignore"):
        ever = 1 - lasting[-1] / lasting[:-1]
    table: dict[str, Any] = {"silent_days": silent, "at_risk": _reaching(spells.days, silent)}
    table |= {"users": _reaching(_longest_of_each(code, spells.days), silent)}
    table |= {"within": within, "low": low, "high": high, "ever": ever}
    shown = pd.DataFrame(table)
    shown = shown[shown["silent_days"] >= panel.over_days].reset_index(drop=True)  # shorter ones are not seen
    return Returns(shown, None, within_days, len(users), len(spells.days), idle_days(panel))


def _drawn(n: int, *, repetitions: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Bootstrap samples of n users: how often each user is drawn, (n,), once per repetition."""
    rng = np.random.default_rng(seed)
    for _ in range(repetitions):
        yield np.bincount(rng.integers(0, n, n), minlength=n).astype(float)


def _variance(samples: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Degrees of freedom")  # days that nobody reaches in most samples
        return np.asarray(np.nanvar(np.array(samples), axis=0, ddof=1))


def _reaching(days: NDArray[np.integer], least: NDArray[np.integer]) -> NDArray[np.intp]:
    """The number of durations that reach each of the least numbers of days, (d,)."""
    return len(days) - np.searchsorted(np.sort(days), least)


def _longest_of_each(code: NDArray[np.intp], days: NDArray[np.integer]) -> NDArray[np.integer]:
    """The longest duration of each user."""
    longest = np.full(code.max() + 1, np.iinfo(days.dtype).min)
    np.maximum.at(longest, code, days)
    return longest


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
    """The share of the silences of at least 1, 2, … days that ends in the next `days`; nan if unwatched."""
    reach = np.arange(1, len(lasting)) + days
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 1 - lasting[np.minimum(reach, len(lasting)) - 1] / lasting[:-1]
    return np.where(reach <= watched, found, np.nan)


def _told(row: dict[Any, Any]) -> str:
    share, days = with_interval(row["within"], row["low"], row["high"]), row["silent_days"]
    n, users = row["at_risk"], row["users"]
    if users < FEW:
        return say("after {days}: {share} (n = {n:,}, users: {users}, few)", days=days, share=share, n=n, users=users)
    return say("after {days}: {share} (n = {n:,}, users: {users:,})", days=days, share=share, n=n, users=users)
