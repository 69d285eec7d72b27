"""Cohorts: who joined when, how many of them are still there, and what they earned."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.charts import INK, QUIET, chart
from churn.data import Panel
from churn.eda.arguments import check_count
from churn.eda.curves import FEW, with_interval
from churn.eda.view import View
from churn.language import marked, say, say_many
from churn.statistics.shares import block_intervals

WIDEST = 14  # columns up to which a cell has room for its number
NO_STICKERS = marked("The log has no stickers, so no cohort earned any.")


@dataclass(frozen=True)
class Retention(View):
    """The share of each cohort that is active in its 1st, 2nd, … period.

    `table` has a row per cohort and age: cohort (first day), n (users), age (periods since the cohort's own, which is
    0), active (users), share; cells that the log does not cover whole are left out.
    """

    period_days: int
    left_out: int  # users who came before the first whole period, or may have, or after the log's end

    @property
    def triangle(self) -> pd.DataFrame:
        """The shares as a matrix, a row per cohort, a column per age; nan where the log ends before."""
        return self.table.pivot_table(index="cohort", columns="age", values="share")

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
                "{n} user left out, who came before the log's first whole period, or may have, or after its end",
                "{n} users left out, who came before the log's first whole period, or may have, or after its end",
                self.left_out,
            ),
        ]
        return "\n".join(lines if self.left_out else lines[:2])

    def _draw(self) -> Any:
        return _triangle(self.table, "share", title=say("share active"), percent=True, period_days=self.period_days)


@dataclass(frozen=True)
class Revenue(View):
    """What a user of each cohort has earned on average by its 1st, 2nd, … period.

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
            whole=whole,
        )
        most = say(
            "most per user: the cohort of {day:%Y-%m-%d}, {amount:,.4g} each by period {age} (n = {n})",
            day=best["cohort"],
            amount=best["per_user"],
            age=best["age"],
            n=best["n"],
        )
        return f"{earned}\n{most}"

    def _draw(self) -> Any:
        title = say("amount per user so far")
        return _triangle(self.table, "per_user", title=title, percent=False, period_days=self.period_days)


def retention(panel: Panel, *, period_days: int = 7) -> Retention:
    """Who is still active, by the period in which users arrived: a triangle, since late cohorts were seen for less.

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
    arrival = _arrivals(panel, period_days=period_days)
    columns = ["cohort", "n", "age", "active", "share"]
    left_out = len(panel.users) - len(arrival.user)
    if not len(arrival.user):
        why = _no_cohort(period_days)
        return Retention(pd.DataFrame(columns=columns), why, period_days, left_out)
    user, day = panel.days_where(np.asarray(panel.active))
    seen = arrival.by_age(user, day, np.ones(len(user)))
    active = (seen > 0).astype(float)
    table = arrival.summed(active, name="active")
    if not table["active"].gt(0).any():
        why = say("Nobody was active from the day of arrival on, so there is no retention to show.")
        return Retention(pd.DataFrame(columns=columns), why, period_days, left_out)
    table["active"] = table["active"].astype(int)
    return Retention(table.assign(share=table["active"] / table["n"]), None, period_days, left_out)


def revenue(panel: Panel, *, period_days: int = 7) -> Revenue:
    """What a user earns in stickers by age, cohort by cohort; the cohorts are those of `retention`.

    Raises:
        UserError: for periods of fewer than one day.

    Example:
        >>> from churn.data import example_dataset
        >>> table = revenue(example_dataset().panel).table
        >>> bool(table.groupby("cohort").per_user.is_monotonic_increasing.all())
        True
    """
    columns = ["cohort", "n", "age", "amount", "per_user"]
    rows = panel.sticker_rows()
    if rows is None or panel.amounts is None:
        return Revenue(pd.DataFrame(columns=columns), say(NO_STICKERS), period_days)
    arrival = _arrivals(panel, period_days=period_days)
    if not len(arrival.user):
        why = _no_cohort(period_days)
        return Revenue(pd.DataFrame(columns=columns), why, period_days)
    user, day = panel.days_where(rows)
    table = arrival.summed(arrival.by_age(user, day, panel.amounts[rows].astype(float)), name="amount")
    if not table["amount"].any():
        why = say("No user of the cohorts received a sticker.")
        return Revenue(pd.DataFrame(columns=columns), why, period_days)
    so_far = table.groupby("cohort")["amount"].cumsum()
    return Revenue(table.assign(per_user=so_far / table["n"]), None, period_days)


@dataclass(frozen=True)
class _Arrivals:
    """Who arrived in which period."""

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


def _arrivals(panel: Panel, *, period_days: int) -> _Arrivals:
    check_count("period_days", period_days)
    n_periods = panel.n_days // period_days
    begin = panel.n_days - n_periods * period_days
    listed = np.zeros(len(panel.users), bool) if panel.listed is None else panel.listed
    known = (panel.arrived >= begin) & (panel.arrived < panel.n_days) & (listed | (panel.arrived > 0))
    user = np.flatnonzero(known)
    period = (panel.arrived[user].astype(np.int64) - begin) // period_days
    return _Arrivals(panel, user, period, begin, period_days, n_periods)


def _no_cohort(period_days: int) -> str:
    return say_many(
        "No user is known to have arrived within the log's days, so there is no cohort.",
        "No user is known to have arrived within the log's whole periods of {n} days, so there is no cohort.",
        period_days,
    )


def _share_at(age: object, share: float, *, n: int) -> str:
    """A share of the users whom the log covers so long, with Clopper and Pearson's interval; few of them say so."""
    low, high = block_intervals([share], [share * (1 - share) / n], cases=[n], users=[n])
    told = with_interval(share, low[0], high[0])
    if n < FEW:
        return say("{age}: {share} (n = {n}, few)", age=age, share=told, n=n)
    return say("{age}: {share} (n = {n:,})", age=age, share=told, n=n)


def _in_cell(value: float, *, percent: bool) -> str:
    """A number that is short enough for a cell of a phone: whole percents without their sign, two digits."""
    if not np.isfinite(value):
        return ""
    shown = 100 * value if percent else value
    return f"{shown:,.0f}" if percent or shown >= 10 else f"{shown:.2g}"


def _most(matrix: pd.DataFrame) -> float:
    """Where the colours end: the most after the period of arrival, in which nearly everyone is active."""
    later = matrix.drop(columns=0, errors="ignore").to_numpy()
    return float(np.nanmax(later)) if np.isfinite(later).any() else float(np.nanmax(matrix.to_numpy()))


def _triangle(table: pd.DataFrame, column: str, *, title: str, percent: bool, period_days: int) -> Any:
    matrix = table.pivot_table(index="cohort", columns="age", values=column).sort_index(ascending=False)
    n = table.drop_duplicates("cohort").set_index("cohort")["n"].reindex(matrix.index)
    roomy = matrix.shape[1] <= WIDEST
    heat = _with_numbers(matrix, percent=percent) if roomy else _with_bar(matrix, title=title, percent=percent)
    heat.y = [f"{day:%Y-%m-%d} (n = {size}{'*' if size < FEW else ''})" for day, size in n.items()]
    drawn = chart([heat], height=(106 if roomy else 90) + 18 * len(matrix))
    periods = say_many("days since arrival", "periods of {n} days since arrival", period_days)
    shown = say("cells: share active, %") if percent else say("cells: amount per user so far")
    drawn.update_xaxes(title_text=f"{periods}<br>{shown}" if roomy else periods, showgrid=False)
    drawn.update_yaxes(title_text="", showgrid=False)
    few = say("* fewer than {few} users", few=FEW) if (n < FEW).any() else ""
    return drawn.update_layout(title={"text": few, "font": {"size": 12, "color": QUIET}, "x": 0}, margin_t=30)


def _with_numbers(matrix: pd.DataFrame, *, percent: bool) -> Any:
    """Cells that say their numbers, on colours that are light enough for dark text on all of them."""
    text = [[_in_cell(cell, percent=percent) for cell in row] for row in matrix.to_numpy()]
    heat = _heat(matrix, "#7fb2d3", percent=percent)
    return heat.update(text=text, texttemplate="%{text}", textfont_color=INK, showscale=False)


def _with_bar(matrix: pd.DataFrame, *, title: str, percent: bool) -> Any:
    """Cells too many for numbers, with a bar of what their colours mean."""
    bar = {"tickformat": ".0%" if percent else None, "title": {"text": title, "font": {"size": 12}}, "thickness": 12}
    return _heat(matrix, "#005a8f", percent=percent).update(colorbar=bar)


def _heat(matrix: pd.DataFrame, darkest: str, *, percent: bool) -> Any:
    import plotly.graph_objects as go

    value = "%{z:.1%}" if percent else "%{z:.4g}"
    return go.Heatmap(
        z=matrix.to_numpy(),
        x=list(matrix.columns),
        colorscale=[[0, "#f5f7fa"], [1, darkest]],
        zmin=0,
        zmax=_most(matrix) or 1,
        xgap=1,
        ygap=1,
        hovertemplate="%{y}<br>" + say("age {age}: {value}", age="%{x}", value=value) + "<extra></extra>",
    )
