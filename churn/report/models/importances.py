"""Importances: how much each setting mattered to the search."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from churn.artefacts import declared
from churn.language import say, titled
from churn.report.models.trials import completed, models_of
from churn.report.parts.blocks import Block, Caption, Figure, Multiples, Text
from churn.report.parts.chart_parts import chart, colour_of, figure, label
from churn.report.parts.wording import count, percent
from churn.run_files import records
from churn.runs import Run
from churn.statistics import FEW


def build(run: Run, target: str) -> list[Block]:
    """A chart of bars per model, the chosen one first."""
    table = run.table(declared.IMPORTANCES, target)
    names = [name for name in models_of(run, target) if (table["model"] == name).any()]
    if not names:
        return [Text(say("{target}: too few trials to tell which settings mattered.", target=titled(target)))]
    top = float(table["importance"].max())
    charts = tuple(_importance(run, target, name, top) for name in names)
    return [Caption(titled(target)), Multiples(charts, least=15)]


def _importance(run: Run, target: str, model: str, top: float) -> Figure:
    table = run.table(declared.IMPORTANCES, target)
    table = table[table["model"] == model].sort_values("importance", ascending=False)
    done = completed(run.table(declared.TRIALS, target))
    n = int((done["model"] == model).sum())
    said = ", ".join(f"{row.parameter} {percent(row.importance, 0)}" for row in records(table))
    drawn = chart([_bars(table, colour_of(target))], height=24 * len(table) + 62)
    drawn.update_xaxes(title_text=say("share of the importance"), tickformat=".0%", range=[0, top * 1.05], nticks=4)
    drawn.update_yaxes(autorange="reversed", showgrid=False)
    hint = say(", fewer than {few}: a hint only", few=FEW) if n < FEW else ""
    return figure(
        drawn,
        title=say("{model} (chosen)", model=model) if model == run.chosen(target) else model,
        description=say(
            "{target}, {model}: importance of each setting. {said}.", target=titled(target), model=model, said=said
        ),
        caption=say("n = {n} completed trials{hint}.", n=count(n), hint=hint),
    )


def _bars(table: pd.DataFrame, colour: str) -> Any:
    return go.Bar(
        x=list(table["importance"]),
        y=[label(str(name), 20) for name in table["parameter"]],
        orientation="h",
        marker_color=colour,
        hovertext=[f"{label(str(row.parameter), 80)}: {percent(row.importance)}" for row in records(table)],
        hoverinfo="text",
    )
