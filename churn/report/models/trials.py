"""Trials in their order, with the best so far, and the cost of making them."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from churn.artefacts import declared
from churn.language import say, say_again, say_many, titled
from churn.predicting import FORESIGHT
from churn.report.parts.blocks import Block, Text
from churn.report.parts.chart_parts import GREY, SERIES, chart, figure, label
from churn.report.parts.wording import count, decimal, percent
from churn.run_files import records
from churn.runs import Run

FIXED = ("target", "model", "trial", "state", "value")  # the other columns are settings
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x", "star", "hexagon")


def stopped(trials: pd.DataFrame) -> "pd.Series[bool]":
    """Whether each trial was pruned: given up before its end."""
    return trials["state"].str.lower() == "pruned"


def completed(trials: pd.DataFrame) -> pd.DataFrame:
    """The trials that came to their end."""
    return trials[trials["state"].str.lower().eq("complete") & trials["value"].notna()]


def kinds_of(trials: pd.DataFrame) -> dict[int, str]:
    """The end of each trial of a model: pruned, complete, or complete and the best."""
    best = completed(trials).sort_values("value")["trial"].head(1).tolist()
    pruned = set(trials["trial"][stopped(trials)])
    return {
        trial: "best" if trial in best else "pruned" if trial in pruned else "complete" for trial in trials["trial"]
    }


def models_of(run: Run, target: str) -> list[str]:
    """The models that were searched, the chosen one first."""
    names = dict.fromkeys(run.table(declared.TRIALS, target)["model"])
    return sorted(names, key=lambda name: name != run.chosen(target))


def curves_of(run: Run, target: str | None = None) -> pd.DataFrame:
    """The values that trials reported step by step while they were fitted."""
    return run.table(declared.TRIAL_CURVES, target)


def spent(run: Run) -> str:
    """The number of trials that were pruned, and of steps that were never made."""
    trials, curves = _once(run, run.table(declared.TRIALS)), _once(run, curves_of(run))
    pruned = int(stopped(trials).sum())
    said = _made(len(trials), pruned)
    if curves.empty:
        return say("{said} The run kept no learning curves, so it is not known how many steps that saved.", said=said)
    steps = curves.groupby(["target", "model", "trial"]).size()
    longest = steps.groupby(level=["target", "model"]).transform("max")
    if steps.sum() == longest.sum():
        return said
    return say(
        "{said} Together the {trials} trials with a learning curve reported {steps} steps. Had each "
        "been as long as the longest of its model and target, it would have been {longest}: stopping "
        "early saved {saved}.",
        said=said,
        trials=count(len(steps)),
        steps=count(steps.sum()),
        longest=count(longest.sum()),
        saved=percent(1 - steps.sum() / longest.sum(), 0),
    )


def _once(run: Run, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of trials without the ones of the further targets of a model that is searched once for all."""
    return rows[(rows["model"] != FORESIGHT) | (rows["target"] == run.targets[0])]


def _made(trials: int, pruned: int) -> str:
    """The number of trials, and how many were given up."""
    if not pruned:
        return say_many("{n} trial was made; it was not pruned.", "{n} trials were made; none was pruned.", trials)
    return say_many(
        "{trials} trials were made; {n} of them was pruned, that is given up because others had done better by the "
        "same step.",
        "{trials} trials were made; {n} of them were pruned, that is given up because others had done better by the "
        "same step.",
        pruned,
        trials=count(trials),
    )


def history(run: Run, target: str) -> Block:
    """Log loss by trial, with a line per model for the best so far."""
    trials = run.table(declared.TRIALS, target)
    done = completed(trials)
    if done.empty:
        return Text(say("{target}: no trial came to an end.", target=titled(target)))
    drawn = chart([*_models(done), *_pruned(trials)], height=340, legend=True)
    drawn.update_xaxes(title_text=say("trial"), dtick=1 + int(trials["trial"].max()) // 8, showgrid=False)
    drawn.update_yaxes(title_text=say("log loss, half A"), nticks=6)
    caption = _caption(trials, done)
    return figure(
        drawn,
        title=say("{target}: log loss by trial", target=titled(target)),
        description=say(
            "Log loss of each trial and the best so far, by model. {bests} {caption}",
            bests=_bests(done),
            caption=caption,
        ),
        caption=caption,
    )


def _caption(trials: pd.DataFrame, done: pd.DataFrame) -> str:
    best = done.sort_values("value").iloc[0]
    pruned = int(stopped(trials).sum())
    failed = len(trials) - len(done) - pruned
    others = say(", {pruned} of them pruned", pruned=count(pruned)) if pruned else ""
    others += say(", {failed} failed", failed=count(failed)) if failed else ""
    won = say(
        "{model}, trial {trial}, {value}", model=best["model"], trial=count(best["trial"]), value=decimal(best["value"])
    )
    return say_many(
        "{n} trial{others}: {won}.",
        "{n} trials{others}. Lines: the best so far. Best: {won}.",
        len(trials),
        others=others,
        won=won,
    )


def _bests(done: pd.DataFrame) -> str:
    best = done.groupby("model")["value"].min().sort_values()
    return (
        "; ".join(say("{model} came to {value}", model=model, value=decimal(value)) for model, value in best.items())
        + "."
    )


def _pruned(trials: pd.DataFrame) -> list[Any]:
    """The last that pruned trials reported, one legend entry for all models."""
    seen = trials[stopped(trials) & trials["value"].notna()]
    if seen.empty:
        return []
    marker = {"color": GREY, "symbol": "x-thin", "size": 7, "line": {"width": 1.5, "color": GREY}}
    return [_points(seen, say("pruned")).update(marker=marker)]


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
        say(
            "{model}, trial {trial}: {value} ({kind})",
            model=label(row.model),
            trial=row.trial,
            value=decimal(row.value),
            kind=say_again(str(row.state).lower()),
        )
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
