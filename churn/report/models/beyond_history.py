"""Context: the log loss that each family of features of the past before the history saves."""

from typing import Any

import pandas as pd

from churn.artefacts import declared
from churn.language import Messages, marked, say, titled
from churn.report.parts.blocks import Section, Text
from churn.report.parts.tables import Cell, Table, heads, number_cell, text_cell
from churn.report.parts.wording import decimal, decimals, listed
from churn.run_files import records
from churn.runs import Run

ALL = "chosen"  # the families that models see, together
FAMILIES = Messages(
    {
        "rhythm": marked("the rhythm of active days"),
        "trend": marked("the last four weeks"),
        "lifetime": marked("the rates since users are known"),
        "calendar": marked("the weekday"),
    }
)


def build(run: Run) -> Section:
    """A row per family and target, with the families that models see."""
    table, title = run.table(declared.CONTEXT), say("What the past before the history adds")
    how = say(
        "Quick trees learnt with the plain columns, and with each family of further columns beside them. A family is "
        "taken if it lowers the log loss of half A of validation by .001 on average over the questions, and by more "
        "than its standard error; then the others are tried beside it. The saving is that of half B, which chose "
        "nothing, with its 95% interval over users. data.features: [] leaves all out."
    )
    names = (say("Question"), say("Further columns"), say("Log loss saved"))
    rows = tuple(_row(row) for row in records(table))
    shown = Table(say("Families of columns, measured on half B of validation"), heads(*names, first=2), rows)
    return Section("context", title, _lead(run, table), (shown, Text(how)))


def _lead(run: Run, table: pd.DataFrame) -> str:
    taken = table[table["chosen"] & (table["family"] != ALL)]["family"].drop_duplicates()
    if taken.empty:
        return say("Nothing of it clearly helps here, so the models see the plain columns alone.")
    both = table[table["family"] == ALL]
    saved = [f"{decimal(row.gain)} {decimals(row.low, row.high)} ({titled(row.target)})" for row in records(both)]
    return say(
        "Beside the days of the history, models see {families}; in quick trees this saves a log loss of {saved}.",
        families=listed([FAMILIES[name] for name in taken]),
        saved=listed(saved),
    )


def _row(row: Any) -> tuple[Cell, ...]:
    name = say("all that were taken") if row.family == ALL else FAMILIES[row.family]
    badge = say("taken") if row.chosen and row.family != ALL else ""
    return (
        text_cell(titled(row.target)),
        Cell(name, badge=badge),
        number_cell(row.gain, under=decimals(row.low, row.high)),
    )
