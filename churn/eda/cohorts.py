"""Cohorts: who joined when, how many are still there, and what they earned."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from churn.data import Panel
from churn.eda.arrivals import arrivals, no_cohort
from churn.eda.curves import idle_days, idle_in_words, with_interval
from churn.eda.triangles import triangle
from churn.eda.view import View
from churn.language import Amount, marked, say, say_many, with_unit
from churn.statistics import FEW, block_intervals

NO_STICKERS = marked("The log has no stickers, so no cohort earned any.")


@dataclass(frozen=True, repr=False, eq=False)
class Retention(View):
    """The share of each cohort that is active in its 1st, 2nd, … period.

    `table` has a row per cohort and age: cohort (first day), n (users), age (periods since the cohort's own, which is
    0), active (users), share; cells that the log does not cover whole are left out.
    """

    period_days: int
    left_out: int  # users who came before the first whole period, or may have, or after the log's end, or never
    idle_days: int  # on which nobody was active

    @property
    def triangle(self) -> pd.DataFrame:
        """The shares as a matrix, a row per cohort, a column per age; nan where the log ends before."""
        return self.table.pivot_table(index="cohort", columns="age", values="share")

    @property
    def finding(self) -> str:
        """The share still active at the last age that enough users have reached."""
        if self.empty is not None:
            return self.empty
        ages = self.table[self.table["age"] > 0].groupby("age")[["active", "n"]].sum()
        seen = ages[ages["n"] >= FEW]
        if seen.empty:
            return super().finding
        active, n = seen.iloc[-1]
        return say(
            "{share:.0%} of the {n:,} users who could be watched for {days} days after their first period were still "
            "active then",
            share=active / n,
            n=int(n),
            days=int(seen.index[-1]) * self.period_days,
        )

    def _say(self) -> str:
        sizes = self.table.drop_duplicates("cohort")["n"]
        ages = self.table.groupby("age")[["active", "n"]].sum()
        shares = [
            _share_at(age, row.active / row.n, n=int(row.n)) for age, row in ages.iterrows() if age in (1, 2, 4, 8, 12)
        ]
        lines = [
            say_many(
                "{n} cohort by {days}-day period of arrival (users: {users:,})",
                "{n} cohorts by {days}-day period of arrival (users: {users:,})",
                len(sizes),
                days=self.period_days,
                users=sizes.sum(),
            ),
            say("still active, by periods since arrival, all cohorts together: {shares}", shares="; ".join(shares))
            if shares
            else say("still active, by periods since arrival, all cohorts together: not seen yet"),
            say_many(
                "{n} user left out, who came before the log's first whole period, or may have, or after its end, or "
                "was never seen",
                "{n} users left out, who came before the log's first whole period, or may have, or after its end, or "
                "were never seen",
                self.left_out,
            ),
        ]
        told = lines if self.left_out else lines[:2]
        return "\n".join([*told, *idle_in_words(self.idle_days)])

    def _draw(self) -> Any:
        return triangle(self.table, "share", title=say("share active"), percent=True, period_days=self.period_days)


@dataclass(frozen=True, repr=False, eq=False)
class Revenue(View):
    """The amount that a user of each cohort has earned on average by its 1st, 2nd, … period.

    `table` has a row per cohort and age: cohort, n (users), age, amount (of all users in that period), per_user
    (amount so far over n), in the log's currency.
    """

    period_days: int

    def _say(self) -> str:
        last = self.table.loc[self.table.groupby("cohort")["age"].idxmax()]
        best = last.iloc[int(last["per_user"].to_numpy().argmax())]
        whole = float(self.table["amount"].sum())
        earned = say_many(
            "sticker amounts of {n} cohort (users: {users:,}): {whole:,.6g} in all",
            "sticker amounts of {n} cohorts (users: {users:,}): {whole:,.6g} in all",
            len(last),
            users=last["n"].sum(),
            whole=Amount(whole),
        )
        most = say(
            "most per user: the cohort of {day:%Y-%m-%d}, {amount:,.4g} each by period {age} (n = {n})",
            day=best["cohort"],
            amount=Amount(best["per_user"]),
            age=best["age"],
            n=best["n"],
        )
        return f"{earned}\n{most}"

    def _draw(self) -> Any:
        title = with_unit(say("amount per user so far"))
        return triangle(self.table, "per_user", title=title, percent=False, period_days=self.period_days)


def retention(panel: Panel, *, period_days: int = 7) -> Retention:
    """Shares of users still active, by the period of arrival: a triangle, since late cohorts were seen for less.

    A user arrives on the day of joining, or where no list says so on the first day seen. Users whose first day is the
    log's first may have been there before it, and are left out where no list says that they joined on that day.
    Periods are counted back from the log's last day, so that the newest is whole.

    Args:
        panel: The panel.
        period_days: Days of a cohort and of an age.

    Raises:
        UserError: for periods of fewer than one day.

    Example:
        >>> from churn.data import example_dataset
        >>> found = retention(example_dataset().panel)
        >>> bool(found.triangle.le(1).sum().sum() == len(found.table))
        True
    """
    arrival = arrivals(panel, period_days=period_days)
    columns = ["cohort", "n", "age", "active", "share"]
    left_out = len(panel.users) - len(arrival.user)
    if not len(arrival.user):
        why = no_cohort(period_days)
        return Retention(pd.DataFrame(columns=columns), why, period_days, left_out, idle_days(panel))
    user, day = panel.days_where(np.asarray(panel.active))
    seen = arrival.by_age(user, day, np.ones(len(user)))
    active = (seen > 0).astype(float)
    table = arrival.summed(active, name="active")
    if not table["active"].gt(0).any():
        why = say("Nobody was active from the day of arrival on, so there is no retention to show.")
        return Retention(pd.DataFrame(columns=columns), why, period_days, left_out, idle_days(panel))
    table["active"] = table["active"].astype(int)
    return Retention(table.assign(share=table["active"] / table["n"]), None, period_days, left_out, idle_days(panel))


def revenue(panel: Panel, *, period_days: int = 7) -> Revenue:
    """The amount that a user earns in stickers by age, cohort by cohort, with the cohorts of `retention`.

    Raises:
        UserError: for periods of fewer than one day.

    Example:
        >>> from churn.data import example_dataset
        >>> table = revenue(example_dataset().panel).table
        >>> bool(table.groupby("cohort").per_user.is_monotonic_increasing.all())
        True
    """
    columns = ["cohort", "n", "age", "amount", "per_user"]
    rows = panel.amount_rows()
    if rows is None or panel.amounts is None:
        return Revenue(pd.DataFrame(columns=columns), say(NO_STICKERS), period_days)
    arrival = arrivals(panel, period_days=period_days)
    if not len(arrival.user):
        why = no_cohort(period_days)
        return Revenue(pd.DataFrame(columns=columns), why, period_days)
    user, day = panel.days_where(rows)
    table = arrival.summed(arrival.by_age(user, day, panel.amounts[rows].astype(float)), name="amount")
    if not table["amount"].any():
        why = say("No user of the cohorts received a sticker that has an amount.")
        return Revenue(pd.DataFrame(columns=columns), why, period_days)
    so_far = table.groupby("cohort")["amount"].cumsum()
    return Revenue(table.assign(per_user=so_far / table["n"]), None, period_days)


def _share_at(age: object, share: float, *, n: int) -> str:
    """A share of the users whom the log covers so long, with Clopper and Pearson's interval and a note if few."""
    low, high = block_intervals([share], [share * (1 - share) / n], cases=[n], users=[n])
    told = with_interval(share, low[0], high[0])
    if n < FEW:
        return say("{age}: {share} (n = {n}, few)", age=age, share=told, n=n)
    return say("{age}: {share} (n = {n:,})", age=age, share=told, n=n)
