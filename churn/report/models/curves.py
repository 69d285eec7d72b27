"""Learning curves: what the trials reported step by step."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from churn.artefacts import declared
from churn.language import say, say_again, say_many, titled
from churn.predicting import FORESIGHT
from churn.report.models.trials import curves_of, kinds_of, models_of
from churn.report.parts.blocks import Block, Caption, Figure, Multiples, Text
from churn.report.parts.chart_parts import GREY, SERIES, chart, figure
from churn.report.parts.wording import count, decimal
from churn.run_files import records
from churn.runs import Run

POINTS = 60  # per curve; more cannot be distinguished
STYLES = {  # drawn in this order, the best on top
    "pruned": {"color": GREY, "width": 1},
    "complete": {"color": SERIES[5], "width": 1},
    "best": {"color": SERIES[1], "width": 2.2},
}


def build(run: Run) -> list[Block]:
    """A chart of curves per model of each target, the chosen one first."""
    if curves_of(run).empty:
        return [Text(say("No trial reported how it went step by step."))]
    text = Text(
        say(
            "Log loss on half A after each reported step: an epoch of a network, some trees of LightGBM. "
            "Grey: pruned; light blue: trials that came to their end; vermilion: the best trial."
        )
    )
    once = (run.table(declared.TRIALS)["model"] == FORESIGHT).any() and len(run.targets) > 1
    both = (
        [Text(say("Foresight is searched once for all questions, so its curves are the mean over these."))]
        if once
        else []
    )
    return [text, *both, *(block for target in run.targets for block in _target(run, target))]


def _target(run: Run, target: str) -> list[Block]:
    curves = curves_of(run, target)
    charts = tuple(_model(run, target, name) for name in models_of(run, target) if (curves["model"] == name).any())
    if not charts:
        return [Text(say("{target}: no trial reported how it went step by step.", target=titled(target)))]
    return [Caption(titled(target)), Multiples(charts, least=15)]


def _model(run: Run, target: str, model: str) -> Figure:
    curves, trials = curves_of(run, target), run.table(declared.TRIALS, target)
    curves, trials = curves[curves["model"] == model], trials[trials["model"] == model]
    kinds = kinds_of(trials)
    drawn = chart([_lines(curves, kind, kinds) for kind in STYLES], height=250)
    drawn.update_xaxes(title_text=say("step"), nticks=6, showgrid=False)
    drawn.update_yaxes(title_text=say("log loss, half A"), nticks=5)
    n, lowest = curves["trial"].nunique(), curves.sort_values("log_loss").iloc[0]
    pruned = sum(kind == "pruned" for kind in kinds.values())
    said = say(
        "lowest {lowest} at step {step} of trial {trial}",
        lowest=decimal(lowest["log_loss"]),
        step=count(lowest["step"]),
        trial=count(lowest["trial"]),
    )
    return figure(
        drawn,
        title=model,
        description=say_many(
            "{target}, {model}: log loss by step, {n} trial, {pruned} pruned; {said}.",
            "{target}, {model}: log loss by step, {n} trials, {pruned} pruned; {said}.",
            n,
            target=titled(target),
            model=model,
            pruned=count(pruned),
            said=said,
        ),
        caption=say_many("n = {n} trial with a curve; {said}.", "n = {n} trials with a curve; {said}.", n, said=said),
    )


def _lines(curves: pd.DataFrame, kind: str, kinds: dict[int, str]) -> Any:
    """All curves of a kind as one trace, with gaps between them."""
    x: list[float | None] = []
    y: list[float | None] = []
    trials: list[int | None] = []
    for trial, curve in curves.groupby("trial"):
        if kinds.get(int(str(trial)), "complete") != kind:
            continue
        shown = _thinned(curve.sort_values("step"))
        x += [*shown["step"], None]
        y += [*(round(row.log_loss, 5) for row in records(shown)), None]
        trials += [*shown["trial"], None]
    return go.Scatter(
        x=x,
        y=y,
        customdata=trials,
        mode="lines",
        line=STYLES[kind],
        hovertemplate=say(
            "trial %{{customdata}} ({kind}), step %{{x}}: %{{y:.3f}}<extra></extra>", kind=say_again(kind)
        ),
    )


def _thinned(curve: pd.DataFrame) -> pd.DataFrame:
    """A curve thinned to at most POINTS evenly spread points, and its end."""
    every = -(-len(curve) // POINTS)
    return pd.concat([curve.iloc[:-1:every], curve.iloc[-1:]])
