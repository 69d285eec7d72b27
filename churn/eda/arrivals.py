"""Arrivals: who came in which period, and what they did by their age."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.data import Panel
from churn.eda.arguments import check_count
from churn.language import say_many


@dataclass(frozen=True)
class Arrivals:
    """Users with a known arrival, and the period in which each arrived."""

    panel: Panel
    user: NDArray[np.intp]  # (u,) position in the panel
    period: NDArray[np.int64]  # (u,) of arrival
    begin: int  # the day on which period 0 begins
    period_days: int
    n_periods: int

    def by_age(
        self, user: NDArray[np.integer], day: NDArray[np.integer], values: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Values by user and age, summed, (u, n_periods)."""
        place = np.full(len(self.panel.users), -1)
        place[self.user] = np.arange(len(self.user))
        period = np.floor_divide(day.astype(np.int64) - self.begin, self.period_days)
        row = place[user]
        age = period - self.period[row]
        inside = (row >= 0) & (period >= 0) & (age >= 0)
        flat = row[inside] * self.n_periods + age[inside]
        size = len(self.user) * self.n_periods
        sums = np.bincount(flat, values[inside].astype(np.float64), minlength=size)
        return np.asarray(sums, np.float64).reshape(-1, self.n_periods)

    def summed(self, by_user: NDArray[np.float64], *, name: str) -> pd.DataFrame:
        """Sums over the users of each cohort, for the ages that the log covers: cohort, n, age, name."""
        n = np.bincount(self.period, minlength=self.n_periods)
        sums = np.zeros((self.n_periods, self.n_periods))
        np.add.at(sums, self.period, by_user)
        cohort, age = np.nonzero(np.add.outer(np.arange(self.n_periods), np.arange(self.n_periods)) < self.n_periods)
        kept = n[cohort] > 0
        cohort, age = cohort[kept], age[kept]
        first = self.panel.date(self.begin) + pd.to_timedelta(cohort * self.period_days, unit="D")
        return pd.DataFrame({"cohort": first, "n": n[cohort], "age": age, name: sums[cohort, age]})


def arrivals(panel: Panel, *, period_days: int) -> Arrivals:
    """The users who are known to have arrived within the whole periods of the log.

    Raises:
        UserError: for periods of fewer than one day.
    """
    check_count("period_days", period_days)
    n_periods = panel.n_days // period_days
    begin = panel.n_days - n_periods * period_days
    listed = np.zeros(len(panel.users), bool) if panel.listed is None else panel.listed
    known = (panel.arrived >= begin) & (panel.arrived < panel.n_days) & (listed | (panel.arrived > 0))
    user = np.flatnonzero(known)
    period = (panel.arrived[user].astype(np.int64) - begin) // period_days
    return Arrivals(panel, user, period, begin, period_days, n_periods)


def no_cohort(period_days: int) -> str:
    """A sentence for a log in which nobody arrived."""
    return say_many(
        "No user is known to have arrived within the log's days, so there is no cohort.",
        "No user is known to have arrived within the log's whole periods of {n} days, so there is no cohort.",
        period_days,
    )
