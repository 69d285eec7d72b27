"""Seeds: how much of a model's measures is the luck of its seed."""

import pandas as pd

from churn.artefacts import declared
from churn.language import say, titled
from churn.report.parts.blocks import Block, Heading, Text
from churn.report.parts.tables import Cell, Column, Table, count_cell, number_cell
from churn.report.parts.wording import METRICS, count
from churn.runs import Run

SHOWN = ("ap", "roc_auc", "log_loss")


def build(run: Run) -> list[Block]:
    """A table per target: each seed's own network, beside the average of all; nothing with one seed."""
    table = run.table(declared.SEEDS)
    table = table[table["part"] == "test"]
    if table.empty:
        return []
    text = Text(
        say(
            "Networks start from numbers drawn at random. Each was fitted from {seeds} seeds, whose "
            "probabilities are averaged: that average is the model on this page. Here is what each seed’s "
            "network, calibrated alone, reaches on test: the mean over seeds with its standard deviation "
            "(sd), and the lowest and highest. A difference between two models that is smaller than this "
            "spread may be luck alone.",
            seeds=count(run.n_seeds),
        )
    )
    return [Heading(say("How much is the luck of the seed")), text, *(_table(run, target) for target in run.targets)]


def _table(run: Run, target: str) -> Block:
    table = run.table(declared.SEEDS, target)
    table = table[table["part"] == "test"]
    if table.empty:
        return Text(say("{target}: no model was measured seed by seed.", target=titled(target)))
    titles = (say("Averaged"), say("Mean of seeds"), say("Sd"), say("Lowest"), say("Highest"), say("Seeds"))
    columns = (Column(say("Model")), Column(say("Measure")), *(Column(title, numeric=True) for title in titles))
    rows = tuple(
        _row(run, target, str(model), str(metric), group["value"])
        for (model, metric), group in table[table["metric"].isin(SHOWN)].groupby(["model", "metric"], sort=False)
    )
    return Table(say("{target}: test part, by seed", target=titled(target)), columns, rows)


def _row(run: Run, target: str, model: str, metric: str, values: "pd.Series[float]") -> tuple[Cell, ...]:
    averaged = run.metric(target, metric, model)
    numbers = (averaged.value if averaged else None, values.mean(), values.std(), values.min(), values.max())
    badge = say("chosen") if model == run.chosen(target) else ""
    return (
        Cell(model, badge=badge),
        Cell(METRICS[metric]),
        *(number_cell(number, 4) for number in numbers),
        count_cell(len(values)),
    )
