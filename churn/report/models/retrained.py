"""Losses or gains of models that were trained again on the kept columns."""

import pandas as pd

from churn.artefacts import declared
from churn.language import say, titled
from churn.report.parts.blocks import Block, Text
from churn.report.parts.tables import Column, Table, number_cell, signed_cell, text_cell
from churn.report.parts.wording import count, decimal, decimals
from churn.run_files import records
from churn.runs import Run
from churn.statistics import LEAST_LOSS, Interval, side

KEPT = "_kept"  # ends the name of a model that was trained again on the kept columns


def retrained(run: Run) -> list[Block]:
    """A sentence, and each model beside the one that it came from, where the run has any."""
    if not run.manifest["retrained"]:
        return [Text(say("This is advice: the models of this run use every column, kept or not."))]
    table = run.table(declared.DIFFERENCES)
    table = table[(table["metric"] == "log_loss") & (table["model"] == table["reference"] + KEPT)]
    rows = tuple(
        (
            text_cell(titled(row.target)),
            text_cell(row.reference),
            number_cell(_log_loss(run, row.target, row.reference)),
            number_cell(_log_loss(run, row.target, row.model)),
            signed_cell(row.value, under=decimals(row.low, row.high)),
        )
        for row in records(table)
    )
    said = say(
        "The models whose names end in {kept} were trained again on the kept columns alone, all others "
        "on every column. {concluded}",
        kept=KEPT,
        concluded=_concluded(table),
    )
    numbers = (Column(title, numeric=True) for title in (say("All"), say("Kept"), say("Kept − all")))
    columns = (Column(say("Target")), Column(say("Model")), *numbers)
    return [
        Text(said),
        *([Table(say("Log loss on test, with all columns and the kept"), columns, rows)] if rows else []),
    ]


def _concluded(table: pd.DataFrame) -> str:
    """The number of differences that are clear of 0 and large enough to matter, and their side."""
    if table.empty:
        return say("They were not compared on the test part.")
    ends = table[["value", "low", "high"]].to_numpy(float).tolist()
    sides = [side(Interval(*three), least=LEAST_LOSS) for three in ends]
    worse, better = sides.count("above"), sides.count("below")
    least = decimal(LEAST_LOSS)
    if len(table) == 1:
        if worse:
            return say("The one difference lies clearly above 0: the kept columns alone predict worse.")
        if better:
            return say("The one difference lies clearly below 0: they predict better.")
        return say("The difference is not clear of 0, or less than {least}, too little to matter.", least=least)
    if not worse + better:
        return say(
            "None of the {n} differences is clear of 0 and {least} or more, what matters: no loss by the kept columns "
            "alone is shown.",
            n=count(len(table)),
            least=least,
        )
    return say(
        "Of {n} differences, counted from {least} on, {worse} are clearly above 0 (the kept columns alone predict "
        "worse) and {better} clearly below (better).",
        n=count(len(table)),
        least=least,
        worse=count(worse),
        better=count(better),
    )


def _log_loss(run: Run, target: str, model: str) -> float | None:
    found = run.metric(target, "log_loss", model)
    return None if found is None else found.value
