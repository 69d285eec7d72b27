"""How the line is drawn: the score's distribution, where each rule ends the list, and how far that is chance."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from churn.report.blocks import Beside, Block, Figure, Fold, Heading, Section, Text
from churn.report.figures import GREY, INK, SERIES, chart, figure
from churn.report.listing import RANKS, rank_by
from churn.report.run import Run, records
from churn.report.tables import Cell, Column, Table, count_cell, heads, number_cell, percent_cell
from churn.report.wording import FEW, SEGMENTS, count, decimal, decimals, known, percents, signed

TITLE = "How the line is drawn"
RULES = {"quantile": "a share of the users", "number": "a number of users", "profit": "most expected profit"}
DASHES = {"quantile": "dash", "number": "dot", "profit": "dashdot"}
NAMES = {**RANKS, "p_churn": "chance of churn", "p_sticker": "chance of a sticker"}
OBSERVED = {"churn": "Fell silent", "sticker": "Received a sticker"}


def build(run: Run) -> Section:
    """Both scales of the score with the lines of the rules, the users near the line, and other lists beside it."""
    lines = run.table("threshold.csv")
    lead = (
        f"Users are ordered by {RANKS[rank_by(run)]}, and the list ends somewhere in that order. Here is where each "
        "rule ends it, how sharp that line is, and what another order or rule would have found."
    )
    blocks: list[Block] = [Text("The run was made by a version that did not keep how the line was drawn.")]
    if not lines.empty:
        blocks = [Text(_near(run, lines)), *_spread(run, lines), _rules(run, lines)]
    return Section("line", TITLE, lead, (*blocks, *_otherwise(run), *_agreement(run)))


def _near(run: Run, lines: pd.DataFrame) -> str:
    """How many users stand where chance decides on which side of the line they are."""
    own = next((row for row in records(lines) if row.used), None)
    if own is None or not known(own.threshold):
        return "The list holds nobody or everyone, so there is no line that a user could stand near."
    interval = decimals(own.low, own.high)
    scored = count(run.manifest["segment"]["scored"])
    return (
        f"The list ends at {decimal(own.threshold)} (95 % interval {interval}): among other users like these it would "
        f"end somewhere in that interval. Of {scored} scored users, {count(own.near)} stand inside it, so whether they "
        "are on the list is partly chance. The interval takes the probabilities as they are."
    )


def _spread(run: Run, lines: pd.DataFrame) -> tuple[Block, ...]:
    table, found = run.table("score_distribution.csv"), run.manifest["segment"].get("skewness")
    if table.empty or found is None:
        return ()
    charts = tuple(
        (_histogram(run, table[table["scale"] == scale], lines, scale),)
        for scale in ("raw", "log10")
        if (table["scale"] == scale).any()
    )
    return (Text(_skewed(run, found)), Beside(charts))


def _skewed(run: Run, found: Mapping[str, Any]) -> str:
    score = RANKS[rank_by(run)]
    if found["raw"] is None:
        return f"All {count(found['scored'])} users have the same {score}, so its order is that of the other columns."
    if found["log10"] is None:
        return f"The skewness of the {score} is {signed(found['raw'])}; its logarithm does not vary."
    zeros = f" {count(found['zeros'])} users have a {score} of 0 and no logarithm." if found["zeros"] else ""
    return (
        f"The skewness of the {score} is {signed(found['raw'])}, that of its logarithm {signed(found['log10'])} (0 is "
        f"even on both sides; n\u00a0= {count(found['scored'])} users). The logarithm changes no order and no "
        f"list.{zeros}"
    )


def _histogram(run: Run, table: pd.DataFrame, lines: pd.DataFrame, scale: str) -> Figure:
    score, n = RANKS[rank_by(run)], int(table["n"].sum())
    middle, width = (table["low"] + table["high"]) / 2, table["high"] - table["low"]
    hover = [f"{decimal(row.low)} to {decimal(row.high)}: {count(row.n)} users" for row in records(table)]
    colour = GREY if n < FEW else SERIES[5]
    bars = go.Bar(x=list(middle), y=list(table["n"]), width=list(width), hovertext=hover, hoverinfo="text")
    bars.update(marker={"color": colour}, showlegend=False)
    top = float(table["n"].max())
    marks = [_mark(row, scale, top) for row in records(lines) if known(_on(scale, row.threshold))]
    drawn = chart([bars, *marks], height=300, legend=bool(marks))
    named = score if scale == "raw" else f"log₁₀ of the {score}"
    drawn.update_layout(bargap=0)
    drawn.update_xaxes(title_text=named, nticks=6)
    drawn.update_yaxes(title_text="users", rangemode="tozero", nticks=5)
    title = "The score as it is" if scale == "raw" else "Its logarithm"
    few = f" Fewer than {FEW} users, so grey: read with care." if n < FEW else ""
    ends = "; ".join(
        f"{RULES[row.rule]}: {decimal(row.threshold)}" for row in records(lines) if known(_on(scale, row.threshold))
    )
    said = f"The list would end at: {ends}." if ends else "No rule draws a line."
    return figure(
        drawn,
        title=title,
        description=f"Histogram of the {named}, {count(n)} users. {said}",
        caption=f"n\u00a0= {count(n)} users. The lines are where the rules end the list.{few}",
    )


def _on(scale: str, threshold: float) -> float:
    if scale == "raw" or not known(threshold):
        return threshold
    return float(np.log10(threshold)) if threshold > 0 else float("nan")


def _mark(row: Any, scale: str, top: float) -> Any:
    x, hover = _on(scale, row.threshold), f"{RULES[row.rule]}: from {decimal(row.threshold)} up"
    line = {"color": INK, "width": 2 if row.used else 1.2, "dash": "solid" if row.used else DASHES[row.rule]}
    drawn = go.Scatter(x=[x, x], y=[0, top], mode="lines", line=line, name=RULES[row.rule])
    return drawn.update(hovertext=[hover, hover], hoverinfo="text")


def _rules(run: Run, lines: pd.DataFrame) -> Table:
    columns = heads("Rule", "Users on the list", "Ends at", "Users near the line")
    rows = tuple(
        (
            Cell(RULES[row.rule], badge="used" if row.used else ""),
            count_cell(row.size),
            number_cell(row.threshold, under=decimals(row.low, row.high)),
            count_cell(row.near),
        )
        for row in records(lines)
    )
    scored = count(run.manifest["segment"]["scored"])
    return Table(f"Where each rule ends the list (n\u00a0= {scored} scored users)", columns, rows)


def _otherwise(run: Run) -> tuple[Block, ...]:
    """What came true on the lists of the test part by every score and rule."""
    table = run.table("segment_rules.csv")
    if table.empty:
        return ()
    columns = (Column("Ordered by"), Column("Ended by"), *heads("Windows", "Users", first=0))
    columns = (*columns, *heads(*(OBSERVED[target] for target in run.targets), first=0))
    groups = list(table.groupby(["rank_by", "rule"], sort=False))
    first = groups[0][1]
    rates = run.table("segment_rates.csv", run.targets[0])
    every = next(records(rates[rates["segment"] == "all"]), None)
    everyone = (
        Cell(SEGMENTS["all"]),
        Cell("–"),
        count_cell(every.n if every else None),
        count_cell(every.n_users if every else None),
        *(percent_cell(float(first[first["target"] == target]["base"].iloc[0])) for target in run.targets),
    )
    text = Text(
        "Lists drawn on every day of the test part by each order and each rule that this run knows enough for, and "
        "what happened to the users on them. A list chosen after looking at this table needs new data to prove it."
    )
    rows = (*(_listed(run, rows) for _, rows in groups), everyone)
    return (
        Heading("Had the list been drawn otherwise"),
        text,
        Table("Observed rates by order and rule", columns, rows),
    )


def _listed(run: Run, rows: pd.DataFrame) -> tuple[Cell, ...]:
    row = next(records(rows))
    few = row.n_users < FEW
    rates = [next(records(rows[rows["target"] == target])) for target in run.targets]
    return (
        Cell(RANKS[row.rank_by], badge="used" if row.used else ""),
        Cell(RULES[row.rule]),
        count_cell(row.n),
        count_cell(row.n_users, grey=True),
        *(percent_cell(found.rate, under=percents(found.low, found.high), few=few) for found in rates),
    )


def _agreement(run: Run) -> tuple[Block, ...]:
    """How far the orders by each score and each chance agree, by Kendall's τ."""
    table = run.table("agreement.csv")
    if table.empty or "kendall" not in table:
        return ()
    names = list(dict.fromkeys([*table["a"], *table["b"]]))
    found = {frozenset((row.a, row.b)): float(row.kendall) for row in records(table)}
    rows = tuple(
        (Cell(NAMES[a].capitalize()), *(_tau(found.get(frozenset((a, b)))) if a != b else Cell("–") for b in names))
        for a in names
    )
    scored = count(run.manifest["segment"]["scored"])
    text = Text(
        "Take any two users whom both orders tell apart: 1 says that both always put the same one first, −1 that they "
        "never do, and 0 that they agree as often as not (Kendall’s τ)."
    )
    columns = heads("", *(NAMES[name].capitalize() for name in names))
    return (Fold("How far the orders agree", (text, Table(f"Kendall’s τ (n\u00a0= {scored} users)", columns, rows))),)


def _tau(value: float | None) -> Cell:
    return Cell(signed(value), order=repr(value) if known(value) else "")
