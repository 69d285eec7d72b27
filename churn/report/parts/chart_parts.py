"""Charts of the page: dots with their intervals, and what several sections share."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import plotly.graph_objects as go

from churn.charts import BLUE, COLOUR_BLIND, GREY, INK, QUIET, VERMILION, chart
from churn.language import target_of
from churn.report.parts.blocks import Figure
from churn.report.parts.wording import shortened

__all__ = [
    "BLUE",
    "COLOUR_BAR",
    "FAINT",
    "GREY",
    "INK",
    "QUIET",
    "REFERENCE_LINE",
    "SERIES",
    "ZERO_LINE",
    "Dots",
    "chart",
    "colour_of",
    "dot_plot",
    "figure",
    "label",
]

FAINT = "#cbd2d9"  # curves behind the one that is spoken of
SERIES = COLOUR_BLIND
REFERENCE_LINE = {"color": QUIET, "width": 2, "dash": "dash"}  # shows on both sides of a grid line that lies over it
ZERO_LINE: dict[str, Any] = {"zeroline": True, "zerolinecolor": QUIET, "zerolinewidth": 1.5}  # behind many dots
COLOUR_BAR = {  # above a heat map
    "orientation": "h",
    "thickness": 8,
    "len": 0.6,
    "y": 1,
    "ypad": 4,
    "yanchor": "bottom",
    "nticks": 4,
    "outlinewidth": 0,
    "tickfont": {"size": 11},
}


def colour_of(target: str) -> str:
    """The colour in which charts draw a target."""
    return VERMILION if target_of(target).warm else BLUE


@dataclass(frozen=True)
class Dots:
    """A series of a dot plot: one dot and interval per labelled row."""

    name: str
    labels: Sequence[str]
    values: Sequence[float]
    lows: Sequence[float]
    highs: Sequence[float]
    hover: Sequence[str]
    colour: str
    symbol: str = "circle"
    group: str = ""  # series of one group lie on one line
    legend: bool = True


def label(text: str, length: int = 26) -> str:
    """A label for a chart: plotly reads tags in labels, so they are escaped."""
    return escape(shortened(text, length))


def figure(drawn: Any, *, title: str, description: str, caption: str) -> Figure:
    """A chart as a block of the page."""
    return Figure(title, description, caption, spec=str(drawn.to_json()), height=int(drawn.layout.height))


def dot_plot(
    series: Sequence[Dots], *, rows: Sequence[str], x_title: str, reference: float | None, share: bool = False
) -> Any:
    """Dots with intervals, the first row on top, and a dashed line at the reference."""
    legend = len(series) > 1
    drawn = chart([_dots(one) for one in series], height=30 * len(rows) + (104 if legend else 72), legend=legend)
    drawn.update_xaxes(title_text=x_title, tickformat=".0%" if share else None, nticks=6)
    drawn.update_yaxes(
        categoryorder="array", categoryarray=list(rows)[::-1], showgrid=False, range=[-0.6, len(rows) - 0.4]
    )
    if len(series) > 1:
        drawn.update_layout(scattermode="group", scattergap=0.4)
    if reference is not None:
        drawn.add_vline(x=reference, line=REFERENCE_LINE, layer="below")
    return drawn


def _dots(series: Dots) -> Any:
    up = [high - value for value, high in zip(series.values, series.highs, strict=True)]
    down = [value - low for value, low in zip(series.values, series.lows, strict=True)]
    return go.Scatter(
        name=series.name,
        x=list(series.values),
        y=list(series.labels),
        mode="markers",
        orientation="h",  # so that series of one row stand one below the other
        offsetgroup=series.group or None,
        showlegend=series.legend,
        marker={
            "color": series.colour,
            "size": 9,
            "symbol": series.symbol,
            "line": {"width": 1.5, "color": series.colour},
        },
        error_x={"type": "data", "array": up, "arrayminus": down, "color": series.colour, "thickness": 1.6, "width": 0},
        hovertext=[escape(text) for text in series.hover],
        hoverinfo="text",
    )
