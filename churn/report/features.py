"""Which columns went into the explanation, and why the others did not."""

from typing import Any

from churn.report.blocks import Section, Text
from churn.report.run import Run, records
from churn.report.tables import Cell, Column, Table, number_cell, text_cell
from churn.report.wording import TARGETS, count, known


def build(run: Run) -> Section:
    """Collinearity and relevance of each column, with the decision."""
    lead = (
        "Columns that say the same thing share their influence and blur every explanation. So collinear ones were "
        "set aside (variance inflation, VIF), and of the rest those that beat shuffled copies of themselves were "
        "confirmed (Boruta). This is advice: the models of this run use every column, kept or not."
    )
    table = run.table("features.csv")
    if table.empty:
        return Section(
            "features", "Which columns were kept", lead, (Text("No column was screened in this run: all were kept."),)
        )
    rows = tuple(_row(row) for row in records(table))
    columns = (
        Column("Target"),
        Column("Column"),
        Column("VIF", numeric=True),
        Column("Boruta"),
        Column("Kept"),
        Column("Reason", wide=True),
    )
    return Section(
        "features",
        "Which columns were kept",
        lead,
        (Text(_kept(run)), Table("All columns", columns, rows, searchable=True)),
    )


def _kept(run: Run) -> str:
    said = []
    for target in run.targets:
        kept = run.table("features.csv", target)["kept"].astype(bool)
        said.append(f"{TARGETS[target]}: {count(int(kept.sum()))} of {count(len(kept))} kept.")
    return " ".join(said)


def _row(row: Any) -> tuple[Cell, ...]:
    endless = row.vif == float("inf")  # a column that the others reproduce exactly
    vif = Cell("∞", order="1e308") if endless else number_cell(row.vif, 1 if known(row.vif) else 0)
    return (
        text_cell(TARGETS.get(row.target, row.target)),
        text_cell(row.feature),
        vif,
        text_cell(row.boruta),
        Cell("yes" if bool(row.kept) else "no"),
        text_cell(row.reason),
    )
