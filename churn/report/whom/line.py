"""The line: the score's distribution, where each rule ends the list, and how far that is chance."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from churn.artefacts import declared
from churn.language import Messages, marked, say, say_many, target_of
from churn.report.parts.blocks import Beside, Block, Figure, Fold, Heading, Section, Text
from churn.report.parts.chart_parts import GREY, INK, SERIES, chart, figure
from churn.report.parts.listing import RANKS, at_score, is_chance, rank_by, ranked
from churn.report.parts.tables import Cell, Column, Table, count_cell, heads, number_cell, percent_cell
from churn.report.parts.wording import (
    SEGMENTS,
    capital,
    count,
    decimal,
    decimals,
    every,
    known,
    percent,
    percents,
    signed,
)
from churn.report.whom import orders
from churn.run_files import records
from churn.runs import Run
from churn.statistics import FEW

TITLE = marked("How the line is drawn")
RULES = Messages(
    {
        "quantile": marked("a share of the users"),
        "number": marked("a number of users"),
        "profit": marked("most expected profit"),
    }
)
DASHES = {"quantile": "dash", "number": "dot", "profit": "dashdot"}


def build(run: Run) -> Section:
    """Both scales of the score with the lines of the rules, the users near the line, and other lists beside it."""
    lines = run.table(declared.THRESHOLD)
    about = say(
        "Users are ordered by {score}, and the list ends somewhere in that order. Here is where each rule ends it, how "
        "sharp that line is, and what another order or rule would have found.",
        score=ranked(run, rank_by(run)),
    )
    blocks: list[Block] = [Text(about), *_spread(run, lines), _rules(run, lines)]
    others = (*orders.chosen(run), *_otherwise(run), *_agreement(run))
    return Section("line", say(TITLE), _near(run, lines), (*blocks, *others))


def _near(run: Run, lines: pd.DataFrame) -> str:
    """The number of users so near the line that chance decides on which side they are."""
    own = next((row for row in records(lines) if row.used), None)
    if own is None or not known(own.threshold):
        return say("The list holds nobody or everyone, so there is no line that a user could stand near.")
    pays_from = (run.manifest["budget"] or {}).get("pays_from")
    if own.rule == "profit" and is_chance(run) and pays_from is not None:
        return say(
            "The list ends where a call no longer pays, at a chance of churn of {chance}, whoever else is scored.",
            chance=percent(pays_from),
        )
    return say(
        "The list ends at {threshold} (95% interval {interval}): among other users like these it would end somewhere "
        "in that interval. Of {scored} scored users, {near} stand inside it, so whether they are on the list is partly "
        "chance. The interval takes the probabilities as they are.",
        threshold=at_score(run, own.threshold),
        interval=(percents if is_chance(run) else decimals)(own.low, own.high),
        scored=count(run.manifest["segment"]["scored"]),
        near=count(own.near),
    )


def _spread(run: Run, lines: pd.DataFrame) -> tuple[Block, ...]:
    table, found = run.table(declared.SCORE_DISTRIBUTION), run.manifest["segment"]["skewness"]
    if table.empty:
        return ()
    charts = tuple(
        (_histogram(run, table[table["scale"] == scale], lines, scale),)
        for scale in ("raw", "log10")
        if (table["scale"] == scale).any()
    )
    return (Beside(charts), Fold(say("How skewed the score is"), (Text(_skewed(run, found)),)))


def _skewed(run: Run, found: Mapping[str, Any]) -> str:
    score = ranked(run, rank_by(run))
    if found["raw"] is None:
        return run.first.say(run.first.equal, scored=count(found["scored"]), score=score)
    raw = signed(found["raw"])
    if found["log10"] is None:
        return say("The skewness of the {score} is {raw}; its logarithm does not vary.", score=score, raw=raw)
    said = say(
        "The skewness of the {score} is {raw}, that of its logarithm {log} (0 is even on both sides; n\u00a0= {scored} "
        "users). The logarithm changes no order and no list.",
        score=score,
        raw=raw,
        log=signed(found["log10"]),
        scored=count(found["scored"]),
    )
    if not found["zeros"]:
        return said
    zeros = say_many(
        "{n} user has a {score} of 0 and no logarithm.",
        "{n} users have a {score} of 0 and no logarithm.",
        int(found["zeros"]),
        score=score,
    )
    return f"{said} {zeros}"


def _histogram(run: Run, table: pd.DataFrame, lines: pd.DataFrame, scale: str) -> Figure:
    score, n = ranked(run, rank_by(run)), int(table["n"].sum())
    middle, width = (table["low"] + table["high"]) / 2, table["high"] - table["low"]
    hover = [
        say_many(
            "{low} to {high}: {n} user",
            "{low} to {high}: {n} users",
            int(row.n),
            low=decimal(row.low),
            high=decimal(row.high),
        )
        for row in records(table)
    ]
    colour = GREY if n < FEW else SERIES[5]
    bars = go.Bar(x=list(middle), y=list(table["n"]), width=list(width), hovertext=hover, hoverinfo="text")
    bars.update(marker={"color": colour}, showlegend=False)
    top = float(table["n"].max())
    marks = [_mark(row, scale, top) for row in records(lines) if known(_on(scale, row.threshold))]
    drawn = chart([bars, *marks], height=300, legend=bool(marks))
    named = score if scale == "raw" else say("log₁₀ of the {score}", score=score)
    drawn.update_layout(bargap=0)
    drawn.update_xaxes(title_text=named, nticks=6)
    drawn.update_yaxes(title_text=say("users"), rangemode="tozero", nticks=5)
    few = say(" Fewer than {few} users, so grey: read with care.", few=FEW) if n < FEW else ""
    return figure(
        drawn,
        title=say("The score as it is") if scale == "raw" else say("Its logarithm"),
        description=say(
            "Histogram of the {score}, {n} users. {said}", score=named, n=count(n), said=_ends(lines, scale)
        ),
        caption=say(
            "n\u00a0= {n} users. The lines are where the rules end the list.{few}",
            n=count(n),
            few=few,
        ),
    )


def _ends(lines: pd.DataFrame, scale: str) -> str:
    """The score at which each rule would end the list."""
    drawn = [row for row in records(lines) if known(_on(scale, row.threshold))]
    if not drawn:
        return say("No rule draws a line.")
    ends = "; ".join(f"{RULES[row.rule]}: {decimal(row.threshold)}" for row in drawn)
    return say("The list would end at: {ends}.", ends=ends)


def _on(scale: str, threshold: float) -> float:
    if scale == "raw" or not known(threshold):
        return threshold
    return float(np.log10(threshold)) if threshold > 0 else float("nan")


def _mark(row: Any, scale: str, top: float) -> Any:
    x = _on(scale, row.threshold)
    hover = say("{rule}: from {threshold} up", rule=RULES[row.rule], threshold=decimal(row.threshold))
    line = {"color": INK, "width": 2 if row.used else 1.2, "dash": "solid" if row.used else DASHES[row.rule]}
    drawn = go.Scatter(x=[x, x], y=[0, top], mode="lines", line=line, name=RULES[row.rule])
    return drawn.update(hovertext=[hover, hover], hoverinfo="text")


def _rules(run: Run, lines: pd.DataFrame) -> Table:
    columns = heads(say("Rule"), say("Users on the list"), say("Ends at"), say("Users near the line"))
    rows = tuple(
        (
            Cell(RULES[row.rule], badge=say("used") if row.used else ""),
            count_cell(row.size),
            number_cell(row.threshold, under=decimals(row.low, row.high)),
            count_cell(row.near),
        )
        for row in records(lines)
    )
    scored = count(run.manifest["segment"]["scored"])
    title = say("Where each rule ends the list (n\u00a0= {scored} scored users)", scored=scored)
    return Table(title, columns, rows, cards=True)


def _otherwise(run: Run) -> tuple[Block, ...]:
    """The observed rates of the test part's lists by every score and rule."""
    table = run.table(declared.SEGMENT_RULES)
    if table.empty:
        return ()
    columns = (Column(say("Ordered by")), Column(say("Ended by")), *heads(say("Windows"), say("Users"), first=0))
    columns = (*columns, *heads(*(found.say(found.observed) for found in run.words), first=0))
    groups = list(table.groupby(["rank_by", "rule"], sort=False))
    first = groups[0][1]
    rates = run.table(declared.SEGMENT_RATES, run.targets[0])
    all_users = next(records(rates[rates["segment"] == "all"]), None)
    everyone = (
        Cell(SEGMENTS["all"]),
        Cell("–"),
        count_cell(all_users.n if all_users else None),
        count_cell(all_users.n_users if all_users else None),
        *(percent_cell(float(first[first["target"] == target]["base"].iloc[0])) for target in run.targets),
    )
    text = Text(
        say(
            "Lists drawn over all days of the test part at once by each rule that this run knows enough for, and what "
            "became of the users on them. A list chosen after looking at this table needs new data to prove it."
        )
        if run.scattered
        else say(
            "Lists drawn {every} in the test part by each order and each rule that this run knows enough for, and what "
            "happened to the users on them. A list chosen after looking at this table needs new data to prove it.",
            every=every(run.windowing["stride_days"]),
        )
    )
    lists = _alike([rows for _, rows in groups])
    heading = Heading(say("Had the list been drawn otherwise"))
    if len(lists) == 1:
        return (heading, Text(say("Every order and rule that this run knows enough for draws one list, the one used.")))
    rows = (*(_listed(run, alike) for alike in lists), everyone)
    return (
        heading,
        text,
        Table(say("Observed rates by order and rule"), columns, rows, cards=True),
    )


def _alike(lists: Iterable[pd.DataFrame]) -> list[list[pd.DataFrame]]:
    """Lists by one rule that hold as many with the same outcomes are one: without stickers every score is another."""
    found: dict[tuple[Any, ...], list[pd.DataFrame]] = {}
    for rows in lists:
        numbers = rows[["rule", "n", "n_users", "rate"]].fillna(-1)
        found.setdefault(tuple(numbers.itertuples(index=False, name=None)), []).append(rows)
    return list(found.values())


def _listed(run: Run, alike: list[pd.DataFrame]) -> tuple[Cell, ...]:
    rows = alike[0]
    row = next(records(rows))
    few = row.n_users < FEW
    rates = [next(records(rows[rows["target"] == target])) for target in run.targets]
    return (
        Cell(
            " · ".join(ranked(run, one["rank_by"].iloc[0]) for one in alike),
            badge=say("used") if any(one["used"].any() for one in alike) else "",
        ),
        Cell(RULES[row.rule]),
        count_cell(row.n),
        count_cell(row.n_users, grey=True),
        *(percent_cell(found.rate, under=percents(found.low, found.high), few=few) for found in rates),
    )


def _agreement(run: Run) -> tuple[Block, ...]:
    """The agreement of the orders by each score and each chance, by Kendall's τ."""
    table = run.table(declared.AGREEMENT)
    if table.empty or not run.stickers:
        return ()  # without stickers every score is the chance of churn
    names = list(dict.fromkeys([*table["a"], *table["b"]]))
    found = {frozenset((row.a, row.b)): float(row.kendall) for row in records(table)}
    rows = tuple(
        (Cell(_name(a)), *(_tau(found.get(frozenset((a, b)))) if a != b else Cell("–") for b in names)) for a in names
    )
    scored = count(run.manifest["segment"]["scored"])
    text = Text(
        say(
            "Take any two users whom both orders distinguish: 1 says that both always put the same one first, −1 that "
            "they never do, and 0 that they agree as often as not (Kendall’s τ)."
        )
    )
    columns = heads(say("Ordered by"), *(_name(name) for name in names))
    title = say("Kendall’s τ (n\u00a0= {scored} users)", scored=scored)
    return (Fold(say("How far the orders agree"), (text, Table(title, columns, rows))),)


def _name(order: str) -> str:
    """A score or a chance that users can be ordered by, with a capital."""
    if not order.startswith("p_"):
        return capital(RANKS[order])
    found = target_of(order.removeprefix("p_"))
    return capital(found.say(found.ordered_by))


def _tau(value: float | None) -> Cell:
    return Cell(signed(value), order=repr(value) if known(value) else "")
