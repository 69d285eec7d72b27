"""Anatomy: one user's days, and the models' scores of that user."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from churn.charts import BLUE, GREEN, QUIET, VERMILION, panels
from churn.data import Panel
from churn.eda.view import View
from churn.errors import UserError
from churn.language import joined, marked, say, say_many

PER_DAY = {
    "own": marked("own events per day"),
    "fan": marked("fans’ events per day"),
    "away": marked("events elsewhere per day"),
    "stickers": marked("stickers per day"),
}
COLOURS = {"own": BLUE, "fan": GREEN, "away": QUIET, "stickers": VERMILION}


@dataclass(frozen=True, repr=False, eq=False)
class Anatomy(View):
    """One user's days.

    `table` has a row per day of the log from the user's first on: own, fan, away, stickers (counts), active, and where
    scores were given p_churn (null on days that are no cutoff) and why (the reasons in words).
    """

    user_id: object
    n_days: int  # of the log, from the user's first on

    def _say(self) -> str:
        active = self.table["active"]
        last = self.table.index[active].max()
        sums = [_sum_in_words(name, int(self.table[name].sum())) for name in PER_DAY if name in self.table]
        days = say_many(
            "{user}: active on {active:,} of the {n} day since {first:%Y-%m-%d}",
            "{user}: active on {active:,} of the {n} days since {first:%Y-%m-%d}",
            self.n_days,
            user=self.user_id,
            active=int(active.sum()),
            first=self.table.index[0],
        )
        lines = [days, ", ".join(sums)]
        lines.append(say("last active {day:%Y-%m-%d}", day=last) if active.any() else say("never active"))
        if "p_churn" in self.table and self.table["p_churn"].notna().any():
            newest = self.table[self.table["p_churn"].notna()].iloc[-1]
            why = f": {newest['why']}" if isinstance(newest.get("why"), str) and newest["why"] else ""
            chance = say("P(churn) at {day:%Y-%m-%d}: {p:.0%}", day=newest.name, p=newest["p_churn"])
            lines.append(f"{chance}{why}")
        return "\n".join(lines)

    def _draw(self) -> Any:
        import plotly.graph_objects as go

        strips = [name for name in PER_DAY if name in self.table and (name == "own" or self.table[name].any())]
        day = self.table.index
        traces = [[go.Bar(x=day, y=self.table[name], marker_color=COLOURS[name])] for name in strips]
        captions = [say(PER_DAY[name]) for name in strips]
        if "p_churn" in self.table:
            traces.append([self._chances()])
            captions.append(say("P(churn) in the days from then on; the reasons on pointing"))
        drawn = panels(traces, captions=captions, height=84).update_yaxes(rangemode="tozero")
        if "p_churn" in self.table:
            drawn.update_yaxes(range=[-0.03, 1.03], tickformat=".0%", row=len(captions))
        return drawn.update_xaxes(title_text=say("day (n = {n})", n=self.n_days), row=len(captions))

    def _chances(self) -> Any:
        import plotly.graph_objects as go

        known = self.table[self.table["p_churn"].notna()]
        style = {"mode": "lines+markers", "line": {"color": QUIET, "width": 1.5}, "marker": {"size": 5}}
        hover = [_hover(row) for row in known.to_dict("records")]
        return go.Scatter(x=known.index, y=known["p_churn"], hovertext=hover, hoverinfo="x+text", **style)


def anatomy(panel: Panel, user_id: object, *, scores: pd.DataFrame | None = None) -> Anatomy:
    """One user's days as a strip: own, fans' and stickers, with the chance of churn at each cutoff where it is given.

    Args:
        panel: The panel.
        user_id: Whom to look at.
        scores: user_id, cutoff, p_churn and, if there are, reason_1, reason_2, … in words; rows of others
            are left out.

    Raises:
        UserError: for a user whom the panel does not have, two scores of the user at one cutoff, and scores that lack
            a column or are none.

    Example:
        >>> from churn.data import example_dataset
        >>> print(anatomy(example_dataset().panel, "user003"))
        user003: ...
    """
    try:
        place = int(np.flatnonzero(panel.users == user_id)[0])
    except IndexError as error:
        found = f"{user_id!r}, none of {len(panel.users):,}"
        raise UserError("expected a user of the log", found, "see panel.users") from error
    first, last = int(panel.first[place]), int(panel.last[place])
    if last < first:
        why = say("{user}: nothing was seen of this user in the log.", user=user_id)
        return Anatomy(pd.DataFrame(columns=["own", "fan", "active"]), why, user_id, 0)
    rows = slice(int(panel.start[place]), int(panel.start[place]) + last - first + 1)
    counts = np.asarray(panel.counts[rows], dtype=np.int64)
    columns = {
        role: counts[:, [name.startswith(f"{role}_") for name in panel.features]].sum(axis=1)
        for role in ("own", "fan", "away")
        if role == "own" or any(name.startswith(f"{role}_") for name in panel.features)
    }
    if "stickers_received" in panel.features:
        columns["stickers"] = counts[:, panel.features.index("stickers_received")]
    table = pd.DataFrame(columns, index=panel.dates[first : last + 1])
    table["active"] = np.asarray(panel.active[rows])
    whole = table.reindex(panel.dates[first:], fill_value=0).astype({"active": bool})
    shown = whole if scores is None else _with_scores(whole, scores, user_id)
    return Anatomy(shown, None, user_id, len(whole))


def _with_scores(table: pd.DataFrame, scores: pd.DataFrame, user_id: object) -> pd.DataFrame:
    if absent := {"user_id", "cutoff", "p_churn"} - set(scores.columns):
        raise UserError("expected scores with user_id, cutoff and p_churn", f"no {', '.join(sorted(absent))}", "add it")
    own = scores[scores["user_id"] == user_id]
    own = own.set_index(_days(own["cutoff"]))
    own = own[own.index >= table.index[0]]
    if own.empty:
        return table
    if own.index.max() > (newest := table.index[-1] + pd.Timedelta(days=1)):
        found = f"{own.index.max():%Y-%m-%d}"
        raise UserError(
            f"expected cutoffs up to {newest:%Y-%m-%d}, the day after the log", found, "give its own scores"
        )
    chances = pd.to_numeric(own["p_churn"], errors="coerce")
    if (wrong := own["p_churn"].notna() & ~chances.between(0, 1)).any():
        raise UserError("expected p_churn from 0 to 1", own["p_churn"][wrong].iloc[0], "give probabilities")
    if (twice := own.index.duplicated()).any():
        found = f"two on {own.index[twice][0]:%Y-%m-%d}"
        raise UserError(f"expected one score of {user_id} per cutoff", found, "keep one of them")
    days = table.index.union(own.index)  # the newest cutoff is the day after the last
    table = table.reindex(days, fill_value=0).astype({"active": bool})
    reasons = own.filter(regex=r"^reason_\d+$").fillna("")
    why = pd.Series([joined(row, "; ") for row in reasons.to_numpy(object)], own.index, dtype=object)
    return table.assign(p_churn=chances.astype(float), why=why).fillna({"why": ""})


def _days(cutoffs: pd.Series) -> pd.DatetimeIndex:
    """Cutoffs as days, whether they are text, dates or moments."""
    try:
        days = pd.DatetimeIndex(pd.to_datetime(cutoffs))
    except (TypeError, ValueError) as error:
        raise UserError("expected cutoffs that are days", cutoffs.iloc[0], "write them as 2024-03-01") from error
    return days.tz_localize(None).normalize()


def _sum_in_words(name: str, n: int) -> str:
    match name:
        case "own":
            return say_many("{n} own event", "{n} own events", n)
        case "fan":
            return say_many("{n} fans’ event", "{n} fans’ events", n)
        case "away":
            return say_many("{n} event elsewhere", "{n} events elsewhere", n)
        case _:
            return say_many("{n} sticker", "{n} stickers", n)


def _hover(row: dict[Any, Any]) -> str:
    from html import escape

    why = f"<br>{escape(str(row['why']))}" if row.get("why") else ""
    return say("P(churn) {p:.0%}", p=row["p_churn"]) + why
