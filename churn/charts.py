"""Charts in one quiet style, for the page and for notebooks alike."""

from collections.abc import Sequence
from html import escape
from typing import Any

INK, QUIET, RULE, GREY = "#1f2933", "#52606d", "#e4e7eb", "#9aa5b1"
# Okabe and Ito's: told apart with every common kind of colour blindness.
BLUE, VERMILION, GREEN = "#0072b2", "#d55e00", "#009e73"
COLOUR_BLIND = (BLUE, VERMILION, GREEN, "#cc79a7", "#e69f00", "#56b4e9", "#52606d", "#8a6d00")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def chart(traces: Sequence[Any], *, height: int, legend: bool = False) -> Any:
    """An empty frame in one style around some plotly traces.

    Example:
        >>> chart([], height=200).layout.height
        200
    """
    import plotly.graph_objects as go  # most of a second, which commands that draw nothing should not pay

    return _styled(go.Figure(data=list(traces)), height=height, top=34 if legend else 8, legend=legend)


def panels(traces: Sequence[Sequence[Any]], *, captions: Sequence[str], columns: int = 1, height: int = 110) -> Any:
    """Small charts in a grid, row by row, each with a caption; those below each other share their x axis.

    Args:
        traces: The plotly traces of each chart.
        captions: What each shows, with its unit.
        columns: Charts beside each other.
        height: Of a chart, in pixels.

    Example:
        >>> len(panels([[], []], captions=["posts per day", "replies per day"]).layout.annotations)
        2
    """
    from plotly.subplots import make_subplots

    rows = -(-len(traces) // columns)
    gap = 44 if columns == 1 else 104  # below a grid's charts stand their own axes
    whole = 30 + rows * (height + gap)
    spacing = {"vertical_spacing": gap / whole, "horizontal_spacing": 0.12}
    drawn = make_subplots(rows, columns, shared_xaxes=columns == 1, subplot_titles=list(captions), **spacing)
    for place, inside in enumerate(traces):
        for trace in inside:
            drawn.add_trace(trace, row=place // columns + 1, col=place % columns + 1)
    for caption in drawn.layout.annotations:
        caption.update(
            x=caption.x - 0.5 * _width(columns), xanchor="left", align="left", font={"size": 12, "color": QUIET}
        )
    return _styled(drawn, height=whole, top=44, legend=False)


def sentence(text: str) -> Any:
    """What stands in place of a chart that would show nothing.

    Example:
        >>> sentence("One day is too few.").layout.annotations[0].text
        'One day is too few.'
    """
    drawn = chart([], height=120)
    place = {"x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper"}
    drawn.add_annotation(text=escape(text, quote=False), **place, showarrow=False, font={"color": QUIET})
    return drawn.update_xaxes(visible=False).update_yaxes(visible=False)


def _width(columns: int) -> float:
    return (1 - 0.12 * (columns - 1)) / columns


def _styled(drawn: Any, *, height: int, top: int, legend: bool) -> Any:
    drawn.update_layout(
        template="none",
        height=height,
        margin={"l": 8, "r": 12, "t": top, "b": 8},
        font={"family": FONT, "size": 13, "color": INK},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=legend,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "font": {"size": 12}},
        hoverlabel={"bgcolor": "white", "bordercolor": GREY, "font": {"family": FONT, "size": 13, "color": INK}},
        dragmode=False,  # a finger on the chart scrolls the page
        bargap=0.35,
    )
    quiet = {"size": 12, "color": QUIET}
    common = {"automargin": True, "fixedrange": True, "zeroline": False, "tickfont": quiet, "gridcolor": RULE}
    drawn.update_xaxes(**common, ticks="", title={"font": quiet, "standoff": 8}, linecolor=RULE)
    drawn.update_yaxes(**common, ticks="", title={"font": quiet, "standoff": 8})
    return drawn
