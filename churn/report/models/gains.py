"""Gains: the churners that a list of any length finds, and the worth of a yes or no at one threshold."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from churn.artefacts import declared
from churn.language import marked, say, titled
from churn.report.parts.blocks import Beside, Block, Heading, Section, Text
from churn.report.parts.chart_parts import FAINT, GREY, REFERENCE_LINE, chart, colour_of, figure, label
from churn.report.parts.tables import Cell, Column, Table, number_cell, percent_cell
from churn.report.parts.wording import DECISIONS, count, decimal, decimals, percent, percents
from churn.run_files import estimate, records
from churn.runs import Run
from churn.statistics import FEW

TITLE = marked("What a list of any length finds")
UNTUNED = marked("No threshold was tuned in this run.")
SAID = (0.1, 0.2, 0.5)  # shares whose gains the description names


def build(run: Run) -> Section:
    """Gain and lift curves of the chosen models, the others faint behind them, then decisions at a threshold."""
    about = say(
        "Take the windows with the highest probabilities, as many as there is time for: which share of "
        "all those it concerns is among them? On the dashed line a list does no better than one drawn "
        "at random."
    )
    curves = Beside(tuple(_curves(run, target) for target in run.targets))
    if run.table(declared.GAINS).empty and run.table(declared.THRESHOLDS).empty:
        nothing = " ".join(
            [*(_unmeasured(target) for target in run.targets), say("No threshold was tuned in this run.")]
        )
        return Section("gains", say(TITLE), nothing, ())
    return Section("gains", say(TITLE), _found(run), (Text(about), curves, *_decisions(run)))


def _unmeasured(target: str) -> str:
    return say("{target}: the gains of the chosen model were not measured.", target=titled(target))


def _found(run: Run) -> str:
    """Sentences on the share that the first tenth by each target's probability holds."""
    told = []
    for target in run.targets:
        table = run.table(declared.GAINS, target)
        own = table[table["model"] == run.chosen(target)]
        told += [
            say(
                "{target}: the {share} of the windows with the highest probabilities hold {gain} of all positives.",
                target=titled(target),
                share=percent(row.share, 0),
                gain=percent(row.gain, 0),
            )
            for row in records(_named(own).head(1))
        ]
    return " ".join(told) or say("What a list finds was not measured.")


def _curves(run: Run, target: str) -> tuple[Block, ...]:
    table = run.table(declared.GAINS, target)
    own = table[table["model"] == run.chosen(target)].sort_values("share")
    if len(own) < 2:
        return (Text(_unmeasured(target)),)
    others = table[table["model"] != run.chosen(target)]
    return _gain(run, target, own, others), _lift(run, target, own, others)


def _gain(run: Run, target: str, own: pd.DataFrame, others: pd.DataFrame) -> Block:
    start = pd.DataFrame([{"share": 0.0, "gain": 0.0, "low": 0.0, "high": 0.0}])
    faint = [(str(name), pd.concat([start, rows.sort_values("share")])) for name, rows in others.groupby("model")]
    traces = [*_faint(faint), *_own(run, target, pd.concat([start, own]))]
    drawn = chart(traces, height=360, legend=True)
    drawn.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line=REFERENCE_LINE, layer="below")
    drawn.update_xaxes(title_text=say("share of windows on the list"), tickformat=".0%", range=[0, 1.02], dtick=0.2)
    drawn.update_yaxes(title_text=say("share found of all positives"), tickformat=".0%", range=[0, 1.02], nticks=6)
    title = say("{target}: gain, {model}", target=titled(target), model=run.chosen(target))
    return figure(
        drawn,
        title=title,
        description=say("{title}, test part. {said}.", title=title, said=_said(own)),
        caption=f"{_said(own)}. {_size(run)}",
    )


def _lift(run: Run, target: str, own: pd.DataFrame, others: pd.DataFrame) -> Block:
    lifted = own.assign(**{name: own[name] / own["share"] for name in ("gain", "low", "high")})
    faint = [(str(name), rows.assign(gain=rows["gain"] / rows["share"])) for name, rows in others.groupby("model")]
    drawn = chart([*_faint(faint), *_own(run, target, lifted)], height=280, legend=True)
    drawn.add_hline(y=1, line=REFERENCE_LINE, layer="below")
    drawn.update_xaxes(title_text=say("share of windows on the list"), tickformat=".0%", range=[0, 1.02], dtick=0.2)
    drawn.update_yaxes(title_text=say("times the base rate"), rangemode="tozero", nticks=6)
    title = say("{target}: lift, {model}", target=titled(target), model=run.chosen(target))
    said = "; ".join(
        say("top {share}: {gain} times the base rate", share=percent(row.share, 0), gain=decimal(row.gain, 2))
        for row in records(_named(lifted))
    )
    return figure(
        drawn,
        title=title,
        description=say("{title}, test part. {said}.", title=title, said=said),
        caption=say("Gain ÷ share; 1 is at random."),
    )


def _named(own: pd.DataFrame) -> pd.DataFrame:
    return own[own["share"].round(3).isin(SAID)]


def _said(own: pd.DataFrame) -> str:
    return "; ".join(
        say(
            "the top {share} hold {gain} {interval}",
            share=percent(row.share, 0),
            gain=percent(row.gain, 0),
            interval=percents(row.low, row.high),
        )
        for row in records(_named(own))
    ).capitalize()


def _size(run: Run) -> str:
    part = run.part("test")
    few = say(" Fewer than {few} users, so grey: read with care.", few=FEW) if _few(run) else ""
    return say(
        "Band: 95% interval. n = {windows} windows of {users} users.{few}",
        windows=count(part["windows"]),
        users=count(part["users"]),
        few=few,
    )


def _few(run: Run) -> bool:
    return int(run.part("test")["users"]) < FEW


def _faint(curves: list[tuple[str, pd.DataFrame]]) -> list[Any]:
    """The other models, one legend entry for all."""
    traces = []
    for place, (name, rows) in enumerate(curves):
        hover = [f"{label(name)}: {percent(row.share, 0)} → {decimal(row.gain, 2)}" for row in records(rows)]
        trace = go.Scatter(
            x=list(rows["share"]), y=list(rows["gain"]), mode="lines", line={"color": FAINT, "width": 1.2}
        )
        trace.update(
            name=say("other models"), legendgroup="others", showlegend=place == 0, hovertext=hover, hoverinfo="text"
        )
        traces.append(trace)
    return traces


def _own(run: Run, target: str, own: pd.DataFrame) -> list[Any]:
    """The chosen model's curve in its band."""
    colour = GREY if _few(run) else colour_of(target)
    hover = [
        say(
            "top {share}: {gain} {interval}",
            share=percent(row.share, 0),
            gain=decimal(row.gain, 2),
            interval=decimals(row.low, row.high, 2),
        )
        for row in records(own)
    ]
    x, edge = list(own["share"]), {"mode": "lines", "hoverinfo": "skip", "line": {"width": 0, "color": colour}}
    return [
        go.Scatter({**edge, "x": x, "y": list(own["low"])}, showlegend=False),
        go.Scatter(
            {**edge, "x": x, "y": list(own["high"])}, fill="tonexty", fillcolor=f"{colour}2e", name=say("95% band")
        ),
        go.Scatter(
            x=x,
            y=list(own["gain"]),
            mode="lines",
            line={"color": colour, "width": 2},
            name=say("chosen model"),
            hovertext=hover,
            hoverinfo="text",
        ),
    ]


def _decisions(run: Run) -> list[Block]:
    heading = Heading(say("Yes or no at one threshold"))
    if run.table(declared.THRESHOLDS).empty:
        return [heading, Text(say(UNTUNED))]
    text = Text(
        say(
            "Who has to say yes or no calls those positive whose probability reaches a threshold. Here it "
            "is the one tuned for F1 on half B of the validation part, for each model its own; precision, "
            "recall and F1 at it are measured on test. A list with a budget needs no threshold: read the "
            "curves above."
        )
    )
    return [heading, text, *(_table(run, target) for target in run.targets)]


def _table(run: Run, target: str) -> Block:
    tuned = run.table(declared.THRESHOLDS, target).sort_values("f1", ascending=False)
    if tuned.empty:
        return Text(say("{target}: no threshold was tuned.", target=titled(target)))
    columns = (
        Column(say("Model")),
        Column(say("Threshold"), numeric=True),
        Column(say("Share of half B called"), numeric=True),
        Column(say("F1, half B"), numeric=True),
        *(Column(say("{name}, test", name=name), numeric=True) for name in DECISIONS.values()),
    )
    rows = tuple(_row(run, target, row) for row in records(tuned))
    return Table(say("{target}: at the threshold tuned for F1 on half B", target=titled(target)), columns, rows)


def _row(run: Run, target: str, tuned: Any) -> tuple[Cell, ...]:
    board = run.table(declared.LEADERBOARD, target)
    board = board[(board["part"] == "test") & (board["model"] == tuned.model)]
    found = [estimate(board[board["metric"] == metric]) for metric in DECISIONS]
    return (
        Cell(str(tuned.model), badge=say("chosen") if tuned.model == run.chosen(target) else ""),
        number_cell(tuned.threshold, 2),
        percent_cell(tuned.share),
        number_cell(tuned.f1, 3),
        *(Cell("–") if one is None else number_cell(one.value, under=decimals(one.low, one.high)) for one in found),
    )
