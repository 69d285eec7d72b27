"""Log loss against each setting, trial by trial."""

import math
from collections.abc import Hashable
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go

from churn.artefacts import declared
from churn.language import say, say_again, titled
from churn.report.models.trials import FIXED, completed, kinds_of
from churn.report.parts.blocks import Block, Caption, Figure, Multiples
from churn.report.parts.chart_parts import GREY, SERIES, chart, figure, label
from churn.report.parts.wording import count, decimal
from churn.runs import Run

WIDE_RATIO = 20  # the largest value over the smallest from which on an axis is logarithmic
LEAST = 10  # trials from which on they are drawn: of fewer, the table says as much
FEW_LEVELS = 6  # whole numbers up to this many are shown as levels
SYMBOLS = {"pruned": (GREY, "circle-open", 6), "complete": (SERIES[0], "circle", 6), "best": (SERIES[1], "diamond", 9)}
Scale = Literal["category", "log", "linear"]


def build(run: Run, target: str, model: str) -> list[Block]:
    """A small chart per setting that took several values, all on one scale of log loss; nothing for few trials."""
    trials = run.table(declared.TRIALS, target)
    own = trials[(trials["model"] == model) & trials["value"].notna()]
    names = [str(name) for name in own.columns if name not in FIXED and len(own[name].dropna().unique()) > 1]
    if not names or completed(own).empty or len(own) < LEAST:
        return []
    title = f"{titled(target)}: {model}"
    if model == run.chosen(target):
        title = say("{target}: {model}, the chosen model", target=titled(target), model=model)
    own = own.assign(kind=own["trial"].map(kinds_of(own)))
    charts = tuple(_slice(own[own[name].notna()], name, title) for name in names)
    return [Caption(say("{title}, n = {n} trials", title=title, n=count(len(own)))), Multiples(charts, least=9.5)]


def scale_of(values: "pd.Series[Any]") -> Scale:
    """The axis that suits a setting's values: levels, or numbers by how far apart they lie.

    Example:
        >>> scale_of(pd.Series([1e-4, 1e-3, 1e-2])), scale_of(pd.Series([0.01, 0.3, 0.5]))
        ('log', 'linear')
        >>> scale_of(pd.Series([32.0, 64.0]))
        'category'
        >>> scale_of(pd.Series(["none", "standard"])), scale_of(pd.Series([True, False]))
        ('category', 'category')
    """
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return "category"
    if (values % 1 == 0).all() and values.nunique() <= FEW_LEVELS:
        return "category"
    low, middle, high = (float(values.quantile(share)) for share in (0, 0.5, 1))
    if low <= 0 or high / low < WIDE_RATIO:
        return "linear"
    # Of numbers drawn evenly on a linear scale the smallest may lie far below, but not the one in the middle.
    return (
        "log" if abs(math.log(middle / math.sqrt(low * high))) < abs(math.log(2 * middle / (low + high))) else "linear"
    )


def ticks(low: float, high: float) -> list[float]:
    """Two places to mark on a logarithmic axis: powers of ten, or its ends where it holds too few.

    Example:
        >>> ticks(1e-4, 1e-2), ticks(0.0213, 0.5), ticks(2e-5, 0.9)
        ([0.0001, 0.01], [0.021, 0.5], [0.0001, 0.1])
    """
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    return [10.0**first, 10.0**last] if first < last else [float(f"{end:.2g}") for end in (low, high)]


def setting(value: Hashable) -> str:
    """A setting's value in short.

    Example:
        >>> setting(2048.0), setting(0.000637801), setting("none"), setting(True)
        ('2048', '0.000638', 'none', 'True')
    """
    if not isinstance(value, float):
        return str(value)
    return str(int(value)) if value.is_integer() else f"{value:.3g}"


def _slice(own: pd.DataFrame, name: str, title: str) -> Figure:
    scale = scale_of(own[name])
    drawn = chart([_dots(own[own["kind"] == kind], name, scale, kind) for kind in SYMBOLS], height=190)
    drawn.update_xaxes(type=scale, nticks=4)
    if scale == "category":
        _name_levels(drawn, _levels(own[name]))
    if scale == "log":
        places = ticks(float(own[name].min()), float(own[name].max()))
        drawn.update_xaxes(title_text=say("log scale"), tickvals=places, ticktext=[*map(setting, places)], tickangle=0)
    drawn.update_yaxes(title_text=say("log loss"), nticks=4)
    best = own.sort_values("value").iloc[0]
    said = say("lowest {lowest} at {setting}", lowest=decimal(float(best["value"])), setting=setting(best[name]))
    return figure(
        drawn,
        title=name,
        description=say(
            "{title}: log loss by {setting}, {axis} axis, n = {n} trials; {said}.",
            title=title,
            setting=name,
            axis=say_again(scale),
            n=count(len(own)),
            said=said,
        ),
        caption="",
    )


def _name_levels(drawn: Any, levels: list[str]) -> None:
    """Levels in their order; long names hang aslant, in room of their own."""
    long = max(map(len, levels)) > 5
    drawn.update_xaxes(categoryorder="array", categoryarray=levels, showgrid=False, tickangle=40 if long else 0)
    drawn.update_layout(height=drawn.layout.height + (35 if long else 0))


def _levels(values: "pd.Series[Any]") -> list[str]:
    """The labels of a setting's levels, numbers in their order."""
    numeric = pd.api.types.is_numeric_dtype(values)
    return [label(setting(value), 13) for value in sorted(values.unique(), key=float if numeric else str)]


def _dots(rows: pd.DataFrame, name: str, scale: Scale, kind: str) -> Any:
    colour, symbol, size = SYMBOLS[kind]
    hover = [
        say(
            "trial {trial}: {setting}, log loss {loss} ({kind})",
            trial=trial,
            setting=label(setting(value), 40),
            loss=decimal(loss),
            kind=say_again(kind),
        )
        for trial, value, loss in zip(rows["trial"], rows[name], rows["value"], strict=True)
    ]
    return go.Scatter(
        x=[label(setting(value), 13) for value in rows[name]] if scale == "category" else list(rows[name]),
        y=list(rows["value"]),
        mode="markers",
        marker={"color": colour, "symbol": symbol, "size": size, "opacity": 0.85},
        hovertext=hover,
        hoverinfo="text",
    )
