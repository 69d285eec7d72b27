"""Categories: how the users of two groups are spread over the levels of the members' attributes."""

from typing import Any

import pandas as pd

from churn.language import marked, say, say_again
from churn.report.parts.blocks import Block, Fold
from churn.report.parts.tables import Cell, Column, Table, number_cell, text_cell
from churn.report.parts.wording import count, feature, p_value
from churn.run_files import records

TITLES = (
    marked("Cramér’s V"),
    "χ²",
    "df",
    "p",
    marked("Adjusted p"),
    marked("Categories"),
    marked("n of the group"),
    marked("n others"),
)


def build(comparison: str, categories: pd.DataFrame, *, minimum: int) -> list[Block]:
    """The chi-square tests of one comparison as a table to open; nothing where there are none.

    Args:
        comparison: Its title.
        categories: Its rows of segment_categories.csv.
        minimum: Users in a group under which nothing was tested.
    """
    if categories.empty:
        return []
    ordered = categories.sort_values(["circular", "cramers_v"], ascending=[True, False], kind="stable")
    columns = (
        Column(say("Attribute")),
        Column(say("Kind"), clipped=True),
        *(Column(say_again(name), numeric=True) for name in TITLES),
    )
    rows = tuple(_row(row, minimum) for row in records(ordered))
    return [
        Fold(_title(ordered), (Table(say("{comparison} (chi-square tests)", comparison=comparison), columns, rows),))
    ]


def _title(ordered: pd.DataFrame) -> str:
    strongest, n = ordered.iloc[0], count(len(ordered))
    if strongest["cramers_v"] > 0:
        return say(
            "Attributes that are categories ({n}; strongest {attribute})",
            n=n,
            attribute=feature(strongest["attribute"]),
        )
    return say("Attributes that are categories ({n})", n=n)


def _row(row: Any, minimum: int) -> tuple[Cell, ...]:
    pooled = say("{n} rare pooled", n=count(row.pooled)) if row.pooled else ""
    return (
        Cell(feature(row.attribute)),
        text_cell(say("by construction") if row.circular else say("no model saw it")),
        number_cell(row.cramers_v, 2),
        number_cell(row.chi2, 2),
        number_cell(row.df, 0),
        Cell(p_value(row.p), order=str(row.p)),
        Cell(p_value(row.p_adjusted), order=str(row.p_adjusted)),
        number_cell(row.categories, 0, under=pooled),
        Cell(count(row.n_priority), order=str(row.n_priority), few=row.n_priority < minimum),
        Cell(count(row.n_other), order=str(row.n_other), few=row.n_other < minimum),
    )
