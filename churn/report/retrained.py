"""What models trained again on the kept columns lose or gain by it."""

import pandas as pd

from churn.report.blocks import Block, Text
from churn.report.run import Run, records
from churn.report.tables import Column, Table, number_cell, signed_cell, text_cell
from churn.report.wording import TARGETS, count, decimals

KEPT = "_kept"  # ends the name of a model that was trained again on the kept columns


def retrained(run: Run) -> list[Block]:
    """A sentence, and each model beside the one that it came from, where the run has any."""
    if not run.manifest.get("retrained"):
        return [Text("This is advice: the models of this run use every column, kept or not.")]
    table = run.table("differences.csv")
    table = table[(table["metric"] == "log_loss") & (table["model"] == table["reference"] + KEPT)]
    rows = tuple(
        (
            text_cell(TARGETS.get(row.target, row.target)),
            text_cell(row.reference),
            number_cell(_log_loss(run, row.target, row.reference)),
            number_cell(_log_loss(run, row.target, row.model)),
            signed_cell(row.value, under=decimals(row.low, row.high)),
        )
        for row in records(table)
    )
    said = (
        f"The models whose names end in {KEPT} were trained again on the kept columns alone, all others on every "
        f"column. {_concluded(table)}"
    )
    numbers = (Column(title, numeric=True) for title in ("All", "Kept", "Kept − all"))
    columns = (Column("Target"), Column("Model"), *numbers)
    return [Text(said), *([Table("Log loss on test, with all columns and the kept", columns, rows)] if rows else [])]


def _concluded(table: pd.DataFrame) -> str:
    """How many differences are clear of 0, and on which side."""
    if table.empty:
        return "They were not compared on the test part."
    worse, better = int((table["low"] > 0).sum()), int((table["high"] < 0).sum())
    if len(table) == 1:
        side = "above 0: the kept columns alone predict worse" if worse else "below 0: they predict better"
        return f"The one difference lies clearly {side}." if worse + better else "The difference is not clear of 0."
    if not worse + better:
        return f"None of the {count(len(table))} differences is clear of 0: no loss by the kept columns alone is shown."
    return (
        f"Of {count(len(table))} differences, {count(worse)} are clearly above 0 (the kept columns alone predict "
        f"worse) and {count(better)} clearly below (better)."
    )


def _log_loss(run: Run, target: str, model: str) -> float | None:
    found = run.metric(target, "log_loss", model)
    return None if found is None else found.value
