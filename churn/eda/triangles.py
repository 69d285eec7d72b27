"""Triangles: heat maps of cohorts by age, which the log covers the less the later they came."""

from typing import Any

import numpy as np
import pandas as pd

from churn.charts import INK, QUIET, chart
from churn.language import say, say_many
from churn.statistics import FEW

WIDEST = 14  # columns up to which a cell has room for its number


def triangle(table: pd.DataFrame, column: str, *, title: str, percent: bool, period_days: int) -> Any:
    """A heat map of cohort by age, the newest cohort on top, with its numbers where they have room."""
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


def _in_cell(value: float, *, percent: bool) -> str:
    """A number that is short enough for a cell of a phone: whole percents without their sign, two digits."""
    if not np.isfinite(value):
        return ""
    shown = 100 * value if percent else value
    return f"{shown:,.0f}" if percent or shown >= 10 else f"{shown:.2g}"


def _most(matrix: pd.DataFrame) -> float:
    """The upper end of the colours: the most after the period of arrival, in which nearly everyone is active."""
    later = matrix.drop(columns=0, errors="ignore").to_numpy()
    return float(np.nanmax(later)) if np.isfinite(later).any() else float(np.nanmax(matrix.to_numpy()))


def _with_numbers(matrix: pd.DataFrame, *, percent: bool) -> Any:
    """Cells that say their numbers, on colours that are all light enough for dark text."""
    text = [[_in_cell(cell, percent=percent) for cell in row] for row in matrix.to_numpy()]
    heat = _heat(matrix, "#7fb2d3", percent=percent)
    return heat.update(text=text, texttemplate="%{text}", textfont_color=INK, showscale=False)


def _with_bar(matrix: pd.DataFrame, *, title: str, percent: bool) -> Any:
    """Cells too many for numbers, with a bar of what their colours mean."""
    if (most := _most(matrix)) < np.nanmax(matrix.to_numpy()):
        end = f"{most:.0%}" if percent else f"{most:.3g}"
        darkest = say("darkest: {most} or more", most=end)
        title = f"{title}<br>{darkest}"
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
