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
from churn.statistics import Interval, side

ALL = "chosen"  # the families that models see, together
FAMILIES = Messages(
    {
        "rhythm": marked("the rhythm of active days"),
        "trend": marked("the last four weeks"),
        "lifetime": marked("the rates since users are known"),
        "calendar": marked("the weekday"),
        "people": marked("the fans of the last four weeks"),
    }
)


def build(run: Run) -> Section:
    """A row per family and target, with the families that models see."""
    table, title = run.table(declared.CONTEXT), say("What the past before the history adds")
    how = say(
        "Quick trees learnt with the plain columns, and with each family of further columns beside them. A family is "
        "taken if it lowers the log loss of half A of validation by .001 on average over the questions, and by more "
        "than its standard error, where half A has enough users to tell; then the others are tried beside it. The "
        "saving is that of half B, which chose nothing, with its 95% interval over users. data.features: [] leaves all "
        "out."
    )
    names = (say("Question"), say("Further columns"), say("Log loss saved"))
    rows = tuple(_row(row) for row in records(table))
    shown = Table(say("Families of columns, measured on half B of validation"), heads(*names, first=2), rows)
    return Section("context", title, _lead(run, table), (shown, Text(how)))


def _lead(run: Run, table: pd.DataFrame) -> str:
    taken = table[table["chosen"] & (table["family"] != ALL)]["family"].drop_duplicates()
    if taken.empty:
        return say("Nothing of it clearly helps here, so the models see the plain columns alone.")
    seen = say(
        "Beside the days of the history, models see {families}.", families=listed([FAMILIES[name] for name in taken])
    )
    return " ".join([seen, *map(_saved, records(table[table["family"] == ALL]))])


def _saved(row: Any) -> str:
    """A sentence on what all that was taken saves on a target, which half B may not bear out."""
    target, numbers = titled(row.target), f"{decimal(row.gain)} {decimals(row.low, row.high)}"
    found = side(Interval(row.gain, row.low, row.high))
    if found == "above":
        return say("{target}: in quick trees this saves a log loss of {numbers}.", target=target, numbers=numbers)
    if found == "below":
        return say("{target}: on half B this does harm, a saving of {numbers}.", target=target, numbers=numbers)
    return say("{target}: whether it helps is not clear, a saving of {numbers}.", target=target, numbers=numbers)


def _row(row: Any) -> tuple[Cell, ...]:
    name = say("all that were taken") if row.family == ALL else FAMILIES[row.family]
    badge = say("taken") if row.chosen and row.family != ALL else ""
    return (
        text_cell(titled(row.target)),
        Cell(name, badge=badge),
        number_cell(row.gain, under=decimals(row.low, row.high)),
    )
