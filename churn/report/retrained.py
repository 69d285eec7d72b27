"""What models trained again on the kept columns lose or gain by it."""

from churn.report.blocks import Block, Text
from churn.report.run import Run, records
from churn.report.tables import Column, Table, number_cell, signed_cell, text_cell
from churn.report.wording import TARGETS, decimals

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
        f"The models whose names end in {KEPT} were trained again on the kept columns alone; all others use every "
        "column, kept or not. Above 0, the kept columns alone predict worse."
    )
    numbers = (Column(title, numeric=True) for title in ("All", "Kept", "Kept − all"))
    columns = (Column("Target"), Column("Model"), *numbers)
    return [Text(said), *([Table("Log loss on test, with all columns and the kept", columns, rows)] if rows else [])]


def _log_loss(run: Run, target: str, model: str) -> float | None:
    found = run.metric(target, "log_loss", model)
    return None if found is None else found.value
