"""Charts in one plain style, for the page and for notebooks alike."""

from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Any

INK, QUIET, RULE, GREY = "#1f2933", "#52606d", "#e4e7eb", "#9aa5b1"
# Okabe and Ito's colours, distinguishable with every common kind of colour blindness.
BLUE, VERMILION, GREEN = "#0072b2", "#d55e00", "#009e73"
COLOUR_BLIND = (BLUE, VERMILION, GREEN, "#cc79a7", "#e69f00", "#56b4e9", "#52606d", "#8a6d00")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def chart(traces: Sequence[Any], *, height: int, legend: bool = False) -> Any:
    """An empty frame in one style around some plotly traces.

    Example:
        >>> chart([], height=200).layout.height
        200
    """
    import plotly.graph_objects as go  # takes most of a second, which commands that draw nothing should not spend

    return go.Figure(data=list(traces), layout=_layout(height=height, top=34 if legend else 8, legend=legend))


def panels(traces: Sequence[Sequence[Any]], *, captions: Sequence[str], height: int = 110) -> Any:
    """Small charts one below the other, each with a caption, which share their x axis.

    Args:
        traces: The plotly traces of each chart.
        captions: The quantity that each shows, with its unit.
        height: The height of a chart, in pixels.

    Example:
        >>> len(panels([[], []], captions=["posts per day", "replies per day"]).layout.annotations)
        2
    """
    from plotly.subplots import make_subplots

    gap = 48
    whole = 30 + len(traces) * (height + gap)
    drawn = make_subplots(
        len(traces), 1, shared_xaxes=True, subplot_titles=list(captions), vertical_spacing=gap / whole
    )
    for place, inside in enumerate(traces, start=1):
        drawn.add_traces(inside, rows=place, cols=1)
    for caption in drawn.layout.annotations:
        caption.update(x=0, xanchor="left", font={"size": 12, "color": QUIET})
    return drawn.update_layout(_layout(height=whole, top=44, legend=False))


def sentence(text: str) -> Any:
    """A sentence in place of a chart that would show nothing.

    Example:
        >>> sentence("One day is too few.").layout.annotations[0].text
        'One day is too few.'
    """
    drawn = chart([], height=120)
    place = {"x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper"}
    drawn.add_annotation(text=escape(text, quote=False), **place, showarrow=False, font={"color": QUIET})
    return drawn.update_xaxes(visible=False).update_yaxes(visible=False)


def _layout(*, height: int, top: int, legend: bool) -> dict[str, Any]:
    margin = {"l": 8, "r": 12, "t": top, "b": 8}
    return {"template": _template(), "height": height, "margin": margin, "showlegend": legend}


@cache
def _template() -> Any:
    """The style as one plotly template: plotly checks properties set on each chart every time, but a template once."""
    import plotly.graph_objects as go

    quiet = {"size": 12, "color": QUIET}
    axis = {
        "automargin": True,
        "fixedrange": True,
        "zeroline": False,
        "ticks": "",
        "tickfont": quiet,
        "gridcolor": RULE,
        "title": {"font": quiet, "standoff": 8},
    }
    layout = {
        "font": {"family": FONT, "size": 13, "color": INK},
        "paper_bgcolor": "white",  # the background, in a notebook, may be dark
        "plot_bgcolor": "white",
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "font": {"size": 12}},
        "hoverlabel": {"bgcolor": "white", "bordercolor": GREY, "font": {"family": FONT, "size": 13, "color": INK}},
        "dragmode": False,  # a finger on the chart scrolls the page
        "bargap": 0.35,
        "xaxis": {**axis, "linecolor": RULE},
        "yaxis": axis,
    }
    return go.layout.Template(layout=layout)
