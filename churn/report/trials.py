"""Trials in their order, with the best so far, and what it cost to make them."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from churn.report.blocks import Block, Text
from churn.report.figures import GREY, SERIES, chart, figure, label
from churn.report.run import Run, records
from churn.report.wording import TARGETS, count, decimal, percent

FIXED = ("target", "model", "trial", "state", "value")  # the other columns are settings
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x", "star", "hexagon")


def stopped(trials: pd.DataFrame) -> "pd.Series[bool]":
    """Which trials were pruned: given up before their end."""
    return trials["state"].str.lower() == "pruned"


def completed(trials: pd.DataFrame) -> pd.DataFrame:
    """The trials that came to their end."""
    return trials[trials["state"].str.lower().eq("complete") & trials["value"].notna()]


def kinds_of(trials: pd.DataFrame) -> dict[int, str]:
    """For each trial of a model, how it ended: pruned, complete, or complete and the best."""
    best = completed(trials).sort_values("value")["trial"].head(1).tolist()
    pruned = set(trials["trial"][stopped(trials)])
    return {
        trial: "best" if trial in best else "pruned" if trial in pruned else "complete" for trial in trials["trial"]
    }


def models_of(run: Run, target: str) -> list[str]:
    """The models that were searched, the chosen one first."""
    names = dict.fromkeys(run.table("trials.csv", target)["model"])
    return sorted(names, key=lambda name: name != run.chosen(target))


def curves_of(run: Run, target: str | None = None) -> pd.DataFrame:
    """What trials reported step by step while they were fitted."""
    return run.table("trial_curves.csv", target)


def spent(run: Run) -> str:
    """How many trials were pruned, and how many steps were never made."""
    trials, curves = run.table("trials.csv"), curves_of(run)
    pruned = int(stopped(trials).sum())
    said = (
        f"{count(len(trials))} trials were made; {count(pruned)} of them were pruned, that is given up because others "
        "had done better by the same step."
    )
    if curves.empty:
        return f"{said} The run kept no learning curves, so it is not known how many steps that saved."
    steps = curves.groupby(["target", "model", "trial"]).size()
    longest = steps.groupby(level=["target", "model"]).transform("max")
    return (
        f"{said} Together the {count(len(steps))} trials with a learning curve reported {count(steps.sum())} steps. "
        "Had each been as long as the longest of its model and target, it would have been "
        f"{count(longest.sum())}: pruning and stopping early saved {percent(1 - steps.sum() / longest.sum(), 0)}."
    )


def history(run: Run, target: str) -> Block:
    """Log loss by trial, with a line per model for the best so far."""
    trials = run.table("trials.csv", target)
    done = completed(trials)
    if done.empty:
        return Text(f"{TARGETS[target]}: no trial came to an end.")
    drawn = chart([*_models(done), *_pruned(trials)], height=340, legend=True)
    drawn.update_xaxes(title_text="trial", dtick=1 + int(trials["trial"].max()) // 8, showgrid=False)
    drawn.update_yaxes(title_text="log loss, half A", nticks=6)
    caption = _caption(trials, done)
    return figure(
        drawn,
        title=f"{TARGETS[target]}: log loss by trial",
        description=f"Log loss of each trial and the best so far, by model. {_bests(done)} {caption}",
        caption=caption,
    )


def _caption(trials: pd.DataFrame, done: pd.DataFrame) -> str:
    best = done.sort_values("value").iloc[0]
    failed = len(trials) - len(done) - int(stopped(trials).sum())
    others = f", {count(failed)} failed" if failed else ""
    won = f"{best['model']}, trial {count(best['trial'])}, {decimal(best['value'])}"
    return (
        f"{count(len(trials))} trials, {count(int(stopped(trials).sum()))} of them pruned{others}. Lines: the best so "
        f"far. Best: {won}."
    )


def _bests(done: pd.DataFrame) -> str:
    best = done.groupby("model")["value"].min().sort_values()
    return "; ".join(f"{model} came to {decimal(value)}" for model, value in best.items()) + "."


def _pruned(trials: pd.DataFrame) -> list[Any]:
    """The last that pruned trials reported, one legend entry for all models."""
    seen = trials[stopped(trials) & trials["value"].notna()]
    if seen.empty:
        return []
    marker = {"color": GREY, "symbol": "x-thin", "size": 7, "line": {"width": 1.5, "color": GREY}}
    return [_points(seen, "pruned").update(marker=marker)]


def _models(done: pd.DataFrame) -> list[Any]:
    traces = []
    for place, (name, group) in enumerate(done.groupby("model")):
        colour, symbol = SERIES[place % len(SERIES)], SYMBOLS[place % len(SYMBOLS)]
        group = group.sort_values("trial")
        marker = {"color": colour, "symbol": symbol, "size": 7, "opacity": 0.8}
        traces.append(_points(group, str(name)).update(marker=marker, legendgroup=str(place)))
        traces.append(_best_so_far(group, colour).update(legendgroup=str(place)))
    return traces


def _points(group: pd.DataFrame, name: str) -> Any:
    hover = [
        f"{label(row.model)}, trial {row.trial}: {decimal(row.value)} ({str(row.state).lower()})"
        for row in records(group)
    ]
    places = {"x": list(group["trial"]), "y": list(group["value"])}
    return go.Scatter(places, mode="markers", name=label(name), hovertext=hover, hoverinfo="text")


def _best_so_far(group: pd.DataFrame, colour: str) -> Any:
    return go.Scatter(
        x=list(group["trial"]),
        y=list(group["value"].cummin()),
        mode="lines",
        line={"color": colour, "width": 1.6, "shape": "hv"},
        showlegend=False,
        hoverinfo="skip",
    )
