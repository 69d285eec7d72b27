"""The chart of categories that are taken for each other."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from churn.language import say
from churn.report.parts.blocks import Figure
from churn.report.parts.chart_parts import COLOUR_BAR, chart, figure, label
from churn.report.parts.wording import count, percent
from churn.run_files import records

DRAWN = 250  # categories; a chart of more cannot be read, and makes a page heavy
_SHADES = [[0, "#ffffff"], [0.15, "#cfe3f1"], [1, "#005a8f"]]
_LABELLED = 40  # categories up to which each has a label


def confusion(pairs: pd.DataFrame, *, shares: bool) -> Figure:
    """The categories against what was said, as shares of each category's items, or as numbers of items.

    Args:
        pairs: category, said, n and share, for each pair that occurs.
        shares: Whether shares are shown.
    """
    names = sorted({*pairs["category"], *pairs["said"]})
    place, value = {name: at for at, name in enumerate(names)}, "share" if shares else "n"
    grid = np.full((len(names), len(names)), np.nan)
    hover = np.full(grid.shape, "", object)
    for row in records(pairs):
        at = place[row.category], place[row.said]
        grid[at] = getattr(row, value)
        hover[at] = say(
            "{category}, said to be {said}: {n} items ({share})",
            category=label(row.category, 80),
            said=label(row.said, 80),
            n=count(row.n),
            share=percent(row.share),
        )
    shown = [[None if np.isnan(one) else round(float(one), 4) for one in row] for row in grid]
    labels = [label(name, 22) for name in names]
    heat = go.Heatmap(
        z=shown,
        x=list(range(len(names))),
        y=list(range(len(names))),
        text=hover.tolist(),
        hoverinfo="text",
        colorscale=_SHADES,
        zmin=0,
        colorbar={**COLOUR_BAR, "tickformat": ".0%" if shares else None},
    )
    drawn = chart([heat], height=int(np.clip(22 * len(names) + 140, 300, 760)))
    every = 1 if len(names) <= _LABELLED else len(names) // 30
    ticks = {"tickvals": list(range(0, len(names), every)), "ticktext": labels[::every]}
    drawn.update_xaxes(fixedrange=False, showgrid=False, tickangle=-60, title_text=say("said"), **ticks)
    drawn.update_yaxes(fixedrange=False, showgrid=False, autorange="reversed", title_text=say("given"), **ticks)
    drawn.update_layout(dragmode="zoom", margin_t=44, meta={"least": 620})
    title = say("Shares of each category's items") if shares else say("Numbers of items")
    caption = say("Each row is a category. On the diagonal the tagger is right. Drag to zoom, double-click to go back.")
    said = say("{title}: {n} pairs of categories that occur.", title=title, n=count(len(pairs)))
    return figure(drawn, title=title, description=said, caption=caption)
