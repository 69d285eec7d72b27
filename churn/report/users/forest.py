"""A forest plot: effect sizes with their intervals, the strongest on top."""

import math
from typing import Any

import pandas as pd

from churn.language import marked, say, say_again
from churn.report.parts.blocks import Block
from churn.report.parts.chart_parts import GREY, SERIES, Dots, dot_plot, figure, label
from churn.report.parts.wording import count, decimals, feature, p_value, signed
from churn.run_files import records

SHOWN = 12  # rows per chart
FREE = 8  # rows for columns that no model saw, before the others get theirs
LEVEL = 0.05
FINDING, UNCLEAR = marked("finding"), marked("no clear difference")
UNTESTED, BY_CONSTRUCTION = marked("too few users"), marked("by construction")
STYLES = {
    FINDING: (SERIES[0], "circle"),
    UNCLEAR: (SERIES[0], "circle-open"),
    UNTESTED: (GREY, "circle-open"),
    BY_CONSTRUCTION: (GREY, "diamond-open"),
}


def kind(row: Any, minimum: int) -> str:
    """The kind of a row of segment_tests.csv, by a comparison's minimum of users in a group."""
    if row.circular:
        return BY_CONSTRUCTION
    if min(row.n_priority, row.n_other) < minimum:
        return UNTESTED
    return FINDING if row.p_finding < LEVEL else UNCLEAR


def build(title: str, ordered: pd.DataFrame) -> Block:
    """The strongest rows of a comparison, a row per column, the columns that made the scores below and apart.

    Args:
        title: The comparison.
        ordered: Its rows with their kind: columns that no model saw first, each kind by falling strength.
    """
    rows = shown(ordered)
    series = [_series(rows[rows["kind"] == name], name, *style) for name, style in STYLES.items()]
    drawn = dot_plot(
        [one for one in series if one.labels],
        rows=[_label(row) for row in records(rows)],
        x_title=say("← less  Hedges’ g  more →"),
        reference=0.0,
    )
    drawn.update_layout(
        scattermode="overlay",
        showlegend=True,
        margin_t=34,
        height=drawn.layout.height + (0 if len(drawn.data) > 1 else 32),
    )
    _part(drawn, rows)
    said = "; ".join(f"{_named(row)} {signed(row.hedges_g)}" for row in records(rows))
    return figure(
        drawn,
        title=say("{title}: effect sizes", title=title),
        description=say("Hedges’ g by column, with 95% intervals. {said}.", said=said),
        caption=_caption(ordered, len(rows)),
    )


def _named(row: Any) -> str:
    """A column, with a word where it went into the scores."""
    if row.kind == BY_CONSTRUCTION:
        return say("{column} (by construction)", column=feature(row.feature))
    return feature(row.feature)


def shown(ordered: pd.DataFrame) -> pd.DataFrame:
    """The rows to draw: both kinds get room, and what one does not need the other has."""
    free, circular = ordered[~ordered["circular"].astype(bool)], ordered[ordered["circular"].astype(bool)]
    free = free.head(max(FREE, SHOWN - len(circular)))
    return pd.concat([part for part in (free, circular.head(SHOWN - len(free))) if len(part)])


def _part(drawn: Any, rows: pd.DataFrame) -> None:
    """A line between what no model saw and what went into the scores."""
    circular = int((rows["kind"] == BY_CONSTRUCTION).sum())
    if 0 < circular < len(rows):
        drawn.add_hline(y=circular - 0.5, line={"color": GREY, "width": 1, "dash": "dot"}, layer="below")


def _caption(group: pd.DataFrame, drawn: int) -> str:
    first, others = int(group["n_priority"].max()), int(group["n_other"].max())
    left = (
        say(" The strongest {drawn} of {all} columns; the table has all.", drawn=drawn, all=len(group))
        if drawn < len(group)
        else ""
    )
    sizes = {"first": count(first), "others": count(others)}
    if group["group"].iloc[0] == "priority":
        lines = say("Lines are 95% intervals. n = {first} in the priority segment, {others} others.", **sizes)
    else:
        lines = say("Lines are 95% intervals. n = {first} loyal earners, {others} others.", **sizes)
    return f"{lines}{left}"


def _label(row: Any) -> str:
    return label(feature(row.feature))


def _series(group: pd.DataFrame, name: str, colour: str, symbol: str) -> Dots:
    hover = [_hover(row) for row in records(group)]
    labels = [_label(row) for row in records(group)]
    return Dots(
        say_again(name), labels, list(group["hedges_g"]), list(group["low"]), list(group["high"]), hover, colour, symbol
    )


def _hover(row: Any) -> str:
    tested = say("not tested") if math.isnan(row.p_finding) else say("adjusted p {p}", p=p_value(row.p_finding))
    n = say("n = {first} and {others}", first=count(row.n_priority), others=count(row.n_other))
    return f"{_label(row)}: {signed(row.hedges_g)} {decimals(row.low, row.high, 2)}, {tested}, {n}"
