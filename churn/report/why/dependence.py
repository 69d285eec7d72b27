"""Dependence: the SHAP value of a column by the column's value."""

import math
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from churn.artefacts import declared
from churn.language import say, titled
from churn.report.parts.blocks import Block, Caption, Figure, Heading, Multiples, Text
from churn.report.parts.chart_parts import GREY, ZERO_LINE, chart, colour_of, figure
from churn.report.parts.wording import chance, count, feature, more_of, shortened, signed
from churn.report.why import fidelity
from churn.report.why.beeswarm import driving, thinned
from churn.runs import Run
from churn.statistics import FEW

SHOWN = 4  # columns per target
BINS, LEAST = 12, 10  # medians of the line, and windows from which on one is drawn
LARGE = 10  # counts up to which an axis need not be logarithmic


def build(run: Run) -> list[Block]:
    """Small charts of the strongest columns of each target; nothing where no target has any."""
    found = [block for target in run.targets for block in _target(run, target)]
    if not found:
        return []
    text = (
        say(
            "The strongest columns, value by value: what a column added to the score (in logits) where it had that "
            "value. Dots are held-out users, the line joins medians; the charts of a target share one scale. Dots far "
            "off the line: what the column does depends on other columns."
        )
        if not run.windowing["history_days"]
        else say(
            "The strongest columns, value by value: what a column added to the score (in logits) where it "
            "had that value over the {history_days} days of a history. Dots are held-out windows, the line "
            "joins medians; the charts of a target share one scale. Dots far off the line: what the column "
            "does depends on other columns, or on the day.",
            history_days=run.windowing["history_days"],
        )
    )
    return [Heading(say("The more, the …?")), Text(text), *found]


def _target(run: Run, target: str) -> list[Block]:
    rows = driving(run, target)
    if rows.empty or fidelity.standing(run, target) not in ("faithful", "unmeasured"):
        return []
    names = [str(name) for name in rows["feature"].unique()[:SHOWN]]
    rows = rows[rows["feature"].isin(names)]
    ends = (float(rows["shap"].min()), float(rows["shap"].max()))
    charts = tuple(_figure(run, target, rows[rows["feature"] == name], name, ends) for name in names)
    users = rows["user_id"].nunique()
    title = titled(target)
    if users < FEW:
        title = say("{target}: {users} users, fewer than {few}, a hint only", target=title, users=count(users), few=FEW)
    return [Caption(title), Multiples(charts, least=13)]


def _figure(run: Run, target: str, rows: pd.DataFrame, name: str, ends: tuple[float, float]) -> Figure:
    line = medians(rows)
    logarithmic = skewed(rows["value"])
    drawn = chart([_dots(thinned(rows), logarithmic), _line(line, logarithmic, colour_of(target))], height=230)
    margin = 0.04 * (ends[1] - ends[0]) or 1
    drawn.update_yaxes(
        title_text=say("SHAP (logits)"), range=[ends[0] - margin, ends[1] + margin], nticks=5, **ZERO_LINE
    )
    drawn.update_xaxes(title_text=say("value (log scale)") if logarithmic else say("value"), nticks=5)
    if logarithmic:
        places = ticks(float(rows["value"].min()), float(rows["value"].max()))
        drawn.update_xaxes(tickvals=[math.log1p(place) for place in places], ticktext=[*map(count, places)])
    said = say("{said} n = {n} windows.", said=_said(run, target, name, line), n=count(len(rows)))
    return figure(
        drawn,
        title=shortened(feature(name), 24),
        description=say(
            "{target}: SHAP value of {column} by its value. {said}",
            target=titled(target),
            column=feature(name),
            said=said,
        ),
        caption=said,
    )


def medians(rows: pd.DataFrame) -> pd.DataFrame:
    """The line through the dots: value and shap, medians of windows with about the same value.

    Equal values stay together, so that the many windows with nothing of a column are one point of the line.

    Example:
        >>> medians(pd.DataFrame({"value": [0.0] * 30 + [1.0, 2.0] * 15, "shap": [-1.0] * 30 + [1.0, 3.0] * 15}))
           value  shap
        0    0.0  -1.0
        1    1.0   1.0
        2    2.0   3.0
    """
    size = max(LEAST, math.ceil(len(rows) / BINS))
    bins = (rows["value"].rank(method="min") - 1) // size
    grouped = rows[["value", "shap"]].groupby(bins)
    line = grouped.median()[grouped.size() >= LEAST]
    return line.reset_index(drop=True)


def skewed(values: "pd.Series[float]") -> bool:
    """Whether counts lie so far apart that their axis should be logarithmic.

    Example:
        >>> skewed(pd.Series([0, 0, 1, 2, 140])), skewed(pd.Series([0, 1, 2, 3])), skewed(pd.Series([-5, 0, 0, 90]))
        (True, False, False)
    """
    low, middle, high = (float(values.quantile(share)) for share in (0, 0.5, 1))
    if low < 0 or high <= LARGE:
        return False
    geometric = math.expm1((math.log1p(low) + math.log1p(high)) / 2)
    return abs(middle - geometric) < abs(middle - (low + high) / 2)


def ticks(low: float, high: float) -> list[float]:
    """The places to mark on a logarithmic axis of counts, at most five: 0, and round numbers.

    Example:
        >>> ticks(0, 40), ticks(0, 2500), ticks(120, 900)
        ([0, 1, 3, 10, 30], [0, 10, 1000], [120, 900])
    """
    powers = range(math.ceil(math.log10(high + 1)) + 1)
    fine = [step * 10**power for power in powers for step in (1, 3) if low <= step * 10**power <= high]
    coarse = [place for place in fine if str(place)[0] == "1"][::-1]
    chosen = fine if len(fine) <= 4 else coarse[:: math.ceil(len(coarse) / 3)][::-1]
    if low == 0:
        return [0, *chosen]
    return chosen if len(chosen) > 1 else [round(low), round(high)]


def _said(run: Run, target: str, name: str, line: pd.DataFrame) -> str:
    """The direction in a plain sentence, with the two ends of the line."""
    table = run.table(declared.EXPLANATIONS, target)
    ways = table["direction"][table["feature"] == name]
    way = str(ways.iloc[0]) if len(ways) else "mixed"
    more = more_of(name)
    more = more[:1].upper() + more[1:]
    if way in ("raises", "lowers"):
        said = f"{more} → {chance(target, way)}"
    else:
        said = say("{more}: no single direction", more=more)
    return f"{said}{_ends(line)}."


def _ends(line: pd.DataFrame) -> str:
    if len(line) < 2:
        return ""
    first, last = ((float(row["value"]), float(row["shap"])) for _, row in line.iloc[[0, -1]].iterrows())
    return say(
        ": median {first} at {first_value}, {last} at {last_value}",
        first=signed(first[1]),
        first_value=_number(first[0]),
        last=signed(last[1]),
        last_value=_number(last[0]),
    )


def _number(value: float) -> str:
    return count(value) if value.is_integer() or abs(value) >= 100 else f"{value:.2g}".replace("-", "−")


def _dots(rows: pd.DataFrame, logarithmic: bool) -> Any:
    values = [float(f"{value:.4g}") for value in rows["value"]]
    return go.Scatter(
        name="windows",
        x=_places(values, logarithmic),
        y=[round(shap, 3) for shap in rows["shap"].astype(float)],
        customdata=values,
        mode="markers",
        marker={"color": GREY, "size": 5, "opacity": 0.45},
        hovertemplate="%{customdata}: SHAP %{y}<extra></extra>",
    )


def _line(line: pd.DataFrame, logarithmic: bool, colour: str) -> Any:
    values = [float(value) for value in line["value"]]
    return go.Scatter(
        name="median",
        x=_places(values, logarithmic),
        y=[round(shap, 3) for shap in line["shap"]],
        customdata=values,
        mode="lines+markers",
        line={"color": colour, "width": 2.5},
        marker={"color": colour, "size": 6},
        hovertemplate=say("%{{customdata}}: median SHAP %{{y}}<extra></extra>"),
    )


def _places(values: list[float], logarithmic: bool) -> list[float]:
    """The places of values on the axis, in which log1p leaves room for 0."""
    return [round(math.log1p(value), 3) for value in values] if logarithmic else values
