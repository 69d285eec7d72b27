"""Curves over days: how they are drawn and which days the words speak of."""

from typing import Any

import numpy as np
import pandas as pd

from churn.charts import BLUE, QUIET
from churn.data import Panel
from churn.language import say, say_many
from churn.statistics import FEW

BAND = "rgba(0, 114, 178, .18)"
POINTS = (1, 3, 7, 14, 28, 56)  # days that the words speak of
LEAST = 10  # users under which a curve is not drawn on


def idle_days(panel: Panel) -> int:
    """The days of a log on which nobody was active: a pause of all, or days that the log lacks."""
    _, day = panel.days_where(np.asarray(panel.active))
    return panel.n_days - len(np.unique(day))


def idle_in_words(days: int) -> list[str]:
    """Sentences on the number of days without activity; none for 0."""
    told = say_many(
        "nobody was active on {n} day: if the log lacks it, that silence is the log's",
        "nobody was active on {n} days: if the log lacks them, those silences are the log's",
        days,
    )
    return [told] * bool(days)


def with_interval(share: float, low: float, high: float) -> str:
    """A share with its interval, or alone where none is defined.

    Example:
        >>> with_interval(0.5, 0.25, 0.75), with_interval(1, float("nan"), float("nan"))
        ('50.0% [25.0%, 75.0%]', '100.0%')
    """
    return f"{share:.1%} [{low:.1%}, {high:.1%}]" if np.isfinite(low) and np.isfinite(high) else f"{share:.1%}"


def enough(table: pd.DataFrame, *, users: str) -> pd.DataFrame:
    """A curve as far as enough users are left by a column of their number; all of a short one."""
    many = table[users] >= LEAST
    return table[many] if many.sum() > 2 else table


def noted(drawn: Any, shown: pd.DataFrame, *, users: str) -> Any:
    """A chart with a note where fewer users than are enough stand behind some of it."""
    if (shown[users] >= FEW).all():
        return drawn
    note = say("* fewer than {few} users at the end of the curve", few=FEW)
    if (shown[users] < FEW).all():
        note = say("* fewer than {few} users", few=FEW)
    title = {"text": note, "font": {"size": 12, "color": QUIET}, "x": 0, "yref": "container", "y": 0.99}
    return drawn.update_layout(title=title, margin_t=drawn.layout.margin.t + 20, height=drawn.layout.height + 20)


def with_band(table: pd.DataFrame, column: str, *, x: str, name: str = "") -> list[Any]:
    """The traces of a curve in steps, with its interval behind it."""
    import plotly.graph_objects as go

    step = {"color": BLUE, "width": 2, "shape": "hv"}
    none = {"width": 0, "shape": "hv"}
    band = {"x": table[x], "mode": "lines", "line": none, "showlegend": False, "hoverinfo": "skip"}
    return [
        go.Scatter(y=table["high"], **band),
        go.Scatter(y=table["low"], fill="tonexty", fillcolor=BAND, **band),
        go.Scatter(x=table[x], y=table[column], mode="lines", line=step, name=name),
    ]
