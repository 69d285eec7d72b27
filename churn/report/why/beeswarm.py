"""The SHAP values of single windows, a row of dots per column."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from churn.artefacts import declared
from churn.language import say, titled
from churn.report.parts.blocks import Beside, Block, Figure, Heading, Text
from churn.report.parts.chart_parts import COLOUR_BAR, ZERO_LINE, chart, figure, label
from churn.report.parts.wording import count, feature
from churn.report.why import fidelity
from churn.runs import Run
from churn.statistics import FEW

SHOWN = 10  # columns per chart
WINDOWS = 250  # dots per column: more would make the page heavy and show nothing new
BINS = 60  # over the width of the chart, within which dots are piled
AMOUNTS = [[0, "#7cc4ee"], [0.5, "#7a57a8"], [1, "#9c0044"]]  # the darker, the more: distinct in grey, too


def build(run: Run) -> list[Block]:
    """A swarm per target; nothing where the run holds no SHAP values of single windows."""
    columns = [column for target in run.targets if (column := _column(run, target))]
    if not any(isinstance(block, Figure) for column in columns for block in column):
        return []
    text = (
        say(
            "Each dot is one held-out user. To the right of the line the column raised the score, to the left it "
            "lowered it; the darker the dot, the more of it the user had, compared with the others. A row whose dark "
            "and light dots lie apart has a clear direction."
        )
        if run.scattered
        else say(
            "Each dot is one held-out user on one day. To the right of the line the column raised the "
            "score, to the left it lowered it; the darker the dot, the more of it the user had, compared "
            "with the others. A row whose dark and light dots lie apart has a clear direction."
        )
    )
    return [Heading(say("User by user")), Text(text), Beside(tuple(columns))]


def _column(run: Run, target: str) -> tuple[Block, ...]:
    rows = driving(run, target)
    standing = fidelity.standing(run, target)
    if rows.empty or standing == "constant":
        return ()
    if standing == "sketch":
        said = say("{target}: not shown, since the surrogate is under the fidelity floor.", target=titled(target))
        return (Text(say("{said} Its dots would not speak for the model.", said=said)),)
    return (_figure(rows, titled(target)),)


def driving(run: Run, target: str) -> pd.DataFrame:
    """SHAP values of the columns that vary and move the score: feature, value, shap, window; strongest first."""
    table = run.table(declared.SHAP, target)
    if table.empty:
        return table.assign(window=[])
    table = table.assign(window=table.groupby(["user_id", "cutoff"], observed=True).ngroup())
    table = table[table["value"].notna() & table["shap"].notna()]
    values = table.groupby("feature", observed=True)["value"]
    strength = table["shap"].abs().groupby(table["feature"], observed=True).mean()
    varies = values.max() > values.min()
    moving = strength[(strength > 0) & varies].sort_values(ascending=False, kind="stable")
    table = table[table["feature"].isin(moving.index)]
    return table.sort_values("feature", key=lambda names: names.map(list(moving.index).index), kind="stable")


def thinned(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of some windows, spread evenly over all."""
    windows = np.unique(rows["window"])
    places = np.linspace(0, len(windows) - 1, min(WINDOWS, len(windows))).round().astype(int)
    return rows[rows["window"].isin(windows[places])]


def piled(x: "pd.Series[float]", low: float, high: float) -> "pd.Series[float]":
    """Heights that keep dots of nearly the same x apart: within a bin they pile up in turn above and below the row.

    Example:
        >>> piled(pd.Series([0.0, 0.0, 0.0, 1.0]), 0, 1).tolist()
        [0.0, 1.0, -1.0, 0.0]
    """
    bins = ((x - low) / ((high - low) or 1) * (BINS - 1)).round()
    place = x.groupby(bins).cumcount()
    side = (2 * (place % 2) - 1).where(place > 0, 1)
    return ((place + 1) // 2 * side).astype(float)


def amounts(values: "pd.Series[float]") -> "pd.Series[float]":
    """The ranks of values in their own distribution: 0 for the lowest, 1 for the highest.

    Example:
        >>> amounts(pd.Series([0, 0, 0, 5, 900])).tolist()
        [0.0, 0.0, 0.0, 0.75, 1.0]
    """
    ranks = values.rank(method="min") - 1
    return ranks / (ranks.max() or 1)


def _figure(rows: pd.DataFrame, target: str) -> Block:
    names = [str(name) for name in rows["feature"].unique()[:SHOWN]]
    rows = rows.assign(amount=rows.groupby("feature", observed=True)["value"].transform(amounts))
    shown = thinned(rows[rows["feature"].isin(names)])
    windows, users = rows["window"].nunique(), rows["user_id"].nunique()
    title = say("{target}: single windows", target=target)
    few = say(" Fewer than {few} users: a hint only.", few=FEW) if users < FEW else ""
    caption = say(
        "n = {shown} windows, spread evenly over the {windows} held-out ones of {users} users that "
        "were explained.{few}",
        shown=count(shown["window"].nunique()),
        windows=count(windows),
        users=count(users),
        few=few,
    )
    said = say(
        "SHAP values of single windows by column, strongest first: {columns}.", columns="; ".join(map(feature, names))
    )
    return figure(_drawn(shown, names), title=title, description=f"{title}. {said} {caption}", caption=caption)


def _drawn(rows: pd.DataFrame, names: list[str]) -> Any:
    low, high = float(rows["shap"].min()), float(rows["shap"].max())
    heights = pd.concat([piled(rows["shap"][rows["feature"] == name], low, high) for name in names])
    rows = rows.assign(height=heights * min(0.08, 0.42 / (heights.abs().max() or 1)))
    drawn = chart(
        [_dots(rows[rows["feature"] == name], name, place) for place, name in enumerate(names)],
        height=36 * len(names) + 116,
    )
    drawn.update_layout(margin_t=44, coloraxis={"colorscale": AMOUNTS, "cmin": 0, "cmax": 1, "colorbar": _bar()})
    drawn.update_xaxes(title={"text": say("SHAP (logits)"), "standoff": 16}, nticks=6, **ZERO_LINE)
    drawn.update_yaxes(
        range=[len(names) - 0.4, -0.6],
        tickvals=list(range(len(names))),
        ticktext=[label(feature(name), 24) for name in names],
        showgrid=False,
    )
    return drawn


def _bar() -> dict[str, Any]:
    return {
        **COLOUR_BAR,
        "tickvals": [0, 1],
        "ticktext": [say("little of it"), say("much of it")],
        "ticklabelposition": "outside",
    }


def _dots(rows: pd.DataFrame, name: str, place: int) -> Any:
    return go.Scatter(
        name=label(feature(name), 60),
        x=[round(x, 3) for x in rows["shap"].astype(float)],
        y=[round(place + height, 3) for height in rows["height"]],
        customdata=[float(f"{value:.4g}") for value in rows["value"]],
        mode="markers",
        marker={
            "color": [round(share, 2) for share in rows["amount"]],
            "coloraxis": "coloraxis",
            "size": 4.5,
            "opacity": 0.85,
        },
        hovertemplate="%{fullData.name}: %{customdata}<br>SHAP %{x}<extra></extra>",
    )
