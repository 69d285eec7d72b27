"""The process map: events as dots, transitions as arrows, both as large as they are frequent."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn.charts import BLUE, GREY, INK, QUIET, chart
from churn.eda.captions import label, minutes, titled
from churn.eda.coded_events import END, START
from churn.language import say

EDGES = 15  # transitions on a map
_WIDE, _HIGH = 1.0, 0.62  # half axes of the ellipse on which the events stand
_DOT = (14, 46)  # pixels
_LINE = (1.0, 9.0)
_ROOM = 0.1  # kept free around the middle of a dot, in units of the axes
_BENDS = (0.16, 0.24, 0.08, 0.32, 0.4)  # of an arrow, as shares of its length, the best first
_ALONG = (0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78)  # where on an arrow its label may stand, the best first
_LABEL, _NAME = np.array([0.28, 0.13]), np.array([0.5, 0.34])  # room for words, in units of the axes
_LEAST = 620  # pixels; a narrower map scrolls sideways, since its words would lie over each other
_CROSSED = 0.002  # area that a point of another arrow under a label counts for
_WORDS: dict[str, Any] = {"showarrow": False, "bgcolor": "rgba(255,255,255,0.85)", "borderpad": 1}  # over the arrows
Points = NDArray[np.float64]


def draw_map(table: pd.DataFrame, *, edges: int = EDGES, size: str) -> Any:
    """Draw the most frequent transitions of a table (from, to, count, share, users, median_minutes, n)."""
    import plotly.graph_objects as go

    shown = table.sort_values("count", ascending=False, kind="stable").head(edges)
    counts = table[table["to"] != END].groupby("to")["count"].sum()
    counts[START] = counts[END] = table.loc[table["from"] == START, "count"].sum()
    counts = counts[counts.index.isin({*shown["from"], *shown["to"]})]
    places = _places(counts.drop([START, END], errors="ignore"))
    rows = shown.to_dict("records")
    curves = [_free_curve(row["from"], row["to"], places) for row in rows]
    labels = _apart(curves, taken=[places[name] * [1, 1.12] for name in counts.index])
    arrows = [_arrow(row, curve, shown["count"].max()) for row, curve in zip(rows, curves, strict=True)]
    drawn = chart(arrows[::-1], height=560)  # the frequent ones on top
    names = list(counts.index)
    sizes = {name: _scaled(counts[name], counts.max(), _DOT) for name in names}
    drawn.add_trace(
        go.Scatter(
            x=[places[name][0] for name in names],
            y=[places[name][1] for name in names],
            mode="markers",
            marker={
                "size": [sizes[name] for name in names],
                "color": [QUIET if name in (START, END) else BLUE for name in names],
                "line": {"color": "white", "width": 2},
            },
            hovertext=[f"{label(name)}: {counts[name]:,}" for name in names],
            hoverinfo="text",
        )
    )
    for row, at in zip(rows, labels, strict=True):
        drawn.add_annotation(x=at[0], y=at[1], **_number(row), **_WORDS)
    for name in names:
        x, y = places[name]
        aside = {"yanchor": "bottom" if y >= 0 else "top", "yshift": np.copysign(sizes[name] / 2, y or 1)}
        drawn.add_annotation(x=x, y=y, text=f"<b>{label(name)}</b><br>{counts[name]:,}", **aside, **_WORDS)
    drawn.update_xaxes(visible=False, range=[-1.9, 1.9]).update_yaxes(visible=False, range=[-1.0, 1.0])
    drawn.update_layout(meta={"least": _LEAST})
    units = say("Dots: events; arrows: transitions, with the median time between. Point at one for its numbers.")
    return titled(drawn, say("What follows what ({size})", size=size), units, left_out(table, edges=edges))


def left_out(table: pd.DataFrame, *, edges: int = EDGES) -> str:
    """A sentence on the transitions that a map of `edges` does not show; nothing where it shows all."""
    shown = table.sort_values("count", ascending=False, kind="stable").head(edges)
    rest = len(table) - len(shown)
    if not rest:
        return ""
    share = 1 - shown["count"].sum() / table["count"].sum()
    return say("{n:,} rarer transitions, {share:.1%} of all, are left out.", n=rest, share=share)


def _places(counts: pd.Series) -> dict[str, Points]:
    """The start on the left, the end on the right, the events on an ellipse between: the frequent ones first."""
    order = counts.sort_values(ascending=False, kind="stable").index
    angle = np.pi / 2 - 2 * np.pi * (np.arange(len(order)) + 0.25 * (len(order) % 2 == 0)) / max(1, len(order))
    ring = {name: np.array([_WIDE * np.cos(a), _HIGH * np.sin(a)]) for name, a in zip(order, angle, strict=True)}
    return {START: np.array([-1.6, 0.0]), END: np.array([1.6, 0.0]), **ring}


def _apart(curves: list[Points], *, taken: list[Points]) -> list[Points]:
    """The place of each curve's label: as near to its middle as other labels, curves and the events' names let it."""
    sizes, found = [_NAME] * len(taken), []
    for number, curve in enumerate(curves):
        places = [curve[round(along * (len(curve) - 1))] for along in _ALONG]
        others = np.concatenate([np.empty((0, 2)), *curves[:number], *curves[number + 1 :]])
        covered = [_covered(place, taken, sizes) + _CROSSED * _inside(place, others) for place in places]
        found.append(places[int(np.argmin(covered))])
        taken, sizes = [*taken, found[-1]], [*sizes, _LABEL]
    return found


def _covered(place: Points, taken: list[Points], sizes: list[Points]) -> float:
    """The area by which a label at a place covers labels and names that are there already."""
    room = (_LABEL + np.array(sizes)) / 2 - np.abs(place - np.array(taken))
    return round(float(np.minimum(room, _LABEL).clip(0).prod(axis=1).sum()), 6)


def _inside(place: Points, points: Points) -> int:
    """The number of points (n, 2) that a label at a place would lie over."""
    return int((np.abs(points - place) < _LABEL / 2).all(axis=1).sum())


def _arrow(row: Mapping[Any, Any], points: Points, most: int) -> Any:
    """A curved line with a head."""
    import plotly.graph_objects as go

    width = _scaled(row["count"], most, _LINE)
    return go.Scatter(
        x=points[:, 0],
        y=points[:, 1],
        mode="lines+markers",
        line={"width": width, "color": GREY},
        marker={
            "symbol": "arrow",
            "angleref": "previous",
            "color": QUIET,
            "size": [0] * (len(points) - 1) + [8 + 1.2 * width],
            "opacity": 1,
        },
        opacity=0.75,
        hoverinfo="skip",
    )


def _number(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The words of a label, with all its numbers on pointing."""
    note = f"<br>{minutes(row['median_minutes'])}" if row["n"] else ""
    return {"text": f"{row['count']:,}{note}", "font": {"size": 10, "color": INK}, "hovertext": _numbers(row)}


def _numbers(row: Mapping[Any, Any]) -> str:
    lines = [
        f"<b>{label(row['from'])} → {label(row['to'])}</b>",
        say("{n:,} times, by {users:,} users", n=row["count"], users=row["users"]),
        say("{share:.1%} of what follows {event}", share=row["share"], event=label(row["from"])),
    ]
    if row["n"]:
        lines.append(say("median {time} (n = {n:,})", time=minutes(row["median_minutes"]), n=row["n"]))
    return "<br>".join(lines)


def _free_curve(source: str, target: str, places: dict[str, Points]) -> Points:
    """The least bent curve that keeps clear of the other events, or the clearest one where none does."""
    others = np.array([place for name, place in places.items() if name not in (source, target)]).reshape(-1, 2)
    curves = [_curve(places[source], places[target], bend) for bend in _BENDS]
    distances = [np.linalg.norm(curve[:, None] - others, axis=2).min(initial=np.inf) for curve in curves]
    return next((c for c, free in zip(curves, distances, strict=True) if free > _ROOM), curves[np.argmax(distances)])


def _curve(source: Points, target: Points, bend: float) -> Points:
    """Points (n, 2) of a bow that bends to the left of its way, so that there and back are two; a loop if at home."""
    at = np.linspace(0, 1, 41)[:, None]
    if np.array_equal(source, target):
        aside = np.arctan2(source[1], source[0]) - 1.2  # beside the name, which stands outside
        middle = source + 0.15 * np.array([np.cos(aside), np.sin(aside)])
        turn = 2 * np.pi * at + np.pi + aside
        bow = middle + 0.15 * np.hstack([np.cos(turn), np.sin(turn)])
    else:
        way = target - source
        aim = (source + target) / 2 + bend * np.array([-way[1], way[0]])
        bow = (1 - at) ** 2 * source + 2 * at * (1 - at) * aim + at**2 * target
    free = (np.linalg.norm(bow - source, axis=1) > _ROOM) & (np.linalg.norm(bow - target, axis=1) > _ROOM)
    return np.asarray(bow[free])


def _scaled(count: int, most: int, sizes: tuple[float, float]) -> float:
    """A size between two, in proportion to the count."""
    return float(sizes[0] + (sizes[1] - sizes[0]) * count / most)
