"""The search: what was tried before the models were fitted."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from churn.report.blocks import Beside, Block, Fold, Section, Text
from churn.report.figures import SERIES, chart, figure, label
from churn.report.run import Run, records
from churn.report.tables import Cell, Column, Table, number_cell, text_cell
from churn.report.wording import TARGETS, count, decimal, known

FIXED = ("target", "model", "trial", "state", "value")
BEST = 5  # trials per model in the table
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x", "star", "hexagon")


def build(run: Run) -> Section:
    """Trials in their order, and the best of each model with their settings."""
    lead = "Each model’s settings were searched on half A of the validation part by log loss; lower is better."
    if run.table("trials.csv").empty:
        return Section(
            "search",
            "What was tried",
            lead,
            (Text("No search was made: the models ran with their configured settings."),),
        )
    charts = Beside(tuple((_chart(run, target),) for target in run.targets))
    tables = tuple(_best(run, target) for target in run.targets)
    return Section(
        "search",
        "What was tried",
        lead,
        (charts, Fold(f"The best {BEST} trials of each model, with their settings", tables)),
    )


def _chart(run: Run, target: str) -> Block:
    trials = run.table("trials.csv", target)
    done = trials[trials["value"].notna()]
    if done.empty:
        return Text(f"{TARGETS[target]}: no trial came to an end.")
    traces = [_trace(str(name), group, place) for place, (name, group) in enumerate(done.groupby("model"))]
    drawn = chart(traces, height=320, legend=True)
    drawn.update_xaxes(title_text="trial", dtick=1 + int(done["trial"].max()) // 8, showgrid=False)
    drawn.update_yaxes(title_text="log loss", nticks=6)
    caption = _caption(trials)
    return figure(
        drawn,
        title=f"{TARGETS[target]}: log loss by trial",
        description=f"Log loss of each trial, by model. {caption}",
        caption=caption,
    )


def _caption(trials: pd.DataFrame) -> str:
    best = trials.sort_values("value").iloc[0]
    stopped = int((trials["state"].str.lower() == "pruned").sum())
    won = f"{best['model']}, trial {count(best['trial'])}, {decimal(best['value'])}"
    return f"{count(len(trials))} trials, {count(stopped)} of them stopped early. Best: {won}."


def _trace(name: str, group: pd.DataFrame, place: int) -> Any:
    hover = [
        f"{label(name)}, trial {row.trial}: {decimal(row.value)} ({str(row.state).lower()})" for row in records(group)
    ]
    marker = {"color": SERIES[place % len(SERIES)], "symbol": SYMBOLS[place % len(SYMBOLS)], "size": 8, "opacity": 0.85}
    return go.Scatter(
        x=list(group["trial"]),
        y=list(group["value"]),
        mode="markers",
        name=label(name),
        marker=marker,
        hovertext=hover,
        hoverinfo="text",
    )


def _best(run: Run, target: str) -> Table:
    trials = (
        run.table("trials.csv", target).sort_values("value").groupby("model").head(BEST).sort_values(["model", "value"])
    )
    columns = (
        Column("Model"),
        Column("Trial", numeric=True),
        Column("State"),
        Column("Log loss", numeric=True),
        Column("Settings", wide=True),
    )
    return Table(f"{TARGETS[target]}: best trials", columns, tuple(_row(trial) for trial in trials.to_dict("records")))


def _row(trial: dict[Any, Any]) -> tuple[Cell, ...]:
    settings = [
        f"{name} {_setting(value)}"
        for name, value in trial.items()
        if name not in FIXED and value == value and value is not None
    ]
    cells = text_cell(trial["model"]), number_cell(trial["trial"], 0), text_cell(str(trial["state"]).lower())
    return *cells, number_cell(trial["value"]), Cell(", ".join(settings) or "–")


def _setting(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) and known(value) else str(value)
