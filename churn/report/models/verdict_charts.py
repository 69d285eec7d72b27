"""Charts of verdicts: differences from a reference, and a map of networks."""

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from churn.language import Messages, marked, say, say_again, say_many, titled
from churn.report.parts.blocks import Block
from churn.report.parts.chart_parts import COLOUR_BAR, GREY, INK, SERIES, Dots, chart, dot_plot, figure, label
from churn.report.parts.wording import count, decimal, decimals, signed
from churn.run_files import records
from churn.statistics import FEW

SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "star")
BLUES = [[0, "#005a8f"], [0.5, "#7fb2d1"], [1, "#f5f7fa"]]  # the darker, the better
SPLITS = Messages(
    {
        "time": marked("by time"),
        "user": marked("by user"),
        "user_time": marked("by user and time"),
        "random": marked("at random"),
    }
)
_PARTS = {
    r"(.+) alone": marked("{part} alone"),
    r"without (.+)": marked("without {part}"),
    r"(.+) missing": marked("{part} missing"),
}
GREYS = [[0, "#66717d"], [0.5, "#b6bec7"], [1, "#f5f7fa"]]


def forest(rows: pd.DataFrame, target: str, models: Sequence[str]) -> Block | None:
    """Differences from the reference by variant, a series per model; nothing where no two can be compared.

    Args:
        rows: The variants of one question and target.
        target: The target.
        models: All of the question's, in an order: a model has one look in the charts of every target.
    """
    told = rows[rows["difference"].notna()]
    if told.empty:
        return None
    variants = [label(variant_words(str(variant))) for variant in dict.fromkeys(told["variant"])]
    own = [(place, name) for place, name in enumerate(models) if (told["model"] == name).any()]
    series = [dots for place, name in own for dots in _series(told[told["model"] == name], place)]
    reference = _reference(rows)
    drawn = dot_plot(series, rows=variants, x_title=say("log loss: better ← 0 → worse"), reference=0.0)
    drawn.update_layout(showlegend=True, margin_t=34, height=104 + (16 + 14 * len(own)) * len(variants))
    said = "; ".join(
        f"{row.model}, {variant_words(row.variant)}: {signed(row.difference, 3)} "
        f"{decimals(row.difference_low, row.difference_high)}"
        for row in records(told)
    )
    return figure(
        drawn,
        title=say("{target}: log loss minus that of “{reference}”", target=titled(target), reference=reference),
        description=say(
            "Paired differences in log loss from {reference}, with 95% intervals. {said}.",
            reference=reference,
            said=said,
        ),
        caption=say("Lines are 95% intervals over users. {size}", size=_size(told)),
    )


def variant_words(variant: str) -> str:
    """A variant's name, which artefacts hold in English, as it is shown.

    Example:
        >>> variant_words("7 days"), variant_words("first 3 days"), variant_words("user_time")
        ('7 days', 'with the first 3 days', 'by user and time')
        >>> variant_words("without table")
        'without the table'
    """
    if found := re.fullmatch(r"first (\d+) days?", variant):
        return say_many("with the first {n} day", "with the first {n} days", int(found[1]))
    if found := re.fullmatch(r"(\d+) days?", variant):
        return say_many("{n} day", "{n} days", int(found[1]))
    if found := re.fullmatch(r"(.+) × (\d+) layers?", variant):
        return say_many("{scaling} × {n} layer", "{scaling} × {n} layers", int(found[2]), scaling=found[1])
    for pattern, words in _PARTS.items():
        if found := re.fullmatch(pattern, variant):
            return say(words, part=say("the table") if found[1] == "table" else found[1].replace("_", " "))
    return SPLITS[variant] if variant in SPLITS else say_again(variant)


def _reference(rows: pd.DataFrame) -> str:
    names = rows["variant"][rows["reference"].astype(bool)]
    return variant_words(str(names.iloc[0])) if len(names) else say("the reference")


def _series(rows: pd.DataFrame, place: int) -> list[Dots]:
    """A model's dots; dots of few users are grey and stand in the legend only where there are no others."""
    few = rows["n_users"] < FEW
    parts = (rows[~few], SERIES[place % len(SERIES)], True), (rows[few], GREY, bool(few.all()))
    return [_dots(part, colour, SYMBOLS[place % len(SYMBOLS)], legend) for part, colour, legend in parts if len(part)]


def _dots(rows: pd.DataFrame, colour: str, symbol: str, legend: bool) -> Dots:
    hover = [
        say(
            "{model}, {variant}: {difference} {interval}, n = {windows} windows of {users} users",
            model=row.model,
            variant=variant_words(row.variant),
            difference=signed(row.difference, 3),
            interval=decimals(row.difference_low, row.difference_high),
            windows=count(row.n_windows),
            users=count(row.n_users),
        )
        for row in records(rows)
    ]
    labels = [label(variant_words(str(variant))) for variant in rows["variant"]]
    values, lows, highs = (list(rows[f"difference{end}"]) for end in ("", "_low", "_high"))
    name = label(str(rows["model"].iloc[0]))
    return Dots(name, labels, values, lows, highs, hover, colour, symbol, group=name, legend=legend)


def _size(rows: pd.DataFrame) -> str:
    """The numbers of windows and users on which the variants were measured."""
    ends = [(int(rows[name].min()), int(rows[name].max())) for name in ("n_windows", "n_users")]
    windows, users = (
        count(low) if low == high else say("{low} to {high}", low=count(low), high=count(high)) for low, high in ends
    )
    few = say(" Grey: fewer than {few} users, read with care.", few=FEW) if (rows["n_users"] < FEW).any() else ""
    return say("n = {windows} windows of {users} users.{few}", windows=windows, users=users, few=few)


def heat_map(rows: pd.DataFrame, target: str) -> Block | None:
    """Log loss by network with its layers (down) and scaling (across); the references are framed."""
    if len(rows) < 2:
        return None
    cells = rows.assign(row=[_network(row) for row in records(rows)], column=[_scaling(row) for row in records(rows)])
    grid = cells.pivot_table(index="row", columns="column", values="log_loss", sort=False)
    drawn = chart([_heat(grid, few=bool((rows["n_users"] < FEW).any()))], height=34 * len(grid) + 130)
    drawn.update_layout(margin_t=44)
    drawn.update_xaxes(
        type="category", title={"text": "scaling", "standoff": 22}, showgrid=False, tickangle=0, tickfont_size=11
    )
    drawn.update_yaxes(type="category", autorange="reversed", showgrid=False)
    for row in records(cells[cells["reference"].astype(bool)]):
        _frame(drawn, list(grid.columns).index(row.column), list(grid.index).index(row.row))
    best = rows.sort_values("log_loss").iloc[0]
    said = say(
        "Lowest: {model} with {variant}, {lowest}",
        model=best["model"],
        variant=variant_words(best["variant"]),
        lowest=decimal(best["log_loss"]),
    )
    everything = "; ".join(
        f"{row.model}, {variant_words(row.variant)}: {decimal(row.log_loss)}" for row in records(rows)
    )
    return figure(
        drawn,
        title=say("{target}: log loss by network and scaling", target=titled(target)),
        description=say("Log loss of {n} variants. {everything}.", n=count(len(rows)), everything=everything),
        caption=say(
            "The darker, the better; × 1, × 2: layers. {said}; the lowest of many is lower than it "
            "deserves. Framed: the reference. {size}",
            said=said,
            size=_size(rows),
        ),
    )


def _network(row: Any) -> str:
    """A network with its layers; a variant that names no layers leaves the network alone."""
    layers = str(row.variant).partition(" × ")[2].partition(" ")[0]
    return label(f"{row.model} × {layers}" if layers else str(row.model))


def _scaling(row: Any) -> str:
    """A scaling, its words one above the other: the columns are narrow."""
    return label(str(row.variant).partition(" × ")[0]).replace("_", "<br>")


def _heat(grid: pd.DataFrame, *, few: bool) -> Any:
    values = [[None if value != value else float(value) for value in row] for row in grid.to_numpy()]
    return go.Heatmap(
        z=values,
        x=list(grid.columns),
        y=list(grid.index),
        text=[[decimal(value) for value in row] for row in values],
        texttemplate="%{text}",
        textfont={"size": 12},
        hovertemplate="%{y}, %{x}: %{text}<extra></extra>",
        colorscale=GREYS if few else BLUES,
        xgap=2,
        ygap=2,
        colorbar=COLOUR_BAR,
    )


def _frame(drawn: Any, x: int, y: int) -> None:
    drawn.add_shape(type="rect", x0=x - 0.5, x1=x + 0.5, y0=y - 0.5, y1=y + 0.5, line={"color": INK, "width": 2})
